"""
Train in bfloat16 without losing accuracy
=========================================

``bfloat16`` keeps the range of 32-bit numbers and drops two thirds of their digits. The same
network is trained on handwritten digits in both widths, in PyTorch by ``autocast`` and in
Keras by the policy ``mixed_bfloat16``: the test accuracy stays. Whether it also gets faster is
the processor's affair: with instructions for it a product takes less time, and without them
it may take far more.
"""

# sphinx_gallery_tags = ["mixed precision", "bfloat16", "performance"]
# sphinx_gallery_timed = True
# sphinx_gallery_tolerances = {"*_gradient_error": 5e-3, "*_accuracy": 0.01}

import os
import platform
import subprocess
import time

os.environ["KERAS_BACKEND"] = "tensorflow"

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
WIDTH, BATCH_SIZE, EPOCHS, RATE = 512, 128, 12, 0.1

digits = load_digits()
x_train, x_test, y_train, y_test = train_test_split(
    (digits.data / 16).astype("float32"), digits.target.astype("int64"),
    test_size=0.2, stratify=digits.target, random_state=SEED,
)  # fmt: skip
generator = np.random.default_rng(SEED)
sizes = [(64, WIDTH), (WIDTH, WIDTH), (WIDTH, 10)]
kernels = [
    generator.normal(0, (2 / n) ** 0.5, size=(n, m)).astype("float32")
    for n, m in sizes
]
batches = [
    chosen
    for _ in range(EPOCHS)
    for chosen in generator.permutation(len(x_train))[
        : BATCH_SIZE * 11
    ].reshape(11, BATCH_SIZE)
]

# %%
# What this processor has
# -----------------------
# Linux tells in a file, on ARM by another word than on Intel's and AMD's; macOS when asked.


def bfloat16_instructions():
    if platform.system() == "Darwin":
        ask = ["sysctl", "-n", "hw.optional.arm.FEAT_BF16"]
        done = subprocess.run(ask, capture_output=True, text=True, check=False)
        return ["FEAT_BF16"] if done.stdout.strip() == "1" else []
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            words = {
                word
                for line in file
                if line[:1] in "fF"
                for word in line.split()
            }
    except OSError:
        return []
    return sorted({"avx512_bf16", "amx_bf16", "bf16", "svebf16"} & words)


instructions = bfloat16_instructions()
print("instructions for bfloat16:", instructions or "none found")

# %%
# PyTorch
# -------
# ``autocast`` chooses by operation: products in 16 bits, the loss in 32. The weights stay in
# 32 bits and so do their gradients. The range is that of 32 bits, so no loss is scaled.


class InTorch:
    def __init__(self, half):
        layers = [nn.Linear(n, m, bias=False) for n, m in sizes]
        with torch.no_grad():
            for layer, kernel in zip(layers, kernels):
                layer.weight.copy_(torch.from_numpy(kernel.T.copy()))
        self.model = nn.Sequential(
            layers[0], nn.ReLU(), layers[1], nn.ReLU(), layers[2]
        )
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=RATE)
        self.half = half

    def step(self, x, y):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.half):
            logits = self.model(torch.from_numpy(x))
            loss = nn.functional.cross_entropy(logits, torch.from_numpy(y))
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.width = logits.dtype
        return loss.item()

    def gradient(self):
        return self.model[2].weight.grad.numpy().copy()

    def accuracy(self):
        self.model.eval()
        with (
            torch.no_grad(),
            torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.half),
        ):
            answers = self.model(torch.from_numpy(x_test)).argmax(dim=1)
        return float((answers.numpy() == y_test).mean())


# %%
# Keras
# -----
# The policy is one line for the whole model: layers compute in 16 bits, their weights stay in
# 32. The last layer is told to answer in 32, for the loss.


class InKeras:
    def __init__(self, half):
        keras.config.set_dtype_policy("mixed_bfloat16" if half else "float32")
        self.model = keras.Sequential(
            [
                keras.Input((64,)),
                keras.layers.Dense(WIDTH, activation="relu", use_bias=False),
                keras.layers.Dense(WIDTH, activation="relu", use_bias=False),
                keras.layers.Dense(10, use_bias=False),
                keras.layers.Activation("linear", dtype="float32"),
            ]
        )
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.model.compile(keras.optimizers.SGD(RATE), loss)
        self.model.set_weights(kernels)
        self.width = self.model.layers[1].compute_dtype

    def step(self, x, y):
        return float(self.model.train_on_batch(x, y))

    def accuracy(self):
        answers = self.model.predict(x_test, verbose=0).argmax(axis=1)
        return float((answers == y_test).mean())


