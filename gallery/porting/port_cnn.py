"""
Compare a ported convolutional network with its original
========================================================

Weights of a trained Keras network are copied into PyTorch, and the answers are compared.
Three things can go wrong on the way. The order of a kernel's axes mostly does so loudly, and is
not shown. The side on which "same" pads when the stride is 2, and the order in
which an image is flattened, raise no error at all.

Look at the accuracy: either mistake leaves a network that guesses.
"""

# sphinx_gallery_tags = ["porting", "convolution", "padding"]
# sphinx_gallery_tolerances = {"accuracy*": 0.05, "error_*": 2.0, "largest_output": 3.0}

import os
import random

os.environ["KERAS_BACKEND"] = "jax"

import keras
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
CHANNELS, EPOCHS = 8, 10

random.seed(SEED)  # from which Keras takes the seeds of its layers
np.random.seed(SEED)  # with which ``fit`` shuffles

# %%
# The original
# ------------
# A convolution with stride 2 and "same" padding, then a linear layer, trained on digits.

digits = load_digits()
x_train, images, y_train, labels = train_test_split(
    (digits.images[..., None] / 16).astype("float32"), digits.target,
    test_size=0.2, stratify=digits.target, random_state=SEED,
)  # fmt: skip
original = keras.Sequential(
    [
        keras.Input((8, 8, 1)),
        keras.layers.Conv2D(
            CHANNELS, 3, strides=2, padding="same", activation="relu"
        ),
        keras.layers.Flatten(),
        keras.layers.Dense(10),
    ]
)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
original.compile(keras.optimizers.Adam(0.01), loss)
original.fit(x_train, y_train, epochs=EPOCHS, verbose=0)
expected = original.predict(images, verbose=0)
kernel, bias, dense_kernel, dense_bias = original.get_weights()
print(f"kernel {kernel.shape}, outputs up to {abs(expected).max():.1f}")

# %%
# The port
# --------
# With stride 2 on an even size, one row of padding is needed, and Keras puts it at
# the bottom and at the right. ``padding=1`` in PyTorch puts one on every side: the
# shapes agree, and every window is shifted by a pixel. ``ZeroPad2d`` takes left,
# right, top, bottom.


class Port(nn.Module):
    def __init__(self, symmetric=False, keep_order=True):
        super().__init__()
        self.pad = nn.Identity() if symmetric else nn.ZeroPad2d((0, 1, 0, 1))
        self.conv = nn.Conv2d(
            1, CHANNELS, 3, stride=2, padding=1 if symmetric else 0
        )
        self.dense = nn.Linear(4 * 4 * CHANNELS, 10)
        self.keep_order = keep_order
        with torch.no_grad():
            # Keras: height, width, in, out. PyTorch: out, in, height, width.
            self.conv.weight.copy_(
                torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy())
            )
            self.conv.bias.copy_(torch.from_numpy(bias))
            self.dense.weight.copy_(torch.from_numpy(dense_kernel.T.copy()))
            self.dense.bias.copy_(torch.from_numpy(dense_bias))

    def forward(self, x):
        x = torch.relu(self.conv(self.pad(x.permute(0, 3, 1, 2))))
        if self.keep_order:
            x = x.permute(0, 2, 3, 1)  # flatten as Keras does, channels last
        return self.dense(x.flatten(1))


@torch.no_grad()
def outputs(port):
    return port.eval()(torch.from_numpy(images)).numpy()


def accuracy(answers):
    return float((answers.argmax(axis=1) == labels).mean())


# %%
# Result
# ------
# The largest difference of any output, and the share of test digits that is read right.

ports = {
    "right": outputs(Port()),
    "symmetric_padding": outputs(Port(symmetric=True)),
    "flatten_order": outputs(Port(keep_order=False)),
}
measured = {
    "accuracy_keras": accuracy(expected),
    "largest_output": float(abs(expected).max()),
}
for name, answers in ports.items():
    measured[f"error_{name}"] = float(abs(answers - expected).max())
    measured[f"accuracy_{name}"] = accuracy(answers)
for name, value in measured.items():
    print(f"{name:<27} {value:.3g}")
assert measured["error_right"] < 1e-4
assert measured["accuracy_right"] == measured["accuracy_keras"] > 0.9
assert (
    max(
        measured["accuracy_symmetric_padding"],
        measured["accuracy_flatten_order"],
    )
    < 0.7
)

# %%
# What each padding makes of one image: the windows of the same filter, a pixel
# apart.

with torch.no_grad():
    image = torch.from_numpy(images[:1]).permute(0, 3, 1, 2)
    maps = [
        p.conv(p.pad(image))[0, 0].numpy()
        for p in (Port(), Port(symmetric=True))
    ]
figure, axes = plt.subplots(1, 3, figsize=(8, 3), layout="constrained")
titles = ("the digit", "padded as Keras does", "padding=1")
right = measured["accuracy_right"], measured["accuracy_symmetric_padding"]
limit = max(abs(each).max() for each in maps)
axes[0].imshow(images[0, :, :, 0], cmap="gray_r")
for axis, picture in zip(axes[1:], maps):
    drawn = axis.imshow(picture, cmap="RdBu", vmin=-limit, vmax=limit)
for axis, title in zip(axes, titles):
    axis.set_title(title)
    axis.axis("off")
figure.colorbar(drawn, ax=axes[1:], label="before ReLU")
figure.suptitle(
    f"The same weights, a pixel apart: {right[0]:.0%} and {right[1]:.0%} right"
)
plt.show()

# %%
# What to try
# -----------
# Set the stride to 1, or the image to 9 by 9 pixels: there ``padding=1`` is what Keras
# does, and this page's ``ZeroPad2d`` gives another shape. Ask PyTorch for ``padding="same"`` with stride 2 and read
# what it says. Port a ``DepthwiseConv2D``, whose kernel has its axes in yet another
# order.
