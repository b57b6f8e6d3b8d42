"""The directive ``{fold}``: what most readers need not see, behind a line that is always there.

::

    ::::{fold} What an article of 2025 said of Keras

    …
    ::::

The byline does not count what is inside as words to read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sphinx.util.docutils import SphinxDirective

from site_ext.base.nodes import folded

if TYPE_CHECKING:
    from docutils.nodes import Node
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata


class FoldDirective(SphinxDirective):
    """``{fold}``; the argument is the line."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self) -> list[Node]:
        self.assert_has_content()
        head, messages = self.parse_inline(self.arguments[0])
        body = self.parse_content_to_nodes()
        return [folded(head, body, classes=["behind"]), *messages]


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_directive("fold", FoldDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
