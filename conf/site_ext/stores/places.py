"""Where stores are: a folder, an archive, a published site by its address, a branch.

A published site has a store in each of its versions; those that it has before there were stores
have none. What a host or a branch gives is read within bounds of size and time.
"""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Protocol

from site_ext.base import versions
from site_ext.base.errors import SiteError
from site_ext.base.git import succeeds
from site_ext.run import records
from site_ext.stores import pack
from site_ext.stores.hosts import Address, Branch, remotes
from site_ext.stores.pack import MIB, Pack, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SWITCHER, MOST_SWITCHER = "switcher.json", MIB
#: Versions of a site that are asked.
MOST_VERSIONS = 100


class Files(Protocol):
    """Files by their paths; ``label`` names them for readers."""

    label: str

    def read(self, path: str, most: int) -> bytes | None:
        """A file; None where there is none. Raises :exc:`Refused`, for one of more than ``most``
        bytes too."""


@contextmanager
def opened(
    where: str, root: Path, tell: Callable[[str], None] = lambda told: None
) -> Iterator[Iterator[Pack]]:
    """The packs of the store that ``RECORDS=`` names, for the repository at ``root``; of a site, a
    version whose records are not usable is told and left out.

    Raises :exc:`Refused` where it can't be reached or has none, and :exc:`SiteError` for a folder
    or file that is not there.
    """
    path = Path(where)
    if where.startswith(("http://", "https://")):
        yield _at(Address(where), tell)
    elif path.is_dir():
        yield _in_folder(path, tell)
    elif path.is_file():
        yield iter([_archive(Folder(path.parent), path.name, path.name)])
    elif _is_ref(where, root):
        with TemporaryDirectory(prefix="store-") as folder:
            yield _versions_or_one(Branch(where, root, Path(folder)), tell)
    else:
        raise SiteError(
            f"RECORDS={where}: neither a folder nor an archive nor an address (https://…) nor a "
            "branch (origin/gh-pages); name one"
        )


def _at(address: Address, tell: Callable[[str], None]) -> Iterator[Pack]:
    if address.base.endswith(".zip/"):
        name = address.base.rstrip("/").rpartition("/")[2]
        address.base = address.base.rstrip("/").rpartition("/")[0] + "/"
        return iter([_archive(address, name, address.label)])
    return _versions_or_one(address, tell)


def _in_folder(path: Path, tell: Callable[[str], None]) -> Iterator[Pack]:
    """A version, a site, the folder that holds archive and manifest, or one of plain records."""
    files = Folder(path)
    if (path / pack.MANIFEST).is_file():
        return iter([_pack(files, "", files.label)])
    plain = sorted(path.glob("*.json"))
    if not (path / SWITCHER).is_file() and not (path / pack.FOLDER).is_dir() and plain:
        return iter([_plain(files.label, plain)])
    return _versions_or_one(files, tell)


def _versions_or_one(files: Files, tell: Callable[[str], None]) -> Iterator[Pack]:
    """The pack of one version, or those of each version of a site, dev first, then the newest."""
    if files.read(f"{pack.FOLDER}/{pack.MANIFEST}", pack.MOST_MANIFEST) is not None:
        yield _pack(files, f"{pack.FOLDER}/", files.label)
        return
    switcher = files.read(SWITCHER, MOST_SWITCHER)
    if switcher is None:
        raise Refused(f"{files.label} has no records: neither {pack.FOLDER}/ nor {SWITCHER}")
    found = False
    for version in _named(switcher):
        folder, label = f"{version}/{pack.FOLDER}/", f"{files.label}, {version}"
        try:
            if files.read(folder + pack.MANIFEST, pack.MOST_MANIFEST) is None:
                continue
            one = _pack(files, folder, label)
        except Refused as refused:
            tell(f"{label}: {refused}")
        else:
            yield one
        found = True
    if not found:
        raise Refused(f"{files.label} has no version that carries records")


def _named(switcher: bytes) -> list[str]:
    """The versions in a site's list."""
    try:
        named = [entry["version"] for entry in json.loads(switcher)]
        good = [name for name in named if isinstance(name, str) and versions.is_version(name)]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Refused(f"its {SWITCHER} is no list of versions: {error!r}") from None
    return versions.in_order(good[:MOST_VERSIONS])


def _pack(files: Files, folder: str, label: str) -> Pack:
    """The pack in a folder of ``files``; its archive is read when something of it is wanted."""
    told = files.read(folder + pack.MANIFEST, pack.MOST_MANIFEST)
    if told is None:
        raise Refused(f"{folder}{pack.MANIFEST} is gone")
    known = pack.manifest(told)
    got: list[Pack] = []

    def get(listed: pack.Listed) -> bytes:
        if not got:
            try:
                got.append(_archive(files, folder + pack.ARCHIVE, label, known))
            except Refused as refused:
                raise pack.Unusable(str(refused)) from None
        return got[0].bytes_of(listed)

    return Pack(label, known.records, get)


def _archive(files: Files, path: str, label: str, known: pack.Manifest | None = None) -> Pack:
    data = files.read(path, pack.MOST_ARCHIVE)
    if data is None:
        raise Refused(f"there is no {path}")
    return pack.opened(label, data, known)


def _plain(label: str, paths: list[Path]) -> Pack:
    """Records that lie in a folder as they were made, without a manifest."""
    found: dict[str, tuple[pack.Listed, Path]] = {}
    for path in paths[: pack.MOST_LISTED]:
        with suppress(*records.UNREADABLE, OSError, Refused):
            text = _bounded(path, pack.MOST_RECORD)
            record = records.decoded(text)
            if record and path.name == records.file_name(record.name):
                found[record.name] = pack.list_of(record, text), path
    return Pack(
        label,
        (one for one, _ in found.values()),
        lambda one: _bounded(found[one.name][1], pack.MOST_RECORD),
    )


def _bounded(path: Path, most: int) -> bytes:
    """A file that is one, and not larger than it may be."""
    if not path.is_file():
        raise FileNotFoundError(path)
    with open(path, "rb") as file:
        found = file.read(most + 1)
    if len(found) > most:
        raise Refused(f"{path.name} has more than {most // MIB} MiB")
    return found


class Folder:
    """Files in a folder; what is published of where it is, is its last name."""

    def __init__(self, path: Path) -> None:
        self.path, self.label = path, path.resolve().name or "a folder"

    def read(self, path: str, most: int) -> bytes | None:
        try:
            return _bounded(self.path / path, most)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise Refused(f"{self.path / path}: {error.strerror}") from None


def _is_ref(where: str, root: Path) -> bool:
    """Whether it reads as a branch, of a remote or of this repository."""
    return succeeds(root, "check-ref-format", "--branch", where) and (
        where.partition("/")[0] in remotes(root)
        or succeeds(root, "rev-parse", "-q", "--verify", f"refs/heads/{where}")
    )
