"""
Compare a ported convolutional network with its original
========================================================

Weights of a Keras network are copied into PyTorch, and the outputs are compared.
Three things can go wrong on the way. The order of a kernel's axes does so loudly,
and is not shown. The side on which "same" pads when the stride is 2, and the order in
which an image is flattened, raise no error at all.

Look at the size of the errors: they are as large as the outputs themselves.
"""

# sphinx_gallery_tags = ["porting", "convolution", "padding"]

import os
import random

os.environ["KERAS_BACKEND"] = "jax"

import keras
import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_digits
from torch import nn

# %%
# Constants
# ---------

SEED = 0
CHANNELS = 8

random.seed(SEED)  # from which Keras takes the seeds of its layers

# %%
# The original
# ------------
# A convolution with stride 2 and "same" padding, then a linear layer.

images = (load_digits().images[:200, :, :, None] / 16).astype("float32")
original = keras.Sequential(
    [
        keras.Input((8, 8, 1)),
        keras.layers.Conv2D(CHANNELS, 3, strides=2, padding="same", activation="relu"),
        keras.layers.Flatten(),
        keras.layers.Dense(10),
    ]
)
expected = keras.ops.convert_to_numpy(original(images))
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
        self.conv = nn.Conv2d(1, CHANNELS, 3, stride=2, padding=1 if symmetric else 0)
        self.dense = nn.Linear(4 * 4 * CHANNELS, 10)
        self.keep_order = keep_order
        with torch.no_grad():
            # Keras: height, width, in, out. PyTorch: out, in, height, width.
            self.conv.weight.copy_(torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy()))
            self.conv.bias.copy_(torch.from_numpy(bias))
            self.dense.weight.copy_(torch.from_numpy(dense_kernel.T.copy()))
            self.dense.bias.copy_(torch.from_numpy(dense_bias))

    def forward(self, x):
        x = torch.relu(self.conv(self.pad(x.permute(0, 3, 1, 2))))
        if self.keep_order:
            x = x.permute(0, 2, 3, 1)  # flatten as Keras does, channels last
        return self.dense(x.flatten(1))


def error(port):
    with torch.no_grad():
        return float(abs(port(torch.from_numpy(images)).numpy() - expected).max())


# %%
# Result
# ------
# The largest difference of any output.

measured = {
    "error_right": error(Port()),
    "error_symmetric_padding": error(Port(symmetric=True)),
    "error_flatten_order": error(Port(keep_order=False)),
    "largest_output": float(abs(expected).max()),
}
for name, value in measured.items():
    print(f"{name:<24} {value:.1e}")
assert measured["error_right"] < 1e-5
assert measured["error_symmetric_padding"] > 0.1
assert measured["error_flatten_order"] > 0.1

# %%
# What each padding makes of one image: the windows of the same filter, a pixel
# apart.

with torch.no_grad():
    image = torch.from_numpy(images[:1]).permute(0, 3, 1, 2)
    maps = [p.conv(p.pad(image))[0, 0].numpy() for p in (Port(), Port(symmetric=True))]
figure, axes = plt.subplots(1, 3, figsize=(8, 3), layout="constrained")
titles = ("the digit", "padded as Keras does", "padding=1")
for axis, picture, title in zip(axes, [images[0, :, :, 0], *maps], titles):
    axis.imshow(picture, cmap="gray_r")
    axis.set_title(title)
    axis.axis("off")
figure.suptitle("The same shape, the same weights, another picture")
plt.show()

# %%
# What to try
# -----------
# Set the stride to 1, where both paddings agree, or the image to 9 by 9 pixels,
# where they do as well. Ask PyTorch for ``padding="same"`` with stride 2 and read
# what it says. Port a ``DepthwiseConv2D``, whose kernel has its axes in yet another
# order.
