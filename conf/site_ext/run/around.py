"""What lies around the examples, compared before and after a run.

An example may leave files in its own folder. What it changes of the pages' sources, of other
examples or of their folders is a failure of its own, named. Whoever builds may edit those files
meanwhile: so a change counts against the example only if its own Python code made it, or if it
ran alone and started other processes, whose doings can't be seen.
"""

from __future__ import annotations

import os
from contextlib import suppress
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
                with suppress(OSError):  # gone since
                    about = entry.stat(follow_symlinks=False)
                    found[entry.path] = (about.st_mtime_ns, about.st_size)
        return found

    def trespass(
        self, script: Path, changed: Iterable[str], execution: Execution, *, alone: bool
    ) -> str:
        """Those of the ``changed`` files that are not the example's to change, and that it did
        change as far as can be known, as a sentence; empty if there are none."""
        script = script.resolve()
        written = {os.path.realpath(path) for path in execution.written}
        foreign = [name for name in changed if not self._may_change(script, Path(name))]
        # Of a folder that was removed or renamed, the folder is told.
        surely = [n for n in foreign if written & {n, *map(str, Path(n).parents)}]
        if surely:
            return f"changed what is not its own: {', '.join(surely)}"
        perhaps = [name for name in foreign if name != str(script)]
        if perhaps and alone and execution.children:
            return (
                f"changed what is not its own: {', '.join(perhaps)}; a process that it started "
                "did, unless somebody else has: then build again"
            )
        return ""

    def _may_change(self, script: Path, path: Path) -> bool:
        """Whether a file is in the example's own folder, and no script."""
        own = script.parent
        others = {one.parent for one in self.scripts if one.parent.is_relative_to(own)} - {own}
        beside = path.is_relative_to(own) and not any(map(path.is_relative_to, others))
        return beside and path.suffix != script.suffix


def changes(before: State, after: State) -> list[str]:
    """The files that came, went or are others now."""
    return sorted(
        name for name in before.keys() | after.keys() if before.get(name) != after.get(name)
    )


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
