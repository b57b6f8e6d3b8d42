"""
Stop early, save and resume in PyTorch
======================================

Three things that a long training needs: to stop when it no longer gets better, to
keep the best weights, and to go on after a crash **as if nothing had happened**.
The last is the hard one. Weights alone are not enough: the optimizer has memory,
and so has the shuffling. This script interrupts a training, resumes it from its
file, and compares with one that was never interrupted.
"""

# sphinx_gallery_tags = ["callbacks", "early stopping", "checkpoint"]
# sphinx_gallery_tolerances = {"forgetful_error": 1e-6}

import os
import tempfile

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
EPOCHS = 60
PATIENCE = 5
INTERRUPTED_AFTER = 4
BATCH_SIZE = 32
LEARNING_RATE = 0.005

folder = tempfile.TemporaryDirectory()
BEST, LAST = (os.path.join(folder.name, name) for name in ("best", "last"))

# %%
# Data
# ----
# A small training set, so that the model can memorise it and has a reason to stop.
# Each epoch's order follows from its number, which makes the shuffling resumable.

digits = load_digits()
x_train, x_valid, y_train, y_valid = train_test_split(
    (digits.data / 16).astype("float32"),
    digits.target.astype("int64"),
    train_size=400,
    stratify=digits.target,
    random_state=SEED,
)


def batches(epoch):
    order = np.random.default_rng([SEED, epoch]).permutation(len(x_train))
    whole = len(order) // BATCH_SIZE
    for chosen in np.split(order[: whole * BATCH_SIZE], whole):
        yield x_train[chosen], y_train[chosen]


print(f"{len(x_train)} images to learn from, {len(x_valid)} to judge by")

# %%
# Model
# -----
# ``torch.tensor`` copies each batch to memory of PyTorch's own. ``from_numpy`` would leave
# it wherever NumPy put it, and the same numbers would give other last digits now and then.


def new_training():
    torch.manual_seed(SEED)
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    return model, torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)


def run_epoch(model, optimizer, epoch):
    model.train()
    for inputs, targets in batches(epoch):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(
            model(torch.tensor(inputs)), torch.tensor(targets)
        )
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        logits = model(torch.tensor(x_valid))
        return nn.functional.cross_entropy(
            logits, torch.tensor(y_valid)
        ).item()


# %%
# Stop early
# ----------
# Written out, early stopping is a counter: how many epochs since the best.

model, optimizer = new_training()
history, best, since = [], float("inf"), 0
for epoch in range(EPOCHS):
    history.append(run_epoch(model, optimizer, epoch))
    if history[-1] < best:
        best, since = history[-1], 0
        torch.save(model.state_dict(), BEST)
    else:
        since += 1
    if since == PATIENCE:
        break
best_epoch = int(np.argmin(history))
print(
    f"stopped after {len(history)} epochs, "
    f"the best was number {best_epoch + 1}"
)

# %%
# The best weights again
# ----------------------
# ``weights_only=True`` is the default of ``torch.load`` and refuses to execute code from
# a file; keep it.

model.load_state_dict(torch.load(BEST, weights_only=True))
model.eval()
with torch.no_grad():
    logits = model(torch.tensor(x_valid))
restored = nn.functional.cross_entropy(logits, torch.tensor(y_valid)).item()
accuracy = float((logits.argmax(dim=1).numpy() == y_valid).mean())
print(f"validation loss {restored:.4f}, accuracy {accuracy:.1%}")

# %%
# Resume
# ------
# Save model, optimizer and epoch, as a crash would leave them, and go on in a new
# model and a new optimizer. Then do it wrong, with a fresh optimizer.

model, optimizer = new_training()
for epoch in range(INTERRUPTED_AFTER):
    run_epoch(model, optimizer, epoch)
torch.save(
    {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "epoch": epoch + 1,
    },
    LAST,
)


def resume(with_optimizer):
    model, optimizer = new_training()
    saved = torch.load(LAST, weights_only=True)
    model.load_state_dict(saved["model"])
    if with_optimizer:
        optimizer.load_state_dict(saved["optimizer"])
    return [
        run_epoch(model, optimizer, epoch)
        for epoch in range(saved["epoch"], len(history))
    ]


resumed, forgetful = resume(with_optimizer=True), resume(with_optimizer=False)

# %%
# Result
# ------

uninterrupted = np.array(history[INTERRUPTED_AFTER:])
measured = {
    "stopped_after": len(history),
    "best_epoch": best_epoch + 1,
    "accuracy": accuracy,
    "resume_error": float(abs(np.array(resumed) - uninterrupted).max()),
    "forgetful_error": float(abs(np.array(forgetful) - uninterrupted).max()),
}
for name, value in measured.items():
    print(f"{name:<16} {value:.3g}")
assert measured["stopped_after"] == measured["best_epoch"] + PATIENCE < EPOCHS
assert abs(restored - best) < 1e-6
assert measured["resume_error"] < 1e-6 < 1e-3 < measured["forgetful_error"]

# %%

figure, axis = plt.subplots(figsize=(8, 3.2), layout="constrained")
epochs = np.arange(1, len(history) + 1)
axis.plot(epochs, history, color="0.6", linewidth=5, label="never interrupted")
axis.plot(
    epochs[INTERRUPTED_AFTER:],
    resumed,
    color="#6b1f5e",
    marker="s",
    label="resumed",
)
axis.plot(
    epochs[INTERRUPTED_AFTER:],
    forgetful,
    color="#6b1f5e",
    linestyle=":",
    label="without the optimizer",
)
axis.axvline(INTERRUPTED_AFTER + 0.5, color="0.4", linestyle="--")
axis.set(xlabel="epoch", ylabel="validation loss", yscale="log")
axis.set_title("PyTorch: a resumed training is the same training")
axis.legend(frameon=False)
plt.show()
folder.cleanup()

# %%
# What to try
# -----------
# Draw the order of the batches from one generator for the whole training and see
# the resumed curve part. Add dropout and save ``torch.get_rng_state()`` too.
