"""
See which tools come in which box
=================================

"Fewer built-in tools" is said of PyTorch. Twelve things that a training on one machine asks for
sooner or later are looked up by name in each package itself, without add-ons that bring tools
of their own (Keras needs a backend, and PyTorch's writer the package ``tensorboard``). They were chosen because each of the three documents most of them;
another dozen, for text or for the web, would look different, so a sum says nothing and none is
made. Where a box has nothing by a name, its loaded public names are searched for what the
others call it.

Look at what the gaps have in common, and at whose tools are TensorFlow's.
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
# One name for each tool in each box; a dash where we know of none. ``AROUND`` is what we
# expect PyTorch to lack; the last section checks it.

TOOLS = {
    "training loop": ("keras.Model.fit", "-", "Model.fit"),
    "early stopping": (
        "keras.callbacks.EarlyStopping",
        "-",
        "callbacks.EarlyStopping",
    ),
    "accuracy": ("keras.metrics.Accuracy", "-", "metrics.Accuracy"),
    "image augmentation": (
        "image.random_flip_left_right",
        "-",
        "layers.RandomFlip",
    ),
    "known architectures": (
        "keras.applications.ResNet50",
        "-",
        "applications.ResNet50",
    ),
    "falling learning rate": (
        "keras.optimizers.schedules.CosineDecay",
        "optim.lr_scheduler.CosineAnnealingLR",
        "optimizers.schedules.CosineDecay",
    ),
    "batches of data": (
        "data.Dataset",
        "utils.data.DataLoader",
        "utils.PyDataset",
    ),
    "16 bits": (
        "keras.mixed_precision.Policy",
        "amp.autocast",
        "mixed_precision.DTypePolicy",
    ),
    "several devices": (
        "distribute.MirroredStrategy",
        "nn.parallel.DistributedDataParallel",
        "distribution.DataParallel",
    ),
    "file to deploy": (
        "saved_model.save",
        "export.export",
        "export.ExportArchive",
    ),
    "profiler": ("profiler.experimental.Profile", "profiler.profile", "-"),
    "TensorBoard writer": (
        "summary.create_file_writer",
        "utils.tensorboard.SummaryWriter",
        "-",
    ),
}
AROUND = list(TOOLS)[:5]
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
                module = ".".join(name.split(".")[: depth + 1])
                importlib.import_module(f"{package.__name__}.{module}")
            except ImportError:
                return None
        found = getattr(found, part, None)
    return found


whose = {}
for tool, row in TOOLS.items():
    for (box, package), name in zip(BOXES.items(), row):
        there = callable(look_up(package, name))
        own = "Keras's" if name.startswith("keras.") else "its own"
        whose[tool, box] = own if there else "none"
for tool in TOOLS:
    print(f"{tool:<22}", "  ".join(f"{whose[tool, box]:<10}" for box in BOXES))

# %%
# Search the gaps
# ---------------
# What the other boxes call the tool, searched among all public names, as far as they are loaded,
# of the one that
# seems to lack it, and among the methods of its classes. Keras's own callback for
# TensorBoard, which can also profile, is left out of the list: it needs all of TensorFlow to
# write, which :doc:`/gallery/working/event_files` shows.


def public_names(package):
    for path, module in list(sys.modules.items()):
        parts = path.split(".")
        if parts[0] == package.__name__ and not any(
            part.startswith("_") for part in parts
        ):
            for name, value in list(vars(module).items()):
                if not name.startswith("_"):
                    yield name.lower()
                    if issubclass(type(value), type):
                        yield from (part.lower() for part in vars(value))


gaps = [pair for pair, there in whose.items() if there == "none"]
names = {box: set(public_names(package)) for box, package in BOXES.items()}
overlooked = []
for tool, box in gaps:
    others = {
        name.rpartition(".")[2].lower() for name in TOOLS[tool] if name != "-"
    }
    overlooked += [(tool, box, hit) for hit in others & names[box]]
print(
    f"{len(gaps)} gaps, of which {len(overlooked)} have a name elsewhere: "
    f"{overlooked}"
)
assert not overlooked

# %%
# One drawer in two boxes
# -----------------------
# TensorFlow's box has Keras in it, since ``tf.keras`` is the same library: the same classes, not
# copies. And TensorFlow's operations run at once, not in a graph first, as PyTorch's do.

same_keras = (
    tf.keras.Sequential is keras.Sequential
    and tf.keras.Model.fit is keras.Model.fit
)
print(f"the same library: {same_keras}")
print(f"TensorFlow runs eagerly: {tf.executing_eagerly()}")

# %%
# Result
# ------
# Whose each tool is, or that there is none.

measured = {
    f"{box.lower()}_{tool.lower().replace(' ', '_')}": there
    for (tool, box), there in whose.items()
}
measured |= {"tools": len(TOOLS), "overlooked": len(overlooked)}
measured["tf_keras_is_keras"] = same_keras
measured["tensorflow_runs_eagerly"] = tf.executing_eagerly()
lacking = [tool for tool in TOOLS if whose[tool, "PyTorch"] == "none"]
print(f"PyTorch lacks: {', '.join(lacking)}")
assert lacking == AROUND
from_keras = [
    tool for tool in AROUND if whose[tool, "TensorFlow"] == "Keras's"
]
assert len(from_keras) > len(AROUND) / 2
assert all(whose[tool, "Keras"] == "its own" for tool in AROUND)

# %%

colors = {"TensorFlow": "#b45309", "PyTorch": "#6b1f5e", "Keras": "#2563eb"}
figure, axis = plt.subplots(figsize=(8, 4), layout="constrained")
for column, box in enumerate(BOXES):
    for line, tool in enumerate(TOOLS):
        there = whose[tool, box]
        color = {
            "none": "0.6",
            "its own": colors[box],
            "Keras's": colors["Keras"],
        }[there]
        axis.scatter(
            column,
            line,
            s=70,
            marker="x" if there == "none" else "o",
            color=color,
        )
        if there == "Keras's":
            axis.text(
                column + 0.07,
                line,
                there,
                va="center",
                color=color,
                fontsize=8,
            )
axis.set_xticks(range(len(BOXES)), list(BOXES))
axis.set_yticks(range(len(TOOLS)), list(TOOLS))
axis.xaxis.tick_top()
axis.set(
    xlim=(-0.5, 2.5), title="PyTorch leaves the first five to other packages"
)
axis.invert_yaxis()
plt.show()

# %%
# What to try
# -----------
# Add a tool that your project needs and its name in each box. Install torchvision and
# torchmetrics, or Lightning, see which of PyTorch's gaps each fills, and weigh what it
# brings along.
