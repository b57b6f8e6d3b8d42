"""Which examples a build executes, and why."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from site_ext.base.errors import SiteError
from site_ext.run import inputs, records
from site_ext.run.around import Around

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from site_ext.run.records import Record
    from site_ext.run.scripts import Example

#: What whoever builds leaves out; what follows says by what.
LEFT_OUT = "not run: "


@dataclass(frozen=True)
class Options:
    """What a build may say about executing.

    ``pattern`` is a regular expression that the names of the executed examples
    match, ``shard`` is ``"2/4"`` for the second of four parts, ``jobs`` the number of
    untimed examples side by side. ``execute`` off runs nothing, ``again`` runs what has passed
    and not changed too, ``abort`` ends with the first example that fails. Of the files below
    ``root``, those that an example reads are among its inputs.
    """

    examples: Sequence[Example]
    records: Path
    root: Path
    around: Around = field(default_factory=Around)
    pattern: str = ""
    shard: str = ""
    jobs: int | str = 1
    execute: bool = True
    again: bool = False
    abort: bool = False


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

    @property
    def ran(self) -> Record | None:
        """The record of a run to its end, if there is one to show."""
        return None if self.status in ("skipped", "failed") else self.record

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
        if not outdated and record is not None:
            reason = record.reason if record.status == "skipped" else "up to date"
            entries.append(Entry(example, record, record.status, reason))
        elif not left_out:
            status = record.status if record else "skipped"
            entries.append(Entry(example, record, status, outdated, due=True))
        elif record is None:
            entries.append(Entry(example, None, "skipped", LEFT_OUT + left_out))
        else:
            status = "failed" if record.status == "failed" else "recorded"
            entries.append(Entry(example, record, status, f"{outdated}; {LEFT_OUT}{left_out}"))
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
