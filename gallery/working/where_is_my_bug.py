"""
Find the line of a bug in every mode
====================================

Two matrices do not fit. The mistake is the same everywhere; how far it lies from
the message is not. This script makes it in TensorFlow and PyTorch, eager and
compiled, and in Keras's ``fit``, and counts: how many lines is the traceback, and is
the line that is wrong among them?

Look at the last two rows. ``fit`` hides the line, and one call brings it back.
"""

# sphinx_gallery_tags = ["debugging", "traceback", "compilation"]

import logging
import os
import traceback

os.environ["KERAS_BACKEND"] = "torch"

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
import torch

# %%
# Constants
# ---------
# ``THE_LINE`` is how the wrong line is recognised in a traceback.

THE_LINE = "@ kernel"
good, bad = np.ones((4, 8), "float32"), np.ones((7, 3), "float32")

# %%
# The same mistake in five places
# -------------------------------
# A product of (4, 8) and (7, 3).


def tensorflow_step(x):
    kernel = tf.constant(bad)
    return x @ kernel


def torch_step(x):
    kernel = torch.from_numpy(bad)
    return x @ kernel


class Faulty(keras.layers.Layer):
    def call(self, x):
        kernel = torch.from_numpy(bad)
        return x @ kernel


def keras_fit():
    model = keras.Sequential([Faulty()])
    model.compile("sgd", "mse")
    model.fit(good, good, verbose=0)


# %%
# Catch and count
# ---------------
# Compiling in PyTorch uses the part that reads Python (``backend="eager"``), since
# the mistake is found before any code is generated. It also logs what it was doing,
# which is silenced here, since only the traceback is counted.

torch._logging.set_logs(all=logging.CRITICAL)


def report(function, *arguments):
    try:
        function(*arguments)
    except Exception as error:
        text = "".join(traceback.format_exception(error))
        said = [line.strip() for line in str(error).splitlines() if line.strip()]
    return len(text.splitlines()), THE_LINE in text, said[0]


cases = {
    "TensorFlow, eager": (tensorflow_step, tf.constant(good)),
    "TensorFlow, tf.function": (tf.function(tensorflow_step), tf.constant(good)),
    "PyTorch, eager": (torch_step, torch.from_numpy(good)),
    "PyTorch, torch.compile": (torch.compile(torch_step, backend="eager"), torch.from_numpy(good)),
    "Keras, fit": (keras_fit,),
}
found = {name: report(*case) for name, case in cases.items()}
keras.config.disable_traceback_filtering()
found["Keras, fit, not filtered"] = report(keras_fit)
keras.config.enable_traceback_filtering()

# %%
# What they say
# -------------
# The first line of each message, shortened.

for name, (_, _, message) in found.items():
    print(f"{name}\n    {message[:74]}")

# %%
# Result
# ------

measured = {}
for name, (lines, shown, _) in found.items():
    key = name.lower().replace(",", "").replace(".", "_").replace(" ", "_")
    measured[f"lines_{key}"] = lines
    measured[f"shown_{key}"] = shown
    print(f"{name:<26} {lines:>4} lines, the line is {'shown' if shown else 'NOT SHOWN'}")
assert measured["shown_tensorflow_eager"]
assert measured["shown_pytorch_eager"]
assert not measured["shown_keras_fit"]
assert measured["shown_keras_fit_not_filtered"]

# %%

colors = ["#b45309"] * 2 + ["#6b1f5e"] * 2 + ["#2563eb"] * 2
figure, axis = plt.subplots(figsize=(8, 3.2), layout="constrained")
names = list(found)
bars = axis.barh(names, [found[name][0] for name in names], color=colors)
axis.bar_label(bars, [" shown" if found[name][1] else " not shown" for name in names])
axis.invert_yaxis()
axis.set(xlabel="lines of traceback (label: is the wrong line among them?)")
axis.set_title("The same mistake, from a few lines to a page")
axis.margins(x=0.15)
plt.show()

# %%
# What to try
# -----------
# Print ``found[...]`` in full for one case. Call ``model.compile(run_eagerly=True)``
# in Keras. Set ``TORCHDYNAMO_VERBOSE=1`` or, in TensorFlow,
# ``tf.debugging.disable_traceback_filtering()``.
