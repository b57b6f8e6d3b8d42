"""Which version a tree is, and which commit a release was made from.

A tag says so, or, in a clone without tags, the committed list ``conf/releases.json``.
The list can't be part of the commit that it names. So a tree that differs from a release
in nothing but the list is that release, too, and for the commit itself the lists of the
branches are asked.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from site_ext.base import versions
from site_ext.base.errors import SiteError
from site_ext.base.files import checked
from site_ext.base.git import git, succeeds

if TYPE_CHECKING:
    from pathlib import Path

LIST = "conf/releases.json"


@dataclass(frozen=True)
class Listed:
    """A line of the list of releases."""

    version: str
    date: str
    commit: str
    #: :func:`digest` of the commit.
    tree: str
    #: Why nobody is to build it any more; its number is never given again.
    withdrawn: str = ""


def listed(root: Path) -> list[Listed]:
    """The committed list, oldest first; raises :exc:`SiteError` for a line that is none."""
    path = root / LIST
    try:
        return _parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except (ValueError, RecursionError, SiteError) as error:
        raise SiteError(f"{path}: not a list of releases ({error})") from error


def _parse(text: str) -> list[Listed]:
    lines = checked(json.loads(text), list[Listed], LIST)
    for line in lines:
        if line.version == versions.DEV or not versions.is_version(line.version):
            raise ValueError(f"{line.version!r} is not how a version is written")
    return lines


def digest(root: Path, commit: str) -> str:
    """What tells a commit's files, the list of releases apart, from those of another."""
    files = git(root, "ls-tree", "-r", commit).splitlines()
    counted = [line for line in files if line.partition("\t")[2] != LIST]
    return hashlib.sha256("\n".join(counted).encode()).hexdigest()[:16]


def version_of(root: Path) -> str:
    """The version of the commit that is checked out: that of its tag or in the list, or dev."""
    tags = git(root, "tag", "--points-at", "HEAD").splitlines()
    if tags:
        return _of_tags(tags)
    head, tree = git(root, "rev-parse", "HEAD"), digest(root, "HEAD")
    for line in reversed(listed(root)):
        if tree == line.tree:
            return line.version
    for line in _listed_on_branches(root):
        if head == line.commit:
            return line.version
    return versions.DEV


def _listed_on_branches(root: Path) -> list[Listed]:
    """What the lists of all branches have, here and as last fetched; broken ones count not."""
    found = []
    for ref in git(
        root, "for-each-ref", "--format=%(refname)", "refs/heads", "refs/remotes"
    ).split():
        if succeeds(root, "cat-file", "-e", f"{ref}:{LIST}"):
            with suppress(ValueError, RecursionError, SiteError):
                found += _parse(git(root, "show", f"{ref}:{LIST}"))
    return found


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


def known_versions(root: Path) -> list[str]:
    """Every release in the list or among the tags, oldest first."""
    named = {line.version for line in listed(root)} | {version for version, _ in _tagged(root)}
    return versions.in_time(named - {versions.DEV})


def _tagged(root: Path) -> list[tuple[str, str]]:
    """``(version, tag)`` for each tag that names a version."""
    found = []
    for tag in git(root, "tag", "--list").splitlines():
        with suppress(SiteError):
            found.append((versions.normal(tag), tag))
    return found


def require_standing(root: Path, version: str) -> None:
    """Raise :exc:`SiteError` for a release that was withdrawn, as the list here or on any branch has
    it: at its own tag nobody knows yet."""
    for line in (*listed(root), *_listed_on_branches(root)):
        if line.version == version and line.withdrawn:
            raise SiteError(f"release {version} was withdrawn: {line.withdrawn}")


def commit_of(root: Path, version: str) -> str:
    """The commit of a release, from the tags and the list, which must agree."""
    tagged = {
        git(root, "rev-list", "-n1", f"refs/tags/{tag}")
        for named, tag in _tagged(root)
        if named == version
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
