"""
Train a convolutional network in Keras
======================================

Two convolutions, two poolings and a linear layer read handwritten digits of 8 by 8
pixels. What to look at is the **layout**: TensorFlow and Keras keep an image's
channels after its height and width (NHWC), PyTorch keeps them before (NCHW). That is
what a port trips over first. The backend is JAX; another takes one changed word.
"""

# sphinx_gallery_tags = ["convolution", "image", "layout"]
# sphinx_gallery_tolerances = {"accuracy": 0.01, "wrong": 5}

import os
import random

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
EPOCHS = 10
BATCH_SIZE = 32
LEARNING_RATE = 0.003

random.seed(SEED)  # from which Keras takes the seeds of its layers
np.random.seed(SEED)  # with which ``fit`` shuffles

# %%
# Data
# ----
# The digits stay images. The axis of one channel comes with the model, since the
# frameworks want it in different places.

digits = load_digits()
x_train, x_test, y_train, y_test = train_test_split(
    (digits.images / 16).astype("float32"),
    digits.target.astype("int64"),
    test_size=0.2,
    stratify=digits.target,
    random_state=SEED,
)
print(f"{len(x_train)} training images of {x_train.shape[1:]}")

# %%
# Model
# -----
# The input's shape is said once and every layer finds its own. ``[..., None]`` puts
# the channel at the end.

model = keras.Sequential(
    [
        keras.Input((8, 8, 1)),
        keras.layers.Conv2D(16, 3, padding="same", activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Conv2D(32, 3, padding="same", activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Flatten(),
        keras.layers.Dense(10),
    ]
)


def with_channel(images):
    return images[..., None]


parameters = model.count_params()
print(f"input {with_channel(x_train).shape}, {parameters:,} parameters")

# %%
# Training
# --------
# ``fit`` shuffles and batches arrays by itself, and takes a ``tf.data.Dataset`` or a
# PyTorch ``DataLoader`` as well, on every backend.

model.compile(
    optimizer=keras.optimizers.Adam(LEARNING_RATE),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
history = model.fit(
    with_channel(x_train),
    y_train,
    validation_data=(with_channel(x_test), y_test),
    epochs=EPOCHS,
    batch_size=BATCH_SIZE,
    verbose=0,
).history["val_accuracy"]

# %%
# Result
# ------

guesses = model.predict(with_channel(x_test), verbose=0).argmax(axis=1)
wrong = np.flatnonzero(guesses != y_test)
measured = {
    "accuracy": history[-1],
    "parameters": parameters,
    "wrong": len(wrong),
    "steps": int(model.optimizer.iterations.numpy()),
}
print(f"{measured['accuracy']:.1%} right, {len(wrong)} of {len(y_test)} wrong")
assert measured["accuracy"] > 0.95
assert measured["parameters"] == 6090

# %%
# The network's mistakes are often yours too.

figure, axes = plt.subplots(1, 6, figsize=(8, 2), layout="constrained")
for axis in axes:
    axis.axis("off")
for axis, number in zip(axes, wrong, strict=False):
    axis.imshow(x_test[number], cmap="gray_r")
    axis.set_title(f"{guesses[number]}, is {y_test[number]}", color="#2563eb")
figure.suptitle("Keras: what it took them for, and what they are")
plt.show()

# %%
# What to try
# -----------
# Give the model images with the channel in front and read the error. Call
# ``keras.config.set_image_data_format("channels_first")`` before the model is made.
# Change the backend and compare ``accuracy``.
