"""Records of the benchmark matrix: what `make bench` writes and the pages show.

``docs/measurements/<machine>.json`` is one, told from a recorded measurement by its ``benchmark``,
the number of this form. A *case* is a workload on a stack, with what it computed in and on; it
has the outcome of the gate and the values of every round.

From the rounds of a case come its time for each task, with an interval: the median of the rounds'
medians, and Student's interval of their logarithms, at least as wide as a round's own. Where two
intervals overlap, which of the two is faster is too close to call. Other times of a round (import,
first call) are the median of the rounds.
"""

from __future__ import annotations

import math
import statistics
from datetime import date  # noqa: TC003 - msgspec asks for it
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from scipy.special import stdtrit

from site_ext.base import values
from site_ext.base.errors import SiteError
from site_ext.base.files import checked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FORMAT = 1
TASKS = ("train", "infer", "generate")
CONFIDENCE = 0.95
#: What the usual recipe trains ResNet-50 on: ImageNet's 1,281,167 images, ninety times.
IMAGES_OF_90_EPOCHS = 90 * 1_281_167
#: What a round must have for a task that it timed.
_TIMED = ("step_ms", "low_ms", "high_ms", "blocks", "steps_a_block", "warm_blocks")


class Round(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One process: when, its values, the load before it, and what disturbed it, in words.

    ``cold`` if no cache of compiled code was there.
    """

    at: str
    values: dict[str, float]
    load: float = 0.0
    disturbed: str = ""
    cold: bool = True


class Gate(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How far outputs and losses were from the reference; ``why`` is empty where it passed."""

    outputs: float
    losses: float
    why: str = ""


class Case(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A workload on a stack. ``why_not`` says why it was not measured at all."""

    workload: str
    stack: str
    batch: int
    threads: int
    dtype: Literal["float32", "bfloat16"] = "float32"
    layout: str = ""
    choices: str = ""
    parameters: int = 0
    gate: Gate | None = None
    why_not: str = ""
    rounds: list[Round] = []

    @property
    def counted(self) -> list[Round]:
        """The rounds that nothing disturbed; all of them where none is left."""
        return [one for one in self.rounds if not one.disturbed] or self.rounds

    @property
    def tasks(self) -> list[str]:
        return [t for t in TASKS if any(f"{t}_step_ms" in one.values for one in self.rounds)]

    def time(self, task: str) -> Time | None:
        """The time of a step of a task, in milliseconds."""
        told = [one.values for one in self.counted if f"{task}_step_ms" in one.values]
        return Time.of(told, task) if told else None

    def median(self, name: str, *, cold: bool | None = None) -> float | None:
        """Of another value; of rounds with or without compiled code at hand, if that matters."""
        some = [one for one in self.counted if cold is None or one.cold == cold]
        told = [one.values[name] for one in some if name in one.values]
        return statistics.median(told) if told else None


class Time(msgspec.Struct, frozen=True):
    """Milliseconds a step, the interval around them, and from how many rounds."""

    ms: float
    low: float
    high: float
    rounds: int

    @classmethod
    def of(cls, told: list[dict[str, float]], task: str) -> Time:
        medians = [one[f"{task}_step_ms"] for one in told]
        middle = statistics.median(medians)
        # A round knows its own median no better than that.
        below = statistics.median(one[f"{task}_low_ms"] / one[f"{task}_step_ms"] for one in told)
        above = statistics.median(one[f"{task}_high_ms"] / one[f"{task}_step_ms"] for one in told)
        if len(told) > 1:
            logs = [math.log(one) for one in medians]
            wide = statistics.stdev(logs) / math.sqrt(len(logs))
            wide *= float(stdtrit(len(logs) - 1, (1 + CONFIDENCE) / 2))
            below, above = min(below, math.exp(-wide)), max(above, math.exp(wide))
        return cls(middle, middle * below, middle * above, len(told))

    def overlaps(self, other: Time) -> bool:
        """Whether it is too close to call which of the two is faster."""
        return self.low <= other.high and other.low <= self.high


class Load(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A workload, as it was when it was measured: ``units`` of ``unit`` an example."""

    title: str
    unit: str
    units: int
    optimizer: str
    new: int = 0


class Stack(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A stack's title, and whose colour it takes."""

    title: str
    color: str


class Benchmarks(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One machine's record; ``digest`` names the code that made it, ``about`` the device."""

    benchmark: Literal[1]
    title: str
    machine: dict[str, str | int | float | None]
    device: Literal["cpu", "cuda"]
    about: dict[str, str | float] = {}
    date: date
    commit: str
    digest: str
    versions: dict[str, str]
    workloads: dict[str, Load]
    stacks: dict[str, Stack]
    cases: list[Case]

    @property
    def main(self) -> list[Case]:
        """The cases of the comparison: the batch that all have, and the most threads."""
        threads = max((case.threads for case in self.cases), default=0)
        return [c for c in self.cases if c.threads == threads and c.batch == self.batch(c.workload)]

    def batch(self, workload: str) -> int:
        """The batch with the most stacks."""
        found = [case.batch for case in self.cases if case.workload == workload]
        return statistics.mode(found) if found else 0

    def rate(self, case: Case, task: str) -> float | None:
        """Images, sequences or tokens a second."""
        load, time = self.workloads[case.workload], case.time(task)
        count = load.new if task == "generate" else case.batch * load.units
        return 1000 * count / time.ms if time else None

    def _alone(self, case: Case) -> Case | None:
        """The same with one thread, if that was measured."""
        same = (case.workload, case.stack, case.batch, case.dtype)
        some = [c for c in self.cases if (c.workload, c.stack, c.batch, c.dtype) == same]
        return next((c for c in some if c.threads == 1 < case.threads), None)

    def values(self) -> Iterator[tuple[str, values.Value]]:
        """What a page can quote: ``mlp_train_pytorch_eager_ms`` and the like."""
        if "resnet50" in self.workloads:
            yield "images_of_90_epochs", IMAGES_OF_90_EPOCHS
        for case in self.main:
            stack = case.stack.replace("-", "_")
            name = f"{case.workload}_{stack}"
            yield f"{name}_comparable", int(case.gate is not None and not case.gate.why)
            if case.gate and case.gate.outputs >= 0 and case.gate.losses >= 0:
                yield f"{name}_gate_outputs", case.gate.outputs
                yield f"{name}_gate_losses", case.gate.losses
            for task in case.tasks:
                time, rate = case.time(task), self.rate(case, task)
                assert time
                assert rate
                name = f"{case.workload}_{task}_{stack}"
                yield f"{name}_ms", time.ms
                yield f"{name}_low_ms", time.low
                yield f"{name}_high_ms", time.high
                yield f"{name}_per_second", rate
                yield f"{name}_rounds", time.rounds
                first = case.median(f"{task}_first_seconds", cold=True)
                if first is not None:
                    yield f"{name}_first_seconds", first
                alone = self._alone(case)
                if alone and (time := alone.time(task)):
                    yield f"{name}_one_thread_ms", time.ms
            for other in ("import_seconds", "peak_mib", "device_mib"):
                if (told := case.median(other)) is not None:
                    yield f"{case.workload}_{stack}_{other}", told


def recognised(data: object) -> bool:
    """Whether a file's content is meant as one."""
    return isinstance(data, dict) and "benchmark" in data


def read(path: Path, data: dict[str, Any]) -> Benchmarks:
    """Check a file's content; raises :exc:`SiteError` with file, field and value."""
    if data["benchmark"] != FORMAT:
        raise SiteError(
            f"{path}: its form is {data['benchmark']!r}, and this site reads {FORMAT}; measure "
            "again with `make bench`"
        )
    record = checked(data, Benchmarks, str(path), "`make bench` writes what is wanted")
    seen = set()
    for place, case in enumerate(record.cases):
        _check_case(record, case, f"{path}: $.cases[{place}]")
        key = case.workload, case.stack, case.batch, case.threads, case.dtype
        if key in seen:
            raise SiteError(f"{path}: $.cases[{place}] is there twice: {', '.join(map(str, key))}")
        seen.add(key)
    return record


def _check_case(record: Benchmarks, case: Case, where: str) -> None:
    for kind, name, known in (
        ("workload", case.workload, record.workloads), ("stack", case.stack, record.stacks)
    ):  # fmt: skip
        if name not in known:
            raise SiteError(f"{where}.{kind} is {name!r}; the record knows {', '.join(known)}")
    if case.rounds and (case.gate is None or case.gate.why):
        raise SiteError(f"{where} has rounds, and no gate that it passed; what fails is not timed")
    for number, one in enumerate(case.rounds):
        _check_round(one.values, f"{where}.rounds[{number}].values")


def _check_round(told: dict[str, float], at: str) -> None:
    for name, value in told.items():
        if wrong := values.problem(value):
            raise SiteError(f"{at}.{name} {wrong}")
        if value < 0 or (name.endswith("_ms") and not value):
            raise SiteError(f"{at}.{name} is {value}, which no time or size can be")
    for task in TASKS:
        there = [f"{task}_{name}" for name in _TIMED if f"{task}_{name}" in told]
        lacks = [f"{task}_{name}" for name in _TIMED if f"{task}_{name}" not in told]
        if there and lacks:
            raise SiteError(f"{at} has {there[0]} without {lacks[0]}")
        low, middle, high = (told.get(f"{task}_{n}", 0) for n in ("low_ms", "step_ms", "high_ms"))
        if not low <= middle <= high:
            raise SiteError(f"{at}.{task}_step_ms is {middle}, outside of {low} to {high}")
