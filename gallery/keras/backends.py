"""
Run Keras on each backend that it is said to have
=================================================

The article that this site grew from says that Keras "runs on top of TensorFlow,
Theano, or CNTK". Which backends there are is not a matter of opinion: name one in
``KERAS_BACKEND``, import Keras, and compute something, here a layer of one's own. Since
a backend stays for the life of a process, each is asked in a process of its own.

Look at the answers of those that compute: the layer was written once.
"""

# sphinx_gallery_tags = ["backends", "the original"]
# sphinx_gallery_needs = ["jax", "keras", "tensorflow", "torch"]

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import matplotlib.pyplot as plt

# %%
# Constants
# ---------
# The three that the article names, the two that it does not, and one more of its time.

BACKENDS = ["tensorflow", "jax", "torch", "theano", "cntk", "mxnet"]
PUBLISHED = ["tensorflow", "theano", "cntk"]

# %%
# Ask each
# --------
# The last line that each process prints is the answer: what the layer makes of four numbers
# and the library that holds them, or the error that ended the process. TensorFlow is hidden
# from all but its own backend: Keras would import it wherever it is installed, and no other
# needs it. Two are asked at a time, since most of it is waiting for imports.

CODE = """
import os, sys
if os.environ["KERAS_BACKEND"] != "tensorflow":
    sys.modules["tensorflow"] = None
import keras

class Swish(keras.layers.Layer):
    def build(self, shape):
        self.slope = self.add_weight(shape=(), initializer=keras.initializers.Constant(1.5))

    def call(self, inputs):
        return inputs * keras.ops.sigmoid(self.slope * inputs)

outputs = Swish()(keras.ops.convert_to_tensor([[-1.0, 0.0, 1.0, 2.0]]))
print(float(keras.ops.sum(outputs)), type(outputs).__module__.partition(".")[0])
"""


def ask(backend):
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", CODE]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    said = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    return done.returncode == 0, said[-1]


with ThreadPoolExecutor(2) as pool:
    answers = dict(zip(BACKENDS, pool.map(ask, BACKENDS)))
for backend, (works, said) in answers.items():
    print(f"{backend:<11} {'computes' if works else 'refused '}  {said[:90]}")

# %%
# What Keras says itself
# ----------------------
# The refusals are one sentence, and it names no backend of the three that are gone. They
# were dropped when Keras 2.4 became a part of TensorFlow; Keras 3 came back with others.

works = [backend for backend, (can, _) in answers.items() if can]
refused = [backend for backend, (can, _) in answers.items() if not can]
assert works == ["tensorflow", "jax", "torch"]
assert all(answers[backend][1].startswith("ValueError") for backend in refused)
sums = [float(answers[backend][1].split()[0]) for backend in works]
print(f"the layer's sums differ by at most {max(sums) - min(sums):.1e}")
assert max(sums) - min(sums) < 1e-5

# %%
# Result
# ------

measured = {f"{backend}_computes": can for backend, (can, _) in answers.items()}
measured["published_that_work"] = len(set(PUBLISHED) & set(works))
measured["published"] = len(PUBLISHED)
measured["backends"] = len(works)
measured["layer_difference"] = max(sums) - min(sums)
measured["layer_sum"] = sums[0]
measured["refusal"] = answers["theano"][1].partition(":")[0]
print(f"{measured['published_that_work']} of the {len(PUBLISHED)} published backends exist")

# %%

figure, axis = plt.subplots(figsize=(8, 2.2), layout="constrained")
for column, backend in enumerate(BACKENDS):
    can = answers[backend][0]
    marker, color = ("o", "#2563eb") if can else ("x", "0.5")
    axis.scatter(column, 0, s=220, marker=marker, color=color)
    axis.annotate(
        "computes" if can else "refused",
        (column, 0),
        (0, -26),
        textcoords="offset points",
        ha="center",
    )
axis.set_xticks(range(len(BACKENDS)), BACKENDS)
axis.xaxis.tick_top()
axis.set(ylim=(-0.5, 0.35), xlim=(-0.6, len(BACKENDS) - 0.4))
axis.yaxis.set_visible(False)
axis.set_title("What Keras runs on", pad=26)
plt.show()

# %%
# What to try
# -----------
# Name ``openvino``, which is for prediction only; :doc:`/gallery/deploying/openvino_backend`
# does. Change the backend within a process, by setting ``KERAS_BACKEND`` after the import:
# nothing happens, and no error tells you.
