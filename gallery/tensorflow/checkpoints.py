"""
Stop early, save and resume in TensorFlow
=========================================

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
import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

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

loss_function = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def new_training():
    tf.keras.utils.set_random_seed(SEED)
    layers = [
        tf.keras.layers.Dense(64, activation="relu"),
        tf.keras.layers.Dense(10),
    ]
    model = tf.keras.Sequential([tf.keras.Input((64,)), *layers])
    optimizer = tf.keras.optimizers.Adam(LEARNING_RATE)
    optimizer.build(model.trainable_variables)

    @tf.function
    def train_step(inputs, targets):
        with tf.GradientTape() as tape:
            loss = loss_function(targets, model(inputs, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)

    return model, optimizer, train_step


def run_epoch(model, train_step, epoch):
    for inputs, targets in batches(epoch):
        train_step(tf.constant(inputs), tf.constant(targets))
    return float(loss_function(y_valid, model(x_valid)))


# %%
# Stop early
# ----------
# Written out, early stopping is a counter: how many epochs since the best.

model, optimizer, train_step = new_training()
history, best, since = [], float("inf"), 0
keep = tf.train.Checkpoint(model=model)
for epoch in range(EPOCHS):
    history.append(run_epoch(model, train_step, epoch))
    if history[-1] < best:
        best, since = history[-1], 0
        best_path = keep.write(BEST)
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
# ``assert_consumed`` fails if the file or the model holds something that the other does
# not; without it, that costs no more than a warning.

keep.read(best_path).assert_consumed()
logits = model(x_valid)
restored = float(loss_function(y_valid, logits))
accuracy = float((logits.numpy().argmax(axis=1) == y_valid).mean())
print(f"validation loss {restored:.4f}, accuracy {accuracy:.1%}")

# %%
# Resume
# ------
# Save model, optimizer and epoch, as a crash would leave them, and go on in a new
# model and a new optimizer. Then do it wrong, with a fresh optimizer.

model, optimizer, train_step = new_training()
for epoch in range(INTERRUPTED_AFTER):
    run_epoch(model, train_step, epoch)
done = tf.Variable(epoch + 1, dtype=tf.int64)
last_path = tf.train.Checkpoint(
    model=model, optimizer=optimizer, epoch=done
).write(LAST)


def resume(with_optimizer):
    model, optimizer, train_step = new_training()
    done = tf.Variable(0, dtype=tf.int64)
    parts = {"model": model, "epoch": done}
    if with_optimizer:
        parts["optimizer"] = optimizer
    status = tf.train.Checkpoint(**parts).read(last_path)
    status.assert_consumed() if with_optimizer else status.expect_partial()
    return [
        run_epoch(model, train_step, epoch)
        for epoch in range(int(done), len(history))
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
    color="#b45309",
    marker="o",
    label="resumed",
)
axis.plot(
    epochs[INTERRUPTED_AFTER:],
    forgetful,
    color="#b45309",
    linestyle=":",
    label="without the optimizer",
)
axis.axvline(INTERRUPTED_AFTER + 0.5, color="0.4", linestyle="--")
axis.set(xlabel="epoch", ylabel="validation loss", yscale="log")
axis.set_title("TensorFlow: a resumed training is the same training")
axis.legend(frameon=False)
plt.show()
folder.cleanup()

# %%
# What to try
# -----------
# Let ``tf.train.CheckpointManager`` number the files and delete old ones. Leave out
# ``optimizer.build`` and see ``resume_error``. Shuffle with ``tf.data`` and save its
# iterator in the checkpoint too.
