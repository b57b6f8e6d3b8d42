"""
Time a single request in every runtime
======================================

How long does one answer take, when images come one by one as they do to a server or
a phone? The network is small on purpose: then the time is what each runtime spends
around the computation, and that is what differs. The same weights run everywhere,
and the answers are compared before anything is timed.
"""

# sphinx_gallery_tags = ["latency", "performance", "inference"]
# sphinx_gallery_timed = True

import logging
import os
import tempfile
import time
import warnings

import ai_edge_litert.interpreter as litert
import jax
import matplotlib.pyplot as plt
import numpy as np
import onnxruntime
import onnxscript  # noqa: F401  torch.onnx.export needs it
import tensorflow as tf
import torch
from torch import nn

# %%
# Constants
# ---------
# The runtimes take turns, so that a moment of other work hits all of them.

SEED = 0
WIDTH, CALLS, ROUNDS, WARM_UP = 256, 50, 7, 50

logging.disable(logging.WARNING)  # the converters' own
warnings.simplefilter("ignore")
folder = tempfile.TemporaryDirectory()

# %%
# Weights
# -------

generator = np.random.default_rng(SEED)
kernel1, kernel2 = (
    generator.normal(0, WIDTH**-0.5, size=shape).astype("float32")
    for shape in ((WIDTH, WIDTH), (WIDTH, 10))
)
image = generator.normal(size=(1, WIDTH)).astype("float32")
expected = np.maximum(image @ kernel1, 0) @ kernel2

# %%
# PyTorch and ONNX Runtime
# ------------------------

model = nn.Sequential(
    nn.Linear(WIDTH, WIDTH, bias=False), nn.ReLU(), nn.Linear(WIDTH, 10, bias=False)
)
with torch.no_grad():
    model[0].weight.copy_(torch.from_numpy(kernel1.T.copy()))
    model[2].weight.copy_(torch.from_numpy(kernel2.T.copy()))
path = os.path.join(folder.name, "model.onnx")
torch.onnx.export(model, (torch.from_numpy(image),), path, input_names=["x"], verbose=False)
session = onnxruntime.InferenceSession(path)


def in_torch():
    with torch.inference_mode():
        return model(torch.from_numpy(image)).numpy()


def in_onnxruntime():
    return session.run(None, {"x": image})[0]


# %%
# TensorFlow, LiteRT and JAX
# --------------------------


def forward(x):
    return tf.nn.relu(x @ kernel1) @ kernel2


compiled = tf.function(forward, input_signature=[tf.TensorSpec(image.shape, tf.float32)])
concrete = compiled.get_concrete_function()
converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete])
interpreter = litert.Interpreter(model_content=converter.convert())
interpreter.allocate_tensors()
(given,), (asked,) = interpreter.get_input_details(), interpreter.get_output_details()
forward_jax = jax.jit(lambda x: jax.nn.relu(x @ kernel1) @ kernel2)


def in_litert():
    interpreter.set_tensor(given["index"], image)
    interpreter.invoke()
    return interpreter.get_tensor(asked["index"])


runtimes = {
    "PyTorch, eager": in_torch,
    "ONNX Runtime": in_onnxruntime,
    "TensorFlow, eager": lambda: forward(tf.constant(image)).numpy(),
    "TensorFlow, tf.function": lambda: compiled(tf.constant(image)).numpy(),
    "LiteRT": in_litert,
    "JAX, jit": lambda: np.asarray(forward_jax(image)),
}

# %%
# The same answer
# ---------------

error = max(float(abs(run() - expected).max()) for run in runtimes.values())
print(f"largest difference from NumPy: {error:.1e}")
assert error < 1e-5

# %%
# Measure
# -------
# A round is the mean of some calls; the median of the rounds counts.

times = {name: [] for name in runtimes}
for run in runtimes.values():
    for _ in range(WARM_UP):
        run()
for _ in range(ROUNDS):
    for name, run in runtimes.items():
        started = time.perf_counter()
        for _ in range(CALLS):
            run()
        times[name].append(1e6 * (time.perf_counter() - started) / CALLS)
medians = {name: float(np.median(values)) for name, values in times.items()}

# %%
# Result
# ------

measured = {}
for name, median in sorted(medians.items(), key=lambda pair: pair[1]):
    key = name.lower().replace(",", "").replace(".", "_").replace(" ", "_")
    measured[f"{key}_us"] = median
    print(f"{name:<24} {median:7.0f} microseconds")
measured["error_largest"] = error
measured["runtimes"] = len(runtimes)
folder.cleanup()

# %%

figure, axis = plt.subplots(figsize=(8, 3), layout="constrained")
order = sorted(times, key=lambda name: medians[name])
times_slower = medians[order[-1]] / medians[order[0]]
for row, name in enumerate(order):
    color = "#6b1f5e" if name[0] in "PO" else "#b45309" if name[0] in "TL" else "0.4"
    axis.plot(times[name], [row] * ROUNDS, "o", color=color, alpha=0.35)
    axis.plot(medians[name], row, "|", color=color, ms=18, mew=3)
axis.set(yticks=range(len(order)), yticklabels=order, xlim=(0, None))
axis.set(xlabel="microseconds for one image (dots: rounds, line: median)")
axis.invert_yaxis()
axis.set_title(
    f"One request: {order[0]} is first, {order[-1]} takes {times_slower:.0f} times as long"
)
plt.show()

# %%
# What to try
# -----------
# Send 256 images at once: then the product dominates and the order changes. Set the
# threads to one (``torch.set_num_threads(1)``). Make ``WIDTH`` 2,048.
