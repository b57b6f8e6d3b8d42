"""The machine that a build runs on."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from functools import cache
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from collections.abc import Mapping


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
