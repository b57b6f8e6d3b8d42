"""Run one example in a process of its own, watch it, and say how it ended.

The parent's half of :mod:`site_ext.run.child`. Nothing here knows Sphinx: it takes a
script as cells, and returns an :class:`Execution`.
"""

from __future__ import annotations

import contextlib
import ctypes
import marshal
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from site_ext.run import outcome
from site_ext.run.outcome import Limits
from site_ext.run.surroundings import plain_environment

if TYPE_CHECKING:
    import resource
    from collections.abc import Callable, Sequence

    from site_ext.run.outcome import Cell, Execution

CHILD = Path(__file__).with_name("child.py")
#: Seconds between two looks at an example's memory and clock, and looks between two
#: at its children, which cost some milliseconds. Both are rare because an example that
#: computes on every core is held up by whatever else wants one for a moment.
LOOK_EVERY = 0.25
LOOKS_PER_CHILDREN = 4


#: Figures are drawn without a screen, and bytecode is not written beside the scripts.
OURS = {"MPLBACKEND": "agg", "PYTHONDONTWRITEBYTECODE": "1"}


def run(
    script: Path,
    cells: Sequence[Cell],
    *,
    doc: str = "",
    limits: Limits | None = None,
    python: str = sys.executable,
    environment: Callable[[Path], dict[str, str]] = plain_environment,
    on_start: Callable[[int], None] = lambda pid: None,
) -> Execution:
    """Execute ``cells`` of ``script`` in a fresh interpreter, as ``python script`` would.

    Past a limit the whole process group is killed. The example never sees the terminal: what
    it writes to the file descriptors is returned as ``log``. Never raises for what the example
    does. Whatever ends this call, an interrupt too, leaves no process of the example behind.
    """
    watch = _Watch(limits or Limits())
    with tempfile.TemporaryDirectory(prefix="example-") as name:
        folder = Path(name)
        command = [python, *_prepare(folder, script, cells, doc)]
        with open(folder / "log", "wb") as log:
            started = time.perf_counter()
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=script.parent,
                env=environment(folder / "home") | OURS,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
            ended, usage = _wait(process, watch, on_start)
        execution = outcome.account(folder, process.returncode, watch.limits, len(cells))
        execution.wall_seconds += ended - started
        execution.cpu_seconds = usage.ru_utime + usage.ru_stime
        return execution


def _prepare(folder: Path, script: Path, cells: Sequence[Cell], doc: str) -> list[str]:
    """Write the job into ``folder``; the interpreter's arguments."""
    for sub in ("figures", "home"):
        (folder / sub).mkdir()
    job = {
        "script": str(script),
        "doc": doc,
        "cells": [(cell.line, cell.source) for cell in cells],
        "events": str(folder / "events"),
        "output": str(folder / "output"),
        "figures": str(folder / "figures"),
    }
    (folder / "job").write_bytes(marshal.dumps(job))
    return ["-X", "faulthandler", str(CHILD), str(folder / "job")]


def _wait(
    process: subprocess.Popen[bytes], watch: _Watch, on_start: Callable[[int], None]
) -> tuple[float, resource.struct_rusage]:
    """Wait for the end; the moment of it and what the process has used."""
    try:
        on_start(process.pid)
        watch.begin(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        ended = time.perf_counter()
        process.returncode = os.waitstatus_to_exitcode(status)
    finally:
        watch.stop()
        kill_group(process.pid)
        if process.returncode is None:
            process.wait()
    return ended, usage


def kill_group(pid: int) -> None:
    """End what is left of an example: the processes of its group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    # Covers what `finally` can't: a build that is killed outright.
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class _Watch:
    """Looks at a running example now and then; ends it when it is past a limit."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, pid: int) -> None:
        self._thread = threading.Thread(target=self._look, args=(pid,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _look(self, pid: int) -> None:
        limits = self.limits
        deadline = time.perf_counter() + limits.seconds
        try:
            root, looks, children = psutil.Process(pid), 0, 0
            while not self._stop.wait(LOOK_EVERY):
                if looks % LOOKS_PER_CHILDREN == 0:
                    children = _held_by_children(root)
                looks += 1
                held = root.memory_info().rss + children
                limits.peak_mib = max(limits.peak_mib, held / 2**20)
                if limits.peak_mib > limits.mib:
                    limits.exceeded = "memory limit"
                elif time.perf_counter() > deadline:
                    limits.exceeded = "time limit"
                if limits.exceeded:
                    kill_group(pid)
                    return
        except psutil.Error:  # it ended between two looks
            return


def _held_by_children(root: psutil.Process) -> int:
    """Bytes that the children hold and don't share: a fork starts as its parent's twin."""
    held = 0
    for child in root.children(recursive=True):
        try:
            held += child.memory_full_info().uss
        except psutil.Error:
            continue
    return held
