"""
Train a small transformer in TensorFlow
=======================================

A sequence of digits goes in, and the model has to give it back in reverse. To do
that, each position must look at the one that lies opposite. A single layer of
attention learns this in less than a hundred steps, and afterwards the attention weights can
be looked at: they are a diagonal from one corner to the other.
"""

# sphinx_gallery_tags = ["transformer", "attention", "sequence"]
# sphinx_gallery_tolerances = {"symbols_right": 0.01, "sequences_right": 0.05, "opposite": 0.03, "last_loss": 0.01}

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

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
# Attention has no sense of order, so the positions get an embedding of their own. It
# is a ``tf.keras.Model``, since a plain ``tf.Module`` no longer sees the variables of
# Keras layers: its list would be empty, and nothing would train. The attention's kernels have an
# axis for the heads, of which there is one.


class Transformer(tf.keras.Model):
    def __init__(self):
        super().__init__()
        layers = tf.keras.layers
        self.symbols = layers.Embedding(SYMBOLS, WIDTH)
        self.positions = layers.Embedding(LENGTH, WIDTH)
        self.attention = layers.MultiHeadAttention(num_heads=1, key_dim=WIDTH)
        self.norm1, self.norm2 = (
            layers.LayerNormalization(epsilon=EPSILON) for _ in range(2)
        )
        self.expand = layers.Dense(2 * WIDTH, activation="relu")
        self.shrink = layers.Dense(WIDTH)
        self.head = layers.Dense(SYMBOLS)

    def call(self, sequences):
        x = self.symbols(sequences) + self.positions(tf.range(LENGTH))
        attended, weights = self.attention(x, x, return_attention_scores=True)
        x = self.norm1(x + attended)
        x = self.norm2(x + self.shrink(self.expand(x)))
        return self.head(x), weights


model = Transformer()
model(other)  # makes the variables
attention = model.attention
for kernel, array in (
    (model.symbols.embeddings, symbols),
    (model.positions.embeddings, positions),
    (attention.query_dense.kernel, query.reshape(WIDTH, 1, WIDTH)),
    (attention.key_dense.kernel, key.reshape(WIDTH, 1, WIDTH)),
    (attention.value_dense.kernel, value.reshape(WIDTH, 1, WIDTH)),
    (attention.output_dense.kernel, out.reshape(1, WIDTH, WIDTH)),
    (model.expand.kernel, expand),
    (model.shrink.kernel, shrink),
    (model.head.kernel, head),
):
    kernel.assign(array)
parameters = model.count_params()
print(f"{parameters:,} parameters")

# %%
# Training
# --------
# The loss compares every position; the classes stay on the last axis.

optimizer = tf.keras.optimizers.Adam(LEARNING_RATE)
loss_function = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@tf.function
def train_step(sequences, reverse):
    with tf.GradientTape() as tape:
        logits, _ = model(sequences)
        loss = loss_function(reverse, logits)
    variables = model.trainable_variables
    optimizer.apply(tape.gradient(loss, variables), variables)
    return loss


losses = []
for _ in range(STEPS):
    sequences, reverse = batch(BATCH_SIZE)
    losses.append(
        float(train_step(tf.constant(sequences), tf.constant(reverse)))
    )

# %%
# Result
# ------
# ``opposite`` is the share of attention that goes where it should.

sequences, reverse = batch(500)
logits, weights = model(sequences)
right = logits.numpy().argmax(axis=-1) == reverse
looked_at = weights.numpy().mean(axis=(0, 1))
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
left.plot(losses, color="#b45309")
left.set(xlabel="step", ylabel="loss", ylim=(0, None))
right.imshow(looked_at, cmap="Oranges", vmin=0, vmax=1)
right.set(xlabel="position looked at", ylabel="position")
figure.suptitle(
    f"TensorFlow: {measured['sequences_right']:.0%} of new sequences "
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
