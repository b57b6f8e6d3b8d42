"""
Compare the defaults that nobody writes down
============================================

Two models with the same layers, sizes and data are still not the same model, since
most numbers in them were never written: the defaults. This script does not list
them from memory. It asks the libraries, so a new version that changes one changes
this page.

Look at batch normalisation's momentum. One counts how much of the old average is
kept, the other how much of the new batch is taken; and turned the same way round they
still differ, by a factor of ten in what a new batch weighs.
"""

# sphinx_gallery_tags = ["porting", "defaults", "layers"]

import inspect
import os
import random

os.environ["KERAS_BACKEND"] = "jax"

import keras
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

# %%
# Constants
# ---------
# What to ask: a name, then where it stands in Keras and in PyTorch.

SEED = 0
QUESTIONS = [
    ("BatchNorm: epsilon", keras.layers.BatchNormalization, "epsilon",
     nn.BatchNorm2d, "eps"),
    ("BatchNorm: momentum", keras.layers.BatchNormalization, "momentum",
     nn.BatchNorm2d, "momentum"),
    ("LayerNorm: epsilon", keras.layers.LayerNormalization, "epsilon",
     nn.LayerNorm, "eps"),
    ("LeakyReLU: slope", keras.layers.LeakyReLU, "negative_slope",
     nn.LeakyReLU, "negative_slope"),
    ("ELU: alpha", keras.layers.ELU, "alpha",
     nn.ELU, "alpha"),
    ("Adam: learning rate", keras.optimizers.Adam, "learning_rate",
     torch.optim.Adam, "lr"),
    ("Adam: epsilon", keras.optimizers.Adam, "epsilon",
     torch.optim.Adam, "eps"),
    ("AdamW: weight decay", keras.optimizers.AdamW, "weight_decay",
     torch.optim.AdamW, "weight_decay"),
    ("RMSprop: learning rate", keras.optimizers.RMSprop, "learning_rate",
     torch.optim.RMSprop, "lr"),
    ("RMSprop: decay", keras.optimizers.RMSprop, "rho",
     torch.optim.RMSprop, "alpha"),
    ("SGD: learning rate", keras.optimizers.SGD, "learning_rate",
     torch.optim.SGD, "lr"),
    ("Dropout: rate", keras.layers.Dropout, "rate",
     nn.Dropout, "p"),
]  # fmt: skip

# %%
# Ask
# ---
# A default stands in the signature. ``none`` means that the library has none and
# insists on a number of yours.


def default(owner, name):
    value = inspect.signature(owner.__init__).parameters[name].default
    return None if value is inspect.Parameter.empty else float(value)


rows = []
for title, keras_owner, keras_name, torch_owner, torch_name in QUESTIONS:
    rows.append(
        (
            title,
            default(keras_owner, keras_name),
            default(torch_owner, torch_name),
        )
    )

# %%
# PyTorch's momentum is the weight of the new value, Keras's that of the old one. To
# compare them, one is turned around.

rows = [
    (title + " (as Keras has it)", k, 1 - t)
    if title == "BatchNorm: momentum"
    else (title, k, t)
    for title, k, t in rows
]


def text(value):
    return "none" if value is None else f"{value:g}"


print(f"{'':<38}{'Keras':>9} {'PyTorch':>9}")
for title, k, t in rows:
    mark = "" if k == t else "  differ"
    print(f"{title:<38}{text(k):>9} {text(t):>9}{mark}")

# %%
# What PyTorch's signature does not say
# -------------------------------------
# Keras names its initialiser in the signature; in PyTorch how weights start is code. So it is
# measured in both: the spread of the weights of a 784 to 128 layer, and its largest bias.

random.seed(SEED)  # from which Keras takes the seeds of its layers
torch.manual_seed(SEED)
dense = keras.layers.Dense(128)
dense.build((None, 784))
keras_kernel, keras_bias = dense.kernel.numpy(), dense.bias.numpy()
linear = nn.Linear(784, 128)
torch_kernel, torch_bias = (
    linear.weight.detach().numpy(),
    linear.bias.detach().numpy(),
)
print(
    f"spread of the weights  {keras_kernel.std():.4f}  "
    f"{torch_kernel.std():.4f}"
)
print(
    f"largest bias           {abs(keras_bias).max():.4f}  "
    f"{abs(torch_bias).max():.4f}"
)

# %%
# Result
# ------

found = {title: (k, t) for title, k, t in rows}
measured = {
    "asked": len(rows),
    "differ": sum(k != t for _, k, t in rows),
    "batchnorm_epsilon_keras": found["BatchNorm: epsilon"][0],
    "batchnorm_epsilon_torch": found["BatchNorm: epsilon"][1],
    "leaky_slope_keras": found["LeakyReLU: slope"][0],
    "leaky_slope_torch": found["LeakyReLU: slope"][1],
    "rmsprop_decay_keras": found["RMSprop: decay"][0],
    "rmsprop_decay_torch": found["RMSprop: decay"][1],
    "weight_spread_keras": float(keras_kernel.std()),
    "weight_spread_torch": float(torch_kernel.std()),
    "largest_bias_keras": float(abs(keras_bias).max()),
    "largest_bias_torch": float(abs(torch_bias).max()),
}
print(f"{measured['differ']} of {measured['asked']} defaults differ")
assert measured["differ"] > measured["asked"] / 2
assert measured["largest_bias_keras"] == 0 < measured["largest_bias_torch"]
assert measured["weight_spread_keras"] > 2 * measured["weight_spread_torch"]

# %%
# Keras starts with Glorot's uniform distribution, PyTorch with a narrower one.

edges = np.linspace(-0.1, 0.1, 81)
figure, axis = plt.subplots(figsize=(8, 3.2), layout="constrained")
axis.hist(keras_kernel.ravel(), edges, color="#2563eb", alpha=0.7)
axis.hist(torch_kernel.ravel(), edges, color="#6b1f5e", alpha=0.7)
axis.text(0.085, 700, "Keras", color="#2563eb")
axis.text(0.039, 2600, "PyTorch", color="#6b1f5e")
axis.set(xlabel="weight at the start", ylabel="how many")
axis.set_title("The same layer starts more than twice as wide in Keras")
plt.show()

# %%
# What to try
# -----------
# Measure ``Embedding`` as well, whose weights start very differently. Give a port all numbers of one side, the starting weights too: with
# plain gradient descent its curve agrees.
