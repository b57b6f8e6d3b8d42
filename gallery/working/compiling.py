"""
Find out when compiling pays
============================

``torch.compile``, ``tf.function`` and ``jax.jit`` turn a training step into one program. The
first call pays for that, and every later one gains, or does not. So the question is how many
steps a training must have before it is through the loss, and the answer is where two lines
cross: what has been spent after so many steps, compiled and not.

The network is two small layers, each followed by a normalisation and an activation that are
written out: many operations that take little time each, which is where a compiler finds most to
do. Each framework has a process of its own and one thread.
"""

# sphinx_gallery_tags = ["compiling", "torch.compile", "tf.function", "jax.jit", "performance"]
# sphinx_gallery_needs = ["jax", "tensorflow", "torch"]
# sphinx_gallery_timed = True

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import numpy as np

# %%
# Constants
# ---------

SEED = 0
LAYERS, WIDTH, BATCH_SIZE, RATE = 2, 64, 256, 0.01
STEPS = 25

# %%
# What the processes share
# ------------------------
# The same weights and images for all. Each waits for its turn once it has imported its framework,
# so that none computes beside another. A step is timed when its loss has arrived as a number, for
# until then it may not have happened.

SHARED = """
import json, os, time
import numpy as np

generator = np.random.default_rng(SEED)
kernels = [
    generator.normal(0, WIDTH**-0.5, (WIDTH, WIDTH)).astype("float32")
    for _ in range(LAYERS)
]
images = generator.normal(size=(BATCH_SIZE, WIDTH)).astype("float32")
wanted = generator.normal(size=(BATCH_SIZE, WIDTH)).astype("float32")

def spent(step):
    seconds, losses = [], []
    for _ in range(STEPS):
        started = time.perf_counter()
        losses.append(float(step()))
        seconds.append(time.perf_counter() - started)
    return seconds, losses

def tell(runs):
    print("ready", flush=True)
    input()
    told = {name: spent(step) for name, step in runs.items()}
    print(json.dumps(told), flush=True)
    os._exit(0)  # what the end of a process costs is not asked
"""

# %%
# PyTorch
# -------
# The loss is compiled, and with it its gradient; the update of the weights stays as it is.
# Inductor writes C++ and has it compiled, so it needs a compiler on the machine.

PYTORCH = """
import torch
torch.set_num_threads(1)
x, y = torch.from_numpy(images), torch.from_numpy(wanted)

def loss_of(weights):
    h = x
    for weight in weights:
        product = h @ weight
        centred = product - product.mean(dim=1, keepdim=True)
        variance = (centred**2).mean(dim=1, keepdim=True)
        n = centred * torch.rsqrt(variance + 1e-5)
        h = h + 0.5 * n * (1 + torch.tanh(0.8 * (n + 0.0447 * n**3)))
    return ((h - y) ** 2).mean()

def stepper(loss_of):
    weights = [torch.tensor(kernel, requires_grad=True) for kernel in kernels]
    def step():
        loss = loss_of(weights)
        loss.backward()
        with torch.no_grad():
            for weight in weights:
                weight -= RATE * weight.grad
                weight.grad = None
        return loss
    return step

runs = {"eager": stepper(loss_of)}
if COMPILER:
    runs["torch.compile"] = stepper(torch.compile(loss_of))
tell(runs)
"""

# %%
# TensorFlow
# ----------
# A graph, and the same graph compiled by XLA. What TensorFlow would import only because it is there
# is hidden from it.

TENSORFLOW = """
import sys
sys.modules.update(jax=None, sklearn=None, pandas=None)
import tensorflow as tf
tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
x, y = tf.constant(images), tf.constant(wanted)

def stepper(wrap):
    weights = [tf.Variable(kernel) for kernel in kernels]
    @wrap
    def step():
        with tf.GradientTape() as tape:
            h = x
            for weight in weights:
                product = h @ weight
                mean = tf.reduce_mean(product, axis=1, keepdims=True)
                centred = product - mean
                variance = tf.reduce_mean(centred**2, axis=1, keepdims=True)
                n = centred * tf.math.rsqrt(variance + 1e-5)
                h = h + 0.5 * n * (1 + tf.tanh(0.8 * (n + 0.0447 * n**3)))
            loss = tf.reduce_mean((h - y) ** 2)
        gradients = tape.gradient(loss, weights)
        for weight, gradient in zip(weights, gradients):
            weight.assign_sub(RATE * gradient)
        return loss
    return step

runs = {
    "eager": stepper(lambda function: function),
    "tf.function": stepper(tf.function),
    "tf.function, XLA": stepper(tf.function(jit_compile=True)),
}
tell(runs)
"""

# %%
# JAX
# ---

JAX = """
import jax
import jax.numpy as jnp

def loss_of(weights):
    h = images
    for weight in weights:
        product = h @ weight
        centred = product - product.mean(axis=1, keepdims=True)
        variance = (centred**2).mean(axis=1, keepdims=True)
        n = centred * jax.lax.rsqrt(variance + 1e-5)
        h = h + 0.5 * n * (1 + jnp.tanh(0.8 * (n + 0.0447 * n**3)))
    return ((h - wanted) ** 2).mean()

def update(weights):
    loss, gradients = jax.value_and_grad(loss_of)(weights)
    return [w - RATE * g for w, g in zip(weights, gradients)], loss

def stepper(update):
    weights = [jnp.array(kernel) for kernel in kernels]
    def step():
        weights[:], loss = update(weights)
        return loss
    return step

runs = {"eager": stepper(update), "jax.jit": stepper(jax.jit(update))}
tell(runs)
"""

