"""Nodes that several wings build.

Each is a kind of one that docutils has, so that a writer that knows nothing of them (text,
LaTeX) writes that one; HTML, and EPUB with it, gets more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from docutils import nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from docutils.nodes import Node
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata
    from sphinx.writers.html5 import HTML5Translator


class fold(nodes.container):
    """What is shown when its first child, a :class:`fold_summary`, is clicked."""


class fold_summary(nodes.paragraph):
    """The line that is always there."""


class quoted(nodes.inline):
    """Words or a value from elsewhere, and in ``origin`` where they come from."""


class plain_code(nodes.literal):
    """Code in a table of much code: HTML has one element for it, where Sphinx makes one more for each
    word, thousands on a page."""


def folded(
    head: Sequence[Node], body: Iterable[Node], *, classes: Sequence[str] = (), name: str = ""
) -> fold:
    """``body`` behind ``head``; ``name`` is its id."""
    found = fold("", fold_summary("", "", *head), *body, classes=list(classes))
    if name:
        found["ids"].append(name)
    return found


def table(
    headings: Sequence[str],
    rows: Iterable[nodes.row],
    *,
    widths: Sequence[int] = (),
    numbers: frozenset[int] = frozenset(),
    classes: Sequence[str] = (),
) -> nodes.container:
    """A table that scrolls in a box of its own; ``numbers`` are the columns that hold some."""
    columns = list(widths) or [1] * len(headings)
    group = nodes.tgroup("", *(nodes.colspec(colwidth=n) for n in columns), cols=len(columns))
    group += nodes.thead("", row([[nodes.Text(text)] for text in headings], numbers=numbers))
    group += nodes.tbody("", *rows)
    if widths:
        classes = [*classes, "colwidths-given"]
    inside = nodes.table("", group, classes=list(classes))
    return nodes.container("", inside, classes=["wide-table"])


def row(cells: Sequence[Sequence[Node]], *, numbers: frozenset[int] = frozenset()) -> nodes.row:
    """A row of cells, each a paragraph of those nodes."""
    return nodes.row(
        "",
        *(
            nodes.entry(
                "", nodes.paragraph("", "", *cell), classes=["number"] if n in numbers else []
            )
            for n, cell in enumerate(cells)
        ),
    )


def _visit_fold(self: HTML5Translator, node: fold) -> None:
    self.body.append(self.starttag(node, "details", "\n"))


def _depart_fold(self: HTML5Translator, node: fold) -> None:
    self.body.append("</details>\n")


def _visit_fold_summary(self: HTML5Translator, node: fold_summary) -> None:
    self.body.append(self.starttag(node, "summary", ""))


def _depart_fold_summary(self: HTML5Translator, node: fold_summary) -> None:
    self.body.append("</summary>\n")


def _visit_quoted(self: HTML5Translator, node: quoted) -> None:
    self.body.append(self.starttag(node, "span", "", **{"data-origin": node["origin"]}))


def _depart_quoted(self: HTML5Translator, node: quoted) -> None:
    self.body.append("</span>")


def _visit_plain_code(self: HTML5Translator, node: plain_code) -> None:
    self.body.append(self.starttag(node, "code", "", CLASS="docutils literal notranslate"))


def _depart_plain_code(self: HTML5Translator, node: plain_code) -> None:
    self.body.append("</code>")


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_node(fold, html=(_visit_fold, _depart_fold))
    app.add_node(fold_summary, html=(_visit_fold_summary, _depart_fold_summary))
    app.add_node(plain_code, html=(_visit_plain_code, _depart_plain_code))
    app.add_node(quoted, html=(_visit_quoted, _depart_quoted))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
