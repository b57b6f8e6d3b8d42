"""Run one example and make the record of that."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from site_ext.base import machine
from site_ext.base.errors import SiteError
from site_ext.base.text import clean
from site_ext.run import around, inputs, packages, process, records
from site_ext.run.during import Look
from site_ext.run.outcome import Execution, Failure, lost
from site_ext.run.records import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from site_ext.base.values import Value
    from site_ext.run.during import Spell
    from site_ext.run.keeping import Keeper
    from site_ext.run.plan import Entry, Options
    from site_ext.run.scripts import Example
    from site_ext.run.scrub import Scrubber


@dataclass(frozen=True)
class Share:
    """What of the machine an example has: alone on it, or beside others on so many cores."""

    alone: bool
    cores: int


@dataclass(frozen=True)
class Recorder:
    """Runs examples of one tree, at one commit."""

    options: Options
    scrub: Scrubber
    commit: str

    def run(
        self,
        entry: Entry,
        share: Share,
        keeper: Keeper,
        before: Mapping[str, str] | None = None,
    ) -> tuple[Record, str]:
        """The record of a run, and what it wrote to its file descriptors; of what can't be
        recorded, a record that says so. ``before`` are the files that it read last time, where its
        entry does not know. Raises :exc:`SiteError` where no record can be made."""
        if before is None:
            before = entry.record.inputs["files"] if entry.record else {}
        started = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        look = Look()
        execution, meanwhile = self._execution(entry.example, share, keeper)
        spell = look.until_now(share.cores, execution.cpu_seconds)
        name = entry.example.name
        try:
            record = self._record(entry, execution, (before, meanwhile), spell)
            records.encoded(record).encode()  # so that it can be written
        except Exception as error:
            if execution.failure and execution.failure.kind == "lost":
                raise SiteError(f"{name}: no record can be made of its run: {error!r}") from error
            what = f"there is no record of its run: {type(error).__name__}: {error}"
            execution = lost(what)
            record = self._record(entry, execution, (before, []), spell)
        record.exclusive, record.executed_at = share.alone, started
        return record, clean(execution.log)

    def _execution(
        self, example: Example, share: Share, keeper: Keeper
    ) -> tuple[Execution, list[str]]:
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
                limits=replace(
                    example.limits, seconds=example.limits.seconds * float(options.stretch)
                ),
                environment=_environment(example, share),
                manner=example.surroundings.manner(example),
                watched=[options.root, *options.around.folders],
                skipped=[options.records, *options.around.apart],
                keeper=keeper,
            )
        except SiteError:
            raise
        except Exception as error:  # noqa: BLE001 - it is the example's failure, named, and the others run
            execution = lost(f"there is no account of its run: {type(error).__name__}: {error}")
        changed = around.changes(before, options.around.state())
        foreign = options.around.trespass(example.script, changed, execution, alone=share.alone)
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

    def _record(
        self,
        entry: Entry,
        execution: Execution,
        files: tuple[Mapping[str, str], list[str]],
        spell: Spell,
    ) -> Record:
        """The record of an execution that passed, or what is left of it otherwise."""
        example, scrub = entry.example, self.scrub
        of = _inputs(example, execution, *files)
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
            published=execution.published,
            versions=versions,
            machine={**machine.describe(), "during": spell},
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


def _inputs(
    example: Example, execution: Execution, before: Mapping[str, str], meanwhile: list[str]
) -> dict[str, Any]:
    absent = execution.failure.missing.partition(".")[0] if execution.failure else ""
    return inputs.inputs(
        example, execution.modules, execution.files,
        meanwhile=meanwhile, before=before, absent=absent,
    )  # fmt: skip


def _environment(example: Example, share: Share) -> partial[dict[str, str]]:
    """The variables of a run; beside others, those too that hold it to its share of the cores."""
    held = {} if share.alone else example.surroundings.share
    told = {name: text.replace("{cores}", str(share.cores)) for name, text in held.items()}
    return partial(_with, example.surroundings.environment, told)


def _with(
    own: Callable[[Path], dict[str, str]], more: dict[str, str], home: Path
) -> dict[str, str]:
    return own(home) | more


def _note_failure(record: Record, example: Example, failure: Failure, scrub: Scrubber) -> None:
    """Nothing is measured by what failed; what lacks an optional package is skipped."""
    failure = _not_installed(example, failure)
    record.failure = replace(failure, what=scrub(failure.what), text=scrub(failure.text))
    record.status, record.measured, record.published = "failed", {}, {}
    record.frameworks = example.frameworks
    if failure.kind == "not installed":
        # A page must not look executed when only its first cells were.
        record.status, record.outputs, record.reason = "skipped", [], failure.what


def what_lacks(example: Example) -> str:
    """The optional package that is not there and that the example can't do without, if any."""
    return next(iter(packages.missing(example, example.required)), "")


def _lacking(example: Example) -> Execution | None:
    """The outcome without a run, where something lacks."""
    if not (absent := what_lacks(example)):
        return None
    return Execution(
        failure=Failure("not installed", f"{absent} is not installed", "", 0, missing=absent)
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
