"""
Export a Keras model from three backends to five formats
=========================================================

``model.export`` knows five formats. Which of them it can write depends on the backend and on the
converters that are installed, so this script tries all fifteen pairs, prints what the
refusals say, loads every file that was written by the format's own runtime, and compares the
answers. Look at this figure before you choose a backend: it chooses the formats too.
"""

# sphinx_gallery_tags = ["export", "backends", "SavedModel", "LiteRT", "ONNX", "OpenVINO"]
# sphinx_gallery_needs = ["ai_edge_litert", "jax", "keras", "onnxruntime", "onnxscript", "tensorflow", "tf2onnx", "torch"]
# sphinx_gallery_tolerances = {"error_largest": 1e-6}

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

# %%
# Constants
# ---------
# What the refusals say, the beginning of it: a table of what can't be done should notice when it
# can.

SEED = 0
BACKENDS = ["tensorflow", "jax", "torch"]
FORMATS = ["tf_saved_model", "onnx", "litert", "openvino", "torch"]
THREADS = "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PJRT_NPROC", "NPROC"
ONE = dict.fromkeys(THREADS, "1")
ONLY_TORCH = "ValueError: Torch export requires PyTorch backend"
NOT_JAX = "ValueError: LiteRT export requires TensorFlow or PyTorch backend"
NO_MODULE = "ImportError: This requires the"
REFUSALS = {
    ("tensorflow", "torch"): ONLY_TORCH,
    ("jax", "onnx"): f"{NO_MODULE} jax2onnx module",
    ("jax", "litert"): NOT_JAX,
    ("jax", "openvino"): "OpConversionFailure",
    ("jax", "torch"): ONLY_TORCH,
    ("torch", "tf_saved_model"): f"{NO_MODULE} torch_xla module",
}

# %%
# Two formats need packages of some hundred megabytes. Where these are missing, their pairs are
# not tried, and the rest is.

NOT_TRIED = set()
if importlib.util.find_spec("openvino") is None:
    NOT_TRIED |= {(backend, "openvino") for backend in BACKENDS}
if importlib.util.find_spec("litert_torch") is None:
    NOT_TRIED |= {("torch", "litert")}

# %%
# What each process does
# ----------------------
# Keras keeps its backend as long as a process lives, so each backend has one of its own. The
# number of images is fixed, so that one signature does for every converter; the model is not
# trained and the images are drawn, since an export must be right for any numbers. What goes wrong
# is kept with its words.
# OpenVINO computes in 16 bits where the processor can; it is asked for 32 here.

EXPORT = """
import json, os, sys
import keras
import numpy as np

def run_tf_saved_model(path):
    import tensorflow as tf
    # Its variables live as long as this name.
    loaded = tf.saved_model.load(path)
    return loaded.serve(tf.constant(images)).numpy()

def run_onnx(path):
    import onnxruntime
    session = onnxruntime.InferenceSession(path)
    return session.run(None, {session.get_inputs()[0].name: images})[0]

def run_litert(path):
    import ai_edge_litert.interpreter as litert
    interpreter = litert.Interpreter(path)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], images)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])

def run_openvino(path):
    import openvino
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    return openvino.Core().compile_model(path, "CPU", settings)(images)[0]

def run_torch(path):
    import torch
    loaded = torch.export.load(path).module()
    return loaded(torch.from_numpy(images)).detach().numpy()

images, *kernels = np.load("data.npz").values()
layers = [
    keras.layers.Conv2D(8, 3, activation="relu"),
    keras.layers.Flatten(),
    keras.layers.Dense(10),
]
model = keras.Sequential([keras.Input((8, 8, 1)), *layers])
for layer, kernel in zip((layers[0], layers[2]), kernels):
    layer.kernel.assign(kernel)
answers = keras.ops.convert_to_numpy(model(images))
signature = [keras.InputSpec(shape=images.shape, dtype="float32")]
suffixes = {"onnx": ".onnx", "litert": ".tflite"}
suffixes |= {"openvino": ".xml", "torch": ".pt2"}
told = {}
for form in json.loads(sys.argv[1]):
    path = f"{keras.config.backend()}-{form}{suffixes.get(form, '')}"
    try:
        model.export(
            path, format=form, verbose=False, input_signature=signature
        )
        told[form] = float(abs(globals()[f"run_{form}"](path) - answers).max())
    except Exception as error:
        told[form] = f"{type(error).__name__}: {error}"
with open(f"{keras.config.backend()}.json", "w") as file:
    json.dump({"answers": answers.tolist(), "told": told}, file)
os._exit(0)  # without the seconds that converters take to end
"""

