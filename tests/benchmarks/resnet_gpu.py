"""How many images a second does ResNet-50 train on, with each framework on one GPU?

    PYTHONPATH=conf python tests/benchmarks/resnet_gpu.py [--record FILE] [--budget SECONDS] [--tiny]

ResNet-50 v1.5, 224 x 224, 1000 classes, 256 images a step that stay on the device: bfloat16
arithmetic over 32-bit weights, SGD with momentum 0.9, batch norm in training. Every stack
starts from the same weights and first has to show that it computes the same in 32 bits (the
gate). Then each is timed in processes of its own, in rounds that interleave the stacks.

Needs a machine with an NVIDIA GPU and torch, jax, optax and keras; leave it alone meanwhile.
``--tiny`` tries everything on a CPU, with a few small images and one block a stage.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import functools
import importlib.metadata
import itertools
import json
import os
import platform
import queue
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import date
from pathlib import Path

import numpy as np

from bench.workloads import STAGES, WORKLOADS, convolutions

ROOT = Path(__file__).resolve().parents[2]

CLASSES, RATE, MOMENTUM = 1000, 0.001, 0.9
#: How far from PyTorch's losses a stack may be in 32 bits: after one step, and over five.
FIRST, OVER_FIVE = 1e-4, 1e-2
#: Keras's stacks: the backend, where the channels are, and ``jit_compile``.
KERAS = {
    "keras_jax": ("jax", "channels_last", "auto"),
    "keras_torch": ("torch", "channels_last", "auto"),
    "keras_torch_channels_first": ("torch", "channels_first", "auto"),
    "keras_torch_compiled": ("torch", "channels_last", True),
    "keras_torch_compiled_channels_first": ("torch", "channels_first", True),
}
REFERENCE = "pytorch_eager"
STACKS = (REFERENCE, "pytorch_compiled", "jax", *KERAS)
SMI = (
    "name", "driver_version", "power.limit", "clocks.max.sm", "clocks.max.mem",
    "clocks.sm", "clocks.mem", "power.draw", "temperature.gpu",
)  # fmt: skip
HOW = (
    "tests/benchmarks/resnet_gpu.py: training steps of ResNet-50 v1.5 (the stride in the 3x3 "
    "convolution), 224x224, 1000 classes, {batch} images a step that stay on the device, so "
    "without reading or decoding; bfloat16 arithmetic over 32-bit weights, statistics of batch "
    "norm in 32 bits, SGD with momentum 0.9, cross-entropy. PyTorch: torch.autocast, channels "
    "last, eager and with torch.compile; JAX: one jitted function and optax; Keras: "
    "mixed_bfloat16 and fit with a generator of arrays on the device, steps_per_execution 1, "
    "channels last unless the name says otherwise. Wherever PyTorch computes, cuDNN's benchmark "
    "is on. TensorFlow was not measured: it was not installed there. Before "
    "that, from the same weights and {gate_batch} images in 32 bits without TF32, the first loss "
    "of every timed stack agreed with PyTorch's within 1e-4 and five steps within 1e-2. "
    "Each round has a new process for each stack: {warmup} steps that don't count, then up to "
    "{blocks} blocks of {block} steps ({seconds:g} seconds at most, two blocks at least); the "
    "round's value is the median of its blocks, and a stack's the median of its rounds, of "
    "which there were as many, up to {rounds}, as the time allowed. first_step_seconds is the "
    "first round's, with nothing compiled before: tracing, compiling and one step. Memory is the "
    "peak of the arrays that the framework held, the lowest of the rounds: for PyTorch after the "
    "steps that don't count, for JAX with compiling included."
)


# The network is that of `make bench`.


def workload(plan):
    """The benchmarks' own, of this size."""
    sizes = {"example": (plan.size, plan.size, 3), "stages": plan.stages}
    return dataclasses.replace(WORKLOADS["resnet50"], sizes=sizes)


