"""The stacks: a framework with its mode, and what each is tuned by.

Every module here is plain code of its framework. A stack is a class with the methods of
:class:`Stack`; :data:`STACKS` says where it is and under which variables its process runs.
"""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bench import timing

if TYPE_CHECKING:
    from bench.timing import Clock
    from bench.workloads import Array, Workload


@dataclass(frozen=True)
class Settings:
    """How a stack is to compute: on which ``device`` (``cpu`` or ``cuda``), in which ``dtype``
    (``float32`` or ``bfloat16`` over 32-bit weights), how many examples a step."""

    device: str = "cpu"
    dtype: str = "float32"
    batch: int = 0


class Stack:
    """One stack on one workload; subclasses fill in what their framework does.

    ``infer`` and ``train`` start one batch's work and return a handle for it, ``wait`` returns
    when the device is done with it. Training changes the weights; inference does not.
    """

    #: How the images lie in memory, and who computes.
    layout = "NHWC"
    #: What was chosen for this stack, in words, with the guide that advises it.
    choices = ""
    #: Seconds that a block of steps is to take at least, and how many it has unless it takes
    #: twice as long by that.
    least_block, least_steps = 0.02, 1

    def __init__(self, load: Workload, settings: Settings) -> None:
        self.load, self.settings = load, settings
        self.data = load.batches(batch=settings.batch)
        self.build()

    def build(self) -> None:
        """Make the model with the workload's weights, and put the batches on the device."""
        raise NotImplementedError

    def infer(self, place: int) -> Any:
        """The logits of a batch."""
        raise NotImplementedError

    def train(self, place: int) -> Any:
        """The loss of a batch, before the step that it leads to; see :meth:`places`."""
        raise NotImplementedError

    def places(self, place: int) -> tuple[int, int]:
        """Whose inputs and whose labels a step takes. In each round of the batches the labels are
        those of other inputs: nothing can be learnt by heart, so losses and gradients stay what
        they are in a training, and no step is slow because its numbers are too small for hardware.
        """
        count = len(self.data)
        return place % count, (place + place // count) % count

    def wait(self, handle: Any) -> None:
        raise NotImplementedError

    def array(self, handle: Any) -> Array:
        """A result as an array, in 32 bits."""
        raise NotImplementedError

    def generate(self) -> Any:
        """The tokens that follow the prompt, each the likeliest, with a cache of keys and values."""
        raise NotImplementedError

    def parameters(self) -> int:
        """How many numbers are trained."""
        raise NotImplementedError

    def memory(self) -> int:
        """The most that the device's arrays took, in bytes; 0 where the device is the processor."""
        return 0

    # What a stack with a loop of its own overrides: Keras's fit and predict.

    def train_blocks(self, clock: Clock) -> None:
        """Train in blocks of ``clock.steps`` until the clock has enough."""
        timing.blocks(clock, self.train, self.wait, len(self.data) ** 2)

    def infer_blocks(self, clock: Clock) -> None:
        """The same for inference."""
        timing.blocks(clock, self.infer, self.wait, len(self.data))


@dataclass(frozen=True)
class Known:
    """A stack's module and class, the distributions it needs, and its process's variables."""

    name: str
    title: str
    place: str
    needs: tuple[str, ...]
    color: str
    variables: dict[str, str] = field(default_factory=dict)
    default: bool = True

    def load(self) -> type[Stack]:
        """The class; imports the framework."""
        module, _, name = self.place.partition(":")
        found: type[Stack] = getattr(importlib.import_module(module), name)
        return found


def _keras(backend: str, title: str, kind: str = "", **more: Any) -> Known:
    needs = ("keras", "tensorflow" if backend == "tensorflow" else backend)
    return Known(
        f"keras-{backend}{kind and f'-{kind}'}", title,
        f"bench.stacks.of_keras:{(kind or 'fit').replace('-', ' ').title().replace(' ', '')}",
        needs, "keras", {"KERAS_BACKEND": backend}, **more,
    )  # fmt: skip


STACKS = {
    one.name: one
    for one in (
        Known("tensorflow", "TensorFlow, tf.function", "bench.stacks.of_tensorflow:Function",
              ("tensorflow",), "tensorflow"),
        Known("tensorflow-xla", "TensorFlow with XLA", "bench.stacks.of_tensorflow:Xla",
              ("tensorflow",), "tensorflow", default=False),
        Known("pytorch-eager", "PyTorch, eager", "bench.stacks.of_pytorch:Eager",
              ("torch",), "pytorch"),
        Known("pytorch-compiled", "PyTorch, torch.compile", "bench.stacks.of_pytorch:Compiled",
              ("torch",), "pytorch"),
        Known("jax", "JAX, jit", "bench.stacks.of_jax:Jit", ("jax", "optax"), "jax"),
        _keras("tensorflow", "Keras on TensorFlow, fit"),
        _keras("jax", "Keras on JAX, fit"),
        _keras("torch", "Keras on PyTorch, fit"),
        _keras("tensorflow", "Keras on TensorFlow, step", "step", default=False),
        _keras("jax", "Keras on JAX, step", "step", default=False),
        _keras("torch", "Keras on PyTorch, step", "step", default=False),
        _keras("tensorflow", "Keras on TensorFlow, eager step", "eager", default=False),
        _keras("jax", "Keras on JAX, eager step", "eager", default=False),
        _keras("torch", "Keras on PyTorch, fit compiled", "compiled", default=False),
    )
}  # fmt: skip


def variables(stack: Known, threads: int) -> dict[str, str]:
    """What a stack's process is told by its environment; each library its number of threads."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    return {
        **dict.fromkeys(names, str(threads)),
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        **stack.variables,
    }


def hold_to(threads: int) -> None:
    """Keep this process on so many cores, where the system can: XLA knows no other way."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
