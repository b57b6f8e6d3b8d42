"""Links from one page of the site to another, for nodes that are built by hand.

They are resolved when a page is written, from the page where they stand by then, so that
they may be copied from one page into another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.util.nodes import make_refnode

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata


class page_link(nodes.inline):
    """Becomes a link to its ``target`` around its content."""


def to(target: str, content: str | nodes.Node) -> page_link:
    """A link to ``page`` or ``page#place``; where a site has no such page, only the content."""
    inside = nodes.Text(content) if isinstance(content, str) else content
    return page_link("", "", inside, target=target)


def resolve(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Make the links what every writer knows."""
    for link in list(doctree.findall(page_link)):
        target, _, place = link["target"].partition("#")
        if target in app.env.all_docs:
            link.replace_self(make_refnode(app.builder, docname, target, place, link.children))
        else:
            link.replace_self(link.children)


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_node(page_link)
    app.connect("doctree-resolved", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
