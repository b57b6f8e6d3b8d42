"""
Train a convolutional network in JAX
====================================

Two convolutions, two poolings and a linear layer read handwritten digits of 8 by 8
pixels. What to look at is the **layout**: JAX takes any. A convolution can be told in three
strings where batch, height, width and channels are, in the images, in the kernel and in
what comes out; untold, it takes channels first. This one keeps an image's channels last (NHWC), as TensorFlow and Keras do;
PyTorch keeps them first (NCHW). That is what a port trips over first.
"""

# sphinx_gallery_tags = ["convolution", "image", "layout"]
# sphinx_gallery_tolerances = {"accuracy": 0.01, "wrong": 4, "last_loss": 0.01}

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax
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
# A list of kernels and biases and a function that uses them. ``LAYOUT`` says where things are: the
# letters may come in any order, and H, W, I and O stand for a kernel's height, width, channels in
# and channels out. ``[..., None]`` puts the channel at the end.

LAYOUT = ("NHWC", "HWIO", "NHWC")
kernels[2] = kernels[2].reshape(128, 10)
parameters = [
    (kernel, np.zeros(kernel.shape[-1], "float32")) for kernel in kernels
]


def convolve(images, kernel, bias):
    same = jax.lax.conv_general_dilated(
        images, kernel, (1, 1), "SAME", dimension_numbers=LAYOUT
    )
    return jax.nn.relu(same + bias)


def pool(maps):
    size = (1, 2, 2, 1)
    return jax.lax.reduce_window(
        maps, -jnp.inf, jax.lax.max, size, size, "VALID"
    )


def model(parameters, images):
    *convolutions, (kernel, bias) = parameters
    for layer in convolutions:
        images = pool(convolve(images, *layer))
    return images.reshape(len(images), -1) @ kernel + bias


def with_channel(images):
    return images[..., None]


sizes = [array.size for layer in parameters for array in layer]
print(f"input {with_channel(x_train).shape}, kernel {parameters[0][0].shape}")

# %%
# Training
# --------
# A step is a function of parameters, optimizer's state and batch, compiled by ``jax.jit``. Every
# batch has the same shape, so it is traced once.

optimizer = optax.adam(LEARNING_RATE, eps=EPSILON)
state = optimizer.init(parameters)


@jax.jit
def answers(parameters):
    return model(parameters, with_channel(x_test)).argmax(axis=1)


def loss_of(parameters, inputs, targets):
    logits = model(parameters, inputs)
    return optax.softmax_cross_entropy_with_integer_labels(
        logits, targets
    ).mean()


@jax.jit
def train_step(parameters, state, inputs, targets):
    loss, gradients = jax.value_and_grad(loss_of)(parameters, inputs, targets)
    updates, state = optimizer.update(gradients, state)
    return optax.apply_updates(parameters, updates), state, loss


history, losses = [], []
for _ in range(EPOCHS):
    for inputs, targets in batches():
        parameters, state, loss = train_step(
            parameters, state, with_channel(inputs), targets
        )
        losses.append(float(loss))
    history.append(float((np.asarray(answers(parameters)) == y_test).mean()))

# %%
# Result
# ------

guesses = np.asarray(answers(parameters))
maps = np.asarray(convolve(with_channel(x_test[:1]), *parameters[0]))
wrong = np.flatnonzero(guesses != y_test)
measured = {
    "accuracy": history[-1],
    "parameters": sum(sizes),
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
        f"{guesses[number]}, is {y_test[number]}", color="#14532d", fontsize=9
    )
figure.suptitle("JAX: the layout is yours to say, here channels last")
plt.show()

# %%
# What to try
# -----------
# Make ``LAYOUT`` ``("NCHW", "OIHW", "NCHW")`` and move the axes of images, kernels, biases and pooling
# until it runs. Leave ``state`` out of what the loop assigns: Adam then takes its first step
# again and again. Leave out ``float`` around the loss: then nothing in the loop
# waits for a step to be done.
