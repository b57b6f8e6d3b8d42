"""
Compare one ``.keras`` file in three backends
=============================================

A model is made with Keras on JAX and saved to one file. The file names layers
and holds numbers, nothing of JAX, so Keras on TensorFlow and on PyTorch load the
same model. This script does both and compares what they predict.
"""

# sphinx_gallery_tags = ["porting", "saving", "backends"]

import importlib
import os
import sys
import tempfile
import zipfile

os.environ["KERAS_BACKEND"] = "jax"

import jax
import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow
import torch
from sklearn.datasets import load_digits

# %%
# Constants
# ---------

SEED = 0

generator = np.random.default_rng(SEED)
folder = tempfile.TemporaryDirectory()
path = os.path.join(folder.name, "digits.keras")
print(f"JAX {jax.__version__}, TensorFlow {tensorflow.__version__}, PyTorch {torch.__version__}")

# %%
# Make and save on JAX
# --------------------
# A convolution, a batch normalisation and a recurrent layer, to have more than
# matrix products in it. The weights are random and not trained, the statistics of the
# normalisation too: a file must be right for any numbers.

images = (load_digits().images[:500, :, :, None] / 16).astype("float32")
model = keras.Sequential(
    [
        keras.Input((8, 8, 1)),
        keras.layers.Conv2D(8, 3, padding="same", activation="relu"),
        keras.layers.BatchNormalization(),
        keras.layers.Reshape((8, 64)),
        keras.layers.GRU(32),
        keras.layers.Dense(10),
    ]
)
model.set_weights(
    [generator.uniform(0, 0.3, w.shape) - 0.1 * (w.ndim > 1) for w in model.get_weights()]
)
model.save(path)

# %%
# What is in the file
# -------------------
# A zip archive of three parts: how the model is built, when and by what it was
# written, and the numbers.

with zipfile.ZipFile(path) as archive:
    for part in archive.infolist():
        print(f"{part.filename:<22} {part.file_size:>8,} bytes")

# %%
# Load it in three backends
# -------------------------
# A process has one backend, so Keras is forgotten and imported again. In your own
# work, set ``KERAS_BACKEND`` and start another process.


def keras_on(backend):
    for name in [n for n in sys.modules if n.partition(".")[0] == "keras"]:
        del sys.modules[name]
    os.environ["KERAS_BACKEND"] = backend
    return importlib.import_module("keras")


outputs = {}
for backend in ("jax", "tensorflow", "torch"):
    keras = keras_on(backend)
    loaded = keras.saving.load_model(path)
    outputs[backend] = keras.ops.convert_to_numpy(loaded(images, training=False))
    print(f"{keras.config.backend():<11} first outputs {outputs[backend][0, :3]}")

# %%
# Result
# ------

differences = {
    backend: float(abs(outputs[backend] - outputs["jax"]).max())
    for backend in ("tensorflow", "torch")
}
same = [(outputs[b].argmax(axis=1) == outputs["jax"].argmax(axis=1)).mean() for b in differences]
measured = {
    "difference_tensorflow": differences["tensorflow"],
    "difference_torch": differences["torch"],
    "same_answers": float(min(same)),
    "output_spread": float(outputs["jax"].std()),
    "file_mib": os.path.getsize(path) / 2**20,
}
for name, value in measured.items():
    print(f"{name:<24} {value:.3g}")
assert measured["same_answers"] == 1
assert max(differences.values()) < 1e-4 < measured["output_spread"]
folder.cleanup()

# %%
# Every output of one backend against the same output of another.

figure, axes = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
for axis, (backend, color) in zip(axes, {"tensorflow": "#b45309", "torch": "#6b1f5e"}.items()):
    axis.plot(outputs["jax"].ravel(), outputs[backend].ravel(), ".", color=color, ms=2)
    axis.set(xlabel="Keras on JAX", ylabel=f"Keras on {backend}")
    axis.set_title(f"largest difference {differences[backend]:.0e}")
figure.suptitle("One file, made on JAX, the same answers on three backends")
plt.show()

# %%
# What to try
# -----------
# Save weights alone with ``save_weights`` and load them into a model that is built
# by code. Put a layer with JAX code of its own into the model and see where loading
# stops.
