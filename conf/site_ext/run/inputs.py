"""When is an example out of date?

When any of its inputs changed: its text, a file beside it that it imports or
reads, the version of a distribution that it imports, Python's minor version, the
platform, its settings. Nothing else counts, so that a new linter runs nothing again, and a new
torch runs what imports torch. Where a distribution is not installed, the version that the
surroundings pin stands in for it: a record made elsewhere may be shown where nothing can run.
What is hashed of the script is the text that was run; a
package that is installed from a folder, or only lies in one, counts by its files.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import os
import platform
import re
import sys
from functools import cache, lru_cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from site_ext.run import packages
from site_ext.run.scripts import imported_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from site_ext.run.records import Record
    from site_ext.run.scripts import Example

#: Stands for the digest of a file that somebody changed while the example ran: which text it
#: saw can't be known, so that it is run again.
MEANWHILE = "changed while it ran"


def digest(path: Path) -> str:
    """The SHA-256 of a file, or a word for one that is gone."""
    try:
        about = path.stat()
    except OSError:
        return "missing"
    if not path.is_file():
        return "missing"
    return _digest(str(path), about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=100_000)
def _digest(path: str, changed: int, size: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def inputs(
    example: Example,
    modules: Iterable[str],
    files: Iterable[str],
    *,
    meanwhile: Iterable[str] = (),
    before: Mapping[str, str] | None = None,
    absent: str = "",
) -> dict[str, Any]:
    """What this execution of ``example`` depended on, in values that JSON can hold.

    ``modules`` are the top-level names loaded when it ended, ``files`` the absolute
    paths that it imported or read, ``meanwhile`` those that were changed while it ran, not
    by its Python code. ``before`` has the files of the last execution: what changes during
    this one too is the example's own work after all, by code that is not Python. ``absent`` is
    the module that could not be imported, if that ended it.
    """
    known = {example.script, *example.surroundings.named}
    local = {Path(_source(name)) for name in files} - known
    loaded, changed = set(modules), set(meanwhile)
    found = {_beside(example, path): path for path in sorted(local)}
    doubtful = {name for name, path in found.items() if str(path) in changed}
    doubtful -= {name for name, told in (before or {}).items() if told == MEANWHILE}
    return {
        "script": example.digest,
        "files": {
            name: MEANWHILE if name in doubtful else digest(path)
            for name, path in found.items()
            if path.is_file() or name in doubtful
        },
        "distributions": _distributions(_roots(example, local), loaded | set(example.needs)),
        "missing": packages.missing(example, packages.modules(example) | {absent}),
        "python": python(),
        "platform": here(),
        "settings": example.settings,
        **({"environment": dict(told)} if (told := example.surroundings.variables) else {}),
    }


def _source(file: str) -> str:
    """The module that a compiled one was made from; any other file itself."""
    try:
        return importlib.util.source_from_cache(file) if file.endswith(".pyc") else file
    except ValueError:  # one that stands for itself
        return file


def _beside(example: Example, path: Path) -> str:
    """A file as it is named from the script's folder."""
    return Path(os.path.relpath(path, example.script.parent)).as_posix()


def python() -> str:
    """Python's minor version."""
    return ".".join(platform.python_version_tuple()[:2])


def here() -> str:
    """The platform and its architecture: ``linux x86_64``, ``darwin arm64``."""
    return f"{sys.platform} {platform.machine()}"


def key(of: dict[str, Any]) -> str:
    """A short name for a set of inputs: equal inputs, equal key, on any machine."""
    return hashlib.sha256(json.dumps(of, sort_keys=True).encode()).hexdigest()[:16]


def why_outdated(example: Example, record: Record | None) -> str:  # noqa: C901, PLR0911, PLR0912 - a list of reasons
    """The reason to execute ``example`` again; an empty string if there is none."""
    if record is None:
        return "new"
    if record.status == "failed" and not example.expected:
        return "failed last time"
    then = record.inputs
    if then["script"] != example.digest:
        return "script changed"
    for name, old in then["files"].items():
        if digest(example.script.parent / name) != old:
            return f"{name} changed"
    for name, old in then["distributions"].items():
        if not packages.agrees(name, old, example.surroundings.pins):
            return f"{name} {old} -> {packages.version(name)}"
    for name in then["missing"]:
        if packages.is_installed(name):
            return f"{name} is installed now"
    if then["python"] != python():
        return f"Python {then['python']} -> {python()}"
    if (other := then.get("platform", "an unknown platform")) != here():
        return f"{other} -> {here()}"
    if then["settings"] != example.settings:
        return "settings changed"
    if then.get("environment", {}) != dict(example.surroundings.variables):
        return "its environment changed"
    return ""


def forget_installed() -> None:
    """Look again at what is installed: one process may serve several builds."""
    importlib.invalidate_caches()
    for cached in (packages.version, packages.providers, packages.folder_of, _required):
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
    # What no distribution brings, but a folder from which it can be imported.
    lying = {name for name in roots & loaded if name not in providers and packages.folder_of(name)}
    return {name: packages.version(name) for name in sorted((reached & present) | lying)}


@cache
def _required(distribution: str) -> tuple[str, ...]:
    """The distributions that this one requires here, extras aside."""
    try:
        lines = metadata.requires(distribution) or []
    except metadata.PackageNotFoundError:
        return ()
    found = []
    for line in lines:
        try:
            requirement = Requirement(re.sub(r"\s+;", ";", line))
        except InvalidRequirement:  # of before there were rules
            continue
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            found.append(str(canonicalize_name(requirement.name)))
    return tuple(found)
