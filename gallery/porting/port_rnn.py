"""
Compare a ported LSTM and GRU with their originals
==================================================

Both frameworks keep the weights of all gates in one matrix, side by side. The LSTM
has its four gates in the same order in Keras and in PyTorch, so a transpose is
enough. The GRU does not: Keras has update before reset, PyTorch reset before update.
The shapes are the same either way, and a port in the wrong order runs: it only answers wrong.
"""

# sphinx_gallery_tags = ["porting", "recurrent", "LSTM", "GRU"]
# sphinx_gallery_tolerances = {"error_gru": 5e-6, "error_lstm": 5e-6, "error_gru_gates_swapped": 0.5, "accuracy_*": 0.1}

import os
import random

os.environ["KERAS_BACKEND"] = "jax"

import keras
import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

# %%
# Constants
# ---------

SEED = 0
UNITS, EPOCHS = 32, 12

random.seed(SEED)  # from which Keras takes the seeds of its layers
np.random.seed(SEED)  # with which ``fit`` shuffles

# %%
# The originals
# -------------
# Digits as sequences of rows, read by a GRU and a linear layer that are trained. The LSTM gets
# random weights. Neither has biases of zero, which agree in every order.

digits = load_digits()
x_train, images, y_train, labels = train_test_split(
    (digits.images / 16).astype("float32"), digits.target,
    test_size=0.2, stratify=digits.target, random_state=SEED,
)  # fmt: skip


recurrent = keras.layers.GRU(UNITS, return_sequences=True)
last = keras.layers.Lambda(lambda x: x[:, -1], output_shape=(UNITS,))
model = keras.Sequential(
    [keras.Input((8, 8)), recurrent, last, keras.layers.Dense(10)]
)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(keras.optimizers.Adam(0.01), loss)
model.fit(x_train, y_train, epochs=EPOCHS, batch_size=64, verbose=0)
gru_weights, (head, head_bias) = (
    recurrent.get_weights(),
    model.layers[-1].get_weights(),
)
gru_expected = keras.ops.convert_to_numpy(recurrent(images))

lstm = keras.layers.LSTM(UNITS, return_sequences=True)
lstm(images)
generator = np.random.default_rng(SEED)
lstm.set_weights(
    [
        generator.normal(0, 0.4, w.shape).astype("float32")
        for w in lstm.get_weights()
    ]
)
lstm_weights, lstm_expected = (
    lstm.get_weights(),
    keras.ops.convert_to_numpy(lstm(images)),
)
print("LSTM:", [w.shape for w in lstm_weights])
print("GRU: ", [w.shape for w in gru_weights])

# %%
# The port
# --------
# ``order`` says from which block of Keras each gate of PyTorch is taken. PyTorch has
# two biases where Keras's LSTM has one, so the second is zero. The GRU has two in
# both, because its reset gate acts between them.


def reordered(weight, order):
    """The blocks of the last axis in another order, transposed for PyTorch."""
    blocks = np.split(weight, len(order), axis=-1)
    return torch.from_numpy(
        np.concatenate([blocks[i] for i in order], axis=-1).T.copy()
    )


def port(layer, weights, order):
    kernel, recurrent, bias = weights
    biases = bias if bias.ndim == 2 else np.stack([bias, np.zeros_like(bias)])
    with torch.no_grad():
        layer.weight_ih_l0.copy_(reordered(kernel, order))
        layer.weight_hh_l0.copy_(reordered(recurrent, order))
        layer.bias_ih_l0.copy_(reordered(biases[0], order))
        layer.bias_hh_l0.copy_(reordered(biases[1], order))
        return layer(torch.from_numpy(images))[0].numpy()


lstm_outputs = port(
    nn.LSTM(8, UNITS, batch_first=True), lstm_weights, (0, 1, 2, 3)
)
gru_outputs = port(nn.GRU(8, UNITS, batch_first=True), gru_weights, (1, 0, 2))
gru_mistaken = port(nn.GRU(8, UNITS, batch_first=True), gru_weights, (0, 1, 2))

# %%
# Result
# ------


def error(outputs, expected):
    return float(abs(outputs - expected).max())


def accuracy(outputs):
    answers = outputs[:, -1] @ head + head_bias
    return float((answers.argmax(axis=1) == labels).mean())


measured = {
    "error_lstm": error(lstm_outputs, lstm_expected),
    "error_gru": error(gru_outputs, gru_expected),
    "error_gru_gates_swapped": error(gru_mistaken, gru_expected),
    "accuracy_keras": accuracy(gru_expected),
    "accuracy_gru": accuracy(gru_outputs),
    "accuracy_gru_gates_swapped": accuracy(gru_mistaken),
}
for name, value in measured.items():
    print(f"{name:<27} {value:.2g}")
assert measured["error_lstm"] < 1e-5
assert measured["error_gru"] < 1e-5
assert measured["accuracy_gru"] == measured["accuracy_keras"] > 0.9
assert measured["accuracy_gru_gates_swapped"] < 0.6

# %%
# One unit of the GRU over the eight rows of one digit.

figure, axis = plt.subplots(figsize=(8, 3.2), layout="constrained")
rows = range(1, 9)
unit = int(abs(gru_mistaken[0] - gru_expected[0]).max(axis=0).argmax())
axis.plot(
    rows,
    gru_expected[0, :, unit],
    color="#2563eb",
    linewidth=5,
    alpha=0.5,
    label="Keras",
)
axis.plot(
    rows,
    gru_outputs[0, :, unit],
    color="#6b1f5e",
    marker="s",
    label="PyTorch, gates reordered",
)
axis.plot(
    rows,
    gru_mistaken[0, :, unit],
    color="#6b1f5e",
    linestyle=":",
    label="PyTorch, gates in Keras's order",
)
axis.set(xlabel="row", ylabel="output of one unit")
axis.legend(frameon=False)
axis.set_title(
    f"Gates reordered: {measured['accuracy_gru']:.0%} right; "
    f"left in Keras's order: {measured['accuracy_gru_gates_swapped']:.0%}"
)
plt.show()

# %%
# What to try
# -----------
# Leave the biases at zero and see which mistakes hide. Make a Keras GRU with
# ``reset_after=False``: there is no PyTorch layer that computes it. Port a
# ``Bidirectional`` layer; its second half goes into the ``_reverse`` weights.
