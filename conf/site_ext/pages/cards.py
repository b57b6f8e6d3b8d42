"""Tables that a phone shows as cards: each cell is given the heading of its column.

A table of many columns is wider than a phone. ``site.css`` puts its cells below each other there,
and a cell that stands alone has to say what it is of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bs4 import BeautifulSoup

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

#: Which tables, and words without which a page has none of them.
TABLES = {
    "table.timings": "timings",
    ".chooser-question table": "chooser-question",
    "#side-by-side table": 'id="side-by-side"',
}


def labelled(body: str) -> str:
    """The body, in which the cells of those tables name their columns."""
    if not any(words in body for words in TABLES.values()):
        return body
    page = BeautifulSoup(body, "html.parser")
    for table in page.select(", ".join(TABLES)):
        headings = [cell.get_text(" ", strip=True) for cell in table.select("thead th")]
        table["class"] = " ".join([*map(str, table.get_attribute_list("class")), "cards"]).strip()
        for row in table.select("tbody tr"):
            for heading, cell in zip(headings, row.find_all("td", recursive=False), strict=True):
                cell["data-label"] = heading
    return str(page)


def label(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    if app.builder.name == "html" and "body" in context:
        context["body"] = labelled(context["body"])


def setup(app: Sphinx) -> ExtensionMetadata:
    app.connect("html-page-context", label)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
