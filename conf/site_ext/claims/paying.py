"""After how many training steps compiling has paid for itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from site_ext.claims.benchmarks import Benchmarks

#: What is compiled, and the same without.
AGAINST = {
    "pytorch-compiled": "pytorch-eager",
    "tensorflow-xla": "tensorflow",
    "keras-torch-compiled": "keras-torch",
    "keras-tensorflow-step": "keras-tensorflow-eager",
    "keras-jax-step": "keras-jax-eager",
}
NEVER, CLOSE = "never", "too close to call"


@dataclass(frozen=True)
class Paid:
    """A compiled stack against the same without: seconds of its first training step, milliseconds
    of a step without and with, and after how many ``steps`` it is ahead; None if never."""

    workload: str
    stack: str
    against: str
    first: float
    plain: float
    compiled: float
    steps: int | None
    told: str


def all_of(record: Benchmarks) -> Iterator[Paid]:
    """Each pair that a record has, first with an empty cache."""
    cases = {(case.workload, case.stack): case for case in record.main}
    for (workload, stack), case in cases.items():
        other = cases.get((workload, AGAINST.get(stack, "")))
        if other is None:
            continue
        ours, theirs = case.time("train"), other.time("train")
        first = case.median("train_first_seconds", cold=True)
        before = other.median("train_first_seconds", cold=True)
        if not ours or not theirs or first is None or before is None:
            continue
        gain = theirs.ms - ours.ms
        steps = math.ceil(max(first - before, 0) * 1000 / gain) if gain > 0 else None
        told = f"{steps:,} steps" if steps is not None else NEVER
        if ours.overlaps(theirs):
            steps, told = None, CLOSE
        yield Paid(workload, stack, other.stack, first, theirs.ms, ours.ms, steps, told)
