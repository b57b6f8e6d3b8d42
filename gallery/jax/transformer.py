"""
Train a small transformer in JAX
================================

A sequence of digits goes in, and the model has to give it back in reverse. To do
that, each position must look at the one that lies opposite. A single layer of
attention learns this in less than a hundred steps, and afterwards the attention weights can
be looked at: they are a diagonal from one corner to the other. JAX brings no layers, and here
none is missed: attention from scratch is three lines.
"""

# sphinx_gallery_tags = ["transformer", "attention", "sequence"]
# sphinx_gallery_tolerances = {"symbols_right": 0.01, "sequences_right": 0.05, "opposite": 0.03, "last_loss": 0.01}

import jax
import matplotlib.pyplot as plt
import numpy as np
import optax

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
# Attention has no sense of order, so the positions get an embedding of their own. An embedding is
# an array that is indexed, a layer two arrays that are used; what each position looked at is
# returned beside the answer.

parameters = {
    "symbols": symbols,
    "positions": positions,
    **{
        name: {"kernel": kernel, "bias": np.zeros(kernel.shape[1], "float32")}
        for name, kernel in {
            "query": query, "key": key, "value": value, "out": out,
            "expand": expand, "shrink": shrink, "head": head,
        }.items()
    },
    **{
        name: {"scale": np.ones(WIDTH, "float32"),
               "offset": np.zeros(WIDTH, "float32")}
        for name in ("norm1", "norm2")
    },
}  # fmt: skip


def dense(layer, x):
    return x @ layer["kernel"] + layer["bias"]


def norm(layer, x):
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = (centred**2).mean(axis=-1, keepdims=True)
    return (
        layer["scale"] * centred * jax.lax.rsqrt(variance + EPSILON)
        + layer["offset"]
    )


def model(p, sequences):
    x = p["symbols"][sequences] + p["positions"]
    asked, offered = dense(p["query"], x), dense(p["key"], x)
    weights = jax.nn.softmax(asked @ offered.mT / WIDTH**0.5)
    x = norm(p["norm1"], x + dense(p["out"], weights @ dense(p["value"], x)))
    x = norm(
        p["norm2"], x + dense(p["shrink"], jax.nn.relu(dense(p["expand"], x)))
    )
    return dense(p["head"], x), weights


size = sum(array.size for array in jax.tree.leaves(parameters))
print(f"{size:,} parameters")

# %%
# Training
# --------
# The loss compares every position; the classes stay on the last axis.

optimizer = optax.adam(LEARNING_RATE, eps=1e-7)
state = optimizer.init(parameters)


def loss_of(parameters, sequences, reverse):
    logits, _ = model(parameters, sequences)
    return optax.softmax_cross_entropy_with_integer_labels(
        logits, reverse
    ).mean()


@jax.jit
def train_step(parameters, state, sequences, reverse):
    loss, gradients = jax.value_and_grad(loss_of)(
        parameters, sequences, reverse
    )
    updates, state = optimizer.update(gradients, state)
    return optax.apply_updates(parameters, updates), state, loss


losses = []
for _ in range(STEPS):
    parameters, state, loss = train_step(parameters, state, *batch(BATCH_SIZE))
    losses.append(float(loss))

# %%
# Result
# ------
# ``opposite`` is the share of attention that goes where it should.

sequences, reverse = batch(500)
logits, weights = jax.jit(model)(parameters, sequences)
right = np.asarray(logits).argmax(axis=-1) == reverse
looked_at = np.asarray(weights).mean(axis=0)
measured = {
    "symbols_right": float(right.mean()),
    "sequences_right": float(right.all(axis=1).mean()),
    "opposite": float(np.fliplr(looked_at).diagonal().mean()),
    "parameters": size,
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
left.plot(losses, color="#14532d")
left.set(xlabel="step", ylabel="loss", ylim=(0, None))
right.imshow(looked_at, cmap="BuGn", vmin=0, vmax=1)
right.set(xlabel="position looked at", ylabel="position")
figure.suptitle(
    f"JAX: {measured['sequences_right']:.0%} of new sequences "
    "reversed; each place looks across"
)
plt.show()

# %%
# What to try
# -----------
# Leave out the positions: the model then knows which digits there are but not where, and the
# loss stops early. Sort instead of reversing (``np.sort``). Put
# ``jax.nn.dot_product_attention`` in the place of two lines: it wants an axis for the heads
# (``[:, :, None]``), and it keeps the weights to itself.
