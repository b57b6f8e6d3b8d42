"""What a published version says about itself: the JSON in its ``data/``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, NotRequired, TypedDict

import msgspec
from msgspec import Meta

from site_ext.base import versions
from site_ext.base.errors import SiteError
from site_ext.base.files import checked
from site_ext.claims.original import OURS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ABOUT = "data/release.json"
#: The folders at the root that hold a file for each page of any version.
PER_PAGE = ("versions", "stable", "latest")
PUT_BACK = "put the published file back"
#: What is shown in a line, in a paragraph, and how many of them there may be.
_Line = Annotated[str, Meta(max_length=500)]
_Text = Annotated[str, Meta(max_length=10_000)]
_Versions = Annotated[dict[_Line, _Line], Meta(max_length=1_000)]
_Path = Annotated[str, Meta(max_length=300)]


class _Machine(TypedDict):
    """What is read of a machine."""

    cpu: _Line
    cores: Annotated[int, Meta(ge=1, le=1_000_000)]
    ram_gib: Annotated[float, Meta(gt=0, le=1e9)] | None
    gpu: _Line | None


class _About(TypedDict):
    version: _Line
    date: Annotated[str, Meta(pattern=r"^(\d{4}-\d\d-\d\d|unknown)$")]
    commit: Annotated[str, Meta(pattern=r"^([0-9a-f]{40,64}(\+changes)?|unknown)$")]
    versions: _Versions
    machine: _Machine
    machines: NotRequired[Annotated[list[_Machine], Meta(max_length=1_000)]]
    pages: Annotated[list[_Path], Meta(max_length=100_000)]
    notes: Annotated[list[_Text], Meta(max_length=1_000)]
    after: _Line | None


class _Example(TypedDict):
    name: Annotated[str, Meta(max_length=300, pattern=r"^\w[\w.-]*(/\w[\w.-]*)*$")]
    title: _Line
    status: _Line
    wall_seconds: Annotated[float, Meta(ge=0, le=1e9)] | None
    measured: Annotated[dict[_Line, Any], Meta(max_length=10_000)]
    versions: _Versions | None
    machine: _Machine | None


class _Claim(TypedDict):
    id: _Line
    statement: _Text
    verdict: _Line
    kind: NotRequired[str]


#: What each file must hold; it may hold more.
NEEDED: dict[str, Any] = {
    ABOUT: _About,
    "data/examples.json": list[_Example],
    "data/claims.json": list[_Claim],
}
#: Of the first version on; the ledger came later.
REQUIRED = (ABOUT, "data/examples.json")


@dataclass(frozen=True)
class Release:
    """One version of the site. ``claims`` are the original's; None where it had no ledger."""

    version: str
    date: str
    commit: str
    versions: dict[str, str]
    #: Each that executed an example, the one that executed most first.
    machines: tuple[dict[str, Any], ...]
    pages: frozenset[str]
    #: The changelog's points, as plain text.
    notes: tuple[str, ...]
    #: For dev: the newest release that its tree knew of.
    after: str | None
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
    for page in about["pages"]:
        if not _is_page(page):
            raise SiteError(f"{where}/{ABOUT}: {page!r} is no page's path; {PUT_BACK}")
    claims = data["data/claims.json"]
    return Release(
        version=version,
        date=about["date"],
        commit=about["commit"],
        versions=about["versions"],
        machines=tuple(about.get("machines") or [about["machine"]]),
        pages=frozenset(about["pages"]),
        notes=tuple(about["notes"]),
        after=about["after"],
        examples={entry["name"]: entry for entry in data["data/examples.json"]},
        claims=None if claims is None else {c["id"]: c for c in claims if c.get("kind") != OURS},
    )


def _is_page(page: object) -> bool:
    """Whether it is a path below the version, which becomes one below the root, too."""
    return (
        isinstance(page, str)
        and page.endswith(".html")
        and page.isprintable()
        and "\\" not in page
        and all(part not in {"", ".", ".."} and len(part) <= 200 for part in page.split("/"))
    )


def read_folder(folder: Path, version: str) -> Release:
    """The release whose pages are in ``folder``; see :func:`read`."""
    return read(version, lambda name: (folder / name).read_text(encoding="utf-8"), str(folder))


def _load(name: str, read_text: Callable[[str], str], where: str) -> Any:
    """What a file holds; None for one that need not be there."""
    try:
        # Stricter than Python's own reader: no NaN, no halves of characters.
        data = msgspec.json.decode(read_text(name))
    except FileNotFoundError:
        if name not in REQUIRED:
            return None
        raise SiteError(
            f"{where}/{name} is missing: a version's folder without its data; put the file "
            "back, or move the folder out of the site"
        ) from None
    except OSError as error:
        raise SiteError(f"{where}/{name}: {error.strerror}; {PUT_BACK}") from error
    except (ValueError, RecursionError, msgspec.DecodeError) as error:
        raise SiteError(f"{where}/{name}: not JSON ({error}); {PUT_BACK}") from error
    checked(data, NEEDED[name], f"{where}/{name}", PUT_BACK)
    return data


def in_order(known: dict[str, Release]) -> list[Release]:
    """As a list of versions shows them: see :func:`site_ext.base.versions.in_order`."""
    return [known[name] for name in versions.in_order(known)]


def in_time(known: dict[str, Release]) -> list[Release]:
    """Oldest first; ``dev`` where its tree belongs, which is last unless a release came since."""
    names = versions.in_time(known)
    after = known[names[-1]].after
    if after in names and names[-1] == versions.DEV:
        names.insert(names.index(after) + 1, names.pop())
    return [known[name] for name in names]


def newest(known: dict[str, Release]) -> Release:
    """What ``latest/`` leads to: ``dev``, if no release came since, or the newest version."""
    return in_time(known)[-1]
