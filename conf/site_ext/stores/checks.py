"""What a record from elsewhere must be.

Whoever made it is a stranger: it is data, bounded in size and of known form, and nothing in it
may reach a page but as text, numbers and pictures. What it claims to have measured can't be
checked here; that is what attested records are for (CONTRIBUTING.md).
"""

from __future__ import annotations

import io
import math
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from site_ext.base import values
from site_ext.base.text import clean
from site_ext.run import inputs, packages, records
from site_ext.run.outcome import KEPT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from site_ext.run.outcome import CellOutput
    from site_ext.run.records import Record
    from site_ext.run.scripts import Example

#: Measured values, characters of a name or of a line, pixels of a picture.
MOST_MEASURED, LONGEST_NAME, LONGEST_LINE, MOST_PIXELS = 1000, 100, 500, 40_000_000
#: Seconds and MiB that somebody may claim.
MOST_NUMBER = 1e9
_COMMIT = re.compile(r"([0-9a-f]{40}(\+changes)?|unknown)")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_PYTHON = re.compile(r"\d+\.\d+\.\d+[\w.+]*")


def read(text: bytes, example: Example, root: Path) -> tuple[Record | None, str]:
    """The record in a file from elsewhere, or what is wrong with it."""
    try:
        record = records.decoded(text)
    except records.UNREADABLE as error:
        return None, f"it is no record: {' '.join(str(error).split())[:200]}"
    if record is None:
        return None, f"it is of another format than {records.FORMAT}, the one known here"
    try:
        wrong = next(_wrong(record, example, root), "")
    except (TypeError, AttributeError, ValueError, KeyError) as error:
        wrong = f"it is no record: {error!r}"[:200]
    return record, wrong


def _wrong(record: Record, example: Example, root: Path) -> Iterator[str]:
    """What is wrong with a record for ``example``, line by line."""
    if record.name != example.name:
        yield f"it is the record of {record.name[:LONGEST_NAME]!r}"
    if record.status != "passed" and not (record.status == "failed" and example.expected):
        yield f"its example is {record.status[:20]}, not passed"
    if record.failure and record.status == "passed":
        yield "it has passed and failed"
    if record.key != inputs.key(record.inputs):
        yield "its key is not that of its inputs"
    yield from _of_inputs(record, example, root)
    yield from _of_lines(record)
    yield from _of_measured(record.measured)
    if record.names is not None:
        yield "it tells what names in the code stand for, which only a run here may"
    if len(record.outputs) > len(example.cells):
        yield f"it has {len(record.outputs)} outputs for {len(example.cells)} cells"
    if sum(len(output.text) for output in record.outputs) > KEPT:
        yield f"it prints more than {KEPT:,} characters"
    for output in record.outputs:
        yield from _of_output(output)


def _of_inputs(record: Record, example: Example, root: Path) -> Iterator[str]:
    for name in record.inputs["files"]:
        path = Path(os.path.normpath(example.script.parent / name))
        if not path.is_relative_to(root):
            yield f"it names a file outside of the project: {name[:LONGEST_LINE]!r}"
    told, found = record.versions, record.inputs["distributions"]
    if not _PYTHON.fullmatch(told["python"]) or not told["python"].startswith(
        record.inputs["python"] + "."
    ):
        yield f"it ran on Python {told['python'][:20]!r}, which is not that of its inputs"
    plain = {packages.plain_version(version) for version in found.values()}
    for name, version in told.items():
        if name != "python" and (not re.fullmatch(r"[\w.-]+", name) or version not in plain):
            yield f"it tells of {name[:40]} {version[:40]!r}, which its inputs do not"
    if set(record.frameworks) - set(example.frameworks):
        yield "it names frameworks that its script does not import"


def _of_lines(record: Record) -> Iterator[str]:
    """The short texts and the numbers of a record."""
    machine = record.machine
    lines = [record.reason, record.key, machine["cpu"], machine["os"], machine["gpu"] or ""]
    for line in lines:
        if not isinstance(line, str) or len(line) > LONGEST_LINE or clean(line) != line:
            yield f"a line of it is too long or odd: {line[:60]!r}"
        if len(line.splitlines()) > 1:
            yield f"a line of it is several: {line[:60]!r}"
    if not _COMMIT.fullmatch(record.commit):
        yield f"its commit is none: {record.commit[:60]!r}"
    if not _MOMENT.fullmatch(record.executed_at):
        yield f"its moment is none: {record.executed_at[:60]!r}"
    moment = datetime.fromisoformat(record.executed_at)
    if moment > datetime.now(UTC) + timedelta(days=1):
        yield f"it was executed in the future: {record.executed_at}"
    numbers = [record.wall_seconds, record.run_seconds, record.cpu_seconds, record.peak_rss_mib]
    numbers += [machine["cores"], machine["ram_gib"]]
    numbers += list(machine.get("during", {}).values())
    for number in numbers:
        if not (math.isfinite(number) and 0 <= number < MOST_NUMBER):
            yield f"a number of it is not to be believed: {number!r}"


def _of_measured(measured: dict[str, Any]) -> Iterator[str]:
    if len(measured) > MOST_MEASURED:
        yield f"it has {len(measured):,} measured values; {MOST_MEASURED:,} are the most"
    for name, value in measured.items():
        if not name.isidentifier() or len(name) > LONGEST_NAME:
            yield f"a measured value has a name that can't be quoted: {name[:60]!r}"
        if problem := values.problem(value):
            yield f"measured[{name!r}] {problem}"


def _of_output(output: CellOutput) -> Iterator[str]:
    if output.rst or output.files or output.shown[0] == "_repr_html_":
        yield "it brings markup of its own for the page, which only a run here may"
    if len(output.shown[1]) > KEPT:
        yield f"it shows more than {KEPT:,} characters"
    for figure in output.figures:
        if problem := _of_picture(figure.png):
            yield f"a figure {problem}"


def _of_picture(png: bytes) -> str:
    """What is wrong with a picture; it is decoded in full, so that no page stumbles over it."""
    try:
        with Image.open(io.BytesIO(png), formats=["PNG"]) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                return f"has {picture.width:,} by {picture.height:,} pixels"
            picture.load()
    except Exception as error:  # noqa: BLE001 - whatever a decoder says to a stranger's bytes
        return f"is no PNG: {str(error)[:100]}"
    return ""
