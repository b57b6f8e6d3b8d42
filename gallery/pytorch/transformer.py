"""
Train a small transformer in PyTorch
====================================

A sequence of digits goes in, and the model has to give it back in reverse. To do
that, each position must look at the one that lies opposite. A single layer of
attention learns this in less than a hundred steps, and afterwards the attention weights can
be looked at: they are a diagonal from one corner to the other.
"""

# sphinx_gallery_tags = ["transformer", "attention", "sequence"]
# sphinx_gallery_tolerances = {"symbols_right": 0.01, "sequences_right": 0.05, "opposite": 0.03, "last_loss": 0.01}

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

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
# ``batch_first`` puts the batch before the positions; ``need_weights`` returns what each position looked at. The kernels of
# query, key and value are one parameter, in this order, and transposed like any ``Linear``'s.


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.symbols = nn.Embedding(SYMBOLS, WIDTH)
        self.positions = nn.Embedding(LENGTH, WIDTH)
        self.attention = nn.MultiheadAttention(
            WIDTH, num_heads=1, batch_first=True
        )
        self.norm1, self.norm2 = (
            nn.LayerNorm(WIDTH, eps=EPSILON) for _ in range(2)
        )
        self.expand = nn.Linear(WIDTH, 2 * WIDTH)
        self.shrink = nn.Linear(2 * WIDTH, WIDTH)
        self.head = nn.Linear(WIDTH, SYMBOLS)

    def forward(self, sequences):
        x = self.symbols(sequences) + self.positions(torch.arange(LENGTH))
        attended, weights = self.attention(x, x, x, need_weights=True)
        x = self.norm1(x + attended)
        x = self.norm2(x + self.shrink(torch.relu(self.expand(x))))
        return self.head(x), weights


model = Transformer()
with torch.no_grad():
    for parameter, array in (
        (model.symbols.weight, symbols),
        (model.positions.weight, positions),
        (
            model.attention.in_proj_weight,
            np.concatenate([query.T, key.T, value.T]),
        ),
        (model.attention.out_proj.weight, out.T),
        (model.expand.weight, expand.T),
        (model.shrink.weight, shrink.T),
        (model.head.weight, head.T),
    ):
        parameter.copy_(torch.from_numpy(array.copy()))
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            parameter.zero_()
parameters = sum(p.numel() for p in model.parameters())
print(f"{parameters:,} parameters")

# %%
# Training
# --------
# The loss compares every position; ``cross_entropy`` wants the classes on the
# second axis, so both are flattened to a list of positions.

optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, eps=1e-7)
losses = []
model.train()
for _ in range(STEPS):
    sequences, reverse = batch(BATCH_SIZE)
    logits, _ = model(torch.from_numpy(sequences))
    loss = nn.functional.cross_entropy(
        logits.reshape(-1, SYMBOLS), torch.from_numpy(reverse).reshape(-1)
    )
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())

# %%
# Result
# ------
# ``opposite`` is the share of attention that goes where it should.

sequences, reverse = batch(500)
model.eval()
with torch.no_grad():
    logits, weights = model(torch.from_numpy(sequences))
right = logits.argmax(dim=-1).numpy() == reverse
looked_at = weights.numpy().mean(axis=0)
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
left.plot(losses, color="#6b1f5e")
left.set(xlabel="step", ylabel="loss", ylim=(0, None))
right.imshow(looked_at, cmap="Purples", vmin=0, vmax=1)
right.set(xlabel="position looked at", ylabel="position")
figure.suptitle(
    f"PyTorch: {measured['sequences_right']:.0%} of new sequences "
    "reversed; each place looks across"
)
plt.show()

# %%
# What to try
# -----------
# Leave out the positions: the model then knows which digits there are but not where,
# and the loss stops early. Sort instead of
# reversing (``np.sort``). Use two heads and draw both with
# ``average_attn_weights=False``.
