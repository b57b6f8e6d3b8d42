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
        return f"on the branch {self.name}; push it with `git push origin {self.name}`"

    def _git(self, *arguments: str, index: str | None = None, given: str | None = None) -> str:
        return git(self.repo, *arguments, index=index, given=given)

    def _commit_of(self, ref: str) -> str:
        exists = succeeds(self.repo, "rev-parse", "-q", "--verify", ref)
        return self._git("rev-parse", ref) if exists else ""

    def _fetch(self, remote: str) -> str:
        """The remote's commit; empty where it has no such branch, or where there is no remote."""
        if remote not in self._git("remote").splitlines():
            return ""
        if not self._git("ls-remote", remote, self._ref):
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

    def names(self) -> list[str]:
        return self._git("ls-tree", "--name-only", self._tip).splitlines() if self._tip else []

    def text(self, path: str) -> str:
        if path not in self._texts:
            raise FileNotFoundError(path)
        return self._texts[path].decode()

    def named(self, path: str = "") -> str:
        return f"{self.name}:{path}"

    def recover(self) -> None:
        """Nothing: a branch moves in one step."""

    def publish(self, built: Path, release: Release, site_url: str) -> None:
        known = self.published()
        require_new(known, release.version)
        with telling_why(f"BRANCH={self.name}"), TemporaryDirectory() as folder:
            new, index = Path(folder) / "new", str(Path(folder) / "index")
            new.mkdir()
            move(built, new / release.version)
            root.write(new, known | {release.version: release}, site_url)
            self._commit(new, index, f"Publish version {release.version}")

    def _commit(self, new: Path, index: str, message: str) -> None:
        """One commit: the tip, with the pieces in ``new`` in place of those of their names."""
        if self._tip:
            self._git("read-tree", self._tip, index=index)
            gone = sorted(entry.name for entry in new.iterdir())
            remove = ("rm", "-r", "-f", "-q", "--cached", "--ignore-unmatch", "--")
            self._git(*remove, *gone, index=index)
        files = sorted(path for path in new.rglob("*") if path.is_file())
        # The bytes that were checked, whatever git is told to do to lines and filters.
        write = ("hash-object", "-w", "--no-filters", "--stdin-paths")
        written = self._git(*write, given="".join(f"{path}\n" for path in files)).splitlines()
        entries = "".join(
            f"100644 {blob}\t{path.relative_to(new).as_posix()}\n"
            for blob, path in zip(written, files, strict=True)
        )
        self._git("update-index", "--add", "--index-info", index=index, given=entries)
        tree = self._git("write-tree", index=index)
        parent = ("-p", self._tip) if self._tip else ()
        commit = self._git("commit-tree", tree, *parent, "-m", message)
        try:
            self._git("update-ref", "-m", message, self._ref, commit, self._found or "0" * 40)
        except SiteError as error:
            raise SiteError(
                f"BRANCH={self.name}: someone else published there meanwhile ({error}); nothing "
                "was changed; publish again"
            ) from error
        self._tip = self._found = commit
        self._texts = self._read()
