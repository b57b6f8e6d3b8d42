"""Links from one page of the site to another, for nodes that are built by hand."""

from __future__ import annotations

from docutils import nodes
from sphinx import addnodes


def to_page(docname: str, target: str, text: str, *classes: str) -> addnodes.pending_xref:
    """A link on page ``docname`` to page ``target``, which must exist when it is resolved.

    ``classes`` are put on the text.
    """
    return addnodes.pending_xref(
        "",
        nodes.inline("", text, classes=list(classes)),
        refdomain="std",
        reftype="doc",
        reftarget=f"/{target}",
        refexplicit=True,
        refwarn=True,
        refdoc=docname,
    )
