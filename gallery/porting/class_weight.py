"""
Compare class_weight in Keras with weight= in PyTorch
=====================================================

Both make a rare class count more, both take one number for each class, and they give another
loss and another step. Keras divides the weighted losses by the number of images, PyTorch by the
sum of their weights. So the step of plain gradient descent differs by the mean weight of the
batch, which is another factor in every batch.

Look at the two curves, and at the third, which one line of code puts on Keras's.
"""

# sphinx_gallery_tags = ["porting", "loss", "defaults"]
# sphinx_gallery_tolerances = {"gap_*": 0.01, "ratio_*": 1e-4}

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

# %%
# Constants
# ---------
# The task: is it an eight? One image in ten is, and counts nine times.

SEED = 0
STEPS, BATCH_SIZE, RATE = 200, 32, 0.05
WEIGHTS = {0: 1.0, 1: 9.0}

digits = load_digits()
images, labels = (
    (digits.data / 16).astype("float32"),
    (digits.target == 8).astype("int64"),
)
generator = np.random.default_rng(SEED)
start = generator.normal(0, 0.1, size=(64, 2)).astype("float32")
order = [generator.integers(0, len(labels), BATCH_SIZE) for _ in range(STEPS)]

# %%
# Keras
# -----
# ``class_weight`` is an argument of ``fit`` and of ``train_on_batch``.


def train_keras():
    model = keras.Sequential(
        [keras.Input((64,)), keras.layers.Dense(2, use_bias=False)]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(RATE), loss)
    model.set_weights([start])
    return [
        float(
            model.train_on_batch(
                images[chosen], labels[chosen], class_weight=WEIGHTS
            )
        )
        for chosen in order
    ]


# %%
# PyTorch
# -------
# ``weight=`` is an argument of the loss. ``as_keras`` takes the losses one by one and divides
# as Keras does.


def train_torch(as_keras):
    weights = torch.tensor(list(WEIGHTS.values()))
    each = nn.CrossEntropyLoss(weight=weights, reduction="none")
    loss_function = nn.CrossEntropyLoss(weight=weights)
    model = nn.Linear(64, 2, bias=False)
    with torch.no_grad():
        model.weight.copy_(torch.from_numpy(start.T.copy()))
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    losses = []
    for chosen in order:
        logits, targets = (
            model(torch.from_numpy(images[chosen])),
            torch.from_numpy(labels[chosen]),
        )
        loss = (
            each(logits, targets).mean()
            if as_keras
            else loss_function(logits, targets)
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


# %%
# Result
# ------

in_keras = np.array(train_keras())
plain, mended = (
    np.array(train_torch(as_keras=False)),
    np.array(train_torch(as_keras=True)),
)
means = np.array(
    [np.mean([WEIGHTS[label] for label in labels[chosen]]) for chosen in order]
)
measured = {
    "ratio_first": in_keras[0] / plain[0],
    "ratio_smallest": means.min(),
    "ratio_largest": means.max(),
    "gap_plain": float(abs(plain * means - in_keras).max()),
    "gap_mended": float(abs(mended - in_keras).max()),
}
for name, value in measured.items():
    print(f"{name:<15} {value:.3g}")
assert abs(measured["ratio_first"] - means[0]) < 1e-4
assert measured["gap_mended"] < 1e-4 < measured["gap_plain"]
assert measured["ratio_largest"] > 2 * measured["ratio_smallest"]

# %%

figure, (left, right) = plt.subplots(
    1, 2, figsize=(8, 3), layout="constrained"
)
smooth = np.ones(15) / 15
left.plot(
    np.convolve(in_keras, smooth, "valid"),
    color="#2563eb",
    linewidth=5,
    alpha=0.4,
)
left.plot(np.convolve(plain, smooth, "valid"), color="#6b1f5e", linestyle=":")
left.plot(np.convolve(mended, smooth, "valid"), color="#6b1f5e")
left.set(xlabel="step", ylabel="loss (mean of 15 steps)", ylim=(0, None))
left.legend(
    ["Keras", "PyTorch, weight=", "PyTorch, divided as Keras does"],
    frameon=False,
    fontsize=8,
)
right.hist(means, bins=16, color="0.5")
right.set(xlabel="mean weight of a batch", ylabel="batches")
figure.suptitle("The same weights, divided by another number")
plt.show()

# %%
# What to try
# -----------
# Use Adam, which takes out a constant factor, and see how much of the gap is left. Weight by
# ``sample_weight`` in Keras. Set both weights to 1 and then to 2, without the last assertion: PyTorch's losses
# stay, Keras's first one doubles.
