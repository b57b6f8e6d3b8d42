"""
Train in 16 bits on a processor
===============================

``bfloat16`` keeps the range of 32-bit numbers and drops two thirds of their digits.
On a processor with instructions for it a matrix product gets faster; on one without
it may get slower. What it costs in accuracy can be measured anywhere.

Look at the processor's flags first: the times below are of no use without them.
"""

# sphinx_gallery_tags = ["mixed precision", "bfloat16", "performance"]
# sphinx_gallery_timed = True
# sphinx_gallery_tolerances = {"*_gradient_error": 5e-6, "loss_difference": 5e-6}

import time

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
import torch
from torch import nn

# %%
# Constants
# ---------

SEED = 0
WIDTH, BATCH_SIZE, REPEATS = 1024, 512, 7

generator = np.random.default_rng(SEED)
x = generator.normal(size=(BATCH_SIZE, WIDTH)).astype("float32")
y = generator.integers(0, 10, size=BATCH_SIZE)
kernels = [generator.normal(0, WIDTH**-0.5, size=(WIDTH, n)).astype("float32") for n in (WIDTH, 10)]

# %%
# What this processor has
# -----------------------

try:
    with open("/proc/cpuinfo", encoding="ascii") as file:
        flags = set(next(line for line in file if line.startswith("flags")).split())
except (OSError, StopIteration):
    flags = set()
has_bfloat16 = bool({"avx512_bf16", "amx_bf16"} & flags)
print("instructions for bfloat16:", sorted({"avx512_bf16", "amx_bf16"} & flags) or "none")

# %%
# PyTorch
# -------
# ``autocast`` chooses by operation: products in 16 bits, the loss in 32. The weights
# stay in 32 bits and so do their gradients.

torch.manual_seed(SEED)
model = nn.Sequential(
    nn.Linear(WIDTH, WIDTH, bias=False), nn.ReLU(), nn.Linear(WIDTH, 10, bias=False)
)
with torch.no_grad():
    model[0].weight.copy_(torch.from_numpy(kernels[0].T.copy()))
    model[2].weight.copy_(torch.from_numpy(kernels[1].T.copy()))


def torch_step(half):
    model.zero_grad()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
        logits = model(torch.from_numpy(x))
        loss = nn.functional.cross_entropy(logits, torch.from_numpy(y))
    loss.backward()
    return loss.item(), model[0].weight.grad.numpy(), logits.dtype


# %%
# TensorFlow
# ----------
# The same by hand: cast, multiply, and back to 32 bits before the loss. Keras does
# this for a whole model with ``keras.config.set_dtype_policy("mixed_bfloat16")``.

variables = [tf.Variable(kernel) for kernel in kernels]


@tf.function
def tensorflow_half():
    return tensorflow_loss(tf.bfloat16)


@tf.function
def tensorflow_full():
    return tensorflow_loss(tf.float32)


def tensorflow_loss(dtype):
    with tf.GradientTape() as tape:
        k1, k2 = (tf.cast(v, dtype) for v in variables)
        logits = tf.cast(tf.nn.relu(tf.cast(x, dtype) @ k1) @ k2, tf.float32)
        each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
        loss = tf.reduce_mean(each)
    return loss, tape.gradient(loss, variables)[0]


def tensorflow_step(half):
    loss, gradient = tensorflow_half() if half else tensorflow_full()
    return float(loss), gradient.numpy(), None


# %%
# Measure
# -------
# Both widths take turns; the first two rounds warm up.

steps = {"PyTorch": torch_step, "TensorFlow": tensorflow_step}
times = {(name, half): [] for name in steps for half in (False, True)}
for _ in range(REPEATS + 2):
    for (name, half), values in times.items():
        started = time.perf_counter()
        steps[name](half)
        values.append(1000 * (time.perf_counter() - started))
medians = {key: float(np.median(values[2:])) for key, values in times.items()}
for (name, half), value in medians.items():
    print(f"{name:<11} {'bfloat16' if half else 'float32 '} {value:7.1f} ms a step")

# %%
# Result
# ------
# The error of a gradient in 16 bits, relative to its length. One number keeps two to
# three digits; a gradient, which passes several roundings, keeps fewer.


def gradient_error(step):
    full, half = step(False)[1].copy(), step(True)[1].astype("float32")
    return float(np.linalg.norm(half - full) / np.linalg.norm(full))


measured = {
    "torch_float32_ms": medians["PyTorch", False],
    "torch_bfloat16_ms": medians["PyTorch", True],
    "tensorflow_float32_ms": medians["TensorFlow", False],
    "tensorflow_bfloat16_ms": medians["TensorFlow", True],
    "torch_gradient_error": gradient_error(torch_step),
    "tensorflow_gradient_error": gradient_error(tensorflow_step),
    "loss_difference": abs(torch_step(True)[0] - torch_step(False)[0]),
    "has_bfloat16": has_bfloat16,
}
for name in ("torch_gradient_error", "tensorflow_gradient_error", "loss_difference"):
    print(f"{name:<27} {measured[name]:.4f}")
assert 1e-4 < measured["torch_gradient_error"] < 0.05
assert 1e-4 < measured["tensorflow_gradient_error"] < 0.05
assert torch_step(True)[2] == torch.bfloat16

# %%

figure, axis = plt.subplots(figsize=(8, 2.8), layout="constrained")
names = [f"{name}, {'bfloat16' if half else 'float32'}" for name, half in medians]
colors = ["#6b1f5e" if name.startswith("P") else "#b45309" for name in names]
bars = axis.barh(names, list(medians.values()), color=colors)
for bar, (_, half) in zip(bars, medians):
    bar.set_alpha(1.0 if half else 0.5)
axis.bar_label(bars, fmt=" %.0f ms")
axis.invert_yaxis()
axis.set(xlabel="milliseconds a step")
axis.set_title(
    f"Half the bits, on a processor {'with' if has_bfloat16 else 'without'} instructions for them"
)
axis.margins(x=0.12)
plt.show()

# %%
# What to try
# -----------
# Use ``torch.float16``, whose range is small, and watch for infinite losses. Train a
# digit model to the end in both widths and compare the accuracy. Set
# ``ONEDNN_VERBOSE=1`` to see which product runs.
