"""The directive ``{recorded}``: every recorded measurement, with all that is known of it.

A page is quoted from ``docs/measurements/*.json`` as from an example's record; this is the
page that such a quotation leads to. ``data/benchmarks.json`` has the same as data.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from site_ext.claims.evidence import evidence_of
from site_ext.claims.measurements import FOLDER
from site_ext.gallery.build import ALL
from site_ext.run import records

if TYPE_CHECKING:
    from docutils.nodes import Node
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

    from site_ext.claims.measurements import Measurement
    from site_ext.claims.sources import Source


class RecordedDirective(SphinxDirective):
    """``{recorded}``, without argument, options or content."""

    def run(self) -> list[Node]:
        domain = evidence_of(self.env)
        domain.note(self.env.current_document.docname, ALL)
        known = domain.measurements.values()
        return [
            self._section(taken, domain.sources.get(taken.source or "")) for taken in known
        ] or [nodes.paragraph("", "There is no recorded measurement yet.")]

    def _section(self, taken: Measurement, source: Source | None) -> nodes.section:
        if taken.source and source is None:
            raise self.error(f"recorded: {taken.name} names no known source: {taken.source!r}")
        section = nodes.section(ids=[f"measurement-{taken.name.removeprefix(FOLDER)}"])
        section += nodes.title("", taken.title)
        section += nodes.paragraph("", taken.how)
        section += table(taken)
        about = nodes.paragraph("", f"{taken.machine}. {taken.date}. ")
        if source:
            about += nodes.Text("Source: ")
            about += nodes.reference("", str(source.title), refuri=str(source.address))
            about += nodes.Text(f" ({source.publisher}; read {source.read}).")
        section += about
        return section


def table(taken: Measurement) -> Node:
    """The values, one a row."""
    group = nodes.tgroup("", nodes.colspec(colwidth=3), nodes.colspec(colwidth=1), cols=2)
    heads = [nodes.entry("", nodes.paragraph("", text)) for text in ("Value", "Measured")]
    group += nodes.thead("", nodes.row("", *heads))
    body = nodes.tbody()
    for key, value in taken.measured.items():
        number = nodes.entry("", nodes.paragraph("", _shown(value)), classes=["number"])
        body += nodes.row(
            "", nodes.entry("", nodes.paragraph("", "", nodes.literal("", key))), number
        )
    group += body
    return nodes.container("", nodes.table("", group), classes=["wide-table"])


def _shown(value: Any) -> str:
    return f"{value:,}" if isinstance(value, (int, float)) else str(value)


def write_data(app: Sphinx, exception: Exception | None) -> None:
    """Write ``data/benchmarks.json``, for an HTML build that came to its end."""
    domain = evidence_of(app.env)
    if exception is None and app.builder.format == "html" and domain.measurements:
        told = []
        for taken in domain.measurements.values():
            source = domain.sources.get(taken.source or "")
            told.append(asdict(taken) | {"address": source.address if source else None})
        text = json.dumps(told, indent=1, ensure_ascii=False)
        records.write_whole(app.outdir / "data" / "benchmarks.json", text + "\n")


def setup(app: Sphinx) -> ExtensionMetadata:
    app.setup_extension("site_ext.claims.evidence")
    app.add_directive("recorded", RecordedDirective)
    app.connect("build-finished", write_data, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
