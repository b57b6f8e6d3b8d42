"""
Find the layer where a port goes wrong
======================================

A network is ported, the outputs differ, and there are dozens of layers between. This script holds
a tool to take away: it runs both networks on the same images, compares what every layer gives,
and names the first that differs. Four mistakes are planted in a residual network, one at a
time, and it finds each.

Look at the curves: before the mistake they lie on the floor of rounding. After it they fall back
where a shortcut goes around the mistake, and nowhere else.
"""

# sphinx_gallery_tags = ["porting", "debugging", "convolution", "batch normalisation"]
# sphinx_gallery_tolerances = {"error_right": 5e-6, "error_*": 0.5}

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

# %%
# Constants
# ---------

SEED = 0
CHANNELS = (8, 16, 32)
TOLERANCE = 1e-3

generator = np.random.default_rng(SEED)
images = generator.normal(size=(4, 16, 16, 3)).astype("float32")

# %%
# The original
# ------------
# Three residual blocks in Keras, the last two with a stride. Every layer has a name. The weights
# are random, and the collected variances small, so that epsilon counts. Keras may run on
# any backend.

layers = keras.layers


def keras_block(x, name, channels, stride):
    same = {"padding": "same", "use_bias": False}
    y = layers.Conv2D(channels, 3, stride, **same, name=f"{name}_conv1")(x)
    y = layers.BatchNormalization(name=f"{name}_norm1")(y)
    y = layers.LeakyReLU(name=f"{name}_relu1")(y)
    y = layers.Conv2D(channels, 3, **same, name=f"{name}_conv2")(y)
    y = layers.BatchNormalization(name=f"{name}_norm2")(y)
    short = f"{name}_short"
    x = layers.Conv2D(channels, 1, stride, use_bias=False, name=short)(x)
    return layers.LeakyReLU(name=f"{name}_out")(layers.Add()([x, y]))


inputs = x = keras.Input(images.shape[1:])
for number, channels in enumerate(CHANNELS):
    x = keras_block(x, f"block{number}", channels, 1 if number == 0 else 2)
head = layers.Dense(10, name="head")
original = keras.Model(inputs, head(layers.Flatten()(x)))
for layer in original.layers:
    drawn = []
    for weight in layer.weights:
        if "variance" in weight.path:
            drawn.append(generator.uniform(0.001, 0.05, weight.shape))
        elif len(weight.shape) > 1:
            deviation = np.prod(weight.shape[:-1]) ** -0.5
            drawn.append(generator.normal(0, deviation, weight.shape))
        else:
            mean = 1 if "gamma" in weight.path else 0
            drawn.append(generator.normal(mean, 0.1, weight.shape))
    layer.set_weights(drawn)
print(f"{len(original.layers)} layers, {original.count_params():,} numbers")

# %%
# The port
# --------
# With its names, so that they can be paired, and a switch for each mistake: PyTorch's own
# epsilon, its own slope of a leaky ReLU, ``padding=1`` with a stride, and its own
# order of flattening.

MISTAKES = {
    "epsilon": "block0_norm1",
    "slope": "block0_relu1",
    "padding": "block1_conv1",
    "flatten": "head",
}


class Block(nn.Module):
    def __init__(self, before, channels, stride, mistake):
        super().__init__()
        epsilon, slope = (
            (1e-5 if mistake == "epsilon" else 1e-3),
            (0.01 if mistake == "slope" else 0.3),
        )
        odd = stride == 2 and mistake != "padding"
        self.pad = nn.ZeroPad2d((0, 1, 0, 1)) if odd else nn.Identity()
        padding = 0 if odd else 1
        self.conv1 = nn.Conv2d(
            before, channels, 3, stride, padding, bias=False
        )
        self.norm1 = nn.BatchNorm2d(channels, epsilon)
        self.relu1 = nn.LeakyReLU(slope)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels, epsilon)
        self.out = nn.LeakyReLU(slope)
        self.short = nn.Conv2d(before, channels, 1, stride, bias=False)

    def forward(self, x):
        y = self.relu1(self.norm1(self.conv1(self.pad(x))))
        return self.out(self.short(x) + self.norm2(self.conv2(y)))


