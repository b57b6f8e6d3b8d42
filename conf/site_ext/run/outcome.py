"""What one execution of one script came to: its outputs, its figures, how it ended.

Read from what :mod:`site_ext.run.child` left in the folder of the run.
"""

from __future__ import annotations

import marshal
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from site_ext.base import values

#: Of what was printed, to be shown with a failure.
LAST_LINES = 12


@dataclass
class Limits:
    """How long a run may take, in seconds of the wall clock, and how much memory it may hold, in
    MiB resident with its children; and what was seen of both."""

    seconds: float = 120.0
    mib: float = 8192.0
    peak_mib: float = 0.0
    exceeded: str = ""


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
    measured: dict[str, values.Value] = field(default_factory=dict)
    modules: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    log: str = ""


def account(folder: Path, returncode: int, limits: Limits, cells: int) -> Execution:
    """Make the account of a run from what it left in ``folder``."""
    execution = Execution(peak_rss_mib=limits.peak_mib)
    execution.log = (folder / "log").read_text("utf-8", errors="replace")
    output = folder / "output"
    written = output.read_bytes() if output.exists() else b""
    start, current, paused, ended = 0, -1, 0.0, False
    for event in _events(folder / "events"):
        drawn: tuple[Figure, ...] = ()
        match event:
            case ("done", _, float(seconds), int(end), list(figures), float(paused)):
                drawn = tuple(Figure(Path(path).read_bytes(), alt) for path, alt in figures)
            case ("error", _, float(seconds), int(end), int(line), str(), text, missing, paused):
                what = text.strip().splitlines()[-1]
                execution.failure = Failure("exception", what, text, current, line, missing or "")
            case ("exit", _, int(end), code, float(paused)):
                seconds, what = 0.0, f"sys.exit({code})"
                execution.failure = Failure("sys.exit", what, f"{what}\n", current)
            case ("end", dict(facts), float(paused)):
                ended = True
                _take_facts(facts, execution, cells)
                continue
            case _:  # ("cell", number)
                current = event[1]
                continue
        execution.outputs.append(CellOutput(written[start:end].decode(), drawn))
        execution.run_seconds += seconds
        start = end
    execution.wall_seconds = -paused
    if execution.failure is None and not (ended and returncode == 0):
        last = (written[start:].decode(errors="replace") + execution.log).splitlines()
        kind, what = _sudden_end(returncode, limits, ended)
        execution.failure = Failure(kind, what, "\n".join(last[-LAST_LINES:]), max(current, 0))
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


def _sudden_end(returncode: int, limits: Limits, ended: bool) -> tuple[str, str]:
    """``(kind, one line)`` for a process that ended without a word."""
    if limits.exceeded == "time limit":
        return "time limit", (
            f"ran past its time limit of {limits.seconds:g} s and was stopped; raise it in "
            "the script with `# sphinx_gallery_time_limit = SECONDS`"
        )
    if limits.exceeded == "memory limit":
        return "memory limit", (
            f"took {limits.peak_mib:.0f} MiB, past its memory limit of {limits.mib:.0f} "
            "MiB, and was stopped; raise it with `# sphinx_gallery_memory_limit = MIB`"
        )
    if returncode < 0:
        name = signal.Signals(-returncode).name
        hint = " (often: the system ran out of memory)" if name == "SIGKILL" else ""
        return "signal", f"killed by {name}{hint}"
    if ended:
        return "os._exit", f"ended with status {returncode} after its last cell"
    return "os._exit", f"left through os._exit({returncode}), so its last cells did not run"


def _take_facts(facts: dict[str, Any], execution: Execution, cells: int) -> None:
    """Keep what the process told of itself before its end."""
    execution.modules = facts["modules"]
    execution.files = sorted({*facts["local"], *facts["read"]})
    execution.peak_rss_mib = max(execution.peak_rss_mib, facts["peak_kib"] / 1024)
    if what := _take_measured(facts["measured"], execution.measured):
        execution.failure = Failure("measured", what, what, max(cells - 1, 0))


def _take_measured(sent: Any, measured: dict[str, values.Value]) -> str:
    """Keep the values that can be published; what is wrong with the first other."""
    if isinstance(sent, str):
        return f"`measured` is a {sent}; make it a dict of names to numbers or strings"
    for key, value in sent:
        # What marshal could not send came as the name of its type.
        wrong = values.problem(value) if not isinstance(value, tuple) else values.unfit(value[0])
        if wrong:
            return f"measured[{key!r}] {wrong}"
        if not key.isidentifier():
            return f"measured[{key!r}]: the name can't be quoted; use letters, digits and _"
        measured[key] = value
    return ""
