"""
Compare a ported LSTM and GRU with their originals
==================================================

Both frameworks keep the weights of all gates in one matrix, side by side. The LSTM
has its four gates in the same order in Keras and in PyTorch, so a transpose is
enough. The GRU does not: Keras has update before reset, PyTorch reset before update.
The shapes are the same either way, and a port in the wrong order runs.
"""

# sphinx_gallery_tags = ["porting", "recurrent", "LSTM", "GRU"]
# sphinx_gallery_tolerances = {"error_gru": 5e-7, "error_lstm": 5e-7}

import os

os.environ["KERAS_BACKEND"] = "jax"

import keras
import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

# %%
# Constants
# ---------

SEED = 0
UNITS = 16

# %%
# The originals
# -------------
# Digits as sequences of rows. The biases are set to random numbers: at their start
# they are zero, but for an LSTM's forget gate, and zeros agree in every order.

images = (load_digits().images[:200] / 16).astype("float32")
generator = np.random.default_rng(SEED)


def make(layer):
    model = keras.Sequential([keras.Input((8, 8)), layer(UNITS, return_sequences=True)])
    model.set_weights(
        [generator.normal(0, 0.4, size=w.shape).astype("float32") for w in model.get_weights()]
    )
    return model.get_weights(), keras.ops.convert_to_numpy(model(images))


lstm_weights, lstm_expected = make(keras.layers.LSTM)
gru_weights, gru_expected = make(keras.layers.GRU)
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
    return torch.from_numpy(np.concatenate([blocks[i] for i in order], axis=-1).T.copy())


def port(layer, weights, order):
    kernel, recurrent, bias = weights
    biases = bias if bias.ndim == 2 else np.stack([bias, np.zeros_like(bias)])
    with torch.no_grad():
        layer.weight_ih_l0.copy_(reordered(kernel, order))
        layer.weight_hh_l0.copy_(reordered(recurrent, order))
        layer.bias_ih_l0.copy_(reordered(biases[0], order))
        layer.bias_hh_l0.copy_(reordered(biases[1], order))
        return layer(torch.from_numpy(images))[0].numpy()


lstm_outputs = port(nn.LSTM(8, UNITS, batch_first=True), lstm_weights, (0, 1, 2, 3))
gru_outputs = port(nn.GRU(8, UNITS, batch_first=True), gru_weights, (1, 0, 2))
gru_mistaken = port(nn.GRU(8, UNITS, batch_first=True), gru_weights, (0, 1, 2))

# %%
# Result
# ------


def error(outputs, expected):
    return float(abs(outputs - expected).max())


measured = {
    "error_lstm": error(lstm_outputs, lstm_expected),
    "error_gru": error(gru_outputs, gru_expected),
    "error_gru_gates_swapped": error(gru_mistaken, gru_expected),
    "largest_output": float(abs(gru_expected).max()),
}
for name, value in measured.items():
    print(f"{name:<24} {value:.1e}")
assert measured["error_lstm"] < 1e-5
assert measured["error_gru"] < 1e-5
assert measured["error_gru_gates_swapped"] > 0.1

# %%
# One unit of the GRU over the eight rows of one digit.

figure, axis = plt.subplots(figsize=(8, 3.2), layout="constrained")
rows = range(1, 9)
unit = int(abs(gru_mistaken[0] - gru_expected[0]).max(axis=0).argmax())
axis.plot(rows, gru_expected[0, :, unit], color="#2563eb", linewidth=5, alpha=0.5, label="Keras")
axis.plot(
    rows, gru_outputs[0, :, unit], color="#6b1f5e", marker="s", label="PyTorch, gates reordered"
)
axis.plot(
    rows, gru_mistaken[0, :, unit], color="#6b1f5e", linestyle=":", label="PyTorch, as they are"
)
axis.set(xlabel="row", ylabel="output of one unit")
axis.legend(frameon=False)
axis.set_title("A GRU with its gates in the wrong order runs, and answers something else")
plt.show()

# %%
# What to try
# -----------
# Leave the biases at zero and see which mistakes hide. Make a Keras GRU with
# ``reset_after=False``: there is no PyTorch layer that computes it. Port a
# ``Bidirectional`` layer; its second half goes into the ``_reverse`` weights.
