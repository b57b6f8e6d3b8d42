"""Decide which examples to execute, execute them, keep their records.

The order of events: :func:`plan` says for each example whether it runs and why;
:func:`execute` runs those that do, one at a time unless told otherwise, and writes
each record as its example ends. Nothing here knows Sphinx.
"""

from __future__ import annotations

import platform
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from packaging.utils import canonicalize_name
from rich.console import Console
from rich.live import Live
from rich.text import Text

from site_ext.base import machine
from site_ext.base.errors import SiteError
from site_ext.base.frameworks import TITLES
from site_ext.run import inputs as staleness
from site_ext.run import packages, process, records
from site_ext.run.process import Execution, Failure
from site_ext.run.records import Record, Scrubber
from site_ext.run.scripts import discover

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from site_ext.run.scripts import Example


@dataclass(frozen=True)
class Options:
    """What a build may say about executing.

    ``pattern`` is a regular expression that the names of the executed examples
    match, ``shard`` is ``"2/4"`` for the second of four parts, ``jobs`` the number of
    untimed examples side by side. ``execute`` off runs nothing.
    """

    gallery: Path
    records: Path
    root: Path
    pattern: str = ""
    shard: str = ""
    jobs: int | str = 1
    execute: bool = True


@dataclass
class Entry:
    """An example and what this build shows of it.

    ``status`` is ``passed``, ``failed`` or ``skipped``, or ``recorded`` where an
    execution is shown whose inputs have changed since. ``record`` is None where the
    example has never run.
    """

    example: Example
    record: Record | None
    status: str
    reason: str
    due: bool = False


def plan(options: Options) -> list[Entry]:
    """All examples, each with the reason why it is due or is not.

    Raises :exc:`SiteError` for a bad pattern, shard or number of jobs,
    for a bad setting in a script and for a file among the records that is none.
    """
    staleness.forget_installed()
    selected = _selection(options)
    entries = []
    for number, example in enumerate(discover(options.gallery)):
        record = records.read(options.records, example.name)
        outdated = staleness.why_outdated(example, record)
        left_out = selected(number, example.name)
        if not outdated and record is not None:
            reason = record.reason if record.status == "skipped" else "up to date"
            entries.append(Entry(example, record, record.status, reason))
        elif not left_out:
            status = record.status if record else "skipped"
            entries.append(Entry(example, record, status, outdated, due=True))
        elif record is None:
            entries.append(Entry(example, None, "skipped", f"not run: {left_out}"))
        else:
            status = "failed" if record.status == "failed" else "recorded"
            entries.append(Entry(example, record, status, f"{outdated}; not run: {left_out}"))
    return entries


def _selection(options: Options) -> Callable[[int, str], str]:
    """A function from an example's number and name to why it is left out, or nothing."""
    try:
        pattern = re.compile(options.pattern)
    except re.error as error:
        raise SiteError(f"PATTERN={options.pattern}: not a regular expression ({error})") from None
    if not re.fullmatch(r"[1-9]\d*", str(options.jobs)):
        raise SiteError(f"JOBS={options.jobs}: give a number from 1")
    part, parts = 1, 1
    if options.shard:
        form = re.fullmatch(r"(\d+)/(\d+)", options.shard)
        if not form or not 1 <= int(form[1]) <= int(form[2]):
            raise SiteError(f"SHARD={options.shard}: give part/parts, such as 2/4")
        part, parts = int(form[1]), int(form[2])

    def left_out(number: int, name: str) -> str:
        if not options.execute:
            return "this builder executes nothing"
        if not pattern.search(name):
            return f"PATTERN={options.pattern} leaves it out"
        if number % parts != part - 1:
            return f"it is not in SHARD={options.shard}"
        return ""

    return left_out


def execute(entries: list[Entry], options: Options, say: Callable[[str], None]) -> None:
    """Run the entries that are due and put the outcomes into them, one line said for each.

    Those timed run first, alone; with ``jobs`` above 1 the others share the machine
    after that, and their records say so. An interrupt stops what runs, keeps the
    records of what has ended, and goes on to the caller.
    """
    due = [entry for entry in entries if entry.due]
    for entry in entries:
        if not entry.due:
            say(f"{entry.example.name}: {entry.reason}")
    if not due:
        return
    scrub = Scrubber(options.root)
    commit = machine.commit(options.root)
    options.records.mkdir(parents=True, exist_ok=True)
    # Two builds of one tree would spoil each other's timings.
    alone = records.locked(options.records, "another build is executing examples here")
    with alone, _Progress(len(due), say) as progress:
        together = [e for e in due if int(options.jobs) > 1 and not e.example.settings["timed"]]
        for entry in due:
            if entry not in together:
                _run(entry, options, scrub, commit, exclusive=True, progress=progress)
        if together:
            _run_together(together, options, scrub, commit, progress)


def _run_together(
    entries: list[Entry], options: Options, scrub: Scrubber, commit: str, progress: _Progress
) -> None:
    running: set[int] = set()

    def started(pid: int) -> None:
        running.add(pid)
        if progress.stopped:  # interrupted between the pool's word and the start
            process.kill_group(pid)

    with ThreadPoolExecutor(int(options.jobs)) as pool:
        futures = [
            pool.submit(
                _run, entry, options, scrub, commit,
                exclusive=False, progress=progress, on_start=started,
            )
            for entry in entries
        ]  # fmt: skip
        try:
            wait(futures)
        except BaseException:
            progress.stopped = True
            for future in futures:
                future.cancel()
            for pid in list(running):
                process.kill_group(pid)
            raise
        for future in futures:
            future.result()


