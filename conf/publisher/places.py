"""Where a site stands, and how it changes: in one step, or not at all.

A :class:`Folder` is served as it stands, a :class:`Branch` by a host such as GitHub Pages.
Both are read and published to in the same way; neither touches what is there already, so
that publishing costs the same however many versions there are.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import shutil
import sys
from abc import ABC, abstractmethod
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from publisher import releases, repository, root
from site_ext.base import versions
from site_ext.base.errors import SiteError
from site_ext.run.records import locked, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from publisher.releases import Release

#: Where a publication is prepared: in the site, to be on the same disk, but linked by nothing.
ASIDE = ".publishing"


class Place(ABC):
    """A site, wherever it stands."""

    @abstractmethod
    def names(self) -> list[str]:
        """What stands at the site's root."""

    @abstractmethod
    def text(self, path: str) -> str:
        """A file's text; raises OSError where there is none."""

    @abstractmethod
    def named(self, path: str = "") -> str:
        """What to call the site, or a file in it."""

    @abstractmethod
    def recover(self) -> None:
        """Do what is left to do of a publication that was cut off."""

    @abstractmethod
    def publish(self, built: Path, release: Release, site_url: str) -> None:
        """Put the pages in ``built`` there and make the root anew."""

    def published(self) -> dict[str, Release]:
        """The versions that stand there; raises :exc:`SiteError` for what can't be a site."""
        names = self.names()
        found = [name for name in names if versions.is_version(name)]
        taken = [name for name in (*root.FILES, *releases.PER_PAGE) if name in names]
        if taken and not found and root.SWITCHER not in names:
            raise SiteError(
                f"{self.named()} has {', '.join(taken)} but no {root.SWITCHER}: it is no site of "
                "ours; name an empty folder or a new branch, or move these away"
            )
        for version in self._in_switcher() if root.SWITCHER in names else []:
            if version not in found:
                raise SiteError(
                    f"{self.named(root.SWITCHER)} lists version {version}, but there is no "
                    f"{self.named(version)}; put it back, or delete the list's entry"
                )
        return {
            name: releases.read(name, partial(self._text_of, name), self.named(name))
            for name in found
        }

    def address(self) -> str:
        """The address that the site was last published for; empty if none was given."""
        with suppress(OSError, ValueError, SiteError):
            return root.address_in_robots(self.text(root.ROBOTS))
        return ""

    def _text_of(self, version: str, name: str) -> str:
        return self.text(f"{version}/{name}")

    def _in_switcher(self) -> list[str]:
        where = self.named(root.SWITCHER)
        try:
            return root.versions_in_switcher(self.text(root.SWITCHER), where)
        except UnicodeDecodeError as error:
            raise SiteError(
                f"{where}: not a list of versions ({error}); {root.MADE_ANEW}"
            ) from error


def require_new(known: dict[str, Release], version: str) -> None:
    """Raise :exc:`SiteError` if ``version`` is there and must stay as it is."""
    if version in known and version != versions.DEV:
        raise SiteError(
            f"version {version} is published already (made of {known[version].commit[:10]}), and "
            "a published release never changes; release a new version, or publish this as dev "
            "with DEV=1"
        )


@contextmanager
def _telling_why(where: str) -> Iterator[None]:
    """Make the system's errors into ours."""
    try:
        yield
    except OSError as error:
        # Copying a folder reports what failed as a list of (from, to, why).
        why = str(error.args[0][0][2]) if isinstance(error, shutil.Error) else str(error)
        full = error.errno in {errno.ENOSPC, errno.EDQUOT} or os.strerror(errno.ENOSPC) in why
        repair = "make room, or publish elsewhere with SITE=" if full else "repair that"
        raise SiteError(
            f"{where}: {why}. No published version was changed; {repair}, and publish again"
        ) from error


