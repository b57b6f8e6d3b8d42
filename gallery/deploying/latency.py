"""
Time a single request in every runtime
======================================

How long does one answer take, when images come one by one as they do to a server or a phone?
The network is small on purpose: then the time is what each runtime spends around the
computation, and that is what differs. Every library has a process of its own and one thread,
so none competes with another's pool, and they are called in an order that is drawn in each
round. The same weights run everywhere, and the answers are compared before anything is timed.

Look at what compiling does to a call: it spares the way from operation to operation, and each
call pays for finding the compiled code. For three operations that need not pay, unless
the way is as long as it is when a Keras model is called.
"""

# sphinx_gallery_tags = ["latency", "performance", "inference", "ONNX", "LiteRT"]
# sphinx_gallery_needs = ["ai_edge_litert", "jax", "keras", "onnxruntime", "tensorflow", "torch"]
# sphinx_gallery_timed = True

import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import onnx

# %%
# Constants
# ---------

SEED, WIDTH, CALLS, ROUNDS = 0, 256, 50, 9

folder = tempfile.TemporaryDirectory()
here = Path(folder.name)
generator = np.random.default_rng(SEED)
kernel1 = generator.normal(0, WIDTH**-0.5, (WIDTH, WIDTH)).astype("float32")
kernel2 = generator.normal(0, WIDTH**-0.5, (WIDTH, 10)).astype("float32")
image = generator.normal(size=(1, WIDTH)).astype("float32")
expected = np.maximum(image @ kernel1, 0) @ kernel2
np.savez(here / "data.npz", kernel1, kernel2, image, expected)

# %%
# What each process does
# ----------------------
# It makes its functions, says how far their answers are from NumPy's, and then waits for the
# name of one and answers with the mean time of some calls, in microseconds.

(here / "serving.py").write_text("""
import json, os, sys, time
import numpy as np

kernel1, kernel2, image, expected = np.load("data.npz").values()

def serve(calls, **runs):
    for run in runs.values():
        for _ in range(calls):
            run()
    errors = {n: float(abs(run() - expected).max()) for n, run in runs.items()}
    print(json.dumps(errors), flush=True)
    for line in sys.stdin:
        run = runs[line.strip()]
        started = time.perf_counter()
        for _ in range(calls):
            run()
        print(1e6 * (time.perf_counter() - started) / calls, flush=True)
    os._exit(0)  # without the seconds that some take to end
""")

# %%
# PyTorch
# -------
# Eager and compiled. ``torch.compile`` writes C++; where there is no compiler for that, it is
# left out.

PYTORCH = """
import os, shutil, torch
from serving import *

torch.set_num_threads(1)
layers = [torch.nn.Linear(*k.shape, bias=False) for k in (kernel1, kernel2)]
model = torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1])
with torch.no_grad():
    model[0].weight.copy_(torch.from_numpy(kernel1.T.copy()))
    model[2].weight.copy_(torch.from_numpy(kernel2.T.copy()))
model.eval()

def eager():
    with torch.inference_mode():
        return model(torch.from_numpy(image)).numpy()

runs = {"PyTorch": eager}
if shutil.which(os.environ.get("CXX", "c++")):
    compiled = torch.compile(model)

    def in_compiled():
        with torch.inference_mode():
            return compiled(torch.from_numpy(image)).numpy()

    runs["torch.compile"] = in_compiled
serve(CALLS, **runs)
"""

# %%
# TensorFlow
# ----------
# The kernels are variables, so that an eager call does not convert them from NumPy again. It
# also writes the file for LiteRT.

TENSORFLOW = """
import os, tensorflow as tf
from serving import *

tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
one, two = tf.Variable(kernel1), tf.Variable(kernel2)

def forward(x):
    return tf.nn.relu(x @ one) @ two

compiled = tf.function(forward, [tf.TensorSpec(image.shape, tf.float32)])
concrete = compiled.get_concrete_function()
converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete])
with open("making.tflite", "wb") as file:
    file.write(converter.convert())
os.replace("making.tflite", "model.tflite")
runs = {
    "TensorFlow": lambda: forward(tf.constant(image)).numpy(),
    "tf.function": lambda: compiled(tf.constant(image)).numpy(),
}
serve(CALLS, **runs)
"""

# %%
# JAX and Keras
# -------------
# Keras runs on JAX here: once called as a function, which is eager there, and once by
# ``predict_on_batch``, which compiles.

JAX = """
import jax
from serving import *

forward = jax.jit(lambda x: jax.nn.relu(x @ kernel1) @ kernel2)
serve(CALLS, **{"jax.jit": lambda: np.asarray(forward(image))})
"""
KERAS = """
import keras
from serving import *

sizes = zip(kernel2.shape, ("relu", None))
layers = [keras.layers.Dense(n, kind, use_bias=False) for n, kind in sizes]
model = keras.Sequential([keras.Input((len(kernel1),)), *layers])
model.set_weights([kernel1, kernel2])
runs = {
    "Keras, called": lambda: np.asarray(model(image)),
    "Keras, predict_on_batch": lambda: model.predict_on_batch(image),
}
serve(CALLS, **runs)
"""

# %%
# The two that run files
# ----------------------
# TensorFlow writes one of them. The other has three operations, and is written by hand.

