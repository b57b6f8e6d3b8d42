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
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CHILD = Path(__file__).with_name("child.py")
#: Seconds between two looks at an example's memory and clock, and looks between two
#: at its children, which cost some milliseconds. Both are rare because an example that
#: computes on every core is held up by whatever else wants one for a moment.
LOOK_EVERY = 0.25
LOOKS_PER_CHILDREN = 4
LAST_LINES = 12


@dataclass(frozen=True)
class Cell:
    """A code cell of an example: its first line in the file and its source."""

    line: int
    source: str


@dataclass(frozen=True)
class Figure:
    """A drawing of a cell: PNG bytes and the text for who can't see it."""

    png: bytes
    alt: str


@dataclass(frozen=True)
class CellOutput:
    """What one executed cell printed and drew."""

    text: str
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True)
class Failure:
    """Why an example did not run to its end.

    ``kind`` is one of ``exception``, ``sys.exit``, ``os._exit``, ``signal``,
    ``time limit``, ``memory limit``, ``not installed`` and ``measured``; ``what``
    is one line (``ValueError: boom``), ``text`` the traceback or the last lines
    printed. ``cell`` counts code cells from 0, ``line`` is of the file, 0 where
    it is not known.
    """

    kind: str
    what: str
    text: str
    cell: int
    line: int = 0
    missing: str = ""


@dataclass
class Execution:
    """One run of one script. Seconds are of the wall clock unless named otherwise."""

    outputs: list[CellOutput] = field(default_factory=list)
    failure: Failure | None = None
    wall_seconds: float = 0.0
    run_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_rss_mib: float = 0.0
    measured: dict[str, bool | int | float | str] = field(default_factory=dict)
    modules: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    log: str = ""


