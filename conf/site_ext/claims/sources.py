"""Sources: what others published, and on which day it was read.

``docs/sources.toml`` has a table for each::

    [keras-2-3]
    title = "Keras 2.3.0"
    publisher = "The Keras team"
    address = "https://github.com/keras-team/keras/releases/tag/2.3.0"
    fact = "The last release to support Theano and CNTK."
    dated = 2019-09-17      # the source's own date, if it has one
    read = 2026-11-23       # the day on which the address gave the fact
    package = "keras==2.3.0"  # of a package's release: its day is asked for
    about = "the past"      # left out for a fact about today

A fact about today is only as good as its source is new. One that has a date of its own must not
have been older than :data:`DATED_DAYS` when it was read, and is due to be replaced after as many.
One that has none is due to be read again after :data:`READ_DAYS`. Of a package's release the index
knows the day on which it was uploaded, and whether there is a newer one
(:mod:`site_ext.claims.uploads`).
"""

from __future__ import annotations

import tomllib
from datetime import date  # noqa: TC003 - msgspec asks for it
from typing import TYPE_CHECKING

import msgspec

from site_ext.base.errors import SiteError
from site_ext.base.files import checked

if TYPE_CHECKING:
    from pathlib import Path

FILE = "sources.toml"
#: Twelve months for a source that has a date, six since it was read for one that has none.
DATED_DAYS, READ_DAYS = 366, 183
PAST = "the past"
_NEEDED = ("title", "publisher", "address", "fact", "read")


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One source. ``read`` and ``dated`` are days; what the file lacks is None."""

    key: str
    title: str | None = None
    publisher: str | None = None
    address: str | None = None
    fact: str | None = None
    read: date | None = None
    dated: date | None = None
    package: str | None = None
    about: str | None = None

    @property
    def limit_days(self) -> int:
        """For how many days it tells of today."""
        return DATED_DAYS if self.dated else READ_DAYS

    @property
    def release(self) -> tuple[str, str] | None:
        """``(distribution, version)`` of the release that it is."""
        name, equals, version = (self.package or "").partition("==")
        return (name, version) if equals else None

    def problem(self) -> str:
        """What keeps it from being evidence, with the repair; empty for a good one."""
        missing = [name for name in _NEEDED if not getattr(self, name)]
        if missing:
            return f"source {self.key!r} lacks {' and '.join(missing)}; add it in docs/{FILE}"
        assert self.address is not None
        assert self.read is not None
        if not self.address.startswith(("https://", "http://")):
            return f"source {self.key!r} has the address {self.address!r}, which is no link"
        if self.about not in (None, PAST):
            return f"source {self.key!r}: about = {self.about!r}; write {PAST!r} or leave it out"
        if self.package is not None and not self.release:
            return f"source {self.key!r}: package = {self.package!r}; write it as keras==2.3.0"
        return self._too_old()

    def _too_old(self) -> str:
        """What its days say against it."""
        assert self.read is not None
        if self.dated and self.dated > self.read:
            return f"source {self.key!r} is of {self.dated}, after it was read on {self.read}"
        if not self.about and self.dated and (self.read - self.dated).days > DATED_DAYS:
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
    if not path.exists():
        return {}
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # of TOML, or of its encoding
        raise SiteError(f"{path}: {error}") from None
    for key, values in tables.items():
        if not isinstance(values, dict):
            raise SiteError(f"{path}: {key} = {values!r} stands outside of a [source]")
    known = ", ".join(sorted(set(Source.__struct_fields__) - {"key"}))
    return {
        key: checked(values | {"key": key}, Source, f"{path}: [{key}]", f"a source has {known}")
        for key, values in tables.items()
    }
