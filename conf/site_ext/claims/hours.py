"""The directive ``{training-hours}``: how long a training takes, by images a second.

::

    ```{training-hours}
    :images: measurements/nvidia_resnet.images
    :overhead: measurements/nvidia_resnet.v100_1_fp32_pytorch_hours_printed / 74.8 - 1

    one H100, mixed precision | measurements/resnet_lambda_h100.one_mixed_images_per_second
    ```

A line is a label and a rate. The table has for each the time that ``images`` take, without and
with the ``overhead`` of a whole training. docs/_static/hours.js puts a calculator above it, for a
rate of the reader's own.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

from site_ext.base import links, values
from site_ext.base.nodes import row, table
from site_ext.base.values import NO_BREAK
from site_ext.claims import checks, quoting

if TYPE_CHECKING:
    from docutils.nodes import Node
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata, OptionSpec

HOUR, DAY = 3600.0, 86400.0
_NUMBERS = frozenset({1, 2, 3})


def duration(seconds: float) -> str:
    """In the unit that leaves two or three digits: minutes, hours or days."""
    for unit, name in ((DAY, "d"), (HOUR, "h")):
        if seconds >= 2 * unit:
            value = seconds / unit
            return f"{value:,.{0 if value >= 20 else 1}f}{NO_BREAK}{name}"
    return f"{seconds / 60:.0f}{NO_BREAK}min"


class HoursDirective(SphinxDirective):
    """``{training-hours}``."""

    has_content = True
    option_spec: ClassVar[OptionSpec] = {
        "images": directives.unchanged_required,
        "overhead": directives.unchanged_required,
    }

    def run(self) -> list[Node]:
        self.assert_has_content()
        images, overhead = (self._number(self.options.get(name, "")) for name in self.option_spec)
        rows = [self._row(line, images, overhead) for line in self.content if line.strip()]
        place = (
            f'<div class="hours" data-images="{images:.0f}" data-overhead="{overhead:.4f}"></div>'
        )
        headings = ["Machine", "Images a second", "Computed", f"With {overhead:.0%} more"]
        return [
            nodes.raw("", place, format="html"),
            table(headings, rows, widths=[4, 2, 2, 2], numbers=_NUMBERS),
        ]

    def _row(self, line: str, images: float, overhead: float) -> nodes.row:
        label, bar, source = (part.strip() for part in line.rpartition("|"))
        if not bar:
            raise self.error(f"training-hours: {line!r} is not of the form label | record.rate")
        rate = self._number(source)
        if rate <= 0:
            raise self.error(f"training-hours: {source} is {rate}, which is no rate")
        name, _, _ = quoting.parse(source)
        shown = links.to(
            f"measurements#measurement-{name.partition('/')[2]}", nodes.inline("", _rate(rate))
        )
        return row(
            [
                [nodes.Text(html.unescape(label))],
                [shown],
                [nodes.Text(duration(images / rate))],
                [nodes.Text(duration(images / rate * (1 + overhead)))],
            ],
            numbers=_NUMBERS,
        )

    def _number(self, source: str) -> float:
        """A recorded value, or arithmetic with values of one record."""
        try:
            name, wanted, _ = quoting.parse(source)
            value = quoting.recorded(self.env, name, checks.arithmetic(wanted))
        except ValueError as error:
            raise self.error(f"training-hours: {error}") from None
        if not values.is_number(value):
            raise self.error(f"training-hours: {source} is {value!r}, which is no number")
        return float(value)


def _rate(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 20 else f"{rate:.1f}"


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_directive("training-hours", HoursDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
