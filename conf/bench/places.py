"""Where measurements run: on this machine, or on the workers of a Dask cluster."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import matrix, running
from bench.stacks import STACKS
from site_ext.base import git, machine
from site_ext.base.errors import SiteError
from site_ext.run.keeping import Keeper

if TYPE_CHECKING:
    from bench.measure import Job
    from bench.running import Outcome

#: Where compiled code is kept between rounds, in the folder of a clone.
CACHES = Path("build/bench/compiled")
_SMI = ("name", "driver_version", "power.limit", "clocks.max.sm", "clocks.max.mem")


def about(device: str, root: Path) -> dict[str, Any]:
    """What a record tells of the machine that this runs on."""
    told = running.about_processor()
    if device == "cuda":
        told |= about_gpu()
    return {
        "machine": machine.describe(),
        "commit": git.commit(root),
        "digest": matrix.digest(),
        "about": told,
        "versions": running.versions(list(STACKS)),
    }


def about_gpu() -> dict[str, str | float]:
    """Driver, power and clocks, as nvidia-smi tells; raises :exc:`SiteError` without a GPU."""
    try:
        said = subprocess.run(
            ["nvidia-smi", f"--query-gpu={','.join(_SMI)}", "--format=csv,noheader,nounits"],
            capture_output=True, text=True, check=True, timeout=20,
        ).stdout.splitlines()[0]  # fmt: skip
    except (OSError, subprocess.SubprocessError, IndexError):
        raise SiteError("DEVICE=cuda: nvidia-smi finds no GPU here; leave DEVICE out") from None
    return dict(zip(_SMI, said.split(", "), strict=True))


@dataclass
class Here:
    """This machine, from the folder of the project."""

    root: Path
    device: str = "cpu"
    keeper: Keeper = field(default_factory=Keeper)

    def about(self) -> dict[str, Any]:
        return about(self.device, self.root)

    def run(self, job: Job) -> Outcome:
        return running.run(job, self.root / CACHES, self.keeper)

    def forget(self) -> None:
        shutil.rmtree(self.root / CACHES, ignore_errors=True)


# What a worker of a cluster does; it was started in the folder of a clone.


def about_worker(device: str) -> dict[str, Any]:
    return about(device, Path.cwd())


def run_there(job: Job) -> Outcome:
    return running.run(job, Path.cwd() / CACHES)


def forget_there() -> None:
    shutil.rmtree(Path.cwd() / CACHES, ignore_errors=True)


@dataclass
class There:
    """A worker of a cluster, by its address; ``client`` is Dask's."""

    client: Any
    address: str
    device: str = "cpu"

    def _ask(self, function: Any, *arguments: Any) -> Any:
        future = self.client.submit(function, *arguments, workers=[self.address], pure=False)
        try:
            return future.result()
        except Exception as error:
            raise SiteError(f"worker {self.address}: {error!r}; what has ended is kept") from error

    def about(self) -> dict[str, Any]:
        told: dict[str, Any] = self._ask(about_worker, self.device)
        if told["digest"] != matrix.digest():
            raise SiteError(f"worker {self.address}: its tree has another conf/bench")
        return told

    def run(self, job: Job) -> Outcome:
        done: Outcome = self._ask(run_there, job)
        return done

    def forget(self) -> None:
        self._ask(forget_there)


def workers(cluster: str, device: str) -> list[There]:
    """One worker of each host of the cluster whose scheduler is at that address."""
    from distributed import Client  # noqa: PLC0415 - in a group of its own

    try:
        client = Client(cluster, timeout=5)
    except (OSError, ValueError) as error:
        raise SiteError(f"CLUSTER={cluster}: no scheduler answers there ({error})") from None
    known = client.scheduler_info(-1)["workers"]
    hosts = {about["host"]: address for address, about in sorted(known.items())}
    if not hosts:
        raise SiteError(f"CLUSTER={cluster}: it has no worker")
    return [There(client, address, device) for address in hosts.values()]
