"""
Train a small transformer in Keras
==================================

A sequence of digits goes in, and the model has to give it back in reverse. To do
that, each position must look at the one that lies opposite. A single layer of
attention learns this in less than a hundred steps, and afterwards the attention weights can
be looked at: they are a diagonal from one corner to the other. The backend is JAX.
"""

# sphinx_gallery_tags = ["transformer", "attention", "sequence"]
# sphinx_gallery_tolerances = {"symbols_right": 0.01, "sequences_right": 0.05, "opposite": 0.03, "last_loss": 0.01}

import os

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
EPSILON = 1e-5  # of the layers' normalisation

# %%
# Data
# ----
# Made as it is needed: there are 100 million such sequences, so no test sequence
# was seen in training but by chance. NumPy draws the first weights too, so that nothing is left
# to a framework's own generator.

generator = np.random.default_rng(SEED)


def drawn(*shape):
    return generator.normal(0, shape[0] ** -0.5, shape).astype("float32")


symbols, positions = drawn(SYMBOLS, WIDTH), drawn(LENGTH, WIDTH)
query, key, value, out = (drawn(WIDTH, WIDTH) for _ in range(4))
expand, shrink, head = (
    drawn(WIDTH, 2 * WIDTH),
    drawn(2 * WIDTH, WIDTH),
    drawn(WIDTH, SYMBOLS),
)


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
# called on a plain array is a constant of the model, and its weights are not trained. The
# attention's kernels have an axis for the heads, of which there is one.

layers = keras.layers
inputs = keras.Input((LENGTH,), dtype="int32")
places = keras.ops.zeros_like(inputs) + keras.ops.arange(LENGTH)
of_symbols, of_places = (
    layers.Embedding(SYMBOLS, WIDTH),
    layers.Embedding(LENGTH, WIDTH),
)
attention = layers.MultiHeadAttention(num_heads=1, key_dim=WIDTH)
wider, narrower = (
    layers.Dense(2 * WIDTH, activation="relu"),
    layers.Dense(WIDTH),
)
last = layers.Dense(SYMBOLS)

x = of_symbols(inputs) + of_places(places)
attended, weights = attention(x, x, return_attention_scores=True)
x = layers.LayerNormalization(epsilon=EPSILON)(x + attended)
x = layers.LayerNormalization(epsilon=EPSILON)(x + narrower(wider(x)))
model = keras.Model(inputs, last(x))
looker = keras.Model(inputs, weights)
for kernel, array in (
    (of_symbols.embeddings, symbols),
    (of_places.embeddings, positions),
    (attention.query_dense.kernel, query.reshape(WIDTH, 1, WIDTH)),
    (attention.key_dense.kernel, key.reshape(WIDTH, 1, WIDTH)),
    (attention.value_dense.kernel, value.reshape(WIDTH, 1, WIDTH)),
    (attention.output_dense.kernel, out.reshape(1, WIDTH, WIDTH)),
    (wider.kernel, expand),
    (narrower.kernel, shrink),
    (last.kernel, head),
):
    kernel.assign(array)
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

figure, (left, right) = plt.subplots(
    1, 2, figsize=(8, 3.2), layout="constrained"
)
left.plot(losses, color="#2563eb")
left.set(xlabel="step", ylabel="loss", ylim=(0, None))
right.imshow(looked_at, cmap="Blues", vmin=0, vmax=1)
right.set(xlabel="position looked at", ylabel="position")
figure.suptitle(
    f"Keras: {measured['sequences_right']:.0%} of new sequences "
    "reversed; each place looks across"
)
plt.show()

# %%
# What to try
# -----------
# Leave out the positions: the model then knows which digits there are but not where,
# and the loss stops early. Sort instead of
# reversing (``np.sort``). Use two heads of half the width, reshape the kernels to match, and
# draw both.
