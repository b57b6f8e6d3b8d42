"""
Compare ways to feed a training loop
====================================

How fast do batches arrive, before any model sees them? Twice: small rows that lie in
memory, where all the time is the pipeline's own, and pictures that have to be decoded and
flipped, where the work counts. Each framework has several ways. Both pipelines then feed the
same Keras model.

Look at the left panel first: on small items every pipeline costs more than handing out arrays,
and a
``tf.data`` graph that fetches each row from Python costs most.
"""

# sphinx_gallery_tags = ["data", "tf.data", "DataLoader", "performance"]
# sphinx_gallery_timed = True

import io
import os
import random
import time

os.environ["KERAS_BACKEND"] = "torch"

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
import torch
from PIL import Image
from sklearn.datasets import load_sample_images

# %%
# Constants
# ---------
# The pictures are squares cut from the two photographs that come with scikit-learn, kept as
# JPEG files in memory.

SEED = 0
ITEMS, FEATURES, BATCH_SIZE = 2000, 64, 32
PICTURES, SIDE = 512, 96
REPEATS = 5
# Where processes are not forked, a script without a main guard can't have workers.
FORKED = 2 if torch.multiprocessing.get_start_method() == "fork" else 0

generator = np.random.default_rng(SEED)
features = generator.normal(size=(ITEMS, FEATURES)).astype("float32")
targets = features[:, :1].copy()
pairs = torch.utils.data.TensorDataset(
    torch.from_numpy(features), torch.from_numpy(targets)
)
slices = tf.data.Dataset.from_tensor_slices((features, targets))

# %%
# Small rows
# ----------
# Each way yields shuffled batches for one epoch. Those that take whole batches draw the
# numbers of the rows first and fetch the rows once a batch. That spares ``DataLoader`` a call of
# Python for each row; plain ``tf.data`` makes no such call, and there it only adds a ``map``.
# A ``tf.data`` pipeline is made once and iterated over in every epoch.


def data_loader(workers=0):
    return torch.utils.data.DataLoader(
        pairs, BATCH_SIZE, shuffle=True, num_workers=workers
    )


def data_loader_batched():
    order = torch.utils.data.RandomSampler(pairs)
    batched = torch.utils.data.BatchSampler(order, BATCH_SIZE, drop_last=False)
    return torch.utils.data.DataLoader(pairs, sampler=batched, batch_size=None)


def items():
    for number in np.random.default_rng(SEED).permutation(ITEMS):
        yield features[number], targets[number]


signature = (
    tf.TensorSpec((FEATURES,), tf.float32),
    tf.TensorSpec((1,), tf.float32),
)
tf_rows = slices.shuffle(ITEMS).batch(BATCH_SIZE).prefetch(tf.data.AUTOTUNE)
tf_rows_batched = (
    tf.data.Dataset.range(ITEMS)
    .shuffle(ITEMS)
    .batch(BATCH_SIZE)
    .map(
        lambda numbers: (
            tf.gather(features, numbers),
            tf.gather(targets, numbers),
        )
    )
    .prefetch(tf.data.AUTOTUNE)
)
tf_generated = tf.data.Dataset.from_generator(
    items, output_signature=signature
).batch(BATCH_SIZE)


ways = {
    "NumPy, by index": lambda: (
        (features[chosen], targets[chosen])
        for chosen in np.array_split(
            generator.permutation(ITEMS), ITEMS // BATCH_SIZE
        )
    ),
    "DataLoader": data_loader,
    "DataLoader, whole batches": data_loader_batched,
    "DataLoader, 2 workers": lambda: data_loader(workers=FORKED),
    "tf.data": lambda: tf_rows,
    "tf.data, whole batches": lambda: tf_rows_batched,
    "tf.data, from_generator": lambda: tf_generated,
}

# %%
# Pictures
# --------
# Decode, flip half of them, scale to numbers between 0 and 1. ``tf.data`` maps a function of
# TensorFlow's over them, in parallel if asked; ``DataLoader`` calls Python, in processes if
# asked.

photographs = load_sample_images().images
files = []
for _ in range(PICTURES):
    photograph = photographs[generator.integers(2)]
    top, left = (
        generator.integers(0, size - SIDE) for size in photograph.shape[:2]
    )
    file = io.BytesIO()
    Image.fromarray(photograph[top : top + SIDE, left : left + SIDE]).save(
        file, "JPEG"
    )
    files.append(file.getvalue())


class Pictures(torch.utils.data.Dataset):
    def __len__(self):
        return PICTURES

    def __getitem__(self, number):
        picture = np.asarray(Image.open(io.BytesIO(files[number])))
        if torch.rand(()) < 0.5:
            picture = picture[:, ::-1]
        return torch.from_numpy(picture.copy()).float() / 255


