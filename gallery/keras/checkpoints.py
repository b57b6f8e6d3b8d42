"""
Stop early, save and resume in Keras
====================================

Three things that a long training needs: to stop when it no longer gets better, to
keep the best weights, and to go on after a crash **as if nothing had happened**.
The last is the hard one. Weights alone are not enough: the optimizer has memory,
and so has the shuffling. This script interrupts a training, resumes it from its
file, and compares with one that was never interrupted. In Keras the first two are
callbacks, and one file holds weights and optimizer; the number of the epoch is handed
to ``fit``. The backend is JAX.
"""

# sphinx_gallery_tags = ["callbacks", "early stopping", "checkpoint"]

import os
import random
import tempfile

os.environ["KERAS_BACKEND"] = "jax"  # before Keras is imported

import keras
import matplotlib.pyplot as plt
import numpy as np
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
# A ``PyDataset`` gives the batches of an epoch by number, and is told when one ends.


class Batches(keras.utils.PyDataset):
    def __init__(self, epoch=0):
        super().__init__()
        self.epoch = epoch
        self.batches = list(batches(epoch))

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, number):
        return self.batches[number]

    def on_epoch_end(self):
        self.epoch += 1
        self.batches = list(batches(self.epoch))


def new_training():
    random.seed(SEED)  # from which Keras takes the seeds of its layers
    layers = [
        keras.layers.Dense(64, activation="relu"),
        keras.layers.Dense(10),
    ]
    return with_new_optimizer(keras.Sequential([keras.Input((64,)), *layers]))


def with_new_optimizer(model):
    loss_function = keras.losses.SparseCategoricalCrossentropy(
        from_logits=True
    )
    model.compile(
        keras.optimizers.Adam(LEARNING_RATE),
        loss_function,
        metrics=["accuracy"],
    )
    return model


def run(model, first, end, callbacks=()):
    return model.fit(
        Batches(first),
        shuffle=False,  # the order of the batches too
        initial_epoch=first,
        epochs=end,
        validation_data=(x_valid, y_valid),
        callbacks=list(callbacks),
        verbose=0,
    ).history["val_loss"]


# %%
# Stop early
# ----------
# Two callbacks, which agree on what "best" means because both watch ``val_loss``.

model = new_training()
stop = keras.callbacks.EarlyStopping(patience=PATIENCE)
keep = keras.callbacks.ModelCheckpoint(f"{BEST}.keras", save_best_only=True)
history = run(model, 0, EPOCHS, [stop, keep])
best, best_epoch = min(history), int(np.argmin(history))
print(
    f"stopped after {len(history)} epochs, "
    f"the best was number {best_epoch + 1}"
)

# %%
# The best weights again
# ----------------------
# The file is a whole model; ``restore_best_weights`` of ``EarlyStopping`` would have
# put them back without a file.

restored, accuracy = keras.saving.load_model(f"{BEST}.keras").evaluate(
    x_valid, y_valid, verbose=0
)
print(f"validation loss {restored:.4f}, accuracy {accuracy:.1%}")

# %%
# Resume
# ------
# Save the model before the crash comes; its optimizer goes with it. Go on in a
# model that was loaded. Then do it wrong, with a fresh optimizer: what follows is another
# training, be it better or worse.

model = new_training()
run(model, 0, INTERRUPTED_AFTER)
model.save(f"{LAST}.keras")


def resume(with_optimizer):
    model = keras.saving.load_model(f"{LAST}.keras")
    if not with_optimizer:
        with_new_optimizer(model)
    return run(model, INTERRUPTED_AFTER, len(history))


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
    color="#2563eb",
    marker="^",
    label="resumed",
)
axis.plot(
    epochs[INTERRUPTED_AFTER:],
    forgetful,
    color="#2563eb",
    linestyle=":",
    label="without the optimizer",
)
axis.axvline(INTERRUPTED_AFTER + 0.5, color="0.4", linestyle="--")
axis.set(xlabel="epoch", ylabel="validation loss", yscale="log")
axis.set_title("Keras: a resumed training is the same training")
axis.legend(frameon=False)
plt.show()
folder.cleanup()

# %%
# What to try
# -----------
# Let ``fit`` shuffle arrays itself and see the resumed curve part. Use
# ``keras.callbacks.BackupAndRestore``, which saves and resumes by itself, all but the
# order of the batches: ``Batches`` begins with epoch 0 again. Add dropout and see the
# resumed curve part: the state of its seeds is not in the file.
