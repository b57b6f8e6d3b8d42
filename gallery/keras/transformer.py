"""
Train a small transformer in Keras
==================================

A sequence of digits goes in, and the model has to give it back in reverse. To do
that, each position must look at the one that lies opposite. A single layer of
attention learns this in some hundred steps, and afterwards its weights can be
looked at: they are a diagonal from one corner to the other. The backend is JAX.
"""

# sphinx_gallery_tags = ["transformer", "attention", "sequence"]

import os
import random

os.environ["KERAS_BACKEND"] = "jax"  # before Keras is imported

import keras
import matplotlib.pyplot as plt
import numpy as np

# %%
# Constants
# ---------

SEED = 0
STEPS = 250
BATCH_SIZE = 64
LENGTH = 8
SYMBOLS = 10
WIDTH = 32
LEARNING_RATE = 0.005

random.seed(SEED)  # from which Keras takes the seeds of its layers

# %%
# Data
# ----
# Made as it is needed: there are 100 million such sequences, so no test sequence
# was seen in training but by chance.

generator = np.random.default_rng(SEED)


def batch(size):
    sequences = generator.integers(0, SYMBOLS, size=(size, LENGTH))
    return sequences, sequences[:, ::-1].copy()


one, other = batch(1)
print(f"in {one[0]}, out {other[0]}")

# %%
# Model
# -----
# Attention has no sense of order, so the positions get an embedding of their own.
# In the functional style layers are called on symbols, and the model is what lies
# between its inputs and its outputs; a second model shares the layers and returns
# what each position looked at. ``places`` starts from the input on purpose: a layer
# called on a plain array is a constant of the model, and its weights are not trained.

layers = keras.layers
inputs = keras.Input((LENGTH,), dtype="int32")
places = keras.ops.zeros_like(inputs) + keras.ops.arange(LENGTH)
x = layers.Embedding(SYMBOLS, WIDTH)(inputs) + layers.Embedding(LENGTH, WIDTH)(places)
attended, weights = layers.MultiHeadAttention(num_heads=1, key_dim=WIDTH)(
    x, x, return_attention_scores=True
)
x = layers.LayerNormalization()(x + attended)
shrunk = layers.Dense(WIDTH)(layers.Dense(2 * WIDTH, activation="relu")(x))
x = layers.LayerNormalization()(x + shrunk)
model = keras.Model(inputs, layers.Dense(SYMBOLS)(x))
looker = keras.Model(inputs, weights)
parameters = model.count_params()
print(f"{parameters:,} parameters")

# %%
# Training
# --------
# The loss compares every position; the classes stay on the last axis.
# ``train_on_batch`` is one step of ``fit``, for data that is made as it is needed.

model.compile(
    optimizer=keras.optimizers.Adam(LEARNING_RATE),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
)
losses = []
for _ in range(STEPS):
    sequences, reverse = batch(BATCH_SIZE)
    losses.append(float(model.train_on_batch(sequences, reverse)))

# %%
# Result
# ------
# ``opposite`` is the share of attention that goes where it should.

sequences, reverse = batch(500)
right = model.predict(sequences, verbose=0).argmax(axis=-1) == reverse
looked_at = looker.predict(sequences, verbose=0).mean(axis=(0, 1))
measured = {
    "symbols_right": float(right.mean()),
    "sequences_right": float(right.all(axis=1).mean()),
    "opposite": float(np.fliplr(looked_at).diagonal().mean()),
    "parameters": parameters,
    "last_loss": losses[-1],
}
for name, value in measured.items():
    print(f"{name:<16} {value:10.3f}")
assert measured["symbols_right"] > 0.95
assert measured["opposite"] > 0.6

# %%

figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
left.plot(losses, color="#2563eb")
left.set(xlabel="step", ylabel="loss", ylim=(0, None))
right.imshow(looked_at, cmap="Blues", vmin=0, vmax=1)
right.set(xlabel="position looked at", ylabel="position")
figure.suptitle(
    f"Keras: {measured['sequences_right']:.0%} of new sequences reversed; each place looks across"
)
plt.show()

# %%
# What to try
# -----------
# Leave out the positions: the model then knows which digits there are but not where,
# and the loss stops early. Sort instead of
# reversing (``np.sort``). Use two heads and draw both.
