"""The matrix: which cases are measured, in which order, and the record that they come to.

In each round every stack of a workload has its turn, so that whatever changes on a machine
meanwhile changes for all; every other round in reverse. The record is written after each process.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

from bench.measure import Job
from bench.stacks import STACKS
from bench.workloads import WORKLOADS
from site_ext.base.errors import SiteError
from site_ext.base.files import digest_of, write_json
from site_ext.claims import benchmarks
from site_ext.claims.benchmarks import TASKS, Benchmarks, Case, Load, Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.running import Outcome

CODE = Path(__file__).parent
#: Steps that the gate compares in a case's first round, and in the others.
ALL_STEPS, FEW_STEPS = 10, 2
#: Seconds to time warm steps for: steps of these take long.
SECONDS, LONGER = 1.2, {"gpt": 2.5, "resnet50": 4.0}
#: What is measured last, since it takes longest.
LAST = ("resnet50",)
#: Seconds that a process is thought to take before one of its kind has run.
THOUGHT = 12.0


class Place(Protocol):
    """A machine that measures: this one, or a worker of a cluster."""

    def about(self) -> dict[str, Any]:
        """``machine``, ``commit``, ``digest``, ``about`` of its device, ``versions``."""

    def run(self, job: Job) -> Outcome:
        """Measure there."""

    def forget(self) -> None:
        """Lose the compiled code that is kept there."""


@dataclass(frozen=True)
class Selection:
    """What is wanted: names of workloads and stacks, batches and threads (0: the usual)."""

    workloads: tuple[str, ...]
    stacks: tuple[str, ...]
    device: Literal["cpu", "cuda"] = "cpu"
    dtype: Literal["float32", "bfloat16"] = "float32"
    batches: tuple[int, ...] = (0,)
    threads: tuple[int, ...] = (0,)
    rounds: int = 3
    budget: float = 1140.0

    def jobs(self, cores: int) -> Iterator[Job]:
        """One for each case, in the order of the first round."""
        for name in sorted(self.workloads, key=lambda name: name in LAST):
            for batch in self.batches:
                for threads in self.threads:
                    for stack in self.stacks:
                        yield Job(
                            name, stack, threads or cores, self.device, self.dtype,
                            batch or usual_batch(name, self.device),
                            seconds=LONGER.get(name, SECONDS),
                        )  # fmt: skip


def usual_batch(workload: str, device: str) -> int:
    """A GPU is asleep at ResNet-50's batch for two cores."""
    return 256 if device == "cuda" and workload == "resnet50" else WORKLOADS[workload].batch


def slug(machine: dict[str, Any], device: str) -> str:
    """A machine's name as the name of a file."""
    told = f"{machine['cpu']} {machine['cores']} cores"
    told = machine["gpu"] if device == "cuda" and machine["gpu"] else told
    return re.sub(r"[^a-z0-9]+", "-", told.lower()).strip("-")


