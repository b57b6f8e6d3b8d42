"""
Write a layer, a loss and a gradient of your own in Keras
=========================================================

Three things that a library may not have: a layer with weights of its own, a loss,
and an operation whose gradient is not the true one. The last is needed to train
through rounding: the derivative of a step is zero nearly everywhere, so nothing
below it would learn. A "straight-through" gradient pretends that the step was not
there.

Each part is checked against what is known before it is used. All of them are
written with ``keras.ops``, so they run on every backend; here it is JAX.
"""

# sphinx_gallery_tags = ["custom layer", "custom loss", "custom gradient"]
# sphinx_gallery_tolerances = {"layer_error": 2e-6, "moved_own": 0.002, "accuracy_*": 0.01}

import os
import random

os.environ["KERAS_BACKEND"] = "jax"  # before Keras is imported

import jax
import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import ops
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

# %%
# Constants
# ---------

SEED = 0
STEPS = 100
LEARNING_RATE = 0.01
DELTA = 0.5

random.seed(SEED)  # from which Keras takes the seeds of its layers

# %%
# Data
# ----
# Digits of 64 features; the targets are one-hot, for a loss that compares numbers.

digits = load_digits()
x_train, x_test, y_train, y_test = train_test_split(
    (digits.data / 16).astype("float32"),
    np.eye(10, dtype="float32")[digits.target],
    test_size=0.2,
    stratify=digits.target,
    random_state=SEED,
)
print(x_train.shape, y_train.shape)

# %%
# A layer
# -------
# Maxout: several linear maps, of which the largest answers. ``build`` makes the
# weights when the shape of the input is known, ``call`` uses them.


class Maxout(keras.layers.Layer):
    def __init__(self, units, pieces=2):
        super().__init__()
        self.units, self.pieces = units, pieces

    def build(self, input_shape):
        inputs = input_shape[-1]
        start = keras.initializers.RandomNormal(stddev=inputs**-0.5)
        self.kernel = self.add_weight((self.pieces, inputs, self.units), start)
        self.bias = self.add_weight((self.pieces, 1, self.units), "zeros")

    def call(self, x):
        return ops.max(ops.matmul(x, self.kernel) + self.bias, axis=0)


layer = Maxout(32)
answer = ops.convert_to_numpy(layer(x_test))
by_hand = (x_test @ layer.kernel.numpy() + layer.bias.numpy()).max(axis=0)
layer_error = float(abs(answer - by_hand).max())
print(f"layer against NumPy: {layer_error:.1e}")

# %%
# A loss
# ------
# Huber's: a parabola near zero, straight lines beyond. Any function of targets and
# outputs is a loss. The library has this one, so it can be checked.


def huber(targets, outputs):
    error = ops.abs(outputs - targets)
    inside = 0.5 * error**2
    outside = DELTA * (error - 0.5 * DELTA)
    return ops.mean(ops.where(error <= DELTA, inside, outside), axis=-1)


guess, truth = keras.random.normal((100, 10)), keras.random.normal((100, 10))
loss_error = abs(
    float(
        ops.mean(huber(truth, guess)) - keras.losses.Huber(DELTA)(truth, guess)
    )
)
print(f"loss against the library: {loss_error:.1e}")

# %%
# A gradient
# ----------
# What stands inside ``stop_gradient`` counts forward and not backward. So this is
# the step going forward and ``x`` itself going back, on any backend.


def straight_through(x):
    return x + ops.stop_gradient(ops.cast(x > 0, x.dtype) - x)


def step_plain(x):
    return (ops.sign(x) + 1) / 2


def slope(function):
    return float(jax.grad(function)(0.7))


print(
    f"slope at 0.7: plain {slope(step_plain)}, ours {slope(straight_through)}"
)

# %%
# Together
# --------
# The layer, a step to 0 or 1, a linear layer on top; once with the step's own
# gradient and once with ours.


def train(step):
    random.seed(SEED)
    body, head = Maxout(64), keras.layers.Dense(10)
    model = keras.Sequential(
        [keras.Input((64,)), body, keras.layers.Lambda(step), head]
    )
    model.compile(keras.optimizers.Adam(LEARNING_RATE), loss=huber)
    before = body.kernel.numpy()
    whole = {"batch_size": len(x_train), "shuffle": False}
    losses = model.fit(
        x_train, y_train, epochs=STEPS, verbose=0, **whole
    ).history["loss"]
    guesses = model.predict(x_test, verbose=0).argmax(axis=1)
    moved = float(abs(body.kernel.numpy() - before).max())
    return losses, float((guesses == y_test.argmax(axis=1)).mean()), moved


plain_losses, plain_accuracy, plain_moved = train(step_plain)
own_losses, own_accuracy, own_moved = train(straight_through)

# %%
# Result
# ------
# With the true gradient only the head learns; the layer below stays where it began.

measured = {
    "layer_error": layer_error,
    "loss_error": loss_error,
    "slope_plain": slope(step_plain),
    "slope_own": slope(straight_through),
    "moved_plain": plain_moved,
    "moved_own": own_moved,
    "accuracy_plain": plain_accuracy,
    "accuracy_own": own_accuracy,
}
for name, value in measured.items():
    print(f"{name:<15} {value:.3g}")
assert layer_error < 1e-5
assert loss_error < 1e-6
assert (
    measured["slope_plain"]
    == measured["moved_plain"]
    == 0
    < measured["moved_own"]
)
assert measured["accuracy_own"] > measured["accuracy_plain"] + 0.01

# %%

figure, axis = plt.subplots(figsize=(8, 3.2), layout="constrained")
axis.plot(plain_losses, color="0.55")
axis.plot(own_losses, color="#2563eb")
axis.text(STEPS, plain_losses[-1], " true gradient", color="0.35", va="center")
axis.text(
    STEPS, own_losses[-1], " straight-through", color="#2563eb", va="center"
)
axis.set(xlabel="step", ylabel="loss", yscale="log", xlim=(0, STEPS * 1.2))
axis.set_title(
    "Keras: a layer below a step learns only by a gradient of our own"
)
plt.show()

# %%
# What to try
# -----------
# Change the backend in the first lines: all but ``slope``, which asks JAX, stays as
# it is. Write the same with ``ops.custom_gradient``. Hand the gradient down only
# where ``abs(x) < 1``. Set ``kernel`` to a plain array and look at
# ``layer.trainable_weights``.
