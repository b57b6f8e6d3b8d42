"""
Export a model from PyTorch
===========================

A network leaves PyTorch as a graph that needs no Python class: ``torch.export``
writes it for PyTorch itself, ``torch.onnx.export`` for every runtime that reads
ONNX. Each file is loaded and its outputs are compared with the model's.

One thing bites everyone once: an exported graph takes the batch size of its example
and no other, unless it is told that the size is free.
"""

# sphinx_gallery_tags = ["export", "torch.export", "ONNX"]

import os
import tempfile

import matplotlib.pyplot as plt
import onnxruntime
import onnxscript  # noqa: F401  torch.onnx.export needs it
import torch
from sklearn.datasets import load_digits
from torch import nn

# %%
# Constants
# ---------

SEED = 0
EPOCHS = 30

torch.manual_seed(SEED)
folder = tempfile.TemporaryDirectory()
paths = {
    name: os.path.join(folder.name, name)
    for name in ("model.pt2", "model.onnx")
}

# %%
# Model
# -----

digits = load_digits()
images, labels = (
    torch.from_numpy((digits.data / 16).astype("float32")),
    torch.from_numpy(digits.target),
)
model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
for _ in range(EPOCHS):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(images), labels).backward()
    optimizer.step()
model.eval()
with torch.no_grad():
    expected = model(images).numpy()
print(
    f"accuracy {float((expected.argmax(axis=1) == labels.numpy()).mean()):.1%}"
)

# %%
# The size of the example
# -----------------------
# Exported with two images, the graph takes two and refuses three.

example = images[:2].clone()  # a view would take all the images into the file
fixed = torch.export.export(model, (example,)).module()
try:
    fixed(images[:3])
    refused = False
except Exception as error:
    refused = True
    print(f"{type(error).__name__}: {str(error).splitlines()[0][:90]}")

# %%
# Write
# -----
# ``Dim`` says which axis is free; its name does not come as far as ONNX, which shows a
# symbol. The example has two images, because a size of
# one is taken for a constant.

free = {0: torch.export.Dim("batch", min=1)}
exported = torch.export.export(model, (example,), dynamic_shapes=(free,))
torch.export.save(exported, paths["model.pt2"])
torch.onnx.export(
    exported, (), paths["model.onnx"], verbose=False, external_data=False
)

# %%
# Read
# ----
# The second file needs no PyTorch any more.

outputs = {
    "torch.export": torch.export.load(paths["model.pt2"])
    .module()(images)
    .detach()
    .numpy()
}
session = onnxruntime.InferenceSession(paths["model.onnx"])
outputs["ONNX Runtime"] = session.run(
    None, {session.get_inputs()[0].name: images.numpy()}
)[0]
print("the input, as ONNX Runtime sees it:", session.get_inputs()[0].shape)

# %%
# Result
# ------

errors = {
    name: float(abs(output - expected).max())
    for name, output in outputs.items()
}
sizes = {
    name: os.path.getsize(path) for name, path in zip(outputs, paths.values())
}
measured = {
    "error_export": errors["torch.export"],
    "error_onnx": errors["ONNX Runtime"],
    "fixed_size_refused": refused,
    "formats": len(outputs),
}
for name, error in errors.items():
    print(f"{name:<13} error {error:.1e}  {sizes[name] / 1024:6.1f} KiB")
assert measured["fixed_size_refused"]
assert max(errors.values()) < 1e-5
folder.cleanup()

# %%

figure, axis = plt.subplots(figsize=(8, 2.2), layout="constrained")
bars = axis.barh(
    list(sizes), [size / 1024 for size in sizes.values()], color="#6b1f5e"
)
axis.bar_label(
    bars, [f" outputs differ by {errors[name]:.0e}" for name in sizes]
)
axis.invert_yaxis()
axis.set(xlabel="KiB on disk")
axis.margins(x=0.45)
axis.set_title("PyTorch: two files, two runtimes, one answer")
plt.show()

# %%
# What to try
# -----------
# Print ``exported`` and read the graph. Put an ``if x.sum() > 0`` into the model.
# Compile the exported graph to a library with
# ``torch._inductor.aoti_compile_and_package``, which takes a C++ compiler and half a
# minute.
