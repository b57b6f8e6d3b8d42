"""When a step is warm, how often it is timed, and how well its time is known then."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

#: Of an interval: its confidence, how many resamples it is drawn from, and how narrow it has to
#: be, relative to the median, for a measurement to end.
CONFIDENCE, RESAMPLES, NARROW = 0.95, 1000, 0.05
#: How far the median of the last blocks may be from that of as many before them once a step is
#: warm, and how many those are.
STABLE, LAST = 0.05, 3
#: A median of fewer blocks is not asked for how well it is known.
FEWEST = 8


def interval(values: list[float], seed: int = 0) -> tuple[float, float]:
    """The 95 % bootstrap interval of the median, by percentiles."""
    told = np.asarray(values)
    drawn = np.random.default_rng(seed).integers(len(told), size=(RESAMPLES, len(told)))
    medians = np.median(told[drawn], axis=1)
    low, high = np.quantile(medians, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def stable(values: list[float]) -> bool:
    """Whether the last blocks took as long as those before them."""
    if len(values) < 2 * LAST:
        return False
    last, before = np.median(values[-LAST:]), np.median(values[-2 * LAST : -LAST])
    return bool(abs(last - before) <= STABLE * before)


@dataclass
class Clock:
    """Reads the time of blocks of ``steps`` steps: first until they are stable, for at most half
    of the ``seconds``, then until their median is known well enough or the ``seconds`` are over.

    :meth:`start` when the device has nothing to do, :meth:`block` when it is done again; that
    says whether it was the last.
    """

    steps: int
    seconds: float
    warm: list[float] = field(default_factory=list)
    blocks: list[float] = field(default_factory=list)
    _warmed: bool = False
    _narrow: bool = False
    _began: float = 0.0
    _since: float = 0.0

    def start(self) -> None:
        self._since = time.perf_counter()
        self._began = self._began or self._since

    def block(self) -> bool:
        return self.note(time.perf_counter() - self._since)

    def note(self, seconds: float) -> bool:
        """A block took so long; whether that is enough."""
        spent = sum(self.warm) + sum(self.blocks) + seconds
        if not self._warmed:
            self.warm.append(seconds)
            self._warmed = stable(self.warm) or spent > self.seconds / 2
            return False
        self.blocks.append(seconds)
        count = len(self.blocks)
        if count >= FEWEST and count % 4 == 0:
            low, high = interval(self.blocks)
            self._narrow = high - low < NARROW * float(np.median(self.blocks))
        return self._narrow or (spent > self.seconds and count >= 2)

    def told(self) -> dict[str, float | int]:
        """Milliseconds a step: the median, its interval, and from how many steps it is."""
        low, high = interval(self.blocks)
        each = 1000 / self.steps
        return {
            "step_ms": float(np.median(self.blocks)) * each,
            "low_ms": low * each,
            "high_ms": high * each,
            "blocks": len(self.blocks),
            "steps_a_block": self.steps,
            "warm_blocks": len(self.warm),
        }


def blocks(
    clock: Clock, step: Callable[[int], Any], wait: Callable[[Any], None], batches: int
) -> None:
    """Step through the batches, again and again, until the clock has enough."""
    place, handle = 0, None
    while True:
        clock.start()
        for _ in range(clock.steps):
            handle = step(place)
            place = (place + 1) % batches
        wait(handle)
        if clock.block():
            return
