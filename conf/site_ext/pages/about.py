"""What a page tells those who link to it: a description, a picture, how to cite and mend it.

Addresses of pages and pictures are whole or not told: they need ``html_baseurl``, and what leads
to the source needs ``site_repository``.
"""

from __future__ import annotations

import json
import textwrap
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from docutils import nodes
from PIL import Image, ImageDraw, ImageFont

from site_ext.base import git
from site_ext.gallery.build import root_of
from site_ext.gallery.domain import examples_of

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

CARDS = "_static/cards"
WIDTH, HEIGHT = 1200, 630
#: Ink, ground, and the frameworks' colours on a light page.
INK, MUTED, PAPER = "#14181e", "#4c5561", "#ffffff"
STRIPES = ("#b45309", "#6b1f5e", "#2563eb", "#14532d")
#: Characters of a description; lines of a title on a card.
LONGEST, MOST_LINES = 200, 4
#: The class of the box with a page's answer and the chart beside it.
ANSWER = "answer"


def description(doctree: nodes.document) -> str:
    """The first words of a page that are more than a line of facts, in its text or in the answer
    that a page begins with."""
    for paragraph in doctree.findall(nodes.paragraph):
        around = paragraph.parent
        if not isinstance(around, nodes.section) and ANSWER not in around["classes"]:
            continue
        if paragraph["classes"]:
            continue
        text = " ".join(paragraph.astext().replace("\N{CHECK MARK}", "").split())
        if len(text) > LONGEST // 4:
            return textwrap.shorten(text, LONGEST, placeholder=" …")
    return ""


@cache
def _date(root: Path) -> str:
    return git.commit_date(root)


def card_name(pagename: str) -> str:
    return f"{CARDS}/{pagename.replace('/', '-')}.png"


def tell(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Put it into the context of a page, for layout.html and made-with.html."""
    context["page_facts"], context["page_data"] = [], ""
    context["page_source"], context["page_cited"] = _source(app, pagename), ""
    if app.builder.name != "html" or not isinstance(doctree, nodes.document):
        return
    said, base = description(doctree), app.config.html_baseurl
    title = nodes.Text(app.env.titles[pagename].astext())
    address = f"{base}{app.builder.get_target_uri(pagename)}" if base else ""
    facts = [("description", said), ("og:type", "article"), ("og:title", str(title))]
    facts += [("og:description", said), ("og:site_name", app.config.project)]
    data = {
        "@context": "https://schema.org",
        "@type": "TechArticle",
        "headline": str(title),
        "description": said,
        "dateModified": _date(root_of(app.config, [Path(app.srcdir)])),
        "version": app.config.release,
        "author": {"@type": "Organization", "name": app.config.author},
    }
    if base:
        picture = f"{base}{card_name(pagename)}"
        facts += [
            ("og:url", address),
            ("og:image", picture),
            ("twitter:card", "summary_large_image"),
        ]
        data |= {"url": address, "image": picture}
    context["page_facts"] = [(name, content) for name, content in facts if content]
    # Nothing in it may end the element that holds it.
    context["page_data"] = json.dumps(data).replace("<", "\\u003c")
    context["page_cited"] = _cited(app, str(title), address)


def _cited(app: Sphinx, title: str, address: str) -> str:
    """The page as people quote it."""
    day = _date(root_of(app.config, [Path(app.srcdir)]))
    where = f", {address}" if address else ""
    return f"“{title}”, {app.config.html_title}, version {app.config.release}, {day}{where}."


def _source(app: Sphinx, pagename: str) -> dict[str, str]:
    """Where a page is written, and where to say that it is wrong."""
    repository = app.config.site_repository
    if not repository:
        return {}
    entry = examples_of(app.env).on_page(pagename)
    path = entry.example.path if entry else ""
    if not path and pagename in app.env.all_docs and not pagename.startswith("gallery/"):
        path = f"docs/{app.env.doc2path(pagename, base=False)}"
    home = f"https://github.com/{repository}"
    found = {"report": f"{home}/issues/new?title={quote(f'{pagename}: ')}"}
    return found | ({"edit": f"{home}/edit/main/{quote(path)}"} if path else {})


def draw(title: str, below: str) -> Image.Image:
    """A card of 1200 by 630 pixels with a title: what a link to a page is shown with."""
    card = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    pen = ImageDraw.Draw(card)
    for place, color in enumerate(STRIPES):
        side = WIDTH // len(STRIPES)
        pen.rectangle((place * side, 0, (place + 1) * side, 18), fill=color)
    lines = textwrap.wrap(title, 26)[:MOST_LINES]
    for number, line in enumerate(lines):
        pen.text((70, 90 + 92 * number), line, INK, font=ImageFont.load_default(76))
    pen.text((70, HEIGHT - 90), below, MUTED, font=ImageFont.load_default(34))
    return card.quantize(16)


def draw_cards(app: Sphinx, exception: Exception | None) -> None:
    """A card for each page, where pages have an address that leads to it."""
    if exception is not None or app.builder.name != "html" or not app.config.html_baseurl:
        return
    below = f"{app.config.project} · version {app.config.release}"
    (Path(app.outdir) / CARDS).mkdir(parents=True, exist_ok=True)
    for pagename, title in app.env.titles.items():
        draw(title.astext(), below).save(Path(app.outdir) / card_name(pagename), optimize=True)


def setup(app: Sphinx) -> ExtensionMetadata:
    app.connect("html-page-context", tell)
    app.connect("build-finished", draw_cards)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
