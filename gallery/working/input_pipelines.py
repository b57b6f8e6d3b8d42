"""
Compare ways to feed a training loop
====================================

How fast do batches arrive, before any model sees them? The data lies in memory
here, so this measures the pipelines themselves: handing out arrays, one item at a
time through Python, and through ``tf.data``. Both pipelines then feed the same
Keras model.

Look at the spread: on small items the way matters more than anything else, and on
items this small worker processes make it worse.
"""

# sphinx_gallery_tags = ["data", "tf.data", "DataLoader", "performance"]
# sphinx_gallery_timed = True

import os
import random
import time

os.environ["KERAS_BACKEND"] = "torch"

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
import torch

# %%
# Constants
# ---------

SEED = 0
ITEMS, FEATURES, BATCH_SIZE = 2000, 64, 32
REPEATS = 5
# Where processes are not forked, a script without a main guard can't have workers.
FORKED = 2 if torch.multiprocessing.get_start_method() == "fork" else 0

generator = np.random.default_rng(SEED)
features = generator.normal(size=(ITEMS, FEATURES)).astype("float32")
targets = features[:, :1].copy()
pairs = torch.utils.data.TensorDataset(torch.from_numpy(features), torch.from_numpy(targets))
slices = tf.data.Dataset.from_tensor_slices((features, targets))

# %%
# Six ways
# --------
# Each yields shuffled batches for one epoch. The third takes whole batches by index,
# so that Python is entered once a batch and not once an item.


def data_loader(workers=0):
    return torch.utils.data.DataLoader(pairs, BATCH_SIZE, shuffle=True, num_workers=workers)


def data_loader_batched():
    order = torch.utils.data.RandomSampler(pairs)
    batched = torch.utils.data.BatchSampler(order, BATCH_SIZE, drop_last=False)
    return torch.utils.data.DataLoader(pairs, sampler=batched, batch_size=None)


def from_generator():
    def items():
        for number in np.random.default_rng(SEED).permutation(ITEMS):
            yield features[number], targets[number]

    signature = (tf.TensorSpec((FEATURES,), tf.float32), tf.TensorSpec((1,), tf.float32))
    return tf.data.Dataset.from_generator(items, output_signature=signature).batch(BATCH_SIZE)


ways = {
    "NumPy, by index": lambda: (
        (features[chosen], targets[chosen])
        for chosen in np.array_split(generator.permutation(ITEMS), ITEMS // BATCH_SIZE)
    ),
    "DataLoader": data_loader,
    "DataLoader, whole batches": data_loader_batched,
    "DataLoader, 2 workers": lambda: data_loader(workers=FORKED),
    "tf.data": lambda: slices.shuffle(ITEMS).batch(BATCH_SIZE).prefetch(tf.data.AUTOTUNE),
    "tf.data, from_generator": from_generator,
}

# %%
# Measure
# -------
# One epoch each to warm up, then the ways take turns. The median counts,
# but the last way is so slow that it is timed once.


def epoch(make):
    started = time.perf_counter()
    rows = sum(len(batch[0]) for batch in make())
    assert rows == ITEMS
    return 1000 * (time.perf_counter() - started)


times = {name: [] for name in ways}
for turn in range(REPEATS + 1):
    for name, make in ways.items():
        if turn < 2 or name != "tf.data, from_generator":
            times[name].append(epoch(make))
times = {name: values[1:] for name, values in times.items()}
for name, values in times.items():
    print(f"{name:<26} {np.median(values):8.0f} ms an epoch of {ITEMS:,}")

# %%
# Both under Keras
# ----------------
# ``fit`` takes either, whatever the backend. The data is the same, so the model ends
# in the same place but for the order of the batches.


def fit(data):
    random.seed(SEED)  # from which Keras takes the seeds of its layers
    model = keras.Sequential([keras.Input((FEATURES,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit(data, epochs=1, shuffle=False, verbose=0)
    return float(model.evaluate(features, targets, verbose=0, batch_size=ITEMS))


errors = {"DataLoader": fit(data_loader()), "tf.data": fit(ways["tf.data"]())}
print("error after an epoch of fit:", {name: f"{error:.1e}" for name, error in errors.items()})

# %%
# Result
# ------

medians = {name: float(np.median(values)) for name, values in times.items()}
measured = {
    "numpy_ms": medians["NumPy, by index"],
    "dataloader_ms": medians["DataLoader"],
    "dataloader_batched_ms": medians["DataLoader, whole batches"],
    "dataloader_workers_ms": medians["DataLoader, 2 workers"],
    "tf_data_ms": medians["tf.data"],
    "tf_data_generator_ms": medians["tf.data, from_generator"],
    "items": ITEMS,
    "fit_takes_both": max(errors.values()) < 0.01,
}
assert measured["fit_takes_both"]

# %%

figure, axis = plt.subplots(figsize=(8, 3.2), layout="constrained")
for row, (name, values) in enumerate(sorted(times.items(), key=lambda pair: np.median(pair[1]))):
    color = "#b45309" if "tf.data" in name else "#6b1f5e" if "Loader" in name else "0.45"
    axis.plot(values, [row] * len(values), "o", color=color, alpha=0.35)
    axis.plot(np.median(values), row, "|", color=color, ms=18, mew=3)
    axis.text(np.median(values) * 1.35, row, name, va="center", color=color)
axis.set(xscale="log", xlabel="milliseconds an epoch", yticks=[], ylim=(-0.6, 5.6))
axis.set_xlim(right=max(medians.values()) * 12)
axis.set_title("The same 2,000 small items, from fast to slow")
plt.show()

# %%
# What to try
# -----------
# Let each item take a millisecond (``time.sleep``) and see when workers pay. Set
# ``persistent_workers=True``. Write the items to a file and use ``TFRecordDataset``.
