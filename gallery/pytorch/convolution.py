"""
Train a convolutional network in PyTorch
========================================

Two convolutions, two poolings and a linear layer read handwritten digits of 8 by 8
pixels. What to look at is the **layout**: PyTorch keeps an image's channels before
its height and width (NCHW), TensorFlow and Keras keep them last (NHWC). That is what
a port trips over first.
"""

# sphinx_gallery_tags = ["convolution", "image", "layout"]
# sphinx_gallery_tolerances = {"accuracy": 0.01, "wrong": 4, "last_loss": 0.01}

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

# %%
# Constants
# ---------

SEED = 0
EPOCHS = 10
BATCH_SIZE = 32
LEARNING_RATE, EPSILON = 0.003, 1e-7

# %%
# Data
# ----
# The digits stay images. The axis of one channel comes with the model, since the
# frameworks want it in different places. NumPy draws the first weights and the batches.

digits = load_digits()
x_train, x_test, y_train, y_test = train_test_split(
    (digits.images / 16).astype("float32"),
    digits.target.astype("int64"),
    test_size=0.2,
    stratify=digits.target,
    random_state=SEED,
)
print(f"{len(x_train)} training images of {x_train.shape[1:]}")
generator = np.random.default_rng(SEED)


def drawn(*shape):
    bound = (2 / np.prod(shape[:-1])) ** 0.5
    return generator.normal(0, bound, shape).astype("float32")


# Height, width, channels in, channels out.
kernels = [drawn(3, 3, 1, 16), drawn(3, 3, 16, 32), drawn(2, 2, 32, 10)]


def batches():
    order = generator.permutation(len(x_train))
    for start in range(0, len(order) - BATCH_SIZE + 1, BATCH_SIZE):
        chosen = order[start : start + BATCH_SIZE]
        yield x_train[chosen], y_train[chosen]


# %%
# Model
# -----
# ``Linear`` must be told how many numbers reach it: two poolings leave 2 by 2
# pixels of 32 channels, 128 numbers. ``unsqueeze(1)`` puts the channel in front. Kernels
# have their channels in front too, out before in; and flattening goes through
# channels first, so the last kernel's rows are put in that order.

model = nn.Sequential(
    nn.Conv2d(1, 16, kernel_size=3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(16, 32, kernel_size=3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(128, 10),
)

with torch.no_grad():
    for index, kernel in ((0, kernels[0]), (3, kernels[1])):
        model[index].weight.copy_(
            torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy())
        )
        model[index].bias.zero_()
    model[7].weight.copy_(
        torch.from_numpy(
            kernels[2].transpose(3, 2, 0, 1).reshape(10, 128).copy()
        )
    )
    model[7].bias.zero_()


def with_channel(images):
    return torch.from_numpy(images).unsqueeze(1)


parameters = sum(p.numel() for p in model.parameters())
print(
    f"input {tuple(with_channel(x_train).shape)}, "
    f"kernel {tuple(model[0].weight.shape)}"
)

# %%
# Training
# --------
# ``train`` and ``eval`` change nothing in this model, which has no dropout; they are written all
# the same, since the next one may.

optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, eps=EPSILON)


def answers():
    model.eval()
    with torch.no_grad():
        return model(with_channel(x_test)).argmax(dim=1).numpy()


history, losses = [], []
for _ in range(EPOCHS):
    model.train()
    for inputs, targets in batches():
        optimizer.zero_grad()
        logits = model(with_channel(inputs))
        loss = nn.functional.cross_entropy(logits, torch.from_numpy(targets))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    history.append(float((answers() == y_test).mean()))

# %%
# Result
# ------

guesses = answers()
with torch.no_grad():
    maps = model[1](model[0](with_channel(x_test[:1]))).numpy()
wrong = np.flatnonzero(guesses != y_test)
measured = {
    "accuracy": history[-1],
    "parameters": parameters,
    "wrong": len(wrong),
    "last_loss": float(np.mean(losses[-40:])),
    "steps": len(losses),
}
print(f"{measured['accuracy']:.1%} right, {len(wrong)} of {len(y_test)} wrong")
assert measured["accuracy"] > 0.95
assert measured["parameters"] == 6090

# %%
# The network's mistakes are often yours too. Above them, one digit and what the first channels of
# the first layer make of it: the siblings of this script draw the same pictures, though they
# find them on another axis.

figure, axes = plt.subplots(2, 6, figsize=(8, 3.4), layout="constrained")
for axis in axes.flat:
    axis.axis("off")
axes[0, 0].imshow(x_test[0], cmap="gray_r")
axes[0, 0].set_title("a digit", fontsize=9)
for channel, axis in enumerate(axes[0, 1:]):
    axis.imshow(maps[0, channel], cmap="gray_r")
    axis.set_title(f"[0, {channel}]", fontsize=9)
for axis, number in zip(axes[1], wrong):
    axis.imshow(x_test[number], cmap="gray_r")
    axis.set_title(
        f"{guesses[number]}, is {y_test[number]}", color="#6b1f5e", fontsize=9
    )
figure.suptitle("PyTorch: channels come before height and width")
plt.show()

# %%
# What to try
# -----------
# Give the model ``torch.from_numpy(x_train).unsqueeze(-1)`` and read the error.
# Convert model and images to ``memory_format=torch.channels_last``, which changes
# where numbers lie but not their shape. Replace the last layer by
# ``nn.LazyLinear(10)``, which counts for you, and run one batch before its weights are set.
