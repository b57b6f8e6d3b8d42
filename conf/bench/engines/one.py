"""One process of an engine: ``python -m bench.engines.one ENGINE RANK COUNT PORT BLOCKS``.

Every process takes the same steps; the first one prints what came of them, as JSON.
"""

from __future__ import annotations

import importlib
import json
import os
import statistics
import sys
import time
from typing import Any

from bench import gate
from bench.engines import ENGINES, WORKLOAD
from bench.stacks import Settings, Stack
from bench.workloads import BATCHES, WORKLOADS

#: How many steps a block has that is timed, and blocks before those that count, if there are more.
STEPS, WARM = 10, 3


def engine(name: str, rank: int, count: int, port: int) -> Stack:
    """The engine's stack, which knows its place among the processes."""
    module, _, kind = ENGINES[name].place.partition(":")
    found = getattr(importlib.import_module(module), kind)

    class Placed(found):  # type: ignore[misc, valid-type]
        def share(self, *arrays: Any) -> tuple[Any, ...]:
            """The examples that this process takes."""
            return tuple(array[rank::count].copy() for array in arrays)

    Placed.rank, Placed.count, Placed.port = rank, count, port
    stack: Stack = Placed(WORKLOADS[WORKLOAD], Settings())
    return stack


def main(name: str, rank: int, count: int, port: int, blocks: int) -> None:
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[rank % len(cores)]})
    stack = engine(name, rank, count, port)
    losses = [float(stack.array(stack.train(place))) for place in range(BATCHES)]
    known = gate.reference(stack.load)["losses"]
    apart = max(abs(one - other) / abs(other) for one, other in zip(losses, known, strict=True))
    times, place = [], BATCHES
    for _ in range(blocks):
        began, handle = time.perf_counter(), None
        for _ in range(STEPS):
            handle = stack.train(place)
            place += 1
        stack.wait(handle)
        times.append((time.perf_counter() - began) / STEPS)
    if not rank:
        told = {"apart": apart, "seconds": statistics.median(times[WARM:] or times)}
        print("TOLD " + json.dumps(told), flush=True)
    os._exit(0)  # what the end of a process costs is not asked, and engines wait for each other


if __name__ == "__main__":
    words = sys.argv[1:]
    rank = int(os.environ.get("RANK", words[1]))
    main(words[0], rank, int(words[2]), int(words[3]), int(words[4]))
