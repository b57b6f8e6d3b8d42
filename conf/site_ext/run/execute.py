"""Execute the examples that are due, and keep their records.

One at a time unless told otherwise; each record is written as its example ends.
"""

from __future__ import annotations

import os
import platform
import threading
import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from site_ext.base import git, machine
from site_ext.base.errors import SiteError
from site_ext.base.files import locked, write_whole
from site_ext.base.text import clean
from site_ext.run import around, inputs, packages, process, records, report
from site_ext.run.keeping import Keeper
from site_ext.run.outcome import Execution, Failure, lost
from site_ext.run.progress import Progress
from site_ext.run.records import Record
from site_ext.run.scrub import Scrubber

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from site_ext.base.values import Value
    from site_ext.run.plan import Entry, Options
    from site_ext.run.scripts import Example


def execute(due: list[Entry], options: Options, say: Callable[[str], None]) -> None:
    """Run entries and put the outcomes into them, one line said for each.

    Those timed run first, alone; with ``jobs`` above 1 the others share the machine
    after that, and their records say so. An interrupt stops what runs, keeps the
    records of what has ended, and goes on to the caller.
    """
    # Two builds of one tree would spoil each other's timings.
    alone = locked(options.records / ".lock", "another build is executing examples here")
    with alone, Progress(len(due), say) as progress:
        this = _Round(options, Scrubber(options.root), git.commit(options.root), progress)
        together = [e for e in due if int(options.jobs) > 1 and not e.example.timed]
        try:
            for entry in due:
                if entry not in together:
                    this.run(entry, exclusive=True)
            if together:
                this.run_together(together)
        finally:
            this.close()


@dataclass(frozen=True)
class _Round:
    """What the executions of one build share."""

    options: Options
    scrub: Scrubber
    commit: str
    progress: Progress
    #: A keeper for each thread that runs examples.
    _keepers: dict[int, Keeper] = field(default_factory=dict)

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

    def run_together(self, entries: list[Entry]) -> None:
        with ThreadPoolExecutor(int(self.options.jobs)) as pool:
            futures = []
            try:
                futures += [pool.submit(self.run, entry, exclusive=False) for entry in entries]
                for future in wait(futures, return_when=FIRST_EXCEPTION).done:
                    future.result()
            except BaseException:
                self.progress.stopped = True
                for future in futures:
                    future.cancel()
                self.close()
                raise

    def run(self, entry: Entry, *, exclusive: bool) -> None:
        """Execute one example and write its record and its log."""
        example = entry.example
        if self.progress.stopped:
            return
        with self.progress.of(entry) as tell:
            started = datetime.now(UTC)
            execution, meanwhile = self._execution(example, alone=exclusive)
            if self.progress.stopped:  # ended by us: no outcome of the example's own
                return
            record = self._written(entry, execution, meanwhile, exclusive, started)
            entry.record, entry.status = record, record.status
            if record.status == "skipped":
                entry.reason = record.reason
            tell(report.outcome(record))
        if self.options.abort and entry.surprising:
            raise SiteError(
                f"{example.name} did not end as expected: {report.outcome(record)}; "
                "abort_on_example_error makes this the end of the build"
            )

    def _written(
        self, entry: Entry, execution: Execution, meanwhile: list[str], alone: bool, at: datetime
    ) -> Record:
        """The record, written; of what can't be recorded, one that says so."""
        folder, name = self.options.records, entry.example.name
        try:
            record = self._record(entry, execution, meanwhile)
            record.exclusive, record.executed_at = alone, at.strftime("%Y-%m-%dT%H:%M:%SZ")
            write_whole(records.log_of(folder, name), clean(execution.log))
            records.write(folder, record)
        except OSError as error:
            raise SiteError(f"{name}: its record can't be written: {error}") from error
        except Exception as error:
            if execution.failure and execution.failure.kind == "lost":
                raise SiteError(f"{name}: no record can be made of its run: {error!r}") from error
            what = f"there is no record of its run: {type(error).__name__}: {error}"
            return self._written(entry, lost(what), [], alone, at)
        return record

    def _execution(self, example: Example, *, alone: bool) -> tuple[Execution, list[str]]:
        """Run an example, whatever that leads to; and the files that others changed meanwhile."""
        if (lacking := _lacking(example)) is not None:
            return lacking, []
        options = self.options
        before, began = options.around.state(), time.time_ns()
        try:
            execution = process.run(
                example.script,
                example.cells,
                doc=example.doc,
                limits=example.limits,
                environment=example.surroundings.environment,
                manner=example.surroundings.manner(example),
                watched=[options.root, *options.around.folders],
                skipped=[options.records, *options.around.apart],
                keeper=self._keeper(),
            )
        except SiteError:
            raise
        except Exception as error:  # noqa: BLE001 - it is the example's failure, named, and the others run
            execution = lost(f"there is no account of its run: {type(error).__name__}: {error}")
        changed = around.changes(before, options.around.state())
        foreign = options.around.trespass(example.script, changed, execution, alone=alone)
        if foreign and execution.failure is None:
            last = max(len(example.cells) - 1, 0)
            execution.failure = Failure("elsewhere", foreign, "", last)
        read = set(execution.files) - execution.written
        return execution, [n for n in sorted(read) if self._edited(n, example, began, before)]

    @staticmethod
    def _edited(name: str, example: Example, began: int, before: around.State) -> bool:
        """Whether a file that was read has changed since, by others: not what has come to the
        example's own folder, which is its own work by other code than Python's."""
        path = Path(name)
        try:
            late = path.stat().st_mtime_ns > began
        except OSError:
            return True
        own = path.is_relative_to(example.script.parent)
        return late and (not own or os.path.realpath(path) in before)

    def _record(self, entry: Entry, execution: Execution, meanwhile: list[str]) -> Record:
        """The record of an execution that passed, or what is left of it otherwise."""
        example, scrub = entry.example, self.scrub
        before = entry.record.inputs["files"] if entry.record else {}
        absent = execution.failure.missing.partition(".")[0] if execution.failure else ""
        of = inputs.inputs(
            example, execution.modules, execution.files,
            meanwhile=meanwhile, before=before, absent=absent,
        )  # fmt: skip
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
            outputs=[
                replace(one, text=scrub(one.text), shown=(one.shown[0], scrub(one.shown[1])))
                for one in execution.outputs
            ],
            names=execution.names,
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
    named = {
        imported.get(name, name): packages.plain_version(told)
        for name, told in distributions.items()
    }
    return {"python": platform.python_version(), **named}
