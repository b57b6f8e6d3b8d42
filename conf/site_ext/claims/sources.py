"""Sources: what others have published, and on which day it was read.

``docs/sources.toml`` has a table for each::

    [keras-2-3]
    title = "Keras 2.3.0"
    publisher = "The Keras team"
    address = "https://github.com/keras-team/keras/releases/tag/2.3.0"
    fact = "The last release to support Theano and CNTK."
    dated = 2019-09-17      # the source's own date, if it has one
    read = 2026-11-23       # the day on which the address gave the fact
    about = "the past"      # left out for a fact about today

A fact about today is only as good as its source is new, so such a source must not have been
older than :data:`LIMIT_DAYS` when it was read, and is due to be read again after as many.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from site_ext.base.errors import SiteError

if TYPE_CHECKING:
    from pathlib import Path

FILE = "sources.toml"
#: Eighteen months.
LIMIT_DAYS = 548
PAST = "the past"
_NEEDED = ("title", "publisher", "address", "fact", "read")


@dataclass(frozen=True)
class Source:
    """One source. ``read`` and ``dated`` are days; what the file lacks is None."""

    key: str
    title: str | None = None
    publisher: str | None = None
    address: str | None = None
    fact: str | None = None
    read: date | None = None
    dated: date | None = None
    about: str | None = None

    def problem(self) -> str:  # noqa: PLR0911 - a list of reasons
        """What keeps it from being evidence, with the repair; empty for a good one."""
        missing = [name for name in _NEEDED if not getattr(self, name)]
        if missing:
            return f"source {self.key!r} lacks {' and '.join(missing)}; add it in docs/{FILE}"
        for name in ("title", "publisher", "address", "fact"):
            if not isinstance(getattr(self, name), str):
                return f"source {self.key!r}: {name} = {getattr(self, name)!r} is no text"
        assert self.address is not None
        if not self.address.startswith(("https://", "http://")):
            return f"source {self.key!r} has the address {self.address!r}, which is no link"
        for name in ("read", "dated"):
            day = getattr(self, name)
            if day is not None and (not isinstance(day, date) or isinstance(day, datetime)):
                return f"source {self.key!r}: {name} = {day!r} is no day; write it like 2026-11-23"
        if self.about not in (None, PAST):
            return f"source {self.key!r}: about = {self.about!r}; write {PAST!r} or leave it out"
        assert self.read is not None
        if self.dated and self.dated > self.read:
            return f"source {self.key!r} is of {self.dated}, after it was read on {self.read}"
        if not self.about and self.dated and (self.read - self.dated).days > LIMIT_DAYS:
            return (
                f"source {self.key!r} is of {self.dated} and was read on {self.read}: too old for "
                f"a fact about today; find a newer one, or say about = {PAST!r}"
            )
        return ""

    def age_days(self, today: date) -> int | None:
        """Days since it was known to be so; None for a fact about the past, which doesn't age."""
        since = self.dated or self.read
        return None if self.about or since is None else (today - since).days


def read(path: Path) -> dict[str, Source]:
    """The sources of a file by key; raises :exc:`SiteError` where it can't be read."""
    known = {field.name for field in fields(Source)} - {"key"}
    sources = {}
    for key, values in _tables(path).items():
        foreign = sorted(set(values) - known)
        if foreign:
            raise SiteError(
                f"{path}: [{key}] has {', '.join(foreign)}; a source has {', '.join(sorted(known))}"
            )
        sources[key] = Source(key, **values)
    return sources


def _tables(path: Path) -> dict[str, dict[str, Any]]:
    if not path.exists():
        return {}
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SiteError(f"{path}: {error}") from None
    for key, values in data.items():
        if not isinstance(values, dict):
            raise SiteError(f"{path}: {key} = {values!r} stands outside of a [source]")
    return data
