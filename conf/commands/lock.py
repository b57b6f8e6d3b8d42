"""Pin today's versions of everything, and the hashes of their files: ``make lock``.

    python -m commands.lock

Writes constraints.txt for every platform and Python at once. torch's CPU builds are other files
than the package index's, on an index of their own (``TORCH_INDEX``), so that its pin takes the
hashes of both.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from commands.environment import TORCH_INDEX
from site_ext.base import pins
from site_ext.base.errors import SiteError
from site_ext.base.files import write_whole

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "constraints.txt"
HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64})")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        new = Path(name) / LOCK.name
        new.write_text(LOCK.read_text(encoding="utf-8"), encoding="utf-8")
        _compile(
            *("--universal", "--upgrade", "--group", "dev", "--group", "gpu", "pyproject.toml"),
            *("-o", str(new)),
        )
        wanted = Path(name) / "torch.in"
        wanted.write_text(f"torch=={pins.read(new)['torch']}+cpu\n", encoding="utf-8")
        index = os.environ.get("TORCH_INDEX") or TORCH_INDEX
        theirs = _compile("--no-deps", "--default-index", index, str(wanted))
        found = HASH.findall(theirs)
        if not found:
            raise SiteError(f"{index} has no hashes for {wanted.read_text(encoding='utf-8')}")
        write_whole(LOCK, with_hashes("torch", found, new.read_text(encoding="utf-8")))
    print(f"{LOCK.name} is new; `make html` executes what leans on what moved", flush=True)


def with_hashes(name: str, more: list[str], lock: str) -> str:
    """``lock`` with the pin of ``name`` allowing ``more`` files, beside those that it allows."""
    pin = re.compile(rf"^({re.escape(name)}==[^\n]*?) \\\n((?:    --hash=.*\n)+)", re.MULTILINE)

    def all_of(match: re.Match[str]) -> str:
        every = sorted({*HASH.findall(match[2]), *more})
        return " \\\n    ".join([match[1], *(f"--hash={one}" for one in every)]) + "\n"

    text, count = pin.subn(all_of, lock)
    if count != 1:
        raise SiteError(f"{LOCK.name}: {count} pins of {name} with hashes, where one was expected")
    return text


def _compile(*arguments: str) -> str:
    """What uv says of a set of requirements, on the oldest Python that is supported."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--python-version=3.11"]
    command += ["--no-header", "--no-annotate", "--generate-hashes", *arguments]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SiteError(f"uv could not pin the versions, and nothing was changed:\n{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    try:
        main()
    except SiteError as error:
        sys.exit(f"make lock: {error}")
