"""When is an example out of date?

When any of its inputs changed: its text, a file beside it that it imports or
reads, the version of a distribution that it imports, Python's minor version, its
settings. Nothing else counts, so that a new linter runs nothing again, and a new
torch runs what imports torch.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import json
import platform
import re
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from site_ext.run import packages
from site_ext.run.scripts import imported_names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from site_ext.run.records import Record
    from site_ext.run.scripts import Example

ABSENT = "not installed"


def digest(path: Path) -> str:
    """The SHA-256 of a file, or a word for one that is gone."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "missing"


def inputs(example: Example, modules: Iterable[str], files: Iterable[str]) -> dict[str, Any]:
    """What this execution of ``example`` depended on, in values that JSON can hold.

    ``modules`` are the top-level names loaded when it ended, ``files`` the absolute
    paths beside it that it imported or read.
    """
    folder = example.script.parent
    local = [
        Path(name)
        for name in files
        if "__pycache__" not in Path(name).parts and Path(name) != example.script
    ]
    loaded = set(modules)
    return {
        "script": digest(example.script),
        "files": {path.relative_to(folder).as_posix(): digest(path) for path in sorted(local)},
        "distributions": _distributions(_roots(example, local), loaded | set(example.needs)),
        "missing": packages.missing(example, packages.modules(example)),
        "python": ".".join(platform.python_version_tuple()[:2]),
        "settings": example.settings,
    }


def key(of: dict[str, Any]) -> str:
    """A short name for a set of inputs: equal inputs, equal key, on any machine."""
    return hashlib.sha256(json.dumps(of, sort_keys=True).encode()).hexdigest()[:16]


def why_outdated(example: Example, record: Record | None) -> str:  # noqa: C901, PLR0911 - a list of reasons
    """The reason to execute ``example`` again; an empty string if there is none."""
    if record is None:
        return "new"
    if record.status == "failed":
        return "failed last time"
    then = record.inputs
    if then["script"] != digest(example.script):
        return "script changed"
    for name, old in then["files"].items():
        if digest(example.script.parent / name) != old:
            return f"{name} changed"
    for name, old in then["distributions"].items():
        if (new := installed_version(name)) != old:
            return f"{name} {old} -> {new}"
    for name in then["missing"]:
        if packages.is_installed(name):
            return f"{name} is installed now"
    python = ".".join(platform.python_version_tuple()[:2])
    if then["python"] != python:
        return f"Python {then['python']} -> {python}"
    if then["settings"] != example.settings:
        return "settings changed"
    return ""


@cache
def installed_version(distribution: str) -> str:
    """The version of an installed distribution, or :data:`ABSENT`."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ABSENT


def forget_installed() -> None:
    """Look again at what is installed: one process may serve several builds."""
    importlib.invalidate_caches()
    for cached in (installed_version, packages.providers, _required):
        cached.cache_clear()


def _roots(example: Example, local: Iterable[Path]) -> set[str]:
    """The modules that the example asks for by name, itself or through a local file."""
    names = packages.modules(example)
    for path in local:
        if path.suffix == ".py" and path.is_file():
            try:
                names |= imported_names(ast.parse(path.read_text(encoding="utf-8")))
            except (SyntaxError, ValueError):  # read as a text, not as a module
                continue
    return names - {""} - sys.stdlib_module_names


def _distributions(roots: set[str], loaded: set[str]) -> dict[str, str]:
    """The distributions that count: asked for by name, or required by one that is.

    Of those that a framework merely requires, the ones that were really loaded.
    What a framework picks up because it happens to be there (TensorFlow tries JAX)
    does not count: the example doesn't import it.
    """
    providers = packages.providers()
    wanted = {canonicalize_name(d) for name in roots for d in providers.get(name, ())}
    present = {canonicalize_name(d) for name in loaded for d in providers.get(name, ())}
    reached: set[str] = set()
    queue: list[str] = list(wanted)
    while queue:
        name = queue.pop()
        if name not in reached:
            reached.add(name)
            queue.extend(_required(name))
    counted = sorted(reached & present)
    return {name: installed_version(name) for name in counted}


@cache
def _required(distribution: str) -> tuple[str, ...]:
    """The distributions that this one requires here, extras aside."""
    try:
        lines = metadata.requires(distribution) or []
    except metadata.PackageNotFoundError:
        return ()
    found = []
    for line in lines:
        requirement = Requirement(re.sub(r"\s+;", ";", line))
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            found.append(str(canonicalize_name(requirement.name)))
    return tuple(found)
