"""What whoever builds is told of the outcomes."""

from __future__ import annotations

from textwrap import indent
from typing import TYPE_CHECKING

from site_ext.base.errors import SiteError
from site_ext.base.text import cut
from site_ext.run.outcome import LAST_LINES

if TYPE_CHECKING:
    from site_ext.run.plan import Entry
    from site_ext.run.records import Record


def outcome(record: Record) -> str:
    """How an execution ended, in a few words."""
    if record.status == "skipped":
        return f"skipped: {record.reason}"
    if record.failure:
        return f"failed in cell {record.failure.cell + 1}: {record.failure.what}"
    busy = f", but {record.disturbed}: no timing" if record.disturbed else ""
    return f"passed in {record.wall_seconds:.1f} s{busy}"


def not_installed(entries: list[Entry]) -> str:
    """One line for all that could not run because a package is not installed; or nothing."""
    skipped = [e for e in entries if (e.status == "skipped" and e.record) or e.lacking]
    if not skipped:
        return ""
    reasons = sorted({e.lacking or (e.record.reason if e.record else "") for e in skipped})
    return (
        f"WARNING: {len(skipped)} of {len(entries)} examples were not run "
        f"({'; '.join(reasons)}): {', '.join(entry.example.name for entry in skipped)}"
    )


def raise_for_failed(entries: list[Entry]) -> None:
    """Raise :exc:`SiteError` that lists the examples that failed, and those that passed against
    what is expected of them, if there are any."""
    surprising = [entry for entry in entries if entry.surprising and entry.record]
    failed = [entry for entry in surprising if entry.status == "failed"]
    passed = [entry.example.path for entry in surprising if entry.status != "failed"]
    told = []
    if failed:
        listed = "\n\n".join(_failure_lines(entry) for entry in failed)
        told.append(f"{len(failed)} of {len(entries)} examples failed\n\n{listed}\n")
    if passed:
        told.append(
            f"expected to fail, but passed: {', '.join(passed)}; take them out of "
            "expected_failing_examples\n"
        )
    if told:
        raise SiteError("\n".join(told))


def _failure_lines(entry: Entry) -> str:
    """File, cell, what went wrong, and the last lines."""
    record = entry.record
    assert record is not None
    assert record.failure is not None
    failure = record.failure
    where = entry.example.path
    where += f", line {failure.line}" if failure.line else ""
    lines = failure.text.strip().splitlines()[-LAST_LINES:]
    last = indent("\n".join(cut(line, 500) for line in lines), "    ")
    cell = f"cell {failure.cell + 1} of {len(entry.example.cells)}"
    return f"{where} ({cell}): {failure.what}\n{last}"
