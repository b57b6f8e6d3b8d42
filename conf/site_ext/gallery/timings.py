"""The directive ``{timings}``: all examples in one table.

It stands in for Sphinx-Gallery's page of computation times, which loads its script
from other hosts. Without JavaScript it is a plain table; with it, a click on a column's
head sorts (``docs/_static/vendor/sortable.js``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from site_ext.base.frameworks import TITLES
from site_ext.base.links import to_page
from site_ext.gallery.build import examples_of
from site_ext.gallery.card import GALLERY, STATUS

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

    from site_ext.run.execute import Entry

#: Heading and whether the column holds numbers.
COLUMNS = (
    ("Example", False),
    ("Frameworks", False),
    ("Status", False),
    ("Wall, s", True),
    ("Run, s", True),
    ("CPU, s", True),
    ("Peak, MiB", True),
    ("Alone", False),
)


def cells(entry: Entry) -> list[str]:
    """One row of the table as text, in the order of :data:`COLUMNS`."""
    names = ", ".join(TITLES[name] for name in entry.example.frameworks) or "none"
    first = [entry.example.name, names, STATUS[entry.status]]
    record = entry.record
    if record is None or entry.status == "skipped":
        return [*first, "", "", "", "", ""]
    return [
        *first,
        f"{record.wall_seconds:.1f}",
        f"{record.run_seconds:.1f}",
        f"{record.cpu_seconds:.1f}",
        f"{record.peak_rss_mib:.0f}",
        "yes" if record.exclusive else "no",
    ]


class TimingsDirective(SphinxDirective):
    """``{timings}``, without argument, options or content."""

    def run(self) -> list[nodes.Node]:
        docname = self.env.current_document.docname
        entries = examples_of(self.env).use_all()
        if not entries:
            return [nodes.paragraph("", "There is no example yet.")]
        group = nodes.tgroup(cols=len(COLUMNS))
        group.extend(nodes.colspec(colwidth=1) for _ in COLUMNS)
        head = nodes.row()
        for heading, number in COLUMNS:
            head += nodes.entry(
                "", nodes.paragraph("", heading), classes=["number"] if number else []
            )
        body = nodes.tbody()
        for entry in entries:
            row = nodes.row()
            for (_, number), text in zip(COLUMNS, cells(entry), strict=True):
                content = nodes.Text(text) if len(row) else to_page(docname, GALLERY + text, text)
                row += nodes.entry(
                    "", nodes.paragraph("", "", content), classes=["number"] if number else []
                )
            body += row
        group += nodes.thead("", head)
        group += body
        table = nodes.table("", group, classes=["sortable", "timings"])
        return [nodes.container("", table, classes=["wide-table"])]


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_directive("timings", TimingsDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
