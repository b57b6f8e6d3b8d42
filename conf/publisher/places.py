"""Where a site stands, and how it changes: in one step, or not at all.

A :class:`Folder` is served as it stands, a :class:`Branch` by a host such as GitHub Pages.
Both are read and published to in the same way; neither touches what is there already, so
that publishing costs the same however many versions there are.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import os
import shutil
import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Protocol

from publisher import releases, repository, root
from site_ext import versions
from site_ext.errors import SiteError
from site_ext.records import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from publisher.releases import Release

#: Where a publication is prepared: in the site, to be on the same disk, but linked by nothing.
ASIDE = ".publishing"


class Place(Protocol):
    """What the commands need of a place."""

    def published(self) -> dict[str, Release]:
        """The versions that stand there."""

    def publish(self, built: Path, release: Release, site_url: str) -> None:
        """Put the pages in ``built`` there and make the root anew."""


def require_new(known: dict[str, Release], version: str) -> None:
    """Raise :exc:`SiteError` if ``version`` is there and must stay as it is."""
    if version in known and version != versions.DEV:
        raise SiteError(
            f"version {version} is published already (made of {known[version].commit[:10]}), and "
            "a published release never changes; release a new version, or publish dev"
        )


class Folder:
    """A site in a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._aside = path / ASIDE

    def published(self) -> dict[str, Release]:
        if not self.path.is_dir():
            return {}
        self._require_site()
        found = [entry.name for entry in self.path.iterdir() if versions.is_version(entry.name)]
        for version in self._in_switcher():
            if version not in found:
                raise SiteError(
                    f"{self.path / root.SWITCHER} lists version {version}, but there is no "
                    f"folder {self.path / version}; put it back, or delete the list's entry"
                )
        return {name: releases.read_folder(self.path / name, name) for name in found}

    def _require_site(self) -> None:
        """Raise :exc:`SiteError` for a folder that holds something else."""
        ours = (
            self._unfinished(),
            self.path / root.SWITCHER,
            *self.path.glob(f"*/{releases.ABOUT}"),
        )
        if any(path.exists() for path in ours):
            return
        taken = [name for name in root.FILES if (self.path / name).exists()]
        if taken:
            raise SiteError(
                f"{self.path} has {', '.join(taken)} but no {root.SWITCHER}: it is no site of "
                "ours; name an empty folder, or move these away"
            )

    def _in_switcher(self) -> list[str]:
        path = self.path / root.SWITCHER
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        return root.versions_in_switcher(text, str(path))

    def __str__(self) -> str:
        return f"in {self.path}"

    def publish(self, built: Path, release: Release, site_url: str) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        with self._locked(), self._telling_of_disks():
            self._finish()
            known = self.published()
            require_new(known, release.version)
            new = self._aside / "new"
            try:
                new.mkdir(parents=True)
                _move(built, new / release.version)
                root.write(new, known | {release.version: release}, site_url)
            except BaseException:
                shutil.rmtree(self._aside, ignore_errors=True)
                raise
            # From here on it is done, by this run or by the next.
            moves = [(name, (new / name).stat().st_ino) for name in _pieces(new, release.version)]
            write_whole(self._unfinished(), json.dumps(moves))
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
    def _locked(self) -> Iterator[None]:
        handle = os.open(self.path, os.O_RDONLY)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise SiteError(
                    f"{self.path}: another publication is under way; wait for its end"
                ) from error
            yield
        finally:
            os.close(handle)

    @contextmanager
    def _telling_of_disks(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            # Copying a folder reports what failed as a list of (from, to, why).
            why = error.args[0][0][2] if isinstance(error, shutil.Error) else error.strerror
            free = shutil.disk_usage(self.path).free // 2**20
            raise SiteError(
                f"{self.path}: {why}, with {free} MiB free on that disk. No version was changed; "
                "make room, or name another folder with SITE=, and publish again"
            ) from error


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


class Branch:
    """A site on a branch of this repository, taken from its remote first."""

    def __init__(self, repo: Path, name: str, remote: str = "origin") -> None:
        self.repo, self.name = repo, name
        self._tip = self._fetch(remote)

    def _fetch(self, remote: str) -> str:
        """The commit to build upon; empty where there is no such branch yet."""
        git = partial(repository.git, self.repo)
        theirs = ""
        if remote in git("remote").splitlines() and git("ls-remote", "--heads", remote, self.name):
            git("fetch", "-q", remote, f"+refs/heads/{self.name}:refs/remotes/{remote}/{self.name}")
            theirs = git("rev-parse", f"refs/remotes/{remote}/{self.name}")
        here = f"refs/heads/{self.name}"
        has = partial(repository.succeeds, self.repo)
        ours = git("rev-parse", here) if has("rev-parse", "-q", "--verify", here) else ""
        if ours and theirs and ours != theirs:
            if has("merge-base", "--is-ancestor", theirs, ours):
                return ours
            if not has("merge-base", "--is-ancestor", ours, theirs):
                raise SiteError(
                    f"the branch {self.name} here and that of {remote} have parted; delete the "
                    f"one here with `git branch -D {self.name}` if nothing on it is missing there"
                )
        return theirs or ours

    def published(self) -> dict[str, Release]:
        if not self._tip:
            return {}
        names = repository.git(self.repo, "ls-tree", "--name-only", self._tip).splitlines()
        found = [name for name in names if versions.is_version(name)]
        return {
            name: releases.read(name, partial(self._text, name), f"{self.name}:{name}")
            for name in found
        }

    def _text(self, version: str, name: str) -> str:
        path = f"{self._tip}:{version}/{name}"
        if not repository.succeeds(self.repo, "cat-file", "-e", path):
            raise FileNotFoundError(path)
        return repository.git(self.repo, "show", path)

    def __str__(self) -> str:
        return f"on the branch {self.name}; push it with `git push origin {self.name}`"

    def publish(self, built: Path, release: Release, site_url: str) -> None:
        known = self.published()
        require_new(known, release.version)
        with TemporaryDirectory() as folder:
            new, index = Path(folder) / "new", str(Path(folder) / "index")
            new.mkdir()
            _move(built, new / release.version)
            root.write(new, known | {release.version: release}, site_url)
            self._commit(new, index, f"Publish version {release.version}")

    def _commit(self, new: Path, index: str, message: str) -> None:
        """One commit: the tip, with the pieces in ``new`` in place of those of their names."""
        git = partial(repository.git, self.repo, index=index)
        if self._tip:
            git("read-tree", self._tip)
            gone = sorted(entry.name for entry in new.iterdir())
            git("rm", "-r", "-f", "-q", "--cached", "--ignore-unmatch", "--", *gone)
        git(f"--work-tree={new}", "add", "--force", "--no-all", ".")
        tree = git("write-tree")
        parent = ["-p", self._tip] if self._tip else []
        commit = git("commit-tree", tree, *parent, "-m", message)
        # The branch moves in one step, and only from where it was found.
        old = [self._old()] if self._old() else []
        git("update-ref", "-m", message, f"refs/heads/{self.name}", commit, *old)
        self._tip = commit

    def _old(self) -> str:
        here = f"refs/heads/{self.name}"
        if not repository.succeeds(self.repo, "rev-parse", "-q", "--verify", here):
            return ""
        return repository.git(self.repo, "rev-parse", here)
