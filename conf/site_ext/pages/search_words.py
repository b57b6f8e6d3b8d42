"""Words by which readers look for a page and which it does not use: ``search_words``.

Each phrase is an entry of the index, which Sphinx's search ranks above what merely stands in a text::

    search_words = {"gallery/porting/why_worse": "softmax twice, loss not decreasing"}

Sphinx takes the entries of those pages into its search that a build writes, and forgets those of the
others, which it has from the build before: they are given back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from docutils import nodes
from sphinx import addnodes
from sphinx.search.en import SearchEnglish
from sphinx.util.index_entries import split_index_msg

if TYPE_CHECKING:
    from typing import Any

    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata


def add_words(app: Sphinx, doctree: nodes.document) -> None:
    page = app.env.current_document.docname
    section = next(doctree.findall(nodes.section), None)
    if page in app.config.search_words and section is not None:
        phrases = [one.strip() for one in app.config.search_words[page].split(",")]
        entries = [("single", phrase, section["ids"][0], "main", None) for phrase in phrases]
        section.insert(1, addnodes.index(entries=entries))
        # The domain has collected its entries by now.
        app.env.domains.index_domain.entries.setdefault(page, []).extend(entries)


def give_back(app: Sphinx) -> list[Any]:
    """The entries of pages that this build has not written; no page comes of it."""
    indexer = getattr(app.builder, "indexer", None)
    if indexer is not None:
        kept = indexer._index_entries
        for page, entries in app.env.domains.index_domain.entries.items():
            if page in indexer._titles and not kept.get(page):
                kept[page] = sorted(
                    {
                        (phrase, target, main)
                        for kind, value, target, main, _ in entries
                        for phrase in split_index_msg(kind, value)
                    }
                )
    return []


class KnownStems(SearchEnglish):
    """Looks for each word's stem once, and not on every page again."""

    def __init__(self, options: dict[str, str]) -> None:
        super().__init__(options)
        self._known: dict[str, str] = {}

    def stem(self, word: str) -> str:
        if word not in self._known:
            self._known[word] = super().stem(word)
        return self._known[word]


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_config_value("search_words", {}, "env", dict)
    app.add_search_language(KnownStems)
    app.connect("doctree-read", add_words)
    # When all pages are written, before the search is.
    app.connect("html-collect-pages", give_back)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
