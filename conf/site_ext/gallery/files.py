"""The files that examples publish (:mod:`site_ext.run.published`): written out with the site, and
listed on the example's page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes

from site_ext.base.state import publishes
from site_ext.gallery.domain import examples_of

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

    from site_ext.run.plan import Entry

FOLDER = "data/files"


def files_of(entry: Entry) -> dict[str, bytes]:
    """Those of an entry that shows a run that passed."""
    return entry.record.published if entry.record and entry.status == "passed" else {}


def write(app: Sphinx, exception: Exception | None) -> None:
    if not publishes(app, exception):
        return
    for entry in examples_of(app.env).entries.values():
        for name, content in files_of(entry).items():
            path = Path(app.outdir, FOLDER, entry.example.name, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def list_files(app: Sphinx, doctree: nodes.document) -> None:
    """A line with the files, above the card at the foot of the page."""
    page = app.env.current_document.docname
    entry = examples_of(app.env).on_page(page)
    if entry is None or app.builder.name != "html" or not files_of(entry):
        return
    up = "../" * page.count("/")
    line = nodes.paragraph("", "", nodes.strong("", "Its files: "))
    for number, (name, content) in enumerate(sorted(files_of(entry).items())):
        line += nodes.Text(", " if number else "")
        address = f"{up}{FOLDER}/{entry.example.name}/{name}"
        line += nodes.reference("", name, refuri=address)
        line += nodes.Text(f" ({len(content) / 1000:.0f} kB)")
    for card in [n for n in doctree.findall(nodes.container) if "provenance" in n["classes"]]:
        card.parent.insert(card.parent.index(card), line)


def setup(app: Sphinx) -> ExtensionMetadata:
    app.connect("doctree-read", list_files, priority=650)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
