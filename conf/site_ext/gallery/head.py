"""What stands under the title of an example: what came of it, how long it took, where to get it.

Sphinx-Gallery ends a page with the figure and the downloads, and begins it with a note that
leads there. A reader who looks for an answer sees the figure first; the lesson follows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from docutils import nodes
from sphinx import addnodes

from site_ext.gallery import card
from site_ext.gallery.domain import examples_of
from site_ext.gallery.drawings import DARK, LIGHT
from site_ext.gallery.drawings import SINGLE as FIGURE

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

    from site_ext.run.plan import Entry

NOTE = "sphx-glr-download-link-note"
#: The line of tags begins with a sign for which many machines have no font.
TAGS, SIGN = "sphx-glr-example-tags", "\N{LABEL} "


def add_head(app: Sphinx, doctree: nodes.document) -> None:
    """Take the note away; put figure, times and downloads under the title."""
    entry = examples_of(app.env).on_page(app.env.current_document.docname)
    section = next(doctree.findall(nodes.section), None)
    if entry is None or section is None:
        return
    for note in [n for n in doctree.findall(nodes.note) if NOTE in n["classes"]]:
        around = note.parent if isinstance(note.parent, addnodes.only) else note
        around.parent.remove(around)
    for text in [t for t in doctree.findall(nodes.Text) if TAGS in t.parent.get("classes", ())]:
        text.parent.replace(text, nodes.Text(text.removeprefix(SIGN)))
    head = nodes.container(classes=["example-head"])
    head += _result(section)
    head += _ran(entry)
    if (box := card.downloads(doctree)) is not None:
        head += _taken(box)
    if head.children:
        section.insert(_after_lesson(section), head)


def _after_lesson(section: nodes.section) -> int:
    """Behind the first paragraph: that says what the page is about."""
    for place, child in enumerate(section.children):
        if isinstance(child, nodes.paragraph):
            return place + 1
    return 1


def _result(section: nodes.section) -> list[nodes.Node]:
    """The last figure, smaller, as a link to where it is drawn."""
    figures = [image for image in section.findall(nodes.image) if FIGURE in image["classes"]]
    if not figures:
        return []
    last = [image for image in figures[-2:] if {LIGHT, DARK} & set(image["classes"])]
    small = [image.deepcopy() for image in last or figures[-1:]]
    for image in small:
        image["classes"] = ["example-result", *({LIGHT, DARK} & set(image["classes"]))]
        image["alt"] = f"What comes of it: {image.get('alt', '')}"
    around = figures[-1].parent
    while not isinstance(around, nodes.section):
        around = around.parent
    return [nodes.paragraph("", "", nodes.reference("", "", *small, refid=around["ids"][0]))]


def _ran(entry: Entry) -> list[nodes.Node]:
    record = entry.record
    if record is None or entry.status not in {"passed", "recorded"}:
        return []
    made_with = card.named(entry, record)
    told = f"Ran in {record.wall_seconds:.0f} s on {record.executed_at[:10]}"
    told += f" with {made_with}." if made_with else "."
    return [nodes.paragraph("", told, classes=["example-ran"])]


def _taken(box: nodes.container) -> nodes.Node:
    """The box of downloads, from the foot of the page, with what says for whom it is."""
    around = box.parent if isinstance(box.parent, addnodes.only) else box
    around.parent.remove(around)
    return around


def setup(app: Sphinx) -> ExtensionMetadata:
    # After the card and the buttons for notebooks, which look for the box where it was.
    app.connect("doctree-read", add_head, priority=700)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
