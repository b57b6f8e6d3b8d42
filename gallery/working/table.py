"""
Train on a table, and try to beat a straight line
=================================================

Most data is a table, and for a table a network has a rival that costs nothing: a linear model. Here
both get the same rows, thirty measurements of a tumour each, over ten random splits. The network is
trained in PyTorch and in Keras, and the scaling of the columns, which all of them need, is put
*inside* the model; once it is left out, as one that stands outside can be forgotten.

Look at the last row of the figure first: that is the same trained model
without its scaling, served the same raw rows.
"""

# sphinx_gallery_tags = ["table", "preprocessing", "baseline", "serving"]
# sphinx_gallery_tolerances = {"linear": 0.005, "*_inside": 0.015, "forgotten": 0.1}

import os

os.environ["KERAS_BACKEND"] = "torch"  # before Keras is imported

import keras
import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

# %%
# Constants
# ---------

SEED = 0
SPLITS, STEPS, WIDTH, RATE = 10, 60, 16, 0.01

table = load_breast_cancer()
rows, labels = table.data.astype("float32"), table.target.astype("float32")
print(f"{len(rows)} rows, {rows.shape[1]} columns")
for name, column in zip(table.feature_names[:4], rows.T):
    print(f"    {name:<16} from {column.min():8.2f} to {column.max():8.2f}")

# %%
# The rival
# ---------
# Logistic regression behind a scaler, as it comes.


def linear(x, y):
    return (
        make_pipeline(StandardScaler(), LogisticRegression()).fit(x, y).predict
    )


# %%
# PyTorch
# -------
# The means and widths are *buffers*: saved with the model, moved with it, and not trained. So
# whoever gets the model gets the scaling.


class Scaled(nn.Module):
    def __init__(self, x):
        super().__init__()
        self.register_buffer("mean", torch.from_numpy(x.mean(axis=0)))
        self.register_buffer("width", torch.from_numpy(x.std(axis=0)))

    def forward(self, x):
        return (x - self.mean) / self.width


def torch_network(x, y):
    torch.manual_seed(SEED)
    model = nn.Sequential(
        Scaled(x),
        nn.Linear(x.shape[1], WIDTH),
        nn.ReLU(),
        nn.Linear(WIDTH, 1),
        nn.Flatten(0),
    )
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=RATE, weight_decay=0.01
    )
    inputs, targets = torch.from_numpy(x), torch.from_numpy(y)
    model.train()
    for _ in range(STEPS):
        optimizer.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(
            model(inputs), targets
        ).backward()
        optimizer.step()
    model.eval()
    return model


def torch_predict(model, x):
    with torch.inference_mode():
        return (model(torch.from_numpy(x)) > 0).float().numpy()


# %%
# Keras
# -----
# ``Normalization`` is a layer. ``adapt`` reads the training rows, and those only: what the test
# rows are like is not known when a model is made.


def keras_network(x, y):
    normalise = keras.layers.Normalization()
    normalise.adapt(x)
    start = {"kernel_initializer": keras.initializers.GlorotUniform(seed=SEED)}
    layers = [
        keras.layers.Dense(WIDTH, "relu", **start),
        keras.layers.Dense(1, **start),
    ]
    model = keras.Sequential([keras.Input((x.shape[1],)), normalise, *layers])
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(keras.optimizers.AdamW(RATE, weight_decay=0.01), loss)
    for _ in range(STEPS):
        model.train_on_batch(x, y[:, None])
    return model


def keras_predict(model, x):
    logits = keras.ops.convert_to_numpy(model(x, training=False))
    return (logits[:, 0] > 0).astype("float32")


# %%
# Ten splits
# ----------
# One split of so few rows says little: a single row is most of a percent. ``forgotten`` is the
# PyTorch network without its first layer, which is what is served when the scaling stays behind in
# a notebook.

accuracy = {
    name: []
    for name in ("linear", "PyTorch", "Keras", "PyTorch, scaling forgotten")
}
for split in range(SPLITS):
    parts = train_test_split(
        rows, labels, test_size=0.3, stratify=labels, random_state=split
    )
    x_train, x_test, y_train, y_test = parts
    in_torch, in_keras = (
        torch_network(x_train, y_train),
        keras_network(x_train, y_train),
    )
    answers = {
        "linear": linear(x_train, y_train)(x_test),
        "PyTorch": torch_predict(in_torch, x_test),
        "Keras": keras_predict(in_keras, x_test),
        "PyTorch, scaling forgotten": torch_predict(in_torch[1:], x_test),
    }
    for name, guesses in answers.items():
        accuracy[name].append(float((guesses == y_test).mean()))

# %%
# Result
# ------

medians = {name: float(np.median(values)) for name, values in accuracy.items()}
for name, values in accuracy.items():
    print(
        f"{name:<27} {medians[name]:.1%}  "
        f"({min(values):.1%} to {max(values):.1%})"
    )
wins = sum(a > b for a, b in zip(accuracy["PyTorch"], accuracy["linear"]))
measured = {
    "linear": medians["linear"],
    "pytorch_inside": medians["PyTorch"],
    "keras_inside": medians["Keras"],
    "forgotten": medians["PyTorch, scaling forgotten"],
    "splits": SPLITS,
    "wins": wins,
}
print(f"the network is ahead of the line in {wins} of {SPLITS} splits")
assert medians["linear"] > 0.95
for name in ("PyTorch", "Keras"):
    assert abs(medians[name] - medians["linear"]) < 0.02, name
assert measured["forgotten"] < 0.8

# %%

colors = ["0.5", "#6b1f5e", "#2563eb", "#6b1f5e"]
figure, axis = plt.subplots(figsize=(8, 2.8), layout="constrained")
for row, ((name, values), color) in enumerate(zip(accuracy.items(), colors)):
    axis.plot(values, [row] * SPLITS, "o", color=color, alpha=0.35)
    axis.plot(medians[name], row, "|", color=color, ms=18, mew=3)
axis.set_yticks(range(len(accuracy)), list(accuracy))
axis.set_ylim(len(accuracy) - 0.5, -0.5)
axis.set(xlabel=f"accuracy on test rows ({SPLITS} splits; line: median)")
axis.set_title("A network hardly beats a line, and unscaled rows ruin it")
plt.show()

# %%
# What to try
# -----------
# Give the linear model products of two columns. Try ``HistGradientBoostingClassifier``, which needs
# no scaling. Adapt ``Normalization`` to all rows and see that, here, the mistake does not show.
