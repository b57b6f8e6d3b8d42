"""Words by which readers look for a page and which it does not use: ``search_words``.

Each phrase is an entry of the index, which Sphinx's search ranks above what merely stands in a text::

    search_words = {"gallery/porting/why_worse": "softmax twice, loss not decreasing"}
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from docutils import nodes
from sphinx import addnodes

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata


def add_words(app: Sphinx, doctree: nodes.document) -> None:
    page = app.env.current_document.docname
    section = next(doctree.findall(nodes.section), None)
    if page in app.config.search_words and section is not None:
        phrases = [one.strip() for one in app.config.search_words[page].split(",")]
        entries = [("single", phrase, section["ids"][0], "main", None) for phrase in phrases]
        section.insert(1, addnodes.index(entries=entries))


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_config_value("search_words", {}, "env", dict)
    app.connect("doctree-read", add_words)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
