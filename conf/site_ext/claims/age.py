"""How old the evidence is: sources and measurements by age, and what is past its limit.

What an example measured can't grow old unnoticed, since it runs again with each new version.
What others published can, and so can a recorded measurement. Both are due to be looked at
again after a while (:mod:`site_ext.claims.sources`); a fact about the past never is.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from site_ext.base import pins
from site_ext.claims import measurements, sources
from site_ext.claims.sources import DATED_DAYS

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

#: What readers choose between, asked for first.
FIRST = ("torch", "tensorflow", "tensorflow-cpu", "keras", "jax")


@dataclass(frozen=True)
class Item:
    """A source or a measurement. ``days`` is None where it can't grow old; ``limit`` how old it
    may be."""

    kind: str
    name: str
    day: date
    days: int | None
    problem: str = ""
    limit: int = DATED_DAYS

    @property
    def overdue(self) -> bool:
        return bool(self.problem) or (self.days is not None and self.days > self.limit)


def items(docs: Path, today: date) -> list[Item]:
    """All sources and measurements below ``docs``, the oldest first, the past last."""
    known = sources.read(docs / sources.FILE)
    found = []
    for key, source in known.items():
        if problem := source.problem():
            found.append(Item("source", key, today, None, problem))
            continue
        assert source.read is not None
        if source.read > today:
            problem = f"source {key!r} was read on {source.read}, which is yet to come"
        day = source.dated or source.read
        age = source.age_days(today)
        found.append(Item("source", key, day, age, problem, limit=source.limit_days))
    for name, taken in measurements.read(docs / measurements.FOLDER).items():
        day = taken.date
        origin = known.get(taken.source or "")
        past = origin is not None and origin.about is not None
        found.append(Item("measurement", name, day, None if past else (today - day).days))
    return sorted(found, key=lambda item: (item.days is None, item.day, item.name))


def pinned(root: Path) -> dict[str, str]:
    """The versions in constraints.txt of what pyproject.toml asks for here, frameworks first."""
    groups = tomllib.loads((root / "pyproject.toml").read_text())["dependency-groups"]
    asked = [
        Requirement(line) for name, group in groups.items() for line in group
        if isinstance(line, str) and name != "gpu"
    ]  # fmt: skip
    wanted = {
        canonicalize_name(one.name) for one in asked if not one.marker or one.marker.evaluate()
    }
    found = pins.read(root / "constraints.txt")
    asked_first = [name for name in FIRST if name in wanted & set(found)]
    return {name: found[name] for name in [*asked_first, *sorted(wanted & set(found))]}


def line(item: Item) -> str:
    """One line of the list."""
    age = "the past" if item.days is None else f"{item.days} days"
    mark = "  DUE" if item.overdue else ""
    told = f"  {item.problem}" if item.problem else ""
    return f"{item.day}  {age:>9}  {item.kind:<11}  {item.name}{mark}{told}"
