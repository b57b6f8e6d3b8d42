"""
Write a custom training loop in PyTorch
=======================================

PyTorch has no ``fit``: every training is a loop of your own. This one does two
things that people add first, a learning rate that follows a schedule and a limit
on the length of the gradient, and it records what happened at every step.

The same loop exists for TensorFlow, Keras and JAX, with the same parts under the same headings. All
start from the same weights, see the same batches in the same order, and end alike.
"""

# sphinx_gallery_tags = ["training loop", "schedule", "gradient clipping", "gradient norm", "custom"]
# sphinx_gallery_tolerances = {"accuracy": 0.01, "last_loss": 0.002, "first_loss": 1e-5, "clipped": 0.01}

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

# %%
# Constants
# ---------
# The learning rate falls from its peak to zero along half a cosine. A gradient
# longer than ``CLIP`` is shortened to it, its direction kept.

SEED = 0
EPOCHS = 10
BATCH_SIZE = 32
PEAK_RATE = 0.3
CLIP = 1.0
MOMENTUM, EPSILON = 0.9, 1e-3  # of batch normalisation, as Keras counts them

# %%
# Data
# ----
# Handwritten digits of 8 by 8 pixels, flattened to 64 features. NumPy shuffles
# them and draws the first weights, so that nothing is left to a framework's own generator.

digits = load_digits()
x_train, x_test, y_train, y_test = train_test_split(
    (digits.data / 16).astype("float32"),
    digits.target.astype("int64"),
    test_size=0.2,
    stratify=digits.target,
    random_state=SEED,
)
generator = np.random.default_rng(SEED)
kernels = [
    generator.normal(0, n**-0.5, size=(64, n)).astype("float32")
    for n in (64, 10)
]


def batches():
    order = generator.permutation(len(x_train))
    for start in range(0, len(order) - BATCH_SIZE + 1, BATCH_SIZE):
        chosen = order[start : start + BATCH_SIZE]
        yield x_train[chosen], y_train[chosen]


steps = EPOCHS * (len(x_train) // BATCH_SIZE)
print(f"{len(x_train)} training images, {steps} steps")

# %%
# Model
# -----
# Two layers with a batch normalisation between them, whose running statistics are state that
# no gradient touches: they are buffers of the module, and ``train`` and ``eval`` decide whether
# they are collected or used. PyTorch counts momentum from the other end.

model = nn.Sequential(
    nn.Linear(64, 64, bias=False),
    nn.BatchNorm1d(64, eps=EPSILON, momentum=1 - MOMENTUM),
    nn.ReLU(),
    nn.Linear(64, 10),
)
with torch.no_grad():
    model[0].weight.copy_(torch.from_numpy(kernels[0].T.copy()))
    model[3].weight.copy_(torch.from_numpy(kernels[1].T.copy()))
    model[3].bias.zero_()
optimizer = torch.optim.SGD(model.parameters(), lr=PEAK_RATE)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)

# %%
# One step
# --------
# Forward, backward, shorten, move, and tell the schedule. ``backward`` *adds* to the gradients
# that are there, which is why they are cleared first. ``clip_grad_norm_`` changes them in place
# and returns the norm that they had.


def train_step(inputs, targets):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(inputs), targets)
    loss.backward()
    norm = nn.utils.clip_grad_norm_(model.parameters(), CLIP)
    optimizer.step()
    schedule.step()
    return loss.item(), norm.item()


# %%
# The loop
# --------
# Nothing is hidden: what you want to know about a step, you append to a list.

losses, norms = [], []
model.train()
for _ in range(EPOCHS):
    for inputs, targets in batches():
        loss, norm = train_step(
            torch.from_numpy(inputs), torch.from_numpy(targets)
        )
        losses.append(loss)
        norms.append(norm)

# %%
# Result
# ------
# ``clipped`` is the share of steps whose gradient was too long.

model.eval()
with torch.no_grad():
    guesses = model(torch.from_numpy(x_test)).argmax(dim=1).numpy()
measured = {
    "accuracy": float((guesses == y_test).mean()),
    "first_loss": losses[0],
    "last_loss": float(np.mean(losses[-20:])),
    "clipped": float(np.mean(np.array(norms) > CLIP)),
    "steps": len(losses),
}
for name, value in measured.items():
    print(f"{name:<11} {value:8.3f}")
assert measured["accuracy"] > 0.95
assert measured["last_loss"] < 0.1 < 2 < measured["first_loss"]
assert 0.02 < measured["clipped"] < 0.9

# %%
# Look at the right panel: where the curve is above the dashed line, the limit was at
# work.

figure, (left, right) = plt.subplots(
    1, 2, figsize=(8, 3.2), layout="constrained"
)
left.plot(losses, color="#6b1f5e", linewidth=0.8)
left.set(xlabel="step", ylabel="loss of the batch", yscale="log")
right.plot(norms, color="#6b1f5e", linewidth=0.8)
right.axhline(CLIP, color="0.4", linestyle="--")
right.text(steps, CLIP * 1.08, "the limit", ha="right", color="0.3")
right.set(xlabel="step", ylabel="length of the gradient", ylim=(0, None))
figure.suptitle(
    f"PyTorch: {measured['clipped']:.0%} of the steps were shortened"
)
plt.show()

# %%
# What to try
# -----------
# Leave out ``zero_grad`` and watch the loss. Leave out ``model.eval()`` and predict one image at
# a time. Take the assertions out, set
# ``CLIP`` to 1,000 and ``PEAK_RATE`` to 3, and look at the panels.
