"""What has to be installed for an example: the packages named on its card.

An example names the packages that it imports. What it needs without importing it, a
converter that a framework loads by itself or what another process imports, stands in its
comments, by the name under which it would be imported::

    # sphinx_gallery_needs = ["tf2onnx"]
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from site_ext.base.files import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from site_ext.run.scripts import Example

_OTHERS = {"sklearn": "scikit-learn"}
#: What stands for the version of what is not there.
ABSENT = "not installed"
#: Between a version and the digest of files, which no index knows.
_FILES = " files "


def modules(example: Example) -> set[str]:
    """The top-level modules that an example imports or asks for, less those of Python."""
    return (example.imports | example.asked) - sys.stdlib_module_names


def needed(example: Example) -> dict[str, str]:
    """``{package: module}`` to install for an example, sorted: ``{"torch": "torch", ...}``.

    The package is the one that provides the module here, if one does, or the one that is pinned.
    """
    found, optional = {}, example.surroundings.optional
    for module in modules(example):
        here, others = providers().get(module), optional.get(module, ())
        # Of those that are pinned for this platform the last, which is the more special one.
        pinned = [one for one in reversed(others) if one in example.surroundings.pins]
        name = (here or pinned or others or (_OTHERS.get(module, module),))[0]
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


@cache
def version(distribution: str) -> str:
    """The version of an installed distribution, or :data:`ABSENT`.

    One that is installed from a folder may change without its version: the digest of its files
    stands behind that. So it does alone for a module that merely lies in a folder.
    """
    try:
        found = metadata.distribution(distribution)
    except metadata.PackageNotFoundError:
        folder = folder_of(distribution)
        return f"{ABSENT},{_FILES}{digest_of(folder)[:16]}" if folder else ABSENT
    direct = json.loads(found.read_text("direct_url.json") or "{}")
    if "dir_info" not in direct:
        return found.version
    if not direct["dir_info"].get("editable"):
        listed = hashlib.sha256((found.read_text("RECORD") or "").encode()).hexdigest()
        return f"{found.version}{_FILES}{listed[:16]}"
    modules = [
        name for name, by in providers().items() if distribution in {*map(canonicalize_name, by)}
    ]
    folders = filter(None, map(folder_of, [*modules, distribution.replace("-", "_")]))
    told = "".join(map(digest_of, sorted(set(folders))))
    return f"{found.version}{_FILES}{hashlib.sha256(told.encode()).hexdigest()[:16]}"


def agrees(distribution: str, old: str, pins: Mapping[str, str]) -> bool:
    """Whether the version ``old`` is the one that is installed here or, where none is, the one
    that is pinned: of that, a local part (``2.13.0+cpu``) is not told."""
    found = version(distribution)
    if found == old:
        return True
    return found == ABSENT and old.partition("+")[0] == pins.get(distribution)


def plain_version(told: str) -> str:
    """What :func:`version` gave, for readers: without a digest."""
    return told.partition(_FILES)[0].rstrip(",")


@cache
def folder_of(module: str) -> Path | None:
    """Where a top-level module lies that can be imported, but is neither Python's nor in a
    folder of installed packages: its folder, or its one file."""
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return None
    places = list((spec and spec.submodule_search_locations) or ())
    place = places[0] if places else spec and spec.has_location and spec.origin
    if not place:
        return None
    path = Path(place)
    inside = {"site-packages", "dist-packages"} & set(path.parts)
    return None if inside or path.is_relative_to(Path(os.__file__).parent) else path


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
