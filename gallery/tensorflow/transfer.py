"""
Give a trained body a new head in TensorFlow
============================================

A network that tells the ten digits apart is to tell odd from even, and has thirty
labelled examples for it. Its body is kept and frozen, its head replaced. Beside it
the same network learns the same from nothing. Look at two numbers: the accuracy,
and how many weights were trained for it.
"""

# sphinx_gallery_tags = ["transfer learning", "fine-tuning", "few examples"]

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits

# %%
# Constants
# ---------

SEED = 0
BODY_STEPS = 200
HEAD_STEPS = 300
EXAMPLES = 30
LEARNING_RATE = 0.01

tf.keras.utils.set_random_seed(SEED)

# %%
# Data
# ----
# 1,000 images with their digit train the body, 30 others with "odd" or "even" the
# head; the rest is the test.

digits = load_digits()
order = np.random.default_rng(SEED).permutation(len(digits.target))
x = (digits.data / 16).astype("float32")[order]
y_digit = digits.target.astype("int64")[order]
y_odd = y_digit % 2
x_body, y_body = x[:1000], y_digit[:1000]
x_few, y_few = x[1000 : 1000 + EXAMPLES], y_odd[1000 : 1000 + EXAMPLES]
x_test, y_test = x[1000 + EXAMPLES :], y_odd[1000 + EXAMPLES :]
print(f"body: {len(x_body)} images; head: {len(x_few)}; test: {len(x_test)}")

# %%
# Model
# -----
# The body ends in ten scores. What the new head is given are ten probabilities: what
# the body takes an image for.


def new_body():
    layers = [tf.keras.layers.Dense(64, activation="relu"), tf.keras.layers.Dense(10)]
    return tf.keras.Sequential([tf.keras.Input((64,)), *layers])


def new_head():
    layers = [tf.keras.layers.Softmax(), tf.keras.layers.Dense(2)]
    return tf.keras.Sequential([tf.keras.Input((10,)), *layers])


# %%
# Training
# --------
# What trains is what ``trainable_variables`` lists when the step is traced.
# ``trainable = False`` empties the list of a frozen body.


def train(model, images, labels, steps):
    weights = model.trainable_variables
    optimizer = tf.keras.optimizers.Adam(LEARNING_RATE)
    loss_function = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function
    def train_step():
        with tf.GradientTape() as tape:
            loss = loss_function(labels, model(images))
        optimizer.apply(tape.gradient(loss, weights), weights)

    for _ in range(steps):
        train_step()
    return sum(int(tf.size(w)) for w in weights)


def accuracy(model):
    return float((model(x_test).numpy().argmax(axis=1) == y_test).mean())


body = new_body()
train(body, x_body, y_body, BODY_STEPS)

# %%
# Two ways
# --------
# The frozen body with a new head, and everything from nothing.

before = body.layers[0].kernel.numpy()
body.trainable = False
transferred = tf.keras.Sequential([body, new_head()])
weights_transfer = train(transferred, x_few, y_few, HEAD_STEPS)
moved = float(abs(body.layers[0].kernel.numpy() - before).max())

scratch = tf.keras.Sequential([new_body(), new_head()])
weights_scratch = train(scratch, x_few, y_few, HEAD_STEPS)

# %%
# Result
# ------
# A body that was frozen has not moved at all, which is worth asserting in your own
# code too.

measured = {
    "accuracy_transfer": accuracy(transferred),
    "accuracy_scratch": accuracy(scratch),
    "weights_transfer": weights_transfer,
    "weights_scratch": weights_scratch,
    "body_moved": moved,
}
for name, value in measured.items():
    print(f"{name:<18} {value:10.3f}")
assert measured["body_moved"] == 0
assert measured["weights_transfer"] == 22 < measured["weights_scratch"] == 4832
assert measured["accuracy_transfer"] > measured["accuracy_scratch"] + 0.05

# %%

figure, axis = plt.subplots(figsize=(8, 2.2), layout="constrained")
labels = ["from nothing,\n4,832 weights", "new head only,\n22 weights"]
values = [measured["accuracy_scratch"], measured["accuracy_transfer"]]
bars = axis.barh(labels, values, color=["0.6", "#b45309"])
axis.bar_label(bars, fmt=" {:.0%}")
axis.set(xlim=(0, 1), xlabel="accuracy: odd or even?")
axis.set_title("TensorFlow: thirty examples, with and without a trained body")
plt.show()

# %%
# What to try
# -----------
# Give the head the 64 hidden numbers instead of the ten probabilities: with thirty
# examples that is hardly better than starting from nothing. Thaw the body after the
# head has learned and go on with a hundredth of the learning rate; the step must be
# traced again to see the change. Forget the freezing and see ``body_moved``.
