"""Make the next release: ``make release VERSION=0.2``.

    python -m commands.release 0.2

From a version number to a published tree. In a clone of its own, it moves what CHANGELOG.md
has under "Unreleased" to the new version, with the frameworks, the machine and the verdicts
that changed; commits;
builds and checks the pages of that commit; and adds it to conf/releases.json, in a commit of
its own. Only then does the branch here take both commits and the tag, and the pages
are published to where ``SITE`` or ``BRANCH`` say. Whatever fails before, nothing has happened.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.version import Version

from publisher import building, changes, checking, places, releases, repository, wanted
from site_ext.base import frameworks, machine, versions
from site_ext.base.errors import SiteError
from site_ext.base.files import write_whole
from site_ext.base.git import git, succeeds

ROOT = Path(__file__).resolve().parents[2]

if TYPE_CHECKING:
    from publisher.releases import Release

CHANGELOG = "CHANGELOG.md"
PROJECT = "pyproject.toml"
UNRELEASED = "## [Unreleased]\n"


def new_version(name: str) -> str:
    """The version to make; raises :exc:`SiteError` if it is none or does not come next."""
    version = versions.normal(name)
    if version != name.removeprefix("v"):
        raise SiteError(f"{name} is written {version}; say that, so that all agree")
    if version == versions.DEV:
        raise SiteError("dev is what is not released; name a version like 0.2")
    if not git(ROOT, "branch", "--show-current"):
        raise SiteError("no branch is checked out to take the release; `git switch main` first")
    known = repository.known_versions(ROOT)
    if known and Version(known[-1]) >= Version(version):
        raise SiteError(f"version {version} does not come after {known[-1]}, which is released")
    return version


def changelog_with(version: str, date: str, text: str, made: str, changed: str) -> str:
    """The changelog with a section for ``version``, in which ``made`` tells with and on what it
    was made, and ``changed`` of verdicts.

    Raises :exc:`SiteError` if nothing else is new.
    """
    before, found, after = text.partition(UNRELEASED)
    body = re.split(r"^## ", after, maxsplit=1, flags=re.MULTILINE)[0]
    if not found or not body.strip():
        raise SiteError(f"{CHANGELOG} has nothing under {UNRELEASED.strip()}; say what is new")
    section = f"## [{version}] - {date}\n\n{made}\n"
    told = f"{body.rstrip()}\n\n{changed}".rstrip() + "\n\n"
    return f"{before}{UNRELEASED}\n{section}{told}{after.removeprefix(body)}"


def project_with(version: str, text: str) -> str:
    """pyproject.toml with that version."""
    return re.sub(r'^version = ".*"$', f'version = "{version}"', text, count=1, flags=re.MULTILINE)


def main(name: str) -> None:
    version = new_version(name)
    there = wanted.place(ROOT)
    url = wanted.site_url(there)
    repository.require_clean(ROOT)
    changelog_with(version, "", _read(CHANGELOG), "", "")  # nothing new is told before it is built
    with building.alone(ROOT):
        there.recover()
        known = there.published()
        places.require_new(known, version)
        tree, line, built = _make(version, known)
        made = checking.check(built, version, line.commit)
        _take(tree, version, line.commit)
        try:
            there.publish(built, made, url)
        except SiteError as error:
            raise SiteError(
                f"version {version} is committed and tagged, but not published: {error}; when "
                f"that is repaired, `make site RELEASES={version}` ends it"
            ) from error
    print(f"version {version} is released and published: {there}", flush=True)
    print(f"push it with `git push origin HEAD v{version}`", flush=True)


def _make(version: str, known: dict[str, Release]) -> tuple[Path, repository.Listed, Path]:
    """Make the release's two commits in a clone, and build the first.

    What the changelog says of verdicts is in the commit that gets built, so the tree is built
    once before, for its ledger.
    """
    tree = building.check_out(ROOT, git(ROOT, "rev-parse", "HEAD"), version)
    before = releases.read_folder(building.of_tree(ROOT, tree, version), version)
    older = [known[name] for name in versions.in_time(known) if name != versions.DEV]
    changed = changes.changelog(older[-1] if older else None, before)
    date = datetime.now(UTC).date().isoformat()
    _commit(
        tree,
        {
            CHANGELOG: changelog_with(version, date, _read(CHANGELOG), _made(before), changed),
            PROJECT: project_with(version, _read(PROJECT)),
        },
        f"Release {version}",
    )
    commit = git(tree, "rev-parse", "HEAD")
    line = repository.Listed(version, date, commit, repository.digest(tree, commit))
    built = building.of_tree(ROOT, tree, version)
    _commit(tree, {repository.LIST: _list_with(line)}, f"List release {version}")
    return tree, line, built


def _made(built: Release) -> str:
    """With which frameworks a build's examples ran, and on which machines."""
    on = "; ".join(map(machine.line, built.machines))
    return f"Made with {frameworks.line(built.versions)}.\nMeasured on {on}.\n"


def _take(tree: Path, version: str, commit: str) -> None:
    """Have this branch take the commits of the clone, unless it moved or was edited."""
    git(ROOT, "fetch", "-q", str(tree), "HEAD")
    git(ROOT, "tag", f"v{version}", commit)  # first: it can be taken back
    try:
        git(ROOT, "merge", "-q", "--ff-only", "FETCH_HEAD")
    except SiteError as error:
        git(ROOT, "tag", "-d", f"v{version}")
        raise SiteError(
            f"this tree changed while version {version} was built, which is not released "
            f"now; commit what is new and start again ({error})"
        ) from error


def _read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _list_with(line: repository.Listed) -> str:
    lines = [json.dumps(asdict(one)) for one in [*repository.listed(ROOT), line]]
    return "[\n" + ",\n".join(f"  {one}" for one in lines) + "\n]\n"


def _told(key: str) -> str:
    if not succeeds(ROOT, "config", key):
        raise SiteError(f"git does not know {key} for the commits; `git config {key} …` tells it")
    return git(ROOT, "config", key)


def _commit(tree: Path, changed: dict[str, str], message: str) -> None:
    for name, text in changed.items():
        write_whole(tree / name, text)
    # A clone has none of the names that are set for this repository alone.
    for key in ("user.name", "user.email"):
        git(tree, "config", key, _told(key))
    git(tree, "commit", "-q", "-m", message, "--", *changed)


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1]:
        sys.exit("usage: make release VERSION=0.2")
    try:
        main(sys.argv[1])
    except SiteError as error:
        sys.exit(f"make release: {error}")