def batch_of(plan):
    """Random images (count, height, width, channels) and labels, the same each time."""
    random = np.random.default_rng(1)
    shape = (plan.batch, plan.size, plan.size, 3)
    images = random.standard_normal(shape, dtype=np.float32)
    return images, random.integers(0, CLASSES, plan.batch, dtype=np.int32)


class Watch:
    """What a stack's process tells: losses, seconds of the first step and of each block."""

    def __init__(self, plan):
        self.plan = plan
        self.losses, self.blocks = [], []
        self.first_step = None
        self.started = time.perf_counter()

    def start(self):
        """The clock starts now; the device has nothing to do."""
        self.started = time.perf_counter()

    def first(self, loss):
        """The first step is done."""
        self.first_step = time.perf_counter() - self.started
        self.losses.append(float(loss))

    def warm(self):
        """The steps that don't count are done."""
        print("WARM", flush=True)

    def block(self):
        """A block of steps is done."""
        self.blocks.append(time.perf_counter() - self.started)
        self.start()

    def enough(self):
        """Whether the time for blocks is up; two are taken however long they are."""
        return len(self.blocks) > 1 and sum(self.blocks) > self.plan.seconds


def drive(plan, watch, step, wait, warm=lambda: None):
    """Train with ``step()``, which gives the loss; ``wait(loss)`` until the device is done."""
    watch.start()
    loss = step()
    wait(loss)
    watch.first(loss)
    if plan.gate:
        watch.losses += [float(step()) for _ in range(4)]
        return
    for _ in range(plan.warmup - 1):
        loss = step()
    wait(loss)
    warm()
    watch.warm()
    watch.start()
    while len(watch.blocks) < plan.blocks and not watch.enough():
        for _ in range(plan.block):
            loss = step()
        wait(loss)
        watch.block()
    watch.losses.append(float(loss))


# PyTorch.


def torch_ready(plan):
    """The device, with the settings of the gate or of the measurement."""
    import torch

    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = not plan.gate
    torch.backends.cudnn.benchmark = not plan.gate
    return "cuda" if torch.cuda.is_available() else "cpu"


def run_pytorch(plan, watch):
    """PyTorch's own loop, eager or compiled."""
    import torch
    from torch.nn import functional

    from bench.stacks.pytorch_models import Resnet, load_weights

    device = torch_ready(plan)
    model = Resnet(workload(plan))
    load_weights(model, workload(plan).weights())
    model = model.to(device, memory_format=torch.channels_last).train()
    images, labels = map(torch.from_numpy, batch_of(plan))
    images = images.permute(0, 3, 1, 2).to(device, memory_format=torch.channels_last)
    labels = labels.long().to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=MOMENTUM)
    called = torch.compile(model) if plan.stack == "pytorch_compiled" else model

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device, dtype=torch.bfloat16, enabled=not plan.gate):
            loss = functional.cross_entropy(called(images), labels)
        loss.backward()
        optimizer.step()
        return loss.detach()

    def wait(loss):
        if device == "cuda":
            torch.cuda.synchronize()

    drive(plan, watch, step, wait, torch_warm)


def torch_warm():
    """Count the memory from here."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()


def torch_memory():
    """The most that PyTorch's arrays took, in bytes; 0 without a GPU."""
    import torch

    return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else 0


# JAX.


def jax_ready(plan):
    """JAX with the settings of the gate or of the measurement."""
    import jax

    if plan.gate:
        jax.config.update("jax_default_matmul_precision", "highest")
    return jax