node, value = onnx.helper.make_node, onnx.helper.make_tensor_value_info
nodes = [
    node("MatMul", ["x", "kernel1"], ["hidden"]),
    node("Relu", ["hidden"], ["active"]),
    node("MatMul", ["active", "kernel2"], ["y"]),
]
x = value("x", onnx.TensorProto.FLOAT, image.shape)
y = value("y", onnx.TensorProto.FLOAT, expected.shape)
array = onnx.numpy_helper.from_array
kernels = [array(kernel1, "kernel1"), array(kernel2, "kernel2")]
graph = onnx.helper.make_graph(nodes, "two layers", [x], [y], kernels)
opsets = [onnx.helper.make_opsetid("", 20)]
made = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=10)
onnx.save(made, here / "model.onnx")
ONNX_RUNTIME = """
import onnxruntime
from serving import *

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession("model.onnx", options)
serve(CALLS, **{"ONNX Runtime": lambda: session.run(None, {"x": image})[0]})
"""
LITERT = """
import ai_edge_litert.interpreter as litert
from serving import *

model = litert.Interpreter("model.tflite", num_threads=1)
model.allocate_tensors()
(given,), (asked,) = model.get_input_details(), model.get_output_details()

def run():
    model.set_tensor(given["index"], image)
    model.invoke()
    return model.get_tensor(asked["index"])

serve(CALLS, LiteRT=run)
"""

# %%
# Start them
# ----------
# All at once, and LiteRT when its file is there, with the setting of threads that each library
# reads. Inductor is spared its test of the C++ compiler, and headers for kernels to come.

threads = "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PJRT_NPROC", "NPROC"
environment = os.environ | dict.fromkeys(threads, "1")
environment |= {"TORCHINDUCTOR_VEC_ISA_OK": "1", "KERAS_BACKEND": "jax"}
environment["TORCHINDUCTOR_CPP_CACHE_PRECOMPILE_HEADERS"] = "0"


def start(code):
    words = (here / f"words-{len(list(here.iterdir()))}").open("w+")
    command = [sys.executable, "-c", code.replace("CALLS", str(CALLS))]
    process = subprocess.Popen(
        command, cwd=here, env=environment,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=words, text=True,
    )  # fmt: skip
    return process, words


def heard(process, words):
    """The next answer of a process; what is not JSON is passed over."""
    for line in process.stdout:
        try:
            return json.loads(line)
        except ValueError:
            continue
    words.seek(0)
    status, said = process.wait(), words.read()[-2000:]
    raise RuntimeError(f"a runtime ended with status {status}: {said}")


errors, runs = {}, {}
for codes in ((PYTORCH, TENSORFLOW, JAX, KERAS, ONNX_RUNTIME), (LITERT,)):
    for started in [start(code) for code in codes]:
        for name, error in heard(*started).items():
            errors[name], runs[name] = error, started
print(f"largest difference from NumPy: {max(errors.values()):.1e}")
assert max(errors.values()) < 1e-5

# %%
# Measure
# -------
# A round is the mean of some calls; the median of the rounds counts.

random.seed(SEED)
times = {name: [] for name in runs}
for _ in range(ROUNDS):
    for name in random.sample(list(runs), len(runs)):
        process, words = runs[name]
        print(name, file=process.stdin, flush=True)
        times[name].append(heard(process, words))
for process, words in set(runs.values()):
    process.communicate()
    words.close()
folder.cleanup()
medians = {name: float(np.median(values)) for name, values in times.items()}

# %%
# Result
# ------

measured = {"error_largest": max(errors.values()), "runtimes": len(runs)}
measured["rounds"] = ROUNDS
order = sorted(medians, key=medians.get)
for name in order:
    key = name.lower().replace(",", "").replace(".", "_").replace(" ", "_")
    measured[f"{key}_us"] = medians[name]
    print(f"{name:<24} {medians[name]:7.0f} microseconds")
if "torch.compile" not in runs:
    print("torch.compile needs a C++ compiler, and there is none")
pairs = ("PyTorch", "torch.compile"), ("TensorFlow", "tf.function")
for eager, compiled in pairs:
    if compiled in medians:
        ratio = medians[compiled] / medians[eager]
        print(f"{compiled} takes {ratio:.1f} times as long as {eager}")

# %%

figure, axis = plt.subplots(figsize=(8, 3.4), layout="constrained")
colors = {"P": "#6b1f5e", "t": "#6b1f5e", "T": "#b45309", "K": "#2563eb"}
colors = {name: colors.get(name[0], "0.4") for name in order}
colors["tf.function"] = "#b45309"
for row, name in enumerate(order):
    axis.plot(times[name], [row] * ROUNDS, "o", color=colors[name], alpha=0.35)
    axis.plot(medians[name], row, "|", color=colors[name], ms=18, mew=3)
unit = "microseconds for one image"
axis.set(xscale="log", xlabel=f"{unit} (dots: {ROUNDS} rounds, line: median)")
axis.set_yticks(range(len(order)), order)
axis.invert_yaxis()
axis.set_title("One request, one thread, a small network")
plt.show()

# %%
# What to try
# -----------
# Send many images at once: then the product dominates and the order changes. Make ``WIDTH``
# 2,048. Take the settings of threads away.
