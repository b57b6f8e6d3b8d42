"""What is computed, once for all stacks: shapes, initial weights, batches, optimiser.

Weights are NumPy arrays by name, in the layout that TensorFlow, Keras and JAX share: a dense
kernel is (inputs, outputs), a convolution's (height, width, inputs, outputs), images are (batch,
height, width, channels). A stack that wants another layout turns them round for itself.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Array = NDArray[Any]
    Weights = dict[str, Array]

#: Batches that differ: the gate takes as many steps, and timing goes round them.
BATCHES = 10
#: Of ResNet-50: width and number of the blocks of each stage; how much of its old value a running
#: statistic keeps; what is added to a variance; and the factor that each block's last batch norm
#: starts with. With 1, the gradients of so deep a network magnify rounding to percents in few
#: steps, whatever computes them.
STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))
KEPT, EPSILON, LAST_FACTOR = 0.9, 1e-5, 0.2
#: Of Adam. PyTorch and optax add it to a corrected square root, TensorFlow and Keras to the bare
#: one: with the usual 1e-8 that alone parts their losses by a thousandth in ten steps.
ADAM_EPSILON = 1e-10


@dataclass(frozen=True)
class Workload:
    """A model, its batch and how it is trained.

    ``unit`` is what throughput counts, ``units`` how many of them an example has. ``optimizer`` is
    ``adam`` (0.9, 0.999, :data:`ADAM_EPSILON`) or ``sgd`` (with momentum 0.9). ``outputs`` and ``losses`` are how
    far a stack may be from the reference: outputs by the largest of them, losses relative.
    ``sizes`` are the model's own.
    """

    name: str
    title: str
    batch: int
    unit: str
    optimizer: str
    rate: float
    outputs: float
    losses: float
    units: int = 1
    classes: int = 10
    sizes: dict[str, Any] = field(default_factory=dict)

    def weights(self) -> Weights:
        """Initial weights by name, in 32 bits: the same on every machine."""
        random = np.random.default_rng(0)
        found: Weights = {}
        for name, shape, deviation in _PARAMETERS[self.name](self):
            if deviation:
                found[name] = _normal(random, shape) * np.float32(deviation)
            else:
                factor = LAST_FACTOR if name.endswith("bn3.weight") else 1.0
                start = factor if name.endswith(".weight") else 0.0
                found[name] = np.full(shape, start, np.float32)
        return found

    def batches(self, count: int = BATCHES, batch: int = 0) -> list[tuple[Array, Array]]:
        """``count`` batches of inputs and labels; the first examples are the same at each size."""
        random = np.random.default_rng(1)
        made: list[tuple[Array, Array]] = []
        for _ in range(count):
            shape = (batch or self.batch, *self.example_shape)
            if self.name == "gpt":
                tokens = random.integers(0, self.classes, (shape[0], shape[1] + 1), dtype=np.int32)
                made.append((tokens[:, :-1].copy(), tokens[:, 1:].copy()))
            else:
                labels = random.integers(0, self.classes, shape[0], dtype=np.int32)
                made.append((random.random(shape, dtype=np.float32), labels))
        return made

    @property
    def example_shape(self) -> tuple[int, ...]:
        """The shape of one example, without the batch."""
        return tuple(self.sizes["example"])

    def digest(self) -> str:
        """A name for the weights and batches, which a new NumPy might draw otherwise; without the
        last bits of the weights, which another machine's logarithm may round otherwise."""
        told = hashlib.sha256()
        for name, value in self.weights().items():
            told.update(name.encode() + (value.view(np.int32) >> 15).tobytes())
        for inputs, labels in self.batches(2):
            told.update(inputs.tobytes() + labels.tobytes())
        return told.hexdigest()[:16]


