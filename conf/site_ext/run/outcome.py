"""What one execution of one script came to: its outputs, its figures, how it ended.

Read from what :mod:`site_ext.run.child` left in the folder of the run: whatever a script has
done to that, it comes to an account with a failure, or to an exception that its caller turns
into one.
"""

from __future__ import annotations

import marshal
import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from site_ext.base import values
from site_ext.base.text import clean, cut
from site_ext.run import published
from site_ext.run.drawn import MIB, MOST_FILES, Figure, drawn

if TYPE_CHECKING:
    from pathlib import Path

#: Of what was printed, to be shown with a failure.
LAST_LINES = 12
#: Bytes that are kept of what an example prints, of its log, and of a traceback.
KEPT, KEPT_TEXT = MIB, 100_000


@dataclass
class Limits:
    """How long a run may take, in seconds of the wall clock, how much memory it may hold, in
    MiB resident with its children, and how many MiB it may print; and what was seen of those."""

    seconds: float = 120.0
    mib: float = 8192.0
    printed_mib: float = 512.0
    peak_mib: float = 0.0
    exceeded: str = ""


@dataclass(frozen=True)
class Cell:
    """A code cell of an example: its first line in the file and its source; ``drawn`` and
    ``reprs`` as in :class:`site_ext.run.surroundings.Block`."""

    line: int
    source: str
    drawn: bool = True
    reprs: tuple[str, ...] = ()


