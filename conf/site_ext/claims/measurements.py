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

``source`` is a key of ``sources.toml``; a measurement of our own has none.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, fields
from datetime import date
from typing import TYPE_CHECKING, Any

from site_ext.base.errors import SiteError

if TYPE_CHECKING:
    from pathlib import Path

#: How a measurement is named where an example could be: ``measurements/mlperf``.
FOLDER = "measurements/"
_NEEDED = {"title": str, "how": str, "machine": str, "date": str, "measured": dict}


@dataclass(frozen=True)
class Measurement:
    """One recorded measurement; ``date`` is the day on which it was taken or published."""

    name: str
    title: str
    how: str
    machine: str
    date: str
    measured: dict[str, Any]
    source: str | None = None
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]


def read(folder: Path) -> dict[str, Measurement]:
    """The measurements of a folder by name, ``measurements/`` in front.

    Raises :exc:`SiteError` that names the file and what is wrong with it.
    """
    found = (_read_one(path) for path in sorted(folder.glob("*.json")))
    return {measurement.name: measurement for measurement in found}


def _read_one(path: Path) -> Measurement:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SiteError(f"{path}: {error}") from None
    if not isinstance(data, dict):
        raise SiteError(f"{path}: is a {type(data).__name__}, not an object")
    for name, kind in _NEEDED.items():
        if not isinstance(data.get(name), kind):
            raise SiteError(f"{path}: {name!r} is {data.get(name)!r}; it must be a {kind.__name__}")
    known = {one.name for one in fields(Measurement)} - {"name"}
    if foreign := sorted(set(data) - known):
        raise SiteError(f"{path}: has {', '.join(foreign)}; it may have {', '.join(sorted(known))}")
    if not isinstance(data.get("source", ""), str):
        raise SiteError(f"{path}: source {data['source']!r} is no key of docs/sources.toml")
    try:
        date.fromisoformat(data["date"])
    except ValueError:
        raise SiteError(f"{path}: date {data['date']!r} is not of the form 2023-06-27") from None
    for key, value in data["measured"].items():
        if not isinstance(value, (int, float, str)) or value != value:  # noqa: PLR0124 - NaN
            raise SiteError(f"{path}: measured {key!r} is {value!r}; give a number or text")
    return Measurement(name=FOLDER + path.stem, **data)
