"""
Measure where Keras's overhead goes
===================================

Keras asks each step to do more than the framework below it: it looks after metrics, masks
and the kinds of its arguments. That grows far less with the model than the products do, so what
it is worth depends on how long a step takes anyway. Here one network trains in Keras and in
each backend's own words, and grows from a width at which nothing but overhead can be seen to one
at which the products take the time.

Keras compiles the step on JAX and traces it on TensorFlow; on PyTorch it runs eagerly unless it
is told otherwise, as ``jit_compile`` says below.
"""

# sphinx_gallery_tags = ["performance", "overhead", "backends"]
# sphinx_gallery_needs = ["jax", "keras", "tensorflow", "torch"]
# sphinx_gallery_timed = True

import json
import os
import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np

# %%
# Constants
# ---------

SEED = 0
WIDTHS = [32, 128, 512, 2048]
BATCH_SIZE, RATE = 32, 0.0001
STEPS = {32: 60, 128: 60, 512: 30, 2048: 7}

# %%
# What the processes share
# ------------------------
# One backend a process, one thread. ``train_on_batch`` runs the same step as ``fit`` does for each
# batch, without callbacks. Both ways start from the same weights, and their losses are compared
# before their times are. A process waits for its turn once it has imported what it needs;
# scikit-learn, and TensorFlow unless it is the backend, are hidden from Keras, which would import
# them because they are there.

SHARED = """
import json, os, sys, time
if os.environ["KERAS_BACKEND"] != "tensorflow":
    sys.modules["tensorflow"] = None
sys.modules["sklearn"] = None
import keras
import numpy as np

def timed(step, count):
    losses = [float(step()) for _ in range(3)]
    seconds = []
    for _ in range(count):
        started = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - started)
    return losses, float(np.median(seconds))

def keras_step(width):
    kind = {"activation": "relu", "use_bias": False}
    layers = [keras.layers.Dense(width, **kind) for _ in range(2)]
    layers.append(keras.layers.Dense(1, use_bias=False))
    model = keras.Sequential([keras.Input((width,)), *layers])
    model.compile(optimizer=keras.optimizers.SGD(RATE), loss="mse")
    for layer, kernel in zip(model.layers, kernels):
        layer.kernel.assign(kernel)
    return model, lambda: model.train_on_batch(x, y)

print("ready", flush=True)
input()
told = {}
for width, count in STEPS.items():
    rng = np.random.default_rng(SEED)
    shapes = [(width, width), (width, width), (width, 1)]
    kernels = [rng.standard_normal(s, "float32") / width**0.5 for s in shapes]
    x = rng.normal(size=(BATCH_SIZE, width)).astype("float32")
    y = rng.normal(size=(BATCH_SIZE, 1)).astype("float32")
    model, step = keras_step(width)
    native = timed(native_step(), count)
    told[width] = {"native": native, "keras": timed(step, count)}
told["compiled"] = bool(model.jit_compile)
print(json.dumps(told), flush=True)
os._exit(0)  # what the end of a process costs is not asked
"""

# %%
# The step in each backend's own words
# ------------------------------------
# As its users would write it: PyTorch eagerly, TensorFlow in ``tf.function``, JAX in ``jit``.

NATIVE = {}
NATIVE["torch"] = """
import torch
torch.set_num_threads(1)

def native_step():
    weights = [torch.tensor(kernel, requires_grad=True) for kernel in kernels]
    optimizer = torch.optim.SGD(weights, lr=RATE)
    def step():
        optimizer.zero_grad()
        h = torch.from_numpy(x)
        for weight in weights[:-1]:
            h = torch.relu(h @ weight)
        out = h @ weights[-1]
        loss = torch.nn.functional.mse_loss(out, torch.from_numpy(y))
        loss.backward()
        optimizer.step()
        return loss.item()
    return step
"""
NATIVE["tensorflow"] = """
import tensorflow as tf
tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)

def native_step():
    weights = [tf.Variable(kernel) for kernel in kernels]
    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            h = x
            for weight in weights[:-1]:
                h = tf.nn.relu(h @ weight)
            loss = tf.reduce_mean((h @ weights[-1] - y) ** 2)
        for weight, gradient in zip(weights, tape.gradient(loss, weights)):
            weight.assign_sub(RATE * gradient)
        return loss
    return lambda: float(step(tf.constant(x), tf.constant(y)))
"""
NATIVE["jax"] = """
import functools
import jax
import jax.numpy as jnp

def native_step():
    weights = [jnp.array(kernel) for kernel in kernels]
    def loss_of(weights, x, y):
        h = x
        for weight in weights[:-1]:
            h = jax.nn.relu(h @ weight)
        return ((h @ weights[-1] - y) ** 2).mean()
    @functools.partial(jax.jit, donate_argnums=0)  # as Keras does
    def update(weights, x, y):
        loss, gradients = jax.value_and_grad(loss_of)(weights, x, y)
        return [w - RATE * g for w, g in zip(weights, gradients)], loss
    def step():
        weights[:], loss = update(weights, x, y)
        return float(loss)
    return step
"""

