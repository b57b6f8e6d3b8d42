"""Tables that a phone shows as cards: each cell is given the heading of its column.

A table of many columns is wider than a phone. ``site.css`` puts its cells below each other there,
and a cell that stands alone has to say what it is of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bs4 import BeautifulSoup

if TYPE_CHECKING:
    from bs4 import Tag
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

#: As many columns as a phone has no room for.
MANY = 3
#: Tables with a form of their own for a phone.
APART = "table.ledger, table.ledger-of-ours, #which-one table"
#: Where one page answers for several columns, it is named once.
JOINED = "#questions table"


def labelled(body: str) -> str:
    """The body, in which the cells of wide tables name their columns."""
    if "<thead" not in body:
        return body
    page = BeautifulSoup(body, "html.parser")
    apart = {id(table) for table in page.select(APART)}
    joined = {id(table) for table in page.select(JOINED)}
    found = [table for table in page.select("table:has(> thead)") if id(table) not in apart]
    for table in found:
        headings = [cell.get_text(" ", strip=True) for cell in table.select(":scope > thead th")]
        rows = [row.find_all("td", recursive=False) for row in table.select(":scope > tbody > tr")]
        if len(headings) < MANY or any(len(row) != len(headings) for row in rows):
            continue
        table["class"] = " ".join([*map(str, table.get_attribute_list("class")), "cards"]).strip()
        for row in rows:
            for heading, cell in zip(headings, row, strict=True):
                cell["data-label"] = heading
            if id(table) in joined:
                _join(row)
    return str(page)


def _join(row: list[Tag]) -> None:
    """Make one cell of neighbours that say the same."""
    first = row[0]
    for cell in row[1:]:
        if cell.decode_contents() != first.decode_contents():
            first = cell
            continue
        first["colspan"] = str(int(str(first.get("colspan", "1"))) + 1)
        first["data-label"] = f"{first['data-label']}, {cell['data-label']}"
        cell.decompose()


def label(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    if app.builder.name == "html" and "body" in context:
        context["body"] = labelled(context["body"])


def setup(app: Sphinx) -> ExtensionMetadata:
    app.connect("html-page-context", label)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
