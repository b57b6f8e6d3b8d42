"""Is what stands in a folder a whole site? What a reader could run into, checked."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from builds import hashes
from site_ext.base import versions


def require_whole(site: Path, before: dict[str, dict[str, str]] | None = None) -> list[str]:
    """The versions of a site that is whole; an assertion says what is not.

    ``before`` holds the hashes of versions that must be unchanged.
    """
    entries = json.loads((site / "switcher.json").read_text())
    names = [entry["version"] for entry in entries]

    assert names == versions.in_order(names)
    assert 1 == sum(bool(entry.get("preferred")) for entry in entries)
    assert "preferred" in entries[0]
    for entry in entries:
        folder = site / entry["url"]

        assert json.loads((folder / "data/release.json").read_text())["version"] == entry["version"]
        assert (folder / "index.html").exists()
    for version, then in (before or {}).items():
        assert then == hashes(site / version), f"{version} is not what it was"
    followed: set[tuple[Path, str]] = set()
    for page in site.rglob("*.html"):
        inside = page.relative_to(site).parts
        if "_static" not in inside and not inside[0].startswith("."):
            require_links(site, page, followed)
    return names


def require_links(site: Path, page: Path, followed: set[tuple[Path, str]]) -> None:
    """Every link of a page leads to a file in the site, and none is absolute; but for those that were
    followed from its folder before."""
    # Not parsed: this runs over every page of a site, many times.
    text = page.read_text(encoding="utf-8")
    found = set(re.findall(r"""\b(?:href|src)="([^"]*)\"""", text))
    found |= set(re.findall(r"""content="0; url=([^"]+)\"""", text))
    new = {(page.parent, address) for address in found} - followed
    followed |= new
    for _, address in new:
        parts = urlsplit(address)
        if parts.scheme or parts.netloc or not parts.path:
            continue
        where = f"{page.relative_to(site)}: {address}"
        target = os.path.normpath(page.parent / unquote(parts.path))

        assert not parts.path.startswith("/"), where
        assert os.path.relpath(target, site)[:2] != "..", where
        assert os.path.isfile(target), where
