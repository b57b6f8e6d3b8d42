"""
Compare losses with the shapes that your data really has
========================================================

"The same network has a loss many times higher in PyTorch than in Keras" is an
old question, and the answer is often one missing axis. A regression model
gives predictions of shape ``(batch, 1)``; targets read from a table have shape
``(batch,)``. Keras aligns the two. PyTorch broadcasts them to ``(batch, batch)``
and compares every prediction with every target.

Look at what the wrong model learns: not nothing, but the mean.
"""

import os

os.environ["KERAS_BACKEND"] = "torch"

import random
import warnings

import keras
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

# %%
# Constants
# ---------
# One seed, one model size, one optimizer for all three runs.

SEED = 0
EPOCHS = 20
BATCH_SIZE = 32
LEARNING_RATE = 0.01

# %%
# Data
# ----
# Two features and a target with a known rule and a little noise. The target is
# one-dimensional, as a column of a table is.

generator = np.random.default_rng(SEED)
features = generator.uniform(-2, 2, size=(1000, 2)).astype("float32")
noise = generator.normal(0, 0.5, size=1000)
targets = (features[:, 0] * features[:, 1] + features[:, 0] + noise).astype(
    "float32"
)
x_train, x_test = features[:800], features[800:]
y_train, y_test = targets[:800], targets[800:]
print(
    f"targets: shape {y_train.shape}, variance in the test {y_test.var():.2f}"
)

# %%
# One batch shows it
# ------------------
# Subtract a vector of shape (32,) from a matrix of shape (32, 1): the result has
# 1,024 numbers where 32 were meant. PyTorch says so, once, as a warning; in a log
# of a long training it is easily missed.

predictions, batch = (
    torch.zeros(BATCH_SIZE, 1),
    torch.from_numpy(y_train[:BATCH_SIZE]),
)
print("difference:", tuple((predictions - batch).shape))
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    nn.functional.mse_loss(predictions, batch)
print("PyTorch warns:", str(caught[0].message).split(". ")[0])

# %%
# The same training, twice in PyTorch
# -----------------------------------
# ``align`` is the only difference: it adds the missing axis to the targets.


def train_in_pytorch(align):
    torch.manual_seed(SEED)
    model = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    pairs = torch.utils.data.TensorDataset(
        torch.from_numpy(x_train), torch.from_numpy(y_train)
    )
    loader = torch.utils.data.DataLoader(
        pairs, batch_size=BATCH_SIZE, shuffle=True
    )
    for _ in range(EPOCHS):
        for inputs, wanted in loader:
            wanted = wanted.unsqueeze(1) if align else wanted
            optimizer.zero_grad()
            nn.functional.mse_loss(model(inputs), wanted).backward()
            optimizer.step()
    with torch.no_grad():
        return model(torch.from_numpy(x_test)).numpy().ravel()


with warnings.catch_warnings():
    # The warning shown above, which is the point here.
    warnings.filterwarnings("ignore", message="Using a target size")
    guesses_broadcast = train_in_pytorch(align=False)
guesses_aligned = train_in_pytorch(align=True)

# %%
# And once in Keras
# -----------------
# Keras gets the same one-dimensional targets and aligns them itself.

random.seed(SEED)  # from which Keras takes the seeds of its layers
torch.manual_seed(SEED)
np.random.seed(SEED)
model = keras.Sequential(
    [
        keras.Input((2,)),
        keras.layers.Dense(32, activation="relu"),
        keras.layers.Dense(1),
    ]
)
model.compile(optimizer=keras.optimizers.Adam(LEARNING_RATE), loss="mse")
model.fit(x_train, y_train, epochs=EPOCHS, batch_size=BATCH_SIZE, verbose=0)
guesses_keras = model.predict(x_test, verbose=0).ravel()

# %%
# Result
# ------
# With the wrong shapes, the best that a model can do is to predict the mean of a
# batch, so its error ends near the variance of the targets.


def mean_squared_error(guesses):
    return float(np.mean((guesses - y_test) ** 2))


measured = {
    "mse_broadcast": mean_squared_error(guesses_broadcast),
    "mse_aligned": mean_squared_error(guesses_aligned),
    "mse_keras": mean_squared_error(guesses_keras),
    "target_variance": float(y_test.var()),
}
measured["times_worse"] = measured["mse_broadcast"] / measured["mse_aligned"]
for name, value in measured.items():
    print(f"{name:<16} {value:6.2f}")
assert measured["times_worse"] > 4
assert abs(measured["mse_broadcast"] / measured["target_variance"] - 1) < 0.2
assert abs(measured["mse_aligned"] / measured["mse_keras"] - 1) < 0.25

# %%
# Each dot is a test sample; on the dashed line the prediction is right.

panels = [
    (
        "PyTorch, (batch,) targets",
        guesses_broadcast,
        "mse_broadcast",
        "#6b1f5e",
    ),
    ("PyTorch, (batch, 1) targets", guesses_aligned, "mse_aligned", "#6b1f5e"),
    ("Keras, (batch,) targets", guesses_keras, "mse_keras", "#2563eb"),
]
figure, axes = plt.subplots(
    1, 3, figsize=(8, 3.2), sharey=True, layout="constrained"
)
for axis, (title, guesses, key, color) in zip(axes, panels, strict=True):
    axis.plot(y_test, guesses, "o", color=color, alpha=0.4, ms=3)
    axis.axline((0, 0), slope=1, color="0.4", linestyle="--", linewidth=1)
    axis.set(title=f"{title}\nerror {measured[key]:.2f}", xlabel="target")
axes[0].set_ylabel("prediction")
plt.show()

# %%
# What to try
# -----------
# Print ``model(inputs).shape`` and ``wanted.shape`` before the loss in your own
# loop. Turn the warning into an error with
# ``warnings.filterwarnings("error", message="Using a target size")``. Put
# ``batch[:, None]`` in the place of the zeros of the first batch: they are all right, and PyTorch's
# loss is not zero; that of ``keras.losses.MeanSquaredError`` is.
