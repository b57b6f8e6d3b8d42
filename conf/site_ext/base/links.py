"""Links from one page of the site to another, for nodes that are built by hand."""

from __future__ import annotations

from docutils import nodes
from sphinx import addnodes


def to_page(docname: str, target: str, text: str) -> addnodes.pending_xref:
    """A link on page ``docname`` to page ``target``, which must exist when it is resolved."""
    return addnodes.pending_xref(
        "",
        nodes.inline("", text),
        refdomain="std",
        reftype="doc",
        reftarget=f"/{target}",
        refexplicit=True,
        refwarn=True,
        refdoc=docname,
    )


def to_place(docname: str, target: str, content: nodes.Node) -> addnodes.pending_xref:
    """A link to ``page#place``; where a site has no such page, only the content."""
    return addnodes.pending_xref(
        "",
        content,
        refdomain="evidence",
        reftype="place",
        reftarget=target,
        refexplicit=True,
        refwarn=False,
        refdoc=docname,
    )
