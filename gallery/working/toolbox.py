"""
Count the tools in each box
===========================

"Fewer built-in tools" is said of PyTorch, and it can be counted. Twelve things that
projects often ask for are looked up by name in each of the three packages as they are
installed, without any add-on. Where a box has nothing by that name, the script searches
all of its public names for what the others call it, so that a gap is not only a
name that we didn't know.

Look at what the gaps have in common. PyTorch lacks what goes around training; Keras
lacks what its backend has.
"""

# sphinx_gallery_tags = ["tools", "the original"]
# sphinx_gallery_needs = ["keras", "tensorflow", "torch"]

import importlib
import os
import sys

os.environ["KERAS_BACKEND"] = "torch"

import keras
import matplotlib.pyplot as plt
import tensorflow as tf
import torch

# %%
# Constants
# ---------
# One name for each tool in each box; a dash where we know of none.

TOOLS = {
    "training loop": ("keras.Model.fit", "-", "Model.fit"),
    "early stopping": ("keras.callbacks.EarlyStopping", "-", "callbacks.EarlyStopping"),
    "accuracy": ("keras.metrics.Accuracy", "-", "metrics.Accuracy"),
    "image augmentation": ("image.random_flip_left_right", "-", "layers.RandomFlip"),
    "known architectures": ("keras.applications.ResNet50", "-", "applications.ResNet50"),
    "falling learning rate": (
        "keras.optimizers.schedules.CosineDecay",
        "optim.lr_scheduler.CosineAnnealingLR",
        "optimizers.schedules.CosineDecay",
    ),
    "batches of data": ("data.Dataset", "utils.data.DataLoader", "utils.PyDataset"),
    "16 bits": ("keras.mixed_precision.Policy", "amp.autocast", "mixed_precision.DTypePolicy"),
    "several devices": (
        "distribute.MirroredStrategy",
        "nn.parallel.DistributedDataParallel",
        "distribution.DataParallel",
    ),
    "file to deploy": ("saved_model.save", "export.export", "export.ExportArchive"),
    "profiler": ("profiler.experimental.Profile", "profiler.profile", "-"),
    "TensorBoard writer": ("summary.create_file_writer", "utils.tensorboard.SummaryWriter", "-"),
}
BOXES = {"TensorFlow": tf, "PyTorch": torch, "Keras": keras}

# %%
# Look up
# -------
# A tool counts where its name leads to something that can be called.


def look_up(package, name):
    found = package
    for depth, part in enumerate(name.split(".")):
        if not hasattr(found, part) and depth:
            try:
                importlib.import_module(
                    f"{package.__name__}.{'.'.join(name.split('.')[: depth + 1])}"
                )
            except ImportError:
                return None
        found = getattr(found, part, None)
    return found


has = {
    tool: {
        box: callable(look_up(package, name)) for (box, package), name in zip(BOXES.items(), row)
    }
    for tool, row in TOOLS.items()
}
for tool, row in has.items():
    print(f"{tool:<22}", "  ".join(f"{box if there else '-':<10}" for box, there in row.items()))

# %%
# Search the gaps
# ---------------
# What the other boxes call the tool, searched among all public names of the one that
# seems to lack it, and among the methods of its classes. Keras's own callback for
# TensorBoard is found nowhere in the list: it writes by TensorFlow, which
# :doc:`/gallery/working/event_files` shows.


def public_names(package):
    for path, module in list(sys.modules.items()):
        parts = path.split(".")
        if parts[0] == package.__name__ and not any(part.startswith("_") for part in parts):
            for name, value in list(vars(module).items()):
                if not name.startswith("_"):
                    yield name.lower()
                    if issubclass(type(value), type):
                        yield from (part.lower() for part in vars(value))


gaps = [(tool, box) for tool, row in has.items() for box, there in row.items() if not there]
names = {box: set(public_names(package)) for box, package in BOXES.items()}
overlooked = []
for tool, box in gaps:
    others = {name.rpartition(".")[2].lower() for name in TOOLS[tool] if name != "-"}
    overlooked += [(tool, box, hit) for hit in others & names[box]]
print(f"{len(gaps)} gaps, of which {len(overlooked)} have a name elsewhere: {overlooked}")
assert not overlooked

# %%
# One drawer in two boxes
# -----------------------
# TensorFlow's box has all of Keras's, since ``tf.keras`` is the same library: the same
# classes, not copies. Without them it would have no training loop either. What does not
# come from Keras runs at once, as PyTorch's operations do.

same_keras = tf.keras.Sequential is keras.Sequential and tf.keras.Model.fit is keras.Model.fit
from_keras = sum(row[0].startswith("keras.") for row in TOOLS.values())
print(f"the same library: {same_keras}; {from_keras} of TensorFlow's tools are Keras's")
print(f"TensorFlow runs eagerly: {tf.executing_eagerly()}")

# %%
# Result
# ------

counts = {box: sum(row[box] for row in has.values()) for box in BOXES}
measured = {f"tools_{box.lower()}": count for box, count in counts.items()}
measured |= {"tools": len(TOOLS), "gaps": len(gaps), "overlooked": len(overlooked)}
measured["pytorch_has_a_loop"] = has["training loop"]["PyTorch"]
measured["tf_keras_is_keras"] = same_keras
measured["tensorflow_from_keras"] = from_keras
measured["tensorflow_runs_eagerly"] = tf.executing_eagerly()
print(measured)
assert counts["PyTorch"] < counts["Keras"] < counts["TensorFlow"]

# %%

colors = {"TensorFlow": "#b45309", "PyTorch": "#6b1f5e", "Keras": "#2563eb"}
figure, axis = plt.subplots(figsize=(8, 4), layout="constrained")
for column, box in enumerate(BOXES):
    for line, tool in enumerate(TOOLS):
        there = has[tool][box]
        axis.scatter(
            column, line, s=70, marker="o" if there else "x", color=colors[box] if there else "0.6"
        )
axis.set_xticks(range(len(BOXES)), [f"{box}: {counts[box]}" for box in BOXES])
axis.set_yticks(range(len(TOOLS)), list(TOOLS))
axis.xaxis.tick_top()
axis.set(xlim=(-0.5, 2.5), title="What each box has")
axis.invert_yaxis()
plt.show()

# %%
# What to try
# -----------
# Add a tool that your project needs and its name in each box. Install torchvision and
# torchmetrics, or Lightning, see which of PyTorch's gaps each fills, and weigh what it
# brings along.
