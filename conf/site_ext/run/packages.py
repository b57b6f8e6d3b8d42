"""What has to be installed for an example: the packages named on its card.

An example names the packages that it imports. What it needs without importing it, a
converter that a framework loads by itself or what another process imports, stands in its
comments, by the name under which it would be imported::

    # sphinx_gallery_needs = ["tf2onnx"]
"""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from site_ext.run.scripts import Example

_OTHERS = {"sklearn": "scikit-learn"}


def modules(example: Example) -> set[str]:
    """The top-level modules that an example imports or asks for, less those of Python."""
    return (example.imports | example.asked) - sys.stdlib_module_names


def needed(example: Example) -> dict[str, str]:
    """``{package: module}`` to install for an example, sorted: ``{"torch": "torch", ...}``.

    The package is the one that provides the module here, if one does.
    """
    found, optional = {}, example.surroundings.optional
    for module in modules(example):
        here = providers().get(module)
        name = here[0] if here else optional.get(module) or _OTHERS.get(module, module)
        found[str(canonicalize_name(name))] = module
    return dict(sorted(found.items()))


def missing(example: Example, names: Iterable[str]) -> list[str]:
    """Those of these modules that may be missing and that are not installed here."""
    optional = set(names) & set(example.surroundings.optional)
    return sorted(name for name in optional if not is_installed(name))


def is_installed(module: str) -> bool:
    """Whether a top-level module can be imported, without importing it."""
    return importlib.util.find_spec(module) is not None


@cache
def providers() -> dict[str, list[str]]:
    """The installed distributions that bring each top-level module."""
    return dict(metadata.packages_distributions())


def install_line(example: Example, versions: dict[str, str]) -> str:
    """One command that installs what an example needs, as it was when it ran.

    ``versions`` is what its record holds; a package without one is named bare. A local
    part of a version, as in ``2.13.0+cpu``, is left out: no index has it.
    """
    pinned = []
    for name, module in needed(example).items():
        version = (versions.get(name) or versions.get(module, "")).partition("+")[0]
        pinned.append(f"{name}=={version}" if version else name)
    return " ".join(["pip install", *pinned])