def run(
    script: Path,
    cells: Sequence[Cell],
    *,
    doc: str = "",
    time_limit: float = 120.0,
    memory_limit: float = 8192.0,
    python: str = sys.executable,
    on_start: Callable[[int], None] = lambda pid: None,
) -> Execution:
    """Execute ``cells`` of ``script`` in a fresh interpreter, as ``python script`` would.

    ``time_limit`` is in seconds, ``memory_limit`` in MiB of resident memory of the
    process and its children; past either the whole process group is killed. The
    example never sees the terminal: what it writes to the file descriptors is
    returned as ``log``. Never raises for what the example does. Whatever ends this
    call, an interrupt too, leaves no process of the example behind.
    """
    with tempfile.TemporaryDirectory(prefix="example-") as name:
        folder = Path(name)
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
        watch = _Watch(time_limit, memory_limit)
        with open(folder / "log", "wb") as log:
            started = time.perf_counter()
            process = subprocess.Popen(
                [python, "-X", "faulthandler", str(CHILD), str(folder / "job")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=script.parent,
                env=environment(folder / "home"),
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
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
        execution = _account(folder, process.returncode, watch, len(cells))
        execution.wall_seconds += ended - started
        execution.cpu_seconds = usage.ru_utime + usage.ru_stime
        return execution


def environment(home: Path) -> dict[str, str]:
    """The variables that an example runs under.

    The caller's, less those that would decide for the example: Keras's backend
    comes from the script, its settings from an empty folder, figures are drawn
    without a screen, and bytecode is not written beside the scripts.
    """
    kept = {k: v for k, v in os.environ.items() if k not in ("KERAS_BACKEND", "PYTHONPATH")}
    return kept | {
        "KERAS_HOME": str(home),
        "MPLBACKEND": "agg",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


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

    def __init__(self, time_limit: float, memory_limit: float) -> None:
        self.time_limit = time_limit
        self.memory_limit = memory_limit
        self.peak_mib = 0.0
        self.exceeded = ""
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
        deadline = time.perf_counter() + self.time_limit
        try:
            root, looks, children = psutil.Process(pid), 0, 0
            while not self._stop.wait(LOOK_EVERY):
                if looks % LOOKS_PER_CHILDREN == 0:
                    children = _held_by_children(root)
                looks += 1
                held = root.memory_info().rss + children
                self.peak_mib = max(self.peak_mib, held / 2**20)
                if self.peak_mib > self.memory_limit:
                    self.exceeded = "memory limit"
                elif time.perf_counter() > deadline:
                    self.exceeded = "time limit"
                if self.exceeded:
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


def _account(folder: Path, returncode: int, watch: _Watch, cells: int) -> Execution:
    """Make the account of a run from what it left in ``folder``."""
    execution = Execution(peak_rss_mib=watch.peak_mib)
    execution.log = (folder / "log").read_text("utf-8", errors="replace")
    written = b""
    if (folder / "output").exists():
        written = (folder / "output").read_bytes()
    start, current, line, paused, ended = 0, -1, 0, 0.0, False
    for event in _events(folder / "events"):
        match event:
            case ("cell", int(current)):
                pass
            case ("done", _, float(seconds), int(end), list(figures), float(paused)):
                text = written[start:end].decode()
                drawn = tuple(Figure(Path(path).read_bytes(), alt) for path, alt in figures)
                execution.outputs.append(CellOutput(text, drawn))
                execution.run_seconds += seconds
                start = end
            case ("error", _, seconds, int(end), int(line), kind, text, missing, float(paused)):
                execution.outputs.append(CellOutput(written[start:end].decode()))
                execution.run_seconds += seconds
                what = text.strip().splitlines()[-1]
                execution.failure = Failure("exception", what, text, current, line, missing or "")
            case ("exit", _, int(end), code, float(paused)):
                execution.outputs.append(CellOutput(written[start:end].decode()))
                what = f"sys.exit({code})"
                execution.failure = Failure("sys.exit", what, f"{what}\n", current)
            case ("end", dict(facts), float(paused)):
                ended = True
                execution.modules = facts["modules"]
                execution.files = sorted({*facts["local"], *facts["read"]})
                execution.peak_rss_mib = max(watch.peak_mib, facts["peak_kib"] / 1024)
                execution.failure = _take_measured(facts["measured"], execution, cells)
    execution.wall_seconds = -paused
    if execution.failure is None and not (ended and returncode == 0):
        last = (written[start:].decode(errors="replace") + execution.log).splitlines()
        text = "\n".join(last[-LAST_LINES:])
        kind, what = _sudden_end(returncode, watch, ended)
        execution.failure = Failure(kind, what, text, max(current, 0))
    return execution


def _events(path: Path) -> list[tuple[Any, ...]]:
    """The events that arrived whole."""
    events = []
    if path.exists():
        with open(path, "rb") as file:
            while True:
                try:
                    events.append(marshal.load(file))
                except (EOFError, ValueError, TypeError):
                    break
    return events


def _sudden_end(returncode: int, watch: _Watch, ended: bool) -> tuple[str, str]:
    """``(kind, one line)`` for a process that ended without a word."""
    if watch.exceeded == "time limit":
        return "time limit", (
            f"ran past its time limit of {watch.time_limit:g} s and was stopped; raise it in "
            "the script with `# sphinx_gallery_time_limit = SECONDS`"
        )
    if watch.exceeded == "memory limit":
        return "memory limit", (
            f"took {watch.peak_mib:.0f} MiB, past its memory limit of {watch.memory_limit:.0f} "
            "MiB, and was stopped; raise it with `# sphinx_gallery_memory_limit = MIB`"
        )
    if returncode < 0:
        name = signal.Signals(-returncode).name
        hint = " (often: the system ran out of memory)" if name == "SIGKILL" else ""
        return "signal", f"killed by {name}{hint}"
    if ended:
        return "os._exit", f"ended with status {returncode} after its last cell"
    return "os._exit", f"left through os._exit({returncode}), so its last cells did not run"


def _take_measured(sent: Any, execution: Execution, cells: int) -> Failure | None:
    """Keep the values that can be published; a failure that names the first other."""
    if isinstance(sent, str):
        what = f"`measured` is a {sent}; make it a dict of names to numbers or strings"
        return Failure("measured", what, what, max(cells - 1, 0))
    for key, value in sent:
        if isinstance(value, tuple):
            what = f"measured[{key!r}] is a {value[0]}; publish a number, a string or a bool"
        elif isinstance(value, float) and value - value != 0:
            what = f"measured[{key!r}] is {value}, which JSON can't hold; publish a finite number"
        elif not key.isidentifier():
            what = f"measured[{key!r}]: the name can't be quoted; use letters, digits and _"
        else:
            execution.measured[key] = value
            continue
        return Failure("measured", what, what, max(cells - 1, 0))
    return None
