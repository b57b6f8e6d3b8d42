"""
Train a tiny GPT from scratch in PyTorch, JAX and Keras
========================================================

A transformer that guesses the next character, trained on text that every Python brings along:
the help pages of its own language. It is written three times, with bare parameters in PyTorch, as
a function in JAX and from layers in Keras, starts from the same weights, sees the same batches, and ends with the same loss.
What the text looks like at the beginning, on the way and at the end is printed.

A port of a language model fails quietly: the mask on the wrong side, heads and positions in
another order, another epsilon. So the three losses lie on one curve, or something is wrong.
"""

# sphinx_gallery_tags = ["transformer", "GPT", "language model", "text", "attention", "from scratch"]
# sphinx_gallery_tolerances = {"loss_*": 0.05, "apart": 0.05, "apart_at_first": 1e-4}

import os
import pydoc_data.topics

os.environ["KERAS_BACKEND"] = "jax"  # before Keras is imported

import jax
import keras
import matplotlib.pyplot as plt
import numpy as np
import optax
import torch
from torch.nn import functional

# %%
# Constants
# ---------

SEED = 0
STEPS, SHOWN = 400, (0, 100, 400)
BATCH_SIZE, LENGTH = 8, 32
BLOCKS, HEADS, WIDTH = 2, 4, 32
RATE, EPS = 0.006, 1e-5
OPENING = "The statement"
PARTS = ("query", "key", "value")

# %%
# Data
# ----
# Characters, numbered. The last tenth is for testing. NumPy draws the batches, and the weights.