class Port(nn.Module):
    def __init__(self, mistake=""):
        super().__init__()
        self.keep_order = mistake != "flatten"
        before = 3
        for number, channels in enumerate(CHANNELS):
            block = Block(before, channels, 1 if number == 0 else 2, mistake)
            self.add_module(f"block{number}", block)
            before = channels
        self.head = nn.Linear(4 * 4 * before, 10)
        for name, module in self.named_modules():
            if isinstance(module, (nn.Conv2d, nn.BatchNorm2d, nn.Linear)):
                copy(original.get_layer(name.replace(".", "_")), module)

    def forward(self, x):
        x = self.block2(self.block1(self.block0(x)))
        x = x.permute(0, 2, 3, 1) if self.keep_order else x
        return self.head(x.flatten(1))


@torch.no_grad()
def copy(layer, module):
    given = [
        torch.from_numpy(np.array(array)) for array in layer.get_weights()
    ]
    if isinstance(module, nn.BatchNorm2d):
        collected = module.running_mean, module.running_var
        targets = module.weight, module.bias, *collected
    else:
        kernel = given[0]
        given[0] = kernel.permute(3, 2, 0, 1) if kernel.ndim == 4 else kernel.T
        targets = module.weight, module.bias
    for target, value in zip(targets, given):
        target.copy_(value)


# %%
# The tool
# --------
# Two networks, the images as Keras takes them, and nothing else: layers are paired by name,
# with dots for PyTorch and underscores for Keras. Errors are relative to the size of what a layer
# gives.


def errors_by_layer(original, port, images):
    """``{layer: error}`` in the order in which the original computes."""
    modules = {
        name.replace(".", "_"): module for name, module in port.named_modules()
    }
    paired = [layer for layer in original.layers if layer.name in modules]
    look = keras.Model(original.input, [layer.output for layer in paired])
    wanted = look(images, training=False)
    seen, hooks = {}, []
    for layer in paired:

        def keep(module, given, output, name=layer.name):
            seen[name] = output.clone()

        hooks.append(modules[layer.name].register_forward_hook(keep))
    with torch.no_grad():
        port.eval()(torch.from_numpy(images).permute(0, 3, 1, 2))
    for hook in hooks:
        hook.remove()
    errors = {}
    for layer, output in zip(paired, wanted):
        theirs, ours = keras.ops.convert_to_numpy(output), seen[layer.name]
        ours = (ours.permute(0, 2, 3, 1) if ours.ndim == 4 else ours).numpy()
        error = np.linalg.norm(ours - theirs) / np.linalg.norm(theirs)
        errors[layer.name] = float(error)
    return errors


def first_difference(errors, tolerance=TOLERANCE):
    larger = (name for name, error in errors.items() if error > tolerance)
    return next(larger, None)


# %%
# Result
# ------

found = {
    mistake: errors_by_layer(original, Port(mistake), images)
    for mistake in ("", *MISTAKES)
}
measured = {"layers": len(found[""]), "error_right": max(found[""].values())}
print(f"done right: largest error {measured['error_right']:.1e}")
assert first_difference(found[""]) is None
for mistake, planted in MISTAKES.items():
    name = first_difference(found[mistake])
    error = found[mistake]["head"]
    measured[f"error_{mistake}"] = error
    print(f"{mistake:<8} found in {name:<13} error of the outputs {error:.2f}")
    assert name == planted
measured["found"] = len(MISTAKES)

# %%

figure, axis = plt.subplots(figsize=(8, 3.8), layout="constrained")
names = list(found[""])
colors = ("0.6", "#6b1f5e", "#b45309", "#2563eb", "0.1")
for mistake, color in zip(found, colors):
    errors = [max(found[mistake][name], 1e-9) for name in names]
    axis.plot(errors, "o-", color=color, ms=3, label=mistake or "done right")
    if mistake:
        at = names.index(MISTAKES[mistake])
        axis.plot(at, errors[at], "o", color=color, ms=12, mfc="none", mew=2)
axis.axhline(TOLERANCE, color="0.6", linestyle="--")
axis.set_xticks(range(len(names)), names, rotation=60, ha="right", fontsize=8)
axis.set(yscale="log", ylabel="error, relative")
place = {"loc": "center", "bbox_to_anchor": (0.75, 0.48)}
axis.legend(frameon=False, fontsize=8, **place, ncols=2)
axis.set_title("The first layer above the line is where to look")
plt.show()

# %%
# What to try
# -----------
# Plant two mistakes and mend the first. Leave out ``port.eval()``. Compare a port of your own:
# the names must agree, and it must take images.
