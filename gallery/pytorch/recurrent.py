"""
Train a recurrent network in PyTorch
====================================

An LSTM reads a digit row by row, from the top, and says after each row what it
takes the digit for. It is trained on all of its answers, the early ones too. Look
at the curve at the end: it shows how much of a digit it takes to know it.
"""

# sphinx_gallery_tags = ["recurrent", "LSTM", "sequence"]
# sphinx_gallery_tolerances = {"accuracy*": 0.05}

import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

# %%
# Constants
# ---------

SEED = 0
EPOCHS = 24
BATCH_SIZE = 32
UNITS = 32
LEARNING_RATE = 0.01

torch.manual_seed(SEED)

# %%
# Data
# ----
# An image of 8 by 8 pixels is a sequence of 8 steps with 8 features each.

digits = load_digits()
x_train, x_test, y_train, y_test = train_test_split(
    (digits.images / 16).astype("float32"),
    digits.target.astype("int64"),
    test_size=0.2,
    stratify=digits.target,
    random_state=SEED,
)
steps_per_image = x_train.shape[1]
print(f"{len(x_train)} sequences of {steps_per_image} steps")

# %%
# Model
# -----
# ``batch_first=True`` is needed: by default PyTorch expects time as the first axis.
# The layer returns the outputs of all steps and, apart, its last state; the head
# answers at every step. An LSTM has two bias vectors here where Keras has one. They are
# added, so it counts 128 parameters more and can compute nothing more.


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(8, UNITS, batch_first=True)
        self.head = nn.Linear(UNITS, 10)

    def forward(self, x):
        outputs, _ = self.lstm(x)
        return self.head(outputs)


model = Reader()
parameters = sum(p.numel() for p in model.parameters())
print(f"{parameters:,} parameters")

# %%
# Training
# --------
# The loss wants the classes on the second axis and one label for each step.

pairs = torch.utils.data.TensorDataset(
    torch.from_numpy(x_train), torch.from_numpy(y_train)
)
loader = torch.utils.data.DataLoader(
    pairs, batch_size=BATCH_SIZE, shuffle=True
)
optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)

model.train()
for _ in range(EPOCHS):
    for inputs, targets in loader:
        optimizer.zero_grad()
        answers = model(inputs).transpose(1, 2)
        labels = targets.unsqueeze(1).expand(-1, steps_per_image)
        nn.functional.cross_entropy(answers, labels).backward()
        optimizer.step()

# %%
# Result
# ------
# An answer for each test image and each row.

model.eval()
with torch.no_grad():
    guesses = model(torch.from_numpy(x_test)).argmax(dim=2).numpy()
by_rows = [
    float((guesses[:, row] == y_test).mean()) for row in range(steps_per_image)
]
measured = {
    "accuracy": by_rows[-1],
    "accuracy_half": by_rows[3],
    "accuracy_first_row": by_rows[0],
    "parameters": parameters,
}
for rows, value in enumerate(by_rows, start=1):
    print(f"rows read: {rows} {value:6.1%}")
assert measured["accuracy"] > 0.85
assert measured["accuracy_first_row"] < 0.6

# %%

figure, axis = plt.subplots(figsize=(8, 3.2), layout="constrained")
axis.plot(range(1, 9), by_rows, color="#6b1f5e", marker="s")
axis.axhline(0.1, color="0.6", linestyle="--")
axis.text(8, 0.12, "guessing", color="0.35", ha="right")
axis.set(xlabel="rows read", ylabel="test accuracy", ylim=(0, 1))
axis.set_title(
    f"PyTorch: from {by_rows[3]:.0%} at half a digit "
    f"to {by_rows[-1]:.0%} at the whole"
)
plt.show()

# %%
# What to try
# -----------
# Replace ``nn.LSTM`` by ``nn.GRU``. Leave out ``batch_first`` and see that nothing
# fails but the accuracy. Train on the last answer only and look at the early ones.
