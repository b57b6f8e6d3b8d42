"""The frameworks that are compared: their names, and which versions are installed."""

from __future__ import annotations

from importlib import metadata

#: Their titles, by the module that is imported.
TITLES = {"tensorflow": "TensorFlow", "torch": "PyTorch", "keras": "Keras", "jax": "JAX"}
#: The distributions that may hold a framework, the first one installed counts.
DISTRIBUTIONS = {
    "tensorflow": ("tensorflow", "tensorflow-cpu"),
    "torch": ("torch",),
    "keras": ("keras",),
    "jax": ("jax",),
}


def installed() -> dict[str, str]:
    """Each installed framework's version, by its module: ``{"torch": "2.13.0+cpu"}``."""
    found = {module: _version(names) for module, names in DISTRIBUTIONS.items()}
    return {module: version for module, version in found.items() if version}


def _version(names: tuple[str, ...]) -> str:
    for name in names:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return ""


def named(versions: dict[str, str]) -> list[str]:
    """``TensorFlow 2.21.0``, ``PyTorch 2.13.0+cpu``: those of ``versions`` that are frameworks."""
    return [f"{title} {versions[module]}" for module, title in TITLES.items() if module in versions]


def line(versions: dict[str, str]) -> str:
    """The same in one line."""
    return ", ".join(named(versions))
