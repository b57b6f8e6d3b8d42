"""
Train on two devices at once in Keras
=====================================

Data parallelism is one idea: every device has the whole model and a part of the
batch, and the gradients are averaged before anyone moves. Done right, it gives the
same weights as one device with the whole batch. This script checks that, with JAX
and one processor that plays two devices. Nothing is gained in time here; the
point is that they agree.

Run it in a fresh process: devices can be divided only before the first computation.
"""

# sphinx_gallery_tags = ["data parallel", "distributed", "several devices"]
# sphinx_gallery_tolerances = {"difference": 2e-7}

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

# %%
# Data
# ----
# Made of one seed. JAX must be told of the second device before it computes anything.

jax.config.update("jax_num_cpu_devices", DEVICES)
generator = np.random.default_rng(SEED)
x = generator.normal(size=(STEPS, BATCH_SIZE, 16)).astype("float32")
y = np.tanh(x[..., :1] - x[..., 1:2])
start = [
    generator.normal(0, 0.3, size=shape).astype("float32")
    for shape in ((16, 32), (32, 1))
]
print("devices:", keras.distribution.list_devices())

# %%
# One device
# ----------
# The reference: the whole batch in one place.


def train():
    layers = [
        keras.layers.Dense(32, "tanh", use_bias=False),
        keras.layers.Dense(1, use_bias=False),
    ]
    model = keras.Sequential([keras.Input((16,)), *layers])
    model.compile(keras.optimizers.SGD(RATE), "mse")
    model.set_weights(start)
    whole = {"batch_size": BATCH_SIZE, "shuffle": False, "verbose": 0}
    history = model.fit(x.reshape(-1, 16), y.reshape(-1, 1), **whole).history
    return model, history["loss"]


model, losses = train()
one_device = model.get_weights()

# %%
# Two devices
# -----------
# One line before the same code. Every array that the model owns is then a JAX array
# that lies on both devices.

keras.distribution.set_distribution(keras.distribution.DataParallel())
model, _ = train()
shards = [
    variable.value.addressable_shards for variable in model.trainable_variables
]
two_devices = [
    [np.asarray(shard[device].data) for shard in shards]
    for device in range(DEVICES)
]
print("the first kernel lies on", [str(shard.device) for shard in shards[0]])

# %%
# Result
# ------
# ``between_devices`` must be zero: all took the same step. ``difference`` is rounding,
# since sums are taken in another order.


def gap(some, others):
    return float(max(abs(a - b).max() for a, b in zip(some, others)))


measured = {
    "difference": gap(one_device, two_devices[0]),
    "between_devices": gap(two_devices[0], two_devices[1]),
    "moved": gap(one_device, start),
    "devices": len(shards[0]),
    "mean_loss": float(np.mean(losses)),
}
for name, value in measured.items():
    print(f"{name:<16} {value:.2g}")
assert measured["difference"] < 1e-6
assert measured["between_devices"] == 0
assert measured["moved"] > 0.05

# %%

figure, axis = plt.subplots(figsize=(8, 3), layout="constrained")
axis.plot(
    one_device[0].ravel(),
    two_devices[0][0].ravel(),
    "^",
    color="#2563eb",
    ms=3,
)
axis.axline((0, 0), slope=1, color="0.5", linewidth=0.8)
axis.set(xlabel="weight after training on one device", ylabel="on two")
axis.set_title(
    f"Keras: two devices, the same weights to {measured['difference']:.0e}"
)
plt.show()

# %%
# What to try
# -----------
# Use four devices. Make the batch 33 and read what JAX says to it. Change the backend
# to ``torch`` and see whether ``keras.distribution`` follows.
