"""Which version a tree is, and which commit a release was made from.

A tag says so, or, in a clone without tags, the committed list ``conf/releases.json``.
The list can't be part of the commit that it names, so the tree that differs from a listed
commit in nothing but the list is that release, too.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from site_ext import versions
from site_ext.errors import SiteError

if TYPE_CHECKING:
    from pathlib import Path

LIST = "conf/releases.json"


@dataclass(frozen=True)
class Listed:
    """A line of the list of releases."""

    version: str
    date: str
    commit: str


def git(root: Path, *arguments: str, index: str | None = None) -> str:
    """What git prints; raises :exc:`SiteError` with its own words where it fails.

    ``index`` is the file of an index other than the repository's own.
    """
    settings = os.environ | ({"GIT_INDEX_FILE": index} if index else {})
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=root, check=False, capture_output=True, text=True, env=settings,
        )  # fmt: skip
    except OSError as error:
        raise SiteError(f"git could not be started ({error.strerror}); install it") from error
    if done.returncode:
        raise SiteError(f"git {' '.join(arguments)}: {done.stderr.strip() or 'failed'}")
    return done.stdout.rstrip("\n")


def succeeds(root: Path, *arguments: str) -> bool:
    """Whether a git command that answers by its exit status says yes."""
    done = subprocess.run(["git", *arguments], cwd=root, check=False, capture_output=True)
    return done.returncode == 0


def require_clean(root: Path) -> None:
    """Raise :exc:`SiteError` if files differ from the commit: nobody could build it again."""
    changed = git(root, "status", "--porcelain").splitlines()
    if changed:
        shown = "\n".join(f"    {line}" for line in changed[:10])
        more = f"\n    and {len(changed) - 10} more" if len(changed) > 10 else ""
        raise SiteError(
            "the working tree has changes that are in no commit; commit them, put them away "
            f"with `git stash -u`, or look at them with `make html`\n{shown}{more}"
        )


def listed(root: Path) -> list[Listed]:
    """The committed list, oldest first; raises :exc:`SiteError` for a line that is none."""
    path = root / LIST
    try:
        lines = [Listed(**line) for line in json.loads(path.read_text(encoding="utf-8"))]
    except FileNotFoundError:
        return []
    except (ValueError, TypeError) as error:
        raise SiteError(
            f"{path}: not a list of releases ({error}); each needs version, date and commit"
        ) from error
    for line in lines:
        if line.version == versions.DEV or versions.normal(line.version) != line.version:
            raise SiteError(f"{path}: {line.version!r} is not how that version is written")
    return lines


def version_of(root: Path) -> str:
    """The version of the commit that is checked out: that of its tag or in the list, or dev."""
    tags = git(root, "tag", "--points-at", "HEAD").splitlines()
    if tags:
        return _of_tags(tags)
    head = git(root, "rev-parse", "HEAD")
    for line in reversed(listed(root)):
        if line.commit == head or _only_the_list_differs(root, line.commit):
            return line.version
    return versions.DEV


def _of_tags(tags: list[str]) -> str:
    good, bad = set(), []
    for tag in tags:
        try:
            good.add(versions.normal(tag))
        except SiteError as error:
            bad.append(f"tag {error}")
    if len(good) == 1:
        return good.pop()
    if good:
        raise SiteError(
            f"this commit is tagged as {' and '.join(sorted(good))}; delete the tag that is "
            "wrong with `git tag -d`"
        )
    raise SiteError(f"{bad[0]}; rename it, or delete it with `git tag -d`")


def _only_the_list_differs(root: Path, commit: str) -> bool:
    return succeeds(root, "cat-file", "-e", f"{commit}^{{commit}}") and succeeds(
        root, "diff", "--quiet", commit, "HEAD", "--", ".", f":(exclude){LIST}"
    )


def commit_of(root: Path, version: str) -> str:
    """The commit of a release, from the tags and the list, which must agree."""
    tagged = {
        git(root, "rev-list", "-n1", f"refs/tags/{tag}")
        for tag in git(root, "tag", "--list").splitlines()
        if tag.removeprefix("v") == version or _same(tag, version)
    }
    every = listed(root)
    found = tagged | {line.commit for line in every if line.version == version}
    if not found:
        known = ", ".join(line.version for line in every) or "none"
        raise SiteError(
            f"there is no release {version}: neither a tag nor a line in {LIST} (which has {known})"
        )
    if len(found) > 1:
        raise SiteError(
            f"release {version} is {' and '.join(sorted(found))}: its tag and {LIST} disagree; "
            "correct the one that is wrong"
        )
    commit = found.pop()
    if not succeeds(root, "cat-file", "-e", f"{commit}^{{commit}}"):
        raise SiteError(
            f"release {version}: commit {commit} is not in this clone; "
            "get it with `git fetch --unshallow --tags`"
        )
    return commit


def _same(tag: str, version: str) -> bool:
    try:
        return versions.normal(tag) == version
    except SiteError:
        return False
