"""The machine that a build runs on."""

from __future__ import annotations

import json
import math
import os
import platform
import shutil
import subprocess
from collections import Counter
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

OWN_GROUPS = Path("/proc/self/cgroup")


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


def distinct(machines: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Machines that differ in what :func:`describe` tells, the most frequent first; memory to the
    GiB, since it wavers with the kernel."""
    counted: Counter[str] = Counter()
    known: dict[str, dict[str, Any]] = {}
    for one in machines:
        about = {name: one.get(name) for name in ("cpu", "cores", "ram_gib", "os", "gpu")}
        key = json.dumps({**about, "ram_gib": round(about["ram_gib"] or 0)})
        known.setdefault(key, about)
        counted[key] += 1
    return [known[key] for key, _ in counted.most_common()]


def usable_cores(cgroups: Path = Path("/sys/fs/cgroup")) -> int:
    """The cores that this process may use, which a container can hold below the total: by
    naming them, or by a quota of processor time (rounded up)."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, min([cores, *map(math.ceil, _quotas(cgroups))]))


def throttled_seconds(cgroups: Path = Path("/sys/fs/cgroup")) -> float:
    """For how long a quota has stopped this process so far, with all that share it."""
    told = [0.0]
    for group in _groups(cgroups):
        with suppress(OSError, ValueError):
            lines = dict(line.split() for line in (group / "cpu.stat").read_text().splitlines())
            micro, nano = int(lines.get("throttled_usec", 0)), int(lines.get("throttled_time", 0))
            told.append(micro / 1e6 + nano / 1e9)
    return max(told)


def _quotas(cgroups: Path, own: Path = OWN_GROUPS) -> list[float]:
    """The cores' worth of time that each control group around this process may use."""
    quotas = []
    for group in _groups(cgroups, own):
        with suppress(OSError, ValueError, ZeroDivisionError):
            quotas.append(_quota(group))
    return [quota for quota in quotas if quota > 0]


def _groups(cgroups: Path, own: Path = OWN_GROUPS) -> list[Path]:
    """The folders of the control groups around this process that ration processor time."""
    try:
        lines = own.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):  # not Linux
        return []
    found = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        # In a container the path may be told as from outside: then only the top is there.
        group = Path(path.lstrip("/"))
        top = cgroups / ("cpu" if controllers else "")
        found += [top / folder for folder in (group, *group.parents)]
    return found


def _quota(group: Path) -> float:
    """Of one control group, version 2 or 1; 0 or less for none."""
    if (limit := group / "cpu.max").exists():
        quota, period = limit.read_text(encoding="ascii").split()
        return int(quota) / int(period) if quota != "max" else 0.0
    quota, period = ((group / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
    return int(quota) / int(period)


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
