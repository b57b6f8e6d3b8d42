"""The galleries as pictures: a card for each lesson, in an order that teaches, and buttons that
leave a part of them.

Sphinx-Gallery lists each script under its folder with a small picture. Here the scripts of one
family (:mod:`site_ext.gallery.related`), the same program in several frameworks, are one card with
a door to each. ``gallery_families`` in conf.py names the families and their order,
``gallery_order`` what comes first among the others, ``gallery_facets`` what the buttons ask for:
tags, themes or families.
"""

from __future__ import annotations

import html
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx import addnodes

from site_ext.base import links
from site_ext.base.frameworks import TITLES
from site_ext.gallery import thumbnails
from site_ext.gallery.domain import GALLERY, examples_of
from site_ext.gallery.drawings import colors_of, figures_of, pair
from site_ext.gallery.related import PAGES, THEMES, family, members

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

    from site_ext.run.plan import Entry
    from site_ext.run.scripts import Example

INDEX = f"{GALLERY}index"
TOGETHER = "The same program in each framework"
TOGETHER_TEXT = (
    "One subject, written once in each framework as its own users would write it: the same data, "
    "the same sections, and the same result wherever the frameworks can give it."
)
ALL, LAST = "all", "shelf-article"
#: Characters of a figure's title that a card has room for.
LONGEST = 120


def word(text: str) -> str:
    """What a text is called in a class or an id."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


class Shelf:
    """Makes the cards of one page."""

    def __init__(self, app: Sphinx) -> None:
        self.docs, self.colors = Path(app.srcdir), colors_of(app)
        self.config = app.config
        self.entries = {e.example.name: e for e in examples_of(app.env).use_all()}
        self.examples = [entry.example for entry in self.entries.values()]
        self.beside = {path.stem for path in (self.docs / PAGES).glob("*.*")}

    def families(self) -> dict[str, dict[str, Example]]:
        """Those that have a title here, with their scripts by theme."""
        found = {name: members(name, self.examples) for name in self.config.gallery_families}
        return {name: scripts for name, scripts in found.items() if len(scripts) > 1}

    def facets(self, examples: Iterable[Example]) -> list[str]:
        """The buttons that leave the card of these."""
        told = set()
        for example in examples:
            told |= {*example.tags, example.name.partition("/")[0], family(example.name)}
        return [name for name, asked in self.config.gallery_facets.items() if told & set(asked)]

    def single(self, entry: Entry) -> nodes.container:
        """The card of one example."""
        example = entry.example
        card = self._card([example], example.frameworks)
        card += self._picture(entry)
        card += nodes.paragraph(
            "", "", links.to(example.page, example.title), classes=["shot-title"]
        )
        figures = figures_of(entry)
        if figures and 0 < len(figures[-1].alt) <= LONGEST and figures[-1].alt != example.title:
            card += nodes.paragraph("", figures[-1].alt, classes=["shot-lesson"])
        return card

    def several(self, name: str, scripts: dict[str, Example], turn: int) -> nodes.container:
        """The card of a family; whose picture it has goes round."""
        card = self._card(scripts.values(), [THEMES[theme] for theme in scripts])
        shown = list(scripts.values())[turn % len(scripts)]
        card += self._picture(self.entries[shown.name])
        title = self.config.gallery_families[name]
        head = links.to(PAGES + name, title) if name in self.beside else nodes.Text(title)
        card += nodes.paragraph("", "", head, classes=["shot-title"])
        doors = nodes.paragraph(classes=["shot-doors"])
        for theme, example in scripts.items():
            doors += links.to(example.page, TITLES[THEMES[theme]])
            doors += nodes.Text(" ")
        card += doors
        return card

    def _card(self, examples: Iterable[Example], frameworks: Iterable[str]) -> nodes.container:
        facets = [f"facet-{word(name)}" for name in self.facets(examples)]
        used = [f"in-{word(TITLES[module])}" for module in frameworks if module in TITLES]
        return nodes.container(classes=["shot", *facets, *used])

    def _picture(self, entry: Entry) -> nodes.container:
        """The last figure, which shows what comes of it, made small. It says what the title says."""
        figures, name = figures_of(entry), entry.example.name
        page = self.docs / entry.example.page
        box = nodes.container(classes=["shot-picture"])
        if figures:
            path = page.parent / f"images/sphx_glr_{page.name}_{len(figures):03}.png"
            small = thumbnails.of(
                name, figures[-1].svg, self.config.gallery_whole, self.config.gallery_panels
            )
            to = path.with_name(f"{path.stem}_thumb.png")
            drawn = pair(replace(figures[-1], svg=small), to, self.docs, self.colors)
            if not drawn and path.exists():
                drawn = [nodes.image("", uri=f"/{path.relative_to(self.docs).as_posix()}")]
            for image in drawn:
                image["alt"] = ""
            box += drawn
        return box

    def theme(self, name: str) -> nodes.container:
        """The cards of one folder."""
        first = {one: place for place, one in enumerate(self.config.gallery_order)}
        own = [e for e in self.entries.values() if e.example.name.startswith(f"{name}/")]
        own.sort(key=lambda e: (first.get(e.example.name, len(first)), e.example.name))
        return nodes.container("", *map(self.single, own), classes=["shots"])

    def together(self) -> nodes.container:
        """The cards of the families, and of what only one framework has."""
        families = self.families()
        cards = [
            self.several(name, scripts, turn)
            for turn, (name, scripts) in enumerate(families.items())
        ]
        for entry in self.entries.values():
            example = entry.example
            if example.name.partition("/")[0] in THEMES and family(example.name) not in families:
                cards.append(self.single(entry))
        return nodes.container("", *cards, classes=["shots"])


def _theme_of(section: nodes.section) -> str:
    """The folder whose examples Sphinx-Gallery lists in a section."""
    for xref in section.findall(addnodes.pending_xref):
        found = re.fullmatch(rf"/?{GALLERY}(\w+)/\w+", xref.get("reftarget", ""))
        if found:
            return found[1]
    return ""


def _bare(section: nodes.section) -> None:
    """Leave of a section what somebody wrote: its title and text; and the list of pages."""
    kept = (nodes.title, nodes.paragraph, nodes.section, nodes.target, nodes.comment)
    for child in list(section.children):
        tree = next(child.findall(addnodes.toctree), None)
        if not isinstance(child, kept) and tree is None:
            section.remove(child)


def _themes(app: Sphinx) -> set[str]:
    return {name.partition("/")[0] for name in examples_of(app.env).entries}


def picture(app: Sphinx, doctree: nodes.document) -> None:
    """Put the cards in the place of Sphinx-Gallery's lists."""
    docname = app.env.current_document.docname
    pages = {f"{GALLERY}{theme}/index": theme for theme in _themes(app)}
    if app.builder.name != "html" or docname not in {INDEX, *pages}:
        return
    shelf, top = Shelf(app), next(doctree.findall(nodes.section))
    if docname != INDEX:
        _bare(top)
        top.insert(_behind_text(top), shelf.theme(pages[docname]))
        return
    _whole(doctree, top, shelf)