def pictures_loader(workers=0):
    return torch.utils.data.DataLoader(
        Pictures(), BATCH_SIZE, shuffle=True, num_workers=workers
    )


def decoded(file):
    picture = tf.image.random_flip_left_right(
        tf.io.decode_jpeg(file, channels=3)
    )
    return tf.cast(picture, tf.float32) / 255


def pictures_tf(parallel=None):
    shuffled = tf.data.Dataset.from_tensor_slices(files).shuffle(PICTURES)
    return (
        shuffled.map(decoded, num_parallel_calls=parallel)
        .batch(BATCH_SIZE)
        .prefetch(2)
    )


tf_pictures, tf_pictures_parallel = (
    pictures_tf(),
    pictures_tf(tf.data.AUTOTUNE),
)
picture_ways = {
    "DataLoader": pictures_loader,
    "DataLoader, 2 workers": lambda: pictures_loader(workers=FORKED),
    "tf.data": lambda: tf_pictures,
    "tf.data, parallel": lambda: tf_pictures_parallel,
}

# %%
# Measure
# -------
# One epoch each to warm up, then the ways take turns. The median counts; ``from_generator`` is
# so slow that it is timed once.


def epoch(make, items):
    started = time.perf_counter()
    rows = sum(
        len(batch[0] if isinstance(batch, (tuple, list)) else batch)
        for batch in make()
    )
    assert rows == items
    return 1000 * (time.perf_counter() - started)


def timed(ways, items):
    times = {name: [] for name in ways}
    for turn in range(REPEATS + 1):
        for name, make in ways.items():
            if turn < 2 or "generator" not in name:
                times[name].append(epoch(make, items))
    return {name: values[1:] for name, values in times.items()}


times = {"rows": timed(ways, ITEMS), "pictures": timed(picture_ways, PICTURES)}
for kind, each in times.items():
    for name, values in each.items():
        print(
            f"{kind:<9} {name:<26} {np.median(values):8.1f} ms an epoch, "
            f"n = {len(values)}"
        )

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
    return float(
        model.evaluate(features, targets, verbose=0, batch_size=ITEMS)
    )


errors = {"DataLoader": fit(data_loader()), "tf.data": fit(ways["tf.data"]())}
print(
    "error after an epoch of fit:",
    {name: f"{error:.1e}" for name, error in errors.items()},
)

# %%
# Result
# ------

measured = {}
for kind, each in times.items():
    for name, values in each.items():
        key = name.lower().replace(",", "").replace(".", "_").replace(" ", "_")
        measured[f"{kind}_{key}_ms"] = float(np.median(values))
measured |= {
    "items": ITEMS,
    "pictures": PICTURES,
    "fit_takes_both": max(errors.values()) < 0.01,
}
assert measured["fit_takes_both"]
assert (
    measured["rows_dataloader_whole_batches_ms"]
    < measured["rows_dataloader_ms"]
)
rows = {
    name: value for name, value in measured.items() if name.startswith("rows_")
}
assert min(rows, key=rows.get) == "rows_numpy_by_index_ms"
alone = {name: value for name, value in rows.items() if "workers" not in name}
assert max(alone, key=alone.get) == "rows_tf_data_from_generator_ms"

# %%

figure, axes = plt.subplots(
    1, 2, figsize=(8, 3.4), layout="constrained", width_ratios=[3, 2]
)
for axis, (kind, each) in zip(axes, times.items()):
    order = sorted(each, key=lambda name: -np.median(each[name]))
    for row, name in enumerate(order):
        color = (
            "#b45309"
            if "tf.data" in name
            else "#6b1f5e"
            if "Loader" in name
            else "0.45"
        )
        axis.plot(
            each[name], [row] * len(each[name]), "o", color=color, alpha=0.35
        )
        axis.plot(np.median(each[name]), row, "|", color=color, ms=16, mew=3)
    axis.set_yticks(
        range(len(order)), [f"{name} (n={len(each[name])})" for name in order]
    )
    axis.tick_params(axis="y", labelsize=8)
    axis.set(xlabel="milliseconds an epoch", ylim=(-0.6, len(order) - 0.4))
axes[0].set(xscale="log")
axes[1].set(xlim=(0, None))
axes[0].set_title(f"{ITEMS:,} rows in memory")
axes[1].set_title(f"{PICTURES} pictures")
plt.show()

# %%
# What to try
# -----------
# Make the pictures larger and see when worker processes pay for their start. Make the
# ``DataLoader`` once, as ``tf.data`` is, and set ``persistent_workers=True``. Write the pictures to a file and use ``TFRecordDataset``.
