"""What lies around the examples, compared before and after a run.

An example may leave files in its own folder. What it changes of the pages' sources, of other
examples or of their folders is a failure of its own, named. Whoever builds may edit those files
meanwhile: so a change counts against the example only if its own Python code made it, or if it
started other processes, whose doings can't be seen.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from site_ext.run.outcome import Execution

#: Time of change and size of each file.
State: TypeAlias = dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Around:
    """The ``folders`` that lie around the examples, less those that are set ``apart`` because
    the build itself writes there, and the ``scripts``."""

    folders: tuple[Path, ...] = ()
    apart: tuple[Path, ...] = ()
    scripts: frozenset[Path] = field(default_factory=frozenset)

    def state(self) -> State:
        """What lies there now; hidden folders and compiled modules don't count."""
        apart = {os.path.realpath(path) for path in self.apart}
        found: State = {}
        for folder in self.folders:
            for entry in _files(os.path.realpath(folder), apart):
                about = entry.stat(follow_symlinks=False)
                found[entry.path] = (about.st_mtime_ns, about.st_size)
        return found

    def trespass(self, script: Path, changed: Iterable[str], execution: Execution) -> list[str]:
        """Those of the ``changed`` files that are not the example's to change, and that it did
        change, as far as can be known."""
        own = script.resolve().parent
        others = {path.parent for path in self.scripts} - {own}
        foreign = []
        for name in changed:
            path = Path(name)
            beside = path.is_relative_to(own) and not any(
                path.is_relative_to(other) for other in others if other.is_relative_to(own)
            )
            if beside and path not in self.scripts and path.suffix != script.suffix:
                continue
            seen = execution.children and path != script.resolve()
            if seen or name in {os.path.realpath(one) for one in execution.written}:
                foreign.append(name)
        return sorted(foreign)


def changes(before: State, after: State) -> list[str]:
    """The files that came, went or are others now."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def _files(folder: str, apart: set[str]) -> Iterator[os.DirEntry[str]]:
    if folder in apart:
        return
    try:
        entries = list(os.scandir(folder))
    except OSError:  # gone, or not ours to read
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.name == "__pycache__":
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _files(entry.path, apart)
        elif entry.is_file(follow_symlinks=False):
            yield entry
