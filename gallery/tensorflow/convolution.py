"""
Train a convolutional network in TensorFlow
===========================================

Two convolutions, two poolings and a linear layer read handwritten digits of 8 by 8
pixels. What to look at is the **layout**: TensorFlow and Keras keep an image's
channels after its height and width (NHWC), PyTorch keeps them before (NCHW). That is
what a port trips over first.
"""

# sphinx_gallery_tags = ["convolution", "image", "layout"]
# sphinx_gallery_tolerances = {"accuracy": 0.01, "wrong": 5}

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

# %%
# Constants
# ---------

SEED = 0
EPOCHS = 10
BATCH_SIZE = 32
LEARNING_RATE = 0.003

tf.keras.utils.set_random_seed(SEED)

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

model = tf.keras.Sequential(
    [
        tf.keras.Input((8, 8, 1)),
        tf.keras.layers.Conv2D(16, 3, padding="same", activation="relu"),
        tf.keras.layers.MaxPooling2D(),
        tf.keras.layers.Conv2D(32, 3, padding="same", activation="relu"),
        tf.keras.layers.MaxPooling2D(),
        tf.keras.layers.Flatten(),
        tf.keras.layers.Dense(10),
    ]
)


def with_channel(images):
    return tf.constant(images)[..., None]


parameters = model.count_params()
print(f"input {tuple(with_channel(x_train).shape)}, {parameters:,} parameters")

# %%
# Training
# --------
# ``tf.data`` shuffles and batches; the buffer is as large as the data, so that the
# shuffling is whole.

pairs = tf.data.Dataset.from_tensor_slices((with_channel(x_train), y_train))
loader = pairs.shuffle(len(x_train), seed=SEED).batch(BATCH_SIZE)
optimizer = tf.keras.optimizers.Adam(LEARNING_RATE)
loss_function = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def accuracy():
    return float((model(with_channel(x_test)).numpy().argmax(axis=1) == y_test).mean())


@tf.function
def train_step(inputs, targets):
    with tf.GradientTape() as tape:
        loss = loss_function(targets, model(inputs, training=True))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))


history = []
for _ in range(EPOCHS):
    for inputs, targets in loader:
        train_step(inputs, targets)
    history.append(accuracy())

# %%
# Result
# ------

guesses = model(with_channel(x_test)).numpy().argmax(axis=1)
wrong = np.flatnonzero(guesses != y_test)
measured = {
    "accuracy": history[-1],
    "parameters": parameters,
    "wrong": len(wrong),
    "steps": EPOCHS * len(loader),
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
    axis.set_title(f"{guesses[number]}, is {y_test[number]}", color="#b45309")
figure.suptitle("TensorFlow: what it took them for, and what they are")
plt.show()

# %%
# What to try
# -----------
# Give the model images with the channel in front and read the error. Set
# ``data_format="channels_first"`` on a layer and see what a CPU says to it. Write
# the first layer with ``tf.nn.conv2d`` and a variable of shape (3, 3, 1, 16).
