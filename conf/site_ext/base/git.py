"""Git, asked from Python."""

from __future__ import annotations

import os
import subprocess
from io import BytesIO
from typing import TYPE_CHECKING

from site_ext.base.errors import SiteError

if TYPE_CHECKING:
    from pathlib import Path

#: Ends a commit's name where files differed from it.
CHANGES = "+changes"
#: From `git rev-parse --local-env-vars`.
_OF_A_REPOSITORY = {
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT",
    "GIT_OBJECT_DIRECTORY", "GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE", "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE", "GIT_PREFIX",
    "GIT_SHALLOW_FILE", "GIT_COMMON_DIR",
}  # fmt: skip


def environment() -> dict[str, str]:
    """The environment, less what would have git work on another repository.

    Git itself sets these where it runs a hook or an alias.
    """
    return {name: value for name, value in os.environ.items() if name not in _OF_A_REPOSITORY}


def git(root: Path, *arguments: str, index: str | None = None, given: str | None = None) -> str:
    """What git prints; raises :exc:`SiteError` with its own words where it fails.

    ``index`` is the file of an index other than the repository's own, ``given`` what git
    reads from its standard input.
    """
    settings = environment() | ({"GIT_INDEX_FILE": index} if index else {}) | {"TZ": "UTC"}
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=root, check=False, capture_output=True, text=True, env=settings, input=given,
        )  # fmt: skip
    except OSError as error:
        raise SiteError(f"git could not be started ({error.strerror}); install it") from error
    if done.returncode:
        raise SiteError(f"git {' '.join(arguments)}: {done.stderr.strip() or 'failed'}")
    return done.stdout.rstrip("\n")


def succeeds(root: Path, *arguments: str) -> bool:
    """Whether a git command that answers by its exit status says yes."""
    done = subprocess.run(
        ["git", *arguments], cwd=root, check=False, capture_output=True, env=environment()
    )
    return done.returncode == 0


def blobs(root: Path, commit: str, paths: list[str]) -> dict[str, bytes]:
    """The files of a commit at those of ``paths`` where it has one, read by one git."""
    done = subprocess.run(
        ["git", "cat-file", "--batch"],
        cwd=root, check=True, capture_output=True, env=environment(),
        input="".join(f"{commit}:{path}\n" for path in paths).encode(),
    )  # fmt: skip
    found, answers = {}, BytesIO(done.stdout)
    for path in paths:
        header = answers.readline()
        if not header.endswith(b" missing\n"):
            found[path] = answers.read(int(header.split()[-1]))
            answers.readline()
    return found


def commit(root: Path) -> str:
    """The commit checked out in ``root``, with ``+changes`` if files differ from it."""
    try:
        head = git(root, "rev-parse", "HEAD")
        changed = git(root, "status", "--porcelain", "--untracked-files=no")
    except SiteError:
        return "unknown"
    return head + CHANGES if changed else head


def commit_date(root: Path) -> str:
    """The day of the commit, in UTC: the same wherever and whenever it is built."""
    try:
        return git(root, "log", "-1", "--format=%cd", "--date=format-local:%Y-%m-%d")
    except SiteError:
        return "unknown"
