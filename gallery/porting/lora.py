"""
Fine-tune with LoRA by hand, and by Keras's own
===============================================

A large kernel is frozen, and beside it two thin ones learn a correction of low rank: that is LoRA, by
which language models are fine-tuned on one card. By hand it is ten lines in PyTorch; in Keras it is a
method of the layer, ``enable_lora``. Both start from the same trained network and the same thin
kernels here, see the same batches, and end alike.

The network knows digits, and is to read them lying on their side. Look at three numbers of each way:
what it trains, what it reaches, and what remains when the correction is taken away.
"""

# sphinx_gallery_tags = ["LoRA", "fine-tuning", "transfer learning", "adapter"]
# sphinx_gallery_tolerances = {"accuracy_*": 0.02, "apart": 0.05}

import os

os.environ["KERAS_BACKEND"] = "torch"  # before Keras is imported

import copy

import keras
import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn.functional import cross_entropy

# %%
# Constants
# ---------

SEED = 0
WIDTH, RANK, SCALE = 128, 4, 2.0
STEPS, BATCH_SIZE, RATE = 250, 64, 0.003

generator = np.random.default_rng(SEED)
digits = load_digits()
order = generator.permutation(len(digits.target))
upright = (digits.images / 16).astype("float32")[order]
lying = np.ascontiguousarray(np.rot90(upright, axes=(1, 2)))
labels = digits.target[order].astype("int64")
upright, lying = upright.reshape(-1, 64), lying.reshape(-1, 64)
batches = [generator.integers(0, 1300, BATCH_SIZE) for _ in range(STEPS)]
test = slice(1300, None)


def train(model, images):
    """All that wants a gradient, on the same batches each time; how many
    numbers that were."""
    weights = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(weights, lr=RATE, eps=1e-7)
    model.train()
    for chosen in batches:
        optimizer.zero_grad()
        logits = model(torch.from_numpy(images[chosen]))
        cross_entropy(logits, torch.from_numpy(labels[chosen])).backward()
        optimizer.step()
    return sum(p.numel() for p in weights)


def accuracy(model, images):
    model.eval()
    with torch.inference_mode():
        guesses = model(torch.from_numpy(images[test])).argmax(dim=1).numpy()
    return float((guesses == labels[test]).mean())


# %%
# The network that is there
# -------------------------

torch.manual_seed(SEED)
base = nn.Sequential(
    nn.Linear(64, WIDTH),
    nn.ReLU(),
    nn.Linear(WIDTH, WIDTH),
    nn.ReLU(),
    nn.Linear(WIDTH, 10),
)
everything = train(base, upright)
print(
    f"upright {accuracy(base, upright):.1%}, lying {accuracy(base, lying):.1%}"
)

# %%
# By hand, in PyTorch
# -------------------
# ``b`` is zero at first, so nothing changes before the first step. ``a`` comes from NumPy here, to
# be the same in Keras.

thin = [
    generator.normal(0, n**-0.5, (n, RANK)).astype("float32")
    for n in (64, WIDTH, WIDTH)
]


class LoRA(nn.Module):
    def __init__(self, linear, a):
        super().__init__()
        self.linear = linear.requires_grad_(False)
        self.a = nn.Parameter(torch.from_numpy(a.copy()))
        self.b = nn.Parameter(torch.zeros(RANK, linear.out_features))

    def forward(self, x):
        return self.linear(x) + SCALE * (x @ self.a @ self.b)

    def merged(self):
        """One layer again: what is served pays for nothing."""
        linear = copy.deepcopy(self.linear)
        with torch.no_grad():
            linear.weight += SCALE * (self.a @ self.b).T
        return linear


adapted = copy.deepcopy(base)
for place, a in zip((0, 2, 4), thin):
    adapted[place] = LoRA(adapted[place], a)
lora_count = train(adapted, lying)
merged = nn.Sequential(
    *(part.merged() if isinstance(part, LoRA) else part for part in adapted)
)
with torch.inference_mode():
    x = torch.from_numpy(lying[test])
    merging = float((merged(x) - adapted(x)).abs().max())
    by_hand = adapted(x).numpy()

# %%
# By Keras
# --------
# ``enable_lora`` freezes the kernel and adds the two thin ones; ``lora_alpha`` divided by the rank is
# the scale. Keras leaves the biases trainable, so they are frozen too, to be alike.

