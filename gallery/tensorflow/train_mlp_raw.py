"""
Train the article's model in raw TensorFlow
===========================================

The original article's "TensorFlow" sample is written in Keras. This is what the
same network, 784-128-64-10 with dropout, looks like in TensorFlow itself:
variables, a gradient tape, and a training step that ``tf.function`` compiles.
Nothing here imports a layer, an optimizer or ``fit``. Set it beside
:doc:`/gallery/tensorflow/train_mlp` to see what Keras does for you.
"""

# sphinx_gallery_timed = True
# sphinx_gallery_tolerances = {"accuracy": 0.01, "test_loss": 0.005}

import time

import matplotlib.pyplot as plt
import tensorflow as tf
from scipy.ndimage import zoom
from sklearn.datasets import fetch_openml, load_digits
from sklearn.model_selection import train_test_split

# %%
# Constants
# ---------
# One seed for TensorFlow, whose generator draws the weights, the dropout masks
# and the order of the images. ``REAL_MNIST`` swaps the small digits, which ship
# with scikit-learn, for the 70,000 of MNIST; that needs the internet.

SEED = 0
EPOCHS = 10
BATCH_SIZE = 32
REAL_MNIST = False

tf.random.set_seed(SEED)

# %%
# Data
# ----
# The bundled digits are 8 by 8 pixels. Enlarged to 28 by 28 they have the 784
# features that the model expects. The split is fixed, so that every framework
# here sees the same 1,437 training and 360 test images.

if REAL_MNIST:
    images, labels = fetch_openml("mnist_784", return_X_y=True, as_frame=False)
    images, labels = images / 255, labels.astype("int64")
else:
    digits = load_digits()
    images = zoom(digits.images / 16, (1, 3.5, 3.5), order=0).reshape(-1, 784)
    labels = digits.target.astype("int64")

x_train, x_test, y_train, y_test = train_test_split(
    images.astype("float32"),
    labels,
    test_size=0.2,
    stratify=labels,
    random_state=SEED,
)
print(f"{len(x_train)} training images, {len(x_test)} test images")

# %%
# Model
# -----
# Six variables and a function. The weights start as Keras starts them: uniform
# with Glorot's bound. The function returns logits.


def glorot(rows, columns):
    bound = (6 / (rows + columns)) ** 0.5
    return tf.Variable(tf.random.uniform((rows, columns), -bound, bound))


weights = [glorot(784, 128), glorot(128, 64), glorot(64, 10)]
biases = [tf.Variable(tf.zeros(size)) for size in (128, 64, 10)]
variables = weights + biases


def classify(x, training):
    x = tf.nn.relu(x @ weights[0] + biases[0])
    if training:
        x = tf.nn.dropout(x, rate=0.2)
    x = tf.nn.relu(x @ weights[1] + biases[1])
    return x @ weights[2] + biases[2]


parameters = sum(int(tf.size(variable)) for variable in variables)
print(f"{parameters:,} parameters")

# %%
# Adam needs two moving averages for each variable and the number of the step.

step = tf.Variable(0.0)
means = [tf.Variable(tf.zeros_like(variable)) for variable in variables]
squares = [tf.Variable(tf.zeros_like(variable)) for variable in variables]


def adam(gradients, rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-7):
    step.assign_add(1.0)
    rate = rate * tf.sqrt(1 - beta2**step) / (1 - beta1**step)
    for variable, gradient, mean, square in zip(
        variables, gradients, means, squares, strict=True
    ):
        mean.assign(beta1 * mean + (1 - beta1) * gradient)
        square.assign(beta2 * square + (1 - beta2) * gradient**2)
        variable.assign_sub(rate * mean / (tf.sqrt(square) + epsilon))


# %%
# Training
# --------
# The tape records what the model does, then runs it backwards. ``tf.function``
# traces the step into a graph, once for each shape of batch; without that line every
# operation runs by itself, more slowly, and dropout draws other masks.


def cross_entropy(labels, logits):
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    return tf.reduce_mean(losses)


@tf.function
def train_step(inputs, targets):
    with tf.GradientTape() as tape:
        loss = cross_entropy(targets, classify(inputs, training=True))
    adam(tape.gradient(loss, variables))
    return loss


def evaluate():
    logits = classify(x_test, training=False)
    accuracy = tf.reduce_mean(
        tf.cast(tf.argmax(logits, axis=1) == y_test, tf.float32)
    )
    return float(cross_entropy(y_test, logits)), float(accuracy)


# %%
# The rest is an ordinary loop over shuffled minibatches. The last one is smaller,
# and ``reduce_retracing`` is not needed: a second shape costs one more trace.

loader = tf.data.Dataset.from_tensor_slices((x_train, y_train))
loader = loader.shuffle(len(x_train), seed=SEED).batch(BATCH_SIZE)

history = {"train_loss": [], "test_loss": [], "test_accuracy": []}
started = time.perf_counter()
for epoch in range(EPOCHS):
    total = 0.0
    for inputs, targets in loader:
        total += float(train_step(inputs, targets)) * len(inputs)
    test_loss, test_accuracy = evaluate()
    history["train_loss"].append(total / len(x_train))
    history["test_loss"].append(test_loss)
    history["test_accuracy"].append(test_accuracy)
train_seconds = time.perf_counter() - started

# %%
# Result
# ------
# ``measured`` is what the rest of this site quotes from this script.

measured = {
    "accuracy": history["test_accuracy"][-1],
    "test_loss": history["test_loss"][-1],
    "parameters": parameters,
    "steps": int(step.numpy()),
    "train_seconds": train_seconds,
    "traces": train_step.experimental_get_tracing_count(),
}
print(
    f"test accuracy {measured['accuracy']:.1%} after {measured['steps']} steps"
)
assert measured["accuracy"] > 0.94

# %%
# The left panel shows that ten epochs suffice; the right one where they lead.

epochs = range(1, EPOCHS + 1)
figure, (left, right) = plt.subplots(
    1, 2, figsize=(8, 3.2), layout="constrained"
)
left.plot(epochs, history["train_loss"], color="0.55", label="training")
left.plot(
    epochs, history["test_loss"], color="#b45309", marker="o", label="test"
)
left.set(xlabel="epoch", ylabel="cross-entropy loss", ylim=(0, None))
left.legend(frameon=False)
right.plot(epochs, history["test_accuracy"], color="#b45309", marker="o")
right.set(xlabel="epoch", ylabel="test accuracy", ylim=(0.5, 1))
figure.suptitle(
    f"Raw TensorFlow reaches {measured['accuracy']:.1%} on the test digits"
)
plt.show()

# %%
# What to try
# -----------
# Remove ``@tf.function``, and ``traces`` from ``measured``, and compare
# ``train_seconds``. Print something inside
# ``train_step``: it appears once per trace, not once per step.
