"""
Compare Adam in Keras with Adam in PyTorch
==========================================

Give both optimizers the same learning rate, the same betas and the same epsilon,
and the curves part all the same. Adam is not one algorithm: the paper has two
forms, which add epsilon in different places. PyTorch has one and Keras the other.

The other form takes a few lines to write. With it, the curves agree.
"""

# sphinx_gallery_tags = ["porting", "optimizer", "Adam"]

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
STEPS = 300
BATCH_SIZE = 32
RATE, BETA1, BETA2, EPSILON = 0.001, 0.9, 0.999, 1e-7

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


def train_keras():
    layers = [keras.layers.Dense(64, activation="relu"), keras.layers.Dense(10)]
    model = keras.Sequential([keras.Input((64,)), *layers])
    model.compile(
        keras.optimizers.Adam(RATE, BETA1, BETA2, EPSILON),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    model.set_weights(start)
    losses = []
    for chosen in order:
        losses.append(float(model.train_on_batch(images[chosen], labels[chosen])))
    return np.array(losses)


# %%
# PyTorch's Adam, and the other form
# ----------------------------------
# PyTorch corrects the second moment first and adds epsilon then. Keras adds epsilon
# to the moment *before* it is corrected (the paper calls that form "epsilon hat").
# At the first step the correction is a factor of 32, and so is the difference in
# what epsilon counts for.


class KerasAdam(torch.optim.Optimizer):
    def __init__(self, parameters):
        super().__init__(parameters, {})
        self.step_number = 0

    @torch.no_grad()
    def step(self):
        self.step_number += 1
        correction1 = 1 - BETA1**self.step_number
        correction2 = 1 - BETA2**self.step_number
        rate = RATE * correction2**0.5 / correction1
        for parameter in self.param_groups[0]["params"]:
            state = self.state[parameter]
            if not state:
                state["m"], state["v"] = torch.zeros_like(parameter), torch.zeros_like(parameter)
            state["m"].lerp_(parameter.grad, 1 - BETA1)
            state["v"].lerp_(parameter.grad**2, 1 - BETA2)
            parameter -= rate * state["m"] / (state["v"].sqrt() + EPSILON)


def train_torch(make_optimizer):
    tensors = [torch.tensor(w, requires_grad=True) for w in start]
    optimizer, losses = make_optimizer(tensors), []
    for chosen in order:
        x, y = torch.from_numpy(images[chosen]), torch.from_numpy(labels[chosen])
        logits = torch.relu(x @ tensors[0] + tensors[1]) @ tensors[2] + tensors[3]
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

reference = train_keras()
ways = {
    "PyTorch's Adam": lambda p: torch.optim.Adam(p, lr=RATE, betas=(BETA1, BETA2), eps=EPSILON),
    "the other form": KerasAdam,
}
gaps = {name: abs(train_torch(make) - reference) for name, make in ways.items()}
measured = {
    "gap_same_settings": float(gaps["PyTorch's Adam"].max()),
    "gap_other_form": float(gaps["the other form"].max()),
    "default_epsilon_keras": keras.optimizers.Adam().epsilon,
    "default_epsilon_torch": torch.optim.Adam([torch.zeros(1)]).defaults["eps"],
}
for name, value in measured.items():
    print(f"{name:<22} {value:.1e}")
assert measured["gap_other_form"] < 1e-6
assert measured["gap_same_settings"] > 100 * measured["gap_other_form"]

# %%

figure, axis = plt.subplots(figsize=(8, 3.2), layout="constrained")
for (name, gap), color in zip(gaps.items(), ("0.45", "#6b1f5e")):
    axis.plot(np.maximum.accumulate(gap), color=color)
    axis.text(STEPS, gap.max(), f" {name}", color=color, va="center")
axis.set(xlabel="step", ylabel="largest gap to Keras", yscale="log", xlim=(0, STEPS * 1.25))
axis.set_title("Adam is not Adam, until epsilon stands in the same place")
plt.show()

# %%
# What to try
# -----------
# Use ``EPSILON = 1e-3``: now the place of epsilon is worth more than the rest.
# Leave both libraries at their defaults, which differ as well, as the last two lines
# above show. Do the same for RMSprop, whose defaults differ in rate and decay.
