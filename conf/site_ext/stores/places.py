"""Where stores are: a folder, an archive, a published site by its address, a branch.

A published site has a store in each of its versions; those that it has before there were stores
have none. What a host or a branch gives is read within bounds of size and time.
"""

from __future__ import annotations

import json
import subprocess
import time
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Protocol

from site_ext.base import git as git_of
from site_ext.base import versions
from site_ext.base.errors import SiteError
from site_ext.base.git import git, succeeds
from site_ext.run import records
from site_ext.stores import pack
from site_ext.stores.pack import MIB, Pack, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Seconds in which a host must begin to answer, and a whole answer or branch must have come.
SECONDS_FIRST, SECONDS_ALL = 10, 180
SWITCHER, MOST_SWITCHER = "switcher.json", MIB


class Files(Protocol):
    """Files by their paths; ``label`` names them for readers."""

    label: str

    def read(self, path: str, most: int) -> bytes | None:
        """A file; None where there is none. Raises :exc:`Refused`, for one of more than ``most``
        bytes too."""


@contextmanager
def opened(where: str, root: Path) -> Iterator[Iterator[Pack]]:
    """The packs of the store that ``RECORDS=`` names, for the repository at ``root``.

    Raises :exc:`Refused` where it can't be reached or has none, and :exc:`SiteError` for a folder
    or file that is not there.
    """
    path = Path(where)
    if where.startswith(("http://", "https://")):
        yield _at(Address(where))
    elif path.is_dir():
        yield _in_folder(path)
    elif path.is_file():
        yield iter([_archive(Folder(path.parent), path.name, path.name)])
    elif _is_ref(where, root):
        with TemporaryDirectory(prefix="store-") as folder:
            yield _versions_or_one(Branch(where, root, Path(folder)))
    else:
        raise SiteError(
            f"RECORDS={where}: neither a folder nor an archive nor an address (https://…) nor a "
            "branch (origin/gh-pages); name one"
        )


def _at(address: Address) -> Iterator[Pack]:
    if address.base.endswith(".zip/"):
        name = address.base.rstrip("/").rpartition("/")[2]
        address.base = address.base.rstrip("/").rpartition("/")[0] + "/"
        return iter([_archive(address, name, address.label)])
    return _versions_or_one(address)


def _in_folder(path: Path) -> Iterator[Pack]:
    """A version, a site, the folder that holds archive and manifest, or one of plain records."""
    files = Folder(path)
    if (path / pack.MANIFEST).is_file():
        return iter([_pack(files, "", files.label)])
    plain = sorted(path.glob("*.json"))
    if not (path / SWITCHER).is_file() and not (path / pack.FOLDER).is_dir() and plain:
        return iter([_plain(files.label, plain)])
    return _versions_or_one(files)


def _versions_or_one(files: Files) -> Iterator[Pack]:
    """The pack of one version, or those of each version of a site, dev first, then the newest."""
    if files.read(f"{pack.FOLDER}/{pack.MANIFEST}", pack.MOST_MANIFEST) is not None:
        yield _pack(files, f"{pack.FOLDER}/", files.label)
        return
    switcher = files.read(SWITCHER, MOST_SWITCHER)
    if switcher is None:
        raise Refused(f"{files.label} has no records: neither {pack.FOLDER}/ nor {SWITCHER}")
    found = False
    for version in _named(switcher):
        folder = f"{version}/{pack.FOLDER}/"
        if files.read(folder + pack.MANIFEST, pack.MOST_MANIFEST) is not None:
            found = True
            yield _pack(files, folder, f"{files.label}, {version}")
    if not found:
        raise Refused(f"{files.label} has no version that carries records")


def _named(switcher: bytes) -> list[str]:
    """The versions in a site's list."""
    try:
        named = [entry["version"] for entry in json.loads(switcher)]
        good = [name for name in named if isinstance(name, str) and versions.is_version(name)]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Refused(f"its {SWITCHER} is no list of versions: {error!r}") from None
    return versions.in_order(good[:100])


def _pack(files: Files, folder: str, label: str) -> Pack:
    """The pack in a folder of ``files``; its archive is read when something of it is wanted."""
    told = files.read(folder + pack.MANIFEST, pack.MOST_MANIFEST)
    assert told is not None
    known = pack.manifest(told)
    got: list[Pack] = []

    def get(listed: pack.Listed) -> bytes:
        if not got:
            got.append(_archive(files, folder + pack.ARCHIVE, label, known))
        return got[0].bytes_of(listed)

    return Pack(label, known.records, get)


def _archive(files: Files, path: str, label: str, known: pack.Manifest | None = None) -> Pack:
    data = files.read(path, pack.MOST_ARCHIVE)
    if data is None:
        raise Refused(f"there is no {path}")
    return pack.opened(label, data, known)


