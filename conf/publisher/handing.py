"""Hand records on to a release that is built here: those that its scripts and pins fit."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

from site_ext.base import git as git_of
from site_ext.base import pins
from site_ext.base.errors import SiteError
from site_ext.run import inputs, packages, records

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from site_ext.run.records import Record


def hand_on(stores: Iterable[Path], tree: Path) -> None:
    """Copy to ``tree`` the records in ``stores`` that it lacks, the best fit of each name.

    The tree's own code finds out whether they are up to date; what surely isn't is left.
    """
    kept, lock = tree / "build" / "records", pins.read(tree / "constraints.txt")
    kept.mkdir(parents=True, exist_ok=True)
    best: dict[str, tuple[int, Path]] = {}
    for store in stores:
        for path in sorted(store.glob("*.json")):
            record = _read(path)
            # What came from elsewhere is for a release to take by itself, if it may.
            foreign = record is not None and records.origin_of(store, record)
            fit = 0 if foreign else _fit(record, tree, lock)
            if fit > best.get(path.name, (0, path))[0]:
                best[path.name] = fit, path
    for name, (_, path) in best.items():
        if not (kept / name).exists():
            shutil.copy(path, kept / name)


def _read(path: Path) -> Record | None:
    try:
        return records.decoded(path.read_bytes())
    except records.UNREADABLE as error:
        raise SiteError(f"{path}: not a record ({error!r}); delete it and build again") from error


def _fit(record: Record | None, tree: Path, lock: dict[str, str]) -> int:
    """How well a record fits a tree: 0 where it is not to be used at all."""
    if record is None or record.commit.endswith(git_of.CHANGES):
        return 0
    if record.inputs.get("platform", inputs.here()) != inputs.here():
        return 0
    if record.exclusive and record.disturbed:
        return 0
    script = tree / "gallery" / f"{record.name}.py"
    same = script.is_file() and (
        hashlib.sha256(script.read_bytes()).hexdigest() == record.inputs["script"]
    )
    found = record.inputs["distributions"].items()
    pinned = all(
        packages.plain_version(version).partition("+")[0] == lock.get(name, "")
        for name, version in found
    )
    return 1 + 2 * same + pinned