pages = pydoc_data.topics.topics.values()
text = "\n".join(pages).encode("ascii", "ignore").decode()
alphabet = sorted(set(text))
kinds = len(alphabet)
lookup = np.zeros(128, "int32")
lookup[[ord(c) for c in alphabet]] = range(kinds)
codes = lookup[np.frombuffer(text.encode(), "uint8")]
train, test = np.split(codes, [len(codes) * 9 // 10])
generator = np.random.default_rng(SEED)


def windows(codes, count):
    starts = generator.integers(0, len(codes) - LENGTH - 1, count)
    rows = codes[starts[:, None] + np.arange(LENGTH + 1)]
    return rows[:, :-1], rows[:, 1:]


def draw(*shape):
    return generator.normal(0, shape[0] ** -0.5, shape).astype("float32")


batches = [windows(train, BATCH_SIZE) for _ in range(STEPS)]
held = windows(test, 64)
weights = {"symbols": draw(kinds, WIDTH), "positions": draw(LENGTH, WIDTH)}
for block in range(BLOCKS):
    for name in (*PARTS, "out"):
        weights[f"{name}{block}"] = draw(WIDTH, WIDTH)
    weights[f"expand{block}"] = draw(WIDTH, 4 * WIDTH)
    weights[f"shrink{block}"] = draw(4 * WIDTH, WIDTH)
weights["head"] = draw(WIDTH, kinds)
size = sum(array.size for array in weights.values())
print(f"{len(text):,} characters, {kinds} different ones; {size:,} weights")

# %%
# PyTorch
# -------
# ``scaled_dot_product_attention`` wants the heads *before* the positions, so they are moved there
# and back.


class GPT(torch.nn.Module):
    def __init__(self):
        super().__init__()
        start = {name: torch.tensor(array) for name, array in weights.items()}
        self.w = torch.nn.ParameterDict(start)

    def heads(self, x):
        return x.unflatten(-1, (HEADS, WIDTH // HEADS)).transpose(1, 2)

    def norm(self, x):
        return functional.layer_norm(x, (WIDTH,), eps=EPS)

    def forward(self, codes):
        w, attend = self.w, functional.scaled_dot_product_attention
        x = w["symbols"][codes] + w["positions"]
        for b in range(BLOCKS):
            h = self.norm(x)
            parts = (self.heads(h @ w[f"{name}{b}"]) for name in PARTS)
            seen = attend(*parts, is_causal=True)
            x = x + seen.transpose(1, 2).flatten(2) @ w[f"out{b}"]
            wide = self.norm(x) @ w[f"expand{b}"]
            x = x + functional.gelu(wide, approximate="tanh") @ w[f"shrink{b}"]
        return self.norm(x) @ w["head"]


gpt = GPT()
optimizer = torch.optim.Adam(gpt.parameters(), lr=RATE, eps=1e-7)
losses = {"PyTorch": []}


def torch_logits(codes):
    gpt.eval()
    with torch.inference_mode():
        return gpt(torch.from_numpy(codes).long()).numpy()


# %%
# What is written after so many steps: each character is drawn from what the model gives it.


def written(logits_of, count=70):
    dice = np.random.default_rng(SEED)
    codes = list(lookup[np.frombuffer(OPENING.encode(), "uint8")])
    for _ in range(count):
        window = codes[-LENGTH:]
        padded = np.pad(window, (0, LENGTH - len(window)))[None]
        logits = logits_of(padded.astype("int32"))[0, len(window) - 1]
        chances = np.exp((logits - logits.max()) / 0.7)
        codes.append(dice.choice(kinds, p=chances / chances.sum()))
    return "".join(alphabet[code] for code in codes)


texts = {0: written(torch_logits)}
for step, (codes, following) in enumerate(batches, 1):
    gpt.train()
    optimizer.zero_grad()
    logits = gpt(torch.from_numpy(codes))
    targets = torch.from_numpy(following).flatten().long()
    loss = functional.cross_entropy(logits.flatten(0, 1), targets)
    loss.backward()
    optimizer.step()
    losses["PyTorch"].append(loss.item())
    if step in SHOWN:
        texts[step] = written(torch_logits)
for step, words in texts.items():
    print(f"after {step} steps:\n    " + words.replace("\n", "\n    "))

# %%
# JAX
# ---
# ``dot_product_attention`` wants the heads *after* the positions: nothing is moved.


def norm(x):
    centred = x - x.mean(-1, keepdims=True)
    return centred * jax.lax.rsqrt((centred**2).mean(-1, keepdims=True) + EPS)


def jax_gpt(w, codes):
    x = w["symbols"][codes] + w["positions"]
    for b in range(BLOCKS):
        h = norm(x)
        split = (*x.shape[:2], HEADS, WIDTH // HEADS)
        parts = ((h @ w[f"{name}{b}"]).reshape(split) for name in PARTS)
        seen = jax.nn.dot_product_attention(*parts, is_causal=True)
        x = x + seen.reshape(x.shape) @ w[f"out{b}"]
        x = x + jax.nn.gelu(norm(x) @ w[f"expand{b}"]) @ w[f"shrink{b}"]
    return norm(x) @ w["head"]


def loss_of(w, codes, following):
    logits = jax_gpt(w, codes)
    each = optax.softmax_cross_entropy_with_integer_labels(logits, following)
    return each.mean()


adam = optax.adam(RATE, eps=1e-7)


@jax.jit
def train_step(w, state, codes, following):
    loss, gradients = jax.value_and_grad(loss_of)(w, codes, following)
    updates, state = adam.update(gradients, state)
    return optax.apply_updates(w, updates), state, loss


trained, state, losses["JAX"] = weights, adam.init(weights), []
for codes, following in batches:
    trained, state, loss = train_step(trained, state, codes, following)
    losses["JAX"].append(float(loss))

# %%
# Keras
# -----
# The attention is a layer, whose kernels have an axis for the heads, and the mask is an argument
# of its call.

layers = keras.layers


def normed(x):
    return layers.LayerNormalization(epsilon=EPS, center=False, scale=False)(x)


def kernel(layer, name, *shape):
    layer.kernel.assign(weights[name].reshape(shape or weights[name].shape))


given = keras.Input((LENGTH,), dtype="int32")
places = keras.ops.zeros_like(given) + keras.ops.arange(LENGTH)
# Drawing initial values costs, and is not needed.
zeros = {"kernel_initializer": "zeros", "use_bias": False}
symbols = layers.Embedding(kinds, WIDTH, "zeros")
positions = layers.Embedding(LENGTH, WIDTH, "zeros")
x, part = symbols(given) + positions(places), WIDTH // HEADS
symbols.embeddings.assign(weights["symbols"])
positions.embeddings.assign(weights["positions"])
for b in range(BLOCKS):
    attention = layers.MultiHeadAttention(HEADS, part, **zeros)
    h = normed(x)
    x = x + attention(h, h, use_causal_mask=True)
    for name in PARTS:
        layer = getattr(attention, f"{name}_dense")
        kernel(layer, f"{name}{b}", WIDTH, HEADS, part)
    kernel(attention.output_dense, f"out{b}", HEADS, part, WIDTH)

    def gelu(x):
        return keras.ops.gelu(x, approximate=True)

    expand = layers.Dense(4 * WIDTH, gelu, **zeros)
    shrink = layers.Dense(WIDTH, **zeros)
    x = x + shrink(expand(normed(x)))
    kernel(expand, f"expand{b}")
    kernel(shrink, f"shrink{b}")
head = layers.Dense(kinds, **zeros)
model = keras.Model(given, head(normed(x)))
kernel(head, "head")
model.compile(
    keras.optimizers.Adam(RATE, epsilon=1e-7),
    keras.losses.SparseCategoricalCrossentropy(from_logits=True),
)
losses["Keras"] = [float(model.train_on_batch(*batch)) for batch in batches]

# %%
# Result
# ------
# The last losses are means of twenty batches. Afterwards each is asked about text that none saw,
# and PyTorch's about as much of the text that it learnt from: the unseen part is not the harder
# one here.

answers = {
    "PyTorch": torch_logits(held[0]),
    "JAX": np.asarray(jax.jit(jax_gpt)(trained, held[0])),
    "Keras": model.predict(held[0], verbose=0),
}


def loss_on(logits, following):
    logits = logits - logits.max(axis=-1, keepdims=True)
    chances = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    return float(-np.take_along_axis(chances, following[..., None], -1).mean())


codes, following = windows(train, 64)
known = loss_on(torch_logits(codes), following)
measured = {"weights": size, "characters": len(text)}
measured["loss_known_pytorch"] = known
for name, values in losses.items():
    last = float(np.mean(values[-20:]))
    unseen = loss_on(answers[name], held[1])
    measured[f"loss_{name.lower()}"] = last
    measured[f"loss_held_{name.lower()}"] = unseen
    print(f"{name:<8} {values[0]:.3f} to {last:.3f}; unseen text {unseen:.3f}")
print(f"PyTorch on text that it learnt from: {known:.3f}")
curves = np.array(list(losses.values()))
smooth = np.array([np.convolve(c, np.ones(20) / 20, "valid") for c in curves])
first = float(np.ptp(curves[:, 0]))
apart = float(np.ptp(smooth, axis=0).max())
print(f"apart at first {first:.1e}, at most {apart:.3f} (smoothed)")
measured |= {"apart_at_first": first, "apart": apart}
assert measured["apart_at_first"] < 1e-3
assert measured["apart"] < 0.05
assert measured["loss_pytorch"] < 2.6 < losses["PyTorch"][0]

# %%

styles = {"PyTorch": ("#6b1f5e", 5, 0.35), "JAX": ("#14532d", 2.2, 1)}
styles["Keras"] = ("#2563eb", 0.8, 1)
figure, axis = plt.subplots(figsize=(8, 3.4), layout="constrained")
for (name, (color, width, alpha)), curve in zip(styles.items(), smooth):
    axis.plot(curve, color=color, linewidth=width, alpha=alpha, label=name)
axis.set(xlabel="step", ylabel="loss, mean of 20 batches", ylim=(1.5, None))
axis.legend(frameon=False)
axis.set_title("Three tiny GPTs from the same weights: one curve")
plt.show()

# %%
# What to try
# -----------
# Leave ``is_causal`` out of one of them and watch its loss fall below the others': it reads what
# it should guess. Forget both ``transpose`` in PyTorch: it runs all the same. Train for 4,000 steps.