# %%
# Start them
# ----------
# Two at a time, each with one thread; the same kernels and images for all. What the converters
# print is kept aside, and shown where a process ends badly.

folder = tempfile.TemporaryDirectory()
here = Path(folder.name)
generator = np.random.default_rng(SEED)
images = generator.random((50, 8, 8, 1), "float32")
shapes = [(3, 3, 1, 8), (288, 10)]
kernels = [generator.normal(0, 0.1, s).astype("float32") for s in shapes]
np.savez(here / "data.npz", images, *kernels)


def export(backend):
    forms = [form for form in FORMATS if (backend, form) not in NOT_TRIED]
    with (here / f"{backend}.txt").open("w+") as words:
        done = subprocess.run(
            [sys.executable, "-c", EXPORT, json.dumps(forms)], cwd=here,
            stdout=words, stderr=words, check=False,
            env={**os.environ, **ONE, "KERAS_BACKEND": backend},
        )  # fmt: skip
        words.seek(0)
        if done.returncode:
            said = words.read()[-2000:]
            raise RuntimeError(f"Keras on {backend} ended badly:\n{said}")
    return json.loads((here / f"{backend}.json").read_text())


with ThreadPoolExecutor(2) as pool:  # the one that takes longest first
    told = dict(zip(reversed(BACKENDS), pool.map(export, reversed(BACKENDS))))
answers = {backend: np.array(told[backend]["answers"]) for backend in BACKENDS}
errors, refusals = {}, {}
for backend in BACKENDS:
    for form, result in told[backend]["told"].items():
        kept = refusals if isinstance(result, str) else errors
        kept[backend, form] = result
folder.cleanup()

# %%
# What is refused, and with which words
# -------------------------------------

for (backend, form), words in refusals.items():
    print(f"{backend} to {form}")
    beginning = " ".join(words.split())[:220]
    print(textwrap.indent(textwrap.fill(beginning, 74), "    "))

# %%
# Result
# ------
# A value for each pair that was tried: whether the file was written and gave the same answers.

pairs = [(b, f) for b in BACKENDS for f in FORMATS if (b, f) not in NOT_TRIED]
measured = {f"{b}_writes_{f}": (b, f) in errors for b, f in pairs}
for backend in BACKENDS:
    measured[f"{backend}_formats"] = sum(b == backend for b, _ in errors)
largest = max(errors.values())
measured["error_largest"] = largest
apart = max(float(abs(answers[b] - answers["jax"]).max()) for b in BACKENDS)
written = f"{len(errors)} of {len(pairs)} pairs written"
print(f"{written}; largest error {largest:.1e}")
assert measured["error_largest"] < 1e-5
assert apart < 1e-5
assert refusals.keys() == REFUSALS.keys() - NOT_TRIED
for pair, words in refusals.items():
    assert words.startswith(REFUSALS[pair]), (pair, words)

# %%

figure, axis = plt.subplots(figsize=(8, 2.6), layout="constrained")
for row, backend in enumerate(BACKENDS):
    for column, form in enumerate(FORMATS):
        if (backend, form) in errors:
            error = errors[backend, form]
            color, words = "#2563eb", f"yes, within\n{error:.0e}"
        elif (backend, form) in refusals:
            color, words = "0.9", refusals[backend, form].partition(":")[0]
        else:
            color, words = "1", "not tried here"
        box = plt.Rectangle(
            (column, row), 0.96, 0.92, facecolor=color, edgecolor="0.8"
        )
        axis.add_patch(box)
        ink = "white" if color == "#2563eb" else "0.25"
        x, y = column + 0.48, row + 0.46
        axis.text(x, y, words, ha="center", va="center", color=ink, fontsize=8)
axis.set(xlim=(0, len(FORMATS)), ylim=(len(BACKENDS), 0))
axis.set_xticks(np.arange(len(FORMATS)) + 0.48, FORMATS)
labels = [f"Keras on {backend}" for backend in BACKENDS]
axis.set_yticks(np.arange(len(BACKENDS)) + 0.46, labels)
axis.tick_params(length=0, labeltop=True, labelbottom=False)
axis.spines[:].set_visible(False)
axis.set_title(
    "What Keras exports, by backend, and how far the answers are from its own"
)
plt.show()

# %%
# What to try
# -----------
# Export before the model was called once. Leave out the input's size for LiteRT. Put a ``Lambda``
# layer or an LSTM into the model and see what changes. Install ``jax2onnx`` and see whether that
# pair writes.
