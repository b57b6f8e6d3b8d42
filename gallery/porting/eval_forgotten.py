"""
See what a forgotten eval() costs
=================================

A PyTorch module that was trained is still in training mode, and stays there until somebody calls
``eval()``. Dropout then goes on dropping, and batch normalisation compares each image with those
that happen to share its batch. Keras asks at each call instead: ``fit`` passes ``training=True``,
``predict`` and a plain call do not.

Look at the left end of the dashed lines. On large batches the mistake hardly shows, which is why it
gets past the tests; for one image at a time, as a server sees them, little is left.
"""

# sphinx_gallery_tags = ["eval()", "batch normalisation", "dropout", "inference", "serving"]
# sphinx_gallery_tolerances = {"*_eval": 0.02, "*_training_1": 0.1, "*_training_256": 0.03, "drift": 0.1}

import copy
import os

os.environ["KERAS_BACKEND"] = "torch"  # before Keras is imported

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
EPOCHS, BATCH_SIZE, RATE, DROPPED = 10, 32, 0.01, 0.2
SIZES = [1, 2, 4, 16, 64, 256]

generator = np.random.default_rng(SEED)
digits = load_digits()
order = generator.permutation(len(digits.target))
images = (digits.data / 16).astype("float32")[order]
labels = digits.target[order].astype("int64")
x_train, y_train, x_test, y_test = (
    images[:1285],
    labels[:1285],
    images[1285:],
    labels[1285:],
)

# %%
# Train in PyTorch
# ----------------

torch.manual_seed(SEED)
model = nn.Sequential(
    nn.Linear(64, 64),
    nn.BatchNorm1d(64),
    nn.ReLU(),
    nn.Dropout(DROPPED),
    nn.Linear(64, 10),
)
optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
model.train()
for _ in range(EPOCHS):
    shuffled = torch.from_numpy(generator.permutation(len(x_train)))
    for chosen in shuffled.split(BATCH_SIZE)[:-1]:
        optimizer.zero_grad()
        logits = model(torch.from_numpy(x_train)[chosen])
        nn.functional.cross_entropy(
            logits, torch.from_numpy(y_train)[chosen]
        ).backward()
        optimizer.step()


def torch_accuracy(model, size):
    """In the mode that the model is in, on batches of ``size`` images."""
    model = copy.deepcopy(
        model
    )  # in training mode a forward pass changes the statistics
    with torch.no_grad():
        parts = [
            model(part).argmax(dim=1)
            for part in torch.from_numpy(x_test).split(size)
        ]
    return float((torch.cat(parts).numpy() == y_test).mean())


# %%
# One image and batch normalisation
# ---------------------------------
# PyTorch refuses to normalise over a single row in training mode, and that is the luckiest form of
# this mistake: it says so. A batch of two is enough to silence it.

refusal = ""
try:
    torch_accuracy(model, 1)
except ValueError as error:
    refusal = str(error)
print("batches of one:", refusal)

# %%
# The same in Keras
# -----------------
# The weights are carried over, so that what differs is the mode alone. PyTorch's momentum and
# epsilon play no part once the statistics are there, but for the epsilon, which is given.

layers = [
    keras.layers.Dense(64),
    keras.layers.BatchNormalization(epsilon=model[1].eps),
    keras.layers.ReLU(),
    keras.layers.Dropout(DROPPED, seed=SEED),
    keras.layers.Dense(10),
]
in_keras = keras.Sequential([keras.Input((64,)), *layers])
state = {name: value.numpy() for name, value in model.state_dict().items()}
layers[0].set_weights([state["0.weight"].T, state["0.bias"]])
statistics = ("1.weight", "1.bias", "1.running_mean", "1.running_var")
layers[1].set_weights([state[name] for name in statistics])
layers[4].set_weights([state["4.weight"].T, state["4.bias"]])


def keras_accuracy(training, size):
    kept = in_keras.get_weights()
    parts = [
        keras.ops.convert_to_numpy(
            in_keras(x_test[i : i + size], training=training)
        ).argmax(axis=1)
        for i in range(0, len(x_test), size)
    ]
    in_keras.set_weights(kept)
    return float((np.concatenate(parts) == y_test).mean())


# %%
# What it leaves behind
# ---------------------
# A forward pass in training mode also moves the running statistics, ``no_grad`` or not. So a model
# that was only asked is another one afterwards.

asked = copy.deepcopy(model)
with torch.no_grad():
    asked(torch.from_numpy(x_test))
drift = float((asked[1].running_mean - model[1].running_mean).abs().max())

# %%
# Result
# ------

evaluated = copy.deepcopy(model).eval()
accuracy = {
    "PyTorch, eval()": [torch_accuracy(evaluated, size) for size in SIZES],
    "PyTorch, forgotten": [
        float("nan"),
        *(torch_accuracy(model, size) for size in SIZES[1:]),
    ],
    "Keras, called": [keras_accuracy(False, size) for size in SIZES],
    "Keras, training=True": [keras_accuracy(True, size) for size in SIZES],
}
for name, values in accuracy.items():
    print(f"{name:<21}", "  ".join(f"{value:6.1%}" for value in values))
measured = {
    "pytorch_eval": accuracy["PyTorch, eval()"][0],
    "pytorch_training_2": accuracy["PyTorch, forgotten"][1],
    "pytorch_training_256": accuracy["PyTorch, forgotten"][-1],
    "keras_eval": accuracy["Keras, called"][0],
    "keras_training_1": accuracy["Keras, training=True"][0],
    "drift": drift,
    "refused": bool(refusal),
}
assert len(set(accuracy["PyTorch, eval()"])) == 1
assert measured["pytorch_eval"] == measured["keras_eval"] > 0.95
assert measured["pytorch_training_256"] > measured["pytorch_eval"] - 0.08
assert measured["pytorch_training_2"] < measured["pytorch_eval"] - 0.3
assert measured["keras_training_1"] < 0.3
assert measured["refused"]
assert drift > 0.01

# %%

figure, axis = plt.subplots(figsize=(8, 3.2), layout="constrained")
for name, values in accuracy.items():
    color, width = ("#6b1f5e", 4) if name.startswith("P") else ("#2563eb", 1.6)
    way = "-" if name in {"PyTorch, eval()", "Keras, called"} else "--"
    axis.plot(
        SIZES,
        values,
        way,
        marker="o",
        color=color,
        linewidth=width,
        label=name,
    )
axis.set(
    xscale="log",
    xlabel="images in a batch, when asked",
    ylabel="test accuracy",
    ylim=(0, 1.05),
)
axis.set_xticks(SIZES, SIZES)
axis.minorticks_off()
axis.legend(frameon=False, loc="lower right")
axis.set_title("In training mode an answer depends on the company")
plt.show()

# %%
# What to try
# -----------
# Take the batch normalisation out: dropout alone costs little and makes the answers differ from call
# to call. Replace it by ``LayerNorm``, which has no other mode.