# %%
# Run them
# --------
# They import together, as this process does what draws, and then compute one after the other.
# Inductor keeps what it compiled for
# the next process; here it gets an empty folder, so that the first call is a first call. Two things
# that it does once on each machine are left out: testing the C++ compiler, and compiling headers
# ahead for all kernels to come.

usual = "clang++" if sys.platform == "darwin" else "g++"
compiler = shutil.which(os.environ.get("CXX", usual))
POOLS = "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PJRT_NPROC", "NPROC"
ONE = dict.fromkeys(POOLS, "1")
NAMES = "SEED, LAYERS, WIDTH, BATCH_SIZE, RATE, STEPS, COMPILER"
given = SEED, LAYERS, WIDTH, BATCH_SIZE, RATE, STEPS, bool(compiler)
constants = f"{NAMES} = {given}\n"
empty = tempfile.TemporaryDirectory()
INDUCTOR = {
    "TORCHINDUCTOR_VEC_ISA_OK": "1",
    "TORCHINDUCTOR_CPP_CACHE_PRECOMPILE_HEADERS": "0",
    "TORCHINDUCTOR_CACHE_DIR": empty.name,
}


def start(code):
    return subprocess.Popen(
        [sys.executable, "-c", constants + SHARED + code],
        env={**os.environ, **ONE, **INDUCTOR}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


programs = {"PyTorch": PYTORCH, "TensorFlow": TENSORFLOW, "JAX": JAX}
processes = {title: start(code) for title, code in programs.items()}
import matplotlib.pyplot as plt

for process in processes.values():
    while process.stdout.readline() not in ("ready\n", ""):  # or it has ended
        pass
seconds, losses = {}, {}
for title, process in processes.items():
    printed, words = process.communicate("go\n")
    if process.returncode:
        ended = f"{title} ended with status {process.returncode}"
        raise RuntimeError(f"{ended}:\n{words[-2000:]}")
    for name, (spent, lost) in json.loads(printed.splitlines()[-1]).items():
        seconds[title, name] = np.array(spent)
        losses[title, name] = np.array(lost)
empty.cleanup()
reference = losses["PyTorch", "eager"]
apart = max(float(abs(lost - reference).max()) for lost in losses.values())
told = f"the losses of all {len(losses)} ways differ by at most {apart:.1e}"
print(f"{told} in {STEPS} steps")

# %%
# Result
# ------
# What the first call takes beyond a later one, divided by what a later one saves, is the number
# of steps after which compiling has paid. The eager way is counted, and drawn, without its own
# slow first call, which loads what the others then find loaded.

measured = {"apart": apart, "ways": len(losses), "steps": STEPS}
pays = {}
for (title, name), spent in seconds.items():
    eager = float(np.median(seconds[title, "eager"][5:]))
    first, later = float(spent[0]), float(np.median(spent[5:]))
    key = "_".join(re.findall(r"\w+", f"{title} {name}".lower()))
    measured |= {f"{key}_first_seconds": first, f"{key}_ms": 1e3 * later}
    told = ""
    if name != "eager" and later < eager:
        pays[title, name] = (first - later) / (eager - later)
        measured[f"{key}_pays_after"] = pays[title, name]
        told = f"pays after {pays[title, name]:6.0f} steps"
    elif name != "eager":
        told = "does not pay"
    times = f"first {first:6.2f} s, then {1e3 * later:6.2f} ms"
    print(f"{title:<11} {name:<17} {times}  {told}")
if not compiler:
    print("torch.compile needs a C++ compiler, and there is none")
assert apart < 1e-3
assert measured["jax_jax_jit_ms"] < measured["jax_eager_ms"]
assert measured["tensorflow_tf_function_ms"] < measured["tensorflow_eager_ms"]

# %%

colors = {"PyTorch": "#6b1f5e", "TensorFlow": "#b45309", "JAX": "#14532d"}
styles = {"eager": "-", "tf.function": ":"}
steps = np.logspace(0, 6, 200)
figure, axes = plt.subplots(1, 3, figsize=(8, 3.2), sharey=True)
for axis, (title, color) in zip(axes, colors.items()):
    for (framework, name), spent in seconds.items():
        if framework == title:
            later = np.median(spent[5:])
            first = later if name == "eager" else spent[0]
            (line,) = axis.plot(steps, first + (steps - 1) * later)
            line.set(ls=styles.get(name, "--"), color=color, label=name)
            if (title, name) in pays:
                crossing = pays[title, name]
                height = crossing * np.median(seconds[title, "eager"][5:])
                axis.plot(crossing, height, "o", color=color, mfc="white")
    axis.set(xscale="log", yscale="log", xlabel="steps", title=title)
    axis.legend(frameon=False, fontsize=8)
axes[0].set_ylabel("seconds spent")
figure.set_layout_engine("constrained")
figure.suptitle("Compiling has paid to the right of the circle")
plt.show()

# %%
# What to try
# -----------
# Make ``WIDTH`` 1,024: the products then take the time, and there is less to gain. Give each step
# its batch as an argument (now it is a constant of the program), take a new size at every tenth
# step, and watch the first call come back; PyTorch's comes back once. Give PyTorch
# ``mode="max-autotune"``.