def _normal(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return random.standard_normal(shape, dtype=np.float32)


def _dense(name: str, inputs: int, outputs: int) -> Iterator[tuple[str, tuple[int, ...], float]]:
    yield f"{name}.kernel", (inputs, outputs), 1 / math.sqrt(inputs)
    yield f"{name}.bias", (outputs,), 0


def _mlp(load: Workload) -> Iterator[tuple[str, tuple[int, ...], float]]:
    widths = [*load.example_shape, *load.sizes["widths"], load.classes]
    for place, (inputs, outputs) in enumerate(pairwise(widths), start=1):
        yield from _dense(f"dense{place}", inputs, outputs)


def _cnn(load: Workload) -> Iterator[tuple[str, tuple[int, ...], float]]:
    height, width, channels = load.example_shape
    for place, filters in enumerate(load.sizes["filters"], start=1):
        yield f"conv{place}.kernel", (3, 3, channels, filters), 1 / math.sqrt(9 * channels)
        yield f"conv{place}.bias", (filters,), 0
        height, width, channels = height // 2, width // 2, filters
    yield from _dense("dense1", height * width * channels, load.sizes["width"])
    yield from _dense("dense2", load.sizes["width"], load.classes)


def _lstm(load: Workload) -> Iterator[tuple[str, tuple[int, ...], float]]:
    _, features = load.example_shape
    hidden = load.sizes["hidden"]
    # The gates in the order that Keras and PyTorch share: input, forget, cell, output.
    yield "lstm.kernel", (features, 4 * hidden), 1 / math.sqrt(features)
    yield "lstm.recurrent", (hidden, 4 * hidden), 1 / math.sqrt(hidden)
    yield "lstm.bias", (4 * hidden,), 0
    yield from _dense("dense", hidden, load.classes)


def _gpt(load: Workload) -> Iterator[tuple[str, tuple[int, ...], float]]:
    width = load.sizes["width"]
    yield "tokens", (load.classes, width), 0.02
    yield "positions", (*load.example_shape, width), 0.02
    for block in range(load.sizes["layers"]):
        for name, inputs, outputs in _gpt_dense(width):
            if name in {"qkv", "up"}:
                norm = f"block{block}.{'norm1' if name == 'qkv' else 'norm2'}"
                yield f"{norm}.weight", (width,), 0
                yield f"{norm}.bias", (width,), 0
            yield f"block{block}.{name}.kernel", (inputs, outputs), 0.02
            yield f"block{block}.{name}.bias", (outputs,), 0
    yield "norm.weight", (width,), 0
    yield "norm.bias", (width,), 0
    # So large that the likeliest token is far from the next one, in whatever arithmetic.
    yield "head.kernel", (width, load.classes), 1 / math.sqrt(width)


def _gpt_dense(width: int) -> list[tuple[str, int, int]]:
    return [
        ("qkv", width, 3 * width),
        ("out", width, width),
        ("up", width, 4 * width),
        ("down", 4 * width, width),
    ]


def bottlenecks(stages: tuple[tuple[int, int], ...]) -> Iterator[tuple[str, int, int, int]]:
    """``(name, channels in, width, stride)`` of each block, named as in torchvision."""
    channels = 64
    for stage, (width, count) in enumerate(stages, start=1):
        for place in range(count):
            stride = 2 if stage > 1 and place == 0 else 1
            yield f"layer{stage}.{place}", channels, width, stride
            channels = 4 * width


def convolutions(
    stages: tuple[tuple[int, int], ...],
) -> Iterator[tuple[str, str, int, int, int]]:
    """``(name, name of its batch norm, size, channels in, channels out)`` of each."""
    yield "conv1", "bn1", 7, 3, 64
    for name, channels, width, _ in bottlenecks(stages):
        yield f"{name}.conv1", f"{name}.bn1", 1, channels, width
        yield f"{name}.conv2", f"{name}.bn2", 3, width, width
        yield f"{name}.conv3", f"{name}.bn3", 1, width, 4 * width
        if name.endswith(".0"):
            yield f"{name}.downsample.0", f"{name}.downsample.1", 1, channels, 4 * width


def _resnet(load: Workload) -> Iterator[tuple[str, tuple[int, ...], float]]:
    stages = load.sizes["stages"]
    for name, norm, size, inputs, outputs in convolutions(stages):
        shape = (size, size, inputs, outputs)
        yield f"{name}.kernel", shape, math.sqrt(2 / (size * size * outputs))
        yield f"{norm}.weight", (outputs,), 0
        yield f"{norm}.bias", (outputs,), 0
    yield from _dense("fc", 4 * stages[-1][0], load.classes)


_PARAMETERS = {"mlp": _mlp, "cnn": _cnn, "lstm": _lstm, "gpt": _gpt, "resnet50": _resnet}

WORKLOADS = {
    load.name: load
    for load in (
        Workload(
            "mlp", "MLP of the article", 32, "images", "adam", 1e-3, 1e-5, 1e-4,
            sizes={"example": (784,), "widths": (128, 64)},
        ),
        Workload(
            "cnn", "Small CNN, 28x28", 64, "images", "sgd", 0.01, 1e-5, 1e-4,
            sizes={"example": (28, 28, 1), "filters": (32, 64), "width": 128},
        ),
        Workload(
            "lstm", "LSTM, 50 steps", 32, "sequences", "adam", 1e-3, 1e-5, 1e-4,
            sizes={"example": (50, 64), "hidden": 128},
        ),
        Workload(
            "gpt", "GPT, 3 million weights", 8, "tokens", "adam", 1e-3, 1e-4, 1e-3,
            units=128, classes=256,
            sizes={"example": (128,), "width": 256, "heads": 4, "layers": 4, "prompt": 16, "new": 48},
        ),
        Workload(
            "resnet50", "ResNet-50, 224x224", 4, "images", "sgd", 0.01, 1e-3, 1e-2,
            classes=1000, sizes={"example": (224, 224, 3), "stages": STAGES},
        ),
    )
}  # fmt: skip
