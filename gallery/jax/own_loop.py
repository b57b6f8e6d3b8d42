"""
Write a custom training loop in JAX
===================================

JAX has functions and no ``fit``: every training is a loop of your own, in which whatever
changes is an argument and a result. This one does two things that people add first, a
learning rate that follows a schedule and a limit on the length of the gradient, and it
records what happened at every step. Both come from Optax, which has the optimizers that most
JAX code uses.

The same loop exists for TensorFlow, PyTorch and Keras, with the same parts under the same headings. All
start from the same weights, see the same batches in the same order, and end alike.
"""

# sphinx_gallery_tags = ["training loop", "schedule", "gradient clipping", "gradient norm", "custom"]
# sphinx_gallery_tolerances = {"accuracy": 0.01, "last_loss": 0.002, "first_loss": 1e-5, "clipped": 0.01}

import jax
import matplotlib.pyplot as plt
import numpy as np
import optax
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
# no gradient touches. There is no object to keep it: it goes in beside the parameters and comes
# out with the answer, and an argument of ours says whether it is collected or used.

parameters = {
    "kernel1": kernels[0],
    "scale": np.ones(64, "float32"),
    "offset": np.zeros(64, "float32"),
    "kernel2": kernels[1],
    "bias": np.zeros(10, "float32"),
}
statistics = {
    "mean": np.zeros(64, "float32"),
    "variance": np.ones(64, "float32"),
}


def model(parameters, statistics, inputs, training):
    x = inputs @ parameters["kernel1"]
    used = (
        {"mean": x.mean(axis=0), "variance": x.var(axis=0)}
        if training
        else statistics
    )
    if training:

        def mix(old, new):
            return MOMENTUM * old + (1 - MOMENTUM) * new

        statistics = jax.tree.map(mix, statistics, used)
    x = (x - used["mean"]) * jax.lax.rsqrt(used["variance"] + EPSILON)
    x = jax.nn.relu(parameters["scale"] * x + parameters["offset"])
    return x @ parameters["kernel2"] + parameters["bias"], statistics


schedule = optax.cosine_decay_schedule(PEAK_RATE, steps)
optimizer = optax.chain(optax.clip_by_global_norm(CLIP), optax.sgd(schedule))
state = optimizer.init(parameters)

# %%
# One step
# --------
# ``value_and_grad`` makes a function that returns the loss and its gradient, ``has_aux`` lets the
# statistics out beside the loss. The optimizer is a chain: what it returns is added to the
# parameters. Nothing is changed in place, so ``jit`` may compile all of it.


def loss_of(parameters, statistics, inputs, targets):
    logits, statistics = model(parameters, statistics, inputs, training=True)
    losses = optax.softmax_cross_entropy_with_integer_labels(logits, targets)
    return losses.mean(), statistics


@jax.jit
def train_step(parameters, statistics, state, inputs, targets):
    forward = jax.value_and_grad(loss_of, has_aux=True)
    (loss, statistics), gradients = forward(
        parameters, statistics, inputs, targets
    )
    updates, state = optimizer.update(gradients, state)
    parameters = optax.apply_updates(parameters, updates)
    return parameters, statistics, state, loss, optax.tree.norm(gradients)


# %%
# The loop
# --------
# Nothing is hidden: what you want to know about a step, you append to a list. Assigning all that
# the step returned is the price of functions without side effects; forget one and it stands
# still without an error: the weights, the statistics, or the schedule.

losses, norms = [], []
for _ in range(EPOCHS):
    for inputs, targets in batches():
        parameters, statistics, state, loss, norm = train_step(
            parameters, statistics, state, inputs, targets
        )
        losses.append(float(loss))
        norms.append(float(norm))

# %%
# Result
# ------
# ``clipped`` is the share of steps whose gradient was too long.

logits, _ = model(parameters, statistics, x_test, training=False)
guesses = np.asarray(logits).argmax(axis=1)
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
left.plot(losses, color="#14532d", linewidth=0.8)
left.set(xlabel="step", ylabel="loss of the batch", yscale="log")
right.plot(norms, color="#14532d", linewidth=0.8)
right.axhline(CLIP, color="0.4", linestyle="--")
right.text(steps, CLIP * 1.08, "the limit", ha="right", color="0.3")
right.set(xlabel="step", ylabel="length of the gradient", ylim=(0, None))
figure.suptitle(f"JAX: {measured['clipped']:.0%} of the steps were shortened")
plt.show()

# %%
# What to try
# -----------
# Write ``_`` for ``statistics`` on the left of the loop's call and look at the accuracy. Print
# inside ``train_step`` and count the lines. Take the assertions out, set
# ``CLIP`` to 1,000 and ``PEAK_RATE`` to 3, and look at the panels.
