"""The machine and the commit that a build runs on."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


#: Ends a commit's name where files differed from it.
CHANGES = "+changes"
#: From `git rev-parse --local-env-vars`.
_OF_A_REPOSITORY = {
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT",
    "GIT_OBJECT_DIRECTORY", "GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE", "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE", "GIT_PREFIX",
    "GIT_SHALLOW_FILE", "GIT_COMMON_DIR",
}  # fmt: skip


@cache
def describe() -> dict[str, str | int | float | None]:
    """``cpu``, ``cores`` usable here, ``ram_gib``, ``os`` and ``gpu`` (None without one)."""
    return {
        "cpu": _cpu(),
        "cores": usable_cores(),
        "ram_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "os": _os(),
        "gpu": _gpu(),
    }


def line(machine: Mapping[str, Any]) -> str:
    """What :func:`describe` gave: ``AMD EPYC, 2 cores, 23.5 GiB, no GPU``."""
    cores = f"{machine['cores']} core" + ("s" if machine["cores"] != 1 else "")
    return f"{machine['cpu']}, {cores}, {machine['ram_gib']} GiB, {machine['gpu'] or 'no GPU'}"


def usable_cores() -> int:
    """The cores that this process may use, which a container can hold below the total."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def commit(root: Path) -> str:
    """The commit checked out in ``root``, with ``+changes`` if files differ from it."""
    try:
        head = _git(root, "rev-parse", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return head + CHANGES if changed else head


def commit_date(root: Path) -> str:
    """The day of the commit, in UTC: the same wherever and whenever it is built."""
    try:
        return _git(root, "log", "-1", "--format=%cd", "--date=format-local:%Y-%m-%d")
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def today() -> str:
    """The day, in UTC."""
    return datetime.now(UTC).date().isoformat()


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments],
        cwd=root, check=True, capture_output=True, text=True, timeout=20,
        env=git_environment() | {"TZ": "UTC"},
    ).stdout.strip()  # fmt: skip


def git_environment() -> dict[str, str]:
    """The environment, less what would have git work on another repository.

    Git itself sets these where it runs a hook or an alias.
    """
    return {name: value for name, value in os.environ.items() if name not in _OF_A_REPOSITORY}


def _cpu() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _os() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{platform.system()} {platform.release()}"


def _gpu() -> str | None:
    if shutil.which("nvidia-smi") is None:
        return None
    try:
        names = subprocess.run(
            ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"],
            check=True, capture_output=True, text=True, timeout=20,
        ).stdout.split("\n")  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return names[0].strip() or None
