"""
Freeze a backbone and train a new head in PyTorch
=================================================

A network that tells the ten digits apart is to tell odd from even, on images that are darker
than those it learnt from. Its backbone is frozen, its head is new. In the backbone there is a batch
normalisation, and that has two kinds of numbers: what it learns by gradients, and statistics
that it collects. ``requires_grad_(False)`` stops the first and not the second: the statistics
move on, in silence, with the images of the new task.

Look at the second pair of bars: what the old head still knows afterwards.
"""

# sphinx_gallery_tags = ["transfer learning", "fine-tuning", "backbone", "batch normalisation", "freezing"]
# sphinx_gallery_tolerances = {"new_*": 0.02, "old_*": 0.03, "moved_running": 0.02}

import copy

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

# %%
# Constants
# ---------

SEED = 0
BODY_STEPS, HEAD_STEPS = 100, 200
EXAMPLES = 60
LEARNING_RATE, LIGHT = 0.01, 0.25
MOMENTUM, EPSILON = 0.9, 1e-3  # of batch normalisation, as Keras counts them

# %%
# Data
# ----
# 1,000 images with their digit train backbone and old head. Sixty others, darker, with "odd" or
# "even" train the new one; the rest is the test. NumPy draws the first weights.

digits = load_digits()
generator = np.random.default_rng(SEED)
order = generator.permutation(len(digits.target))
x = (digits.data / 16).astype("float32")[order]
y_digit = digits.target.astype("int64")[order]
y_odd = y_digit % 2
x_body, y_body = x[:1000], y_digit[:1000]
x_few, y_few = LIGHT * x[1000 : 1000 + EXAMPLES], y_odd[1000 : 1000 + EXAMPLES]
x_test, y_test, y_test_odd = (
    a[1000 + EXAMPLES :] for a in (x, y_digit, y_odd)
)
shapes = {"body": (64, 64), "old": (64, 10), "new": (64, 2)}
kernels = {
    name: generator.normal(0, 0.125, shape).astype("float32")
    for name, shape in shapes.items()
}
print(
    f"backbone: {len(x_body)} images; new head: {len(x_few)}; "
    f"test: {len(x_test)}"
)

# %%
# Model
# -----
# Backbone and heads are modules of their own, so that one can be kept and the other replaced.


def linear(name):
    layer = nn.Linear(*shapes[name], bias=name != "body")
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(kernels[name].T.copy()))
        if layer.bias is not None:
            layer.bias.zero_()
    return layer


backbone = nn.Sequential(
    linear("body"),
    nn.BatchNorm1d(64, eps=EPSILON, momentum=1 - MOMENTUM),
    nn.ReLU(),
)
old = linear("old")

# %%
# Training
# --------
# What trains is what wants a gradient and is given to the optimizer. What collects statistics is
# what is in training mode, and that is another switch.


def train(body, head, images, labels, steps):
    weights = [
        p for p in [*body.parameters(), *head.parameters()] if p.requires_grad
    ]
    optimizer = torch.optim.Adam(weights, lr=LEARNING_RATE, eps=1e-7)
    images, labels = torch.from_numpy(images), torch.from_numpy(labels)
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.cross_entropy(head(body(images)), labels).backward()
        optimizer.step()
    return sum(p.numel() for p in weights)


def accuracy(body, head, images, labels):
    body.eval()
    with torch.no_grad():
        guesses = head(body(torch.from_numpy(images))).argmax(dim=1).numpy()
    return float((guesses == labels).mean())


backbone.train()
train(backbone, old, x_body, y_body, BODY_STEPS)

# %%
# Two ways to freeze
# ------------------
# ``running`` is what much code does: no gradients, and ``train()`` for the whole model. ``frozen``
# puts the backbone into ``eval()`` as well, and has to do so again after each ``model.train()``.

ways = {}
for way in ("frozen", "running"):
    body, new = copy.deepcopy(backbone), linear("new")
    body.requires_grad_(False)
    body.train(way == "running")
    count = train(body, new, x_few, y_few, HEAD_STEPS)
    moved = (
        (body[1].running_mean - backbone[1].running_mean).abs().max().item()
    )
    ways[way] = body, new, moved, count

# %%
# Result
# ------
# Statistics that were frozen have not moved at all, which is worth asserting in your own code too.

measured = {}
for way, (body, new, moved, count) in ways.items():
    measured |= {
        f"new_{way}": accuracy(body, new, LIGHT * x_test, y_test_odd),
        f"old_{way}": accuracy(body, old, x_test, y_test),
        f"moved_{way}": moved,
    }
measured["weights_trained"] = count
for name, value in measured.items():
    print(f"{name:<16} {value:8.3f}")
assert measured["moved_frozen"] == 0 < measured["moved_running"]
assert measured["weights_trained"] == 130
assert measured["new_frozen"] > 0.8
assert measured["old_frozen"] > 0.9
assert measured["old_frozen"] > measured["old_running"] + 0.05

# %%

figure, axis = plt.subplots(figsize=(8, 2.8), layout="constrained")
names = ["new head, dark images", "old head, bright images"]
for offset, way, color in (
    (-0.2, "frozen", "#6b1f5e"),
    (0.2, "running", "0.6"),
):
    values = [measured[f"new_{way}"], measured[f"old_{way}"]]
    bars = axis.barh(
        np.arange(2) + offset,
        values,
        0.36,
        color=color,
        label=f"statistics {way}",
    )
    axis.bar_label(bars, fmt=" {:.0%}")
axis.set_yticks(range(2), names)
axis.invert_yaxis()
axis.set(xlim=(0, 1.5), xticks=np.linspace(0, 1, 6), xlabel="accuracy")
axis.legend(frameon=False, loc="center right")
axis.set_title("PyTorch: weights frozen in both, statistics in one")
plt.show()

# %%
# What to try
# -----------
# Thaw the backbone after the head has learned and go on with a hundredth of the learning rate. Make
# ``LIGHT`` 1 and see how little the statistics then move. Call ``body.train()`` once, in the middle
# of training, and look at ``moved_frozen``.
