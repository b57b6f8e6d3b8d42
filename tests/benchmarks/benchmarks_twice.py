"""Do two runs of `make bench` on one machine say the same?

    make bench RECORD=/tmp/one.json; make bench RECORD=/tmp/two.json
    PYTHONPATH=conf .venv/bin/python tests/benchmarks/benchmarks_twice.py /tmp/one.json /tmp/two.json

Prints how many ratios between two stacks agree within their intervals, how many pairs change
sides although both runs call them, how often one stack is too close to itself to call, and how
often that is no longer so once one of the two is slowed down by a tenth, or by half.
"""

from __future__ import annotations

import json
import math
import sys
from itertools import combinations
from pathlib import Path

from site_ext.claims.benchmarks import TASKS, Time, read


def times(path: Path) -> dict[tuple[str, str], dict[str, Time]]:
    """Of each workload and task, the times by stack."""
    record = read(path, json.loads(path.read_text()))
    found: dict[tuple[str, str], dict[str, Time]] = {}
    for case in record.main:
        for task in TASKS:
            if (time := case.time(task)) and time.rounds > 2:
                found.setdefault((case.workload, task), {})[case.stack] = time
    return found


def ratio(one: Time, other: Time) -> tuple[float, float]:
    """The interval of their ratio, as a logarithm: the two widths are independent."""
    middle = math.log(one.ms / other.ms)
    below = math.hypot(math.log(one.ms / one.low), math.log(other.high / other.ms))
    above = math.hypot(math.log(one.high / one.ms), math.log(other.ms / other.low))
    return middle - below, middle + above


def main(first: Path, second: Path) -> None:
    one, two = times(first), times(second)
    pairs = agreeing = flipped = called = 0
    same = close = 0
    slowed = {0.1: 0, 0.5: 0, 1.0: 0}
    for key in one.keys() & two.keys():
        stacks = sorted(one[key].keys() & two[key].keys())
        for a, b in combinations(stacks, 2):
            pairs += 1
            low, high = ratio(one[key][a], one[key][b])
            other_low, other_high = ratio(two[key][a], two[key][b])
            agreeing += low <= other_high and other_low <= high
            if not one[key][a].overlaps(one[key][b]) and not two[key][a].overlaps(two[key][b]):
                called += 1
                flipped += (one[key][a].ms < one[key][b].ms) != (two[key][a].ms < two[key][b].ms)
        for stack in stacks:
            a, b = one[key][stack], two[key][stack]
            same += 1
            close += a.overlaps(b)
            for more in slowed:
                worse = Time(b.ms * (1 + more), b.low * (1 + more), b.high * (1 + more), b.rounds)
                slowed[more] += not a.overlaps(worse)
    print(
        f"ratios that agree: {agreeing} of {pairs}; called in both: {called}, changed sides: {flipped}"
    )
    print(f"one stack against itself, too close to call: {close} of {same}")
    for more, seen in slowed.items():
        print(f"slowed down by {more:.0%}: told in {seen} of {same}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
