"""
Bring old Keras files into Keras 3
==================================

Keras 2 left many kinds of files behind, and three are treated here: a SavedModel's folder, an ``.h5`` of a whole model, and an
``.h5`` of weights alone. Keras 3 takes the last two and refuses the first, which many old
projects have. This page asks for each of them, prints what the refusal says, and goes the way over.

The SavedModel here is written by TensorFlow, from a function and variables, as one of Keras 2 is
underneath. The ``.h5`` is written by hand, as Keras 2 laid it out and in its words.
"""

# sphinx_gallery_tags = ["saving", "SavedModel", "HDF5", "Keras 2", "porting"]
# sphinx_gallery_tolerances = {"error_*": 1e-5}

import json
import os
import random
import tempfile
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"  # before Keras is imported

import h5py
import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

# %%
# Constants
# ---------

SEED = 0
random.seed(SEED)  # from which Keras takes the seeds of its layers
images = np.random.default_rng(SEED).normal(size=(8, 16)).astype("float32")
folder = tempfile.TemporaryDirectory()
here = Path(folder.name)
outcomes = {}


def attempt(name, load):
    """Load, answer the images, and note the largest error or the words of the
    refusal."""
    try:
        error = float(np.abs(np.asarray(load()(images)) - expected).max())
        outcomes[name] = error
        print(f"{name:<34} answers alike, within {error:.0e}")
    except Exception as error:
        words = " ".join(str(error).replace(str(here), "").split())
        outcomes[name] = f"{type(error).__name__}: {words}"
        print(f"{name:<34} {type(error).__name__}")


# %%
# What was left behind
# --------------------


def new_model():
    layers = [
        keras.layers.Dense(8, "relu", name="dense"),
        keras.layers.Dense(3, name="dense_1"),
    ]
    return keras.Sequential([keras.Input((16,)), *layers])


model = new_model()
shapes = [array.shape for array in model.get_weights()]
arrays = [
    np.random.default_rng(SEED).normal(size=shape).astype("float32")
    for shape in shapes
]
model.set_weights(arrays)
expected = model(images).numpy()


class Old(tf.Module):
    def __init__(self):
        super().__init__()
        self.variables_ = [tf.Variable(array) for array in arrays]

    @tf.function(input_signature=[tf.TensorSpec((None, 16), tf.float32)])
    def __call__(self, x):
        kernel1, bias1, kernel2, bias2 = self.variables_
        return {"output_0": tf.nn.relu(x @ kernel1 + bias1) @ kernel2 + bias2}


old = Old()
tf.saved_model.save(
    old, str(here / "old"), signatures={"serving_default": old.__call__}
)
dense = {"trainable": True, "dtype": "float32", "use_bias": True}
relu = {**dense, "name": "dense", "units": 8, "activation": "relu"}
last = {**dense, "name": "dense_1", "units": 3, "activation": "linear"}
given = {
    "batch_input_shape": [None, 16],
    "dtype": "float32",
    "sparse": False,
    "name": "dense_input",
}
layers = [("InputLayer", given), ("Dense", relu), ("Dense", last)]
described = [{"class_name": kind, "config": config} for kind, config in layers]
whole = {
    "class_name": "Sequential",
    "config": {"name": "sequential", "layers": described},
}
with h5py.File(here / "old.h5", "w") as file:
    file.attrs.update(
        keras_version="2.10.0",
        backend="tensorflow",
        model_config=json.dumps(whole),
    )
    weights = file.create_group("model_weights")
    weights.attrs["layer_names"] = ["dense_input", "dense", "dense_1"]
    weights.create_group("dense_input").attrs["weight_names"] = np.array(
        [], "S1"
    )
    for number, name in enumerate(("dense", "dense_1")):
        group = weights.create_group(name)
        group.attrs["weight_names"] = [
            f"{name}/{name}/kernel:0",
            f"{name}/{name}/bias:0",
        ]
        for part, array in zip(("kernel:0", "bias:0"), arrays[2 * number :]):
            group[f"{name}/{name}/{part}"] = array
    print("in the .h5:", ", ".join(file.attrs), "and", ", ".join(file))

