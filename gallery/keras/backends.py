"""
Run one Keras file on every backend
===================================

A model with a layer of one's own is trained with Keras on JAX and saved to one ``.keras``
file. Then each backend that Keras is or was said to have gets the file, in a process of its
own, since a backend stays for the life of a process. Those that load it predict the test
images and are asked to train on.

Look at the three rows of the figure: what loads, what agrees, what trains.
"""

# sphinx_gallery_tags = ["porting", "saving", "backends", "OpenVINO"]
# sphinx_gallery_needs = ["tensorflow", "torch"]
# sphinx_gallery_tolerances = {"accuracy": 0.01}

import importlib.util
import json
import os
import random
import subprocess
import sys
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

# %%
# Constants
# ---------
# The article that this site grew from names TensorFlow, Theano and CNTK. The last two were
# backends until Keras 2.3, in 2019; Keras 3 added the others. OpenVINO is asked where it is
# installed.

SEED = 0
EPOCHS = 5
BACKENDS = ["tensorflow", "jax", "torch", "openvino", "theano", "cntk"]
PUBLISHED = ["tensorflow", "theano", "cntk"]
THREADS = [
    "OMP_NUM_THREADS",
    "PJRT_NPROC",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
]
if importlib.util.find_spec("openvino") is None:
    BACKENDS.remove("openvino")

# %%
# A layer of one's own
# --------------------
# It is written once, with ``keras.ops``, in a file that every process imports.

LAYER = """
import keras

@keras.saving.register_keras_serializable()
class Swish(keras.layers.Layer):
    def build(self, shape):
        start = keras.initializers.Constant(1.5)
        self.slope = self.add_weight(shape=(), initializer=start)

    def call(self, inputs):
        return inputs * keras.ops.sigmoid(self.slope * inputs)
"""
folder = tempfile.TemporaryDirectory()
here = Path(folder.name)
(here / "swish.py").write_text(LAYER)

# %%
# Start each backend
# ------------------
# They import Keras, each with one thread, and wait while the model is trained. From Keras they hide
# scikit-learn, and TensorFlow unless it is the backend: it would import both wherever they are
# installed, when it saves a model for instance.
#
# The model is loaded without its training settings and compiled again. They hold
# ``jit_compile=True``, which is what "auto" came to on JAX, and on PyTorch that would have
# ``torch.compile`` write C++ for most of a minute.

CODE = """
import os, sys, json
sys.modules["sklearn"] = None
if os.environ["KERAS_BACKEND"] != "tensorflow":
    sys.modules["tensorflow"] = None
import keras, numpy as np
from swish import Swish

input()  # returns when the file is there
data = np.load("data.npz")
model = keras.saving.load_model("digits.keras", compile=False)
outputs = model.predict(data["x_test"], verbose=0)
try:
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss)
    model.fit(data["x_train"][:64], data["y_train"][:64], verbose=0)
    words = "trains"
except Exception as error:
    words = f"{type(error).__name__}: {error}"
print(json.dumps([outputs.tolist(), words]), flush=True)
os._exit(0)  # without the seconds that some take to end
"""


