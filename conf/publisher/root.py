"""The files at the site's root, made anew from all versions' data by each publication.

No address in them is absolute, so that the site can stand below any path, but for what
search engines want so: with ``SITE_URL``, canonical links, the sitemap and the page
for what was not found name the whole address.
"""

from __future__ import annotations

import json
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from publisher import changes, chart, releases
from site_ext.base import machine, versions
from site_ext.base.errors import SiteError
from site_ext.base.frameworks import line as frameworks_line

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from publisher.releases import Release

SWITCHER, ROBOTS = "switcher.json", "robots.txt"
#: What the root holds besides the versions and the folders ``versions``, ``stable``, ``latest``.
FILES = (
    "index.html", "versions.html", "changes.html", "404.html", ROBOTS, "sitemap.xml", "feed.xml",
    "versions.css", "root.css", "favicon.svg", "requirements.txt", ".nojekyll", SWITCHER,
)  # fmt: skip
SITEMAP = "Sitemap: "
TEMPLATES = Path(__file__).parent / "templates"
ICON = TEMPLATES.parent.parent.parent / "docs" / "_static" / "favicon.svg"
#: What Binder installs, which it reads at the root of the branch that it is given.
BINDER = TEMPLATES.parent.parent / "binder" / "requirements.txt"
MADE_ANEW = "delete it, and publish again: it is made anew from the versions' folders"
WORDS = {"release": "", "pre-release": "pre-release", "dev": "not released"}


def write(
    folder: Path, known: dict[str, Release], site_url: str, also: AbstractSet[str] = frozenset()
) -> None:
    """Write the root of a site that holds the versions ``known`` into ``folder``.

    ``also`` are pages that get theirs at the root although none of these versions has them.
    """
    url, best, newest = checked_url(site_url), versions.preferred(known), releases.newest(known)
    templates = _templates(best)
    shared: dict[str, Any] = {"releases": releases.in_order(known), "preferred": known[best]}
    shared |= {"url": url, "base": urlsplit(url).path}

    def page(name: str, template: str, **more: Any) -> None:
        depth = name.count("/")
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        text = templates.get_template(template).render(shared | {"up": "../" * depth} | more)
        target.write_text(text, encoding="utf-8")

    page("index.html", "forward.html", target=known[best], page="index.html")
    for name in ("versions.html", "404.html", "feed.xml"):
        page(name, name, page="", pages=_places(known, "index.html"))
    page("changes.html", "changes.html", **_history(known))
    for name in sorted(set(also).union(*(release.pages for release in known.values()))):
        page(f"versions/{name}", "versions.html", page=name, pages=_places(known, name))
        for alias, version in (("stable", best), ("latest", newest.version)):
            has = name in known[version].pages
            template = "forward.html" if has else "lacking.html"
            page(f"{alias}/{name}", template, target=known[version], page=name, alias=alias)
    page("sitemap.xml", "sitemap.xml", pages=sorted(known[best].pages - {"search.html"}))
    robots = f"User-agent: *\nAllow: /\n{f'{SITEMAP}{url}sitemap.xml' if url else ''}".rstrip()
    for name, text in (
        (SWITCHER, switcher(known)),
        ("versions.css", banner_style(best)),
        (ROBOTS, robots + "\n"),
        (".nojekyll", ""),  # GitHub Pages would leave out _static/ and _images/ without it
    ):
        (folder / name).write_text(text, encoding="utf-8")
    for source in (TEMPLATES / "root.css", ICON, BINDER):
        (folder / source.name).write_bytes(source.read_bytes())


def address_in_robots(text: str) -> str:
    """The site's address, from the line that :func:`write` puts into robots.txt."""
    lines = [line.removeprefix(SITEMAP) for line in text.splitlines() if line.startswith(SITEMAP)]
    return checked_url(lines[0].removesuffix("sitemap.xml")) if lines else ""


def checked_url(site_url: str) -> str:
    """The site's address with one slash at its end; raises :exc:`SiteError` if it is none."""
    if not site_url:
        return ""
    try:
        parts = urlsplit(site_url)
    except ValueError as error:
        raise SiteError(f"SITE_URL={site_url}: not an address ({error})") from error
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
        raise SiteError(f"SITE_URL={site_url}: not an address like https://example.org/project/")
    return site_url.rstrip("/") + "/"


def _templates(best: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "address": quote,
        "frameworks": frameworks_line,
        "machine": machine.line,
        "letter": chart.letter,
        "word": partial(word, best),
    }
    return environment


def word(best: str, version: str) -> str:
    """What is said of a version beside its number, where ``best`` is the preferred one."""
    kind = versions.kind(version)
    return "newest release" if version == best and kind == "release" else WORDS[kind]


def switcher(known: dict[str, Release]) -> str:
    """The list that the pages' menus read, in pydata-sphinx-theme's form.

    ``url`` is relative to this file. Exactly one entry has ``preferred``.
    """
    best = versions.preferred(known)
    entries: list[dict[str, Any]] = []
    for release in releases.in_order(known):
        version = release.version
        said = word(best, version)
        entry = {
            "version": version,
            "name": f"{version} ({said})" if said else version,
            "url": release.home,
        }
        entries.append(entry | ({"preferred": True} if version == best else {}))
    return "[\n" + ",\n".join(json.dumps(entry) for entry in entries) + "\n]\n"


def versions_in_switcher(text: str, where: str) -> list[str]:
    """The versions in a published list; raises :exc:`SiteError` if it is no such list."""
    try:
        entries = json.loads(text)
        found = [(entry["version"], entry["url"], entry.get("preferred")) for entry in entries]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise SiteError(f"{where}: not a list of versions ({error!r}); {MADE_ANEW}") from error
    if sum(1 for _, _, preferred in found if preferred) != 1:
        raise SiteError(f"{where}: not exactly one version is preferred; {MADE_ANEW}")
    return [str(version) for version, _, _ in found]


def banner_style(best: str) -> str:
    """The style sheet that shows the banner on every release but the preferred one."""
    return (
        "/* Made by each publication. Releases know nothing of those after them: this tells\n"
        f"   them that {best} is the one to read. */\n"
        f'.version-banner-release:not([data-version="{best}"]) {{\n  display: block;\n}}\n'
    )


def _places(known: dict[str, Release], page: str) -> list[dict[str, Any]]:
    """Each version, with the address of ``page`` in it from the root, or of its home."""
    return [
        {
            "release": release,
            "has": page in release.pages,
            "address": release.home + (page if page in release.pages else "index.html"),
        }
        for release in releases.in_order(known)
    ]


def _history(known: dict[str, Release]) -> dict[str, Any]:
    """What the page of changes shows: each version against the one before it."""
    ordered = releases.in_time(known)
    steps = [changes.between(old, new) for old, new in pairwise(ordered)]
    return {
        "steps": steps[::-1],
        "first": ordered[0],
        "chart": chart.draw(ordered),
    }
