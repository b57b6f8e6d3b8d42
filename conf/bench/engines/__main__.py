"""Run every engine with one process and with two, in turns, and write what was found."""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from bench import matrix, running
from bench.engines import ENGINES, WORKLOAD, Engine
from bench.stacks import STACKS, variables
from bench.workloads import WORKLOADS
from site_ext.base import machine
from site_ext.base.errors import SiteError
from site_ext.base.files import write_json

ROOT = Path(__file__).resolve().parents[3]
COUNTS, ROUNDS, BLOCKS, SECONDS = (1, 2), 5, 15, 180


def ports(count: int) -> int:
    """The first of so many neighbours that nobody listens on."""
    while True:
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            first: int = one.getsockname()[1]
        if first + count < 65536 and not any(_taken(first + place) for place in range(count)):
            return first


def _taken(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def commands(name: str, engine: Engine, count: int, port: int, blocks: int) -> list[list[str]]:
    """What starts the engine's processes: its launcher once, or Python for each."""
    module = "bench.engines.one"
    if engine.launcher:
        words = [word.format(count=count, port=port) for word in engine.launcher]
        return [[sys.executable, "-m", *words, module, name, "0", *map(str, (count, port, blocks))]]
    return [
        [sys.executable, "-m", module, name, *map(str, (rank, count, port, blocks))]
        for rank in range(count)
    ]


def measure(name: str, count: int, blocks: int = BLOCKS) -> dict[str, float]:
    """One run: how far its losses were from the reference, and the seconds of a step."""
    engine = ENGINES[name]
    environment = os.environ | variables(STACKS[engine.stack], 1)
    lines = commands(name, engine, count, ports(count), blocks)
    with ExitStack() as stack:
        # Files, not pipes: who waits for one process does not empty another's.
        heard = [stack.enter_context(tempfile.TemporaryFile("w+")) for _ in lines]
        started = [
            subprocess.Popen(line, env=environment, stdout=words, stderr=words)
            for line, words in zip(lines, heard, strict=True)
        ]
        try:
            for process in started:
                process.wait(SECONDS)
        finally:
            for process in started:
                process.kill()
        said = []
        for words in heard:
            words.seek(0)
            said += words.read().splitlines()
    told = [line.removeprefix("TOLD ") for line in said if line.startswith("TOLD ")]
    if not told:
        raise SiteError(f"{engine.title}, {count} processes: {' / '.join(said[-3:]) or 'no word'}")
    values: dict[str, float] = json.loads(told[0])
    return values


def main() -> None:
    found: dict[tuple[str, int], list[dict[str, float]]] = {}
    for turn in range(ROUNDS):
        order = [(name, count) for name in ENGINES for count in COUNTS]
        for name, count in order if turn % 2 == 0 else reversed(order):
            told = measure(name, count)
            found.setdefault((name, count), []).append(told)
            print(
                f"{ENGINES[name].title}, {count} of one core: {1000 * told['seconds']:.1f} ms, "
                f"losses {told['apart']:.0e} apart",
                flush=True,
            )
    load, here = WORKLOADS[WORKLOAD], machine.describe()
    measured: dict[str, float | int] = {"batch": load.batch, "rounds": ROUNDS}
    for (name, count), rounds in found.items():
        seconds = statistics.median(one["seconds"] for one in rounds)
        measured[f"{name}_{count}_images_per_second"] = float(f"{load.batch / seconds:.4g}")
        measured[f"{name}_{count}_apart"] = float(f"{max(one['apart'] for one in rounds):.2g}")
    target = ROOT / f"docs/measurements/engines_{matrix.slug(here, 'cpu')}.json"
    write_json(target, {
        "title": f"{load.title}, a training step through each framework's distributed engine",
        "how": f"python -m bench.engines: batches of {load.batch}, divided over one process and over two, a "
        f"core and a thread each, on one machine; medians of {ROUNDS} runs in turns. In each run the losses "
        "of ten steps are compared with the reference of make bench; apart is the largest difference, relative.",
        "machine": machine.line(here),
        "date": datetime.now(UTC).date().isoformat(),
        "versions": running.versions(list(STACKS)),
        "measured": measured,
    })  # fmt: skip
    print(f"{target}: `make html` shows it")


if __name__ == "__main__":
    try:
        main()
    except SiteError as error:
        sys.exit(f"bench.engines: {error}")
