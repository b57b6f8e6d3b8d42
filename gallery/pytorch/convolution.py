"""
Train a convolutional network in PyTorch
========================================

Two convolutions, two poolings and a linear layer read handwritten digits of 8 by 8
pixels. What to look at is the **layout**: PyTorch keeps an image's channels before
its height and width (NCHW), TensorFlow and Keras keep them last (NHWC). That is what
a port trips over first.
"""

# sphinx_gallery_tags = ["convolution", "image", "layout"]
# sphinx_gallery_tolerances = {"accuracy": 0.01, "wrong": 5}

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
LEARNING_RATE = 0.003

torch.manual_seed(SEED)

# %%
# Data
# ----
# The digits stay images. The axis of one channel comes with the model, since the
# frameworks want it in different places.

digits = load_digits()
x_train, x_test, y_train, y_test = train_test_split(
    (digits.images / 16).astype("float32"),
    digits.target.astype("int64"),
    test_size=0.2,
    stratify=digits.target,
    random_state=SEED,
)
print(f"{len(x_train)} training images of {x_train.shape[1:]}")

# %%
# Model
# -----
# ``Linear`` must be told how many numbers reach it: two poolings leave 2 by 2
# pixels of 32 channels, 128 numbers. ``unsqueeze(1)`` puts the channel in front.

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


def with_channel(images):
    return torch.from_numpy(images).unsqueeze(1)


parameters = sum(p.numel() for p in model.parameters())
print(f"input {tuple(with_channel(x_train).shape)}, {parameters:,} parameters")

# %%
# Training
# --------
# A ``DataLoader`` shuffles and batches. The images are read from memory, so worker
# processes would cost more than they bring.

pairs = torch.utils.data.TensorDataset(with_channel(x_train), torch.from_numpy(y_train))
loader = torch.utils.data.DataLoader(pairs, batch_size=BATCH_SIZE, shuffle=True)
optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)


def accuracy():
    with torch.no_grad():
        return float((model(with_channel(x_test)).argmax(dim=1).numpy() == y_test).mean())


history = []
for _ in range(EPOCHS):
    for inputs, targets in loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), targets).backward()
        optimizer.step()
    history.append(accuracy())

# %%
# Result
# ------

with torch.no_grad():
    guesses = model(with_channel(x_test)).argmax(dim=1).numpy()
wrong = np.flatnonzero(guesses != y_test)
measured = {
    "accuracy": history[-1],
    "parameters": parameters,
    "wrong": len(wrong),
    "steps": EPOCHS * len(loader),
}
print(f"{measured['accuracy']:.1%} right, {len(wrong)} of {len(y_test)} wrong")
assert measured["accuracy"] > 0.95
assert measured["parameters"] == 6090

# %%
# The network's mistakes are often yours too.

figure, axes = plt.subplots(1, 6, figsize=(8, 2), layout="constrained")
for axis in axes:
    axis.axis("off")
for axis, number in zip(axes, wrong, strict=False):
    axis.imshow(x_test[number], cmap="gray_r")
    axis.set_title(f"{guesses[number]}, is {y_test[number]}", color="#6b1f5e")
figure.suptitle("PyTorch: what it took them for, and what they are")
plt.show()

# %%
# What to try
# -----------
# Give the model ``torch.from_numpy(x_train).unsqueeze(-1)`` and read the error.
# Convert model and images to ``memory_format=torch.channels_last``, which changes
# where numbers lie but not their shape. Replace the last layer by
# ``nn.LazyLinear(10)``, which counts for you, and run one batch before its parameters
# are counted.
