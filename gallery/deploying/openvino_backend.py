"""
Run a Keras model on OpenVINO
=============================

OpenVINO is Keras's fourth backend, and only half of one: it predicts and does not
train. This script makes a model on JAX, writes one file, loads it in a second
process on OpenVINO, and compares. It also asks how wide its numbers are: on processors
that have the instructions, OpenVINO computes in 16 bits unless asked not to.
"""

# sphinx_gallery_tags = ["backends", "OpenVINO", "inference"]
# sphinx_gallery_tolerances = {"difference": 2e-6}

import json
import os
import random
import subprocess
import sys
import tempfile

os.environ["KERAS_BACKEND"] = "jax"

import keras
import matplotlib.pyplot as plt
import numpy as np
import openvino
from sklearn.datasets import load_digits

# %%
# Constants
# ---------

SEED = 0

random.seed(SEED)  # from which Keras takes the seeds of its layers
folder = tempfile.TemporaryDirectory()

# %%
# Make it on JAX
# --------------
# Not trained: the file must be right for any weights.

images = (load_digits().data / 16).astype("float32")
layers = [keras.layers.Dense(64, activation="relu"), keras.layers.Dense(10)]
model = keras.Sequential([keras.Input((64,)), *layers])
expected = keras.ops.convert_to_numpy(model(images))
model.save(os.path.join(folder.name, "model.keras"))
np.save(os.path.join(folder.name, "images.npy"), images)

# %%
# Predict on OpenVINO
# -------------------
# A process has one backend, so this is another process. It loads the file, predicts,
# and then tries to train.

CODE = """
import json, os
os.environ["KERAS_BACKEND"] = "openvino"
import keras, numpy as np
model = keras.saving.load_model("model.keras", compile=False)
images = np.load("images.npy")
np.save("outputs.npy", model.predict(images, verbose=0))
try:
    model.compile("sgd", "mse")
    model.fit(images, images[:, :10], verbose=0)
    words = "it trains"
except Exception as error:
    words = f"{type(error).__name__}: {error}"
print(json.dumps([keras.config.backend(), words]))
"""
done = subprocess.run(
    [sys.executable, "-c", CODE], cwd=folder.name, capture_output=True, text=True, check=True
)
backend, words = json.loads(done.stdout.splitlines()[-1])
outputs = np.load(os.path.join(folder.name, "outputs.npy"))
print(f"Keras ran on {backend}; when asked to train it said\n{words}")

# %%
# The width of its numbers
# ------------------------
# What OpenVINO would choose on this machine, by itself.

core = openvino.Core()
precision = core.get_property("CPU", "INFERENCE_PRECISION_HINT").to_string()
print("OpenVINO computes in", precision, "here")

# %%
# Result
# ------

difference = abs(outputs - expected)
measured = {
    "difference": float(difference.max()),
    "same_answers": float((outputs.argmax(axis=1) == expected.argmax(axis=1)).mean()),
    "training_error": words.partition(":")[0],
    "computes_in_32_bits": precision == "f32",
}
for name, value in measured.items():
    print(f"{name:<20} {value}")
assert measured["training_error"] == "NotImplementedError"
assert measured["same_answers"] > 0.99
assert measured["difference"] < (1e-4 if measured["computes_in_32_bits"] else 0.2)
folder.cleanup()

# %%

figure, axis = plt.subplots(figsize=(8, 3), layout="constrained")
axis.plot(expected.ravel(), outputs.ravel(), ".", color="#2563eb", ms=2)
axis.set(xlabel="output of Keras on JAX", ylabel="of Keras on OpenVINO")
axis.set_title(f"One file, two backends: outputs differ by at most {measured['difference']:.0e}")
plt.show()

# %%
# What to try
# -----------
# Export with ``model.export(format="openvino")`` and run the file without Keras.
# Compile it with ``INFERENCE_PRECISION_HINT`` set to ``bf16``.
