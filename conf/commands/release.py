"""Make the next release: ``make release VERSION=0.2``.

    python -m commands.release 0.2

From a version number to a published tree. In a clone of its own, it moves what CHANGELOG.md
has under "Unreleased" to the new version, with the frameworks, the machine and the verdicts
that changed; commits;
builds and checks the pages of that commit; and adds it to conf/releases.json, in a commit of
its own. Only then does the branch here take both commits and the tag, in one step, and the pages
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
from publisher.clean import LISTS, cut_off, require_clean
from site_ext.base import frameworks, machine, versions
from site_ext.base.errors import SiteError
from site_ext.base.files import write_whole
from site_ext.base.git import git, succeeds

ROOT = Path(__file__).resolve().parents[2]

if TYPE_CHECKING:
    from publisher.releases import Release

CHANGELOG = "CHANGELOG.md"
PROJECT = "pyproject.toml"
CITATION = "CITATION.cff"
UNRELEASED = "## [Unreleased]\n"


def new_version(name: str) -> tuple[str, str]:
    """The version to make, and the one that it comes after; raises :exc:`SiteError` if it is none or
    does not come next: after all that are released, or, on a branch of its own, after the newest of
    an older line (0.2.1 after 0.2, when 0.3 is out)."""
    version = versions.normal(name)
    if version != name.removeprefix("v"):
        raise SiteError(f"{name} is written {version}; say that, so that all agree")
    if version == versions.DEV:
        raise SiteError("dev is what is not released; name a version like 0.2")
    if not git(ROOT, "branch", "--show-current"):
        raise SiteError("no branch is checked out to take the release; `git switch main` first")
    known = repository.known_versions(ROOT)
    if version in known:
        raise SiteError(
            f"version {version} is released already; `make site RELEASES={version}` publishes it "
            "where it is not published yet"
        )
    before = [one for one in known if Version(one) < Version(version)]
    if before != known:
        _require_line(version, before, known)
    return version, before[-1] if before else ""


def _require_line(version: str, before: list[str], known: list[str]) -> None:
    """Raise :exc:`SiteError` unless ``version`` ends an older line, which is what is checked out."""
    line = Version(version).release[:2]
    same = [one for one in known if Version(one).release[:2] == line]
    if not same or not before or same[-1] != before[-1]:
        raise SiteError(f"version {version} does not come after {known[-1]}, which is released")
    later = [one for one in known if Version(one) > Version(version)]
    if any(_has(one) for one in later) or not _has(before[-1]):
        last = before[-1]
        listing = git(ROOT, "log", "--all", "-1", "--format=%h", f"--grep=^{LISTS}{last}$")
        start = listing or repository.commit_of(ROOT, last)[:10]
        raise SiteError(
            f"version {version} comes after {last}, and this branch is not where that ends: "
            f"`git switch -c {line[0]}.{line[1]}.x {start}`, mend what is to be mended, and release it "
            "from there"
        )


def _has(version: str) -> bool:
    """Whether what is checked out comes after a release."""
    commit = repository.commit_of(ROOT, version)  # withdrawn or not, it is there
    return succeeds(ROOT, "merge-base", "--is-ancestor", commit, "HEAD")


def changelog_with(
    version: str, date: str, text: str, made: str, changed: str, *, after: str = ""
) -> str:
    """The changelog with a section for ``version``, in which ``made`` tells with and on what it
    was made, and ``changed`` of verdicts; and with links to what differs from ``after``.

    Raises :exc:`SiteError` if nothing else is new, unless ``after`` was its candidate.
    """
    before, found, rest = text.partition(UNRELEASED)
    body = re.split(r"^## |^\[Unreleased\]: ", rest, maxsplit=1, flags=re.MULTILINE)[0]
    told = body.rstrip()
    if not told and after and Version(after).is_prerelease:
        same = Version(after).base_version == Version(version).base_version
        told = f"\n- What {after} was, and nothing else." if same else ""
    if not found or not told:
        raise SiteError(f"{CHANGELOG} has nothing under {UNRELEASED.strip()}; say what is new")
    section = f"## [{version}] - {date}\n\n{made}\n"
    told = f"{told.lstrip()}\n\n{changed}".rstrip() + "\n\n"
    new = f"{before}{UNRELEASED}\n{section}{told}{rest.removeprefix(body)}"
    return _with_link(version, after, new)


def _with_link(version: str, after: str, text: str) -> str:
    """The links at the end of a changelog, which lead from the file to the repository that has it."""
    new = f"[{version}]: ../../compare/v{after}...v{version}" if after else ""
    lines = [f"[Unreleased]: ../../compare/v{version}...HEAD", *filter(None, [new])]
    return re.sub(r"^\[Unreleased\]: .*$", "\n".join(lines), text, count=1, flags=re.MULTILINE)


def project_with(version: str, text: str) -> str:
    """pyproject.toml with that version."""
    return re.sub(r'^version = ".*"$', f'version = "{version}"', text, count=1, flags=re.MULTILINE)


def citation_with(version: str, date: str, text: str) -> str:
    """CITATION.cff with that version and its day."""
    for key, value in (("version", f'"{version}"'), ("date-released", date)):
        text = re.sub(rf"^{key}: .*$", f"{key}: {value}", text, count=1, flags=re.MULTILINE)
    return text


def main(name: str) -> None:
    version, after = new_version(name)
    require_clean(ROOT)
    there = wanted.place(ROOT)
    url = wanted.site_url(there)
    # Nothing new is told before it is built.
    changelog_with(version, "", _read(CHANGELOG), "", "", after=after)
    with building.alone(ROOT):
        there.recover(url)
        known = there.published()
        places.require_new(known, version)
        older = [name for name in versions.in_time(known) if versions.is_before(name, version)]
        tree, line, built = _make(version, after, known[older[-1]] if older else None)
        made = checking.check(built, version, line.commit)
        _take(tree, version)
        try:
            there.publish(built, made, url)
        except SiteError as error:
            raise SiteError(
                f"version {version} is committed and tagged, but not published: {error}; when "
                f"that is repaired, `make site RELEASES={version}` ends it"
            ) from error
    print(f"version {version} is released and published: {there}", flush=True)
    also = "".join(f" {ref}" for ref in there.refs(version))
    print(f"push it with `git push --atomic origin HEAD v{version}{also}`", flush=True)


def _make(version: str, after: str, older: Release | None) -> tuple[Path, repository.Listed, Path]:
    """Make the release's two commits in a clone, and build the first.

    What the changelog says of verdicts is in the commit that gets built, so the tree is built
    once before, for its ledger. ``older`` is the newest before it that is published.
    """
    tree = building.check_out(ROOT, git(ROOT, "rev-parse", "HEAD"), version)
    before = releases.read_folder(building.of_tree(ROOT, tree, version), version)
    changed = changes.changelog(older, before)
    date = datetime.now(UTC).date().isoformat()
    text = changelog_with(version, date, _read(CHANGELOG), _made(before), changed, after=after)
    _commit(
        tree,
        {
            CHANGELOG: text,
            PROJECT: project_with(version, _read(PROJECT)),
            CITATION: citation_with(version, date, _read(CITATION)),
        },
        f"Release {version}",
    )
    commit = git(tree, "rev-parse", "HEAD")
    git(tree, "tag", "-f", "-a", "-m", f"Version {version}", f"v{version}", commit)
    line = repository.Listed(version, date, commit, repository.digest(tree, commit))
    built = building.of_tree(ROOT, tree, version)
    _commit(tree, {repository.LIST: _list_with(line)}, f"{LISTS}{version}")
    return tree, line, built


def _made(built: Release) -> str:
    """With which frameworks a build's examples ran, and on which machines."""
    on = "; ".join(map(machine.line, built.machines))
    return f"Made with {frameworks.line(built.versions)}.\nMeasured on {on}.\n"


