"""
Export a PyTorch model to ExecuTorch
====================================

ExecuTorch is PyTorch's own way to phones and smaller things: a graph, lowered to what
the device's backend can do, in one file, with a small runtime.
This script writes such a file, runs it here with the same runtime, and compares the
outputs. (LiteRT is the other way; see the export from Keras on PyTorch.)
"""

# sphinx_gallery_tags = ["export", "ExecuTorch", "mobile"]
# sphinx_gallery_tolerances = {"error": 1e-6}

import logging
import os
import tempfile

# Which ExecuTorch imports, and which reports each kernel for graphics cards that it can't load.
logging.getLogger("torchao").setLevel("ERROR")

import matplotlib.pyplot as plt
import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import (
    XnnpackPartitioner,
)
from executorch.exir import to_edge_transform_and_lower
from executorch.runtime import Runtime
from torch import nn

# %%
# Constants
# ---------
# The lines about cpuinfo are the runtime's own.

SEED = 0
torch.manual_seed(SEED)
folder = tempfile.TemporaryDirectory()

# %%
# Model
# -----
# One image at a time, as a phone would.

image = torch.rand(1, 1, 8, 8)
model = nn.Sequential(
    nn.Conv2d(1, 16, 3),
    nn.ReLU(),
    nn.Conv2d(16, 32, 3),
    nn.ReLU(),
    nn.Flatten(),
    nn.Linear(512, 10),
).eval()
with torch.no_grad():
    expected = model(image).numpy()
parameters = sum(p.numel() for p in model.parameters())

# %%
# ExecuTorch
# ----------
# Export, lower to the operations that the phone's backend has (XNNPACK, for
# processors), write one file.

exported = torch.export.export(model, (image,))
program = to_edge_transform_and_lower(
    exported, partitioner=[XnnpackPartitioner()]
).to_executorch()
pte = os.path.join(folder.name, "model.pte")
with open(pte, "wb") as file:
    file.write(program.buffer)
method = Runtime.get().load_program(pte).load_method("forward")
output = method.execute([image])[0].numpy()

# %%
# Result
# ------
# The size should be that of the weights and little more. ``parts`` counts the pieces
# that the backend took over; with one piece and no other operation, the phone never
# falls back on ExecuTorch's own kernels.

nodes = program.exported_program().graph.nodes
steps = [str(node.target) for node in nodes if node.op == "call_function"]
measured = {
    "error": float(abs(output - expected).max()),
    "bytes_file": os.path.getsize(pte),
    "bytes_weights": 4 * parameters,
    "parts": sum("call_delegate" in name for name in steps),
    "other_operations": sum(
        "call_delegate" not in n and "getitem" not in n for n in steps
    ),
}
for name, value in measured.items():
    print(f"{name:<14} {value:.3g}")
assert measured["error"] < 1e-5
assert measured["bytes_file"] < 1.5 * measured["bytes_weights"]
assert measured["parts"] == 1
assert measured["other_operations"] == 0
folder.cleanup()

# %%

figure, axis = plt.subplots(figsize=(8, 1.8), layout="constrained")
sizes = {
    "the weights": measured["bytes_weights"],
    "the file": measured["bytes_file"],
}
bars = axis.barh(
    list(sizes),
    [size / 1024 for size in sizes.values()],
    color=["0.6", "#6b1f5e"],
)
axis.bar_label(bars, fmt=" %.1f KiB")
axis.margins(x=0.15)
axis.set(xlabel="KiB")
axis.set_title(f"ExecuTorch: outputs differ by {measured['error']:.0e}")
plt.show()

# %%
# What to try
# -----------
# Leave out the partitioner and compare. Put ``x.cumsum(0)`` into the model and see
# which counts change. Quantise first with ``torchao``.
