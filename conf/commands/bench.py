"""Measure the benchmark matrix on this machine: ``make bench``.

    python -m commands.bench

writes ``docs/measurements/<machine>.json``, which the site shows beside those of others. Settings:

WORKLOAD   names, with commas between them; all of them by default
STACK      likewise; ``all`` for those too that are not of the usual comparison
DEVICE     ``cuda`` for an NVIDIA GPU, in bfloat16 unless DTYPE=float32
BATCH      examples a step, and THREADS, with commas between them: to see how a stack scales
ROUNDS     processes for each case, 3 by default
BUDGET     seconds after which no process is started any more, 1140 by default
CLUSTER    the scheduler of a Dask cluster, whose workers measure, each host for itself
RECORD     the file, if not the usual one

What is there is gone on with, if machine, code and versions are the same; once all have their
rounds, it is measured anew.
"""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, cast

from bench import matrix, places
from bench.matrix import Matrix, Selection
from bench.stacks import STACKS
from bench.workloads import WORKLOADS
from site_ext.base import machine
from site_ext.base.errors import SiteError
from site_ext.run import execute

if TYPE_CHECKING:
    from typing import Literal

ROOT = Path(__file__).resolve().parents[2]
#: Of the load average: above it something else runs here.
QUIET = 0.5


def names(variable: str, known: list[str], usual: list[str]) -> tuple[str, ...]:
    """What a variable asks for, in the usual order."""
    given = os.environ.get(variable, "")
    if given == "all":
        return tuple(known)
    wanted = [name.strip() for name in given.split(",") if name.strip()] or usual
    for name in wanted:
        if name not in known:
            raise SiteError(
                f"{variable}={given}: there is no {name!r}; there are {', '.join(known)}"
            )
    return tuple(name for name in known if name in wanted)


def numbers(variable: str, usual: int, most: int) -> tuple[int, ...]:
    """Whole numbers with commas between them."""
    given = os.environ.get(variable, "") or str(usual)
    try:
        found = tuple(int(part) for part in given.split(","))
    except ValueError:
        raise SiteError(
            f"{variable}={given}: whole numbers are wanted, as in {variable}=1,2"
        ) from None
    if not all(0 <= one <= most for one in found) or (usual and 0 in found):
        raise SiteError(f"{variable}={given}: from 1 to {most:,} each")
    return found


def selection() -> Selection:
    device = os.environ.get("DEVICE") or "cpu"
    dtype = os.environ.get("DTYPE") or ("bfloat16" if device == "cuda" else "float32")
    for name, value, known in (
        ("DEVICE", device, ("cpu", "cuda")), ("DTYPE", dtype, ("float32", "bfloat16"))
    ):  # fmt: skip
        if value not in known:
            raise SiteError(f"{name}={value}: it is one of {', '.join(known)}")
    usual = [name for name, stack in STACKS.items() if stack.default]
    return Selection(
        names("WORKLOAD", list(WORKLOADS), list(WORKLOADS)),
        names("STACK", list(STACKS), usual),
        cast("Literal['cpu', 'cuda']", device), cast("Literal['float32', 'bfloat16']", dtype),
        numbers("BATCH", 0, 65536), numbers("THREADS", 0, machine.usable_cores()),
        numbers("ROUNDS", 3, 1000)[0], float(numbers("BUDGET", 1140, 10**6)[0]),
    )  # fmt: skip


def main() -> None:
    wanted = selection()
    cluster = os.environ.get("CLUSTER", "")
    at = places.workers(cluster, wanted.device) if cluster else [places.Here(ROOT, wanted.device)]
    if len(at) > 1 and os.environ.get("RECORD"):
        raise SiteError(
            f"RECORD: {len(at)} hosts measure, each for a record of its own; leave it out"
        )
    with nullcontext() if cluster else execute.held(ROOT / "build/records"):
        load = os.getloadavg()[0]
        if load > QUIET and not cluster:
            print(f"WARNING: the load average is {load:.1f}: something else runs here", flush=True)
        for place in at:
            about = place.about()
            name = matrix.slug(about["machine"], wanted.device)
            path = Path(os.environ.get("RECORD") or ROOT / f"docs/measurements/{name}.json")
            try:
                Matrix(place, wanted, path, lambda line: print(line, flush=True)).measure()
            except KeyboardInterrupt:
                sys.exit(
                    f"make bench: stopped; what was measured is in {path}, `make bench` goes on"
                )
            print(f"{path}: `make html` shows it", flush=True)


if __name__ == "__main__":
    try:
        main()
    except SiteError as error:
        sys.exit(f"make bench: {error}")
