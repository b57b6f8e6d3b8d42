"""
Train the article's model in Keras on PyTorch
=============================================

This is the original article's network, 784-128-64-10 with dropout, trained for
ten epochs on real handwritten digits. It is the published Keras sample with what
it lacked: data, a seed, a test set, and an ``Input`` layer in place of the
``input_shape`` argument that Keras now warns about. The script exists three
times, for the TensorFlow, JAX and PyTorch backends; only the name of the backend
differs, and the line that seeds the shuffling.
"""

# sphinx_gallery_timed = True
# sphinx_gallery_tolerances = {"accuracy": 0.01, "test_loss": 0.005}

import os
import random
import time

os.environ["KERAS_BACKEND"] = "torch"  # before Keras is imported

import keras
import matplotlib.pyplot as plt
import torch
from scipy.ndimage import zoom
from sklearn.datasets import fetch_openml, load_digits
from sklearn.model_selection import train_test_split

# %%
# Constants
# ---------
# Two lines seed: one the layers, one the shuffling. ``keras.utils.set_random_seed``
# does it in one, and imports TensorFlow, where that is installed, whatever the
# backend. ``REAL_MNIST`` swaps the small digits, which ship with scikit-learn, for
# the 70,000 of MNIST; that needs the internet.

SEED = 0
EPOCHS = 10
BATCH_SIZE = 32
REAL_MNIST = False

random.seed(SEED)  # from which Keras takes the seeds of its layers
torch.manual_seed(SEED)  # with which ``fit`` shuffles
print(f"Keras runs on {keras.config.backend()}")

# %%
# Data
# ----
# The bundled digits are 8 by 8 pixels. Enlarged to 28 by 28 they have the 784
# features that the model expects. The split is fixed, so that every framework
# here sees the same 1,437 training and 360 test images.

if REAL_MNIST:
    images, labels = fetch_openml("mnist_784", return_X_y=True, as_frame=False)
    images, labels = images / 255, labels.astype("int64")
else:
    digits = load_digits()
    images = zoom(digits.images / 16, (1, 3.5, 3.5), order=0).reshape(-1, 784)
    labels = digits.target.astype("int64")

x_train, x_test, y_train, y_test = train_test_split(
    images.astype("float32"),
    labels,
    test_size=0.2,
    stratify=labels,
    random_state=SEED,
)
print(f"{len(x_train)} training images, {len(x_test)} test images")

# %%
# Model
# -----
# A list of layers is the whole definition. The last layer applies the softmax,
# and the loss named in ``compile`` expects exactly that: probabilities.

model = keras.Sequential(
    [
        keras.Input(shape=(784,)),
        keras.layers.Dense(128, activation="relu"),
        keras.layers.Dropout(0.2),
        keras.layers.Dense(64, activation="relu"),
        keras.layers.Dense(10, activation="softmax"),
    ]
)
model.compile(
    optimizer="adam",
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
parameters = model.count_params()
print(f"{parameters:,} parameters")

# %%
# Training
# --------
# ``fit`` is the loop: it shuffles, batches, switches dropout on for training and
# off for the test images, and keeps the history.

started = time.perf_counter()
fitted = model.fit(
    x_train,
    y_train,
    epochs=EPOCHS,
    batch_size=BATCH_SIZE,
    validation_data=(x_test, y_test),
    verbose=0,
)
train_seconds = time.perf_counter() - started
history = {
    "train_loss": fitted.history["loss"],
    "test_loss": fitted.history["val_loss"],
    "test_accuracy": fitted.history["val_accuracy"],
}

# %%
# Result
# ------
# ``measured`` is what the rest of this site quotes from this script.

measured = {
    "accuracy": history["test_accuracy"][-1],
    "test_loss": history["test_loss"][-1],
    "parameters": parameters,
    "steps": EPOCHS * -(-len(x_train) // BATCH_SIZE),
    "train_seconds": train_seconds,
    "backend": keras.config.backend(),
}
print(
    f"test accuracy {measured['accuracy']:.1%} after {measured['steps']} steps"
)
assert measured["accuracy"] > 0.94

# %%
# The left panel shows that ten epochs suffice; the right one where they lead.

epochs = range(1, EPOCHS + 1)
figure, (left, right) = plt.subplots(
    1, 2, figsize=(8, 3.2), layout="constrained"
)
left.plot(epochs, history["train_loss"], color="0.55", label="training")
left.plot(
    epochs, history["test_loss"], color="#2563eb", marker="^", label="test"
)
left.set(xlabel="epoch", ylabel="cross-entropy loss", ylim=(0, None))
left.legend(frameon=False)
right.plot(epochs, history["test_accuracy"], color="#2563eb", marker="^")
right.set(xlabel="epoch", ylabel="test accuracy", ylim=(0.5, 1))
figure.suptitle(
    f"Keras on {measured['backend']} reaches {measured['accuracy']:.1%} "
    "on the test digits"
)
plt.show()

# %%
# What to try
# -----------
# Change the backend and run it again, in a new process: once Keras is imported, its
# backend stays. Pass ``jit_compile=True`` and then ``False`` to ``compile`` and compare
# ``train_seconds``.
