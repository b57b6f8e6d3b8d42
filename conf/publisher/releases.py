"""What a published version says about itself: the JSON in its ``data/``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from site_ext import versions
from site_ext.errors import SiteError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ABOUT = "data/release.json"
#: What each file must hold in each of its entries.
NEEDED = {
    ABOUT: {"version", "date", "commit", "versions", "machine", "pages"},
    "data/examples.json": {"name", "title", "status", "wall_seconds", "measured", "versions"},
    "data/claims.json": {"id", "statement", "verdict"},
}
#: Of the first version on; the ledger came later.
REQUIRED = (ABOUT, "data/examples.json")


@dataclass(frozen=True)
class Release:
    """One version of the site. ``claims`` is None where it had no ledger."""

    version: str
    date: str
    commit: str
    versions: dict[str, str]
    machine: dict[str, Any]
    pages: frozenset[str]
    examples: dict[str, dict[str, Any]]
    claims: dict[str, dict[str, Any]] | None

    @property
    def home(self) -> str:
        """Its folder, from the site's root."""
        return f"{self.version}/"


def read(version: str, read_text: Callable[[str], str], where: str) -> Release:
    """The release ``version``; raises :exc:`SiteError` that names the file and the repair.

    ``read_text`` gives a file's text by its path within the version, or raises
    FileNotFoundError; ``where`` is what to call that version's folder.
    """
    data = {name: _load(name, read_text, where) for name in NEEDED}
    about = data[ABOUT]
    if about["version"] != version:
        raise SiteError(
            f"{where}/{ABOUT}: this is version {about['version']!r}, in the folder of "
            f"{version!r}; move the folder to where it belongs"
        )
    claims = data["data/claims.json"]
    return Release(
        version=version,
        date=str(about["date"]),
        commit=str(about["commit"]),
        versions=dict(about["versions"]),
        machine=dict(about["machine"]),
        pages=frozenset(about["pages"]),
        examples={entry["name"]: entry for entry in data["data/examples.json"]},
        claims=None if claims is None else {entry["id"]: entry for entry in claims},
    )


def read_folder(folder: Path, version: str) -> Release:
    """The release whose pages are in ``folder``; see :func:`read`."""
    return read(version, lambda name: (folder / name).read_text(encoding="utf-8"), str(folder))


def _load(name: str, read_text: Callable[[str], str], where: str) -> Any:
    try:
        data = json.loads(read_text(name))
    except FileNotFoundError:
        if name not in REQUIRED:
            return None
        raise SiteError(
            f"{where}/{name} is missing: a version's folder without its data; put the file "
            "back, or move the folder out of the site"
        ) from None
    except ValueError as error:
        raise SiteError(
            f"{where}/{name}: not JSON ({error}); put the published file back"
        ) from error
    entries = [data] if name == ABOUT else data
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise SiteError(f"{where}/{name}: not of the form that a build writes; put it back")
    for number, entry in enumerate(entries):
        missing = sorted(NEEDED[name] - set(entry))
        if missing:
            raise SiteError(
                f"{where}/{name}: entry {number + 1} lacks {', '.join(missing)}; "
                "put the published file back"
            )
    return data


def in_order(known: dict[str, Release]) -> list[Release]:
    """As a list of versions shows them: see :func:`site_ext.versions.in_order`."""
    return [known[name] for name in versions.in_order(known)]


def in_time(known: dict[str, Release]) -> list[Release]:
    """Oldest first, ``dev`` last."""
    return [known[name] for name in versions.in_time(known)]
