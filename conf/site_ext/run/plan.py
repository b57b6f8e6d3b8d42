"""Which examples a build executes, and why."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from site_ext.base.errors import SiteError
from site_ext.run import inputs, records
from site_ext.run.around import Around

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from site_ext.run.cluster import Workshop
    from site_ext.run.records import Record
    from site_ext.run.scripts import Example

#: What whoever builds leaves out; what follows says by what.
LEFT_OUT = "not run: "


@dataclass(frozen=True)
class Options:
    """What a build may say about executing.

    ``pattern`` is a regular expression that the names of the executed examples
    match, ``shard`` is ``"2/4"`` for the second of four parts, ``jobs`` the number of
    untimed examples side by side, ``cluster`` the address of a Dask scheduler whose workers
    execute instead, by what is in the module ``workshop``. After ``budget`` seconds none is begun any more; those that are ``quoted``
    most come first then. Time limits are multiplied by ``stretch``. ``execute`` off runs nothing,
    ``again`` runs what has passed and not changed too, ``abort`` ends with the first example
    that fails. Of the files below ``root``, those that an example reads are among its inputs.
    """

    examples: Sequence[Example]
    records: Path
    root: Path
    around: Around = field(default_factory=Around)
    pattern: str = ""
    shard: str = ""
    jobs: int | str = 1
    cluster: str = ""
    workshop: Workshop | None = None
    budget: float | str = ""
    quoted: Mapping[str, int] = field(default_factory=dict)
    stretch: float | str = 1
    execute: bool = True
    again: bool = False
    abort: bool = False


@dataclass
class Entry:
    """An example and what this build shows of it.

    ``status`` is ``passed``, ``failed`` or ``skipped``, or ``recorded`` where an
    execution is shown whose inputs have changed since. ``record`` is None where the
    example has never run, ``origin`` the store that it was taken from if it was, and ``lacking``
    the package that it would need here to run again.
    """

    example: Example
    record: Record | None
    status: str
    reason: str
    due: bool = False
    origin: str = ""
    lacking: str = ""

    @property
    def ran(self) -> Record | None:
        """The record of a run to its end, if there is one to show."""
        return None if self.status in ("skipped", "failed") else self.record

    def leave(self, outdated: str, why: str) -> None:
        """It is not run: what there is of it is shown."""
        self.due = False
        if self.record is None or self.record.status == "skipped":
            self.record, self.status, self.reason = None, "skipped", LEFT_OUT + why
        else:
            self.status = "failed" if self.record.status == "failed" else "recorded"
            self.reason = f"{outdated}; {LEFT_OUT}{why}"

    @property
    def surprising(self) -> bool:
        """Whether it failed, or passed, against what is expected of it."""
        return (self.status == "failed") != (self.example.expected and self.status != "skipped")


def plan(options: Options) -> list[Entry]:
    """All examples, each with the reason why it is due or is not.

    Raises :exc:`SiteError` for a bad pattern, shard or number of jobs,
    for a bad setting in a script and for a file among the records that is none.
    """
    inputs.forget_installed()
    selected = _selection(options)
    entries = []
    for number, example in enumerate(options.examples):
        record = records.read(options.records, example.name)
        outdated = inputs.why_outdated(example, record)
        left_out = selected(number, example.name)
        if not outdated and not left_out and options.again:
            outdated = "run_stale_examples asks for it"
        entry = Entry(example, record, record.status if record else "skipped", outdated)
        entry.origin = records.origin_of(options.records, record)
        if not outdated and record is not None:
            entry.reason = record.reason if record.status == "skipped" else "up to date"
        elif left_out:
            entry.leave(outdated, left_out)
        else:
            entry.due = True
        entries.append(entry)
    return entries


def wanted(options: Options) -> dict[str, Example]:
    """The examples of which there is no run here that is up to date, by name."""
    inputs.forget_installed()
    found = {}
    for example in options.examples:
        record = records.read(options.records, example.name)
        # What failed here, as it stands, is not to be hidden by a run that passed elsewhere.
        failed = record and record.status == "failed" and record.inputs["script"] == example.digest
        skipped = record and record.status == "skipped"
        if not failed and (skipped or inputs.why_outdated(example, record)):
            found[example.name] = example
    return found


def _selection(options: Options) -> Callable[[int, str], str]:
    """A function from an example's number and name to why it is left out, or nothing."""
    _require_sensible(options)
    try:
        pattern = re.compile(options.pattern)
    except re.error as error:
        raise SiteError(f"PATTERN={options.pattern}: not a regular expression ({error})") from None
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


def _require_sensible(options: Options) -> None:
    """Raise :exc:`SiteError` for a number that is none."""
    if not re.fullmatch(r"[1-9]\d*", str(options.jobs)):
        raise SiteError(f"JOBS={options.jobs}: give a number from 1")
    for name, value, unset in (("JOBS", options.jobs, "1"), ("BUDGET", options.budget, "")):
        if options.cluster and str(value) != unset:
            raise SiteError(f"{name}={value} and CLUSTER={options.cluster}: give one of the two")
    for name, value in (("BUDGET", options.budget), ("TIME_LIMIT_FACTOR", options.stretch)):
        if value and not _above_zero(str(value)):
            raise SiteError(f"{name}={value}: give a number above 0")


def _above_zero(text: str) -> bool:
    return bool(re.fullmatch(r"\d+(\.\d*)?", text)) and float(text) > 0
