"""Is the harness of `make bench` honest? Four questions, each answered with a figure.

    PYTHONPATH=conf .venv/bin/python tests/benchmarks/honest_benchmarks.py [peers] [overhead] [same] [slower]

``peers``     PyTorch's step against `torch.utils.benchmark`, Keras's `fit` against what `fit` itself
              reports of the same epochs, JAX's step against a plain loop with `block_until_ready`
``overhead``  a step of 1 ms through the harness's clock, against a bare loop
``same``      one stack under two names, twenty times: how often is it too close to call?
``slower``    the same with one of the two held up by a tenth: how often is that seen?

Leave the machine alone meanwhile. It takes some 15 minutes.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import time

CODE = {
    "torch": """
import torch
from torch.utils import benchmark
from bench import timing
from bench.stacks import Settings, STACKS, hold_to
from bench.workloads import WORKLOADS
hold_to(2); torch.set_num_threads(2)
stack = STACKS[{stack!r}].load()(WORKLOADS[{load!r}], Settings())
for place in range(10): stack.train(place)
told = []
for turn in range(5):
    clock = timing.Clock({steps}, 6.0); stack.train_blocks(clock)
    ours = clock.told()["step_ms"]
    count = iter(range(10**9))
    timer = benchmark.Timer("stack.train(next(count) % 100)", globals=globals(), num_threads=2)
    told.append((ours, timer.blocked_autorange(min_run_time=4).median * 1000))
print("TOLD", told)
""",
    "jax": """
import time, statistics, jax
from bench import timing
from bench.stacks import Settings, STACKS, hold_to
from bench.workloads import WORKLOADS
hold_to(2)
stack = STACKS["jax"].load()(WORKLOADS[{load!r}], Settings())
for place in range(10): stack.train(place)
told = []
for turn in range(5):
    clock = timing.Clock({steps}, 6.0); stack.train_blocks(clock)
    plain = []
    for _ in range(20):
        began = time.perf_counter()
        for place in range({steps}): loss = stack.train(place % 100)
        jax.block_until_ready((loss, stack.carried)); plain.append((time.perf_counter() - began) / {steps} * 1000)
    told.append((clock.told()["step_ms"], statistics.median(plain)))
print("TOLD", told)
""",
    "fit": """
import contextlib, io, re, statistics
from bench import timing
from bench.stacks import Settings, STACKS, hold_to
from bench.stacks.of_keras import _Told
from bench.workloads import WORKLOADS
hold_to(2)
stack = STACKS[{stack!r}].load()(WORKLOADS[{load!r}], Settings())
for place in range(3): stack.train(place)
inputs, labels, size = stack._many({steps} + stack.late)
told = []
for turn in range(3):
    clock = timing.Clock({steps}, 1e9)  # the same epochs by both
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        stack.model.fit(
            inputs, labels, batch_size=size, shuffle=False, epochs=6, verbose=1,
            callbacks=[_Told(stack, clock, stack.late)],
        )
    # The last of each epoch's lines, which leaves the epoch's first step out; verbose=2 does not.
    epochs = text.getvalue().split("Epoch")[1:]
    said = [float(re.findall(r"(\\d+)ms/step", epoch)[-1]) for epoch in epochs]
    ours = statistics.median((clock.warm + clock.blocks)[1:]) / {steps} * 1000
    told.append((ours, statistics.median(said[1:])))
print("TOLD", told)
""",
}


def told(kind: str, backend: str = "", **more: object) -> None:
    import os

    text = CODE[kind].format(**more)
    environment = os.environ | {
        "PYTHONPATH": "conf",
        "OMP_NUM_THREADS": "2",
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }
    environment |= {"KERAS_BACKEND": backend} if backend else {}
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, env=environment
    )
    found = re.search(r"TOLD (.*)", done.stdout)
    if not found:
        print(done.stderr[-800:])
        return
    pairs = eval(found[1])
    ratio = statistics.median(a / b for a, b in pairs)
    print(
        f"{kind:6} {more} ours / theirs {ratio:.3f}   {[tuple(round(v, 4) for v in p) for p in pairs]}",
        flush=True,
    )


def peers() -> None:
    for load, steps in (("mlp", 30), ("cnn", 3), ("gpt", 1)):
        for stack in ("pytorch-eager", "pytorch-compiled"):
            told("torch", stack=stack, load=load, steps=steps)
        told("jax", load=load, steps=steps)
    for backend in ("tensorflow", "jax", "torch"):
        told("fit", backend, stack=f"keras-{backend}", load="gpt", steps=10)


def overhead() -> None:
    from bench import timing

    def step(place: int) -> None:
        until = time.perf_counter() + 0.001
        while time.perf_counter() < until:
            pass

    ratios = []
    for _ in range(5):
        bare = []
        for _ in range(20):
            began = time.perf_counter()
            for _ in range(20):
                step(0)
            bare.append((time.perf_counter() - began) / 20)
        clock = timing.Clock(20, 2.0)
        timing.blocks(clock, step, lambda handle: None, 10)
        ratios.append(clock.told()["step_ms"] / 1000 / statistics.median(bare))
    print("overhead of the clock on a step of 1 ms:", [f"{r - 1:+.3%}" for r in ratios])


def _times(stack, load, count, slow=0.0):
    """``count`` rounds of two names for one stack, taking turns."""
    from bench import running, timing  # noqa: F401
    from bench.measure import Job
    from site_ext.claims.benchmarks import Time

    found = {"a": [], "b": []}
    for turn in range(count):
        for name in ("ab", "ba")[turn % 2]:
            done = running.run(Job(load, stack, 2, seconds=1.5, steps=2), None)
            values = dict(done.round.values)
            if name == "b":
                values = {k: v * (1 + slow) if k.endswith("_ms") else v for k, v in values.items()}
            found[name].append(values)
    return {task: [Time.of(found[name], task) for name in "ab"] for task in ("train", "infer")}


def same(slow: float = 0.0) -> None:
    close = total = 0
    for turn in range(10):
        stack = ("jax", "pytorch-eager")[turn % 2]
        load = ("mlp", "cnn", "lstm")[turn % 3]
        for task, (one, other) in _times(stack, load, 3, slow).items():
            total += 1
            close += one.overlaps(other)
            print(
                f"  {stack} {load} {task} {other.ms / one.ms:.3f} overlap {one.overlaps(other)}  {one.low:.3f}-{one.high:.3f} {other.low:.3f}-{other.high:.3f}",
                flush=True,
            )
    print(
        f"too close to call: {close} of {total}"
        + (f", with {slow:.0%} added to one" if slow else "")
    )


def slower() -> None:
    same(0.1)


if __name__ == "__main__":
    for name in sys.argv[1:] or ("peers", "overhead", "same", "slower"):
        {"peers": peers, "overhead": overhead, "same": same, "slower": slower}[name]()
