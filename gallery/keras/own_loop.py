"""
Write a training loop of your own in Keras
==========================================

``fit`` takes callbacks, and most wishes end there. This loop is for the others: it
has a learning rate that follows a schedule and a limit on the length of the
gradient, and it records what happened at every step. A loop of one's own belongs to
the backend; here it is JAX, where nothing may change in place, so weights go in and
new weights come out.

The same loop exists for TensorFlow and for PyTorch, with the same parts under the
same headings, fed the same batches in the same order.
"""

# sphinx_gallery_tags = ["training loop", "schedule", "gradient clipping"]

import math
import os
import random

os.environ["KERAS_BACKEND"] = "jax"  # before Keras is imported

import jax
import keras
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

# %%
# Constants
# ---------
# The learning rate falls from its peak to zero along half a cosine. A gradient
# longer than ``CLIP`` is shortened to it, its direction kept.

SEED = 0
EPOCHS = 15
BATCH_SIZE = 32
PEAK_RATE = 0.3
CLIP = 0.7

random.seed(SEED)  # from which Keras takes the seeds of its layers

# %%
# Data
# ----
# Handwritten digits of 8 by 8 pixels, flattened to 64 features. NumPy shuffles
# them, so that every framework sees the same batches.

digits = load_digits()
x_train, x_test, y_train, y_test = train_test_split(
    (digits.data / 16).astype("float32"),
    digits.target.astype("int64"),
    test_size=0.2,
    stratify=digits.target,
    random_state=SEED,
)
shuffle = np.random.default_rng(SEED)


def batches():
    order = shuffle.permutation(len(x_train))
    for start in range(0, len(order) - BATCH_SIZE + 1, BATCH_SIZE):
        chosen = order[start : start + BATCH_SIZE]
        yield x_train[chosen], y_train[chosen]


steps = EPOCHS * (len(x_train) // BATCH_SIZE)
print(f"{len(x_train)} training images, {steps} steps")

# %%
# Model
# -----
# Two layers. The step below is plain gradient descent, so that nothing but the
# schedule and the limit shapes it.

model = keras.Sequential(
    [
        keras.Input((64,)),
        keras.layers.Dense(64, activation="relu"),
        keras.layers.Dense(10),
    ]
)
loss_function = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

# %%
# One step
# --------
# ``stateless_call`` runs the model with weights that are handed in. That makes the
# loss a pure function, which JAX can differentiate and compile.


def learning_rate(step):
    return PEAK_RATE * 0.5 * (1 + math.cos(math.pi * step / steps))


def loss_of(weights, inputs, targets):
    logits, _ = model.stateless_call(weights, [], inputs, training=True)
    return loss_function(targets, logits)


@jax.jit
def train_step(weights, inputs, targets, rate):
    loss, gradients = jax.value_and_grad(loss_of)(weights, inputs, targets)
    norm = jax.numpy.sqrt(sum((g**2).sum() for g in gradients))
    scale = rate * jax.numpy.minimum(1, CLIP / norm)
    return [w - scale * g for w, g in zip(weights, gradients, strict=True)], loss, norm


# %%
# The loop
# --------
# Nothing is hidden: what you want to know about a step, you append to a list. At the
# end the weights go back into the model.

losses, norms = [], []
weights = [variable.value for variable in model.trainable_variables]
for _ in range(EPOCHS):
    for inputs, targets in batches():
        rate = learning_rate(len(losses))
        weights, loss, norm = train_step(weights, inputs, targets, rate)
        losses.append(float(loss))
        norms.append(float(norm))
for variable, value in zip(model.trainable_variables, weights, strict=True):
    variable.assign(value)

# %%
# Result
# ------
# ``clipped`` is the share of steps whose gradient was too long.

guesses = model.predict(x_test, verbose=0).argmax(axis=1)
measured = {
    "accuracy": float((guesses == y_test).mean()),
    "first_loss": losses[0],
    "last_loss": float(np.mean(losses[-20:])),
    "clipped": float(np.mean(np.array(norms) > CLIP)),
    "steps": len(losses),
}
for name, value in measured.items():
    print(f"{name:<11} {value:8.3f}")
assert measured["accuracy"] > 0.94
assert measured["last_loss"] < 0.2 < 2 < measured["first_loss"]

# %%
# Look at the right panel: where the curve is above the dashed line, the limit was at
# work.

figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
left.plot(losses, color="#2563eb", linewidth=0.8)
left.set(xlabel="step", ylabel="loss of the batch", yscale="log")
right.plot(norms, color="#2563eb", linewidth=0.8)
right.axhline(CLIP, color="0.4", linestyle="--")
right.text(steps, CLIP * 1.08, "the limit", ha="right", color="0.3")
right.set(xlabel="step", ylabel="length of the gradient", ylim=(0, None))
figure.suptitle(f"Keras: {measured['clipped']:.0%} of the steps were shortened")
plt.show()

# %%
# What to try
# -----------
# Do the same with ``fit``: ``keras.optimizers.SGD`` takes
# ``keras.optimizers.schedules.CosineDecay`` and ``global_clipnorm``. Take
# ``jax.jit`` away and compare the time. Set ``CLIP`` to 1,000 and ``PEAK_RATE`` to 3.
