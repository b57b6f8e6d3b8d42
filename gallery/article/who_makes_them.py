"""
Find who makes each framework
=============================

Who says that they made a framework, under which licence it comes, and which frameworks
lean on which others, is written into the packages themselves. This script reads it from those that are
installed. What a package says of its author is what its maintainers have chosen to
say: a company, a team, or a group of people.

Look for the arrow: there is only one. TensorFlow's package requires Keras; that of Keras
requires none of the others, though it needs a backend to run on, and PyTorch's requires
neither.
"""

# sphinx_gallery_tags = ["maintenance", "the original"]
# sphinx_gallery_needs = ["jax", "keras", "tensorflow", "torch"]

import re
from importlib import metadata

import matplotlib.pyplot as plt

# %%
# Constants
# ---------
# TensorFlow comes in several distributions; the first that is installed counts.

DISTRIBUTIONS = {
    "TensorFlow": ["tensorflow", "tensorflow-cpu"],
    "PyTorch": ["torch"],
    "Keras": ["keras"],
    "JAX": ["jax"],
}

# %%
# What each package says
# ----------------------
# The author may stand under any of three names, as a name or before an address.


def installed(names):
    for name in names:
        try:
            return metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
    raise LookupError(f"none of {names} is installed")


def author(about):
    said = about["Author"] or about["Author-email"] or about["Maintainer"]
    return said.partition("<")[0].strip().strip('"')


def licence(about):
    said = about["License-Expression"] or about["License"] or ""
    listed = [
        line
        for line in about.get_all("Classifier") or []
        if line.startswith("License")
    ]
    return (
        (said or " ".join(listed)).splitlines()[0].rpartition("::")[2].strip()
    )


found = {name: installed(names) for name, names in DISTRIBUTIONS.items()}
authors = {name: author(package.metadata) for name, package in found.items()}
licences = {name: licence(package.metadata) for name, package in found.items()}
for name, package in found.items():
    print(
        f"{name:<11} {package.version:<14} {authors[name]:<26} "
        f"{licences[name]}"
    )

# %%
# Which needs which
# -----------------
# Requirements that hold for everyone; extras that one may ask for are left out.


def needs(package):
    lines = [line for line in package.requires or [] if "extra ==" not in line]
    return {re.match(r"[\w.-]+", line)[0].lower() for line in lines}


arrows = {
    (one, other)
    for one, package in found.items()
    for other, names in DISTRIBUTIONS.items()
    if one != other and needs(package) & set(names)
}
for one, other in sorted(arrows):
    print(f"{one} requires {other}")
assert ("TensorFlow", "Keras") in arrows
assert not any(one == "Keras" for one, _ in arrows)

# %%
# Result
# ------

measured = {f"author_{name.lower()}": said for name, said in authors.items()}
measured |= {
    f"licence_{name.lower()}": said for name, said in licences.items()
}
measured["tensorflow_requires_keras"] = ("TensorFlow", "Keras") in arrows
measured["keras_requires"] = sum(one == "Keras" for one, _ in arrows)
measured["pytorch_requires"] = sum(one == "PyTorch" for one, _ in arrows)

# %%

colors = {
    "TensorFlow": "#b45309",
    "PyTorch": "#6b1f5e",
    "Keras": "#2563eb",
    "JAX": "0.45",
}
places = {
    "TensorFlow": (0, 0),
    "Keras": (1, 0),
    "PyTorch": (2, 0),
    "JAX": (3, 0),
}
figure, axis = plt.subplots(figsize=(8, 2.2), layout="constrained")
for name, (x, y) in places.items():
    axis.annotate(
        name,
        (x, y),
        ha="center",
        va="center",
        color=colors[name],
        weight="bold",
    )
    axis.annotate(
        authors[name], (x, y - 0.35), ha="center", va="center", fontsize=9
    )
for one, other in arrows:
    (start, y), (end, _) = places[one], places[other]
    axis.annotate(
        "", (end - 0.28, y), (start + 0.42, y), arrowprops={"arrowstyle": "->"}
    )
    axis.annotate(
        "requires",
        ((start + end) / 2 + 0.07, y + 0.12),
        ha="center",
        fontsize=9,
    )
axis.set(
    xlim=(-0.5, 3.5),
    ylim=(-0.6, 0.4),
    title="Who says that they made it, and what needs what",
)
axis.set_axis_off()
plt.show()

# %%
# What to try
# -----------
# Read ``metadata.distribution("torch").metadata.get_all("Project-URL")`` for where it is made;
# TensorFlow and JAX have a ``Home-page`` instead. Does Keras offer its backends as extras? Who is named in a package of
# your own?
