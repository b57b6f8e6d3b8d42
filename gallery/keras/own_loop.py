"""
Write a custom training loop in Keras
=====================================

``fit`` takes callbacks, and most wishes end there. This loop is for the others: it
has a learning rate that follows a schedule and a limit on the length of the
gradient, and it records what happened at every step. A loop of one's own belongs to
the backend; here it is JAX, where nothing may change in place, so weights go in and
new weights come out.

The same loop exists for TensorFlow, PyTorch and JAX, with the same parts under the same headings. All
start from the same weights, see the same batches in the same order, and end alike.
"""

# sphinx_gallery_tags = ["training loop", "schedule", "gradient clipping", "gradient norm", "custom"]
# sphinx_gallery_tolerances = {"accuracy": 0.01, "last_loss": 0.002, "first_loss": 1e-5, "clipped": 0.01}

import os

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
EPOCHS = 10
BATCH_SIZE = 32
PEAK_RATE = 0.3
CLIP = 1.0
MOMENTUM, EPSILON = 0.9, 1e-3  # of batch normalisation, as Keras counts them

# %%
# Data
# ----
# Handwritten digits of 8 by 8 pixels, flattened to 64 features. NumPy shuffles
# them and draws the first weights, so that nothing is left to a framework's own generator.

digits = load_digits()
x_train, x_test, y_train, y_test = train_test_split(
    (digits.data / 16).astype("float32"),
    digits.target.astype("int64"),
    test_size=0.2,
    stratify=digits.target,
    random_state=SEED,
)
generator = np.random.default_rng(SEED)
kernels = [
    generator.normal(0, n**-0.5, size=(64, n)).astype("float32")
    for n in (64, 10)
]


def batches():
    order = generator.permutation(len(x_train))
    for start in range(0, len(order) - BATCH_SIZE + 1, BATCH_SIZE):
        chosen = order[start : start + BATCH_SIZE]
        yield x_train[chosen], y_train[chosen]


steps = EPOCHS * (len(x_train) // BATCH_SIZE)
print(f"{len(x_train)} training images, {steps} steps")

# %%
# Model
# -----
# Two layers with a batch normalisation between them, whose running statistics are state that
# no gradient touches: they are non-trainable variables, and go into a step and come out of it
# beside the weights. The optimizer shortens gradients by itself when it is told to.


def make_model(kind=keras.Sequential):
    model = kind(
        [
            keras.Input((64,)),
            keras.layers.Dense(64, use_bias=False),
            keras.layers.BatchNormalization(
                momentum=MOMENTUM, epsilon=EPSILON
            ),
            keras.layers.ReLU(),
            keras.layers.Dense(10),
        ]
    )
    model.layers[0].kernel.assign(kernels[0])
    model.layers[3].kernel.assign(kernels[1])
    return model


def make_optimizer():
    schedule = keras.optimizers.schedules.CosineDecay(PEAK_RATE, steps)
    return keras.optimizers.SGD(schedule, global_clipnorm=CLIP)


model, optimizer = make_model(), make_optimizer()
optimizer.build(model.trainable_variables)
loss_function = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

# %%
# One step
# --------
# ``stateless_call`` runs the model with state that is handed in and returns the new one;
# ``stateless_apply`` does the same for the optimizer. That makes the step a pure function,
# which JAX can differentiate and compile.


def loss_of(weights, statistics, inputs, targets):
    logits, statistics = model.stateless_call(
        weights, statistics, inputs, training=True
    )
    return loss_function(targets, logits), statistics


@jax.jit
def train_step(state, inputs, targets):
    weights, statistics, moments = state
    differentiate = jax.value_and_grad(loss_of, has_aux=True)
    (loss, statistics), gradients = differentiate(
        weights, statistics, inputs, targets
    )
    norm = jax.numpy.sqrt(sum((g**2).sum() for g in gradients))
    weights, moments = optimizer.stateless_apply(moments, gradients, weights)
    return (weights, statistics, moments), loss, norm


# %%
# The loop
# --------
# Nothing is hidden: what you want to know about a step, you append to a list. At the
# end the state goes back into the model.

losses, norms = [], []
kept = (
    model.trainable_variables,
    model.non_trainable_variables,
    optimizer.variables,
)
state = tuple([variable.value for variable in each] for each in kept)
seen = []
for _ in range(EPOCHS):
    for inputs, targets in batches():
        state, loss, norm = train_step(state, inputs, targets)
        losses.append(float(loss))
        norms.append(float(norm))
        seen.append((inputs, targets))
for variables, values in zip(kept, state):
    for variable, value in zip(variables, values):
        variable.assign(value)

# %%
# Seldom is a whole loop needed. ``fit`` calls ``train_step``, and a model may have one of its
# own, here the same step: it gets the state as a tuple and returns what ``fit`` is to show and
# the new state. Callbacks and progress stay; metrics would be the step's to update, and this
# one hands them on untouched. It ends where the loop did.


class Own(keras.Sequential):
    def train_step(self, state, data):
        weights, statistics, moments, metrics = state
        inputs, targets = data[:2]

        def loss_of(weights, statistics):
            logits, new = self.stateless_call(
                weights, statistics, inputs, training=True
            )
            return loss_function(targets, logits), new

        differentiate = jax.value_and_grad(loss_of, has_aux=True)
        (loss, statistics), gradients = differentiate(weights, statistics)
        weights, moments = self.optimizer.stateless_apply(
            moments, gradients, weights
        )
        return {"loss": loss}, (weights, statistics, moments, metrics)


again, optimizer = make_model(Own), make_optimizer()
again.compile(optimizer)
again.fit(
    (batch for batch in seen),
    steps_per_epoch=len(seen),
    shuffle=False,
    verbose=0,
)
same = abs(
    again.predict(x_test, verbose=0) - model.predict(x_test, verbose=0)
).max()
print(f"through fit, outputs differ by {same:.1e}")
assert same < 1e-4

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
assert measured["accuracy"] > 0.95
assert measured["last_loss"] < 0.1 < 2 < measured["first_loss"]
assert 0.02 < measured["clipped"] < 0.9

# %%
# Look at the right panel: where the curve is above the dashed line, the limit was at
# work.

figure, (left, right) = plt.subplots(
    1, 2, figsize=(8, 3.2), layout="constrained"
)
left.plot(losses, color="#2563eb", linewidth=0.8)
left.set(xlabel="step", ylabel="loss of the batch", yscale="log")
right.plot(norms, color="#2563eb", linewidth=0.8)
right.axhline(CLIP, color="0.4", linestyle="--")
right.text(steps, CLIP * 1.08, "the limit", ha="right", color="0.3")
right.set(xlabel="step", ylabel="length of the gradient", ylim=(0, None))
figure.suptitle(
    f"Keras: {measured['clipped']:.0%} of the steps were shortened"
)
plt.show()

# %%
# What to try
# -----------
# Leave ``statistics`` out of the state and look at the test accuracy. Take ``jax.jit`` away and
# compare the time. Set ``CLIP`` to 1,000 and ``PEAK_RATE`` to 3.
