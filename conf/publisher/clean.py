"""Whether a tree is a commit and nothing else, asked before anything is installed or built for it.

Runs on any Python, with nothing but git.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from site_ext.base.errors import SiteError
from site_ext.base.git import git

if TYPE_CHECKING:
    from pathlib import Path

#: Begins what the second commit of a release says of itself.
LISTS = "List release "


def require_clean(root: Path) -> None:
    """Raise :exc:`SiteError` if files differ from the commit: nobody could build it again."""
    changed = git(root, "status", "--porcelain", "--untracked-files=normal").splitlines()
    if not changed:
        return
    shown = "\n".join(f"    {line}" for line in changed[:10])
    more = f"\n    and {len(changed) - 10} more" if len(changed) > 10 else ""
    if version := _files_behind(root):
        raise SiteError(cut_off(version))
    raise SiteError(
        "the working tree has changes that are in no commit; commit them, put them away "
        f"with `git stash -u`, or look at them with `make html`\n{shown}{more}"
    )


def cut_off(version: str) -> str:
    """What is to be done where a release's refs are there, and its files are not."""
    return (
        f"version {version} is released, but its release was cut off before the files here were "
        "brought up to it: `git reset --hard` does that (where git finds .git/index.lock, remove "
        f"it), and `make site RELEASES={version}` publishes it"
    )


def _files_behind(root: Path) -> str:
    """The version whose two commits the branch has while the files are those before, or on their way
    from there; or nothing."""
    subject = git(root, "log", "-1", "--format=%s")
    if not subject.startswith(LISTS):
        return ""
    moved = git(root, "diff", "--name-only", "HEAD~2", "HEAD").splitlines()
    # The files may be there while the index is not; files that git does not know are no sign of either.
    of_files, of_index = (
        git(root, "diff", "--name-only", *how, "HEAD") for how in ((), ("--cached",))
    )
    differ = {*of_files.splitlines(), *of_index.splitlines()}
    behind = differ and differ <= set(moved) and all(_is_behind(root, name) for name in differ)
    return subject.removeprefix(LISTS) if behind else ""


def _is_behind(root: Path, name: str) -> bool:
    """Whether a file is as before the two commits, or a beginning of what it is since."""
    try:
        now = (root / name).read_text(encoding="utf-8").rstrip("\n")
    except (OSError, UnicodeError):  # git takes a file away before it writes the next one
        return not (root / name).exists()
    before, since = (git(root, "show", f"{commit}:{name}") for commit in ("HEAD~2", "HEAD"))
    return now == before or since.startswith(now)
