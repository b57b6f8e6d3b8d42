"""Whether a build is fit to be published: links within it, what its pages load, its data.

Links to other hosts are the link check's business, not this.
"""

from __future__ import annotations

import html
import os
import re
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
_INSIDE = r"""([^>"']*(?:(?:"[^"]*"|'[^']*')[^>"']*)*)"""
#: A comment, a script or a style as a whole, or a tag. Python's own parser takes four times as long,
#: and there are ten megabytes of pages.
_TAG = re.compile(
    rf"<!--.*?-->|<(script|style)\b{_INSIDE}>.*?</\1\s*>|<([a-z][^\s/>]*){_INSIDE}>",
    re.DOTALL | re.IGNORECASE,
)
_ATTRIBUTE = re.compile(
    r"""([^\s=>"'/]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))|[^\s=>"'/]+""", re.IGNORECASE
)


class _Page:
    """The addresses that a page links to or loads, and the fragments it offers."""

    def __init__(self, text: str) -> None:
        self._text = text
        #: With where the tag begins in the text.
        self.addresses: list[tuple[int, str]] = []
        self.ids: set[str] = set()
        for tag in _TAG.finditer(text):
            name, inside = tag[1] or tag[3], tag[2] or tag[4]
            for attribute in _ATTRIBUTE.finditer(inside) if inside else ():
                self._take(tag.start(), name.lower(), *attribute.groups())

    def line(self, offset: int) -> int:
        return self._text.count("\n", 0, offset) + 1

    def _take(self, offset: int, tag: str, name: str | None, *values: str | None) -> None:
        value = html.unescape(next((one for one in values if one is not None), ""))
        if name == "id" or (name == "name" and tag == "a"):
            self.ids.add(value)
        elif name in {"href", "src", "poster"} or (name == "data" and tag == "object"):
            self.addresses.append((offset, value))
        elif name == "srcset":
            parts = (part.split() for part in value.split(","))
            self.addresses += [(offset, part[0]) for part in parts if part]


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
        self.pages = {
            built / name: _Page((built / name).read_text(encoding="utf-8"))
            for name in sorted(release.pages)
        }

    def wrong(self) -> Iterator[str]:
        """A line for each address that leads nowhere."""
        for path, page in self.pages.items():
            for offset, address in page.addresses:
                if reason := self._reason(path, address) or self._no_place(path, address):
                    where = f"{path.relative_to(self.built)}:{page.line(offset)}"
                    yield f"{where}: {address} {reason}"
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


def _made_at_root(above: str, release: releases.Release) -> bool:
    folder, _, page = above.partition("/")
    return above in AT_ROOT or (folder in releases.PER_PAGE and page in release.pages)
