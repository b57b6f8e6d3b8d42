"""
Write a training loop of your own in PyTorch
============================================

PyTorch has no ``fit``: every training is a loop of your own. This one does two
things that people add first, a learning rate that follows a schedule and a limit
on the length of the gradient, and it records what happened at every step.

The same loop exists for TensorFlow and for Keras, with the same parts under the
same headings, fed the same batches in the same order.
"""

# sphinx_gallery_tags = ["training loop", "schedule", "gradient clipping"]

import math

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
EPOCHS = 15
BATCH_SIZE = 32
PEAK_RATE = 0.3
CLIP = 0.7

torch.manual_seed(SEED)

# %%
# Data
# ----
# Handwritten digits of 8 by 8 pixels, flattened to 64 features. NumPy shuffles
# them, so that every framework sees the same batches.

digits = load_digits()
x_train, x_test, y_train, y_test = train_test_split(
    (digits.data / 16).astype("float32"),
    digits.target.astype("int64"),
    test_size=0.2,
    stratify=digits.target,
    random_state=SEED,
)
shuffle = np.random.default_rng(SEED)


def batches():
    order = shuffle.permutation(len(x_train))
    for start in range(0, len(order) - BATCH_SIZE + 1, BATCH_SIZE):
        chosen = order[start : start + BATCH_SIZE]
        yield x_train[chosen], y_train[chosen]


steps = EPOCHS * (len(x_train) // BATCH_SIZE)
print(f"{len(x_train)} training images, {steps} steps")

# %%
# Model
# -----
# Two layers. The optimizer is plain gradient descent, so that nothing but the
# schedule and the limit shapes a step.

model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=PEAK_RATE)

# %%
# One step
# --------
# Forward, backward, shorten, move. ``backward`` *adds* to the gradients that are
# there, which is why they are cleared first. ``clip_grad_norm_`` changes them in
# place and returns the length that they had.


def learning_rate(step):
    return PEAK_RATE * 0.5 * (1 + math.cos(math.pi * step / steps))


def train_step(inputs, targets, rate):
    optimizer.param_groups[0]["lr"] = rate
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(inputs), targets)
    loss.backward()
    norm = nn.utils.clip_grad_norm_(model.parameters(), CLIP)
    optimizer.step()
    return loss.item(), norm.item()


# %%
# The loop
# --------
# Nothing is hidden: what you want to know about a step, you append to a list.

losses, norms = [], []
for _ in range(EPOCHS):
    for inputs, targets in batches():
        rate = learning_rate(len(losses))
        loss, norm = train_step(torch.from_numpy(inputs), torch.from_numpy(targets), rate)
        losses.append(loss)
        norms.append(norm)

# %%
# Result
# ------
# ``clipped`` is the share of steps whose gradient was too long.

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
assert measured["accuracy"] > 0.94
assert measured["last_loss"] < 0.2 < 2 < measured["first_loss"]

# %%
# Look at the right panel: where the curve is above the dashed line, the limit was at
# work.

figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
left.plot(losses, color="#6b1f5e", linewidth=0.8)
left.set(xlabel="step", ylabel="loss of the batch", yscale="log")
right.plot(norms, color="#6b1f5e", linewidth=0.8)
right.axhline(CLIP, color="0.4", linestyle="--")
right.text(steps, CLIP * 1.08, "the limit", ha="right", color="0.3")
right.set(xlabel="step", ylabel="length of the gradient", ylim=(0, None))
figure.suptitle(f"PyTorch: {measured['clipped']:.0%} of the steps were shortened")
plt.show()

# %%
# What to try
# -----------
# Leave out ``zero_grad`` and watch the loss. Set ``CLIP`` to 1,000 and
# ``PEAK_RATE`` to 3. Replace the schedule by
# ``torch.optim.lr_scheduler.CosineAnnealingLR``.