def _whole(doctree: nodes.document, top: nodes.section, shelf: Shelf) -> None:
    """The page of all."""
    title = nodes.title("", TOGETHER)
    text = nodes.paragraph("", TOGETHER_TEXT)
    together = nodes.section("", title, text, shelf.together(), ids=[word(TOGETHER)])
    for section in [s for s in doctree.findall(nodes.section) if s is not top]:
        theme = _theme_of(section)
        if theme in THEMES:
            section.parent.remove(section)
        elif theme:
            _bare(section)
            section["classes"].append(f"shelf-{theme}")
            section.insert(_behind_text(section), shelf.theme(theme))
    _bare(top)
    # The original's code comes last: who chooses or ports has never seen it.
    last = [s for s in top.children if isinstance(s, nodes.section) and LAST in s["classes"]]
    for section in last:
        top.remove(section)
    place = _behind_text(top)
    top.insert(place, [nodes.raw("", filters(shelf), format="html"), together])
    top += last


def _behind_text(section: nodes.section) -> int:
    places = [n for n, child in enumerate(section.children) if isinstance(child, nodes.paragraph)]
    return places[-1] + 1 if places else 1


def filters(shelf: Shelf) -> str:
    """Radio buttons, which work without a script; gallery.js says how many are left."""
    about = [(ALL, "All")] + [(word(name), name) for name in shelf.config.gallery_facets]
    within = [(ALL, "All")] + [(word(title), title) for title in TITLES.values()]
    groups = (("facet", "About", about), ("in", "In", within))
    return (
        f'<div class="gallery-filters">{"".join(_group(*group) for group in groups)}'
        '<p class="gallery-count" role="status"></p></div>'
    )


def _group(name: str, legend: str, choices: list[tuple[str, str]]) -> str:
    buttons = "".join(
        f'<label><input type="radio" name="gallery-{name}" id="gallery-{name}-{value}"'
        f' value="{value}"{" checked" if value == ALL else ""}> {html.escape(text)}</label> '
        for value, text in choices
    )
    return f"<fieldset><legend>{legend}</legend>{buttons}</fieldset>"


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_config_value("gallery_families", {}, "env", (dict,), "titles of families, in order")
    app.add_config_value("gallery_order", [], "env", (list,), "examples that come first")
    app.add_config_value("gallery_facets", {}, "env", (dict,), "buttons, and what they ask for")
    # Before Sphinx collects images and headings, at 500.
    app.connect("doctree-read", picture, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
