"""The directive ``{recorded}``: every recorded measurement, with all that is known of it.

A page is quoted from ``docs/measurements/*.json`` as from an example's record; this is the
page that such a quotation leads to. ``data/benchmarks.json`` has the same as data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from site_ext.base import values
from site_ext.base.files import write_json
from site_ext.base.nodes import folded, plain_code, row, table
from site_ext.base.state import publishes
from site_ext.claims.domain import claims_of
from site_ext.claims.evidence import EvidenceError, read_source
from site_ext.claims.measurements import FOLDER

if TYPE_CHECKING:
    from docutils.nodes import Node
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

    from site_ext.claims.measurements import Measurement

_NUMBERS = frozenset({1})


class RecordedDirective(SphinxDirective):
    """``{recorded}``, without argument, options or content."""

    def run(self) -> list[Node]:
        known = claims_of(self.env).measurements
        return [self._section(name) for name in known] or [
            nodes.paragraph("", "There is no recorded measurement yet.")
        ]

    def _section(self, name: str) -> nodes.section:
        taken = claims_of(self.env).measurement(name)
        assert taken is not None
        section = nodes.section(ids=[f"measurement-{name.removeprefix(FOLDER)}"])
        section += nodes.title("", taken.title)
        section += nodes.paragraph("", taken.how)
        shown = _values(taken)
        # A matrix has hundreds.
        section += folded([nodes.Text("Its values")], [shown]) if taken.benchmarks else shown
        about = nodes.paragraph("", f"{taken.machine}. {taken.date}. ")
        if taken.source:
            try:
                source = read_source(self.env, taken.source)
            except EvidenceError as error:
                raise self.error(f"recorded: {name}: {error}") from None
            about += nodes.Text("Source: ")
            about += nodes.reference("", str(source.title), refuri=str(source.address))
            about += nodes.Text(f" ({source.publisher}; read {source.read}).")
        section += about
        return section


def _values(taken: Measurement) -> nodes.container:
    """The values, one a row, numbers in full."""
    rows = [
        row([[plain_code("", key)], [nodes.Text(values.short(value, None))]], numbers=_NUMBERS)
        for key, value in taken.measured.items()
    ]
    return table(["Value", "Measured"], rows, widths=[3, 1], numbers=_NUMBERS)


def write_data(app: Sphinx, exception: Exception | None) -> None:
    """Write ``data/benchmarks.json``, for an HTML build that came to its end."""
    path, domain = app.outdir / "data" / "benchmarks.json", claims_of(app.env)
    if publishes(app, exception) and not domain.measurements:
        path.unlink(missing_ok=True)
    elif publishes(app, exception):
        told = []
        for taken in domain.measurements.values():
            source = domain.sources.get(taken.source or "")
            address = {"address": source.address if source else None}
            told.append(msgspec.to_builtins(taken) | address)
        write_json(path, told)


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_directive("recorded", RecordedDirective)
    app.connect("build-finished", write_data, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