def _plain(label: str, paths: list[Path]) -> Pack:
    """Records that lie in a folder as they were made, without a manifest."""
    found: dict[str, tuple[pack.Listed, bytes]] = {}
    for path in paths[: pack.MOST_LISTED]:
        with suppress(*records.UNREADABLE, OSError):
            text = path.read_bytes() if path.stat().st_size <= pack.MOST_RECORD else b""
            record = records.decoded(text)
            if record and path.name == records.file_name(record.name):
                found[record.name] = pack.list_of(record, text), text
    return Pack(label, (one for one, _ in found.values()), lambda one: found[one.name][1])


class Folder:
    """Files in a folder; what is published of where it is, is its last name."""

    def __init__(self, path: Path) -> None:
        self.path, self.label = path, path.resolve().name

    def read(self, path: str, most: int) -> bytes | None:
        try:
            with open(self.path / path, "rb") as file:
                return _bounded(file.read, path, most)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise Refused(f"{self.path / path}: {error.strerror}") from None


def _bounded(read: Callable[[int], bytes], path: str, most: int) -> bytes:
    found = read(most + 1)
    if len(found) > most:
        raise Refused(f"{path} has more than {most // MIB} MiB")
    return found


class Address:
    """Files of a host."""

    def __init__(self, address: str) -> None:
        self.base = self.label = address.rstrip("/") + "/"

    def read(self, path: str, most: int) -> bytes | None:
        # Not needed where no address is given, and slow to import.
        import requests  # noqa: PLC0415

        until, parts, size = time.monotonic() + SECONDS_ALL, [], 0
        try:
            with requests.get(self.base + path, stream=True, timeout=SECONDS_FIRST) as answer:
                if answer.status_code in (404, 410):
                    return None
                answer.raise_for_status()
                for part in answer.iter_content(64 * 1024):
                    parts.append(part)
                    size += len(part)
                    if size > most:
                        raise Refused(f"{path} has more than {most // MIB} MiB")
                    if time.monotonic() > until:
                        raise Refused(f"{path} did not come within {SECONDS_ALL} s")
        except requests.RequestException as error:
            raise Refused(f"{self.base}{path} can't be had: {_short(error)}") from None
        return b"".join(parts)


def _short(error: Exception) -> str:
    """The last cause of an error, in few words."""
    told = str(error.args[0] if error.args else error)
    return told.rpartition(": ")[2].strip("')\" ") or type(error).__name__


def _is_ref(where: str, root: Path) -> bool:
    """Whether it reads as a branch, of a remote or of this repository."""
    return succeeds(root, "check-ref-format", "--branch", where) and (
        where.partition("/")[0] in _remotes(root)
        or succeeds(root, "rev-parse", "-q", "--verify", f"refs/heads/{where}")
    )


def _remotes(root: Path) -> list[str]:
    with suppress(SiteError):
        return git(root, "remote").splitlines()
    return []


class Branch:
    """Files of a branch, of the remote's newest commit or of one here.

    The repository itself stays as it is: of a remote's branch a shallow clone is made, which
    gets those files only that are read, where the host can do that.
    """

    def __init__(self, where: str, root: Path, folder: Path) -> None:
        self.label = where
        remote, _, name = where.partition("/")
        if remote not in _remotes(root):
            self.repository, self.commit = root, f"refs/heads/{where}"
            return
        address = git(root, "remote", "get-url", remote)
        if (root / address).is_dir():  # told from the repository's folder
            address = str(root / address)
        self.repository, self.commit = folder / "branch.git", "HEAD"
        self._clone(address, name)

    def _clone(self, address: str, name: str) -> None:
        command = [
            "git", "clone", "-q", "--bare", "--depth=1", "--filter=blob:none", "--single-branch",
            "--no-tags", "--branch", name, "--", address, str(self.repository),
        ]  # fmt: skip
        # Nobody is there to be asked for a password.
        quiet = {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "true", "LC_ALL": "C"}
        try:
            done = subprocess.run(
                command, check=False, capture_output=True, text=True, timeout=SECONDS_ALL,
                env=git_of.environment() | quiet,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise Refused(f"{self.label} did not come within {SECONDS_ALL} s") from None
        if done.returncode:
            said = [line for line in done.stderr.splitlines() if not line.startswith("warning")]
            raise Refused(f"{self.label} can't be had: {(said or ['git failed'])[-1]}")

    def read(self, path: str, most: int) -> bytes | None:
        ask = partial(git, self.repository, "cat-file")
        try:
            if git(self.repository, "ls-tree", self.commit, "--", path) == "":
                return None
            if int(ask("-s", f"{self.commit}:{path}")) > most:
                raise Refused(f"{path} has more than {most // MIB} MiB")
            return git_of.blobs(self.repository, self.commit, [path]).get(path)
        except (SiteError, subprocess.CalledProcessError, ValueError) as error:
            raise Refused(f"{self.label}: {error}") from None
