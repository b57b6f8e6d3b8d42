"""Examples that belong together, and the links between them at the foot of their pages.

The same subject in several frameworks, or on several backends, is a **family**: scripts
of one name, less the backend's. Each page names its family and the examples that share
most tags with it.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes

from site_ext.base import links
from site_ext.gallery.domain import GALLERY, Links, examples_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

    from site_ext.run.scripts import Example

#: The folders whose scripts are siblings, with the framework's module.
THEMES = {"tensorflow": "tensorflow", "pytorch": "torch", "keras": "keras", "jax": "jax"}
PAGES = "side_by_side/"
MOST_RELATED = 3
_BACKEND = re.compile(r"_(tensorflow|jax|torch|raw)$")


@cache
def family(name: str) -> str:
    """``own_loop`` for ``pytorch/own_loop``, ``train_mlp`` for ``keras/train_mlp_jax``."""
    return _BACKEND.sub("", name.partition("/")[2])


def relatives(example: Example, others: Iterable[Example]) -> tuple[list[Example], list[Example]]:
    """``(its family, what shares most tags with it)``, without itself."""
    others = [other for other in others if other.name != example.name]
    kin = [other for other in others if family(other.name) == family(example.name)]
    shared = {o.name: len(set(o.tags) & set(example.tags)) for o in others if o not in kin}
    near = sorted(
        (other for other in others if shared.get(other.name)),
        key=lambda other: (-shared[other.name], other.name),
    )
    return kin, _one_a_family(near)[:MOST_RELATED]


def _one_a_family(examples: Iterable[Example]) -> list[Example]:
    first: dict[str, Example] = {}
    for example in examples:
        first.setdefault(family(example.name), example)
    return list(first.values())


def members(name: str, examples: Iterable[Example]) -> dict[str, Example]:
    """The scripts of one family by folder, one a framework."""
    found: dict[str, Example] = {}
    for example in examples:
        theme = example.name.partition("/")[0]
        if theme in THEMES and family(example.name) == name:
            found.setdefault(theme, example)
    return {theme: found[theme] for theme in THEMES if theme in found}


def plan_links(app: Sphinx) -> None:
    """Work the links of all pages out, once a build."""
    domain = examples_of(app.env)
    examples = [entry.example for entry in domain.entries.values()]
    domain.see_also = links_of_all(examples, Path(app.srcdir))


def links_of_all(examples: list[Example], docs: Path) -> dict[str, Links]:
    """What the page of each example links to, by its name."""
    beside = {path.stem for path in (docs / PAGES).glob("*.*")}
    return {example.name: _links_of(example, examples, beside) for example in examples}


def _links_of(example: Example, examples: list[Example], beside: set[str]) -> Links:
    kin, near = relatives(example, examples)
    name = family(example.name)
    lines: Links = [
        ("The same elsewhere", [(GALLERY + e.name, e.title) for e in kin]),
        ("Side by side", [(PAGES + name, "section by section")] if name in beside else []),
        ("Near by", [(GALLERY + e.name, e.title) for e in near]),
    ]
    return [(label, targets) for label, targets in lines if targets]


def see_also(lines: Links) -> nodes.container:
    """The box with the links."""
    box = nodes.container(classes=["see-also"])
    box += nodes.rubric("", "See also")
    for label, targets in lines:
        line = nodes.paragraph("", "", nodes.strong("", f"{label}: "))
        for number, (target, text) in enumerate(targets):
            line += nodes.Text(" · ") if number else nodes.Text("")
            line += links.to(target, text)
        box += line
    return box


def add_see_also(app: Sphinx, doctree: nodes.document) -> None:
    """Put the links into the page of an example, before its card."""
    domain = examples_of(app.env)
    entry = domain.on_page(app.env.current_document.docname)
    if entry is None:
        return
    lines = domain.see_also[entry.example.name]
    cards = [n for n in doctree.findall(nodes.container) if "provenance" in n["classes"]]
    if lines and cards and cards[0].parent is not None:
        cards[0].parent.insert(cards[0].parent.index(cards[0]), see_also(lines))


def setup(app: Sphinx) -> ExtensionMetadata:
    app.connect("examples-planned", plan_links)
    # After the card (card.py), before which it stands.
    app.connect("doctree-read", add_see_also, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
