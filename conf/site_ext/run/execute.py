"""Execute the examples that are due, and keep their records.

One at a time unless told otherwise; each record is written as its example ends.
"""

from __future__ import annotations

import platform
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from site_ext.base import git, machine
from site_ext.base.files import locked, write_whole
from site_ext.run import inputs, packages, process, records, report
from site_ext.run.outcome import Execution, Failure
from site_ext.run.progress import Progress
from site_ext.run.records import Record
from site_ext.run.scrub import Scrubber

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from site_ext.base.values import Value
    from site_ext.run.plan import Entry, Options
    from site_ext.run.scripts import Example


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
    # Two builds of one tree would spoil each other's timings.
    alone = locked(options.records / ".lock", "another build is executing examples here")
    with alone, Progress(len(due), say) as progress:
        commit = git.commit(options.root)
        this = _Round(options, Scrubber(options.root), commit, progress)
        together = [e for e in due if int(options.jobs) > 1 and not e.example.timed]
        for entry in due:
            if entry not in together:
                this.run(entry, exclusive=True)
        if together:
            this.run_together(together)


@dataclass(frozen=True)
class _Round:
    """What the executions of one build share."""

    options: Options
    scrub: Scrubber
    commit: str
    progress: Progress

    def run_together(self, entries: list[Entry]) -> None:
        running: set[int] = set()

        def started(pid: int) -> None:
            running.add(pid)
            if self.progress.stopped:  # interrupted between the pool's word and the start
                process.kill_group(pid)

        with ThreadPoolExecutor(int(self.options.jobs)) as pool:
            futures = [
                pool.submit(self.run, entry, exclusive=False, on_start=started) for entry in entries
            ]
            try:
                wait(futures)
            except BaseException:
                self.progress.stopped = True
                for future in futures:
                    future.cancel()
                for pid in list(running):
                    process.kill_group(pid)
                raise
            for future in futures:
                future.result()

    def run(
        self, entry: Entry, *, exclusive: bool, on_start: Callable[[int], None] = lambda pid: None
    ) -> None:
        """Execute one example and write its record and its log."""
        example, folder = entry.example, self.options.records
        with self.progress.of(entry) as tell:
            started = datetime.now(UTC)
            execution = _lacking(example) or process.run(
                example.script,
                example.cells,
                doc=example.doc,
                limits=example.limits,
                environment=example.surroundings.environment,
                on_start=on_start,
            )
            if self.progress.stopped:  # killed by us: no outcome of the example's own
                return
            record = self._record(entry, execution)
            record.exclusive = exclusive
            record.executed_at = started.strftime("%Y-%m-%dT%H:%M:%SZ")
            write_whole(records.log_of(folder, example.name), execution.log)
            records.write(folder, record)
            entry.record, entry.status = record, record.status
            if record.status == "skipped":
                entry.reason = record.reason
            tell(report.outcome(record))

    def _record(self, entry: Entry, execution: Execution) -> Record:
        """The record of an execution that passed, or what is left of it otherwise."""
        example, scrub = entry.example, self.scrub
        of = inputs.inputs(example, execution.modules, execution.files)
        versions = _versions(example.surroundings.titles, of["distributions"])
        record = Record(
            name=example.name,
            status="passed",
            # An import in a function that was not called is none.
            frameworks=[name for name in example.frameworks if name in versions],
            reason=entry.reason,
            wall_seconds=round(execution.wall_seconds, 3),
            run_seconds=round(execution.run_seconds, 3),
            cpu_seconds=round(execution.cpu_seconds, 3),
            peak_rss_mib=round(execution.peak_rss_mib, 1),
            exclusive=False,
            measured={k: _scrubbed(v, scrub) for k, v in sorted(execution.measured.items())},
            versions=versions,
            machine=machine.describe(),
            commit=self.commit,
            executed_at="",
            key=inputs.key(of),
            inputs=of,
            outputs=[replace(one, text=scrub(one.text)) for one in execution.outputs],
        )
        if execution.failure:
            _note_failure(record, example, execution.failure, scrub)
        return record


def _note_failure(record: Record, example: Example, failure: Failure, scrub: Scrubber) -> None:
    """Nothing is measured by what failed; what lacks an optional package is skipped."""
    failure = _not_installed(example, failure)
    record.failure = replace(failure, what=scrub(failure.what), text=scrub(failure.text))
    record.status, record.measured = "failed", {}
    record.frameworks = example.frameworks
    if failure.kind == "not installed":
        # A page must not look executed when only its first cells were.
        record.status, record.outputs, record.reason = "skipped", [], failure.what


def _lacking(example: Example) -> Execution | None:
    """The outcome without a run, where an optional package that it can't do without is not
    there."""
    absent = packages.missing(example, example.required)
    if not absent:
        return None
    return Execution(
        failure=Failure("not installed", f"{absent[0]} is not installed", "", 0, missing=absent[0])
    )


def _not_installed(example: Example, failure: Failure) -> Failure:
    """The same failure, told apart where it is that an optional package is not there."""
    module = failure.missing.partition(".")[0]
    if module and packages.missing(example, [module]):
        return replace(failure, kind="not installed", what=f"{module} is not installed")
    return failure


def _scrubbed(value: Value, scrub: Scrubber) -> Value:
    return scrub(value) if isinstance(value, str) else value


def _versions(titles: Mapping[str, str], distributions: dict[str, str]) -> dict[str, str]:
    """Versions for readers: the packages compared under the name that is imported."""
    providers = packages.providers()
    imported = {
        str(canonicalize_name(distribution)): module
        for module in titles
        for distribution in providers.get(module, ())
    }
    named = {imported.get(name, name): version for name, version in distributions.items()}
    return {"python": platform.python_version(), **named}
