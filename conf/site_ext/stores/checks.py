"""What a record from elsewhere must be.

Whoever made it is a stranger: it is data, bounded in size and of known form, and nothing in it
may reach a page but as text, numbers and pictures, nor name anything that is looked for, imported
or read here but what this tree names itself. What it claims to have measured can't be checked; that
is what attested records are for (CONTRIBUTING.md).
"""

from __future__ import annotations

import io
import math
import os
import posixpath
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from packaging.utils import canonicalize_name
from PIL import Image

from site_ext.base import drawing, values
from site_ext.base.text import clean
from site_ext.run import inputs, packages, published, records
from site_ext.run.during import Spell  # noqa: TC001 - msgspec asks for it
from site_ext.run.outcome import KEPT, KEPT_TEXT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from site_ext.run.outcome import CellOutput
    from site_ext.run.records import Record
    from site_ext.run.scripts import Example

#: Measured values, files, pictures, all their pixels, and characters of a name and of a line.
MOST_MEASURED, MOST_FILES, MOST_PICTURES, MOST_PIXELS = 1000, 500, 100, 40_000_000
LONGEST_NAME, LONGEST_LINE = 100, 500
#: Seconds and MiB that somebody may claim; cores.
MOST_NUMBER = 1e9
#: Sides of a picture, in pixels and one to the other, so that a thumbnail can be made of it.
SHORTEST_SIDE, MOST_OBLONG = 8, 50
_COMMIT = re.compile(r"([0-9a-f]{40}(\+changes)?|unknown)")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_PYTHON = re.compile(r"\d+\.\d+\.\d+[\w.+]*")
_VERSION = re.compile(r"[A-Za-z0-9.+!_-]{1,60}")


class _Inputs(msgspec.Struct, forbid_unknown_fields=True):
    """What an execution depended on, and nothing else."""

    script: str
    files: dict[str, str]
    distributions: dict[str, str]
    missing: list[str]
    python: str
    platform: str
    settings: dict[str, Any]
    environment: dict[str, str | None] = {}


class _Machine(msgspec.Struct, forbid_unknown_fields=True):
    """Likewise of a machine."""

    cpu: str
    cores: int
    ram_gib: float
    os: str
    gpu: str | None
    during: Spell | None = None


def read(text: bytes, example: Example, root: Path) -> tuple[Record | None, str]:
    """The record in a file from elsewhere, or what is wrong with it."""
    try:
        record = records.decoded(text)
        if record is None:
            return None, f"it is of another format than {records.FORMAT}, the one known here"
        msgspec.convert(record.inputs, _Inputs)
        msgspec.convert(record.machine, _Machine)
        return record, next(_wrong(record, example, root), "")
    except Exception as error:  # noqa: BLE001 - whatever a stranger's text leads to is its fault
        return (
            None,
            f"it is no record: {' '.join(str(error).split())[:200] or type(error).__name__}",
        )


def _wrong(record: Record, example: Example, root: Path) -> Iterator[str]:
    """What is wrong with a record for ``example``, line by line."""
    if record.name != example.name:
        yield f"it is the record of {record.name[:LONGEST_NAME]!r}"
    if record.status != "passed" and not (record.status == "failed" and example.expected):
        yield f"its example is {record.status[:20]}, not passed"
    if (record.failure is not None) != (record.status == "failed"):
        yield "it has passed and failed"
    if record.failure and len(record.failure.what + record.failure.text) > KEPT_TEXT:
        yield "it tells too much of its failure"
    if record.key != inputs.key(record.inputs):
        yield "its key is not that of its inputs"
    yield from _of_inputs(record, example, root)
    yield from _of_versions(record, example)
    yield from _of_lines(record)
    yield from _of_measured(record.measured)
    yield from _of_outputs(record, example)
    if wrong := published.problem(record.published):
        yield wrong


def _of_outputs(record: Record, example: Example) -> Iterator[str]:
    if record.names is not None:
        yield "it tells what names in the code stand for, which only a run here may"
    if len(record.outputs) > len(example.cells):
        yield f"it has {len(record.outputs)} outputs for {len(example.cells)} cells"
    if sum(len(output.text) for output in record.outputs) > KEPT:
        yield f"it prints more than {KEPT:,} characters"
    yield from _of_pictures(record.outputs)
    for output in record.outputs:
        if output.rst or output.files or output.shown[0] not in ("", "__repr__", "__str__"):
            yield "it brings markup of its own for the page, which only a run here may"
        if len(output.shown[1]) > KEPT:
            yield f"it shows more than {KEPT:,} characters"