def run_jax(plan, watch):
    """Functions of the weights, one of them jitted."""
    jax = jax_ready(plan)
    import jax.numpy as jnp
    import optax

    from bench.stacks import of_jax

    compute = jnp.float32 if plan.gate else jnp.bfloat16

    forward = functools.partial(of_jax.resnet, workload(plan))
    optimizer = optax.sgd(RATE, momentum=MOMENTUM)

    @functools.partial(jax.jit, donate_argnums=(0, 1, 2))
    def train_step(params, running, momenta, images, labels):
        def loss_of(params):
            logits, new = forward(params, running, images, compute, training=True)
            logits = logits.astype(jnp.float32)
            losses = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
            return losses.mean(), new

        (loss, new), gradients = jax.value_and_grad(loss_of, has_aux=True)(params)
        updates, momenta = optimizer.update(gradients, momenta, params)
        return optax.apply_updates(params, updates), new, momenta, loss

    params = {name: jnp.asarray(value) for name, value in workload(plan).weights().items()}
    running = {
        norm: (jnp.zeros(outputs), jnp.ones(outputs))
        for _, norm, _, _, outputs in convolutions(plan.stages)
    }
    images, labels = map(jnp.asarray, batch_of(plan))
    state = params, running, optimizer.init(params)
    jax.block_until_ready((state, images, labels))

    def step():
        nonlocal state
        *state, loss = train_step(*state, images, labels)
        return loss

    drive(plan, watch, step, jax.block_until_ready)


def jax_memory():
    """The most that JAX's arrays took, in bytes; 0 without a GPU."""
    import jax

    return (jax.devices()[0].memory_stats() or {}).get("peak_bytes_in_use", 0)


# Keras.


def keras_network(plan):
    """The model, with logits in 32 bits."""
    import keras

    from bench.stacks.keras_models import load_weights, resnet

    inputs, logits = resnet(workload(plan))
    model = keras.Model(inputs, keras.layers.Activation("linear", dtype="float32")(logits))
    load_weights(model, workload(plan).weights())
    return model


