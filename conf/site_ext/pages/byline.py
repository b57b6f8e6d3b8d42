"""The directive ``{byline}``: when, about what, for whom, and how long it takes to read.

Date, categories and level come from the front matter of the page that has the byline.
The reading time is that of the page, and of all pages whose front matter says ``article: true``
together: words at :data:`WORDS_PER_MINUTE`, words of code counted at half. What is folded away
until a reader opens it, such as the evidence of a claim, is not counted.
"""

from __future__ import annotations

import math
import re
from datetime import date
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective

from site_ext.base.nodes import fold, fold_summary
from site_ext.claims.domain import claims_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.util.typing import ExtensionMetadata

WORDS_PER_MINUTE = 230
CODE_WEIGHT = 0.5


class reading_time(nodes.inline):
    """Stands for the minutes until every page has been read."""


def minutes(words: int, code_words: int) -> int:
    """Whole minutes, at least one."""
    return max(1, math.ceil((words + CODE_WEIGHT * code_words) / WORDS_PER_MINUTE))


def count_words(doctree: nodes.document) -> tuple[int, int]:
    """``(words of prose, words of code)`` that a reader of the page sees."""
    prose = code = 0
    for text in doctree.findall(nodes.Text):
        around = list(_parents(text))
        if any(isinstance(one, (nodes.comment, nodes.raw)) or _not_in_html(one) for one in around):
            continue
        folded = any(isinstance(one, fold) for one in around)
        if folded and not any(isinstance(one, fold_summary) for one in around):
            continue
        if any(isinstance(one, nodes.literal_block) for one in around):
            code += _words(text.astext())
        else:
            prose += _words(text.astext())
    return prose, code


def _parents(node: nodes.Node) -> Iterator[nodes.Node]:
    while node.parent is not None:
        node = node.parent
        yield node


def _not_in_html(node: nodes.Node) -> bool:
    """Whether a reader in a browser sees a drawing in its place."""
    return isinstance(node, addnodes.only) and node["expr"] == "not html"


def _words(text: str) -> int:
    return len(re.findall(r"\w+", text))


class BylineDirective(SphinxDirective):
    """``{byline}``, without argument, options or content."""

    def run(self) -> list[nodes.Node]:
        page = self.env.metadata[self.env.current_document.docname]
        missing = [key for key in ("date", "categories", "level") if not page.get(key)]
        if missing:
            raise self.error(f"byline: the page's front matter lacks {', '.join(missing)}")
        try:
            published = date.fromisoformat(str(page["date"]))
        except ValueError:
            raise self.error(
                f"byline: date {page['date']!r} is not of the form 2025-12-08"
            ) from None
        line = nodes.paragraph(classes=["byline"])
        line += nodes.Text(f"First published {published.day} {published:%B %Y} · ")
        line += reading_time()
        line += nodes.Text(f" · {str(page['level']).capitalize()} · ")
        line += nodes.Text(", ".join(_as_list(page["categories"])))
        return [line]


def _as_list(value: Any) -> list[str]:
    """A list of front matter, which MyST hands on as text or as JSON."""
    if isinstance(value, str):
        return [part.strip(" \"'") for part in value.strip("[]").split(",")]
    return [str(part) for part in value]


def note_words(app: Sphinx, doctree: nodes.document) -> None:
    """Keep a page's counts in its metadata, which Sphinx stores and forgets with it."""
    env = app.env
    metadata = env.metadata[env.current_document.docname]
    if metadata.get("article"):
        metadata["word_counts"] = count_words(doctree)


def total(env: BuildEnvironment) -> int:
    """The minutes that the whole article takes."""
    counts = [page["word_counts"] for page in env.metadata.values() if "word_counts" in page]
    return minutes(sum(words for words, _ in counts), sum(code for _, code in counts))


def show_reading_time(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for node in doctree.findall(reading_time):
        own = minutes(*app.env.metadata[docname].get("word_counts", (0, 0)))
        told = f"{own} minutes to read, {total(app.env)} with all its pages"
        node.replace_self(nodes.Text(told))


def pages_with_byline(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Pages to write again, where pages were read and the minutes may be others."""
    read = claims_of(env).any_read
    return [name for name, page in env.metadata.items() if read and page.get("level")]


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_node(reading_time)
    app.add_directive("byline", BylineDirective)
    app.connect("doctree-read", note_words)
    app.connect("doctree-resolved", show_reading_time)
    app.connect("env-updated", pages_with_byline)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
