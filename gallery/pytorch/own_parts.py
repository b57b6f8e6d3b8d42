"""
Write a layer, a loss and a gradient of your own in PyTorch
===========================================================

Three things that a library may not have: a layer with weights of its own, a loss,
and an operation whose gradient is not the true one. The last is needed to train
through rounding: the derivative of a step is zero nearly everywhere, so nothing
below it would learn. A "straight-through" gradient pretends that the step was not
there.

Each part is checked against what is known before it is used.
"""

# sphinx_gallery_tags = ["custom layer", "custom loss", "custom gradient"]
# sphinx_gallery_tolerances = {"layer_error": 2e-6, "moved_own": 0.002, "accuracy_*": 0.01}

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
STEPS = 100
LEARNING_RATE = 0.01
DELTA = 0.5

torch.manual_seed(SEED)

# %%
# Data
# ----
# Digits of 64 features; the targets are one-hot, for a loss that compares numbers.

digits = load_digits()
x_train, x_test, y_train, y_test = train_test_split(
    (digits.data / 16).astype("float32"),
    np.eye(10, dtype="float32")[digits.target],
    test_size=0.2,
    stratify=digits.target,
    random_state=SEED,
)
print(x_train.shape, y_train.shape)

# %%
# A layer
# -------
# Maxout: several linear maps, of which the largest answers. A ``nn.Parameter``
# that is set as an attribute is found by ``parameters()``; a plain tensor is not,
# and would stay as it is without a word.


class Maxout(nn.Module):
    def __init__(self, inputs, units, pieces=2):
        super().__init__()
        self.kernel = nn.Parameter(torch.empty(pieces, inputs, units))
        self.bias = nn.Parameter(torch.zeros(pieces, 1, units))
        nn.init.normal_(self.kernel, std=inputs**-0.5)

    def forward(self, x):
        return (x @ self.kernel + self.bias).amax(dim=0)


layer = Maxout(64, 32)
by_hand = (
    x_test @ layer.kernel.detach().numpy() + layer.bias.detach().numpy()
).max(axis=0)
layer_error = float(
    abs(layer(torch.from_numpy(x_test)).detach().numpy() - by_hand).max()
)
print(f"layer against NumPy: {layer_error:.1e}")

# %%
# A loss
# ------
# Huber's: a parabola near zero, straight lines beyond. Any function of tensors that
# returns one number is a loss. The library has this one, so it can be checked.


def huber(outputs, targets):
    error = (outputs - targets).abs()
    inside = 0.5 * error**2
    outside = DELTA * (error - 0.5 * DELTA)
    return torch.where(error <= DELTA, inside, outside).mean()


guess, truth = torch.randn(100, 10), torch.randn(100, 10)
loss_error = abs(
    huber(guess, truth) - nn.functional.huber_loss(guess, truth, delta=DELTA)
).item()
print(f"loss against the library: {loss_error:.1e}")

# %%
# A gradient
# ----------
# A class with two static methods: ``forward`` computes, ``backward`` gets the
# gradient from above and says what to hand down. Here it hands it on unchanged.


class StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return (x > 0).to(x.dtype)

    @staticmethod
    def backward(ctx, gradient):
        return gradient


def step_plain(x):
    return (x.sign() + 1) / 2


def slope(function):
    x = torch.tensor(0.7, requires_grad=True)
    function(x).backward()
    return x.grad.item()


print(
    f"slope at 0.7: plain {slope(step_plain)}, "
    f"ours {slope(StraightThrough.apply)}"
)

# %%
# Together
# --------
# The layer, a step to 0 or 1, a linear layer on top; once with the step's own
# gradient and once with ours.


def train(step):
    torch.manual_seed(SEED)
    body, head = Maxout(64, 64), nn.Linear(64, 10)
    optimizer = torch.optim.Adam(
        [*body.parameters(), *head.parameters()], lr=LEARNING_RATE
    )
    before, losses = body.kernel.detach().clone(), []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = huber(
            head(step(body(torch.from_numpy(x_train)))),
            torch.from_numpy(y_train),
        )
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    with torch.no_grad():
        guesses = (
            head(step(body(torch.from_numpy(x_test)))).argmax(dim=1).numpy()
        )
    moved = (body.kernel.detach() - before).abs().max().item()
    return losses, float((guesses == y_test.argmax(axis=1)).mean()), moved


plain_losses, plain_accuracy, plain_moved = train(step_plain)
own_losses, own_accuracy, own_moved = train(StraightThrough.apply)

# %%
# Result
# ------
# With the true gradient only the head learns; the layer below stays where it began.

measured = {
    "layer_error": layer_error,
    "loss_error": loss_error,
    "slope_plain": slope(step_plain),
    "slope_own": slope(StraightThrough.apply),
    "moved_plain": plain_moved,
    "moved_own": own_moved,
    "accuracy_plain": plain_accuracy,
    "accuracy_own": own_accuracy,
}
for name, value in measured.items():
    print(f"{name:<15} {value:.3g}")
assert layer_error < 1e-5
assert loss_error < 1e-6
assert (
    measured["slope_plain"]
    == measured["moved_plain"]
    == 0
    < measured["moved_own"]
)
assert measured["accuracy_own"] > measured["accuracy_plain"] + 0.01

# %%

figure, axis = plt.subplots(figsize=(8, 3.2), layout="constrained")
axis.plot(plain_losses, color="0.55")
axis.plot(own_losses, color="#6b1f5e")
axis.text(STEPS, plain_losses[-1], " true gradient", color="0.35", va="center")
axis.text(
    STEPS, own_losses[-1], " straight-through", color="#6b1f5e", va="center"
)
axis.set(xlabel="step", ylabel="loss", yscale="log", xlim=(0, STEPS * 1.2))
axis.set_title(
    "PyTorch: a layer below a step learns only by a gradient of our own"
)
plt.show()

# %%
# What to try
# -----------
# Check ``backward`` with ``torch.autograd.gradcheck``, which will object, and
# rightly. Hand the gradient down only where ``abs(x) < 1``. Make ``kernel`` a plain
# tensor and print ``list(layer.parameters())``.
