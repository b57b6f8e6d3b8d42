"""
Mask what was only padded
=========================

Sequences of different lengths are padded to one length before they go into a batch, and what
was added must not be looked at. Both libraries can do that, in opposite words: in PyTorch's
``key_padding_mask`` true means *leave out*, in Keras's ``attention_mask`` it means *look at*. An LSTM
in Keras takes the mask and stops in time; in PyTorch it reads on into the padding unless the batch
is packed.

One short sequence is answered alone, and again with more and more padding behind it. Look at which
lines stay at zero.
"""

# sphinx_gallery_tags = ["masking", "padding", "attention", "LSTM", "sequence"]
# sphinx_gallery_tolerances = {"*_none": 0.001, "*_inverted": 0.001, "*_right": 1e-5}

import os
import random

os.environ["KERAS_BACKEND"] = "torch"  # before Keras is imported

import keras
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

# %%
# Constants
# ---------

SEED = 0
LENGTH, WIDTH = 6, 16
PADDED = [0, 1, 2, 4, 8, 16]

generator = np.random.default_rng(SEED)
sequence = generator.normal(size=(1, LENGTH, WIDTH)).astype("float32")
filler = generator.normal(size=WIDTH).astype(
    "float32"
)  # what an embedding has for "nothing"


def padded(count):
    """``(sequence with padding behind it, where it is real)``."""
    rest = np.broadcast_to(filler, (1, count, WIDTH))
    return np.concatenate([sequence, rest], axis=1), np.arange(LENGTH + count)[
        None
    ] < LENGTH


# %%
# Attention, twice the same
# -------------------------
# The same weights in both, as in :doc:`/gallery/porting/tiny_gpt`, but with one head; no bias.

query, key, value, out = generator.normal(
    0, WIDTH**-0.5, (4, WIDTH, WIDTH)
).astype("float32")
attention = nn.MultiheadAttention(
    WIDTH, num_heads=1, bias=False, batch_first=True
)
with torch.no_grad():
    attention.in_proj_weight.copy_(
        torch.from_numpy(np.concatenate([query.T, key.T, value.T]))
    )
    attention.out_proj.weight.copy_(torch.from_numpy(out.T.copy()))
attention.eval()

layer = keras.layers.MultiHeadAttention(1, WIDTH, use_bias=False)
layer.build((1, LENGTH, WIDTH), (1, LENGTH, WIDTH))
for name, kernel in (
    ("query", query),
    ("key", key),
    ("value", value),
    ("output", out),
):
    dense = getattr(layer, f"{name}_dense")
    dense.kernel.assign(kernel.reshape(dense.kernel.shape))


def torch_attention(x, ignore):
    x = torch.from_numpy(x)
    mask = None if ignore is None else torch.from_numpy(ignore)
    with torch.no_grad():
        return attention(x, x, x, key_padding_mask=mask, need_weights=False)[
            0
        ].numpy()


def keras_attention(x, look):
    mask = (
        None
        if look is None
        else np.broadcast_to(look[:, None], (1, x.shape[1], x.shape[1]))
    )
    return keras.ops.convert_to_numpy(layer(x, x, attention_mask=mask))


# %%
# An LSTM, read at its end
# ------------------------
# Nothing is ported here: each is compared with its own answer to the sequence alone.

torch.manual_seed(SEED)
lstm = nn.LSTM(WIDTH, WIDTH, batch_first=True)
lstm.eval()
random.seed(SEED)  # from which Keras takes the seeds of its layers
keras_lstm = keras.layers.LSTM(WIDTH)


def torch_lstm(x, lengths):
    x = torch.from_numpy(x)
    if lengths is not None:
        x = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True)
    with torch.no_grad():
        return lstm(x)[1][0][0].numpy()


def run_keras_lstm(x, mask):
    return keras.ops.convert_to_numpy(keras_lstm(x, mask=mask))


# %%
# Ways
# ----
# Each gets what was padded and where it is real.

ways = {
    "PyTorch's attention, no mask": lambda x, real: torch_attention(x, None),
    "PyTorch's attention, right": lambda x, real: torch_attention(x, ~real),
    "PyTorch's attention, inverted": torch_attention,
    "Keras's attention, no mask": lambda x, real: keras_attention(x, None),
    "Keras's attention, right": keras_attention,
    "Keras's attention, inverted": lambda x, real: keras_attention(x, ~real),
    "PyTorch's LSTM, no mask": lambda x, real: torch_lstm(x, None),
    "PyTorch's LSTM, right": lambda x, real: torch_lstm(x, [LENGTH]),
    "Keras's LSTM, no mask": lambda x, real: run_keras_lstm(x, None),
    "Keras's LSTM, right": run_keras_lstm,
}
alone = {
    name: ways[name.rpartition(",")[0] + ", no mask"](*padded(0))
    for name in ways
}
errors = {name: [] for name in ways}
for count in PADDED:
    for name, answer in ways.items():
        if name.endswith("inverted") and not count:
            errors[name].append(np.nan)
            continue
        given = answer(*padded(count))
        if "attention" in name:
            given = given[:, :LENGTH]
        errors[name].append(float(np.abs(given - alone[name]).max()))

# %%
# Result
# ------
# The largest change of an answer, with the longest padding. An inverted mask leaves out what is
# real: without any padding that is everything, so it is asked from one position of padding on.

measured = {
    name.lower()
    .replace("'s", "")
    .replace(", no mask", "_none")
    .replace(", ", "_")
    .replace(" ", "_"): values[-1]
    for name, values in errors.items()
}
for name, values in errors.items():
    print(f"{name:<30} {values[-1]:8.1e}")
same = np.abs(
    alone["PyTorch's attention, right"] - alone["Keras's attention, right"]
).max()
assert same < 1e-5
for name, value in measured.items():
    assert value < 1e-5 if name.endswith("_right") else value > 0.05, name

# %%

figure, axes = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
styles = {"no mask": "--", "right": "-", "inverted": ":"}
for axis, kind in zip(axes, ("attention", "LSTM")):
    for name, values in errors.items():
        if kind in name:
            color = "#6b1f5e" if name.startswith("P") else "#2563eb"
            width = 4 if name.startswith("P") else 1.5
            label = name.replace(f"'s {kind}", "")
            way = styles[name.rpartition(", ")[2]]
            axis.plot(
                PADDED, values, way, color=color, linewidth=width, label=label
            )
    axis.set(xlabel="positions of padding", title=kind)
figure.legend(
    *axes[0].get_legend_handles_labels(), loc="outside right", frameon=False
)
axes[0].set_ylabel("change of the answer")
figure.suptitle(
    "The right mask keeps the answer, each library's in its own words"
)
plt.show()

# %%
# What to try
# -----------
# Put the padding in front of the sequence, as Keras's ``pad_sequences`` does. Make a batch of two sequences of
# different lengths. Use ``Embedding(mask_zero=True)`` and see the mask travel to the LSTM by itself.
