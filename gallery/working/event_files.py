"""
Write to TensorBoard from every framework
=========================================

TensorBoard began in TensorFlow and has long been a program of its own, which reads
files of events. PyTorch writes them without TensorFlow. Keras's own callback does
not, which a few lines repair. To be sure of "without", this script makes TensorFlow
impossible to import for its first half. Run it in a fresh process; in a notebook,
restart the kernel first.
"""

# sphinx_gallery_tags = ["TensorBoard", "callbacks", "logging"]

import os
import sys
import tempfile

os.environ["KERAS_BACKEND"] = "torch"
sys.modules["tensorflow"] = None  # from here on, importing it fails

import keras
import matplotlib.pyplot as plt
import numpy as np
import torch
from tensorboard.backend.event_processing.event_accumulator import (
    EventAccumulator,
)
from torch.utils.tensorboard import SummaryWriter

# %%
# Constants
# ---------

SEED = 0
STEPS = 20
RATE = 0.1

folder = tempfile.TemporaryDirectory()
generator = np.random.default_rng(SEED)
x = generator.normal(size=(200, 4)).astype("float32")
y = (x @ np.array([[1.0], [-2.0], [0.5], [3.0]], "float32")).astype("float32")

# %%
# PyTorch
# -------
# ``SummaryWriter`` comes with PyTorch; the package ``tensorboard`` must be there.

torch.manual_seed(SEED)
model = torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
with SummaryWriter(os.path.join(folder.name, "pytorch")) as writer:
    for step in range(STEPS):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(
            model(torch.from_numpy(x)), torch.from_numpy(y)
        )
        loss.backward()
        optimizer.step()
        writer.add_scalar("loss", loss.item(), step)

# %%
# Keras
# -----
# The callback that comes with Keras, and how it fails when TensorFlow can't be imported. (The
# words are those of our trick; where it is not installed, they name ``tensorflow`` itself.)


def train_keras(callback):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(RATE), "mse")
    model.fit(
        x, y, epochs=STEPS, batch_size=len(x), callbacks=[callback], verbose=0
    )


try:
    train_keras(
        keras.callbacks.TensorBoard(os.path.join(folder.name, "refused"))
    )
    keras_words = "it works"
except Exception as error:
    keras_words = f"{type(error).__name__}: {str(error).splitlines()[0]}"
print(keras_words[:110])

# %%
# A callback is a class with a method for each moment. This one hands the numbers to
# PyTorch's writer.


class Events(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.writer = SummaryWriter(os.path.join(folder.name, "keras"))

    def on_epoch_end(self, epoch, logs=None):
        self.writer.add_scalar("loss", logs["loss"], epoch)

    def on_train_end(self, logs=None):
        self.writer.close()


train_keras(Events())

# %%
# TensorFlow
# ----------
# Its own writer, once it may be imported again. It shares code with the package
# ``tensorboard``, which has to forget first that there was no TensorFlow.

without_tensorflow = sys.modules["tensorflow"] is None
for name in [
    n
    for n in sys.modules
    if n.partition(".")[0] in {"tensorflow", "tensorboard"}
]:
    del sys.modules[name]
import tensorflow as tf

kernel, bias = (
    tf.Variable(tf.random.normal((4, 1), seed=SEED)),
    tf.Variable([0.0]),
)
with tf.summary.create_file_writer(
    os.path.join(folder.name, "tensorflow")
).as_default():
    for step in range(STEPS):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((x @ kernel + bias - y) ** 2)
        for variable, gradient in zip(
            (kernel, bias), tape.gradient(loss, (kernel, bias))
        ):
            variable.assign_sub(RATE * gradient)
        tf.summary.scalar("loss", loss, step)

# %%
# Read the files
# --------------
# As TensorBoard itself does, but all events and not a sample of them (the zeros say
# so). TensorFlow 2 writes a scalar as a tensor.


def read(name):
    events = EventAccumulator(
        os.path.join(folder.name, name), {"scalars": 0, "tensors": 0}
    )
    events.Reload()
    if "loss" in events.Tags()["scalars"]:
        return [event.value for event in events.Scalars("loss")]
    return [
        tf.make_ndarray(event.tensor_proto).item()
        for event in events.Tensors("loss")
    ]


curves = {name: read(name) for name in ("pytorch", "keras", "tensorflow")}

# %%
# Result
# ------

measured = {
    "events_pytorch": len(curves["pytorch"]),
    "events_keras": len(curves["keras"]),
    "events_tensorflow": len(curves["tensorflow"]),
    "without_tensorflow": without_tensorflow,
    "keras_callback_needs_tensorflow": "it works" not in keras_words,
}
for name, value in measured.items():
    print(f"{name:<32} {value}")
assert set(map(len, curves.values())) == {STEPS}
assert all(curve[-1] < curve[0] / 10 for curve in curves.values())
folder.cleanup()

# %%

colors = {"pytorch": "#6b1f5e", "keras": "#2563eb", "tensorflow": "#b45309"}
figure, axis = plt.subplots(figsize=(8, 3), layout="constrained")
for (name, curve), marker in zip(curves.items(), "s^o"):
    axis.plot(curve, color=colors[name], marker=marker, ms=4, label=name)
axis.set(xlabel="step", ylabel="loss, read from the event files", yscale="log")
axis.legend(frameon=False)
axis.set_title("Three trainings, two writers, one kind of file")
plt.show()

# %%
# What to try
# -----------
# Keep the folder and run ``tensorboard --logdir`` on it. Add
# ``writer.add_histogram`` and ``writer.add_graph``.
