"""Which release a build is, and what each of its pages says about that.

A build for a versioned site (``make site`` sets ``SITE_VERSION``) gets a switcher, and a
banner where the version is not the one that readers should have. A release's pages are never
changed once published, and none of them knows the versions that come after it. So they
lean on three things at the site's root, which every publication makes anew: the list
that the switcher reads (``switcher.json``), a page of links for readers without
JavaScript (``versions/<page>.html``), and a style sheet (``versions.css``) that shows the
banner of every release but the preferred one.

``data/release.json`` tells the publisher, and others, what the build is.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx.builders.html import StandaloneHTMLBuilder

from site_ext.base import frameworks, git, machine, versions
from site_ext.base.errors import ending
from site_ext.base.files import write_json
from site_ext.base.state import publishes
from site_ext.gallery.build import root_of
from site_ext.gallery.domain import examples_of

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config
    from sphinx.environment import BuildEnvironment
    from sphinx.util.typing import ExtensionMetadata

    from site_ext.run.records import Record

BANNERS = {
    "release": "This is version {version}, not the newest.",
    "pre-release": "This is version {version}, a pre-release.",
    "dev": "This is the development version: it is not released and changes at any time.",
    "preview": "This is a preview of a proposed change.",
}


def banner_kind(site_version: str, hosted: str, hosted_type: str) -> str:
    """Which of :data:`BANNERS` a page has; empty outside a versioned site.

    ``hosted`` and ``hosted_type`` are Read the Docs' names for the version and its type.
    There a release has no banner of ours: nothing tells its pages when they get old.
    """
    if site_version:
        return versions.kind(site_version)
    if hosted_type == "external":
        return "preview"
    return "dev" if hosted and hosted_type != "tag" and hosted != "stable" else ""


@ending
def put_into_context(app: Sphinx, config: Config) -> None:
    """Give the templates what they show; a change of it has all pages written again."""
    # normal() raises for a name that nobody could sort or switch to.
    version = versions.normal(config.site_version) if config.site_version else ""
    banner = banner_kind(version, *config.site_hosted)
    config.html_context["site"] = {
        "version": version,
        "label": version or config.site_hosted[0],
        "banner": BANNERS[banner].format(version=version) if banner else "",
        "banner_kind": banner,
    }


def add_links(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Links to the site's root, which are relative and so differ from page to page."""
    site = context["site"] = {**context["site"], "frameworks": app.env.site_made_with}  # type: ignore[attr-defined]
    # "../" more than the way to this version's own root.
    root = f"{context['content_root'].removeprefix('./')}../"
    context["site_root"] = root
    assert isinstance(app.builder, StandaloneHTMLBuilder)
    # Its file within the version, which the folders at the root have likewise.
    page = Path(app.builder.get_output_path(pagename)).relative_to(app.outdir).as_posix()
    context["site_page"] = page
    if site["version"] and not app.config.html_baseurl:
        # With an address, Sphinx makes the same link itself, and absolute.
        context["pageurl"] = f"{root}stable/{page}"


def ran(env: BuildEnvironment) -> list[Record]:
    """The records of the runs that this build shows, wherever they were made."""
    entries = examples_of(env).entries.values()
    return [entry.record for entry in entries if entry.record and entry.status == "passed"]


def used(env: BuildEnvironment) -> dict[str, str]:
    """The frameworks' versions that they ran with; what is only installed here comes after."""
    found = {k: v for r in ran(env) for k, v in r.versions.items() if k in frameworks.TITLES}
    return {**frameworks.installed(), **found}


def made_with(env: BuildEnvironment) -> str:
    """The same in one line."""
    return frameworks.line(used(env))


def pages_with_footer(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """All pages are to be written again when they were made with something else."""
    now = made_with(env)
    then, env.site_made_with = getattr(env, "site_made_with", now), now  # type: ignore[attr-defined]
    return sorted(env.found_docs) if now != then else []


def account(env: BuildEnvironment, root: Path, version: str, pages: list[str]) -> dict[str, Any]:
    """What ``release.json`` says."""
    name = version or versions.DEV
    machines = machine.distinct(record.machine for record in ran(env)) or [machine.describe()]
    return {
        "version": name,
        "after": newest_listed(root) if name == versions.DEV else None,
        "notes": notes(root, name),
        "date": git.commit_date(root),
        "commit": git.commit(root),
        "versions": used(env),
        # One machine for who knows no more of them.
        "machine": machines[0],
        "machines": machines,
        "pages": pages,
    }


def newest_listed(root: Path) -> str | None:
    """The newest release that the tree knows of: a later one is newer than this tree."""
    try:
        listed = json.loads((root / "conf" / "releases.json").read_text(encoding="utf-8"))
        return versions.in_time(line["version"] for line in listed)[-1]
    except (OSError, ValueError, TypeError, KeyError, IndexError):
        return None


def notes(root: Path, version: str) -> list[str]:
    """The changelog's points for a version, or for what is not released, as plain text."""
    path = root / "CHANGELOG.md"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    title = "Unreleased" if version == versions.DEV else version
    section = re.split(rf"^## \[{re.escape(title)}\].*$", text, maxsplit=1, flags=re.MULTILINE)
    body = re.split(r"^## ", section[-1], maxsplit=1, flags=re.MULTILINE)[0]
    found = re.findall(r"^- (.+(?:\n  .+)*)", body if len(section) > 1 else "", re.MULTILINE)
    plain = (" ".join(point.split()).replace("`", "") for point in found)
    return [re.sub(r"\*(\S[^*]*)\*", r"\1", point) for point in plain]


def write_account(app: Sphinx, exception: Exception | None) -> None:
    """Write ``data/release.json``, for an HTML build that came to its end."""
    if publishes(app, exception):
        root, out = root_of(app.config, [Path(app.srcdir)]), Path(app.outdir)
        # The index and the search are pages, too; templates under _static are not.
        found = (path.relative_to(out) for path in out.rglob("*.html"))
        pages = sorted(p.as_posix() for p in found if not p.parts[0].startswith("_"))
        write_json(
            out / "data" / "release.json", account(app.env, root, app.config.site_version, pages)
        )


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_config_value("site_version", "", "html", str, "the release that is built, or dev")
    app.add_config_value("site_hosted", ("", ""), "html", tuple, "Read the Docs' version, type")
    app.connect("config-inited", put_into_context)
    app.connect("html-page-context", add_links)
    app.connect("env-updated", pages_with_footer)
    app.connect("build-finished", write_account, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
