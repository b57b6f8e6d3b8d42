"""One measurement: a stack on a workload, in the process that it has for itself.

Inference comes first, from the initial weights, then training: each first call is timed with its
tracing and compiling, and checked. Only then, and only if all of it agreed with the reference, is
a warm step timed.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from bench import gate, timing
from bench.stacks import STACKS, Settings, hold_to
from bench.workloads import BATCHES, WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.stacks import Stack
    from bench.workloads import Workload


@dataclass(frozen=True)
class Job:
    """What is measured: ``steps`` are those that the gate compares, ``seconds`` the most that a
    warm step is timed for; ``batch`` 0 is the workload's own."""

    workload: str
    stack: str
    threads: int
    device: Literal["cpu", "cuda"] = "cpu"
    dtype: Literal["float32", "bfloat16"] = "float32"
    batch: int = 0
    steps: int = BATCHES
    seconds: float = 2.0

    @property
    def load(self) -> Workload:
        return WORKLOADS[self.workload]


def measure(**told: Any) -> dict[str, Any]:
    """What came of a :class:`Job`, as plain values by name."""
    job = Job(**told)
    hold_to(job.threads)
    began = time.perf_counter()
    kind = STACKS[job.stack].load()
    imported = time.perf_counter() - began
    return {"import_seconds": imported, **of_stack(kind, job)}


def of_stack(kind: type[Stack], job: Job) -> dict[str, Any]:
    """The same for a class that is there already."""
    load = job.load
    known = gate.reference(load)
    about: dict[str, Any] = {"layout": kind.layout, "choices": kind.choices}
    another = job.batch not in {0, load.batch}
    if job.dtype != "float32" or another:
        # What is to be timed is compared first as the reference was made.
        exact = kind(load, Settings(job.device))
        compared = gate.compare(load, known, _first(exact, job.steps)[0])
        del exact
        if not compared["passed"]:
            return about | compared
    began = time.perf_counter()
    stack = kind(load, Settings(job.device, job.dtype, job.batch))
    about["build_seconds"] = time.perf_counter() - began
    computed, firsts = _first(stack, job.steps)
    if not another:
        compared = gate.compare(load, known, computed, job.dtype)
    about |= compared
    if compared["passed"]:
        about |= firsts | _warm(stack, job)
        about["device_bytes"] = stack.memory()
    return about


def _first(stack: Stack, steps: int) -> tuple[dict[str, Any], dict[str, float]]:
    """What a new stack computes, and the seconds of each first call."""
    firsts: dict[str, float] = {}

    def timed(task: str, call: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        handle = call()
        stack.wait(handle)
        firsts[f"{task}_first_seconds"] = time.perf_counter() - began
        return stack.array(handle)

    found: dict[str, Any] = {"parameters": stack.parameters()}
    found["outputs"] = gate.sample(timed("infer", lambda: stack.infer(0)))
    if stack.load.name == "gpt":
        found["tokens"] = timed("generate", stack.generate).astype(int).tolist()
    found["losses"] = [float(timed("train", lambda: stack.train(0)))]
    found["losses"] += [float(stack.array(stack.train(place))) for place in range(1, steps)]
    return found, firsts


def _warm(stack: Stack, job: Job) -> dict[str, Any]:
    """Warm steps, timed, of everything that the workload has."""
    tasks = {"infer": stack.infer_blocks, "train": stack.train_blocks}
    if stack.load.name == "gpt":
        tasks["generate"] = partial(_generations, stack)
    found: dict[str, Any] = {}
    for task, blocks in tasks.items():
        steps = 1 if task == "generate" else _steps(blocks, stack.least_block, stack.least_steps)
        clock = timing.Clock(steps, job.seconds)
        blocks(clock)
        found |= {f"{task}_{name}": value for name, value in clock.told().items()}
    return found


def _generations(stack: Stack, clock: timing.Clock) -> None:
    timing.blocks(clock, lambda place: stack.generate(), stack.wait, 1)


def _steps(blocks: Callable[[timing.Clock], None], least: float, fewest: int) -> int:
    """How many steps a block has, so that it takes ``least`` seconds, and ``fewest`` of them
    unless that takes twice as long."""

    def took(steps: int) -> float:
        clock = timing.Clock(steps, 0)
        blocks(clock)
        return min(clock.blocks)

    alone = took(1)
    if alone > least:
        return 1
    # What a block costs by itself is not to count.
    each = max((took(11) - alone) / 10, alone / 1000)
    return max(math.ceil(least / each), min(fewest, math.ceil(2 * least / each)))
