"""
See what backward keeps in memory
=================================

A forward pass that will be differentiated keeps what ``backward`` needs: the input of each product,
the output or the input of each activation, the mask of each dropout. That, more often than the
weights, is what fills the memory in training. Here it is counted, tensor by tensor, in PyTorch by the hooks of its
graph and in JAX by looking into the function that ``vjp`` returns.

Look at the bars from the top: what each word adds, and what each remedy takes away.
"""

# sphinx_gallery_tags = ["memory", "checkpointing", "autograd", "mixed precision"]
# sphinx_gallery_tolerances = {"jax_*": 1}

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

# %%
# Constants
# ---------

SEED = 0
LAYERS, WIDTH, BATCH_SIZE = 8, 256, 512
MIB = 2**20

torch.manual_seed(SEED)
inputs = torch.randn(BATCH_SIZE, WIDTH)
activation = BATCH_SIZE * WIDTH * 4 / MIB
print(f"one layer's output takes {activation} MiB")

# %%
# Count in PyTorch
# ----------------
# ``saved_tensors_hooks`` sees every tensor that the graph keeps. A storage that is kept twice is
# counted once, and the weights, which are there anyway, not at all; the copies of
# them in 16 bits that ``autocast`` makes are counted.


def kept(forward, model):
    owned = {p.untyped_storage().data_ptr() for p in model.parameters()}
    sizes, alive = {}, []

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in owned:
            sizes[storage.data_ptr()] = storage.nbytes()
            alive.append(tensor)  # or its address would be given to another
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        forward(inputs)
    return sum(sizes.values()) / MIB


def stack(*words):
    blocks = [
        nn.Sequential(nn.Linear(WIDTH, WIDTH), *(word() for word in words))
        for _ in range(LAYERS)
    ]
    model = nn.Sequential(*blocks)
    model.train()
    return model


def by_parts(model):
    """Forward, keeping only what goes into each block, and the rest computed
    again."""

    def forward(x):
        for block in model:
            x = checkpoint(block, x, use_reentrant=False)
        return x

    return forward


def in_bfloat16(x):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return relu(x)


def without(x):
    with torch.no_grad():
        return relu(x)


relu, gelu = stack(nn.ReLU), stack(nn.GELU)
dropout = stack(nn.GELU, lambda: nn.Dropout(0.1))
amounts = {
    "linear": kept(m := stack(), m),
    "and ReLU": kept(relu, relu),
    "GELU instead": kept(gelu, gelu),
    "and dropout": kept(dropout, dropout),
    "ReLU, checkpoint": kept(by_parts(relu), relu),
    "ReLU, autocast": kept(in_bfloat16, relu),
    "ReLU, no_grad": kept(without, relu),
}

# %%
# Count in JAX
# ------------
# ``vjp`` returns the output and a function that goes back; what that function holds are its leaves.
# ``jax.checkpoint`` around a layer keeps its input only. All this is outside ``jit``; in a compiled
# step the compiler decides what is kept.

weights = [jnp.asarray(block[0].weight.detach().numpy().T) for block in relu]


def layer(x, w):
    return jax.nn.relu(x @ w)


def forward(weights, x, layer):
    for w in weights:
        x = layer(x, w)
    return x


def kept_in_jax(layer):
    x = jnp.asarray(inputs.numpy())
    _, back = jax.vjp(lambda weights: forward(weights, x, layer), weights)
    arrays = [
        leaf for leaf in jax.tree.leaves(back) if isinstance(leaf, jax.Array)
    ]
    owned = {w.unsafe_buffer_pointer() for w in weights}
    held = {
        a.unsafe_buffer_pointer(): a
        for a in arrays
        if a.unsafe_buffer_pointer() not in owned
    }
    return sum(array.nbytes for array in held.values()) / MIB


amounts["JAX: ReLU"] = kept_in_jax(layer)
amounts["JAX: ReLU, checkpoint"] = kept_in_jax(jax.checkpoint(layer))

# %%
# Result
# ------
# All in MiB.

for name, value in amounts.items():
    print(
        f"{name:<22} {value:6.2f} MiB, "
        f"{value / activation:5.1f} outputs of a layer"
    )
measured = {
    name.lower().replace(":", "").replace(",", "").replace(" ", "_"): value
    for name, value in amounts.items()
}
assert measured["and_relu"] < 1.2 * measured["linear"] + activation
assert (
    measured["and_dropout"]
    > measured["gelu_instead"]
    > 1.5 * measured["and_relu"]
)
assert measured["relu_checkpoint"] <= measured["and_relu"]
assert measured["relu_no_grad"] == 0

# %%

figure, axis = plt.subplots(figsize=(8, 3.4), layout="constrained")
colors = [
    "#14532d" if name.startswith("JAX") else "#6b1f5e" for name in amounts
]
bars = axis.barh(list(amounts), list(amounts.values()), color=colors)
axis.bar_label(bars, fmt=" %.1f")
axis.axvline(LAYERS * activation, color="0.5", linewidth=0.8)
axis.text(
    LAYERS * activation,
    6,
    " one output a layer",
    va="center",
    fontsize=9,
    color="0.3",
)
axis.invert_yaxis()
axis.margins(x=0.1)
axis.set(xlabel=f"MiB kept for backward, {LAYERS} layers")
axis.set_title("What a forward pass keeps until backward")
plt.show()

# %%
# What to try
# -----------
# Double the batch, then the width: what is kept follows both, the weights only the width.
# Checkpoint two blocks at a time. Give ReLU ``inplace=True``; GELU has no such argument, for its
# ``backward`` needs what would be overwritten.
