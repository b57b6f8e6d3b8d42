"""Recorded measurements: figures that this build can't take itself.

``docs/measurements/<name>.json`` has one, taken on another machine or recomputed from what
others published::

    {
      "title": "what was measured",
      "how": "how the values were taken or computed, in a sentence or two",
      "machine": "on what",
      "date": "2023-06-27",
      "source": "mlperf-3-0",
      "measured": {"minutes_tensorflow": 15.99}
    }

``source`` is a key of ``sources.toml``; a measurement of our own has none. A file with
``benchmark`` is a record of the benchmark matrix (:mod:`site_ext.claims.benchmarks`), whose values
are quoted in the same way.
"""

from __future__ import annotations

import json
from datetime import date  # noqa: TC003 - msgspec asks for it
from typing import TYPE_CHECKING, Any

import msgspec

from site_ext.base import machine, values
from site_ext.base.errors import SiteError
from site_ext.base.files import checked
from site_ext.claims import benchmarks

if TYPE_CHECKING:
    from pathlib import Path

#: How a measurement is named where an example could be: ``measurements/mlperf``.
FOLDER = "measurements/"


class Measurement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One recorded measurement; ``date`` is the day on which it was taken or published."""

    name: str
    title: str
    how: str
    machine: str
    date: date
    measured: dict[str, Any]
    source: str | None = None
    versions: dict[str, str] = {}
    benchmarks: benchmarks.Benchmarks | None = None


def read(folder: Path) -> dict[str, Measurement]:
    """The measurements of a folder by name, ``measurements/`` in front.

    Raises :exc:`SiteError` that names the file and what is wrong with it.
    """
    return {FOLDER + path.stem: _read_one(path) for path in sorted(folder.glob("*.json"))}


def _read_one(path: Path) -> Measurement:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SiteError(f"{path}: {error}") from None
    if benchmarks.recognised(data):
        return _of_matrix(path, benchmarks.read(path, data))
    named = data | {"name": FOLDER + path.stem} if isinstance(data, dict) else data
    known = ", ".join(sorted(set(Measurement.__struct_fields__) - {"name", "benchmarks"}))
    taken = checked(named, Measurement, str(path), f"a measurement has {known}")
    for key, value in taken.measured.items():
        if wrong := values.problem(value):
            raise SiteError(f"{path}: measured {key!r} {wrong}, found {value!r}")
    return taken


def _of_matrix(path: Path, record: benchmarks.Benchmarks) -> Measurement:
    return Measurement(
        name=FOLDER + path.stem,
        title=record.title,
        how="`make bench`, every round in this record",
        machine=machine.line(record.machine),
        date=record.date,
        measured=dict(record.values()),
        versions=record.versions,
        benchmarks=record,
    )
