"""Execute the examples that are due, and keep their records.

One at a time unless told otherwise; each record is written as its example ends.
"""

from __future__ import annotations

import platform
import threading
import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

import psutil

from site_ext.base import git, machine
from site_ext.base.errors import SiteError
from site_ext.base.files import locked, write_whole
from site_ext.run import records, report
from site_ext.run.keeping import Keeper
from site_ext.run.progress import Progress
from site_ext.run.recording import Recorder, Share, what_lacks
from site_ext.run.scrub import Scrubber

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from site_ext.run.plan import Entry, Options
    from site_ext.run.records import Record


def began() -> float:
    """When this process began, in seconds since the epoch: from then on a budget is spent."""
    return float(psutil.Process().create_time())


def execute(due: list[Entry], options: Options, say: Callable[[str], None]) -> None:
    """Run entries and put the outcomes into them, one line said for each.

    With ``jobs`` above 1 those that are not timed share the machine, and their records say so.
    What the budget does not reach is left. An interrupt stops what runs, keeps the records of what
    has ended, and goes on to the caller.
    """
    with held(options.records), Progress(len(due), say) as progress:
        if options.cluster:
            # Nobody else needs its package.
            from site_ext.run.cluster import execute_on  # noqa: PLC0415

            assert options.workshop is not None
            execute_on(options.cluster, due, options, options.workshop, progress)
            return
        this = _Round(options, progress)
        try:
            for beside, some in groupby(ordered(due, options), lambda e: _beside(e, options)):
                if beside:
                    this.run_beside(list(some))
                else:
                    for entry in some:
                        this.run(entry, Share(alone=True, cores=machine.usable_cores()))
        finally:
            this.close()


def held(folder: Path) -> AbstractContextManager[None]:
    """Hold the records for one build on this machine: two would spoil each other's timings.

    Parts of one Slurm array may share the folder, each on a machine of its own.
    """
    return locked(folder / f".lock-{platform.node()}", "another build is executing examples here")


def _beside(entry: Entry, options: Options) -> bool:
    """Whether it runs beside others."""
    return int(options.jobs) > 1 and not entry.example.timed


def ordered(due: list[Entry], options: Options) -> list[Entry]:
    """In which order they run: with a budget, what is quoted most comes first; else what is timed
    and, side by side, what took longest, so that none is left running alone at the end."""
    if options.budget:
        return sorted(due, key=lambda entry: -options.quoted.get(entry.example.name, 0))
    if int(options.jobs) > 1 or options.cluster:
        return sorted(due, key=lambda e: (not e.example.timed, -_expected(e)))
    return due


def _expected(entry: Entry) -> float:
    """About how many seconds it will take: as many as last time, or, since importing is most of
    what a script does, some for each framework."""
    return entry.record.wall_seconds if entry.record else 5.0 * len(entry.example.frameworks)


def ended(entry: Entry, record: Record, tell: Callable[[str], None], options: Options) -> None:
    """Put an outcome into its entry, and tell it; raises :exc:`SiteError` if that is to be the
    end of the build."""
    entry.record, entry.status, entry.origin = record, record.status, ""
    if record.status == "skipped":
        entry.reason = record.reason
    tell(report.outcome(record))
    if options.abort and entry.surprising:
        raise SiteError(
            f"{record.name} did not end as expected: {report.outcome(record)}; "
            "abort_on_example_error makes this the end of the build"
        )


def write(folder: Path, record: Record, log: str) -> None:
    """Write a record and the log of its run."""
    try:
        write_whole(records.log_of(folder, record.name), log)
        records.write(folder, record)
    except OSError as error:
        raise SiteError(f"{record.name}: its record can't be written: {error}") from error


@dataclass
class _Round:
    """What the executions of one build share."""

    options: Options
    progress: Progress
    #: A keeper for each thread that runs examples.
    _keepers: dict[int, Keeper] = field(default_factory=dict)

    def __post_init__(self) -> None:
        root = self.options.root
        self._recorder = Recorder(self.options, Scrubber(root), git.commit(root))
        # Whatever else the build has done since it began.
        self._until = began() + float(self.options.budget or "inf")

    def close(self) -> None:
        keepers = list(self._keepers.values())
        for keeper in keepers:
            keeper.let_go()
        for keeper in keepers:
            keeper.close()

    def _keeper(self) -> Keeper:
        mine = threading.get_ident()
        if mine not in self._keepers or not self._keepers[mine].alive:
            self._keepers[mine] = Keeper()
        if self.progress.stopped:  # it came too late to be closed with the others
            self._keepers[mine].close()
        return self._keepers[mine]

    def run_beside(self, entries: list[Entry]) -> None:
        """Run entries side by side, each with its share of the cores."""
        jobs = int(self.options.jobs)
        share = Share(alone=False, cores=max(1, machine.usable_cores() // jobs))
        with ThreadPoolExecutor(jobs) as pool:
            futures = []
            try:
                futures += [pool.submit(self.run, entry, share) for entry in entries]
                for future in wait(futures, return_when=FIRST_EXCEPTION).done:
                    future.result()
            except BaseException:
                self.progress.stopped = True
                for future in futures:
                    future.cancel()
                self.close()
                raise

    def _why_not(self, entry: Entry) -> str:
        """Why it is not run after all; empty if it is."""
        if time.time() > self._until:
            if entry.record and entry.record.status == "failed":
                entry.record = None  # of which nothing is known, which is no failure of this build
            return f"BUDGET={self.options.budget} s were over before its turn"
        lacking = what_lacks(entry.example)
        if lacking and entry.record and entry.record.status == "passed":
            # An earlier run says more than that it can't run here.
            entry.lacking = f"{lacking} is not installed"
            return entry.lacking
        return ""

    def run(self, entry: Entry, share: Share) -> None:
        """Execute one example and write its record and its log."""
        if self.progress.stopped:
            return
        if why := self._why_not(entry):
            entry.leave(entry.reason, why)
            self.progress.say(f"{entry.example.name}: {entry.reason}")
            return
        with self.progress.of(entry) as tell:
            record, log = self._recorder.run(entry, share, self._keeper())
            if self.progress.stopped:  # ended by us: no outcome of the example's own
                return
            write(self.options.records, record, log)
            ended(entry, record, tell, self.options)
