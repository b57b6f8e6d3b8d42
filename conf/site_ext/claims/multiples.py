"""Small multiples: one drawing a workload, a point with its interval a stack, all in one form.

Pure: from a record of the benchmark matrix to an SVG element. The scale is how many times as long
as the fastest a step takes, doubling from line to line; a faint dot is a round.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from site_ext.claims.benchmarks import Benchmarks, Case, Time

WIDTH, ROW, TOP, LEFT, RIGHT = 430, 30, 22, 208, 84
TIMES = "\N{MULTIPLICATION SIGN}"
#: Shapes tell colours apart where there are none.
_SHAPES = {"tensorflow": "circle", "pytorch": "triangle", "keras": "square", "jax": "diamond"}
_CORNERS: dict[str, list[tuple[float, float]]] = {
    "triangle": [(0, -6), (6, 5), (-6, 5)],
    "square": [(-5, -5), (5, -5), (5, 5), (-5, 5)],
    "diamond": [(0, -6.5), (6.5, 0), (0, 6.5), (-6.5, 0)],
}
NEXT = {"train": "training step", "infer": "inference", "generate": "generation"}


@dataclass(frozen=True)
class Mark:
    """A stack in one drawing: its time, its rounds' times, or why there is none."""

    title: str
    color: str
    time: Time | None
    rounds: tuple[float, ...]
    rate: float | None
    why: str


def marks(record: Benchmarks, workload: str, task: str) -> list[Mark]:
    """The stacks of a workload, the fastest first, those without a time last."""
    found = [_mark(record, case, task) for case in record.main if case.workload == workload]
    return sorted(found, key=lambda one: (one.time is None, one.time.ms if one.time else 0))


def _mark(record: Benchmarks, case: Case, task: str) -> Mark:
    stack, time = record.stacks[case.stack], case.time(task)
    rounds = tuple(
        one.values[f"{task}_step_ms"] for one in case.counted if f"{task}_step_ms" in one.values
    )
    why = "" if time else "not measured"
    if case.gate and case.gate.why:
        why = "not comparable"
    return Mark(stack.title, stack.color, time, rounds, record.rate(case, task), why)


def milliseconds(value: float) -> str:
    """Three digits: ``0.31``, ``14.5``, ``1,280``."""
    digits = max(0, 2 - math.floor(math.log10(value))) if value else 0
    return f"{value:,.{digits}f}"


def told(found: list[Mark], title: str) -> str:
    """The drawing in words, with every value."""
    said = [
        f"{one.title} {milliseconds(one.time.ms)} ms ({milliseconds(one.time.low)} to "
        f"{milliseconds(one.time.high)})" if one.time else f"{one.title} {one.why}"
        for one in found
    ]  # fmt: skip
    return f"{title}: {'; '.join(said)}."


def draw(found: list[Mark], title: str, most: float) -> str:
    """The drawing as an SVG element; the scale goes from 1 to ``most`` times."""
    height = TOP + ROW * len(found) + 4
    alt = told(found, title)
    svg = ET.Element(
        "svg",
        {"class": "multiple", "role": "img", "viewBox": f"0 0 {WIDTH} {height}", "aria-label": alt},
    )
    ET.SubElement(svg, "title").text = alt
    best = found[0].time.ms if found and found[0].time else 1.0
    for power in range(math.ceil(math.log2(most)) + 1):
        x = _x(2.0**power, most)
        line = {"x1": x, "x2": x, "y1": str(TOP - 4), "y2": str(height), "class": "multiple-grid"}
        ET.SubElement(svg, "line", line)
        if power % 2 == 0 or most <= 8:
            _text(svg, x, TOP - 8, f"{2**power}{TIMES}", "multiple-scale")
    for number, one in enumerate(found):
        _row(svg, one, TOP + ROW * number + ROW / 2, best, most)
    return ET.tostring(svg, encoding="unicode")


def _row(svg: ET.Element, one: Mark, y: float, best: float, most: float) -> None:
    _text(svg, "0", y + 5, _label(one.title), "multiple-label")
    if one.time is None:
        _text(svg, str(WIDTH), y + 5, one.why, "multiple-value multiple-none")
        return
    group = ET.SubElement(svg, "g", {"style": f"--own: var(--color-{one.color})"})
    for value in one.rounds:
        place = {
            "cx": _x(value / best, most),
            "cy": f"{y:.1f}",
            "r": "3",
            "class": "multiple-round",
        }
        ET.SubElement(group, "circle", place)
    low, high = _x(one.time.low / best, most), _x(one.time.high / best, most)
    line = {"x1": low, "x2": high, "y1": f"{y:.1f}", "y2": f"{y:.1f}", "class": "multiple-interval"}
    ET.SubElement(group, "line", line)
    _shape(group, one.color, float(_x(one.time.ms / best, most)), y)
    _text(svg, str(WIDTH), y + 5, f"{milliseconds(one.time.ms)} ms", "multiple-value")


def _label(title: str) -> str:
    """As long as there is room for; the text for who can't see it has the title in full."""
    short = title.replace("Keras on TensorFlow", "Keras on TF")
    return short.replace("fit compiled", "compiled")


def _shape(group: ET.Element, color: str, x: float, y: float) -> None:
    kind = _SHAPES.get(color, "circle")
    if kind == "circle":
        ET.SubElement(group, "circle", {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": "5"})
        return
    points = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in _CORNERS[kind])
    ET.SubElement(group, "polygon", {"points": points})


def _x(times: float, most: float) -> str:
    """Where so many times the fastest stands; what is off the scale, at its end."""
    span = WIDTH - LEFT - RIGHT
    place = math.log2(max(times, 2**-0.2)) / max(math.log2(most), 1e-9)
    return f"{LEFT + span * min(max(place, -0.03), 1.04):.1f}"


def _text(svg: ET.Element, x: str, y: float, text: str, kind: str) -> None:
    ET.SubElement(svg, "text", {"x": x, "y": f"{y:.1f}", "class": kind}).text = text
