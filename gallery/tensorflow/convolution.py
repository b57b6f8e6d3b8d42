"""
Train a convolutional network in TensorFlow
===========================================

Two convolutions, two poolings and a linear layer read handwritten digits of 8 by 8
pixels. What to look at is the **layout**: TensorFlow and Keras keep an image's
channels after its height and width (NHWC), PyTorch keeps them before (NCHW). That is
what a port trips over first.
"""

# sphinx_gallery_tags = ["convolution", "image", "layout"]
# sphinx_gallery_tolerances = {"accuracy": 0.01, "wrong": 4, "last_loss": 0.01}

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
LEARNING_RATE, EPSILON = 0.003, 1e-7

# %%
# Data
# ----
# The digits stay images. The axis of one channel comes with the model, since the
# frameworks want it in different places. NumPy draws the first weights and the batches.

digits = load_digits()
x_train, x_test, y_train, y_test = train_test_split(
    (digits.images / 16).astype("float32"),
    digits.target.astype("int64"),
    test_size=0.2,
    stratify=digits.target,
    random_state=SEED,
)
print(f"{len(x_train)} training images of {x_train.shape[1:]}")
generator = np.random.default_rng(SEED)


def drawn(*shape):
    bound = (2 / np.prod(shape[:-1])) ** 0.5
    return generator.normal(0, bound, shape).astype("float32")


# Height, width, channels in, channels out.
kernels = [drawn(3, 3, 1, 16), drawn(3, 3, 16, 32), drawn(2, 2, 32, 10)]


def batches():
    order = generator.permutation(len(x_train))
    for start in range(0, len(order) - BATCH_SIZE + 1, BATCH_SIZE):
        chosen = order[start : start + BATCH_SIZE]
        yield x_train[chosen], y_train[chosen]


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

for index, kernel in (
    (0, kernels[0]),
    (2, kernels[1]),
    (5, kernels[2].reshape(128, 10)),
):
    model.layers[index].kernel.assign(kernel)


def with_channel(images):
    return tf.constant(images)[..., None]


parameters = model.count_params()
print(
    f"input {tuple(with_channel(x_train).shape)}, "
    f"kernel {tuple(model.layers[0].kernel.shape)}"
)

# %%
# Training
# --------
# A step under the tape, compiled by ``tf.function``. Every batch has the same shape, so it is
# traced once.

optimizer = tf.keras.optimizers.Adam(LEARNING_RATE, epsilon=EPSILON)
loss_function = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def answers():
    return model(with_channel(x_test), training=False).numpy().argmax(axis=1)


@tf.function
def train_step(inputs, targets):
    with tf.GradientTape() as tape:
        loss = loss_function(targets, model(inputs, training=True))
    optimizer.apply(
        tape.gradient(loss, model.trainable_variables),
        model.trainable_variables,
    )
    return loss


history, losses = [], []
for _ in range(EPOCHS):
    for inputs, targets in batches():
        losses.append(
            float(train_step(with_channel(inputs), tf.constant(targets)))
        )
    history.append(float((answers() == y_test).mean()))

# %%
# Result
# ------

guesses = answers()
maps = model.layers[0](with_channel(x_test[:1])).numpy()
wrong = np.flatnonzero(guesses != y_test)
measured = {
    "accuracy": history[-1],
    "parameters": parameters,
    "wrong": len(wrong),
    "last_loss": float(np.mean(losses[-40:])),
    "steps": len(losses),
}
print(f"{measured['accuracy']:.1%} right, {len(wrong)} of {len(y_test)} wrong")
assert measured["accuracy"] > 0.95
assert measured["parameters"] == 6090

# %%
# The network's mistakes are often yours too. Above them, one digit and what the first channels of
# the first layer make of it: the siblings of this script draw the same maps, and PyTorch's
# finds them on another axis.

figure, axes = plt.subplots(2, 6, figsize=(8, 3.4), layout="constrained")
for axis in axes.flat:
    axis.axis("off")
axes[0, 0].imshow(x_test[0], cmap="gray_r")
axes[0, 0].set_title("a digit", fontsize=9)
for channel, axis in enumerate(axes[0, 1:]):
    axis.imshow(maps[0, :, :, channel], cmap="gray_r")
    axis.set_title(f"[0, :, :, {channel}]", fontsize=9)
for axis, number in zip(axes[1], wrong):
    axis.imshow(x_test[number], cmap="gray_r")
    axis.set_title(
        f"{guesses[number]}, is {y_test[number]}", color="#b45309", fontsize=9
    )
figure.suptitle("TensorFlow: channels come last")
plt.show()

# %%
# What to try
# -----------
# Give the model images with the channel in front and read the error. Make a ``Conv2D`` with
# ``data_format="channels_first"`` by itself, give it such images and see what a CPU says. Write
# the first layer with ``tf.nn.conv2d`` and a variable of shape (3, 3, 1, 16).
