"""Wall times over the releases: a small panel for each example, all with one axis.

Times of unlike machines are never joined: a line ends where the machine changes, a dashed
rule marks the place, and the letter and the shape of the marks change with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from publisher import changes
from site_ext.base import machine as machine_of

if TYPE_CHECKING:
    from publisher.releases import Release

WIDTH, HEIGHT = 260, 126
LEFT, RIGHT, TOP, BOTTOM = 12, 52, 26, 22
SHAPES = ("circle", "square", "triangle", "diamond")
#: How many versions a panel has room for, and the page of all panels.
NEWEST = 10


@dataclass(frozen=True)
class Point:
    """One example in one release; ``machine`` counts the machines from 0."""

    release: int
    seconds: float
    machine: int
    alone: bool
    #: The very run that the release before shows: nothing that the example depends on changed.
    repeats: bool
    label: str


@dataclass(frozen=True)
class Panel:
    """One example's points, oldest first."""

    name: str
    title: str
    svg: Markup


@dataclass(frozen=True)
class Chart:
    """The panels, and what the letters of the machines stand for."""

    panels: list[Panel]
    machines: list[str]
    shapes: list[Markup]
    #: How many versions are drawn, and whether there are older ones.
    count: int
    older: bool


def draw(in_time: list[Release]) -> Chart:
    """The chart over the newest of releases, oldest first."""
    left_out = max(len(in_time) - NEWEST, 0)
    machines: dict[tuple[Any, ...], tuple[int, str]] = {}
    series: dict[str, list[Point]] = {}
    titles: dict[str, str] = {}
    runs: dict[str, Any] = {}
    for number, release in enumerate(in_time):
        for name, entry in release.examples.items():
            if entry["wall_seconds"] is None or not entry.get("machine") or entry.get("disturbed"):
                continue
            executed = entry.get("executed_at")
            repeats = executed is not None and runs.get(name) == executed
            runs[name] = executed
            if number < left_out:
                continue
            line = machine_of.line(entry["machine"])
            key = changes.machine_key(entry["machine"])
            machine, _ = machines.setdefault(key, (len(machines), line))
            alone = bool(entry.get("exclusive", True))
            seconds = float(entry["wall_seconds"])
            label = f"{release.version}: {seconds:.1f} s on machine {letter(machine)}"
            label += "" if alone else ", beside other examples"
            label += ", the same run as before" if repeats else ""
            point = Point(number - left_out, seconds, machine, alone, repeats, label)
            series.setdefault(name, []).append(point)
            titles[name] = entry["title"]
    top = max((point.seconds for points in series.values() for point in points), default=1.0)
    names = [release.version for release in in_time[left_out:]]
    panels = [
        Panel(name, titles[name], _svg(titles[name], series[name], names, top))
        for name in sorted(series)
    ]
    shapes = [_alone_shape(number) for number in range(len(machines))]
    lines = [line for _, line in machines.values()]
    return Chart(panels, lines, shapes, len(names), older=left_out > 0)


def letter(machine: int) -> str:
    """A, B, …, Z, AA."""
    text = ""
    machine += 1
    while machine:
        machine, rest = divmod(machine - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def _svg(title: str, points: list[Point], releases: list[str], top: float) -> Markup:
    across, down = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    base = TOP + down
    placed = [
        (
            point,
            LEFT + across * (point.release / (len(releases) - 1) if len(releases) > 1 else 1),
            TOP + down * (1 - point.seconds / top),
        )
        for point in points
    ]
    parts = [f'<line class="axis" x1="{LEFT}" x2="{LEFT + across}" y1="{base}" y2="{base}"/>']
    for (one, x1, y1), (other, x2, y2) in pairwise(placed):
        if one.machine != other.machine:
            at = (x1 + x2) / 2
            parts.append(f'<line class="rule" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{base}"/>')
        elif one.alone and other.alone:
            ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
            parts.append(f'<line class="course" {ends}/>')
    for number, (point, x, y) in enumerate(placed):
        parts.append(_mark(point, x, y))
        if number == 0 or points[number - 1].machine != point.machine:
            place = f'x="{x:.1f}" y="{TOP - 12}"'
            parts.append(f'<text class="machine" {place}>{letter(point.machine)}</text>')
    last, x, y = placed[-1]
    parts.append(f'<text class="value" x="{x + 8:.1f}" y="{y + 4:.1f}">{last.seconds:.1f} s</text>')
    said = escape(f"{title}: " + "; ".join(point.label for point in points))
    return Markup(
        f'<svg class="panel" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{said}">'
        f"{''.join(parts)}{_axis(releases, across)}</svg>"
    )


def _axis(releases: list[str], across: int) -> str:
    """The names of the first release and the last below their ends of the axis."""
    ends = [(releases[0], "start", LEFT - 6), (releases[-1], "end", LEFT + across + 6)]
    return "".join(
        f'<text class="release" text-anchor="{anchor}" x="{x}" y="{HEIGHT - 6}">{escape(name)}</text>'
        for name, anchor, x in ends[-min(len(releases), 2) :]
    )


def _mark(point: Point, x: float, y: float) -> str:
    kind = "mark" if point.alone else "mark crowded"
    size = 2.0 if point.repeats else 4.5
    shape = _shape(SHAPES[point.machine % len(SHAPES)], x, y, size)
    return f'<g class="{kind}"><title>{escape(point.label)}</title>{shape}</g>'


def _shape(shape: str, x: float, y: float, r: float) -> str:
    if shape == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r}"/>'
    offsets: dict[str, list[tuple[float, float]]] = {
        "square": [(-1, -1), (1, -1), (1, 1), (-1, 1)],
        "triangle": [(0, -1.2), (1.1, 1), (-1.1, 1)],
        "diamond": [(0, -1.4), (1.2, 0), (0, 1.4), (-1.2, 0)],
    }
    path = " ".join(f"{x + dx * r:.1f},{y + dy * r:.1f}" for dx, dy in offsets[shape])
    return f'<polygon points="{path}"/>'


def _alone_shape(machine: int) -> Markup:
    shape = _shape(SHAPES[machine % len(SHAPES)], 7, 7, 4.5)
    return Markup(f'<svg class="key" viewBox="0 0 14 14" aria-hidden="true">{shape}</svg>')
