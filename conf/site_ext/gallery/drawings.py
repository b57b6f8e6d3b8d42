"""An example's figures as drawings that follow the page: sharp at every size, light and dark.

Sphinx-Gallery's page shows the pixels of a figure, as every builder can. Where the site is made,
each such image gives way to two drawings, of which the theme shows the one that fits, with the
figure in words for who can't see it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes

from site_ext.base import drawing
from site_ext.base.files import write_whole
from site_ext.gallery.domain import examples_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

    from site_ext.run.drawn import Figure
    from site_ext.run.plan import Entry

SINGLE, MULTI = "sphx-glr-single-img", "sphx-glr-multi-img"
#: The theme's names for what is shown on a light page only, and on a dark one.
LIGHT, DARK = "only-light", "only-dark"
_NUMBER = re.compile(r"_(\d{3,})\.png$")
_THEMES = re.compile(r'data-theme="(light|dark)"\] \{(.*?)\}', re.DOTALL)
_COLOR = re.compile(r"--color-(\w+): (#[0-9a-f]{6});")


def palette(css: str) -> dict[str, str]:
    """The frameworks' colours on a light page, to those on a dark one."""
    themes = {theme: dict(_COLOR.findall(body)) for theme, body in _THEMES.findall(css)}
    light, dark = themes.get("light", {}), themes.get("dark", {})
    return {color: dark[name] for name, color in light.items() if name in dark}


def figures_of(entry: Entry) -> list[Figure]:
    """All figures of an example, in the order in which its page numbers them."""
    outputs = entry.record.outputs if entry.record else []
    return [figure for output in outputs for figure in output.figures]


def words(figure: Figure) -> str:
    """What a figure shows: its titles, and what is drawn."""
    return ". ".join(part.strip().rstrip(".") for part in (figure.alt, figure.told) if part.strip())


def pair(figure: Figure, path: Path, docs: Path, colors: dict[str, str]) -> list[nodes.image]:
    """Both drawings, written beside ``path``, the figure's pixels; nothing if there are only those."""
    if not figure.svg:
        return []
    found = []
    for ends, text, theme in (
        (".svg", figure.svg, LIGHT),
        ("_dark.svg", drawing.dark(figure.svg, colors), DARK),
    ):
        to = path.with_name(f"{path.stem}{ends}")
        if not to.exists() or to.read_text(encoding="utf-8") != text:
            to.parent.mkdir(parents=True, exist_ok=True)
            write_whole(to, text)
        uri = f"/{to.relative_to(docs).as_posix()}"
        found.append(nodes.image("", uri=uri, alt=words(figure), classes=[theme]))
    return found


def colors_of(app: Sphinx) -> dict[str, str]:
    """The palette of the site, if it has one."""
    for folder in app.config.html_static_path:
        path = Path(app.confdir, folder, "palette.css")
        if path.exists():
            return palette(path.read_text(encoding="utf-8"))
    return {}


def draw(app: Sphinx, doctree: nodes.document) -> None:
    """Put the drawings in the place of the pixels on the page of an example."""
    entry = examples_of(app.env).on_page(app.env.current_document.docname)
    if entry is None or app.builder.name != "html":
        return
    figures, colors, docs = figures_of(entry), colors_of(app), Path(app.srcdir)
    for image, number in list(_numbered(doctree)):
        if number > len(figures):
            continue
        path = docs / image["uri"].lstrip("/")
        drawn = pair(figures[number - 1], path, docs, colors)
        for one in drawn:
            one["classes"] += image["classes"]
        if drawn:
            image.replace_self(drawn)
        else:
            image["alt"] = words(figures[number - 1]) or image["alt"]


def _numbered(doctree: nodes.document) -> Iterator[tuple[nodes.image, int]]:
    """The images of figures, with their numbers from 1."""
    for image in doctree.findall(nodes.image):
        number = _NUMBER.search(image["uri"])
        if number and {SINGLE, MULTI} & set(image["classes"]):
            yield image, int(number[1])


def setup(app: Sphinx) -> ExtensionMetadata:
    # Before Sphinx collects images, at 500.
    app.connect("doctree-read", draw, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
