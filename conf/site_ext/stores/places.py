"""Where stores are: a folder, an archive, a published site by its address, a branch.

A published site has a store in each of its versions; those that it has before there were stores
have none. What a host or a branch gives is read within bounds of size and time.
"""

from __future__ import annotations

import json
import re
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urljoin

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
#: Redirects that are followed, versions of a site that are asked.
MOST_HOPS, MOST_VERSIONS = 5, 100


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


class Address:
    """Files of a host, all within one span of time."""

    def __init__(self, address: str) -> None:
        self.base = address.rstrip("/") + "/"
        # A name and a password in it are nobody's business.
        self.label = re.sub(r"//[^/]*@", "//", self.base)
        self._until = time.monotonic() + SECONDS_ALL

    def read(self, path: str, most: int) -> bytes | None:
        name, answer = self.label + path, _Answer(self.base + path, most)
        # In a thread of its own: a host that sends a byte now and then holds up nobody.
        thread = threading.Thread(target=answer.get, daemon=True)
        thread.start()
        thread.join(max(0.0, self._until - time.monotonic()))
        if thread.is_alive():
            answer.late = True
            raise Refused(f"{name} did not come within {SECONDS_ALL} s")
        if isinstance(answer.found, Refused):
            raise Refused(f"{name} {answer.found}")
        if isinstance(answer.found, Exception):
            raise Refused(f"{name} can't be had: {_short(answer.found)}")
        return answer.found


@dataclass
class _Answer:
    """What a host answers, in the end: bytes, None for a file that is not there, or an error."""

    address: str
    most: int
    found: bytes | Exception | None = None
    late: bool = False

    def get(self) -> None:
        try:
            self.found = self._got()
        except Exception as error:  # noqa: BLE001 - whatever a host leads the library to
            self.found = error

    def _got(self) -> bytes | None:
        # Not needed where no address is given, and slow to import.
        import requests  # noqa: PLC0415

        address, kept = self.address, bytearray()
        for _ in range(MOST_HOPS):
            plain = {"Accept-Encoding": "identity"}
            with requests.get(
                address, stream=True, timeout=SECONDS_FIRST, headers=plain, allow_redirects=False
            ) as answer:
                if answer.is_redirect:
                    address = urljoin(address, answer.headers["location"])
                    if not address.startswith(("http://", "https://")):
                        raise Refused("leads elsewhere than to a host")
                    continue
                if answer.status_code in (404, 410):
                    return None
                answer.raise_for_status()
                for part in answer.iter_content(16 * 1024):
                    kept += part
                    if len(kept) > self.most:
                        raise Refused(f"has more than {self.most // MIB} MiB")
                    if self.late:
                        return None
                return bytes(kept)
        raise Refused("leads from address to address")


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
        self.label, self._until = where, time.monotonic() + SECONDS_ALL
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
        done = self._run(command)
        if done.returncode:
            said = done.stderr.decode(errors="replace").splitlines()
            kept = [line for line in said if not line.startswith("warning")]
            raise Refused(f"{self.label} can't be had: {(kept or ['git failed'])[-1]}")

    def read(self, path: str, most: int) -> bytes | None:
        named = f"{self.commit}:{path}"
        if not self._git("ls-tree", self.commit, "--", path):
            return None
        # A host that gives files one by one gives this one now.
        if int(self._git("cat-file", "-s", named)) > most:
            raise Refused(f"{path} has more than {most // MIB} MiB")
        return self._git("cat-file", "blob", named)

    def _git(self, *arguments: str) -> bytes:
        done = self._run(["git", *arguments])
        if done.returncode:
            said = done.stderr.decode(errors="replace").splitlines()
            raise Refused(f"{self.label}: {(said or ['git failed'])[-1]}")
        return done.stdout

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[bytes]:
        # Nobody is there to be asked for a password, and no helper runs that an address names.
        quiet = {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "true", "LC_ALL": "C"}
        folder = self.repository if self.repository.exists() else None
        try:
            return subprocess.run(
                command, check=False, capture_output=True, timeout=max(1.0, self._until - time.monotonic()), cwd=folder,
                env=git_of.environment() | quiet | {"GIT_PROTOCOL_FROM_USER": "0"},
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise Refused(f"{self.label} did not come within {SECONDS_ALL} s") from None
