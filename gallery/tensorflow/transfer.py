"""
Freeze a backbone and train a new head in TensorFlow
====================================================

A network that tells the ten digits apart is to tell odd from even, on images that are darker
than those it learnt from. Its backbone is frozen, its head is new. In the backbone there is a batch
normalisation, and that has two kinds of numbers: what it learns by gradients, and statistics
that it collects. ``trainable = False`` stops both, which is not what freezing the
weights alone would do.

Look at the second pair of bars: what the old head still knows afterwards.
"""

# sphinx_gallery_tags = ["transfer learning", "fine-tuning", "backbone", "batch normalisation", "freezing"]
# sphinx_gallery_tolerances = {"new_*": 0.02, "old_*": 0.03, "moved_running": 0.02}

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits

# %%
# Constants
# ---------

SEED = 0
BODY_STEPS, HEAD_STEPS = 100, 200
EXAMPLES = 60
LEARNING_RATE, LIGHT = 0.01, 0.25
MOMENTUM, EPSILON = 0.9, 1e-3  # of batch normalisation, as Keras counts them

# %%
# Data
# ----
# 1,000 images with their digit train backbone and old head. Sixty others, darker, with "odd" or
# "even" train the new one; the rest is the test. NumPy draws the first weights.

digits = load_digits()
generator = np.random.default_rng(SEED)
order = generator.permutation(len(digits.target))
x = (digits.data / 16).astype("float32")[order]
y_digit = digits.target.astype("int64")[order]
y_odd = y_digit % 2
x_body, y_body = x[:1000], y_digit[:1000]
x_few, y_few = LIGHT * x[1000 : 1000 + EXAMPLES], y_odd[1000 : 1000 + EXAMPLES]
x_test, y_test, y_test_odd = (
    a[1000 + EXAMPLES :] for a in (x, y_digit, y_odd)
)
shapes = {"body": (64, 64), "old": (64, 10), "new": (64, 2)}
kernels = {
    name: generator.normal(0, 0.125, shape).astype("float32")
    for name, shape in shapes.items()
}
print(
    f"backbone: {len(x_body)} images; new head: {len(x_few)}; "
    f"test: {len(x_test)}"
)

# %%
# Model
# -----
# The backbone is a model of its own and a head is one layer, so that one can be kept and the
# other replaced.


def linear(name):
    layer = tf.keras.layers.Dense(shapes[name][1], use_bias=name != "body")
    layer.build((None, shapes[name][0]))
    layer.kernel.assign(kernels[name])
    return layer


def new_backbone():
    normalise = tf.keras.layers.BatchNormalization(
        momentum=MOMENTUM, epsilon=EPSILON
    )
    return tf.keras.Sequential(
        [
            tf.keras.Input((64,)),
            linear("body"),
            normalise,
            tf.keras.layers.ReLU(),
        ]
    )


backbone, old = new_backbone(), linear("old")

# %%
# Training
# --------
# What trains is what the tape's gradient is asked for. ``training=True`` goes to every layer;
# a batch normalisation that is not trainable takes it for ``False``.

loss_function = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def train(body, head, images, labels, steps):
    weights = body.trainable_variables + head.trainable_variables
    optimizer = tf.keras.optimizers.Adam(LEARNING_RATE)
    optimizer.build(weights)
    images, labels = tf.constant(images), tf.constant(labels)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = loss_function(labels, head(body(images, training=True)))
        optimizer.apply(tape.gradient(loss, weights), weights)

    for _ in range(steps):
        step()
    return sum(int(np.prod(v.shape)) for v in weights)


def accuracy(body, head, images, labels):
    guesses = head(body(images, training=False)).numpy().argmax(axis=1)
    return float((guesses == labels).mean())


train(backbone, old, x_body, y_body, BODY_STEPS)

# %%
# Two ways to freeze
# ------------------
# ``frozen`` is ``trainable = False`` for the backbone: a batch normalisation that is not trainable
# uses its statistics and collects none, even where it is called with ``training=True``. ``running``
# is what PyTorch's ``requires_grad_(False)`` does: the variables are frozen one by one, and the
# layer goes on collecting.

ways = {}
for way in ("frozen", "running"):
    body, new = new_backbone(), linear("new")
    body.set_weights(backbone.get_weights())
    if way == "frozen":
        body.trainable = False
    else:
        for variable in body.trainable_variables:
            variable.trainable = False
    count = train(body, new, x_few, y_few, HEAD_STEPS)
    means = (one.layers[1].moving_mean for one in (body, backbone))
    moved = float(abs(np.subtract(*(mean.numpy() for mean in means))).max())
    ways[way] = body, new, moved, count

# %%
# Result
# ------
# Statistics that were frozen have not moved at all, which is worth asserting in your own code too.

measured = {}
for way, (body, new, moved, count) in ways.items():
    measured |= {
        f"new_{way}": accuracy(body, new, LIGHT * x_test, y_test_odd),
        f"old_{way}": accuracy(body, old, x_test, y_test),
        f"moved_{way}": moved,
    }
measured["weights_trained"] = count
for name, value in measured.items():
    print(f"{name:<16} {value:8.3f}")
assert measured["moved_frozen"] == 0 < measured["moved_running"]
assert measured["weights_trained"] == 130
assert measured["new_frozen"] > 0.8
assert measured["old_frozen"] > 0.9
assert measured["old_frozen"] > measured["old_running"] + 0.05

# %%

figure, axis = plt.subplots(figsize=(8, 2.8), layout="constrained")
names = ["new head, dark images", "old head, bright images"]
for offset, way, color in (
    (-0.2, "frozen", "#b45309"),
    (0.2, "running", "0.6"),
):
    values = [measured[f"new_{way}"], measured[f"old_{way}"]]
    bars = axis.barh(
        np.arange(2) + offset,
        values,
        0.36,
        color=color,
        label=f"statistics {way}",
    )
    axis.bar_label(bars, fmt=" {:.0%}")
axis.set_yticks(range(2), names)
axis.invert_yaxis()
axis.set(xlim=(0, 1.5), xticks=np.linspace(0, 1, 6), xlabel="accuracy")
axis.legend(frameon=False, loc="center right")
axis.set_title("TensorFlow: weights frozen in both, statistics in one")
plt.show()

# %%
# What to try
# -----------
# Thaw the backbone after the head has learned and go on with a hundredth of the learning rate. Make
# ``LIGHT`` 1 and see how little the statistics then move. Thaw the backbone, and call
# it with ``training=False``: that is what a fine-tuning guide means by inference mode.
