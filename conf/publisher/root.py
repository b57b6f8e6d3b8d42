"""The files at the site's root, made anew from all versions' data by each publication.

No address in them is absolute, so that the site can stand below any path, but for what
search engines want so: with ``SITE_URL``, canonical links, the sitemap and the page
for what was not found name the whole address.
"""

from __future__ import annotations

import json
import re
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
from site_ext.base.policy import hash_of, with_policy

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from publisher.releases import Release

SWITCHER, ROBOTS = "switcher.json", "robots.txt"
STABLE, LATEST, CHANGES = "stable", "latest", "changes"
#: How many points and verdicts of a version the page of changes shows; its own page has all.
SHOWN = 5
#: What the root holds besides the versions and the folders ``versions``, ``stable``, ``latest`` and
#: ``changes``.
FILES = (
    "index.html", "versions.html", "changes.html", "404.html", ROBOTS, "sitemap.xml", "feed.xml",
    "versions.css", "root.css", "favicon.svg", "requirements.txt", ".nojekyll", SWITCHER,
)  # fmt: skip
SITEMAP = "Sitemap: "
TEMPLATES = Path(__file__).parent / "templates"
ICON = TEMPLATES.parent.parent.parent / "docs" / "_static" / "favicon.svg"
#: What Binder installs, which it reads at the root of the branch that it is given.
BINDER = TEMPLATES.parent.parent / "binder" / "requirements.txt"
#: The scripts that stand in the root's pages, by their hashes.
SCRIPTS = {
    hash_of((TEMPLATES / "404.js").read_text(encoding="utf-8").removesuffix("\n")),
    *(
        hash_of(script)
        for name in ("page.html", "forward.html")
        for script in re.findall(
            r"<script[^>]*>(.*?)</script>", (TEMPLATES / name).read_text("utf-8")
        )
    ),
}
MADE_ANEW = "delete it, and publish again: it is made anew from the versions' folders"
WORDS = {"release": "", "pre-release": "pre-release", "dev": "not released"}


def write(
    folder: Path, known: dict[str, Release], site_url: str, also: AbstractSet[str] = frozenset()
) -> None:
    """Write the root of a site that holds the versions ``known`` into ``folder``.

    ``also`` are pages that get theirs at the root although none of these versions has them. The
    pages of ``stable/`` are those of the preferred version, for the caller to put there: only what
    that version lacks is written here.
    """
    # Even without a file in them they take the place of what stands there.
    for name in (STABLE, CHANGES):
        (folder / name).mkdir()
    pages = _Pages(folder, known, checked_url(site_url))
    pages.forward("index.html", pages.best, "index.html")
    for name in ("versions.html", "404.html", "feed.xml"):
        pages.add(name, name, page="", pages=_places(known, "index.html"))
    pages.add_history(releases.in_time(known))
    for name in sorted(set(also).union(*(release.pages for release in known.values()))):
        pages.add(f"versions/{name}", "versions.html", page=name, pages=_places(known, name))
        pages.add_aliases(name, releases.newest(known))
    found = sorted(pages.best.pages - {"search.html"})
    pages.add("sitemap.xml", "sitemap.xml", pages=found)
    _write_others(folder, known, pages.url)


class _Pages:
    """Pages of the root, made from templates."""

    def __init__(self, folder: Path, known: dict[str, Release], url: str) -> None:
        best = versions.preferred(known)
        self.folder = folder
        self.best = known[best]
        self.url = url
        self.templates = _templates(best)
        self.shared: dict[str, Any] = {
            "releases": releases.in_order(known),
            "preferred": self.best,
            "url": url,
            "base": urlsplit(url).path,
        }

    def add(self, name: str, template: str, **more: Any) -> None:
        """The page at ``name``, from the root."""
        up = {"up": "../" * name.count("/")}
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        text = self.templates.get_template(template).render(self.shared | up | more)
        is_page = name.endswith(".html")
        target.write_text(with_policy(text, SCRIPTS) if is_page else text, encoding="utf-8")

    def forward(self, name: str, target: Release, page: str) -> None:
        """A page that leads to one of a version. For search engines it is the one that stays."""
        home = f"{STABLE}/" if page in self.best.pages else target.home
        self.add(name, "forward.html", target=target, page=page, canonical=home + page)

    def add_aliases(self, page: str, newest: Release) -> None:
        """What ``latest/`` has for a page, and ``stable/`` where the preferred version lacks it."""
        if page not in self.best.pages:
            self.add(f"{STABLE}/{page}", "lacking.html", target=self.best, page=page)
        if page in newest.pages:
            self.forward(f"{LATEST}/{page}", newest, page)
        else:
            self.add(f"{LATEST}/{page}", "lacking.html", target=newest, page=page)

    def add_history(self, in_time: list[Release]) -> None:
        """What changed: in short on one page, for each version whole on one of its own."""
        steps = [changes.between(old, new) for old, new in pairwise(in_time)]
        drawn = {"first": in_time[0], "chart": chart.draw(in_time)}
        self.add("changes.html", "changes.html", steps=steps[::-1], shown=SHOWN, **drawn)
        for step in steps:
            self.add(f"{CHANGES}/{step.new.version}.html", "change.html", step=step)


def _write_others(folder: Path, known: dict[str, Release], url: str) -> None:
    """What is no page."""
    robots = f"User-agent: *\nAllow: /\n{f'{SITEMAP}{url}sitemap.xml' if url else ''}".rstrip()
    for name, text in (
        (SWITCHER, switcher(known)),
        ("versions.css", banner_style(versions.preferred(known))),
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
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
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
