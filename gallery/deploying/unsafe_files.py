"""
Load a stranger's weights safely
================================

A model from the internet is a file that your program opens. Some formats can carry code, which then
runs as you. Here every kind of file gets a harmless stowaway, a line that writes into a folder of
this script, and is loaded the way that tutorials do and the way that is safe. What counts is
whether the line ran.

Look at the left column: those are the calls to search your code for.
"""

# sphinx_gallery_tags = ["security", "saving", "pickle", "safetensors"]
# sphinx_gallery_needs = ["keras", "torch"]

import os
import pickle
import tempfile
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"  # before Keras is imported

import keras
import matplotlib.pyplot as plt
import numpy as np
import safetensors.torch
import torch

# %%
# Constants
# ---------
# The stowaway: an object that, unpickled, calls a function with arguments of the file's choice. Here
# that creates an empty file; it could have been anything.

folder = tempfile.TemporaryDirectory()
here = Path(folder.name)
weights = {"weight": torch.ones(4, 4)}
outcomes, words = {}, {}


class Stowaway:
    def __init__(self, mark):
        self.mark = str(mark)

    def __reduce__(self):
        return (open, (self.mark, "w"))


def attempt(kind, way, load):
    """Load, and note whether the stowaway's line ran, and what was said if
    not."""
    mark = here / f"{kind} ran"
    mark.unlink(missing_ok=True)
    said = ""
    try:
        load()
    except Exception as error:
        said = f"{type(error).__name__}: {' '.join(str(error).split())}"
    ran = mark.exists()
    outcomes[kind, way], words[kind, way] = (
        ("ran" if ran else "refused" if said else "loaded"),
        said,
    )


# %%
# Pickle
# ------
# ``pickle.load`` has no safe form: the format is a program.

path = here / "model.pkl"
path.write_bytes(
    pickle.dumps({"weights": 1, "extra": Stowaway(here / "pickle ran")})
)
stored = path.read_bytes()
attempt("pickle", "careless", lambda: pickle.loads(stored))  # noqa: S301

# %%
# PyTorch
# -------
# ``.pt`` and ``.pth`` are pickles in an archive. Since version ``2.6`` ``weights_only=True`` is what
# ``torch.load`` does by itself: only tensors and plain containers are unpickled.

torch.save(
    {**weights, "extra": Stowaway(here / "torch ran")}, here / "model.pt"
)
torch.save(weights, here / "plain.pt")
attempt(
    "torch",
    "careless",
    lambda: torch.load(here / "model.pt", weights_only=False),
)
attempt("torch", "safe", lambda: torch.load(here / "model.pt"))
plain = torch.load(here / "plain.pt")
assert torch.equal(plain["weight"], weights["weight"])

# %%
# Keras
# -----
# A ``.keras`` file is an archive of a description and numbers. The description can hold a ``Lambda``,
# and a ``Lambda`` is Python's byte code. ``safe_mode``, the default, refuses it. Where it is
# loaded, it runs at the first call of the model at the latest, so the model is called once.

mark = here / "keras ran"
code = f"lambda x: (open({str(mark)!r}, 'w').close(), x)[1]"
stowed = eval(code)  # noqa: S307
model = keras.Sequential(
    [keras.Input((4,)), keras.layers.Lambda(stowed, output_shape=(4,))]
)
model.save(here / "model.keras")


def load_keras(**options):
    loaded = keras.saving.load_model(here / "model.keras", **options)
    loaded(np.ones((1, 4), "float32"))


attempt("keras", "careless", lambda: load_keras(safe_mode=False))
attempt("keras", "safe", load_keras)

# %%
# NumPy
# -----
# An array of objects is a pickle, in the same ``.npy`` as any other. ``allow_pickle`` is off unless
# somebody turned it on.

np.save(
    here / "model.npy", np.array([Stowaway(here / "numpy ran")], dtype=object)
)
attempt(
    "numpy", "careless", lambda: np.load(here / "model.npy", allow_pickle=True)
)
attempt("numpy", "safe", lambda: np.load(here / "model.npy"))

# %%
# Safetensors
# -----------
# Names, shapes and numbers, and no place for anything else. The stowaway can't even be written.

try:
    safetensors.torch.save_file(
        {**weights, "extra": Stowaway(mark)}, here / "bad.safetensors"
    )
except ValueError as error:
    refused = f"ValueError: {error}"
safetensors.torch.save_file(weights, here / "model.safetensors")
attempt(
    "safetensors",
    "safe",
    lambda: safetensors.torch.load_file(here / "model.safetensors"),
)
print("safetensors, on writing:", refused[:75])
folder.cleanup()

# %%
# Result
# ------

for (kind, way), outcome in outcomes.items():
    print(f"{kind:<12} {way:<9} {outcome:<8} {words[kind, way][:60]}")
measured = {
    f"{kind}_{way}": outcome for (kind, way), outcome in outcomes.items()
}
measured["ways_that_ran"] = sum(
    outcome == "ran" for outcome in outcomes.values()
)
kinds = ["pickle", "torch", "keras", "numpy", "safetensors"]
for kind in kinds[:-1]:
    assert outcomes[kind, "careless"] == "ran", kind
for kind in kinds[1:-1]:
    assert outcomes[kind, "safe"] == "refused", kind
assert outcomes["safetensors", "safe"] == "loaded"

# %%

CALLS = {
    "pickle": ("pickle.load", "none"),
    "torch": ("torch.load(weights_only=False)", "torch.load"),
    "keras": ("load_model(safe_mode=False)", "load_model"),
    "numpy": ("np.load(allow_pickle=True)", "np.load"),
    "safetensors": ("none", "load_file"),
}
COLORS = {"ran": "firebrick", "refused": "0.3", "loaded": "0.3"}
figure, axis = plt.subplots(figsize=(8, 2.8), layout="constrained")
for row, kind in enumerate(kinds):
    for column, (way, call) in enumerate(
        zip(("careless", "safe"), CALLS[kind])
    ):
        outcome = outcomes.get((kind, way), "")
        told = {"ran": "code ran", "loaded": "loaded, no code"}.get(
            outcome, outcome
        )
        color = COLORS.get(outcome, "white")
        box = plt.Rectangle(
            (column, row), 0.97, 0.9, facecolor=color, edgecolor="0.8"
        )
        axis.add_patch(box)
        ink = "white" if outcome else "0.4"
        text = f"{call}: {told}" if outcome else "no such way"
        axis.text(
            column + 0.48,
            row + 0.45,
            text,
            ha="center",
            va="center",
            color=ink,
            fontsize=9,
        )
axis.set(xlim=(0, 2), ylim=(len(kinds), 0))
axis.set_yticks(np.arange(len(kinds)) + 0.45, kinds)
axis.set_xticks([0.48, 1.48], ["careless", "safe"])
axis.tick_params(length=0, labeltop=True, labelbottom=False)
axis.spines[:].set_visible(False)
axis.set_title("Whether code in the file ran when it was loaded and used")
plt.show()

# %%
# What to try
# -----------
# Convert a pickled checkpoint that you trust to safetensors, once, and delete the pickle. Read what
# ``torch.load`` says when it refuses: it names the global that the file asked for. Ask
# ``pickletools.dis`` what a pickle would do, which runs nothing.