@dataclass
class Matrix:
    """A selection measured at a place, into a record at ``path``."""

    place: Place
    selection: Selection
    path: Path
    say: Callable[[str], None] = print
    _took: dict[tuple[str, str], float] = field(default_factory=dict)

    def measure(self) -> Benchmarks:
        """Go round until all have their rounds, or the time is over; the record, as it is then."""
        about = self.place.about()
        self.record = self._begin(about)
        jobs = list(self.selection.jobs(int(about["machine"]["cores"])))
        if not any(map(self._wants, jobs)):  # measured already: once more, from the start
            self._keep()
            self.record.cases = [c for c in self.record.cases if not any(_is(c, j) for j in jobs)]
        if not any((case := self._case(job)) and case.rounds for job in jobs):
            self.place.forget()
        self._begun = time.monotonic()
        for job in filter(self._wants, self._order(jobs)):
            if self._left() < self._thinks(job):
                self.say(f"{_name(job)}: not measured, {self._left():.0f} s are left")
            else:
                self._run(job)
                self.say(f"{_name(job)}: {self._told(job)}; {self._until()}")
        self._write()
        return self.record

    def _begin(self, about: dict[str, Any]) -> Benchmarks:
        """The record that is there, if it is of the same machine, code and versions; or a new one."""
        record = Benchmarks(
            benchmark=1,
            title=f"Benchmarks on {about['machine']['cpu']}, {about['machine']['cores']} cores"
            if self.selection.device == "cpu" else f"Benchmarks on {about['machine']['gpu']}",
            machine=about["machine"], device=self.selection.device, about=about["about"],
            date=datetime.now(UTC).date(), commit=about["commit"], digest=about["digest"],
            versions=about["versions"], workloads={}, stacks={}, cases=[],
        )  # fmt: skip
        old = None
        if self.path.exists():
            data = json.loads(self.path.read_text(encoding="utf-8"))
            if not benchmarks.recognised(data):
                raise SiteError(
                    f"{self.path} is no record of `make bench`; name another by RECORD="
                )
            old = benchmarks.read(self.path, data)
        if old is not None:
            same = ("machine", "device", "digest")
            differs = [name for name in same if getattr(old, name) != getattr(record, name)]
            moved = [n for n in old.versions if old.versions[n] != record.versions.get(n)]
            if differs or moved:
                self.say(f"{self.path.name} begins anew: another {', '.join(differs + moved)}")
                self._keep()
            else:
                record.cases, record.workloads, record.stacks = old.cases, old.workloads, old.stacks
        for name in self.selection.workloads:
            load = WORKLOADS[name]
            record.workloads[name] = Load(
                title=load.title, unit=load.unit, units=load.units, optimizer=load.optimizer,
                new=load.sizes.get("new", 0),
            )  # fmt: skip
        for name in self.selection.stacks:
            record.stacks[name] = Stack(title=STACKS[name].title, color=STACKS[name].color)
        return record

    def _keep(self) -> None:
        """Put what is there aside, before any of it is given up."""
        aside = self.path.with_name(f"{self.path.name}.old")
        shutil.copyfile(self.path, aside)
        self.say(f"what was measured before is in {aside}")

    def _order(self, jobs: list[Job]) -> Iterator[Job]:
        """The jobs as often as there are rounds; what takes longest last."""
        for late in (False, True):
            some = [job for job in jobs if (job.workload in LAST) == late]
            for turn in range(self.selection.rounds):
                yield from some if turn % 2 == 0 else reversed(some)

    def _case(self, job: Job) -> Case | None:
        return next((case for case in self.record.cases if _is(case, job)), None)

    def _wants(self, job: Job) -> bool:
        case = self._case(job)
        if case is None:
            return True
        passed = case.gate is not None and not case.gate.why and not case.why_not
        return passed and len(case.rounds) < self.selection.rounds

    def _run(self, job: Job) -> None:
        case, began = self._case(job), time.monotonic()
        steps = FEW_STEPS if case else ALL_STEPS
        done = self.place.run(replace(job, steps=steps))
        if case is None:
            case = Case(
                workload=job.workload, stack=job.stack, batch=job.batch, threads=job.threads,
                dtype=job.dtype, gate=done.gate, why_not=done.failed, **done.about,
            )  # fmt: skip
            self.record.cases.append(case)
        elif done.gate is None or done.gate.why:  # it can't be the same any more
            case.why_not = done.failed or f"in a later round {done.gate and done.gate.why}"
            case.rounds = []
        if done.round:
            case.rounds.append(done.round)
        self._took[job.workload, job.stack] = time.monotonic() - began
        self._write()

    def _write(self) -> None:
        write_json(self.path, msgspec.to_builtins(self.record))

    def _left(self) -> float:
        return self.selection.budget - (time.monotonic() - self._begun)

    def _thinks(self, job: Job) -> float:
        return self._took.get((job.workload, job.stack), THOUGHT)

    def _until(self) -> str:
        """How long it will go on."""
        jobs = list(self.selection.jobs(int(self.record.machine["cores"] or 1)))
        due = 0.0
        for job in jobs:
            case = self._case(job)
            rounds = self.selection.rounds - (len(case.rounds) if case else 0)
            due += self._thinks(job) * rounds if self._wants(job) else 0
        return f"about {min(due, max(self._left(), 0)) / 60:.0f} min left"

    def _told(self, job: Job) -> str:
        """The newest round in a line."""
        case = self._case(job)
        assert case
        if case.why_not or not case.rounds:
            return case.why_not or f"not comparable: {case.gate and case.gate.why}"
        last = case.rounds[-1]
        told = [
            f"{t} {last.values[f'{t}_step_ms']:.4g} ms"
            for t in TASKS
            if f"{t}_step_ms" in last.values
        ]
        busy = f" (counts only if no other round does: {last.disturbed})" if last.disturbed else ""
        return ", ".join(told) + busy


def _is(case: Case, job: Job) -> bool:
    names = ("workload", "stack", "batch", "threads", "dtype")
    return all(getattr(case, name) == getattr(job, name) for name in names)


def _name(job: Job) -> str:
    more = f", batch {job.batch}, {job.threads} thread" + "s" * (job.threads > 1)
    return f"{job.workload} {job.stack}{more}"


def digest() -> str:
    """A name for the code that decides what is measured."""
    parts = (
        CODE / name for name in ("workloads.py", "measure.py", "timing.py", "gate.py", "stacks")
    )
    return hashlib.sha256("".join(map(digest_of, parts)).encode()).hexdigest()[:16]
