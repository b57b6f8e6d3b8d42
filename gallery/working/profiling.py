"""
Find what a training step spends its time on
============================================

Each framework has a profiler, and both write more than one wants to read. This
script profiles a training step in PyTorch and in TensorFlow and asks each the one
question that matters first: which operations take the time? Where it is not the
matrix products, there may be something to win.
"""

# sphinx_gallery_tags = ["profiling", "performance", "training loop"]
# sphinx_gallery_timed = True

import glob
import os
import tempfile

import jax
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
import torch
from torch import nn

# %%
# Constants
# ---------

SEED = 0
WIDTH, BATCH_SIZE, STEPS, WARM_UP = 1024, 256, 10, 3

generator = np.random.default_rng(SEED)
x = generator.normal(size=(BATCH_SIZE, WIDTH)).astype("float32")
y = generator.integers(0, 10, size=BATCH_SIZE)

# %%
# PyTorch
# -------
# A context manager around the steps; ``key_averages`` sums by operation. Time is
# counted where it is spent and not in the callers (``self``).

torch.manual_seed(SEED)
model = nn.Sequential(
    nn.Linear(WIDTH, WIDTH, bias=False), nn.ReLU(), nn.Linear(WIDTH, 10, bias=False)
)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)


def torch_step():
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(torch.from_numpy(x)), torch.from_numpy(y)).backward()
    optimizer.step()


for _ in range(WARM_UP):
    torch_step()
with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
    for _ in range(STEPS):
        torch_step()
torch_times = {e.key: e.self_cpu_time_total / 1000 / STEPS for e in profile.key_averages()}

# %%
# TensorFlow
# ----------
# It writes a file for TensorBoard's profiler. The format is shared with JAX, and
# JAX's reader opens it without any further package. Unlike PyTorch's, these times have
# in them what was called inside, so the first rows are callers, one in the other; look
# for the first that is an operation: ``MatMul``, or ``_MklMatMul`` where TensorFlow gives the
# product to Intel's library.

kernel1 = tf.Variable(tf.random.normal((WIDTH, WIDTH), stddev=0.03, seed=SEED))
kernel2 = tf.Variable(tf.random.normal((WIDTH, 10), stddev=0.03, seed=SEED))


@tf.function
def tensorflow_step():
    with tf.GradientTape() as tape:
        logits = tf.nn.relu(x @ kernel1) @ kernel2
        each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
        loss = tf.reduce_mean(each)
    for kernel, gradient in zip((kernel1, kernel2), tape.gradient(loss, (kernel1, kernel2))):
        kernel.assign_sub(0.01 * gradient)


for _ in range(WARM_UP):
    tensorflow_step()
with tempfile.TemporaryDirectory() as folder:
    tf.profiler.experimental.start(folder)
    for _ in range(STEPS):
        tensorflow_step()
    tf.profiler.experimental.stop()
    (path,) = glob.glob(os.path.join(folder, "**", "*.xplane.pb"), recursive=True)
    planes = list(jax.profiler.ProfileData.from_file(path).planes)
    tensorflow_times = {}
    for plane in planes:
        for line in plane.lines:
            for event in line.events:
                name = event.name.rpartition(":")[2] or event.name
                spent = event.duration_ns / 1e6 / STEPS
                tensorflow_times[name] = tensorflow_times.get(name, 0.0) + spent

# %%
# The longest
# -----------


def longest(times, count=5):
    return sorted(times.items(), key=lambda pair: -pair[1])[:count]


for title, times in (("PyTorch", torch_times), ("TensorFlow", tensorflow_times)):
    print(title)
    for name, spent in longest(times, 8):
        print(f"    {name[:44]:<46}{spent:8.3f} ms a step")

# %%
# Result
# ------

products = sum(t for name, t in torch_times.items() if "mm" in name)
matmuls = [spent for name, spent in tensorflow_times.items() if name.endswith("MatMul")]
measured = {
    "torch_self_ms": sum(torch_times.values()),
    "torch_products_ms": products,
    "torch_longest_is_a_product": "mm" in longest(torch_times)[0][0],
    "torch_profile_entries": len(torch_times),
    "tensorflow_matmul_ms": sum(matmuls),
    "tensorflow_matmul_found": bool(matmuls),
}
print({name: value for name, value in measured.items() if isinstance(value, bool)})
assert measured["torch_longest_is_a_product"]
assert measured["tensorflow_matmul_found"]

# %%

rows = longest(torch_times, 6)[::-1]
figure, axis = plt.subplots(figsize=(8, 3), layout="constrained")
bars = axis.barh([name for name, _ in rows], [spent for _, spent in rows], color="#6b1f5e")
axis.bar_label(bars, fmt=" %.2f")
axis.set(xlabel="milliseconds a step, in the operation itself")
axis.set_title(
    f"PyTorch: {products / sum(torch_times.values()):.0%} of the time is matrix products"
)
plt.show()

# %%
# What to try
# -----------
# Set ``WIDTH`` to 32 and see the products disappear behind the bookkeeping. Write
# ``profile.export_chrome_trace`` and open it in a browser. Profile ``fit`` by
# ``keras.callbacks.TensorBoard(profile_batch=(5, 10))``.