def _of_inputs(record: Record, example: Example, root: Path) -> Iterator[str]:
    """Names are looked up here: only those that this tree has, or pins, may be."""
    told = record.inputs
    if len(told["files"]) > MOST_FILES:
        yield f"it names {len(told['files']):,} files"
    for name in told["files"]:
        path = Path(os.path.normpath(example.script.parent / name.replace("\0", "")))
        odd = posixpath.normpath(name) != name or clean(name) != name or len(name) > LONGEST_LINE
        if odd or not path.is_relative_to(root):
            yield f"it names a file outside of the project: {name[:LONGEST_NAME]!r}"
    known = {str(canonicalize_name(d)) for by in packages.providers().values() for d in by}
    for name, version in told["distributions"].items():
        if name not in known and name not in example.surroundings.pins:
            yield f"it names a package that is neither installed nor pinned: {name[:LONGEST_NAME]!r}"
        if not _VERSION.fullmatch(version):
            yield f"it names a version that is none: {version[:LONGEST_NAME]!r}"
    if set(told["missing"]) - set(example.surroundings.optional):
        yield "it lacked packages that are not among the optional ones"
    for module in sorted(example.required & set(example.surroundings.optional)):
        names = {*example.surroundings.optional[module], *packages.providers().get(module, ())}
        if not {str(canonicalize_name(name)) for name in names} & set(told["distributions"]):
            yield f"it did not load {module}, which its script imports"


def _of_versions(record: Record, example: Example) -> Iterator[str]:
    """The versions for readers are those of the inputs."""
    told, found = record.versions, record.inputs["distributions"]
    python = record.inputs["python"]
    if not _PYTHON.fullmatch(told["python"]) or not told["python"].startswith(f"{python}."):
        yield f"it ran on Python {told['python'][:20]!r}, which is not that of its inputs"
    for name, version in told.items():
        brought = {*example.surroundings.optional.get(name, ()), name} & set(found)
        plain = {packages.plain_version(found[one]) for one in brought}
        if name != "python" and version not in plain:
            yield f"it tells of {name[:40]} {version[:40]!r}, which its inputs do not"
    if set(record.frameworks) - set(example.frameworks):
        yield "it names frameworks that its script does not import"


def _of_lines(record: Record) -> Iterator[str]:
    """The short texts and the numbers of a record."""
    machine = record.machine
    lines = [record.reason, record.key, machine["cpu"], machine["os"], machine["gpu"] or ""]
    for line in lines:
        if len(line) > LONGEST_LINE or clean(line) != line or len(line.splitlines()) > 1:
            yield f"a line of it is too long or odd: {line[:60]!r}"
    if not _COMMIT.fullmatch(record.commit):
        yield f"its commit is none: {record.commit[:60]!r}"
    if not _MOMENT.fullmatch(record.executed_at):
        yield f"its moment is none: {record.executed_at[:60]!r}"
    moment = datetime.fromisoformat(record.executed_at)
    if moment > datetime.now(UTC) + timedelta(days=1):
        yield f"it was executed in the future: {record.executed_at}"
    numbers = [record.wall_seconds, record.run_seconds, record.cpu_seconds, record.peak_rss_mib]
    numbers += [machine["cores"], machine["ram_gib"], *(machine.get("during") or {}).values()]
    for number in numbers:
        if not 0 <= number < MOST_NUMBER or not math.isfinite(number):
            yield f"a number of it is not to be believed: {str(number)[:30]}"


def _of_measured(measured: dict[str, Any]) -> Iterator[str]:
    if len(measured) > MOST_MEASURED:
        yield f"it has {len(measured):,} measured values; {MOST_MEASURED:,} are the most"
    for name, value in measured.items():
        if not name.isidentifier() or len(name) > LONGEST_NAME:
            yield f"a measured value has a name that can't be quoted: {name[:60]!r}"
        if problem := values.problem(value):
            yield f"measured[{name!r}] {problem}"


def _of_pictures(outputs: list[CellOutput]) -> Iterator[str]:
    """What is wrong with the pictures; each is decoded in full, so that no page stumbles over it."""
    pictures = [figure for output in outputs for figure in output.figures]
    if len(pictures) > MOST_PICTURES:
        yield f"it has {len(pictures):,} figures"
    left = MOST_PIXELS
    for figure in pictures:
        if len(figure.alt) + len(figure.told) > KEPT_TEXT:
            yield "a figure has too long a text"
        try:
            if figure.svg and drawing.cleaned(figure.svg) != figure.svg:
                yield "a drawing is not as it is written here"
        except ValueError as error:
            yield str(error)
        try:
            with Image.open(io.BytesIO(figure.png), formats=["PNG"]) as picture:
                short, long = sorted(picture.size)
                left -= short * long
                if left < 0 or short < SHORTEST_SIDE or long > MOST_OBLONG * short:
                    yield f"a figure has {picture.width:,} by {picture.height:,} pixels"
                picture.load()
        except Exception as error:  # noqa: BLE001 - whatever a decoder says to a stranger's bytes
            yield f"a figure is no PNG: {str(error)[:100]}"
