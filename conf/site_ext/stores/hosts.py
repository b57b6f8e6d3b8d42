"""Files of a host and of a branch, within bounds of size and time."""

from __future__ import annotations

import re
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from site_ext.base import git as git_of
from site_ext.base.errors import SiteError
from site_ext.base.git import git
from site_ext.stores.pack import MIB, Refused

if TYPE_CHECKING:
    from pathlib import Path

#: Seconds in which a host must begin to answer, and all that is asked of it must have come.
SECONDS_FIRST, SECONDS_ALL = 10, 180
#: Redirects that are followed.
MOST_HOPS = 5


def shown(where: str) -> str:
    """An address for others to read: a name and a password in it are nobody's business."""
    return re.sub(r"//[^/]*@", "//", where)


class Address:
    """Files of a host, all within one span of time."""

    def __init__(self, address: str) -> None:
        self.base = address.rstrip("/") + "/"
        self.label = shown(self.base)
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


def remotes(root: Path) -> list[str]:
    try:
        return git(root, "remote").splitlines()
    except SiteError:
        return []


class Branch:
    """Files of a branch, of the remote's newest commit or of one here.

    The repository itself stays as it is: of a remote's branch a shallow clone is made, which
    gets those files only that are read, where the host can do that.
    """

    def __init__(self, where: str, root: Path, folder: Path) -> None:
        self.label, self._until = where, time.monotonic() + SECONDS_ALL
        remote, _, name = where.partition("/")
        if remote not in remotes(root):
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
                env=git_of.environment() | quiet | {"GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh"},
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise Refused(f"{self.label} did not come within {SECONDS_ALL} s") from None
