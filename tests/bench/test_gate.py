"""The gate: what computes the same is timed, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from bench import gate, running  # noqa: E402
from bench.measure import Job, of_stack  # noqa: E402
from bench.stacks import STACKS, Settings, of_pytorch  # noqa: E402
from bench.workloads import WORKLOADS  # noqa: E402

if TYPE_CHECKING:
    from bench.stacks import Stack

JOB = Job("mlp", "pytorch-eager", threads=1, seconds=0.01)


class WrongWeight(of_pytorch.Eager):
    """One kernel is a hundredth larger."""

    def build(self) -> None:
        super().build()
        with torch.no_grad():
            next(self.model.parameters()).mul_(1.01)


class WrongLoss(of_pytorch.Eager):
    """The loss is the sum over the batch in the place of the mean."""

    def train(self, place: int) -> Any:
        return super().train(place) * len(self.data[0][0])


class SoftmaxTwice(of_pytorch.Eager):
    """The mistake of many a sample: softmax before a loss that applies it again."""

    def build(self) -> None:
        super().build()
        self.model.register_forward_hook(lambda model, inputs, x: torch.softmax(x, dim=-1))


class LowerNumbers(of_pytorch.Eager):
    """Computes in bfloat16 and says float32."""

    def autocast(self) -> Any:
        return torch.autocast("cpu", torch.bfloat16)


class NoOptimizer(of_pytorch.Eager):
    """Computes the gradients and leaves the weights as they are."""

    def build(self) -> None:
        super().build()
        self.optimizer.step = lambda: None


class FewerWeights(of_pytorch.Eager):
    """Does not train the last bias."""

    def build(self) -> None:
        super().build()
        list(self.model.parameters())[-1].requires_grad_(False)


def test_what_computes_the_same_is_timed() -> None:
    """The honest stack passes and has times of both tasks."""
    told = of_stack(of_pytorch.Eager, JOB)

    assert told["passed"], told["why"]
    assert 0 < told["train_low_ms"] <= told["train_step_ms"] <= told["train_high_ms"]
    assert told["infer_step_ms"] > 0


@pytest.mark.parametrize(
    ("planted", "says"),
    [
        (WrongWeight, "its outputs are"),
        (WrongLoss, "its losses are"),
        (SoftmaxTwice, "its outputs are"),
        (LowerNumbers, "its outputs are"),
        (NoOptimizer, "its losses are"),
        (FewerWeights, "it trains 109,376 numbers, the reference 109,386"),
    ],
)
def test_what_computes_something_else_is_stopped(planted: type[Stack], says: str) -> None:
    """It is told what differs, by how much, and no step of it is timed."""
    told = of_stack(planted, JOB)

    assert not told["passed"]
    assert says in told["why"]
    assert not [name for name in told if name.endswith(("_ms", "_first_seconds"))]


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_step_that_does_not_train_is_seen_in_every_workload(name: str) -> None:
    """Its losses are away from the reference by ten times what is allowed."""
    load, known = WORKLOADS[name], gate.reference(WORKLOADS[name])
    stack = of_pytorch.Eager(load, Settings())
    stack.model.train()
    losses = []
    with torch.no_grad():
        for inputs, labels in stack.batches:
            logits = stack.model(inputs).flatten(0, -2)
            losses.append(float(torch.nn.functional.cross_entropy(logits, labels.flatten())))
    apart = np.abs(np.subtract(losses, known["losses"])) / known["losses"]

    assert apart[0] <= load.losses  # the first step is the same
    assert max(apart) > 10 * load.losses


@pytest.mark.parametrize("name", [name for name, stack in STACKS.items() if stack.default])
def test_every_stack_passes(name: str) -> None:
    """In a process of its own, as `make bench` runs it."""
    missing = [one for one in STACKS[name].needs if not running.packages.is_installed(one)]
    if missing:
        pytest.skip(f"{missing[0]} is not installed")
    done = running.run(replace(JOB, stack=name), None)

    assert not done.failed
    assert done.gate
    assert not done.gate.why
    assert done.round
    assert done.round.values["train_step_ms"] > 0
    assert done.round.values["peak_mib"] > 50


def test_generation_is_part_of_the_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another token than the reference's stops a stack."""
    known = gate.reference(WORKLOADS["gpt"])
    found = {name: known[name] for name in ("parameters", "outputs", "losses", "tokens")}

    assert gate.compare(WORKLOADS["gpt"], known, found)["passed"]

    found["tokens"] = [*known["tokens"][:-1], known["tokens"][-1] ^ 1]

    assert "other tokens" in gate.compare(WORKLOADS["gpt"], known, found)["why"]


def test_numbers_that_are_none_do_not_pass() -> None:
    """NaN compares with nothing, and is no agreement."""
    known = gate.reference(WORKLOADS["mlp"])
    found = {name: known[name] for name in ("parameters", "outputs", "losses")}
    found["losses"] = [float("nan"), *known["losses"][1:]]

    assert not gate.compare(WORKLOADS["mlp"], known, found)["passed"]


def test_a_reference_of_other_weights_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that makes it again."""
    changed = replace(WORKLOADS["mlp"], classes=11)

    with pytest.raises(gate.UnknownReferenceError, match=r"python -m bench\.reference"):
        gate.reference(changed)


def test_lower_numbers_on_a_processor() -> None:
    """The path that a GPU takes: first compared in 32 bits, then timed in bfloat16."""
    told = of_stack(of_pytorch.Eager, replace(JOB, dtype="bfloat16", batch=8))

    assert told["passed"], told["why"]
    assert told["train_step_ms"] > 0


def test_what_another_batch_computes_is_compared_first() -> None:
    """A stack that is wrong is stopped too where it is to be timed with another batch."""
    told = of_stack(NoOptimizer, replace(JOB, batch=8))

    assert not told["passed"]
    assert "train_step_ms" not in told
