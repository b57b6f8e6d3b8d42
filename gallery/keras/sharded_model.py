"""
Train a Keras model that is divided over devices
================================================

A model that is too large for one device can be divided: each device holds a part of
every large matrix. Keras does this on JAX from a **layout map**, a list of patterns
for the names of weights. The model's code does not change, and neither does its
result. Look at the shapes: each device holds half.

Run it in a fresh process: devices can be divided only before the first computation.
"""

# sphinx_gallery_tags = ["model parallel", "sharding", "several devices"]

import os

os.environ["KERAS_BACKEND"] = "jax"  # before Keras is imported

import jax
import keras
import matplotlib.pyplot as plt
import numpy as np

# %%
# Constants
# ---------

SEED = 0
STEPS = 30
BATCH_SIZE = 32
RATE = 0.1
DEVICES = 2
WIDTH = 128

jax.config.update(
    "jax_num_cpu_devices", DEVICES
)  # before JAX computes anything

# %%
# Data
# ----

generator = np.random.default_rng(SEED)
x = generator.normal(size=(STEPS * BATCH_SIZE, 64)).astype("float32")
y = np.tanh(x[:, :1] - x[:, 1:2])
start = [
    generator.normal(0, 0.1, size=shape).astype("float32")
    for shape in ((64, WIDTH), (WIDTH, 1))
]

# %%
# One device
# ----------


def train():
    layers = [
        keras.layers.Dense(WIDTH, "tanh", use_bias=False, name="hidden"),
        keras.layers.Dense(1, use_bias=False, name="last"),
    ]
    model = keras.Sequential([keras.Input((64,)), *layers])
    model.compile(keras.optimizers.SGD(RATE), "mse")
    model.set_weights(start)
    model.fit(x, y, batch_size=BATCH_SIZE, shuffle=False, verbose=0)
    return model


reference = train().get_weights()

# %%
# The layout
# ----------
# A pattern must match the whole path of a weight, such as
# ``sequential/hidden/kernel``, hence the ``.*`` in front. A pattern that matches nothing is no error: the weight
# is then copied to every device, which works and saves nothing. So it is worth
# asserting what came of it.

mesh = keras.distribution.DeviceMesh((1, DEVICES), ["batch", "model"])
layout = keras.distribution.LayoutMap(mesh)
layout[".*hidden/kernel"] = (None, "model")  # divided by columns
layout[".*last/kernel"] = ("model", None)  # divided by rows
keras.distribution.set_distribution(
    keras.distribution.ModelParallel(layout_map=layout, batch_dim_name="batch")
)
model = train()
shapes = {}
for variable in model.trainable_variables:
    shapes[variable.path] = [
        shard.data.shape for shard in variable.value.addressable_shards
    ]
    print(variable.path, variable.shape, "lies as", shapes[variable.path])

# %%
# Result
# ------

divided = [
    np.asarray(variable.value) for variable in model.trainable_variables
]
hidden = next(s for path, s in shapes.items() if "hidden" in path)
measured = {
    "difference": float(
        max(abs(a - b).max() for a, b in zip(reference, divided))
    ),
    "moved": float(max(abs(a - b).max() for a, b in zip(start, divided))),
    "devices": len(hidden),
    "columns_each": hidden[0][1],
    "columns": WIDTH,
}
for name, value in measured.items():
    print(f"{name:<14} {value:.3g}")
assert measured["difference"] < 1e-6 < measured["moved"]
assert measured["columns_each"] * DEVICES == WIDTH
for variable in model.trainable_variables:
    assert (
        np.prod(shapes[variable.path][0]) * DEVICES == variable.value.size
    ), variable.path

# %%
# Which device holds which part of the first kernel.

figure, axis = plt.subplots(figsize=(8, 3), layout="constrained")
owner = np.concatenate(
    [np.full(shape, number) for number, shape in enumerate(hidden)], axis=1
)
axis.imshow(owner, cmap="Blues", vmin=-1, vmax=DEVICES, aspect="auto")
for number, shape in enumerate(hidden):
    axis.text(
        (number + 0.5) * shape[1],
        32,
        f"device {number}\n{shape}",
        ha="center",
        va="center",
    )
axis.set(xlabel="unit", ylabel="input")
axis.set_title(
    "Half of the kernel on each device, "
    f"the same result to {measured['difference']:.0e}"
)
plt.show()

# %%
# What to try
# -----------
# Misspell a pattern and see the assertion. Divide the first kernel by rows too (the
# picture then has to be joined along the other axis). Use a mesh of (2, 1): that is data
# parallelism, nothing is divided, and the assertion says so. On TensorFlow and PyTorch this part
# of Keras is not there, and ``torch.distributed`` or ``tf.distribute`` takes its place.
