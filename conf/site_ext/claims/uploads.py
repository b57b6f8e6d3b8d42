"""What a package index knows: newer releases than the pins, and on which day one was uploaded.

Asked through ``pypi-simple``, at the index that ``PIP_INDEX_URL`` names or else the usual one.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version
from pypi_simple import NoSuchProjectError, PyPISimple
from requests import RequestException

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from site_ext.claims.sources import Source

SECONDS = 10
OUT_OF_REACH = "not asked: the package index is out of reach"


@dataclass(frozen=True)
class Newer:
    """A distribution, the version that is pinned and the newest that there is."""

    name: str
    pinned: str
    newest: str


def releases(name: str) -> dict[Version, date | None] | None:
    """The final releases of a distribution, each with the day of its first file, as far as the
    index tells; None where that is out of reach or has no such distribution."""
    found: dict[Version, date | None] = {}
    address = os.environ.get("PIP_INDEX_URL")
    try:
        with PyPISimple(address) if address else PyPISimple() as index:
            page = index.get_project_page(name, timeout=SECONDS)
    except (RequestException, NoSuchProjectError):
        return None
    for file in page.packages:
        try:
            version = Version(file.version or "")
        except InvalidVersion:
            continue
        if not version.is_prerelease and not file.is_yanked:
            day = file.upload_time.date() if file.upload_time else None
            before = found.get(version)
            found[version] = min(day, before) if day and before else day or before
    return found


def newer(known: Mapping[str, str]) -> Iterator[Newer | None]:
    """Those that have a newer release; ends with None at the first that can't be asked for."""
    for name, version in known.items():
        found = releases(name)
        if not found:
            yield None
            return
        if max(found) > Version(version):
            yield Newer(name, version, str(max(found)))


def moved(known: Iterable[Source]) -> Iterator[str]:
    """Of the sources that are releases: those with another day, and those with a successor."""
    for source in known:
        if source.release is None:
            continue
        name, version = source.release
        found = releases(name)
        if found is None:
            yield OUT_OF_REACH
            return
        day = found.get(Version(version))
        if day is None:
            yield f"{source.key}: the index has no day for {name} {version}"
        elif day != source.dated:
            yield f"{source.key}: {name} {version} was uploaded on {day}, not on {source.dated}"
        elif not source.about and max(found) > Version(version):
            yield f"{source.key}: {name} {max(found)} of {found[max(found)]} follows {version}"
