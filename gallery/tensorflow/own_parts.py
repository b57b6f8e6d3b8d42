"""
Write a layer, a loss and a gradient of your own in TensorFlow
==============================================================

Three things that a library may not have: a layer with weights of its own, a loss,
and an operation whose gradient is not the true one. The last is needed to train
through rounding: the derivative of a step is zero nearly everywhere, so nothing
below it would learn. A "straight-through" gradient pretends that the step was not
there.

Each part is checked against what is known before it is used.
"""

# sphinx_gallery_tags = ["custom layer", "custom loss", "custom gradient"]
# sphinx_gallery_tolerances = {"layer_error": 2e-6, "moved_own": 0.002, "accuracy_*": 0.01}

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

# %%
# Constants
# ---------

SEED = 0
STEPS = 100
LEARNING_RATE = 0.01
DELTA = 0.5

tf.keras.utils.set_random_seed(SEED)

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
# Maxout: several linear maps, of which the largest answers. A ``tf.Module`` finds
# the ``tf.Variable`` objects among its attributes by itself, and needs nothing of
# Keras.


class Maxout(tf.Module):
    def __init__(self, inputs, units, pieces=2):
        super().__init__()
        start = tf.random.normal((pieces, inputs, units), stddev=inputs**-0.5)
        self.kernel = tf.Variable(start)
        self.bias = tf.Variable(tf.zeros((pieces, 1, units)))

    def __call__(self, x):
        return tf.reduce_max(x @ self.kernel + self.bias, axis=0)


layer = Maxout(64, 32)
by_hand = (x_test @ layer.kernel.numpy() + layer.bias.numpy()).max(axis=0)
layer_error = float(abs(layer(x_test).numpy() - by_hand).max())
print(f"layer against NumPy: {layer_error:.1e}")

# %%
# A loss
# ------
# Huber's: a parabola near zero, straight lines beyond. Any function of tensors that
# returns one number is a loss. The library has this one, so it can be checked.


def huber(outputs, targets):
    error = tf.abs(outputs - targets)
    inside = 0.5 * error**2
    outside = DELTA * (error - 0.5 * DELTA)
    return tf.reduce_mean(tf.where(error <= DELTA, inside, outside))


guess, truth = tf.random.normal((100, 10)), tf.random.normal((100, 10))
loss_error = abs(
    float(huber(guess, truth) - tf.keras.losses.Huber(DELTA)(truth, guess))
)
print(f"loss against the library: {loss_error:.1e}")

# %%
# A gradient
# ----------
# A function that returns its result and a second function, which gets the gradient
# from above and says what to hand down. Here it hands it on unchanged.


@tf.custom_gradient
def straight_through(x):
    return tf.cast(x > 0, x.dtype), lambda gradient: gradient


def step_plain(x):
    return (tf.sign(x) + 1) / 2


def slope(function):
    x = tf.Variable(0.7)
    with tf.GradientTape() as tape:
        y = function(x)
    return float(tape.gradient(y, x))


print(
    f"slope at 0.7: plain {slope(step_plain)}, ours {slope(straight_through)}"
)

# %%
# Together
# --------
# The layer, a step to 0 or 1, a linear layer on top; once with the step's own
# gradient and once with ours.


def train(step):
    tf.keras.utils.set_random_seed(SEED)
    body, head = Maxout(64, 64), tf.keras.layers.Dense(10)
    head.build((None, 64))
    variables = [*body.trainable_variables, *head.trainable_variables]
    optimizer = tf.keras.optimizers.Adam(LEARNING_RATE)
    before, losses = body.kernel.numpy(), []

    @tf.function
    def train_step():
        with tf.GradientTape() as tape:
            loss = huber(head(step(body(x_train))), y_train)
        optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    for _ in range(STEPS):
        losses.append(float(train_step()))
    guesses = head(step(body(x_test))).numpy().argmax(axis=1)
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
axis.plot(own_losses, color="#b45309")
axis.text(STEPS, plain_losses[-1], " true gradient", color="0.35", va="center")
axis.text(
    STEPS, own_losses[-1], " straight-through", color="#b45309", va="center"
)
axis.set(xlabel="step", ylabel="loss", yscale="log", xlim=(0, STEPS * 1.2))
axis.set_title(
    "TensorFlow: a layer below a step learns only by a gradient of our own"
)
plt.show()

# %%
# What to try
# -----------
# Hand the gradient down only where ``abs(x) < 1``. Make ``kernel`` a constant and
# print ``layer.trainable_variables``. Derive from ``tf.keras.layers.Layer`` instead, with
# ``add_weight`` for ``tf.Variable`` and ``call`` for ``__call__``, and use the layer in a
# ``Sequential``.