@dataclass(frozen=True)
class CellOutput:
    """What one executed cell printed and drew.

    ``left_out`` is how many bytes more it printed. ``shown`` is its last expression, as
    ``(method, text)``. ``rst`` and ``files``, by their paths, are what others drew.
    """

    text: str
    figures: tuple[Figure, ...] = ()
    left_out: int = 0
    shown: tuple[str, str] = ("", "")
    rst: str = ""
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Failure:
    """Why an example did not run to its end.

    ``kind`` is one of ``exception``, ``sys.exit``, ``os._exit``, ``signal``, ``time limit``,
    ``memory limit``, ``output limit``, ``not installed``, ``measured``, ``elsewhere`` (it
    changed what is not its own) and ``lost`` (there is no account of it); ``what``
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
    """One run of one script. Seconds are of the wall clock unless named otherwise.

    ``files`` are those that it imported or read, ``written`` those that its own Python code
    changed; ``children`` says whether it started processes. ``names`` is what somebody else
    told of its globals.
    """

    outputs: list[CellOutput] = field(default_factory=list)
    failure: Failure | None = None
    wall_seconds: float = 0.0
    run_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_rss_mib: float = 0.0
    measured: dict[str, values.Value] = field(default_factory=dict)
    published: dict[str, bytes] = field(default_factory=dict)
    modules: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    written: set[str] = field(default_factory=set)
    children: bool = False
    names: dict[str, Any] | None = None
    log: str = ""


def lost(what: str, text: str = "", cell: int = 0) -> Execution:
    """The account of a run of which there is no other."""
    return Execution(failure=Failure("lost", cut(clean(what), 500), clean(text), cell))


def account(folder: Path, returncode: int, limits: Limits, cells: int) -> Execution:
    """Make the account of a run from what it left in ``folder``.

    Raises :exc:`OSError` or :exc:`ValueError` where the script has spoilt that.
    """
    reader = _Reader(folder, cells)
    execution = reader.execution
    execution.peak_rss_mib = max(execution.peak_rss_mib, limits.peak_mib)
    if execution.failure is None and not (reader.ended and returncode == 0):
        last = clean(_last(folder / "output", reader.start) + execution.log).splitlines()
        kind, what = _sudden_end(returncode, limits, reader.ended)
        printed = "\n".join(cut(line, 500) for line in last[-LAST_LINES:])
        execution.failure = Failure(kind, what, printed, reader.cell)
    return execution


class _Reader:
    """Reads the events of a run into its account."""

    def __init__(self, folder: Path, cells: int) -> None:
        self.folder, self.cells, self.execution = folder, cells, Execution()
        self.execution.log = _read(folder / "log", 0, KEPT)
        self.cell, self.start, self.kept, self.ended = 0, 0, KEPT, False
        for event in _events(folder / "events"):
            self._take(event)

    def _take(self, event: tuple[Any, ...]) -> None:
        execution = self.execution
        match event:
            case ("cell", int(cell), int(start)):
                self.cell, self.start = cell, start
                return
            case ("done", int(), float(took), int(end), list(figures), tuple(shown), float(paused)):
                self._output(end, took, **drawn(self.folder, figures, shown))
            case ("error", int(), float(took), int(end), int(line), str(what), str(text), missing, float(paused)):  # fmt: skip
                self._fail("exception", what, text, line, missing or "")
                self._output(end, took)
            case ("exit", int(), int(end), str(code), float(paused)):
                self._fail("sys.exit", f"sys.exit({code})", f"sys.exit({code})\n")
                self._output(end, 0.0)
            case ("end" | "facts" as kind, dict(facts), float(paused)):
                self.ended = kind == "end"
                _take_facts(facts, execution)
                wrong = _take_measured(facts["measured"], execution.measured)
                execution.published, odd = published.kept(facts["published"])
                if self.ended and (wrong := wrong or odd):
                    self.cell = max(self.cells - 1, 0)
                    self._fail("measured", wrong, wrong)
            case ("names", names, float(paused)):
                execution.names = names
            case ("broken", str(what), str(text)):
                self._fail("lost", f"its cells could not be run on: {what}", text)
                return
            case _:
                raise ValueError(f"an event that is none: {event!r:.60}")
        execution.wall_seconds = -paused

    def _fail(self, kind: str, what: str, text: str, line: int = 0, missing: str = "") -> None:
        told, text = cut(clean(what).replace("\r", " "), 500), cut(clean(text), KEPT_TEXT)
        self.execution.failure = Failure(kind, told, text, self.cell, line, missing)

    def _output(self, end: int, seconds: float, **more: Any) -> None:
        """Keep what the cell printed, within what is kept of all."""
        printed = max(end - self.start, 0)
        text = _read(self.folder / "output", self.start, min(printed, self.kept))
        left_out = max(printed - self.kept, 0)
        self.execution.outputs.append(CellOutput(text, left_out=left_out, **more))
        self.execution.run_seconds += seconds
        self.kept -= min(printed, self.kept)
        self.start = end


def _read(path: Path, start: int, most: int) -> str:
    """So many bytes of a file, as text that every file and page can hold."""
    with open(path, "rb") as file:
        file.seek(start)
        return file.read(max(most, 0)).decode("utf-8", errors="replace")


def _last(path: Path, start: int) -> str:
    """The end of what a file holds from ``start``."""
    if not path.exists():  # it never came to its first cell
        return ""
    return _read(path, max(start, path.stat().st_size - KEPT_TEXT), KEPT_TEXT)


def _events(path: Path) -> list[tuple[Any, ...]]:
    """The events that arrived whole."""
    events = []
    if path.exists():
        if path.stat().st_size > MOST_FILES:
            raise ValueError(f"it shows and measures more than {MOST_FILES // MIB} MiB")
        with open(path, "rb") as file:
            while True:
                try:
                    events.append(marshal.load(file))
                except (EOFError, TypeError):
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
    if limits.exceeded == "output limit":
        return "output limit", f"printed more than {limits.printed_mib:g} MiB and was stopped"
    if returncode < 0:
        known = {one.value: one.name for one in signal.Signals}
        name = known.get(-returncode, f"signal {-returncode}")
        hint = " (often: the system ran out of memory)" if name == "SIGKILL" else ""
        return "signal", f"killed by {name}{hint}"
    if ended:
        return "os._exit", f"ended with status {returncode} after its last cell"
    return "os._exit", f"left through os._exit({returncode}), so its last cells did not run"


def _take_facts(facts: dict[str, Any], execution: Execution) -> None:
    """Keep what the process told of itself before its end."""
    execution.modules = facts["modules"]
    execution.files = sorted({*facts["local"], *facts["read"]})
    execution.written = set(facts["written"])
    execution.children = facts["children"]
    execution.peak_rss_mib = facts["peak_kib"] / 1024


def _take_measured(sent: Any, measured: dict[str, values.Value]) -> str:
    """Keep the values that can be published; what is wrong with the first other."""
    if isinstance(sent, str):
        return f"`measured` is a {sent}; make it a dict of names to numbers or strings"
    for key, value in sent:
        if isinstance(value, tuple):  # what can't be had came as the name of its type
            kind, why = value
            wrong = f"can't be read: {why}" if why else values.unfit(kind)
        else:
            wrong = values.problem(value)
        if wrong:
            return f"measured[{cut(key, 60)!r}] {wrong}"
        if not key.isidentifier():
            return (
                f"measured[{cut(key, 60)!r}]: the name can't be quoted; use letters, digits and _"
            )
        measured[key] = value
    return ""
