"""What else the machine did while an example ran.

An example that ran alone among ours may still have shared the machine with somebody else's
work, with the host's other guests, or with a quota. Then its times are no timings, and whoever
shows them says so.
"""

from __future__ import annotations

import os
import time
from typing import Any, TypedDict

import psutil

from site_ext.base import machine

#: Of each usable core, what others may use, and in cores what a host or a quota may take,
#: before a time is no timing any more. Of 66 runs on two cores at rest, one after another, others
#: took 0.07 cores and less in all but two, and 0.18 at most; nothing was taken.
MOST_OF_OTHERS, MOST_TAKEN = 0.1, 0.05


class Spell(TypedDict):
    """How a run shared the machine; all but the first two in cores, on an average.

    ``cores`` it was to use, ``load`` the load average over the minute before it, ``others``
    what other processes used, ``idle`` what nobody did, ``stolen`` what the machine's host took,
    ``throttled`` the share of the time in which a quota stopped it.
    """

    cores: int
    load: float
    others: float
    idle: float
    stolen: float
    throttled: float


class Look:
    """A look at the machine before a run; :meth:`until_now` compares."""

    def __init__(self) -> None:
        self.load = os.getloadavg()[0]
        self._before = self._now()

    @staticmethod
    def _now() -> dict[str, float]:
        told = psutil.cpu_times()
        taken, own = getattr(told, "steal", 0.0), os.times()
        kinds = ("user", "nice", "system", "irq", "softirq")
        return {
            "at": time.perf_counter(),
            "used": sum(getattr(told, kind, 0.0) for kind in kinds),
            "idle": told.idle + getattr(told, "iowait", 0.0),
            "stolen": taken,
            "build": own.user + own.system,
            "throttled": machine.throttled_seconds(),
        }

    def until_now(self, cores: int, seconds: float) -> Spell:
        """What has happened since; ``seconds`` of processor time are the run's own."""
        now = self._now()
        past = {name: now[name] - before for name, before in self._before.items()}
        wall = max(past["at"], 1e-3)
        others = past["used"] - seconds - past["build"]
        return Spell(
            cores=cores,
            load=round(self.load, 2),
            others=round(max(others, 0.0) / wall, 2),
            idle=round(max(past["idle"], 0.0) / wall, 2),
            stolen=round(max(past["stolen"], 0.0) / wall, 2),
            throttled=round(max(past["throttled"], 0.0) / wall, 2),
        )


def disturbed(spell: Spell | Any) -> str:
    """What makes a run's times no timings, in words; empty where nothing does or is known."""
    if not spell:
        return ""
    cores = spell["cores"]
    # On a machine with cores to spare, others take nothing away.
    if spell["others"] > MOST_OF_OTHERS * cores and spell["idle"] < cores:
        return f"other work took {spell['others']:.1f} of its cores"
    if spell["stolen"] > MOST_TAKEN:
        return f"its host took {spell['stolen']:.1f} of its cores away"
    if spell["throttled"] > MOST_TAKEN:
        return f"a quota stopped it for {spell['throttled']:.0%} of the time"
    return ""