def run_keras(plan, watch):
    """``fit`` with a generator of arrays that are on the device already."""
    backend, data_format, jit_compile = KERAS[plan.stack]
    ready = torch_ready(plan) if backend == "torch" else jax_ready(plan)
    import keras

    assert keras.backend.backend() == backend
    keras.config.set_image_data_format(data_format)
    keras.mixed_precision.set_dtype_policy("float32" if plan.gate else "mixed_bfloat16")
    model = keras_network(plan)
    model.compile(
        optimizer=keras.optimizers.SGD(RATE, momentum=MOMENTUM),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=jit_compile,
    )
    images, labels = batch_of(plan)
    if data_format == "channels_first":
        images = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    images, labels = map(keras.ops.convert_to_tensor, (images, labels))

    def wait():
        if backend == "jax":
            ready.block_until_ready([variable.value for variable in model.variables])
        elif ready == "cuda":
            import torch

            torch.cuda.synchronize()

    def fit(steps, epochs=1, callbacks=()):
        told = model.fit(
            ((images, labels) for _ in itertools.count()),
            steps_per_epoch=steps, epochs=epochs, callbacks=list(callbacks), verbose=0,
        )  # fmt: skip
        wait()
        return told.history["loss"]

    class Blocks(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            wait()
            watch.start()

        def on_epoch_end(self, epoch, logs=None):
            wait()
            watch.block()
            self.model.stop_training = watch.enough()

    wait()
    watch.start()
    watch.first(fit(1)[0])
    if plan.gate:
        watch.losses += fit(1, epochs=4)
        return
    fit(plan.warmup - 1)
    if backend == "torch":
        torch_warm()
    watch.warm()
    watch.losses.append(fit(plan.block, epochs=plan.blocks, callbacks=[Blocks()])[-1])


# One process: one stack, once.


def alone(plan):
    """Run a stack in this process and print what it did, for the process that started it."""
    watch = Watch(plan)
    if plan.stack in KERAS:
        run_keras(plan, watch)
    else:
        (run_jax if plan.stack == "jax" else run_pytorch)(plan, watch)
    on_torch = plan.stack.startswith("pytorch") or KERAS.get(plan.stack, " ")[0] == "torch"
    told = {
        "losses": watch.losses,
        "blocks": watch.blocks,
        "images_per_second": [plan.batch * plan.block / seconds for seconds in watch.blocks],
        "first_step_seconds": watch.first_step,
        "memory": torch_memory() if on_torch else jax_memory(),
        "versions": versions(on_torch, plan.stack),
    }
    print("RESULT " + json.dumps(told), flush=True)


def versions(on_torch, stack):
    """What this process ran on."""
    found = {"python": platform.python_version(), "numpy": np.__version__}
    if on_torch:
        import torch

        found |= {"torch": torch.__version__, "cuda": torch.version.cuda or "none"}
    names = [] if on_torch else ["jax", "jaxlib", "optax"]
    names += ["keras"] if stack in KERAS else []
    for name in (*names, "nvidia-cudnn-cu13"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name.removeprefix("nvidia-").removesuffix("-cu13")] = importlib.metadata.version(
                name
            )
    return found


# The process that starts the others.


def start(arguments, stack, caches, *, gate):
    """A process for the stack; its output arrives in a queue, ``None`` at the end."""
    backend = KERAS.get(stack, ("jax",))[0]
    environment = os.environ | {
        "PYTHONUNBUFFERED": "1",
        "KERAS_BACKEND": backend,
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        "JAX_COMPILATION_CACHE_DIR": str(Path(caches, stack)),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        "TORCHINDUCTOR_CACHE_DIR": str(Path(caches, stack)),
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }
    options = ["--stack", stack, *(["--gate"] if gate else []), *passed_on(arguments)]
    errors = Path(caches, f"{stack}.txt").open("w+")
    process = subprocess.Popen(
        [sys.executable, __file__, *options],
        env=environment, stdout=subprocess.PIPE, stderr=errors, text=True,
    )  # fmt: skip
    lines = queue.SimpleQueue()

    def read():
        for line in process.stdout:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    return process, lines, errors


def passed_on(arguments):
    """The options that a stack's process needs too."""
    named = ("warmup", "block", "blocks", "seconds", "batch", "gate_batch")
    given = [f"--{name.replace('_', '-')}={getattr(arguments, name)}" for name in named]
    return given + (["--tiny"] if arguments.tiny else [])


def finish(stack, started, seconds, at_warm=lambda: None):
    """What a stack's process told; ``{"failed": why}`` where it came to nothing."""
    process, lines, errors = started
    until, result = time.monotonic() + seconds, None
    try:
        while (line := lines.get(timeout=max(0.01, until - time.monotonic()))) is not None:
            if line.startswith("WARM"):
                at_warm()
            elif line.startswith("RESULT "):
                result = json.loads(line.removeprefix("RESULT "))
        process.wait()
    except queue.Empty:
        process.kill()
        process.wait()
        return {"failed": f"not done after {seconds:.0f} seconds", "late": True}
    if result is None:
        errors.seek(0)
        said = errors.read().strip()
        print(f"--- {stack}:\n{said[-3000:]}", flush=True)
        last = said.splitlines()[-1] if said else "no word"
        return {"failed": f"exit status {process.returncode}: {last[:300]}"}
    return result


def check(arguments):
    """The gate: for each stack its losses, and how far they are from PyTorch's."""
    told, began = {}, time.monotonic()
    with tempfile.TemporaryDirectory() as caches:
        # Nothing is timed here: all at once, where there is a GPU.
        together = len(arguments.stacks) if smi() else 1
        for first in range(0, len(arguments.stacks), together):
            some = arguments.stacks[first : first + together]
            begun = {stack: start(arguments, stack, caches, gate=True) for stack in some}
            for stack, started in begun.items():
                left = arguments.gate_limit - (time.monotonic() - began)
                told[stack] = finish(stack, started, left)
                if told[stack].get("late"):
                    told[stack]["failed"] = f"not done after {arguments.gate_limit:.0f} seconds"
    ours = told[REFERENCE].get("losses")
    for stack, one in told.items():
        if ours is None or "failed" in one:
            print(f"gate {stack:36} {one.get('failed')}", flush=True)
            continue
        apart = [abs(a - b) / abs(b) for a, b in zip(one["losses"], ours, strict=True)]
        one["first_difference"], one["difference"] = apart[0], max(apart)
        one["passed"] = apart[0] <= FIRST and max(apart) <= OVER_FIVE
        print(
            f"gate {stack:36} {'passed' if one['passed'] else 'FAILED'}  "
            f"first {apart[0]:.1e}  over five {max(apart):.1e}  "
            + " ".join(f"{loss:.5f}" for loss in one["losses"]),
            flush=True,
        )
    return told


def smi():
    """What nvidia-smi says of the GPU now; empty without one."""
    try:
        said = subprocess.run(
            ["nvidia-smi", f"--query-gpu={','.join(SMI)}", "--format=csv,noheader,nounits"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return {}
    values = said.stdout.splitlines()[0].split(", ")
    return dict(zip(SMI, values, strict=True))


def measure(arguments, stacks, save):
    """Time the stacks in rounds; ``save(results)`` after each process."""
    results = {stack: {} for stack in stacks}
    begun, took = time.monotonic(), {}
    with tempfile.TemporaryDirectory() as caches:
        for turn in range(arguments.rounds):
            # Every other round in reverse: the order of the stacks must not matter.
            for stack in stacks if turn % 2 == 0 else reversed(stacks):
                left = arguments.budget - (time.monotonic() - begun)
                if left < took.get(stack, 30) or any(
                    "failed" in r for r in results[stack].values()
                ):
                    print(f"round {turn} {stack:36} skipped, {left:.0f} s left", flush=True)
                    continue
                before, card = time.monotonic(), {}
                one = finish(
                    stack,
                    start(arguments, stack, caches, gate=False),
                    min(arguments.limit, left),
                    lambda turn=turn, card=card: turn or card.update(sampled()),
                )
                took[stack] = 10 + time.monotonic() - before - one.get("first_step_seconds", 0)
                results[stack][turn] = one | {"card": card}
                save(results)
                print(f"round {turn} {stack:36} {told_short(one)}  {since(before)}", flush=True)
                if card:
                    print("      " + " ".join(f"{k}={v}" for k, v in card.items()), flush=True)
    return results


def since(before):
    """The seconds since then, as text."""
    return f"{time.monotonic() - before:.0f} s"


def sampled():
    """The state of the card a moment after the warm-up, while it trains."""
    time.sleep(1.5)
    return smi()


def told_short(one):
    """A process's outcome in a line."""
    if "failed" in one:
        return one["failed"]
    blocks = one["images_per_second"]
    return (
        f"{statistics.median(blocks):8.1f} images/s "
        f"({len(blocks)} blocks, {min(blocks):.1f} to {max(blocks):.1f})  "
        f"first step {one['first_step_seconds']:.1f} s  {one['memory'] / 2**30:.2f} GiB  "
        f"loss {one['losses'][0]:.4f} to {one['losses'][-1]:.4f}"
    )


def record(arguments, gate, results):
    """The recorded measurement, from the gate and the rounds."""
    card = smi()
    measured = {"images_a_step": arguments.batch, "gate_images_a_step": arguments.gate_batch}
    if card:
        measured |= {
            "driver": card["driver_version"],
            "power_limit_watts": float(card["power.limit"]),
            "sm_clock_limit_mhz": int(card["clocks.max.sm"]),
            "memory_clock_limit_mhz": int(card["clocks.max.mem"]),
        }
    measured["cpu_count"] = os.cpu_count()
    found = {}
    for stack, checked in gate.items():
        found |= checked.get("versions", {})
        if "first_difference" in checked:
            measured[f"{stack}_gate_first_difference"] = float(f"{checked['first_difference']:.3g}")
            measured[f"{stack}_gate_difference"] = float(f"{checked['difference']:.3g}")
        if not checked.get("passed"):
            measured[f"{stack}_not_comparable"] = checked.get("failed", "the losses differ")
    for stack, turns in results.items():
        done = {turn: one for turn, one in turns.items() if "failed" not in one}
        for one in done.values():
            found |= one["versions"]
        for turn, one in turns.items():
            if "failed" in one:
                measured[f"{stack}_round_{turn}_failed"] = one["failed"]
        if done:
            measured |= told_in_full(stack, done)
    name = card.get("name", "none")
    return {
        "title": "ResNet-50, training steps on one GPU with each framework",
        "how": HOW.format(**vars(arguments)),
        "machine": f"1 {name}, {os.cpu_count()} CPU cores" if card else "CPU, a trial only",
        "date": date.today().isoformat(),  # noqa: DTZ011 - the day where it runs
        "versions": found,
        "measured": measured,
    }


def told_in_full(stack, done):
    """The values of a stack's rounds, by name."""
    rates = {turn: statistics.median(one["images_per_second"]) for turn, one in done.items()}
    values = {
        "images_per_second": round(statistics.median(rates.values()), 1),
        **{f"round_{turn}_images_per_second": round(rate, 1) for turn, rate in rates.items()},
        **{f"round_{turn}_blocks": len(one["blocks"]) for turn, one in done.items()},
        "memory_gib": round(min(one["memory"] for one in done.values()) / 2**30, 2),
    }
    if 0 in done:
        card = done[0]["card"]
        values["first_step_seconds"] = round(done[0]["first_step_seconds"], 2)
        values["first_loss"] = round(done[0]["losses"][0], 4)
        if card:
            values["sm_clock_mhz"] = int(card["clocks.sm"])
            values["memory_clock_mhz"] = int(card["clocks.mem"])
            values["power_watts"] = float(card["power.draw"])
    cached = {turn: one for turn, one in done.items() if turn > 0}
    for turn, one in cached.items():
        values[f"round_{turn}_first_step_seconds"] = round(one["first_step_seconds"], 2)
    return {f"{stack}_{name}": value for name, value in values.items()}


def main() -> None:
    """Check the stacks, time those that passed, and write the record as far as it got."""
    arguments = parsed()
    if arguments.stack:
        alone(arguments)
        return
    kept = arguments.gate_file
    if kept and kept.exists():
        gate = json.loads(kept.read_text(encoding="utf-8"))
    else:
        gate = check(arguments)
        if kept:
            kept.write_text(json.dumps(gate), encoding="utf-8")

    def save(results):
        text = json.dumps(record(arguments, gate, results), indent=2) + "\n"
        arguments.record.write_text(text, encoding="utf-8")

    save({})
    passed = [stack for stack in arguments.stacks if gate.get(stack, {}).get("passed")]
    results = measure(arguments, passed, save)
    save(results)
    print(arguments.record.read_text(encoding="utf-8"))


def parsed():
    """The options; ``--stack`` and ``--gate`` are for the processes that this one starts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = ROOT / "docs" / "measurements" / "resnet_one_gpu.json"
    parser.add_argument("--record", type=Path, default=default)
    parser.add_argument("--gate-file", type=Path, help="keep the gate's outcome, or take it again")
    parser.add_argument("--stacks", type=lambda text: text.split(","), default=list(STACKS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--budget", type=float, default=3600, help="seconds for all rounds")
    parser.add_argument("--limit", type=float, default=300, help="seconds for one process")
    parser.add_argument("--gate-limit", type=float, default=600, help="seconds for the gate")
    parser.add_argument("--warmup", type=int, default=20)
    parser.add_argument("--block", type=int, default=20, help="steps between two clock readings")
    parser.add_argument("--blocks", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=12, help="for the blocks of one process")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--gate-batch", type=int, default=16)
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--stack", choices=STACKS)
    parser.add_argument("--gate", action="store_true")
    arguments = parser.parse_args()
    arguments.size, arguments.stages = 224, STAGES
    if arguments.tiny:
        arguments.size, arguments.stages = 64, tuple((width, 1) for width, _ in STAGES)
        arguments.batch, arguments.gate_batch = 4, 4
        arguments.warmup, arguments.block, arguments.blocks = 2, 1, 2
    if arguments.gate:
        arguments.batch = arguments.gate_batch
    return arguments


if __name__ == "__main__":
    main()