# %%
# Run them
# --------
# They import together, and then compute one after the other.

THREADS = "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PJRT_NPROC", "NPROC"
ONE = dict.fromkeys(THREADS, "1")
settings = f"SEED, BATCH_SIZE, RATE, STEPS = {SEED, BATCH_SIZE, RATE, STEPS}\n"


def start(backend):
    return subprocess.Popen(
        [sys.executable, "-c", settings + NATIVE[backend] + SHARED], text=True,
        env={**os.environ, **ONE, "KERAS_BACKEND": backend},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


processes = {backend: start(backend) for backend in NATIVE}
for process in processes.values():
    while process.stdout.readline() not in ("ready\n", ""):  # or it has ended
        pass
ms, compiled, apart = {}, {}, 0.0
for backend, process in processes.items():
    printed, words = process.communicate("go\n")
    if process.returncode:
        ended = f"{backend} ended with status {process.returncode}"
        raise RuntimeError(f"{ended}:\n{words[-2000:]}")
    told = json.loads(printed.splitlines()[-1])
    compiled[backend] = told.pop("compiled")
    for width, ways in told.items():
        for way, (losses, seconds) in ways.items():
            ms[backend, way, int(width)] = 1e3 * seconds
        difference = np.subtract(ways["native"][0], ways["keras"][0])
        apart = max(apart, float(np.abs(difference).max()))
print(f"the losses of the first three steps differ by at most {apart:.1e}")
assert apart < 1e-2

# %%
# Result
# ------

measured = {"apart": apart, "narrowest": WIDTHS[0], "widest": WIDTHS[-1]}
for name in NATIVE:
    ratios = {w: ms[name, "keras", w] / ms[name, "native", w] for w in WIDTHS}
    over = ms[name, "keras", WIDTHS[0]] - ms[name, "native", WIDTHS[0]]
    measured |= {
        f"{name}_times_narrow": ratios[WIDTHS[0]],
        f"{name}_times_wide": ratios[WIDTHS[-1]],
        f"{name}_overhead_ms": over,
        f"{name}_compiled": compiled[name],
    }
    print(f"{name:<11} jit_compile: {compiled[name]!s:<6}", end="")
    print("  ".join(f"width {w}: {r:.1f} times" for w, r in ratios.items()))
    assert ratios[WIDTHS[-1]] < ratios[WIDTHS[0]]
# TensorFlow has a graph all the same, compiled by XLA or not.
assert measured["torch_times_wide"] < measured["torch_times_narrow"] / 2
assert compiled["jax"]
assert not compiled["torch"]

# %%

colors = {"torch": "#6b1f5e", "tensorflow": "#b45309", "jax": "#14532d"}
titles = {"torch": "PyTorch", "tensorflow": "TensorFlow", "jax": "JAX"}
figure, axes = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
left, right = axes
for backend, color in colors.items():
    native = [ms[backend, "native", w] for w in WIDTHS]
    through = [ms[backend, "keras", w] for w in WIDTHS]
    left.plot(WIDTHS, native, "--", color=color)
    left.plot(WIDTHS, through, "o-", color=color)
    ratios = np.divide(through, native)
    right.plot(WIDTHS, ratios, "o-", color=color, label=titles[backend])
left.set(xscale="log", yscale="log", xlabel="width")
left.set_ylabel("ms a step (dashed: native)")
right.axhline(1, color="0.5", linewidth=0.8)
right.set(xscale="log", yscale="log", xlabel="width", ylabel="Keras / native")
for axis in axes:
    axis.set_xticks(WIDTHS, [f"{w:,}" for w in WIDTHS])
    axis.minorticks_off()
right.set_yticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
right.legend(frameon=False)
figure.suptitle("Keras's share of a step fades as the step grows")
plt.show()

# %%
# What to try
# -----------
# Pass ``jit_compile=True`` to ``compile`` on PyTorch, where there is a C++ compiler, and see what
# is left. Use ``steps_per_execution`` with ``fit`` on JAX and TensorFlow. Make the batch larger
# instead of the layers.