# %%
# Ask for them
# ------------

attempt(
    "SavedModel, load_model", lambda: keras.saving.load_model(here / "old")
)
attempt(
    "whole model in .h5, load_model",
    lambda: keras.saving.load_model(here / "old.h5", compile=False),
)

# %%
# What it says of a SavedModel, which names the way over:

print(outcomes["SavedModel, load_model"][:480])

# %%
# Serve it as it is
# -----------------
# ``TFSMLayer`` wraps a SavedModel's function. It answers, but its layers are gone, and a model that is
# saved with it still needs the folder. It needs TensorFlow as the backend.

attempt(
    "SavedModel, TFSMLayer",
    lambda: (
        lambda x: keras.layers.TFSMLayer(here / "old", "serving_default")(x)[
            "output_0"
        ]
    ),
)

# %%
# Take its weights over
# ---------------------
# A SavedModel's variables can be read by TensorFlow, in their order, and set in a model whose code
# you have; in a folder of Keras 2's the list is called ``variables``. After that it is saved as
# ``.keras`` and knows no SavedModel any more.

loaded = tf.saved_model.load(str(here / "old"))
found = list(loaded.variables_)
for variable in found:
    print(f"    {variable.name:<14} {tuple(variable.shape)}")
over = new_model()
over.set_weights([variable.numpy() for variable in found])
over.save(here / "new.keras")
attempt(
    "weights taken over, .keras",
    lambda: keras.saving.load_model(here / "new.keras"),
)

# %%
# Weights alone
# -------------
# Keras 2's ``.h5`` of weights holds what stands under ``model_weights`` in the whole one, which is
# loaded here in its place. It goes by the layers' order, and needs the model's code. Names have to
# end in ``.weights.h5`` when Keras 3 writes them.

attempt(
    "weights from the whole .h5",
    lambda: (m := new_model()).load_weights(here / "old.h5") or m,
)
try:
    model.save_weights(here / "weights.h5")
except ValueError as error:
    naming = str(error).replace(str(here), "")
print("saving as weights.h5:", naming[:90])
folder.cleanup()

# %%
# Result
# ------

measured = {"ways": len(outcomes)}
for name, outcome in outcomes.items():
    if not isinstance(outcome, str):
        key = name.replace(", ", "_").replace(" ", "_").replace(".", "")
        measured[f"error_{key.lower()}"] = outcome
measured["savedmodel_refused"] = outcomes["SavedModel, load_model"].partition(
    ":"
)[0]
measured["answers_alike"] = sum(
    not isinstance(outcome, str) for outcome in outcomes.values()
)
assert measured["savedmodel_refused"] == "ValueError"
assert "TFSMLayer" in outcomes["SavedModel, load_model"]
assert measured["answers_alike"] == len(outcomes) - 1
assert all(
    value < 1e-5
    for name, value in measured.items()
    if name.startswith("error_")
)
assert ".weights.h5" in naming

# %%

figure, axis = plt.subplots(figsize=(8, 2.6), layout="constrained")
for row, (name, outcome) in enumerate(outcomes.items()):
    good = not isinstance(outcome, str)
    axis.plot(
        0.03,
        row,
        "o" if good else "x",
        color="#2563eb" if good else "0.5",
        ms=9,
        mew=2,
    )
    axis.text(0.07, row, name, va="center")
    told = (
        "the same answers" if good else f"refused: {outcome.partition(':')[0]}"
    )
    axis.text(0.55, row, told, va="center", color="0.2" if good else "0.45")
axis.set(xlim=(0, 1), ylim=(len(outcomes) - 0.4, -0.6))
axis.axis("off")
axis.set_title("What Keras 3 makes of Keras 2's files")
plt.show()

# %%
# What to try
# -----------
# Install ``tf_keras``, which is Keras 2 for today's TensorFlow: its ``load_model`` opens an old
# SavedModel with layers and all, and the model can be saved as ``.h5``. Put a custom layer into the model, and find
# out what ``custom_objects`` has to hold.