sizes = [("relu", WIDTH), ("relu", WIDTH), (None, 10)]
layers = [keras.layers.Dense(units, activation) for activation, units in sizes]
model = keras.Sequential([keras.Input((64,)), *layers])
for layer, place, a in zip(layers, (0, 2, 4), thin):
    linear = base[place]
    layer.set_weights(
        [linear.weight.detach().numpy().T, linear.bias.detach().numpy()]
    )
    layer.enable_lora(RANK, lora_alpha=SCALE * RANK)
    layer.lora_kernel_a.assign(a)
    layer.bias.trainable = False
model.compile(
    keras.optimizers.Adam(RATE, epsilon=1e-7),
    keras.losses.SparseCategoricalCrossentropy(from_logits=True),
)
for chosen in batches:
    model.train_on_batch(lying[chosen], labels[chosen])
by_keras = keras.ops.convert_to_numpy(model(lying[test]))
keras_count = sum(int(np.prod(v.shape)) for v in model.trainable_variables)

# %%
# What it is compared with
# ------------------------
# A new last layer alone, and everything.

head = copy.deepcopy(base).requires_grad_(False)
head[4] = nn.Linear(WIDTH, 10)
head_count = train(head, lying)
full = copy.deepcopy(base).requires_grad_(True)
full_count = train(full, lying)

# %%
# Result
# ------
# Without its correction the network is what it was, bit for bit; after full fine-tuning it is not.

ways = {
    "last layer": (head_count, accuracy(head, lying), accuracy(base, upright)),
    "LoRA by hand": (
        lora_count, accuracy(adapted, lying), accuracy(base, upright),
    ),
    "LoRA by Keras": (
        keras_count, float((by_keras.argmax(axis=1) == labels[test]).mean()),
        accuracy(base, upright),
    ),
    "everything": (full_count, accuracy(full, lying), accuracy(full, upright)),
}  # fmt: skip
for name, (count, reached, kept) in ways.items():
    print(
        f"{name:<14} trains {count:>6,}, reads lying digits to {reached:.1%},",
        end=" ",
    )
    print(f"upright ones, without its correction, to {kept:.1%}")
measured = {
    "accuracy_last_layer": ways["last layer"][1],
    "accuracy_by_hand": ways["LoRA by hand"][1],
    "accuracy_by_keras": ways["LoRA by Keras"][1],
    "accuracy_everything": ways["everything"][1],
    "accuracy_upright_before": accuracy(base, upright),
    "accuracy_upright_after_everything": accuracy(full, upright),
    "trained_lora": lora_count,
    "trained_everything": full_count,
    "merging": merging,
    "apart": float(np.abs(by_hand - by_keras).mean() / np.abs(by_hand).mean()),
}
print(
    "by hand and by Keras, logits differ by "
    f"{measured['apart']:.1%} in the mean"
)
assert all(
    torch.equal(adapted[p].linear.weight, base[p].weight) for p in (0, 2, 4)
)
assert lora_count == keras_count < full_count / 10
assert everything == full_count
assert measured["merging"] < 1e-3
assert measured["apart"] < 0.1
assert abs(measured["accuracy_by_hand"] - measured["accuracy_by_keras"]) < 0.03
assert measured["accuracy_last_layer"] + 0.03 < measured["accuracy_by_hand"]
assert (
    measured["accuracy_upright_before"]
    > measured["accuracy_upright_after_everything"] + 0.05
)

# %%

figure, axis = plt.subplots(figsize=(8, 2.6), layout="constrained")
colors = ["0.55", "#6b1f5e", "#2563eb", "0.55"]
bars = axis.barh(
    list(ways), [reached for _, reached, _ in ways.values()], color=colors
)
labels_ = [
    f" {reached:.0%} with {count:,} numbers"
    for count, reached, _ in ways.values()
]
axis.bar_label(bars, labels_)
axis.invert_yaxis()
axis.set(
    xlim=(0, 1.4),
    xticks=np.linspace(0, 1, 6),
    xlabel="accuracy on digits that lie on their side",
)
axis.set_title("LoRA, by hand and by Keras, from the same network")
plt.show()

# %%
# What to try
# -----------
# Rank 1, and rank 16. Draw ``b`` at random as well and watch the first loss. For real models leave
# this to PEFT and KerasHub, which put it into a transformer's attention by name.
