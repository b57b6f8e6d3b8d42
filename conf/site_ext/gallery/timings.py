"""The directive ``{timings}``: all examples in one table.

It stands in for Sphinx-Gallery's page of computation times, which loads its script
from other hosts. Without JavaScript it is a plain table; with it, a click on a column's
head sorts (``docs/_static/vendor/sortable.js``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from site_ext.base import links
from site_ext.base.frameworks import TITLES
from site_ext.base.nodes import row, table
from site_ext.gallery.card import STATUS
from site_ext.gallery.domain import GALLERY, examples_of

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

    from site_ext.run.plan import Entry

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
        ("yes" if record.timing else "busy") if record.exclusive else "no",
    ]


class TimingsDirective(SphinxDirective):
    """``{timings}``, without argument, options or content."""

    def run(self) -> list[nodes.Node]:
        entries = examples_of(self.env).use_all()
        if not entries:
            return [nodes.paragraph("", "There is no example yet.")]
        numbers = frozenset(n for n, (_, number) in enumerate(COLUMNS) if number)
        rows = [
            row(_linked(cells(entry), entry.example.title), numbers=numbers) for entry in entries
        ]
        headings = [heading for heading, _ in COLUMNS]
        return [table(headings, rows, numbers=numbers, classes=["sortable", "timings"])]


def _linked(texts: list[str], title: str) -> list[list[nodes.Node]]:
    """Cells, of which the first is a link to the example that it names, with its title."""
    name, *others = texts
    told = nodes.inline("", f" {name}", classes=["timing-name"])
    linked: list[list[nodes.Node]] = [[links.to(GALLERY + name, title), told]]
    return linked + [[nodes.Text(text)] for text in others]


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_directive("timings", TimingsDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
