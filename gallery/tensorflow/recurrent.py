"""
Train a recurrent network in TensorFlow
=======================================

An LSTM reads a digit row by row, from the top, and says after each row what it
takes the digit for. It is trained on all of its answers, the early ones too. Look
at the curve at the end: it shows how much of a digit it takes to know it.
"""

# sphinx_gallery_tags = ["recurrent", "LSTM", "sequence"]
# sphinx_gallery_tolerances = {"accuracy*": 0.05}

import matplotlib.pyplot as plt
import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

# %%
# Constants
# ---------

SEED = 0
EPOCHS = 24
BATCH_SIZE = 32
UNITS = 32
LEARNING_RATE = 0.01

tf.keras.utils.set_random_seed(SEED)

# %%
# Data
# ----
# An image of 8 by 8 pixels is a sequence of 8 steps with 8 features each.

digits = load_digits()
x_train, x_test, y_train, y_test = train_test_split(
    (digits.images / 16).astype("float32"),
    digits.target.astype("int64"),
    test_size=0.2,
    stratify=digits.target,
    random_state=SEED,
)
steps_per_image = x_train.shape[1]
print(f"{len(x_train)} sequences of {steps_per_image} steps")

# %%
# Model
# -----
# Time is the second axis, as it is in the data. ``return_sequences=True`` is needed:
# by default the layer returns its last output only. ``Dense`` acts on the last axis
# and so answers at every step.

model = tf.keras.Sequential(
    [
        tf.keras.Input((None, 8)),
        tf.keras.layers.LSTM(UNITS, return_sequences=True),
        tf.keras.layers.Dense(10),
    ]
)
parameters = model.count_params()
print(f"{parameters:,} parameters")

# %%
# Training
# --------
# The loss wants one label for each step; the classes stay on the last axis.

pairs = tf.data.Dataset.from_tensor_slices((x_train, y_train))
loader = pairs.shuffle(len(x_train), seed=SEED).batch(BATCH_SIZE)
optimizer = tf.keras.optimizers.Adam(LEARNING_RATE)
loss_function = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@tf.function(reduce_retracing=True)
def train_step(inputs, targets):
    labels = tf.repeat(targets[:, None], steps_per_image, axis=1)
    with tf.GradientTape() as tape:
        loss = loss_function(labels, model(inputs, training=True))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply(gradients, model.trainable_variables)


for _ in range(EPOCHS):
    for inputs, targets in loader:
        train_step(inputs, targets)

# %%
# Result
# ------
# An answer for each test image and each row.

guesses = model(x_test).numpy().argmax(axis=2)
by_rows = [
    float((guesses[:, row] == y_test).mean()) for row in range(steps_per_image)
]
measured = {
    "accuracy": by_rows[-1],
    "accuracy_half": by_rows[3],
    "accuracy_first_row": by_rows[0],
    "parameters": parameters,
}
for rows, value in enumerate(by_rows, start=1):
    print(f"rows read: {rows} {value:6.1%}")
assert measured["accuracy"] > 0.85
assert measured["accuracy_first_row"] < 0.6

# %%

figure, axis = plt.subplots(figsize=(8, 3.2), layout="constrained")
axis.plot(range(1, 9), by_rows, color="#b45309", marker="o")
axis.axhline(0.1, color="0.6", linestyle="--")
axis.text(8, 0.12, "guessing", color="0.35", ha="right")
axis.set(xlabel="rows read", ylabel="test accuracy", ylim=(0, 1))
axis.set_title(
    f"TensorFlow: from {by_rows[3]:.0%} at half a digit "
    f"to {by_rows[-1]:.0%} at the whole"
)
plt.show()

# %%
# What to try
# -----------
# Replace ``LSTM`` by ``GRU``. Set ``unroll=True``, which wants ``Input((8, 8))``, and time
# the first epoch and the others. Train on the last answer only and look at the early ones.