def _run(
    entry: Entry,
    options: Options,
    scrub: Scrubber,
    commit: str,
    *,
    exclusive: bool,
    progress: _Progress,
    on_start: Callable[[int], None] = lambda pid: None,
) -> None:
    """Execute one example and write its record and its log."""
    example, settings = entry.example, entry.example.settings
    with progress.of(entry) as tell:
        started = datetime.now(UTC)
        execution = _lacking(example) or process.run(
            example.script,
            example.cells,
            doc=example.doc,
            time_limit=settings["time_limit"],
            memory_limit=settings["memory_limit"],
            on_start=on_start,
        )
        if progress.stopped:  # killed by us: no outcome of the example's own
            return
        record = _record(entry, execution, scrub)
        record.exclusive, record.commit = exclusive, commit
        record.executed_at = started.strftime("%Y-%m-%dT%H:%M:%SZ")
        records.write_whole(records.log_of(options.records, example.name), execution.log)
        records.write(options.records, record)
        entry.record, entry.status = record, record.status
        if record.status == "skipped":
            entry.reason = record.reason
        tell(outcome(record))


def _lacking(example: Example) -> Execution | None:
    """The outcome without a run, where an optional package that it can't do without is not
    there."""
    absent = packages.missing(example.required)
    if not absent:
        return None
    return Execution(
        failure=Failure("not installed", f"{absent[0]} is not installed", "", 0, missing=absent[0])
    )


def outcome(record: Record) -> str:
    """How an execution ended, in a few words."""
    if record.status == "skipped":
        return f"skipped: {record.reason}"
    if record.failure:
        return f"failed in cell {record.failure.cell + 1}: {record.failure.what}"
    return f"passed in {record.wall_seconds:.1f} s"


def _record(entry: Entry, execution: Execution, scrub: Scrubber) -> Record:
    example = entry.example
    failure = _scrubbed(_not_installed(execution.failure), scrub)
    status = "passed"
    outputs = [replace(output, text=scrub(output.text)) for output in execution.outputs]
    measured = {
        name: scrub(value) if isinstance(value, str) else value
        for name, value in execution.measured.items()
    }
    reason = entry.reason
    if failure:
        status = "failed"
        measured = {}
        if failure.kind == "not installed":
            # A page must not look executed when only its first cells were.
            status, outputs, reason = "skipped", [], failure.what
    inputs = staleness.inputs(example, execution.modules, execution.files)
    versions = _versions(inputs["distributions"])
    # An import in a function that was not called is none.
    imported = [name for name in example.frameworks if failure or name in versions]
    return Record(
        name=example.name,
        status=status,
        frameworks=imported,
        reason=reason,
        wall_seconds=round(execution.wall_seconds, 3),
        run_seconds=round(execution.run_seconds, 3),
        cpu_seconds=round(execution.cpu_seconds, 3),
        peak_rss_mib=round(execution.peak_rss_mib, 1),
        exclusive=False,
        measured=measured,
        versions=versions,
        machine=machine.describe(),
        commit="",
        executed_at="",
        key=staleness.key(inputs),
        inputs=inputs,
        outputs=outputs,
        failure=failure,
    )


def _not_installed(failure: Failure | None) -> Failure | None:
    """The same failure, told apart where it is that an optional package is not there."""
    if failure and failure.missing:
        module = failure.missing.partition(".")[0]
        if module in packages.OPTIONAL and not packages.is_installed(module):
            return replace(failure, kind="not installed", what=f"{module} is not installed")
    return failure


def _scrubbed(failure: Failure | None, scrub: Scrubber) -> Failure | None:
    if failure is None:
        return None
    return replace(failure, what=scrub(failure.what), text=scrub(failure.text))


def _versions(distributions: dict[str, str]) -> dict[str, str]:
    """Versions for readers: the frameworks under the name that is imported."""
    providers = packages.providers()
    imported = {
        str(canonicalize_name(distribution)): module
        for module in TITLES
        for distribution in providers.get(module, ())
    }
    named = {imported.get(name, name): version for name, version in distributions.items()}
    return {"python": platform.python_version(), **named}


class _Progress:
    """A line for each example that ends and, on a terminal, one that shows what runs."""

    def __init__(self, total: int, say: Callable[[str], None]) -> None:
        self.total = total
        self.say = say
        self.stopped = False
        self._begun = 0
        self._running: dict[str, tuple[int, float]] = {}
        console = Console(file=sys.stdout)
        # Twice a second: often enough to see it live, too rare to disturb a timing.
        self._live = (
            Live(console=console, refresh_per_second=2, transient=True, get_renderable=self._line)
            if console.is_terminal
            else None
        )

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def _line(self) -> Text:
        now = time.perf_counter()
        parts = [
            f"{name} [{number}/{self.total}] {now - since:.0f} s"
            for name, (number, since) in list(self._running.items())
        ]
        return Text("executing " + ", ".join(parts))

    @contextmanager
    def of(self, entry: Entry) -> Iterator[Callable[[str], None]]:
        """Show ``entry`` as running; what the block tells is said with its reason."""
        self._begun += 1
        number, name, reason = self._begun, entry.example.name, entry.reason
        self._running[name] = (number, time.perf_counter())
        try:
            yield lambda text: self.say(f"[{number}/{self.total}] {name}: {reason}; {text}")
        finally:
            del self._running[name]
