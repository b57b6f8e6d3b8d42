"""Tables that a phone shows as cards: each cell is given the heading of its column.

A table of many columns is wider than a phone. ``site.css`` puts its cells below each other there,
and a cell that stands alone has to say what it is of.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bs4 import BeautifulSoup

if TYPE_CHECKING:
    from bs4 import Tag
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

#: As many columns as a phone has no room for.
MANY = 3
#: Tables with a form of their own for a phone: the ledger's, by its class, and one section's.
LEDGER, APART = 'class="ledger', "which-one"
#: The page on which a page that answers for several columns is named once.
JOINED = "questions"

#: A table without another one in it.
TABLE = re.compile(r"<table\b(?:(?!<table\b).)*?</table>", re.DOTALL)
SECTION = '<section id="'


def labelled(body: str, *, joined: bool = False) -> str:
    """The body, in which the cells of wide tables name their columns, and neighbours that say the same
    are one. Only tables are parsed: whole pages would take a sixth of a build's time."""

    def of_table(found: re.Match[str]) -> str:
        start, text = found.start(), found[0]
        inside = body.count("<table", 0, start) > body.count("</table>", 0, start)
        section = body[body.rfind(SECTION, 0, start) + len(SECTION) :].partition('"')[0]
        if inside or section == APART or LEDGER in text.partition(">")[0]:
            return text
        return _labelled(text, joined=joined)

    return TABLE.sub(of_table, body)


def _labelled(text: str, *, joined: bool) -> str:
    """One table as a card for each of its rows."""
    page = BeautifulSoup(text, "html.parser")
    headings = [cell.get_text(" ", strip=True) for cell in page.select("thead th")]
    rows = [row.find_all(["td", "th"], recursive=False) for row in page.select("tbody tr")]
    if len(headings) < MANY or any(len(row) != len(headings) for row in rows):
        return text
    table = page.select("table")[0]
    table["class"] = " ".join([*map(str, table.get_attribute_list("class")), "cards"]).strip()
    for row in rows:
        for heading, cell in zip(headings, row, strict=True):
            cell["data-label"] = heading
        if joined:
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
        context["body"] = labelled(context["body"], joined=pagename == JOINED)


def setup(app: Sphinx) -> ExtensionMetadata:
    app.connect("html-page-context", label)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
