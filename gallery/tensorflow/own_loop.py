"""
Write a custom training loop in TensorFlow
==========================================

``fit`` is not the only way. This loop does two things that people add first, a
learning rate that follows a schedule and a limit on the length of the gradient,
and it records what happened at every step.

The same loop exists for PyTorch, Keras and JAX, with the same parts under the same headings. All
start from the same weights, see the same batches in the same order, and end alike.
"""

# sphinx_gallery_tags = ["training loop", "schedule", "gradient clipping", "gradient norm", "custom"]
# sphinx_gallery_tolerances = {"accuracy": 0.01, "last_loss": 0.002, "first_loss": 1e-5, "clipped": 0.01}

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
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
# no gradient touches: they are non-trainable variables, and ``training=`` decides whether they
# are collected or used.

model = tf.keras.Sequential(
    [
        tf.keras.Input((64,)),
        tf.keras.layers.Dense(64, use_bias=False),
        tf.keras.layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON),
        tf.keras.layers.ReLU(),
        tf.keras.layers.Dense(10),
    ]
)
model.layers[0].kernel.assign(kernels[0])
model.layers[3].kernel.assign(kernels[1])
schedule = tf.keras.optimizers.schedules.CosineDecay(PEAK_RATE, steps)
optimizer = tf.keras.optimizers.SGD(schedule)
loss_function = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)

# %%
# One step
# --------
# What happens under the tape is remembered, and ``gradient`` goes back over it; each
# call gives fresh gradients, so there is nothing to clear. ``apply`` moves the weights and
# counts the step, by which the schedule knows where it is. ``tf.function`` traces the step once
# and runs it as a graph.


@tf.function
def train_step(inputs, targets):
    with tf.GradientTape() as tape:
        loss = loss_function(targets, model(inputs, training=True))
    gradients = tape.gradient(loss, model.trainable_variables)
    gradients, norm = tf.clip_by_global_norm(gradients, CLIP)
    optimizer.apply(gradients, model.trainable_variables)
    return loss, norm


# %%
# The loop
# --------
# Nothing is hidden: what you want to know about a step, you append to a list.

losses, norms = [], []
for _ in range(EPOCHS):
    for inputs, targets in batches():
        loss, norm = train_step(tf.constant(inputs), tf.constant(targets))
        losses.append(float(loss))
        norms.append(float(norm))

# %%
# Result
# ------
# ``clipped`` is the share of steps whose gradient was too long.

guesses = model(x_test, training=False).numpy().argmax(axis=1)
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
left.plot(losses, color="#b45309", linewidth=0.8)
left.set(xlabel="step", ylabel="loss of the batch", yscale="log")
right.plot(norms, color="#b45309", linewidth=0.8)
right.axhline(CLIP, color="0.4", linestyle="--")
right.text(steps, CLIP * 1.08, "the limit", ha="right", color="0.3")
right.set(xlabel="step", ylabel="length of the gradient", ylim=(0, None))
figure.suptitle(
    f"TensorFlow: {measured['clipped']:.0%} of the steps were shortened"
)
plt.show()

# %%
# What to try
# -----------
# Take ``@tf.function`` away and compare the time. Give ``train_step`` the number of the step as
# a Python integer and print inside it, to see it traced again and again. Take the assertions out, set
# ``CLIP`` to 1,000 and ``PEAK_RATE`` to 3, and look at the panels.
