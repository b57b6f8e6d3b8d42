"""Words by which readers look for a page and which it does not use: ``search_words``.

They go into the page's keywords, which Sphinx's search knows like the page's own words::

    search_words = {"gallery/porting/why_worse": "softmax twice, loss not decreasing"}
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from docutils import nodes

from site_ext.base.errors import SiteError, ending

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.util.typing import ExtensionMetadata


def add_words(app: Sphinx, doctree: nodes.document) -> None:
    words = app.config.search_words.get(app.env.current_document.docname)
    if words:
        doctree.insert(0, nodes.meta("", name="keywords", content=words))


@ending
def check_pages(app: Sphinx, env: BuildEnvironment) -> None:
    """Stop for a page that is not there."""
    for page in sorted(app.config.search_words.keys() - env.found_docs):
        raise SiteError(f"conf.py: search_words names {page!r}, which is no page")


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_config_value("search_words", {}, "env", dict)
    app.connect("doctree-read", add_words)
    app.connect("env-updated", check_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
