"""
Export a model from Keras on JAX
================================

``model.export`` knows five formats. Which of them it can write depends on the backend
and on the converters that are installed, so this script tries all five, prints what
the refusals say, loads every file that was written with its own runtime and compares
the outputs. It exists three times, and only the backend differs: together they are a
matrix.
"""

# sphinx_gallery_tags = ["export", "backends", "SavedModel", "LiteRT", "ONNX", "OpenVINO"]
# sphinx_gallery_needs = ["litert_torch", "onnxscript", "tf2onnx"]
# sphinx_gallery_tolerances = {"error_largest": 1e-6}

import contextlib
import io
import logging
import os
import tempfile
import textwrap
import warnings

os.environ["KERAS_BACKEND"] = "jax"  # before Keras is imported

import ai_edge_litert.interpreter as litert
import keras
import matplotlib.pyplot as plt
import onnxruntime
import openvino
from sklearn.datasets import load_digits

# %%
# Constants
# ---------
# OpenVINO computes in 16 bits where the processor can; it is asked for 32 here.

SEED = 0
FORMATS = ["tf_saved_model", "onnx", "litert", "openvino", "torch"]
SUFFIXES = {"onnx": ".onnx", "litert": ".tflite", "openvino": ".xml", "torch": ".pt2"}

logging.disable(logging.WARNING)  # the converters' own
warnings.simplefilter("ignore")
folder = tempfile.TemporaryDirectory()
print(f"Keras runs on {keras.config.backend()}")

# %%
# Model
# -----
# Not trained: an export must be right for any weights.

images = (load_digits().images[:50, :, :, None] / 16).astype("float32")
initial = {"kernel_initializer": keras.initializers.GlorotUniform(seed=SEED)}
model = keras.Sequential(
    [
        keras.Input((8, 8, 1)),
        keras.layers.Conv2D(8, 3, activation="relu", **initial),
        keras.layers.Flatten(),
        keras.layers.Dense(10, **initial),
    ]
)
expected = keras.ops.convert_to_numpy(model(images))

# %%
# Write
# -----
# The number of images is fixed, so that one signature does for every converter. What
# goes wrong is kept with its words.

signature = [keras.InputSpec(shape=images.shape, dtype="float32")]
paths, refusals = {}, {}
for form in FORMATS:
    path = os.path.join(folder.name, form + SUFFIXES.get(form, ""))
    silence = io.StringIO()
    try:
        with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):
            model.export(path, format=form, verbose=False, input_signature=signature)
        paths[form] = path
    except Exception as error:
        words = " ".join(str(error).split()).replace(folder.name, "")
        refusals[form] = f"{type(error).__name__}: {words}"
print("written:", ", ".join(paths))

# %%
# What is refused, and with which words
# -------------------------------------

for form, words in refusals.items():
    print(form)
    print(textwrap.indent(textwrap.fill(words[:300], 74), "    "))

# %%
# Read
# ----
# Every format has a runtime of its own. The two large ones are imported only where
# there is a file for them.


def run_tf_saved_model(path):
    import tensorflow as tf

    loaded = tf.saved_model.load(path)
    return loaded.serve(tf.constant(images)).numpy()


def run_onnx(path):
    session = onnxruntime.InferenceSession(path)
    return session.run(None, {session.get_inputs()[0].name: images})[0]


def run_litert(path):
    interpreter = litert.Interpreter(path)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], images)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def run_openvino(path):
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(path, "CPU", settings)
    return compiled(images)[0]


def run_torch(path):
    import torch

    return torch.export.load(path).module()(torch.from_numpy(images)).detach().numpy()


errors = {}
for form, path in paths.items():
    output = globals()[f"run_{form}"](path)
    errors[form] = float(abs(output - expected).max())
    print(f"{form:<15} error {errors[form]:.1e}")

# %%
# Result
# ------

measured = {f"writes_{form}": form in errors for form in FORMATS}
measured["formats"] = len(errors)
measured["error_largest"] = max(errors.values(), default=0.0)
assert measured["error_largest"] < 1e-5
assert measured["formats"] >= 1
folder.cleanup()

# %%

figure, axis = plt.subplots(figsize=(8, 2.6), layout="constrained")
for row, form in enumerate(FORMATS):
    written = form in errors
    axis.plot(0.02, row, "^", color="#2563eb", mfc="#2563eb" if written else "none", ms=9)
    axis.text(0.06, row, form, va="center")
    words = f"right to {errors[form]:.0e}" if written else refusals[form].partition(":")[0]
    axis.text(0.4, row, words, va="center", color="0.2" if written else "0.45")
axis.set(xlim=(0, 1), ylim=(len(FORMATS) - 0.4, -0.6))
axis.axis("off")
axis.set_title(f"Keras on JAX wrote {len(errors)} of {len(FORMATS)} formats here")
plt.show()

# %%
# What to try
# -----------
# Export before the model was called once. Leave out the input's size for LiteRT. Put
# a ``Lambda`` layer or an LSTM into the model and see what changes.
