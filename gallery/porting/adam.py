"""
Compare Adam in Keras with Adam in PyTorch
==========================================

Give both optimizers the same learning rate, the same betas and the same epsilon,
and the curves part all the same. Adam is not one algorithm: the paper has two
forms, which add epsilon in different places. PyTorch has one and Keras the other.

The other form takes a few lines to write. With it, the curves agree. Look at how the gap grows
with epsilon: at the defaults it is small, and at the 1e-3 that some papers use it is not.
"""

# sphinx_gallery_tags = ["porting", "optimizer", "Adam"]
# sphinx_gallery_tolerances = {"gap_*": 0.001}

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits

# %%
# Constants
# ---------
# 64-bit numbers, so that little but the algorithm remains.

SEED = 0
STEPS = 200
BATCH_SIZE = 32
RATE, BETA1, BETA2 = 0.001, 0.9, 0.999
EPSILONS = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2]

keras.config.set_floatx("float64")

# %%
# Data and weights
# ----------------

digits = load_digits()
images, labels = digits.data / 16, digits.target.astype("int64")
generator = np.random.default_rng(SEED)
start = [
    generator.normal(0, 0.15, size=(64, 64)),
    np.zeros(64),
    generator.normal(0, 0.15, size=(64, 10)),
    np.zeros(10),
]
order = [generator.integers(0, len(labels), BATCH_SIZE) for _ in range(STEPS)]

# %%
# Keras's Adam
# ------------


def train_keras(epsilon):
    layers = [
        keras.layers.Dense(64, activation="relu"),
        keras.layers.Dense(10),
    ]
    model = keras.Sequential([keras.Input((64,)), *layers])
    model.compile(
        keras.optimizers.Adam(RATE, BETA1, BETA2, epsilon),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    model.set_weights(start)
    losses = []
    for chosen in order:
        losses.append(
            float(model.train_on_batch(images[chosen], labels[chosen]))
        )
    return np.array(losses)


# %%
# PyTorch's Adam, and the other form
# ----------------------------------
# PyTorch corrects the second moment first and adds epsilon then. Keras adds epsilon
# to its root *before* it is corrected (the paper calls that form "epsilon hat").
# At the first step the correction is a factor of 32, and so is the difference in
# what epsilon counts for.


class KerasAdam(torch.optim.Optimizer):
    def __init__(self, parameters, epsilon):
        super().__init__(parameters, {})
        self.step_number, self.epsilon = 0, epsilon

    @torch.no_grad()
    def step(self):
        self.step_number += 1
        correction1 = 1 - BETA1**self.step_number
        correction2 = 1 - BETA2**self.step_number
        rate = RATE * correction2**0.5 / correction1
        for parameter in self.param_groups[0]["params"]:
            state = self.state[parameter]
            if not state:
                state["m"], state["v"] = (
                    torch.zeros_like(parameter),
                    torch.zeros_like(parameter),
                )
            state["m"].lerp_(parameter.grad, 1 - BETA1)
            state["v"].lerp_(parameter.grad**2, 1 - BETA2)
            parameter -= rate * state["m"] / (state["v"].sqrt() + self.epsilon)


def train_torch(make_optimizer, epsilon):
    tensors = [torch.tensor(w, requires_grad=True) for w in start]
    optimizer, losses = make_optimizer(tensors, epsilon), []
    for chosen in order:
        x, y = (
            torch.from_numpy(images[chosen]),
            torch.from_numpy(labels[chosen]),
        )
        logits = (
            torch.relu(x @ tensors[0] + tensors[1]) @ tensors[2] + tensors[3]
        )
        loss = torch.nn.functional.cross_entropy(logits, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return np.array(losses)


# %%
# Result
# ------
# What is left with the other form has the size of 32-bit rounding: not everything in
# Keras is computed in 64 bits.


def torch_adam(parameters, epsilon):
    return torch.optim.Adam(
        parameters, lr=RATE, betas=(BETA1, BETA2), eps=epsilon
    )


forms = {"PyTorch's Adam": torch_adam, "the other form": KerasAdam}
gaps = {name: [] for name in forms}
for epsilon in EPSILONS:
    reference = train_keras(epsilon)
    for name, make in forms.items():
        gaps[name].append(
            float(abs(train_torch(make, epsilon) - reference).max())
        )
for row in zip(EPSILONS, *gaps.values()):
    print(
        "epsilon {:.0e}: gap {:.1e}, with the other form {:.1e}".format(*row)
    )
measured = {
    "gap_same_settings": gaps["PyTorch's Adam"][EPSILONS.index(1e-7)],
    "gap_large_epsilon": gaps["PyTorch's Adam"][EPSILONS.index(1e-3)],
    "gap_other_form": max(gaps["the other form"]),
    "default_epsilon_keras": keras.optimizers.Adam().epsilon,
    "default_epsilon_torch": torch.optim.Adam([torch.zeros(1)]).defaults[
        "eps"
    ],
}
assert measured["gap_other_form"] < 1e-5
assert (
    measured["gap_same_settings"]
    > 10 * gaps["the other form"][EPSILONS.index(1e-7)]
)
assert measured["gap_large_epsilon"] > 100 * measured["gap_same_settings"]

# %%

figure, axis = plt.subplots(figsize=(8, 3.2), layout="constrained")
for (name, values), color in zip(gaps.items(), ("0.45", "#6b1f5e")):
    axis.plot(EPSILONS, values, "o-", color=color)
    axis.text(EPSILONS[-1] * 1.4, values[-1], name, color=color, va="center")
for name in ("keras", "torch"):
    value = measured[f"default_epsilon_{name}"]
    axis.axvline(value, color="0.8", zorder=0)
    axis.text(value * 1.1, 2e-9, f"{name}'s", color="0.4", fontsize=8)
axis.set(
    xscale="log",
    yscale="log",
    xlabel="epsilon (grey: the defaults)",
    ylabel="largest gap in loss to Keras",
)
axis.set(xlim=(5e-9, 0.5), ylim=(1e-9, None))
axis.set_title("Adam is not Adam, until epsilon stands in the same place")
plt.show()

# %%
# What to try
# -----------
# Leave both libraries at their defaults, which differ as well, as ``measured`` shows. Do the same for RMSprop, whose defaults differ in rate and decay.
