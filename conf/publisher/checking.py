"""Whether a build is fit to be published: links within it, what its pages load, its data.

Links to other hosts are the link check's business, not this.
"""

from __future__ import annotations

import os
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from publisher import building, releases
from site_ext.base import versions
from site_ext.base.errors import SiteError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What a page may lean on above its version's own folder; `publisher.root` makes it.
AT_ROOT = {
    "index.html",
    "feed.xml",
    "versions.css",
    "versions.html",
    "switcher.json",
    "changes.html",
}
SHOWN = 20

_URL = re.compile(r"""url\(\s*["']?([^"')]+)""")


class _Page(HTMLParser):
    """The addresses that a page links to or loads, and the fragments it offers."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.addresses: list[tuple[int, str]] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value is None:
                continue
            if name == "id" or (name == "name" and tag == "a"):
                self.ids.add(value)
            elif name in {"href", "src", "poster"} or (name == "data" and tag == "object"):
                self.addresses.append((self.getpos()[0], value))
            elif name == "srcset":
                parts = (part.split() for part in value.split(","))
                self.addresses += [(self.getpos()[0], part[0]) for part in parts if part]

    handle_startendtag = handle_starttag


def check(built: Path, version: str, commit: str) -> releases.Release:
    """The release in the folder ``built``; raises :exc:`SiteError` that lists what is wrong.

    ``commit`` is the one that was to be built: a tree that was edited meanwhile is not it.
    ``ALLOW_BUSY=1`` lets a release have times that were taken on a busy machine.
    """
    release = releases.read_folder(built, version)
    problems = []
    if release.commit != commit:
        problems.append(f"{releases.ABOUT}: made from {release.commit}, not from {commit}")
    # Of what is not released, an example may be left out or lack its framework.
    allowed = (
        {"passed"} if versions.kind(version) != versions.DEV else {"passed", "skipped", "recorded"}
    )
    problems += [
        f"data/examples.json: {name} is {entry['status']}: {entry.get('reason', '')}"
        for name, entry in release.examples.items()
        if entry["status"] not in allowed
    ]
    if versions.kind(version) != versions.DEV and os.environ.get("ALLOW_BUSY", "0") in {"", "0"}:
        problems += [
            f"data/examples.json: {name} was timed while {entry['disturbed']}; let it run again "
            f"on a machine at rest (delete {building.record_of(version, name)}), or ALLOW_BUSY=1"
            for name, entry in release.examples.items()
            if entry.get("disturbed") and entry.get("exclusive")
        ]
    missing = [name for name in sorted(release.pages) if not (built / name).is_file()]
    problems += [f"{name}: listed in {releases.ABOUT}, but missing" for name in missing]
    problems += [] if missing else _Links(built, release).wrong()
    if problems:
        shown = "\n".join(f"    {problem}" for problem in problems[:SHOWN])
        more = f"\n    and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        raise SiteError(
            f"version {version} is not fit to be published, and was not; repair what these "
            f"name and build again\n{shown}{more}"
        )
    return release


class _Links:
    """The addresses in the pages and styles of a build."""

    def __init__(self, built: Path, release: releases.Release) -> None:
        self.built = built
        self.release = release
        self.files = {path for path in built.rglob("*") if path.is_file()}
        # Not what lies in _static/: the theme's templates are there, too.
        self.pages = {built / name: _parse(built / name) for name in sorted(release.pages)}

    def wrong(self) -> Iterator[str]:
        """A line for each address that leads nowhere."""
        for path, page in self.pages.items():
            for line, address in page.addresses:
                if reason := self._reason(path, address) or self._no_place(path, address):
                    yield f"{path.relative_to(self.built)}:{line}: {address} {reason}"
        for path in sorted(path for path in self.files if path.suffix == ".css"):
            for address in _URL.findall(path.read_text(encoding="utf-8")):
                if reason := self._reason(path, address):
                    yield f"{path.relative_to(self.built)}: {address} {reason}"

    def _reason(self, path: Path, address: str) -> str:
        """What is wrong with an address, or nothing."""
        try:
            parts = urlsplit(address)
        except ValueError as error:
            return f"is no address: {error}"
        if parts.scheme or parts.netloc:
            return ""
        if parts.path.startswith("/"):
            return "is absolute: it breaks where the site is served below a path"
        target = _target(path, parts.path)
        within = os.path.relpath(target, self.built)
        if within.startswith(".."):
            made = _made_at_root(within.removeprefix("../"), self.release)
            return "" if made else "is not part of the site"
        return "" if target in self.files else "does not exist"

    def _no_place(self, path: Path, address: str) -> str:
        """What is wrong with the fragment of an address that is right."""
        parts = urlsplit(address)
        if parts.scheme or parts.netloc or not parts.fragment:
            return ""
        page = self.pages.get(_target(path, parts.path))
        known = page is None or unquote(parts.fragment) in page.ids
        return "" if known else "names a place that the page does not have"


def _target(path: Path, address: str) -> Path:
    """The file that a relative address in ``path`` leads to."""
    return Path(os.path.normpath(path.parent / unquote(address))) if address else path


def _parse(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def _made_at_root(above: str, release: releases.Release) -> bool:
    folder, _, page = above.partition("/")
    return above in AT_ROOT or (folder in releases.PER_PAGE and page in release.pages)
