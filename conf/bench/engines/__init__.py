"""One workload through each framework's own distributed engine, in one process and in two.

    python -m bench.engines

An engine is a stack whose batch is divided over the processes that were started for it: each
takes its share of the examples, gradients are averaged over all, and the losses of ten steps must
be the reference's, as for every other stack (:mod:`bench.gate`). Processes have a core and a
thread each. What is found is written to ``docs/measurements/engines_<machine>.json``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Engine:
    """How an engine's process is started, and what divides the batch in it.

    ``place`` is the module and class; of ``launcher`` the words before the module, where the
    framework brings a program that starts its processes.
    """

    title: str
    place: str
    stack: str
    launcher: tuple[str, ...] = ()


WORKLOAD = "cnn"
ENGINES = {
    "pytorch": Engine(
        "PyTorch, DistributedDataParallel under torchrun",
        "bench.engines.of_pytorch:Distributed",
        "pytorch-eager",
        ("torch.distributed.run", "--nproc-per-node={count}", "--master-port={port}", "-m"),
    ),
    "tensorflow": Engine(
        "TensorFlow, MultiWorkerMirroredStrategy",
        "bench.engines.of_tensorflow:Distributed",
        "tensorflow",
    ),
    "jax": Engine("JAX, jax.distributed and sharding", "bench.engines.of_jax:Distributed", "jax"),
    "keras": Engine(
        "Keras on JAX, keras.distribution",
        "bench.engines.of_keras:Distributed",
        "keras-jax-step",
    ),
}
