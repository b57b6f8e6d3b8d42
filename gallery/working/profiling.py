"""
Find a bottleneck with the profiler
===================================

A training step is slow because its first layer is applied to each image by itself, in a loop
over the batch. Both profilers find it by one number that few tables sort by: how often an
operation runs in a step. What runs once for each image is a loop. The same product for the
whole batch at once takes it away, and the step is profiled again.
"""

# sphinx_gallery_tags = ["profiling", "performance", "training loop"]
# sphinx_gallery_timed = True

import glob
import os
import tempfile
import time
from collections import Counter

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
WIDTH, BATCH_SIZE, STEPS, WARM_UP = 512, 256, 5, 3

generator = np.random.default_rng(SEED)
x = generator.normal(size=(BATCH_SIZE, WIDTH)).astype("float32")
y = generator.integers(0, 10, size=BATCH_SIZE)
kernels = [
    generator.normal(0, WIDTH**-0.5, size=(WIDTH, n)).astype("float32")
    for n in (WIDTH, 10)
]

# %%
# Two steps in PyTorch
# --------------------
# The first goes image by image, as one writes it when the formula is given for an image; the
# second takes the batch.

model = nn.Sequential(
    nn.Linear(WIDTH, WIDTH, bias=False),
    nn.ReLU(),
    nn.Linear(WIDTH, 10, bias=False),
)
with torch.no_grad():
    model[0].weight.copy_(torch.from_numpy(kernels[0].T.copy()))
    model[2].weight.copy_(torch.from_numpy(kernels[1].T.copy()))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)


def torch_one_by_one(images):
    return torch.stack([model[0](image) for image in images])


def torch_at_once(images):
    return model[0](images)


def torch_step(first_layer):
    optimizer.zero_grad()
    logits = model[1:](first_layer(torch.from_numpy(x)))
    nn.functional.cross_entropy(logits, torch.from_numpy(y)).backward()
    optimizer.step()


# %%
# Two steps in TensorFlow
# -----------------------
# ``map_fn`` is a loop too, though it stands in the graph.

variables = [tf.Variable(kernel) for kernel in kernels]


def tensorflow_one_by_one(images):
    return tf.map_fn(lambda image: (image[None] @ variables[0])[0], images)


def tensorflow_at_once(images):
    return images @ variables[0]


def compiled(first_layer):
    @tf.function
    def step(images):
        with tf.GradientTape() as tape:
            logits = tf.nn.relu(first_layer(images)) @ variables[1]
            each = tf.nn.sparse_softmax_cross_entropy_with_logits(
                labels=y, logits=logits
            )
            loss = tf.reduce_mean(each)
        for variable, gradient in zip(
            variables, tape.gradient(loss, variables)
        ):
            variable.assign_sub(0.01 * gradient)

    return lambda: step(x)


# %%
# Profile
# -------
# PyTorch's profiler is a context manager, and ``key_averages`` sums by operation. TensorFlow
# writes a file for TensorBoard; its format is shared with JAX, whose reader opens it.


def profile_torch(step):
    with torch.profiler.profile(
        activities=[torch.profiler.ProfilerActivity.CPU]
    ) as profile:
        for _ in range(STEPS):
            step()
    return Counter(
        {entry.key: entry.count for entry in profile.key_averages()}
    )


def profile_tensorflow(step):
    calls = Counter()
    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        for _ in range(STEPS):
            step()
        tf.profiler.experimental.stop()
        (path,) = glob.glob(
            os.path.join(folder, "**", "*.xplane.pb"), recursive=True
        )
        for plane in jax.profiler.ProfileData.from_file(path).planes:
            for line in plane.lines:
                calls.update(
                    event.name.rpartition(":")[2] for event in line.events
                )
    return calls


def seconds_a_step(step):
    times = []
    for _ in range(4 * STEPS):
        started = time.perf_counter()
        step()
        times.append(time.perf_counter() - started)
    return float(np.median(times))


cases = {
    ("PyTorch", "image by image"): (
        profile_torch,
        lambda: torch_step(torch_one_by_one),
    ),
    ("PyTorch", "all at once"): (
        profile_torch,
        lambda: torch_step(torch_at_once),
    ),
    ("TensorFlow", "image by image"): (
        profile_tensorflow,
        compiled(tensorflow_one_by_one),
    ),
    ("TensorFlow", "all at once"): (
        profile_tensorflow,
        compiled(tensorflow_at_once),
    ),
}
calls, milliseconds = {}, {}
for case, (profile, step) in cases.items():
    for _ in range(WARM_UP):
        step()
    milliseconds[case] = 1000 * seconds_a_step(step)
    calls[case] = profile(step)

# %%
# What runs once for each image
# -----------------------------
# Divided by the steps. TensorFlow's file also counts its own plumbing, which is no operation.

PLUMBING = {"Process", "Record", "StartRegion", "StopRegion", ""}
loops = {}
for case, counter in calls.items():
    loops[case] = {
        name: count // STEPS
        for name, count in counter.most_common()
        if count >= STEPS * BATCH_SIZE and name not in PLUMBING
    }
    print(f"{case[0]}, {case[1]}: {milliseconds[case]:.1f} ms a step")
    for name, count in list(loops[case].items())[:6]:
        print(f"    {name[:40]:<42}{count:>6} calls a step")

# %%
# Result
# ------

measured = {}
for (name, way), value in milliseconds.items():
    key = f"{name}_{way}".lower().replace(" ", "_")
    measured[f"{key}_ms"] = value
    measured[f"{key}_loops"] = len(loops[name, way])
assert "aten::linear" in loops["PyTorch", "image by image"]
# The processor decides which kernel multiplies: MatMul or oneDNN's _MklMatMul.
assert any(
    name.endswith("MatMul") for name in loops["TensorFlow", "image by image"]
)
for name in ("PyTorch", "TensorFlow"):
    assert not loops[name, "all at once"]
    assert (
        milliseconds[name, "all at once"]
        < milliseconds[name, "image by image"]
    )

# %%

figure, axis = plt.subplots(figsize=(8, 2.8), layout="constrained")
names = [f"{name}, {way}" for name, way in cases]
colors = ["#6b1f5e" if name.startswith("P") else "#b45309" for name in names]
bars = axis.barh(names, list(milliseconds.values()), color=colors)
for bar, (_, way) in zip(bars, cases):
    bar.set_alpha(1.0 if way == "all at once" else 0.4)
axis.bar_label(bars, fmt=" %.1f")
axis.invert_yaxis()
axis.margins(x=0.1)
axis.set(xlabel="milliseconds a step")
axis.set_title("A loop over the batch, found by counting calls, and gone")
plt.show()

# %%
# What to try
# -----------
# Print ``key_averages().table(sort_by="self_cpu_time_total")`` and see where the loop stands in
# it. In ``profile_torch``, call ``profile.export_chrome_trace("trace.json")`` and open the file
# in ``ui.perfetto.dev``. Profile ``fit`` by
# ``keras.callbacks.TensorBoard(profile_batch=(5, 10))``.
