"""Where a site stands, and how it changes: whole at each moment.

A :class:`Folder` is served as it stands, a :class:`~publisher.branch.Branch` by a host such as
GitHub Pages. Both are read and published to in the same way; neither touches what is there
already, so that publishing costs the same however many versions there are.

In a folder, the version is moved in first, and what leads to it after, each in one step. All
that is at the root is made from the versions, ``stable/`` among it, whose files are the preferred
version's own where the disk lets one file have two names. So whoever comes after a publication that
was cut off makes it anew.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import sys
from abc import ABC, abstractmethod
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from publisher import releases, root
from site_ext.base import versions
from site_ext.base.errors import SiteError
from site_ext.base.files import locked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from publisher.releases import Release

#: Where a publication is prepared: in the site, to be on the same disk, but linked by nothing.
ASIDE = ".publishing"
#: What a disk says that gives a file one name only, or so many and no more.
NO_LINKS = {errno.EPERM, errno.EXDEV, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS, errno.EACCES}
#: Begins the name of a folder there that the one of its name is to replace.
OLD = ".old-"


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
    def recover(self, site_url: str = "") -> None:
        """Do what is left to do of a publication that was cut off, at ``site_url`` if that is given."""

    @abstractmethod
    def publish(self, built: Path, release: Release, site_url: str) -> None:
        """Put the pages in ``built`` there and make the root anew."""

    def refs(self, version: str) -> list[str]:
        """What git has to push for a version to be seen."""
        return []

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
def telling_why(where: str) -> Iterator[None]:
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

    def recover(self, site_url: str = "") -> None:
        if self._aside.exists():
            with self._changing():
                self._put_back()
                known = self.published()
                if known:
                    self._write_root(known, site_url or self.address())
                shutil.rmtree(self._aside)

    def publish(self, built: Path, release: Release, site_url: str) -> None:
        self.recover(site_url)
        with telling_why(str(self.path)):
            self.path.mkdir(parents=True, exist_ok=True)
        with self._changing():
            known = self.published()
            require_new(known, release.version)
            try:
                self._prepared.mkdir(parents=True)
                move(built, self._prepared / release.version)
                self._write(self._prepared, known | {release.version: release}, site_url)
            except BaseException:
                shutil.rmtree(self._aside, ignore_errors=True)
                raise
            # From here on the root changes: whatever fails, `recover` makes it anew.
            self._forget_pages(known, release, site_url)
            self._move_in(first=release.version)
            shutil.rmtree(self._aside)

    def _forget_pages(self, known: dict[str, Release], release: Release, site_url: str) -> None:
        """Have nothing at the root lead to pages that the new one in a version's place lacks.

        They themselves lead to theirs at the root, which stay until they are gone.
        """
        old = known.get(release.version)
        if old and not old.pages <= release.pages:
            fewer = replace(old, pages=old.pages & release.pages)
            with TemporaryDirectory(dir=self._aside) as folder:
                self._write(Path(folder), known | {release.version: fewer}, site_url, old.pages)
                _move_all(Path(folder), self.path)

    def _write_root(self, known: dict[str, Release], site_url: str) -> None:
        shutil.rmtree(self._prepared, ignore_errors=True)
        self._prepared.mkdir(parents=True)
        self._write(self._prepared, known, site_url)
        self._move_in()

    def _write(
        self,
        folder: Path,
        known: dict[str, Release],
        site_url: str,
        also: AbstractSet[str] = frozenset(),
    ) -> None:
        """The root's files, and the preferred version's under the name that stays."""
        root.write(folder, known, site_url, also)
        best = versions.preferred(known)
        here = folder / best
        _name_again(here if here.exists() else self.path / best, folder / root.STABLE)

    def _move_in(self, first: str = "") -> None:
        _move_all(self._prepared, self.path, first)

    def _put_back(self) -> None:
        """Where a folder was to be exchanged in two steps, do the second."""
        for old in self._prepared.glob(f"{OLD}*"):
            name = old.name.removeprefix(OLD)
            if not (self.path / name).exists():
                new = self._prepared / name
                (new if new.exists() else old).rename(self.path / name)

    @property
    def _prepared(self) -> Path:
        return self._aside / "new"

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Alone, and with errors that name the folder."""
        # Beside the site, in which it would be served.
        lock = self.path.with_name(f".{self.path.name}.lock")
        with telling_why(str(self.path)), locked(lock, "another publication is under way"):
            yield


def _move_all(new: Path, place: Path, first: str = "") -> None:
    """Move what is in ``new`` into the site: a version, what leads to it, the list of versions."""
    last = root.SWITCHER
    names = sorted(entry.name for entry in new.iterdir() if entry.name not in {first, last})
    for name in [*filter(None, [first]), *names, last]:
        move_in(new / name, place / name)


def _name_again(version: Path, stable: Path) -> None:
    """Have each file of a version stand in ``stable``, too, unless something stands there."""
    for path in version.rglob("*"):
        target = stable / path.relative_to(version)
        if path.is_dir() or target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            target.hardlink_to(path)
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            shutil.copy(path, target)


def move(source: Path, target: Path) -> None:
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        shutil.copytree(source, target)


def move_in(new: Path, place: Path) -> None:
    """Put ``new`` into its place in one step."""
    if not place.is_dir():
        new.replace(place)
    elif not _exchange(new, place):
        # Two steps where the system has no single one; between them a reader finds nothing.
        place.rename(new.with_name(f"{OLD}{new.name}"))
        new.rename(place)


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
