"""The code that draws a figure, and the code that works out and checks the result, folded: who reads
an example looks at what comes of them, and opens how it was done to do it again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from docutils import nodes

from site_ext.base.nodes import folded
from site_ext.gallery.domain import examples_of

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

DRAWN, CHECKED = "How the figure is drawn", "How the result is worked out and checked"
#: What begins a figure, and what a block has that does more than draw.
DRAWS, DOES_MORE = "plt.subplots(", ("assert ", "print(", "def ", "import ")
_MEASURES = re.compile(r"^measured\b", re.MULTILINE)


def summary(code: str) -> str:
    """The line behind which a block stands; empty if it stands open."""
    if _MEASURES.search(code):
        return CHECKED
    lines = map(str.lstrip, code.splitlines())
    return DRAWN if DRAWS in code and not any(one.startswith(DOES_MORE) for one in lines) else ""


def fold(app: Sphinx, doctree: nodes.document) -> None:
    """Fold such blocks on the page of an example; what they print stays open."""
    if examples_of(app.env).on_page(app.env.current_document.docname) is None:
        return
    for block in list(doctree.findall(nodes.literal_block)):
        if "script-out" not in " ".join(block["classes"]) and (line := summary(block.astext())):
            block.replace_self(
                folded([nodes.Text(line)], [block.deepcopy()], classes=["code-fold"])
            )


def setup(app: Sphinx) -> ExtensionMetadata:
    app.connect("doctree-read", fold, priority=650)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
