"""A site on a branch, as a host such as GitHub Pages serves it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from publisher import releases, root
from publisher.places import Place, move, require_new, telling_why
from site_ext.base import versions
from site_ext.base.errors import SiteError
from site_ext.base.git import blobs, git, succeeds

if TYPE_CHECKING:
    from publisher.releases import Release

#: Marks the commit with which a version came, whose requirements at the root are that version's:
#: Binder, which opens notebooks, is given a commit and installs what it finds there.
PAGES = "pages-{}"
#: A version's own, with its pins: site_ext/gallery/launch.py.
REQUIREMENTS = "data/requirements.txt"


class Branch(Place):
    """A site on a branch of this repository, taken from its remote first."""

    def __init__(self, repo: Path, name: str, remote: str = "origin") -> None:
        self.repo, self.name = repo, name
        self._ref = f"refs/heads/{name}"
        if not succeeds(repo, "check-ref-format", self._ref):
            raise SiteError(f"BRANCH={name}: not a branch's name")
        if f"branch {self._ref}" in self._git("worktree", "list", "--porcelain").splitlines():
            raise SiteError(
                f"BRANCH={name}: it is checked out, with something else on it; name a branch for "
                "the site alone, such as gh-pages"
            )
        #: Where the branch was found here; publishing moves it from there only.
        self._found = self._commit_of(self._ref)
        self._tip = self._newest(self._fetch(remote), remote)
        self._texts = self._read()

    def _read(self) -> dict[str, bytes]:
        """What is read of a site, at once: a process for each file would cost seconds."""
        found = [name for name in self.names() if versions.is_version(name)]
        data = [f"{version}/{name}" for version in found for name in releases.NEEDED]
        wanted = [root.SWITCHER, root.ROBOTS, *data]
        return blobs(self.repo, self._tip, wanted) if self._tip else {}

    def __str__(self) -> str:
        return f"on the branch {self.name}"

    def _git(self, *arguments: str, index: str | None = None, given: str | None = None) -> str:
        return git(self.repo, *arguments, index=index, given=given)

    def _commit_of(self, ref: str) -> str:
        exists = succeeds(self.repo, "rev-parse", "-q", "--verify", ref)
        return self._git("rev-parse", ref) if exists else ""

    def _fetch(self, remote: str) -> str:
        """The remote's commit; empty where it has no such branch, or where there is no remote."""
        if remote not in self._git("remote").splitlines():
            return ""
        try:
            there = self._git("ls-remote", remote, self._ref)
        except SiteError as error:
            raise SiteError(
                f"BRANCH={self.name}: {remote} can't be reached, and what is published there decides "
                f"what may be; try again when it can, or publish into a folder with SITE= ({error})"
            ) from error
        if not there:
            return ""
        theirs = f"refs/remotes/{remote}/{self.name}"
        self._git("fetch", "-q", remote, f"+{self._ref}:{theirs}")
        return self._git("rev-parse", theirs)

    def _newest(self, theirs: str, remote: str) -> str:
        """The commit to build upon: the one of the two that has the other behind it."""
        ours = self._found
        if not ours or not theirs:
            return ours or theirs
        has = partial(succeeds, self.repo, "merge-base", "--is-ancestor")
        if has(theirs, ours):
            return ours
        if has(ours, theirs):
            return theirs
        raise SiteError(
            f"the branch {self.name} here and that of {remote} have parted; delete the one here "
            f"with `git branch -D {self.name}` if nothing on it is missing there"
        )

    def refs(self, version: str) -> list[str]:
        return [self.name, *([PAGES.format(version)] if version != versions.DEV else [])]

    def names(self) -> list[str]:
        return self._git("ls-tree", "--name-only", self._tip).splitlines() if self._tip else []

    def text(self, path: str) -> str:
        if path not in self._texts:
            raise FileNotFoundError(path)
        return self._texts[path].decode()

    def named(self, path: str = "") -> str:
        return f"{self.name}:{path}"

    def recover(self, site_url: str = "") -> None:
        """Nothing: a branch moves in one step."""

    def publish(self, built: Path, release: Release, site_url: str) -> None:
        known = self.published()
        require_new(known, release.version)
        with telling_why(f"BRANCH={self.name}"), TemporaryDirectory() as folder:
            new, index = Path(folder) / "new", str(Path(folder) / "index")
            new.mkdir()
            move(built, new / release.version)
            every = known | {release.version: release}
            root.write(new, every, site_url)
            self._commit(new, index, release, versions.preferred(every))

    def _files_of(self, version: str) -> dict[str, str]:
        """The files of a published version, with git's names for their contents."""
        lines = self._git("ls-tree", "-r", "-z", self._tip, f"{version}/").split("\0")
        found = (line.split("\t", 1) for line in lines if line)
        return {name: about.split()[2] for about, name in found}

    def _commit(self, new: Path, index: str, release: Release, best: str) -> None:
        """One commit: the tip, with the pieces in ``new`` in place of those of their names, and the
        files of the version ``best`` in ``stable/``, too, which git keeps once."""
        if self._tip:
            self._git("read-tree", self._tip, index=index)
            gone = sorted(entry.name for entry in new.iterdir())
            remove = ("rm", "-r", "-f", "-q", "--cached", "--ignore-unmatch", "--")
            self._git(*remove, *gone, index=index)
        entries = self._written(new)
        pinned = entries.get(f"{release.version}/{REQUIREMENTS}")
        entries |= {root.BINDER.name: pinned} if pinned else {}
        names = entries if best == release.version else self._files_of(best)
        stable = {
            root.STABLE + name.removeprefix(best): blob
            for name, blob in names.items()
            if name.startswith(f"{best}/")
        }
        given = "".join(f"100644 {blob}\t{name}\n" for name, blob in (stable | entries).items())
        self._git("update-index", "--add", "--index-info", index=index, given=given)
        tree = self._git("write-tree", index=index)
        self._move_to(tree, release)

    def _written(self, new: Path) -> dict[str, str]:
        """The files in a folder, put into git: its names for their contents."""
        files = sorted(path for path in new.rglob("*") if path.is_file())
        # The bytes that were checked, whatever git is told to do to lines and filters.
        write = ("hash-object", "-w", "--no-filters", "--stdin-paths")
        written = self._git(*write, given="".join(f"{path}\n" for path in files)).splitlines()
        return {
            path.relative_to(new).as_posix(): blob
            for blob, path in zip(written, files, strict=True)
        }

    def _move_to(self, tree: str, release: Release) -> None:
        """Have the branch, and the tag of a release, name a commit of ``tree``, in one step."""
        message = f"Publish version {release.version}"
        parent = ("-p", self._tip) if self._tip else ()
        commit = self._git("commit-tree", tree, *parent, "-m", message)
        moves = [f"update {self._ref} {commit} {self._found or '0' * 40}"]
        if release.version != versions.DEV:
            moves.append(f"update refs/tags/{PAGES.format(release.version)} {commit}")
        steps = "\n".join(["start", *moves, "prepare", "commit", ""])
        try:
            self._git("update-ref", "-m", message, "--stdin", given=steps)
        except SiteError as error:
            raise SiteError(
                f"BRANCH={self.name}: someone else published there meanwhile ({error}); nothing "
                "was changed; publish again"
            ) from error
        self._tip = self._found = commit
        self._texts = self._read()