class Folder(Place):
    """A site in a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._aside = path / ASIDE
        if path.exists() and not path.is_dir():
            raise SiteError(f"SITE={path}: a file, not a folder; name another")

    def __str__(self) -> str:
        return f"in {self.path}"

    def names(self) -> list[str]:
        return sorted(entry.name for entry in self.path.iterdir()) if self.path.is_dir() else []

    def text(self, path: str) -> str:
        return (self.path / path).read_text(encoding="utf-8")

    def named(self, path: str = "") -> str:
        return str(self.path / path)

    def recover(self) -> None:
        if self._aside.exists():
            with self._changing():
                self._finish()

    def publish(self, built: Path, release: Release, site_url: str) -> None:
        with _telling_why(str(self.path)):
            self.path.mkdir(parents=True, exist_ok=True)
        with self._changing():
            self._finish()
            known = self.published()
            require_new(known, release.version)
            new = self._aside / "new"
            try:
                new.mkdir(parents=True)
                _move(built, new / release.version)
                root.write(new, known | {release.version: release}, site_url)
                names = _pieces(new, release.version)
                moves = [(name, (new / name).stat().st_ino) for name in names]
                # From here on it is done: by this run, or by the next.
                write_whole(self._unfinished(), json.dumps(moves))
            except BaseException:
                shutil.rmtree(self._aside, ignore_errors=True)
                raise
            self._finish()

    def _unfinished(self) -> Path:
        return self._aside / "moves.json"

    def _finish(self) -> None:
        """Do what is left to do of a publication that was prepared in full; forget another."""
        if self._unfinished().exists():
            for name, inode in json.loads(self._unfinished().read_text(encoding="utf-8")):
                _move_in(self._aside / "new" / name, self.path / name, inode)
        if self._aside.exists():
            # The list goes last: without it, what is left over is just thrown away.
            shutil.rmtree(self._aside / "new", ignore_errors=True)
            shutil.rmtree(self._aside)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Alone, and with errors that name the folder."""
        with (
            locked(self.path, "another publication is under way"),
            _telling_why(str(self.path)),
        ):
            yield


def _pieces(new: Path, version: str) -> list[str]:
    """What is moved in, in order: the version, what leads to it, and the list of versions."""
    first, last = [version], [root.SWITCHER]
    names = sorted(entry.name for entry in new.iterdir())
    return [*first, *(name for name in names if name not in first + last), *last]


def _move(source: Path, target: Path) -> None:
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        shutil.copytree(source, target)


def _move_in(new: Path, place: Path, inode: int) -> None:
    """Put ``new`` into its place in one step, unless it is there: its inode tells."""
    if not new.exists() or (place.exists() and place.stat().st_ino == inode):
        return
    if place.is_dir() and not _exchange(new, place):
        # Two steps where the system has no single one; between them a reader finds nothing.
        place.rename(new.with_name(f".old-{new.name}"))
        new.rename(place)
    elif new.exists() and new.stat().st_ino == inode:
        new.replace(place)


def _exchange(one: Path, other: Path) -> bool:
    """Let two paths exchange what they name, in one step; False where that can't be had."""
    library = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(one), os.fsencode(other)
    if sys.platform == "linux" and hasattr(library, "renameat2"):
        here = -100  # AT_FDCWD; the last argument is RENAME_EXCHANGE
        failed = library.renameat2(here, names[0], here, names[1], 2)
    elif sys.platform == "darwin" and hasattr(library, "renamex_np"):
        failed = library.renamex_np(*names, 2)  # RENAME_SWAP
    else:
        return False
    if failed and ctypes.get_errno() not in {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(other))
    return not failed


class Branch(Place):
    """A site on a branch of this repository, taken from its remote first."""

    def __init__(self, repo: Path, name: str, remote: str = "origin") -> None:
        self.repo, self.name = repo, name
        self._ref = f"refs/heads/{name}"
        if not repository.succeeds(repo, "check-ref-format", self._ref):
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
        return repository.blobs(self.repo, self._tip, wanted) if self._tip else {}

    def __str__(self) -> str:
        return f"on the branch {self.name}; push it with `git push origin {self.name}`"

    def _git(self, *arguments: str, index: str | None = None, given: str | None = None) -> str:
        return repository.git(self.repo, *arguments, index=index, given=given)

    def _commit_of(self, ref: str) -> str:
        exists = repository.succeeds(self.repo, "rev-parse", "-q", "--verify", ref)
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
        has = partial(repository.succeeds, self.repo, "merge-base", "--is-ancestor")
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
        with _telling_why(f"BRANCH={self.name}"), TemporaryDirectory() as folder:
            new, index = Path(folder) / "new", str(Path(folder) / "index")
            new.mkdir()
            _move(built, new / release.version)
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
        blobs = self._git(*write, given="".join(f"{path}\n" for path in files)).splitlines()
        entries = "".join(
            f"100644 {blob}\t{path.relative_to(new).as_posix()}\n"
            for blob, path in zip(blobs, files, strict=True)
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
