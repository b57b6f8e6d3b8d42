"""When a step is warm, when its time is known, and what is too close to call: no clock is read."""

from __future__ import annotations

import numpy as np
import pytest

from bench import timing
from site_ext.claims.benchmarks import Time


def rounds(random: np.random.Generator, count: int, middle: float, apart: float) -> list[dict]:
    """Rounds whose processes differ by ``apart``, each with blocks that differ as much."""
    told = []
    for _ in range(count):
        clock = timing.Clock(1, 60.0)
        speed = middle * np.exp(apart * random.standard_normal())
        while not clock.note(float(speed * np.exp(apart * random.standard_normal()))):
            pass
        told.append({f"train_{name}": value for name, value in clock.told().items()})
    return told


@pytest.mark.parametrize("apart", [0.005, 0.03, 0.1])
def test_one_stack_under_two_names_is_too_close_to_call(apart: float) -> None:
    """In at least 19 of 20 runs, on quiet machines and on noisy ones."""
    random = np.random.default_rng(7)
    close = 0
    for _ in range(20):
        one, other = (Time.of(rounds(random, 3, 0.01, apart), "train") for _ in range(2))
        close += one.overlaps(other)

    assert close >= 19


def test_a_tenth_is_seen() -> None:
    """A slowdown by a tenth is told on a quiet machine, nearly always."""
    random = np.random.default_rng(8)
    seen = 0
    for _ in range(20):
        one = Time.of(rounds(random, 3, 0.01, 0.008), "train")
        slowed = Time.of(rounds(random, 3, 0.011, 0.008), "train")
        seen += not one.overlaps(slowed) and one.ms < slowed.ms

    assert seen >= 18


def test_blocks_count_only_once_the_step_is_stable() -> None:
    """What comes down from compiling is warm-up."""
    clock = timing.Clock(1, 60.0)
    told = [1.0, 0.5, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1]
    for seconds in told:
        assert not clock.note(seconds)
    clock.note(0.3)

    assert told == clock.warm
    assert [0.3] == clock.blocks


def test_noise_asks_for_more_blocks() -> None:
    """As many as an interval of a twentieth needs; what is steady ends with the fewest."""
    random = np.random.default_rng(3)
    steady, noisy = timing.Clock(1, 1e9), timing.Clock(1, 1e9)
    while not steady.note(0.01):
        pass
    while not noisy.note(0.01 * float(np.exp(0.2 * random.standard_normal()))):
        pass
    low, high = timing.interval(noisy.blocks)

    assert len(steady.blocks) == timing.FEWEST
    assert len(noisy.blocks) > 2 * timing.FEWEST
    assert high - low < timing.NARROW * np.median(noisy.blocks)


def test_the_time_is_bounded() -> None:
    """Two blocks at least, however long they take, and no more than the seconds allow."""
    slow = timing.Clock(1, 1.0)
    count = 1
    while not slow.note(5.0):
        count += 1

    assert count == 3  # one to get warm, two that count
    assert len(slow.blocks) == 2


def test_a_step_is_a_part_of_its_block() -> None:
    """Milliseconds a step, whatever a block has of them."""
    clock = timing.Clock(4, 0.0)
    for _ in range(3):
        clock.note(0.02)

    assert clock.told()["step_ms"] == 5.0


def test_all_batches_have_their_turn() -> None:
    """The device is waited for once a block, after its last step."""
    seen: list[object] = []
    clock = timing.Clock(4, 0.0)
    timing.blocks(
        clock, lambda place: seen.append(place) or place, lambda h: seen.append(f"wait {h}"), 3
    )

    assert seen[:10] == [0, 1, 2, 0, "wait 0", 1, 2, 0, 1, "wait 1"]


def test_one_round_knows_only_its_own_interval() -> None:
    """Two that agree by chance are not known better than each of them is."""
    one = {"train_step_ms": 10.0, "train_low_ms": 9.5, "train_high_ms": 10.6}

    assert Time.of([one], "train").high == pytest.approx(10.6)
    assert Time.of([one, one], "train").low == pytest.approx(9.5)
