"""
Compare L2 regularisation with weight decay
===========================================

Three things go by one name. Keras's ``L2(x)`` adds ``x`` times their squares to the loss, so
the gradient gets ``2 * x * w``. PyTorch's ``weight_decay=x`` in SGD and Adam adds ``x * w`` to
the gradient, half of that. AdamW, in both, leaves the gradient alone and shrinks the weights by
``rate * x`` of their size in each step. With plain gradient descent they are one thing but for
the factor; with Adam, which divides the gradient by its own size, they are not.

Look at the last panel: the same number gives weights of another size altogether.
"""

# sphinx_gallery_tags = ["porting", "optimizer", "defaults", "Adam"]
# sphinx_gallery_tolerances = {"gap_*": 1e-5, "norm_*": 0.1}

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

# %%
# Constants
# ---------
# Epsilon is small enough for Adam's two forms to agree.

SEED = 0
STEPS, BATCH_SIZE, RATE, EPSILON = 300, 64, 0.002, 1e-8
DECAY = 0.05

digits = load_digits()
images, labels = (
    (digits.data / 16).astype("float32"),
    digits.target.astype("int64"),
)
generator = np.random.default_rng(SEED)
start = generator.normal(0, 0.3, size=(64, 10)).astype("float32")
order = [generator.integers(0, len(labels), BATCH_SIZE) for _ in range(STEPS)]

# %%
# Keras
# -----


def train_keras(optimizer, l2=0.0):
    penalty = keras.regularizers.L2(l2) if l2 else None
    dense = keras.layers.Dense(10, use_bias=False, kernel_regularizer=penalty)
    model = keras.Sequential([keras.Input((64,)), dense])
    model.compile(
        optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    model.set_weights([start])
    norms = []
    for chosen in order:
        model.train_on_batch(images[chosen], labels[chosen])
        norms.append(float(torch.linalg.norm(dense.kernel.value.detach())))
    return norms


# %%
# PyTorch
# -------


def train_torch(make):
    model = nn.Linear(64, 10, bias=False)
    with torch.no_grad():
        model.weight.copy_(torch.from_numpy(start.T.copy()))
    optimizer, norms = make(model.parameters()), []
    for chosen in order:
        logits = model(torch.from_numpy(images[chosen]))
        loss = nn.functional.cross_entropy(
            logits, torch.from_numpy(labels[chosen])
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        norms.append(torch.linalg.norm(model.weight.detach()).item())
    return norms


# %%
# Result
# ------
# Pairs that agree, in each optimizer, and what the same number does in all.

sgd, adam, adamw = (
    keras.optimizers.SGD,
    keras.optimizers.Adam,
    keras.optimizers.AdamW,
)
torch_adam, torch_adamw = torch.optim.Adam, torch.optim.AdamW
settings = {"lr": RATE, "eps": EPSILON, "weight_decay": DECAY}
runs = {
    "SGD": (
        train_keras(sgd(0.1), l2=DECAY / 2),
        train_torch(lambda p: torch.optim.SGD(p, lr=0.1, weight_decay=DECAY)),
    ),
    "Adam": (
        train_keras(adam(RATE, epsilon=EPSILON), l2=DECAY / 2),
        train_torch(lambda p: torch_adam(p, **settings)),
    ),
    "AdamW": (
        train_keras(adamw(RATE, weight_decay=DECAY, epsilon=EPSILON)),
        train_torch(lambda p: torch_adamw(p, **settings)),
    ),
}
same_number = train_keras(adam(RATE, epsilon=EPSILON), l2=DECAY)
measured = {"norm_l2": same_number[-1]}
for name, (in_keras, in_torch) in runs.items():
    measured[f"gap_{name.lower()}"] = float(
        abs(np.array(in_keras) - in_torch).max() / in_torch[-1]
    )
    measured[f"norm_{name.lower()}"] = in_torch[-1]
for name, value in measured.items():
    print(f"{name:<11} {value:.2g}")
assert max(measured[f"gap_{name}"] for name in ("sgd", "adam", "adamw")) < 5e-3
assert (
    measured["norm_adamw"]
    > 1.2 * measured["norm_adam"]
    > 1.2 * measured["norm_l2"]
)

# %%

figure, axes = plt.subplots(
    1, 4, figsize=(8, 2.8), layout="constrained", sharey=True
)
titles = {
    "SGD": "SGD: L2(x/2) is\nweight_decay=x",
    "Adam": "Adam: L2(x/2) is\nweight_decay=x",
    "AdamW": "AdamW is\nAdamW",
}
for axis, (name, (in_keras, in_torch)) in zip(axes, runs.items()):
    axis.plot(in_keras, color="#2563eb", linewidth=5, alpha=0.4, label="Keras")
    axis.plot(in_torch, color="#6b1f5e", label="PyTorch")
    axis.set_title(titles[name], fontsize=9)
axes[3].plot(same_number, color="#2563eb", label="Keras, L2(x)")
axes[3].plot(
    runs["Adam"][1],
    color="#6b1f5e",
    linestyle=":",
    label="Adam(weight_decay=x)",
)
axes[3].plot(runs["AdamW"][1], color="#6b1f5e", label="AdamW(weight_decay=x)")
axes[3].set_title("the same x in all", fontsize=9)
for axis in (axes[0], axes[3]):
    axis.legend(frameon=False, fontsize=7)
axes[0].set(ylabel="length of the weights", ylim=(0, None))
figure.supxlabel("step", fontsize=9)
plt.show()

# %%
# What to try
# -----------
# Leave a bias or a batch normalisation out of the decay, as papers do: Keras has
# ``optimizer.exclude_from_weight_decay``, PyTorch groups of parameters. In Keras ``weight_decay=`` is AdamW's kind in every optimizer, ``SGD`` and
# ``Adam`` too; in PyTorch's it is L2. Compare the defaults: Keras's AdamW starts at ``0.004``, PyTorch's at ``0.01``.