def _take(tree: Path, version: str) -> None:
    """Have this branch take the commits of the clone, and the tag, in one step; unless it moved or
    was edited."""
    names = ("HEAD~2", "HEAD", f"refs/tags/v{version}")
    old, new, tag = (git(tree, "rev-parse", name) for name in names)
    branch = f"refs/heads/{git(ROOT, 'branch', '--show-current')}"
    git(ROOT, "fetch", "-q", "--no-tags", str(tree), "HEAD", f"refs/tags/v{version}")
    lock = Path(ROOT, git(ROOT, "rev-parse", "--git-path", "index.lock"))
    moves = f"create refs/tags/v{version} {tag}\nupdate {branch} {new} {old}\n"
    try:
        require_clean(ROOT)
        _require_absent(lock)
        git(ROOT, "update-ref", "--stdin", given=f"start\n{moves}prepare\ncommit\n")
    except SiteError as error:
        held = (
            "this tree is held by a git that works, or was killed; when none does, remove the lock"
        )
        moved = f"this tree changed while version {version} was built; commit what is new"
        raise SiteError(
            f"{held if '.lock' in str(error) else moved} and start again: version {version} is not "
            f"released now ({error})"
        ) from error
    # What is left are the files; who is cut off here is told so by the next command.
    try:
        git(ROOT, "read-tree", "-m", "-u", old, new)
    except SiteError as error:
        raise SiteError(f"{cut_off(version)} ({error})") from error


def _require_absent(lock: Path) -> None:
    if lock.exists():
        raise SiteError(
            f"{lock} is there: another git is at work, or one was killed; remove it then"
        )


def _read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _list_with(line: repository.Listed) -> str:
    every = [asdict(one) for one in [*repository.listed(ROOT), line]]
    lines = [json.dumps({k: v for k, v in one.items() if v}) for one in every]
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
