"""One measurement's process, through the runner that the examples have."""

from __future__ import annotations

import importlib.metadata
import json
import math
import os
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.stacks import STACKS, variables
from site_ext.base import machine
from site_ext.claims.benchmarks import Gate, Round
from site_ext.run import packages, process
from site_ext.run.during import Look, disturbed
from site_ext.run.outcome import Cell, Limits
from site_ext.run.surroundings import Manner, plain_environment

if TYPE_CHECKING:
    from bench.measure import Job
    from site_ext.run.keeping import Keeper

SCRIPT = Path(__file__).with_name("one.py")
#: The longest that one process may take.
SECONDS = 600.0
#: What a process tells that is no value of a round.
_APART = ("passed", "why", "parameters", "outputs", "losses", "layout", "choices", "device_bytes")


class Outcome(NamedTuple):
    """What came of a process: how it passed the gate, its round (None: not timed), about the
    stack, or why there is nothing, in a line."""

    gate: Gate | None
    round: Round | None
    about: dict[str, Any]
    failed: str = ""


def run(job: Job, caches: Path | None, keeper: Keeper | None = None) -> Outcome:
    """Measure in a fresh process; compiled code is kept in ``caches``, or nowhere."""
    stack = STACKS[job.stack]
    missing = [name for name in stack.needs if not packages.is_installed(name)]
    if missing:
        return Outcome(None, None, {}, f"{missing[0]} is not installed")
    more, cold = variables(stack, job.threads), True
    if caches is not None:
        own = caches / f"{job.stack}-{job.workload}-{job.batch}-{job.threads}"
        cold = not own.is_dir()
        own.mkdir(parents=True, exist_ok=True)
        more["TORCHINDUCTOR_CACHE_DIR"] = str(own)
    look, at = Look(), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    done = process.run(
        SCRIPT,
        [Cell(1, SCRIPT.read_text(encoding="utf-8"))],
        limits=Limits(seconds=SECONDS, mib=math.inf),
        environment=lambda home: plain_environment(home) | {"KERAS_HOME": str(home)} | more,
        manner=Manner(argv=(json.dumps(asdict(job)),), paths=(str(SCRIPT.parents[1]),)),
        keeper=keeper,
    )
    if done.failure:
        return Outcome(None, None, {}, done.failure.what)
    told: dict[str, Any] = dict(done.measured)
    gate = Gate(outputs=told["outputs"], losses=told["losses"], why=told["why"])
    about = {name: told[name] for name in ("layout", "choices", "parameters")}
    if not told["passed"]:
        return Outcome(gate, None, about)
    # The runner's own threads look on from whatever core is free.
    spell = look.until_now(machine.usable_cores(), done.cpu_seconds)
    values = {name: _short(value) for name, value in told.items() if name not in _APART}
    values["peak_mib"] = round(done.peak_rss_mib, 1)
    if told["device_bytes"]:
        values["device_mib"] = round(told["device_bytes"] / 2**20, 1)
    values["wall_seconds"] = _short(done.wall_seconds)
    one = Round(at=at, values=values, load=spell["load"], disturbed=disturbed(spell), cold=cold)
    return Outcome(gate, one, about)


def _short(value: float) -> float:
    """Five digits: more than any clock tells."""
    return float(f"{value:.5g}")


def versions(stacks: list[str]) -> dict[str, str]:
    """Of Python and of what these stacks need, as far as it is installed."""
    named = {"tensorflow": ("tensorflow-cpu", "tensorflow"), "jax": ("jax", "jaxlib")}
    found = {"python": platform.python_version()}
    for module in dict.fromkeys(["numpy", *(m for s in stacks for m in STACKS[s].needs)]):
        for distribution in named.get(module, (module,)):
            try:
                version = importlib.metadata.version(distribution)
            except importlib.metadata.PackageNotFoundError:
                continue
            found[distribution if distribution != "tensorflow-cpu" else module] = version
    return found


def about_processor() -> dict[str, str | float]:
    """What holds a processor to a speed, as far as the system tells."""
    found: dict[str, str | float] = {}
    folder = Path("/sys/devices/system/cpu/cpu0/cpufreq")
    for name in ("scaling_governor", "scaling_max_freq"):
        try:
            found[name] = (folder / name).read_text(encoding="ascii").strip()
        except OSError:
            continue
    quotas = machine._quotas(Path("/sys/fs/cgroup"))
    if quotas:
        found["quota_cores"] = round(min(quotas), 2)
    found["logical_cores"] = float(os.cpu_count() or 1)
    return found
