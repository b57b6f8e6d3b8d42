"""The directive ``{bars}``: a bar chart of measured values, drawn by the build.

::

    ```{bars} The published code fakes a gap that two repaired lines close
    :format: .1%
    :max: 1

    TensorFlow sample | article/as_published.tensorflow_published | tensorflow
    PyTorch sample    | article/as_published.torch_published      | pytorch
    ```

Each line has a label, a value of an example as ``{measured}`` names it, and whose colour it takes;
``:sorted:`` puts the smallest value first. The chart is an inline SVG that follows the theme's
colours; its alternative text, with every value, and its caption, with machine and versions, are
made from the records. A time that was taken while the machine was busy with something else is left
out.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective

from site_ext.base import frameworks, values
from site_ext.claims import checks, quoting
from site_ext.gallery import card

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata, OptionSpec

    from site_ext.run.records import Record


#: Names of colours in docs/_static/palette.css.
COLORS = ("tensorflow", "pytorch", "keras", "jax")
WIDTH, ROW, BAR = 420, 44, 18
NO_TIMING = "left out: the machine was busy"


@dataclass(frozen=True)
class Bar:
    """A bar: its label, its value (None: not measured), the value as text, its colour."""

    label: str
    value: float | None
    text: str
    color: str


def told(bars: list[Bar], title: str) -> str:
    """The chart in words, with every value."""
    return f"{title}. " + "; ".join(f"{bar.label}: {bar.text}" for bar in bars) + "."


def draw(bars: list[Bar], largest: float, title: str) -> str:
    """The chart as an SVG element; labels stand above their bars, so it can be narrow."""
    alt = told(bars, title)
    height = ROW * len(bars)
    svg = ET.Element(
        "svg",
        {"class": "bars", "role": "img", "viewBox": f"0 0 {WIDTH} {height}", "aria-label": alt},
    )
    ET.SubElement(svg, "title").text = alt
    for number, bar in enumerate(bars):
        top = ROW * number
        label = ET.SubElement(svg, "text", {"x": "0", "y": str(top + 14), "class": "bars-label"})
        label.text = bar.label
        value = ET.SubElement(
            svg, "text", {"x": str(WIDTH), "y": str(top + 14), "class": "bars-value"}
        )
        value.text = bar.text
        box = {"x": "0", "y": str(top + 20), "height": str(BAR), "rx": "2"}
        ET.SubElement(svg, "rect", {**box, "width": str(WIDTH), "class": "bars-track"})
        if bar.value is not None:
            width = max(0.0, min(1.0, bar.value / largest)) * WIDTH
            fill = f"fill: var(--color-{bar.color})"
            ET.SubElement(svg, "rect", {**box, "width": f"{width:.1f}", "style": fill})
    return ET.tostring(svg, encoding="unicode")


class BarsDirective(SphinxDirective):
    """``{bars}``: the argument is the title, which states the finding."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar[OptionSpec] = {
        "format": directives.unchanged,
        "max": float,
        "sorted": directives.flag,
    }

    def run(self) -> list[nodes.Node]:
        self.assert_has_content()
        title, spec = self.arguments[0], self.options.get("format", "")
        records: dict[str, Record] = {}
        bars = [self._bar(line, spec, records) for line in self.content if line.strip()]
        if "sorted" in self.options:  # what was not measured comes last
            bars.sort(key=lambda bar: (bar.value is None, bar.value))
        largest = self.options.get("max") or max((bar.value or 0 for bar in bars), default=0) or 1
        figure = nodes.figure(classes=["bars-figure"])
        heading = nodes.paragraph("", title, classes=["bars-title"])
        figure += nodes.raw("", draw(bars, largest, title), format="html")
        figure += addnodes.only("", nodes.paragraph("", told(bars, title)), expr="not html")
        figure += nodes.caption("", caption(records))
        return [nodes.container("", heading, figure, classes=["bars-box"])]

    def _bar(self, line: str, spec: str, records: dict[str, Record]) -> Bar:
        parts = [part.strip() for part in line.split("|")]
        if len(parts) != 3:
            raise self.error(f"bars: {line!r} is not of the form label | example.value | colour")
        label, source, color = parts
        if color not in COLORS:
            raise self.error(f"bars: no colour {color!r} in {line!r}; use {', '.join(COLORS)}")
        try:
            name, key, _ = quoting.parse(source)
            entry = quoting.example(self.env, name)
            if (record := entry.ran) is None:
                return Bar(label, None, quoting.NOT_MEASURED, color)
            wanted = checks.arithmetic(key)
            value = quoting.measured(name, wanted, record.measured)
            timed = any(one.endswith(values.TIMES) for one in wanted.names)
            if timed and not record.timing:
                return Bar(label, None, NO_TIMING, color)
            if not values.is_number(value):
                raise self.error(f"bars: {name}.{key} = {value!r} is no number, in {line!r}")
            text = values.formatted(value, spec)
        except ValueError as error:
            raise self.error(f"bars: {error}, in {line!r}") from None
        records[name] = record
        return Bar(label, float(value), text, color)


def caption(records: dict[str, Record]) -> str:
    """Where the values come from, in one line."""
    if not records:
        return "None of these examples was run in this build."
    names = ", ".join(records)
    days = sorted({record.executed_at[:10] for record in records.values()})
    versions = {v: None for r in records.values() for v in frameworks.named(r.versions)}
    machines = {card.machine_line(record): None for record in records.values()}
    return (
        f"Measured {' to '.join(days[:: max(1, len(days) - 1)])} by {names}. "
        f"{', '.join(versions)}. {'; '.join(machines)}."
    )


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_directive("bars", BarsDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