# %%
# Train
# -----
# The four take turns at every batch, so that a moment of other work hits all of them. The
# first steps compile and warm up, and are not timed.

runs = {
    (name, half): make(half)
    for name, make in (("torch", InTorch), ("keras", InKeras))
    for half in (False, True)
}
losses, times = {key: [] for key in runs}, {key: [] for key in runs}
for number, chosen in enumerate(batches):
    for key, run in runs.items():
        started = time.perf_counter()
        losses[key].append(run.step(x_train[chosen], y_train[chosen]))
        if number >= 10:
            times[key].append(1000 * (time.perf_counter() - started))
    if number == 0:
        first = [runs["torch", half].gradient() for half in (False, True)]
medians = {key: float(np.median(values)) for key, values in times.items()}

# %%
# Result
# ------
# One number keeps two to three digits, and a gradient, which passes several roundings, fewer.
# The training averages over that.

measured = {"has_bfloat16": bool(instructions)}
for (name, half), run in runs.items():
    width = "bfloat16" if half else "float32"
    accuracy, ms = run.accuracy(), medians[name, half]
    measured[f"{name}_{width}_accuracy"] = accuracy
    measured[f"{name}_{width}_ms"] = ms
    print(
        f"{name} {width:<9} computes in {run.width!s:<15} "
        f"{accuracy:.1%}  {ms:6.1f} ms a step"
    )
error = float(np.linalg.norm(first[1] - first[0]) / np.linalg.norm(first[0]))
measured["torch_gradient_error"] = error
measured["accuracy_lost"] = max(
    measured[f"{name}_float32_accuracy"]
    - measured[f"{name}_bfloat16_accuracy"]
    for name in ("torch", "keras")
)
print(f"the first gradient in 16 bits is off by {error:.1%}")
assert runs["torch", True].width == torch.bfloat16
assert runs["keras", True].width == "bfloat16"
assert 1e-3 < measured["torch_gradient_error"] < 0.1
assert (
    min(
        value for name, value in measured.items() if name.endswith("_accuracy")
    )
    > 0.93
)
assert measured["accuracy_lost"] < 0.02

# %%

colors = {"torch": "#6b1f5e", "keras": "#2563eb"}
titles = {"torch": "PyTorch", "keras": "Keras on TensorFlow"}
figure, (left, right) = plt.subplots(
    1, 2, figsize=(8, 3.2), layout="constrained"
)
for (name, half), values in losses.items():
    style = (
        {"linewidth": 1.2, "linestyle": "--"}
        if half
        else {"linewidth": 4, "alpha": 0.35}
    )
    left.plot(
        np.convolve(values, np.ones(11) / 11, "valid"),
        color=colors[name],
        **style,
    )
left.set(
    xlabel="step (dashed: bfloat16)", ylabel="training loss", ylim=(0, None)
)
names = [
    f"{titles[name]}\n{'bfloat16' if half else 'float32'}"
    for name, half in medians
]
bars = right.barh(
    names, list(medians.values()), color=[colors[name] for name, _ in medians]
)
for bar, (_, half) in zip(bars, medians):
    bar.set_alpha(1.0 if half else 0.35)
right.bar_label(bars, fmt=" %.1f")
right.invert_yaxis()
right.margins(x=0.2)
right.set(xlabel="milliseconds a step")
figure.suptitle(
    f"bfloat16 costs {max(0, measured['accuracy_lost']):.1%} of accuracy; "
    f"this processor has {'' if instructions else 'no '}instructions for it"
)
plt.show()

# %%
# What to try
# -----------
# Use ``torch.float16``, whose range is small, and count the gradients that
# become zero. Set ``WIDTH`` to
# 2,048, where products are all that counts. Set ``ONEDNN_VERBOSE=1`` to see which product runs.
