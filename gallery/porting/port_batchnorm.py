"""
Compare batch normalisation after a port
========================================

A batch-normalised network has two kinds of numbers that no gradient touches: the
mean and the variance that it collects while it trains and uses when it predicts. A
port has to copy them, to copy epsilon, which is a hundred times larger in Keras,
and, if the training goes on, to turn momentum around. Even then one difference
remains: PyTorch collects the unbiased variance and Keras the biased one.
"""

# sphinx_gallery_tags = ["porting", "batch normalisation", "defaults"]
# sphinx_gallery_tolerances = {"error_same_epsilon": 5e-6}

import os

os.environ["KERAS_BACKEND"] = "jax"

import keras
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

# %%
# Constants
# ---------
# A small batch makes the last difference easy to see.

SEED = 0
STEPS = 1000
BATCH_SIZE = 8
SPREADS = np.array([0.02, 0.1, 1.0, 5.0], "float32")

# %%
# Data
# ----
# Four features of very different spread; epsilon matters where it is small.

generator = np.random.default_rng(SEED)
batches = generator.normal(1, SPREADS, size=(STEPS, BATCH_SIZE, 4)).astype(
    "float32"
)
probe = generator.normal(1, SPREADS, size=(100, 4)).astype("float32")

# %%
# The original
# ------------
# Some steps in training mode let Keras collect its statistics.

original = keras.layers.BatchNormalization()
for batch in batches:
    original(batch, training=True)
expected = keras.ops.convert_to_numpy(original(probe, training=False))
gamma, beta, mean, variance = original.get_weights()
print("collected spread:", np.round(np.sqrt(variance), 3))

# %%
# The port
# --------
# Once with PyTorch's own epsilon and once with Keras's.


def port(epsilon):
    layer = nn.BatchNorm1d(4, eps=epsilon, momentum=1 - original.momentum)
    layer.load_state_dict(
        {
            "weight": torch.from_numpy(gamma.copy()),
            "bias": torch.from_numpy(beta.copy()),
            "running_mean": torch.from_numpy(mean.copy()),
            "running_var": torch.from_numpy(variance.copy()),
            "num_batches_tracked": torch.tensor(STEPS),
        }
    )
    return layer.eval()


def error(layer):
    with torch.no_grad():
        return abs(layer(torch.from_numpy(probe)).numpy() - expected).max(
            axis=0
        )


error_own_epsilon, error_same_epsilon = (
    error(port(1e-5)),
    error(port(original.epsilon)),
)
print("error by feature, PyTorch's epsilon:", np.round(error_own_epsilon, 3))
print("error by feature, Keras's epsilon:  ", error_same_epsilon)

# %%
# If the training goes on
# -----------------------
# Both layers collect from the same batches, with momentum turned around. Their
# variances settle at a constant ratio: n / (n - 1).

unbiased = BATCH_SIZE / (BATCH_SIZE - 1)
fresh_keras = keras.layers.BatchNormalization(momentum=0.95)
fresh_torch = nn.BatchNorm1d(4, momentum=0.05)
ratios = []
for batch in batches:
    fresh_keras(batch, training=True)
    fresh_torch(torch.from_numpy(batch))
    ratios.append(
        fresh_torch.running_var.numpy()[3]
        / fresh_keras.moving_variance.numpy()[3]
    )
print(
    f"PyTorch's variance / Keras's: {ratios[-1]:.4f}, n/(n-1) = {unbiased:.4f}"
)

# %%
# Result
# ------

measured = {
    "epsilon_keras": original.epsilon,
    "epsilon_torch": nn.BatchNorm1d(4).eps,
    "error_own_epsilon": float(error_own_epsilon.max()),
    "error_same_epsilon": float(error_same_epsilon.max()),
    "variance_ratio": float(ratios[-1]),
}
for name, value in measured.items():
    print(f"{name:<20} {value:.3g}")
assert (
    measured["error_same_epsilon"] < 1e-4 < 0.1 < measured["error_own_epsilon"]
)
assert abs(measured["variance_ratio"] - unbiased) < 1e-3

# %%

figure, (left, right) = plt.subplots(
    1, 2, figsize=(8, 3.2), layout="constrained"
)
left.bar([f"{s:g}" for s in SPREADS], error_own_epsilon, color="#6b1f5e")
left.set(xlabel="spread of the feature", ylabel="error with PyTorch's epsilon")
right.plot(ratios, color="#6b1f5e")
right.axhline(unbiased, color="0.4", linestyle="--")
right.text(STEPS, unbiased - 0.012, "n / (n - 1)", ha="right", color="0.3")
right.set(xlabel="batches seen", ylabel="variance, PyTorch / Keras")
figure.suptitle(
    "Epsilon shows where the spread is small; "
    f"variances differ by n / (n - 1), n = {BATCH_SIZE}"
)
plt.show()

# %%
# What to try
# -----------
# Forget ``running_mean`` in the copy. Use batches of 64 and see the second panel
# lose its point. Leave the layer in ``train`` mode and predict one sample.
