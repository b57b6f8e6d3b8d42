"""
Train on two devices at once in TensorFlow
==========================================

Data parallelism is one idea: every device has the whole model and a part of the
batch, and the gradients are averaged before anyone moves. Done right, it gives the
same weights as one device with the whole batch. This script checks that, on one
processor that is divided into two logical devices. Nothing is gained in time here; the
point is that they agree.

Run it in a fresh process: devices can be divided only before the first computation.
"""

# sphinx_gallery_tags = ["data parallel", "distributed", "several devices"]
# sphinx_gallery_tolerances = {"difference": 2e-7}

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

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
# Made from one seed. Each device takes its half of each batch.

generator = np.random.default_rng(SEED)
x = generator.normal(size=(STEPS, BATCH_SIZE, 16)).astype("float32")
y = np.tanh(x[..., :1] - x[..., 1:2])
start = [
    generator.normal(0, 0.3, size=shape).astype("float32")
    for shape in ((16, 32), (32, 1))
]

processor = tf.config.list_physical_devices("CPU")[0]
parts = [tf.config.LogicalDeviceConfiguration() for _ in range(DEVICES)]
tf.config.set_logical_device_configuration(processor, parts)
devices = [device.name for device in tf.config.list_logical_devices("CPU")]
print("devices:", devices)

# %%
# One device
# ----------
# The reference: the whole batch in one place.


def loss_of(kernels, inputs, targets):
    return tf.reduce_mean(
        (tf.tanh(inputs @ kernels[0]) @ kernels[1] - targets) ** 2
    )


kernels, losses = [tf.Variable(kernel) for kernel in start], []
for step in range(STEPS):
    with tf.GradientTape() as tape:
        loss = loss_of(kernels, x[step], y[step])
    for kernel, gradient in zip(kernels, tape.gradient(loss, kernels)):
        kernel.assign_sub(RATE * gradient)
    losses.append(float(loss))
one_device = [kernel.numpy() for kernel in kernels]

# %%
# Two devices
# -----------
# TensorFlow stays one process. Variables made in the strategy's scope are mirrored;
# ``run`` calls the function once for each device, and ``all_reduce`` is where they
# meet.

strategy = tf.distribute.MirroredStrategy(devices)
with strategy.scope():
    mirrored = [tf.Variable(kernel) for kernel in start]


def replica_step(inputs, targets):
    with tf.GradientTape() as tape:
        loss = loss_of(mirrored, inputs, targets)
    context = tf.distribute.get_replica_context()
    gradients = context.all_reduce("MEAN", tape.gradient(loss, mirrored))
    for kernel, gradient in zip(mirrored, gradients):
        kernel.assign_sub(RATE * gradient)


@tf.function
def train_step(inputs, targets):
    strategy.run(replica_step, args=(inputs, targets))


def divided(batch):
    def part(context):
        return tf.constant(batch[context.replica_id_in_sync_group :: DEVICES])

    return strategy.experimental_distribute_values_from_function(part)


for step in range(STEPS):
    train_step(divided(x[step]), divided(y[step]))
two_devices = [
    [
        strategy.experimental_local_results(kernel)[device].numpy()
        for kernel in mirrored
    ]
    for device in range(DEVICES)
]

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
    "devices": strategy.num_replicas_in_sync,
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
    "o",
    color="#b45309",
    ms=3,
)
axis.axline((0, 0), slope=1, color="0.5", linewidth=0.8)
axis.set(xlabel="weight after training on one device", ylabel="on two")
axis.set_title(
    "TensorFlow: two devices, "
    f"the same weights to {measured['difference']:.0e}"
)
plt.show()

# %%
# What to try
# -----------
# Leave out ``all_reduce`` and look at ``between_devices``. Use "SUM" in place of
# "MEAN" and see the learning rate double. On a machine with several GPUs, call
# ``MirroredStrategy()`` without devices and make ``DEVICES`` their number.
