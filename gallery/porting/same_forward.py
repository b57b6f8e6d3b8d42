"""
Compute the same outputs in six stacks
======================================

One set of weights, one batch, six ways to compute: TensorFlow, PyTorch, JAX, and
Keras on each of the three. If a small ported model on a CPU disagrees by more than the last
digits of a 32-bit number, the port is wrong and not the framework.

One thing has to be known: PyTorch keeps a linear layer's weights as (outputs,
inputs), the others as (inputs, outputs). In a square layer a forgotten transpose
fails no check of shapes. Look at what it costs.
"""

# sphinx_gallery_tags = ["porting", "weights", "forward pass"]

import importlib
import os
import sys

os.environ["KERAS_BACKEND"] = "jax"  # and then the others

import jax
import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
import torch
from sklearn.datasets import load_digits

# %%
# Constants
# ---------

SEED = 0
HIDDEN = 64

# %%
# Data and weights
# ----------------
# Both come from NumPy. The first layer is square, 64 by 64. The reference is the
# same formula in 64-bit numbers.

images = (load_digits().data / 16).astype("float32")
generator = np.random.default_rng(SEED)
kernel1 = generator.normal(0, 0.2, size=(64, HIDDEN)).astype("float32")
bias1 = generator.normal(0, 0.2, size=HIDDEN).astype("float32")
kernel2 = generator.normal(0, 0.2, size=(HIDDEN, 10)).astype("float32")
bias2 = generator.normal(0, 0.2, size=10).astype("float32")
weights = [kernel1, bias1, kernel2, bias2]

k1, b1, k2, b2 = (w.astype("float64") for w in weights)
reference = np.maximum(images.astype("float64") @ k1 + b1, 0) @ k2 + b2
print(
    f"outputs {reference.shape}, "
    f"from {reference.min():.1f} to {reference.max():.1f}"
)

# %%
# The frameworks themselves
# -------------------------
# A few lines each. The transpose in PyTorch is the point.

outputs = {}
hidden = tf.nn.relu(tf.constant(images) @ kernel1 + bias1)
outputs["TensorFlow"] = (hidden @ kernel2 + bias2).numpy()

hidden = jax.nn.relu(jax.numpy.asarray(images) @ kernel1 + bias1)
outputs["JAX"] = np.asarray(hidden @ kernel2 + bias2)

first, second = torch.nn.Linear(64, HIDDEN), torch.nn.Linear(HIDDEN, 10)
with torch.no_grad():
    first.weight.copy_(torch.from_numpy(kernel1.T))
    first.bias.copy_(torch.from_numpy(bias1))
    second.weight.copy_(torch.from_numpy(kernel2.T))
    second.bias.copy_(torch.from_numpy(bias2))
    outputs["PyTorch"] = second(
        torch.relu(first(torch.from_numpy(images)))
    ).numpy()

# %%
# Keras, three times
# ------------------
# A process has one backend; the choice is read when Keras is first imported. To
# have three in one script, Keras is forgotten and imported again. Do that for a
# comparison like this one and nowhere else.


def keras_on(backend):
    for name in [n for n in sys.modules if n.partition(".")[0] == "keras"]:
        del sys.modules[name]
    os.environ["KERAS_BACKEND"] = backend
    return importlib.import_module("keras")


for backend in ("tensorflow", "torch", "jax"):
    keras = keras_on(backend)
    layers = [
        keras.layers.Dense(HIDDEN, activation="relu"),
        keras.layers.Dense(10),
    ]
    model = keras.Sequential([keras.Input((64,)), *layers])
    model.set_weights(weights)
    outputs[f"Keras on {backend}"] = keras.ops.convert_to_numpy(model(images))

# %%
# The mistake
# -----------
# The same copy without the transpose. Nothing complains.

with torch.no_grad():
    first.weight.copy_(torch.from_numpy(kernel1))
    mistaken = second(torch.relu(first(torch.from_numpy(images)))).numpy()

# %%
# Result
# ------
# The largest difference of any output from the 64-bit reference.

errors = {
    name: float(abs(value - reference).max())
    for name, value in outputs.items()
}
measured = {
    f"error_{name.lower().replace(' ', '_')}": error
    for name, error in errors.items()
}
measured["error_largest"] = max(errors.values())
measured["error_without_transpose"] = float(abs(mistaken - reference).max())
for name, error in errors.items():
    print(f"{name:<20} {error:.1e}")
print(f"{'without transpose':<20} {measured['error_without_transpose']:.1e}")
assert measured["error_largest"] < 1e-5
assert measured["error_without_transpose"] > 0.5

# %%

bars = dict(sorted(errors.items(), key=lambda pair: pair[1], reverse=True))
bars = {
    "PyTorch, transpose forgotten": measured["error_without_transpose"]
} | bars
figure, axis = plt.subplots(figsize=(8, 3.2), layout="constrained")
axis.barh(
    list(bars), list(bars.values()), color=["#6b1f5e"] + ["0.6"] * len(errors)
)
axis.axvline(
    np.spacing(np.float32(abs(reference).max())), color="0.3", linestyle="--"
)
axis.set(
    xscale="log", xlabel="largest error (dashed: one unit in the last place)"
)
axis.set_title(
    "Six stacks agree to the last digits; one forgotten .T does not"
)
plt.show()

# %%
# What to try
# -----------
# Make the layer 64 by 65 and see PyTorch refuse. Compute in ``bfloat16`` and find
# the new line of agreement. Add a softmax and compare probabilities.
