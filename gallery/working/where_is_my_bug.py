"""
Find the line of a shape error in every mode
============================================

Two matrices do not fit, in the middle of a training step. The mistake is the same
everywhere; how far it lies from the message is not. This script makes it in TensorFlow and
PyTorch, eager and compiled, and under Keras's ``fit`` on both, and asks of each traceback: is
the line that is wrong among its lines, and which line names the shapes?

Look at ``fit``: it shows the line, in a traceback that Keras has shortened. In one case it does
not: where ``fit`` has to build the model first, on PyTorch, the line is hidden until one call
brings it back.
"""

# sphinx_gallery_tags = ["debugging", "traceback", "compilation", "custom"]
# sphinx_gallery_needs = ["keras"]

import json
import os
import re
import subprocess
import sys
import tempfile
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
import torch

# %%
# Constants
# ---------
# ``THE_LINE`` is how the wrong line is recognised in a traceback, ``SHAPES`` how a line that
# names both shapes is.

THE_LINE = "@ kernel"
SHAPES = re.compile(r"4(x|, ?)8.{1,25}7(x|, ?)3|\b8 and 7\b")
good, bad = np.ones((4, 8), "float32"), np.ones((7, 3), "float32")

# %%
# A training step with a mistake
# ------------------------------
# A product of (4, 8) and (7, 3), and then a loss and its gradient, which nobody reaches.

weight = tf.Variable(np.eye(8, dtype="float32"))


def tensorflow_step(x):
    with tf.GradientTape() as tape:
        hidden = x @ weight
        kernel = tf.constant(bad)
        loss = tf.reduce_mean(hidden @ kernel)
    weight.assign_sub(tape.gradient(loss, weight))


parameter = torch.eye(8, requires_grad=True)


def torch_step(x):
    hidden = x @ parameter
    kernel = torch.from_numpy(bad)
    loss = (hidden @ kernel).mean()
    loss.backward()


# %%
# Under Keras's ``fit``
# ---------------------
# A layer makes the mistake: in training only, so that the model is built and predicts without a
# word and the first step fails; and always, in a model that ``fit`` has to build first. Each
# backend gets a process; ``fit`` compiles the step on TensorFlow and leaves it eager on PyTorch.

KERAS = """
import json, os, sys, traceback
if os.environ["KERAS_BACKEND"] != "tensorflow":
    sys.modules["tensorflow"] = None  # it would be imported, if installed
import keras, numpy as np

class Faulty(keras.layers.Layer):
    def call(self, x, training=None):
        if training or not SPARED:
            kernel = keras.ops.ones((7, 3))
            x = x @ kernel
        return x

    def compute_output_shape(self, shape):
        return shape

def caught(built):
    global SPARED
    SPARED = built
    inputs = [keras.Input((8,))] if built else []
    model = keras.Sequential([*inputs, keras.layers.Dense(8), Faulty()])
    model.compile("sgd", "mse")
    try:
        model.fit(np.ones((4, 8)), np.ones((4, 8)), verbose=0)
    except Exception as error:
        return "".join(traceback.format_exception(error))

texts = [caught(True), caught(False)]
keras.config.disable_traceback_filtering()
print(json.dumps([*texts, caught(False)]))
"""


def keras_tracebacks(backend):
    environment = {**os.environ, "KERAS_BACKEND": backend}
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "keras_step.py")
        script.write_text(KERAS)
        done = subprocess.run(
            [sys.executable, str(script)],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
    return json.loads(done.stdout.splitlines()[-1])


# %%
# Catch
# -----
# The mistake is found before any code is generated, so ``torch.compile`` only has to read the
# Python (``backend="eager"``). It logs a traceback besides, of its own files only.


def caught(function, *arguments):
    try:
        function(*arguments)
    except Exception as error:
        return "".join(traceback.format_exception(error))
    raise AssertionError("the mistake was not noticed")


pool = ThreadPoolExecutor(2)
under_keras = {
    name: pool.submit(keras_tracebacks, backend)
    for name, backend in (("TensorFlow", "tensorflow"), ("PyTorch", "torch"))
}
tracebacks = {
    "TensorFlow, eager": caught(tensorflow_step, tf.constant(good)),
    "TensorFlow, tf.function": caught(
        tf.function(tensorflow_step), tf.constant(good)
    ),
    "PyTorch, eager": caught(torch_step, torch.from_numpy(good)),
    "PyTorch, torch.compile": caught(
        torch.compile(torch_step, backend="eager"), torch.from_numpy(good)
    ),
}
for name, answer in under_keras.items():
    for how, text in zip(
        ("fit", "fit builds", "fit builds, not filtered"), answer.result()
    ):
        # Keras prints a part of its words in bold.
        tracebacks[f"Keras on {name}, {how}"] = re.sub(r"\x1b\[\d*m", "", text)

# %%
# The line that names the shapes
# ------------------------------
# It is there in every mode, though not always at the end.

found = {}
for name, text in tracebacks.items():
    lines = text.splitlines()
    named = [
        number for number, line in enumerate(lines) if SHAPES.search(line)
    ]
    assert named, f"{name}: no line names the shapes"
    found[name] = len(lines), THE_LINE in text
    begin = max(0, SHAPES.search(lines[named[0]]).start() - 45)
    print(f"{name}, line {named[0] + 1} of {len(lines)}")
    print(f"    {lines[named[0]].strip()[begin : begin + 76]}")

# %%
# Result
# ------

measured = {}
for name, (lines, shown) in found.items():
    key = re.sub(r"\W+", "_", name.lower())
    measured[f"lines_{key}"] = lines
    measured[f"shown_{key}"] = shown
    print(
        f"{name:<43} {lines:>4} lines, "
        f"the line is {'shown' if shown else 'NOT SHOWN'}"
    )
hidden = [name for name, (_, shown) in found.items() if not shown]
assert hidden == ["Keras on PyTorch, fit builds"]

# %%

figure, axis = plt.subplots(figsize=(8, 4), layout="constrained")
names = list(found)
colors = {"T": "#b45309", "P": "#6b1f5e", "K": "#2563eb"}
bars = axis.barh(
    names,
    [found[name][0] for name in names],
    color=[colors[n[0]] for n in names],
)
axis.bar_label(
    bars,
    [" line shown" if found[name][1] else " LINE HIDDEN" for name in names],
)
axis.invert_yaxis()
axis.set(xlabel="lines of traceback")
axis.set_title("The same mistake, from a few lines to a page")
axis.margins(x=0.25)
plt.show()

# %%
# What to try
# -----------
# Print one of ``tracebacks`` in full. Call ``model.compile(run_eagerly=True)`` in Keras and put
# a breakpoint into ``call``. Set ``TORCHDYNAMO_VERBOSE=1`` or, in TensorFlow,
# ``tf.debugging.disable_traceback_filtering()``.
