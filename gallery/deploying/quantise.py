"""
Quantise a model to 8 bits
==========================

Weights of 32 bits become integers of 8, and the file comes near a quarter of its size.
What it costs in accuracy is the question, and the answer depends on how the ranges were
found: both ways here look at some training images first. The same trained network
is quantised once by LiteRT, coming from TensorFlow, and once by ONNX Runtime, coming
from PyTorch.
"""

# sphinx_gallery_tags = ["quantisation", "LiteRT", "ONNX", "int8"]

import os
import tempfile

import ai_edge_litert.interpreter as litert
import matplotlib.pyplot as plt
import numpy as np
import onnxruntime
import onnxscript  # noqa: F401  torch.onnx.export needs it
import tensorflow as tf
import torch
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

# %%
# Constants
# ---------

SEED = 0
STEPS = 60

torch.manual_seed(SEED)
folder = tempfile.TemporaryDirectory()
paths = {
    name: os.path.join(folder.name, name)
    for name in ("32.onnx", "plain.onnx", "8.onnx", "32.tflite", "8.tflite")
}

# %%
# One trained network
# -------------------
# Trained in PyTorch; the weights go to TensorFlow transposed.

digits = load_digits()
x_train, x_test, y_train, y_test = train_test_split(
    (digits.data / 16).astype("float32"),
    digits.target.astype("int64"),
    test_size=0.2,
    stratify=digits.target,
    random_state=SEED,
)
model = nn.Sequential(
    nn.Linear(64, 256),
    nn.ReLU(),
    nn.Linear(256, 256),
    nn.ReLU(),
    nn.Linear(256, 10),
)
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
for _ in range(STEPS):
    optimizer.zero_grad()
    nn.functional.cross_entropy(
        model(torch.from_numpy(x_train)), torch.from_numpy(y_train)
    ).backward()
    optimizer.step()
model.eval()
weights = [p.detach().numpy() for p in model.parameters()]


@tf.function(input_signature=[tf.TensorSpec((1, 64), tf.float32)])
def in_tensorflow(x):
    for number in range(0, 6, 2):
        x = x @ weights[number].T + weights[number + 1]
        x = tf.nn.relu(x) if number < 4 else x
    return x


# %%
# LiteRT
# ------
# The converter is given a generator of typical inputs and told to compute
# in integers; what goes in and comes out stays a float here.

concrete = [in_tensorflow.get_concrete_function()]
converter = tf.lite.TFLiteConverter.from_concrete_functions(
    concrete, in_tensorflow
)
with open(paths["32.tflite"], "wb") as file:
    file.write(converter.convert())
converter = tf.lite.TFLiteConverter.from_concrete_functions(
    concrete, in_tensorflow
)
converter.optimizations = [tf.lite.Optimize.DEFAULT]
converter.representative_dataset = lambda: ([x[None]] for x in x_train[:200])
converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
with open(paths["8.tflite"], "wb") as file:
    file.write(converter.convert())


def run_litert(path):
    interpreter = litert.Interpreter(path)
    interpreter.allocate_tensors()
    (given,), (asked,) = (
        interpreter.get_input_details(),
        interpreter.get_output_details(),
    )
    answers = []
    for x in x_test:
        interpreter.set_tensor(given["index"], x[None])
        interpreter.invoke()
        answers.append(interpreter.get_tensor(asked["index"])[0])
    return np.array(answers)


# %%
# ONNX Runtime
# ------------
# The same idea with a class that hands out inputs until it is empty.


class Typical(CalibrationDataReader):
    def __init__(self):
        self.rows = iter(x_train[:200])

    def get_next(self):
        row = next(self.rows, None)
        return None if row is None else {"x": row[None]}


torch.onnx.export(
    model, (torch.from_numpy(x_test[:2]),), paths["32.onnx"],
    input_names=["x"], dynamic_shapes=({0: torch.export.Dim("batch", min=1)},),
    verbose=False, external_data=False,
)  # fmt: skip
quant_pre_process(paths["32.onnx"], paths["plain.onnx"])
quantize_static(
    paths["plain.onnx"],
    paths["8.onnx"],
    Typical(),
    quant_format=QuantFormat.QDQ,
    per_channel=True,
)


def run_onnx(path):
    return onnxruntime.InferenceSession(path).run(None, {"x": x_test})[0]


# %%
# Result
# ------
# The exporter writes the path of this script into the file, so the last digits of its
# size depend on where the script lies; they are rounded away.

outputs = {
    name: (run_onnx if name.endswith("x") else run_litert)(p)
    for name, p in paths.items()
}
accuracy = {
    name: float((o.argmax(axis=1) == y_test).mean())
    for name, o in outputs.items()
}
size = {name: os.path.getsize(path) for name, path in paths.items()}
measured = {
    "accuracy_onnx_32": accuracy["32.onnx"],
    "accuracy_onnx_8": accuracy["8.onnx"],
    "accuracy_litert_32": accuracy["32.tflite"],
    "accuracy_litert_8": accuracy["8.tflite"],
    "times_smaller_onnx": round(size["32.onnx"] / size["8.onnx"], 2),
    "times_smaller_litert": size["32.tflite"] / size["8.tflite"],
}
for name, value in measured.items():
    print(f"{name:<22} {value:.3f}")
assert measured["times_smaller_litert"] > 3
assert measured["times_smaller_onnx"] > 2.5
assert max(accuracy.values()) - min(accuracy.values()) < 0.02
folder.cleanup()

# %%

rows = [("LiteRT, 32 bits", "32.tflite"), ("LiteRT, 8 bits", "8.tflite")]
rows += [
    ("ONNX Runtime, 32 bits", "32.onnx"),
    ("ONNX Runtime, 8 bits", "8.onnx"),
]
figure, axis = plt.subplots(figsize=(8, 2.6), layout="constrained")
colors = ["#b45309", "#b45309", "#6b1f5e", "#6b1f5e"]
bars = axis.barh(
    [title for title, _ in rows],
    [size[n] / 1024 for _, n in rows],
    color=colors,
)
axis.bar_label(bars, [f" {accuracy[n]:.1%} right" for _, n in rows])
axis.invert_yaxis()
axis.set(xlabel="KiB")
axis.margins(x=0.18)
lost = 100 * (max(accuracy.values()) - min(accuracy.values()))
smaller = min(measured["times_smaller_onnx"], measured["times_smaller_litert"])
axis.set_title(
    f"{smaller:.1f} times smaller, at most {lost:.1f} points of accuracy apart"
)
plt.show()

# %%
# What to try
# -----------
# Calibrate with ten images, or with random numbers. Quantise without typical images, where
# the ranges of what flows are found at each call (``quantize_dynamic``; in LiteRT, leave out
# the representative data and the line with ``supported_ops``). Use
# ``torchao`` to quantise without leaving PyTorch.
