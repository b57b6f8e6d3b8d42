"""
Count how often a function is compiled
======================================

``tf.function`` and ``torch.compile`` pay once and run often, as long as the calls
look alike. What makes a call look different is not the same in both. This script
counts compilations for calls of eight lengths and for eight Python numbers, and the
pieces into which a ``print`` cuts a function.

Look at the second length and the second number: one framework takes them as a hint
that more will follow, the other has to be told.
"""

# sphinx_gallery_tags = ["compilation", "retracing", "graph breaks"]

import contextlib
import io
import logging
import re

import matplotlib.pyplot as plt
import tensorflow as tf
import torch

# %%
# Constants
# ---------

LENGTHS = range(2, 10)

# %%
# Count in TensorFlow
# -------------------
# Python code in a ``tf.function`` runs only while it is traced, so a counter in it
# counts traces. TensorFlow's own warnings of retracing are collected, and the first is shown below.

warned = []


class Collector(logging.Handler):
    def emit(self, record):
        warned.append(record.getMessage())


tf.get_logger().handlers = [Collector()]


def traces(calls, **options):
    count = 0

    @tf.function(**options)
    def multiply(x, number):
        nonlocal count
        count += 1
        return x * tf.cast(number, tf.float32)

    for call in calls:
        multiply(*call)
    return count


lengths = [(tf.zeros(length), tf.constant(2)) for length in LENGTHS]
numbers = [(tf.zeros(2), number) for number in LENGTHS]
as_tensors = [(x, tf.constant(number)) for x, number in numbers]
unknown_length = [
    tf.TensorSpec([None], tf.float32),
    tf.TensorSpec([], tf.int32),
]
tensorflow_counts = {
    "eight lengths": traces(lengths),
    "eight lengths, reduce_retracing": traces(lengths, reduce_retracing=True),
    "eight lengths, input_signature": traces(
        lengths, input_signature=unknown_length
    ),
    "eight Python numbers": traces(numbers),
    "eight numbers as tensors": traces(as_tensors),
}
for name, count in tensorflow_counts.items():
    print(f"TensorFlow, {name:<32} {count}")
told = re.sub(r" at 0x\w+", "", warned[0]).partition(". ")[0]
print(f"TensorFlow says so {len(warned)} times, first:\n    {told}")

# %%
# Count in PyTorch
# ----------------
# A compiler of one's own gets each graph that is found. This one counts and hands it
# back unchanged.


def graphs(function, calls, **options):
    count = 0

    def counting(graph, example_inputs):
        nonlocal count
        count += 1
        return graph.forward

    torch.compiler.reset()
    compiled = torch.compile(function, backend=counting, **options)
    for call in calls:
        compiled(*call)
    return count


def multiply(x, number):
    return x * number


def with_print(x, number):
    y = x * number
    print("in the middle")
    return y + 1


lengths = [(torch.zeros(length), 2) for length in LENGTHS]
numbers = [(torch.zeros(2), number) for number in LENGTHS]
torch_counts = {
    "eight lengths": graphs(multiply, lengths),
    "eight lengths, dynamic=False": graphs(multiply, lengths, dynamic=False),
    "eight lengths, dynamic=True": graphs(multiply, lengths, dynamic=True),
    "eight Python numbers": graphs(multiply, numbers),
}
with contextlib.redirect_stdout(io.StringIO()):
    torch_counts["one call with a print in it"] = graphs(
        with_print, lengths[:1]
    )
for name, count in torch_counts.items():
    print(f"PyTorch,    {name:<32} {count}")

# %%
# Demand one graph
# ----------------
# ``fullgraph=True`` turns a break into an error that names its cause.

torch.compiler.reset()
try:
    torch.compile(with_print, backend="eager", fullgraph=True)(*lengths[0])
    refused = False
except Exception as error:
    refused = True
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    print("\n".join(lines[:3]))

# %%
# Result
# ------

measured = {
    "tensorflow_lengths": tensorflow_counts["eight lengths"],
    "tensorflow_lengths_reduced": tensorflow_counts[
        "eight lengths, reduce_retracing"
    ],
    "tensorflow_lengths_signature": tensorflow_counts[
        "eight lengths, input_signature"
    ],
    "tensorflow_numbers": tensorflow_counts["eight Python numbers"],
    "torch_lengths": torch_counts["eight lengths"],
    "torch_lengths_static": torch_counts["eight lengths, dynamic=False"],
    "torch_numbers": torch_counts["eight Python numbers"],
    "torch_print": torch_counts["one call with a print in it"],
    "torch_fullgraph_refused": refused,
}
assert measured["tensorflow_lengths"] == measured["tensorflow_numbers"] == 8
assert measured["tensorflow_lengths_signature"] == 1
assert measured["torch_lengths"] <= 2 < measured["torch_lengths_static"]
assert measured["torch_numbers"] <= 2
assert measured["torch_print"] == 2
assert measured["torch_fullgraph_refused"]

# %%

rows = [
    (f"TensorFlow, {n}", c, "#b45309") for n, c in tensorflow_counts.items()
]
rows += [(f"PyTorch, {n}", c, "#6b1f5e") for n, c in torch_counts.items()]
figure, axis = plt.subplots(figsize=(8, 3.8), layout="constrained")
names, counts, colors = zip(*rows)
bars = axis.barh(names, counts, color=colors)
axis.bar_label(bars, padding=3)
axis.invert_yaxis()
axis.set(xlabel="graphs made", xlim=(0, 9))
figure.suptitle(
    "PyTorch takes the second call as a hint, TensorFlow has to be told"
)
plt.show()

# %%
# What to try
# -----------
# Give ``tf.function`` a Python list of tensors. Set ``TORCH_LOGS=recompiles`` and
# read why PyTorch compiled again. Put ``print`` into a ``tf.function`` and call it
# twice.
