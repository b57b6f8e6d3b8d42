"""The code that draws a figure, folded: who reads an example looks at the figure, and opens how it
was drawn to draw another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docutils import nodes

from site_ext.base.nodes import folded
from site_ext.gallery.domain import examples_of

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

SUMMARY = "How the figure is drawn"
#: What begins a figure, and what a block has that does more than draw.
DRAWS, DOES_MORE = "plt.subplots(", ("measured = ", "assert ", "print(", "def ", "import ")


def only_draws(code: str) -> bool:
    return DRAWS in code and not any(
        line.startswith(DOES_MORE) for line in map(str.lstrip, code.splitlines())
    )


def fold_plots(app: Sphinx, doctree: nodes.document) -> None:
    """Fold the blocks that only draw, on the page of an example."""
    if examples_of(app.env).on_page(app.env.current_document.docname) is None:
        return
    for block in list(doctree.findall(nodes.literal_block)):
        if "script-out" not in " ".join(block["classes"]) and only_draws(block.astext()):
            block.replace_self(folded([nodes.Text(SUMMARY)], [block.deepcopy()], classes=["plot"]))


def setup(app: Sphinx) -> ExtensionMetadata:
    app.connect("doctree-read", fold_plots, priority=650)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
