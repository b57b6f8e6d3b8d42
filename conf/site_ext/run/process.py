"""Run one example in a process of its own, watch it, and say how it ended.

The parent's half of :mod:`site_ext.run.child`. Nothing here knows Sphinx: it takes a
script as cells, and returns an :class:`Execution`.
"""

from __future__ import annotations

import marshal
import os
import sys
import tempfile
import threading
import time
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from site_ext.run import outcome
from site_ext.run.drawn import MIB
from site_ext.run.keeping import Keeper
from site_ext.run.outcome import Limits
from site_ext.run.surroundings import Manner, installed_folders, plain_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from site_ext.run.keeping import Ended
    from site_ext.run.outcome import Cell, Execution

CHILD = Path(__file__).with_name("child.py")
#: Seconds between two looks at an example's memory and clock, and looks between two
#: at its children, which cost some milliseconds. Both are rare because an example that
#: computes on every core is held up by whatever else wants one for a moment.
LOOK_EVERY = 0.25
LOOKS_PER_CHILDREN = 4


#: Figures are drawn without a screen and as matplotlib draws them, whatever whoever builds has
#: in a matplotlibrc, and bytecode is not written beside the scripts.
OURS = {"MPLBACKEND": "agg", "PYTHONDONTWRITEBYTECODE": "1"}
PLAIN = {"MATPLOTLIBRC": os.devnull}


def run(
    script: Path,
    cells: Sequence[Cell],
    *,
    doc: str = "",
    limits: Limits | None = None,
    python: str = sys.executable,
    environment: Callable[[Path], dict[str, str]] = plain_environment,
    manner: Manner | None = None,
    watched: Sequence[Path] = (),
    skipped: Sequence[Path] = (),
    keeper: Keeper | None = None,
) -> Execution:
    """Execute ``cells`` of ``script`` in a fresh interpreter, as ``python script`` would.

    Past a limit it is killed. What it writes to the file descriptors is returned as ``log``, what
    it reads and changes below ``watched``, less ``skipped``, is told. What it starts, and its
    folder for temporary files, end with it and with this call, whatever ends that.

    Raises :exc:`OSError` or :exc:`ValueError` where no account of it can be had.
    """
    limits = limits or Limits()
    here = tempfile.TemporaryDirectory(prefix="example-", ignore_cleanup_errors=True)
    with Keeper() if keeper is None else nullcontext(keeper) as kept, here as name:
        folder = Path(name)
        job = _job(folder, script, cells, doc, manner or Manner())
        job |= _noticed([script.parent, *watched], [folder, *skipped])
        (folder / "job").write_bytes(marshal.dumps(job))
        command = [python, "-X", "faulthandler", str(CHILD), str(folder / "job")]
        variables = PLAIN | environment(folder / "home") | OURS | {"TMPDIR": str(folder / "tmp")}
        try:
            pid, began = kept.start(command, script.parent, variables, folder / "log", folder)
            ended = _Watch(limits, kept).over(pid, folder)
        except BaseException:
            kept.close()  # ends the example before its folder goes
            raise
        execution = outcome.account(folder, ended.code, limits, len(cells))
    execution.wall_seconds += ended.at - began
    execution.cpu_seconds = ended.seconds
    return execution


def _job(
    folder: Path, script: Path, cells: Sequence[Cell], doc: str, manner: Manner
) -> dict[str, object]:
    """What :mod:`site_ext.run.child` is told, and the folders that it needs."""
    for sub in ("figures", "home", "tmp"):
        (folder / sub).mkdir()
    inside = manner.inside
    return {
        "script": str(script),
        "doc": doc,
        "argv": list(manner.argv),
        "paths": list(manner.paths),
        "cells": [(one.line, one.source, one.drawn, list(one.reprs)) for one in cells],
        "unshown": manner.unshown,
        "inside": (inside.file, inside.settings, str(folder / "drawn")) if inside else (),
        "draws": bool(inside and inside.draws),
        "tells": bool(inside and inside.tells),
        "events": str(folder / "events"),
        "output": str(folder / "output"),
        "figures": str(folder / "figures"),
    }


def _noticed(watched: Sequence[Path], skipped: Sequence[Path]) -> dict[str, tuple[str, ...]]:
    """Where the child notices what is read and changed."""
    own = [*map(Path, sorted(installed_folders())), CHILD.parents[1]]
    return {"watched": _prefixes(watched), "skipped": _prefixes([*own, *skipped])}


def _prefixes(folders: Sequence[Path]) -> tuple[str, ...]:
    """The folders as the beginnings of paths, by their own names and by where they really are."""
    names = {name for one in folders for name in (str(one.absolute()), os.path.realpath(one))}
    return tuple(sorted(name.rstrip(os.sep) + os.sep for name in names))


class _Watch:
    """Looks at a running example now and then; ends it when it is past a limit."""

    def __init__(self, limits: Limits, keeper: Keeper) -> None:
        self.limits, self.keeper = limits, keeper
        self._stop = threading.Event()

    def over(self, pid: int, folder: Path) -> Ended:
        """Wait for the end of ``pid``, watching it meanwhile."""
        thread = threading.Thread(target=self._look, args=(pid, folder), daemon=True)
        thread.start()
        try:
            return self.keeper.wait()
        finally:
            self._stop.set()
            thread.join()

    def _look(self, pid: int, folder: Path) -> None:
        limits = self.limits
        deadline = time.perf_counter() + limits.seconds
        with suppress(psutil.Error):  # it ended between two looks
            root, looks, children = psutil.Process(pid), 0, 0
            while not self._stop.wait(LOOK_EVERY):
                if looks % LOOKS_PER_CHILDREN == 0:
                    children = _held_by_children(psutil.Process(self.keeper.pid), pid)
                looks += 1
                held = root.memory_info().rss + children
                limits.peak_mib = max(limits.peak_mib, held / MIB)
                if limits.peak_mib > limits.mib:
                    limits.exceeded = "memory limit"
                elif _printed(folder) > limits.printed_mib * MIB:
                    limits.exceeded = "output limit"
                elif time.perf_counter() > deadline:
                    limits.exceeded = "time limit"
                if limits.exceeded:
                    self.keeper.kill()
                    return


def _printed(folder: Path) -> int:
    """Bytes that an example has written so far for others to read."""
    size = 0
    for name in ("output", "log", "events"):
        with suppress(OSError):
            size += (folder / name).stat().st_size
    return size


def _held_by_children(keeper: psutil.Process, pid: int) -> int:
    """Bytes that the processes below the example hold and don't share: a fork starts as its
    parent's twin."""
    held = 0
    for child in keeper.children(recursive=True):
        with suppress(psutil.Error):
            held += 0 if child.pid == pid else child.memory_full_info().uss
    return held
