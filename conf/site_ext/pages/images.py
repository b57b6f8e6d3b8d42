"""Every picture with its dimensions, and loaded when it comes near: nothing on a page jumps.

Sphinx writes neither. They are read from the files, when a page's body is written already.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from site_ext.base import drawing

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

_IMAGE = re.compile(r"<img\b[^>]*?/?>")
_SOURCE = re.compile(r'\bsrc="([^"]*)"')


@cache
def dimensions(path: Path) -> tuple[int, int]:
    """Width and height in pixels; (0, 0) of what has none."""
    if path.suffix == ".svg":
        return drawing.size(path.read_text(encoding="utf-8")[:2000])
    with Image.open(path) as picture:
        return picture.size


def measured(app: Sphinx, body: str) -> str:
    """The body with both in every image that has a file here."""
    files = {
        name: Path(app.srcdir, uri) for uri, name in getattr(app.builder, "images", {}).items()
    }

    def more(found: re.Match[str]) -> str:
        tag, source = found[0], _SOURCE.search(found[0])
        path = files.get(source[1].rpartition("/")[2]) if source else None
        if path is None or " width=" in tag:
            return tag
        width, height = dimensions(path)
        sides = f' width="{width}" height="{height}"' if width else ""
        return tag.replace("<img", f'<img loading="lazy" decoding="async"{sides}', 1)

    return _IMAGE.sub(more, body)


def measure(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    if app.builder.name == "html" and "body" in context:
        context["body"] = measured(app, context["body"])


def setup(app: Sphinx) -> ExtensionMetadata:
    app.connect("html-page-context", measure)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
