"""
Accumulate gradients without changing the training
==================================================

A batch that does not fit is cut into small ones, whose gradients are added before a step is
taken. That is the same training only if three things are right: the sum is divided, the parts
count by what they hold, and no layer looks at the whole batch. Each is left out here once, and
the gradient is compared with that of the batch in one piece.

Look at the last two bars: batch normalisation is no slip, it can't be accumulated at all, and a
normalisation over features can.
"""

# sphinx_gallery_tags = ["gradient accumulation", "batch normalisation", "batch size", "memory"]
# sphinx_gallery_tolerances = {"*_parts": 1e-5, "layer_norm": 1e-5, "keras": 1e-5, "not_divided": 0.02, "unequal_*": 0.02, "batch_norm": 0.02}

import os

os.environ["KERAS_BACKEND"] = "torch"  # before Keras is imported

import keras
import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

# %%
# Constants
# ---------

SEED = 0
BATCH_SIZE, PARTS = 64, 4
UNEQUAL = [4, 8, 20, 32]  # as many images in each part

torch.manual_seed(SEED)
digits = load_digits()
chosen = np.random.default_rng(SEED).permutation(len(digits.target))[
    :BATCH_SIZE
]
images = torch.from_numpy((digits.data[chosen] / 16).astype("float32"))
targets = torch.from_numpy(digits.target[chosen].astype("int64"))
loss_function = nn.CrossEntropyLoss()

# %%
# Gradients in parts
# ------------------
# ``backward`` adds to what is there, so accumulating is leaving ``zero_grad`` out. What each part's
# loss is multiplied by is the whole question.


def network(*normalisation):
    torch.manual_seed(SEED)
    model = nn.Sequential(
        nn.Linear(64, 32), *normalisation, nn.ReLU(), nn.Linear(32, 10)
    )
    model.train()
    return model


def gradient(model, sizes, weight):
    """All gradients in one vector, of parts of these sizes, each loss times
    ``weight(size)``."""
    model.zero_grad()
    for part, wanted in zip(images.split(sizes), targets.split(sizes)):
        (loss_function(model(part), wanted) * weight(len(part))).backward()
    return torch.cat([p.grad.flatten() for p in model.parameters()]).numpy()


def change(model, sizes, weight):
    whole = gradient(model, [BATCH_SIZE], lambda size: 1)
    return float(
        np.linalg.norm(gradient(model, sizes, weight) - whole)
        / np.linalg.norm(whole)
    )


equal = [BATCH_SIZE // PARTS] * PARTS
changes = {
    "equal parts": change(network(), equal, lambda size: 1 / PARTS),
    "not divided": change(network(), equal, lambda size: 1),
    "unequal parts, by number": change(
        network(), UNEQUAL, lambda size: 1 / PARTS
    ),
    "unequal parts, by size": change(
        network(), UNEQUAL, lambda size: size / BATCH_SIZE
    ),
    "batch norm": change(
        network(nn.BatchNorm1d(32)), equal, lambda size: 1 / PARTS
    ),
    "layer norm": change(
        network(nn.LayerNorm(32)), equal, lambda size: 1 / PARTS
    ),
}

# %%
# In Keras
# --------
# ``gradient_accumulation_steps`` is an argument of every optimizer: it moves the weights at each
# fourth batch, by the mean of four gradients. Its parts are taken to be equal.


def keras_step(steps, size):
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(10)])
    model.layers[0].kernel.assign(
        np.random.default_rng(SEED).normal(0, 0.1, (64, 10))
    )
    optimizer = keras.optimizers.SGD(1.0, gradient_accumulation_steps=steps)
    model.compile(
        optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    before = model.get_weights()[0]
    for start in range(0, BATCH_SIZE, size):
        part = slice(start, start + size)
        model.train_on_batch(images[part].numpy(), targets[part].numpy())
    return before - model.get_weights()[0]


whole = keras_step(None, BATCH_SIZE)
inparts = keras_step(PARTS, BATCH_SIZE // PARTS)
changes["Keras, equal parts"] = float(
    np.linalg.norm(inparts - whole) / np.linalg.norm(whole)
)

# %%
# Result
# ------
# The length of the difference, divided by the length of the whole batch's gradient.

for name, value in changes.items():
    print(f"{name:<26} {value:8.1e}")
measured = {
    "equal_parts": changes["equal parts"],
    "not_divided": changes["not divided"],
    "unequal_by_number": changes["unequal parts, by number"],
    "unequal_by_size": changes["unequal parts, by size"],
    "batch_norm": changes["batch norm"],
    "layer_norm": changes["layer norm"],
    "keras": changes["Keras, equal parts"],
}
for name in ("equal_parts", "unequal_by_size", "layer_norm", "keras"):
    assert measured[name] < 1e-5, name
assert abs(measured["not_divided"] - (PARTS - 1)) < 1e-3
for name in ("unequal_by_number", "batch_norm"):
    assert measured[name] > 0.05, name

# %%

figure, axis = plt.subplots(figsize=(8, 3.4), layout="constrained")
names = [
    "not divided",
    "unequal parts, by number",
    "unequal parts, by size",
    "equal parts",
]
names += ["Keras, equal parts", "layer norm", "batch norm"]
colors = ["#2563eb" if name.startswith("K") else "#6b1f5e" for name in names]
bars = axis.barh(names, [changes[name] for name in names], color=colors)
axis.bar_label(bars, [f" {changes[name]:.0%}" for name in names])
axis.invert_yaxis()
axis.set(
    xscale="symlog",
    xlim=(0, 8),
    xlabel="change of the gradient (linear up to 1, then logarithmic)",
)
axis.set_title("What accumulating gradients changes, against one large batch")
plt.show()

# %%
# What to try
# -----------
# Accumulate before Adam, and look at the weights after three steps: where the gradients are equal,
# they are too. Give words of a sentence a loss each, and parts with a different number of words: the
# mean of means is the second bar again.