def start(backend):
    environment = {
        **os.environ,
        **dict.fromkeys(THREADS, "1"),
        "KERAS_BACKEND": backend,
    }
    return subprocess.Popen(
        [sys.executable, "-c", CODE], cwd=here, env=environment,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip


processes = {backend: start(backend) for backend in BACKENDS}

# %%
# Train and save on JAX
# ---------------------
# A convolution, batch normalisation with its statistics, and the layer, to have more than matrix
# products in the file. This process imports Keras now, while the others do.

os.environ["KERAS_BACKEND"] = "jax"
sys.modules["tensorflow"] = None
sys.path.insert(0, folder.name)

import keras
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from swish import Swish

random.seed(SEED)  # from which Keras takes the seeds of its layers
digits = load_digits()
images = (digits.images[..., None] / 16).astype("float32")
x_train, x_test, y_train, y_test = train_test_split(
    images,
    digits.target,
    test_size=0.2,
    stratify=digits.target,
    random_state=SEED,
)
model = keras.Sequential(
    [
        keras.Input((8, 8, 1)),
        keras.layers.Conv2D(16, 3, padding="same"),
        keras.layers.BatchNormalization(momentum=0.9),
        Swish(),
        keras.layers.MaxPooling2D(),
        keras.layers.Flatten(),
        keras.layers.Dense(10),
    ]
)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(keras.optimizers.Adam(0.01), loss)
order = np.random.default_rng(SEED).permutation(len(x_train))
model.fit(
    x_train[order], y_train[order], epochs=EPOCHS, shuffle=False, verbose=0
)
model.save(here / "digits.keras")
np.savez(here / "data.npz", x_train=x_train, y_train=y_train, x_test=x_test)

# %%
# What is in the file
# -------------------
# A zip archive of three parts: when and by what it was written, how the model is built, and
# the numbers. Nothing in it is JAX's but one setting of the training, met below.

with zipfile.ZipFile(here / "digits.keras") as archive:
    for part in archive.infolist():
        print(f"{part.filename:<22} {part.file_size:>8,} bytes")

# %%
# Ask each backend
# ----------------


def ask(process):
    printed, words = process.communicate("\n")
    if process.returncode:
        return None, words.strip().splitlines()[-1]
    outputs, words = json.loads(printed.splitlines()[-1])
    return np.array(outputs), words


with ThreadPoolExecutor(len(BACKENDS)) as pool:
    answers = dict(zip(BACKENDS, pool.map(ask, processes.values())))
folder.cleanup()

# %%
# Result
# ------
# What was trained on JAX gives the same answer to every test image wherever it trains on.
# OpenVINO may compute in 16 bits on processors that have the instructions: nearly all of
# its answers are the same, and its outputs are not compared closely.

expected = answers["jax"][0]
accuracy = float((expected.argmax(axis=1) == y_test).mean())
print(f"test accuracy on JAX: {accuracy:.0%}\n")
gaps, same = {}, {}
for backend, (outputs, words) in answers.items():
    if outputs is not None:
        gaps[backend] = float(abs(outputs - expected).max())
        same[backend] = float(
            (outputs.argmax(axis=1) == expected.argmax(axis=1)).mean()
        )
        told = (
            f"same answer to {same[backend]:.0%}, "
            f"outputs within {gaps[backend]:.0e}"
        )
    else:
        told = "does not load"
    print(f"{backend:<11} {told:<46} {words}")
trains = [
    backend for backend, (_, words) in answers.items() if words == "trains"
]
refused = [
    backend for backend, (outputs, _) in answers.items() if outputs is None
]
assert accuracy > 0.9
assert trains == ["tensorflow", "jax", "torch"]
assert refused == ["theano", "cntk"]
for backend in refused:
    assert f"Unable to import backend : {backend}" in answers[backend][1]
assert max(gaps[backend] for backend in trains) < 1e-4 < expected.std()
assert min(same[backend] for backend in trains) == 1
assert min(same.values()) > 0.99
if "openvino" in BACKENDS:
    assert "`fit` is not supported" in answers["openvino"][1]

measured = {f"{backend}_computes": backend in gaps for backend in BACKENDS}
measured |= {
    "accuracy": accuracy,
    "published_that_work": len(set(PUBLISHED) & set(gaps)),
    "published": len(PUBLISHED),
    "backends": len(trains),
    "difference": max(gaps[backend] for backend in trains),
    "same_answers": min(same[backend] for backend in trains),
    "refusal": answers["theano"][1].partition(":")[0],
}

# %%

colors = {True: "#2563eb", False: "0.4"}
rows = {
    "loads and predicts": [backend in gaps for backend in BACKENDS],
    "same answers, or nearly": [
        same.get(backend, 0) > 0.99 for backend in BACKENDS
    ],
    "trains": [backend in trains for backend in BACKENDS],
}
figure, axis = plt.subplots(figsize=(8, 2.4), layout="constrained")
for height, (row, each) in enumerate(rows.items()):
    for column, can in enumerate(each):
        axis.text(
            column, height, "yes" if can else "no",
            ha="center", va="center", color="white",
            bbox={"boxstyle": "round,pad=0.5", "color": colors[can]},
            fontsize=11,
        )  # fmt: skip
axis.set_xticks(range(len(BACKENDS)), BACKENDS)
axis.set_yticks(range(len(rows)), rows)
axis.xaxis.tick_top()
axis.tick_params(length=0)
axis.spines[:].set_visible(False)
axis.set(xlim=(-0.6, len(BACKENDS) - 0.4), ylim=(2.5, -0.5))
axis.set_title("One file, trained on JAX", pad=12)
plt.show()

# %%
# What to try
# -----------
# Change the backend within a process, by setting ``KERAS_BACKEND`` after the import: nothing
# happens, and no error tells you. Put ``jax.nn.sigmoid`` into the layer in place of
# ``keras.ops.sigmoid`` and see where loading stops.
