"""The picture on an example's card: what its last figure draws, without what takes a page to read.

On a card a figure's labels are too small to be read, and leave little room to what they label. So
axes, titles, legends and frames go, lines get thicker, and of a few panels one is shown: the largest,
the last of several alike, or the one that ``gallery_panels`` names. A figure that is made of words,
named in ``gallery_whole``, stays as it is; the page has every figure whole.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, TypeAlias

from site_ext.base import drawing
from site_ext.base.errors import SiteError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

#: Left, top, right and bottom, in points.
Box: TypeAlias = tuple[float, float, float, float]

#: Up to so many panels are a choice of one; more are one picture.
FEW = 3
#: How much thicker lines are, and what is left free around a panel, in points.
THICKER, MARGIN = 1.7, 6
_G, _DEFS, _PATH, _USE, _CLIP = (
    f"{{{drawing.SVG}}}{tag}" for tag in ("g", "defs", "path", "use", "clipPath")
)
#: The beginnings of matplotlib's names for axes with their labels, and for keys.
_READ = ("matplotlib.axis_", "legend_")
#: How it draws the frame of a panel.
_FRAME = ("fill: none", "stroke-linecap: square")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_WIDTH = re.compile(r"stroke-width: (\d+(?:\.\d+)?)")


def made(text: str, panel: int = 0) -> str:
    """The thumbnail of a cleaned drawing; the drawing itself, if it is not matplotlib's.

    ``panel`` counts from 1. Raises :exc:`ValueError` if there is none of that number.
    """
    root = ET.fromstring(text)  # noqa: S314 - base/drawing.py has refused what could be declared
    figure = root.find(_G)
    panels = [] if figure is None else [g for g in figure if _name(g).startswith("axes_")]
    if figure is None or not panels:
        return text
    shown = _shown(panels, panel)
    _strip(figure, {id(g) for g in panels if shown not in (None, g)}, root)
    if shown is not None and (box := _box(shown)):
        left, top, right, bottom = box
        width, height = right - left + 2 * MARGIN, bottom - top + 2 * MARGIN
        root.set("viewBox", f"{left - MARGIN:.2f} {top - MARGIN:.2f} {width:.2f} {height:.2f}")
        root.set("width", f"{width:.2f}pt")
        root.set("height", f"{height:.2f}pt")
    root.set("style", "stroke-width: 1")  # what matplotlib does not say
    return _WIDTH.sub(_thicker, ET.tostring(root, encoding="unicode"))


def _thicker(found: re.Match[str]) -> str:
    return f"stroke-width: {float(found[1]) * THICKER:.2f}"


def _name(element: ET.Element) -> str:
    return element.get("id", "")


def _shown(panels: list[ET.Element], number: int) -> ET.Element | None:
    """The one panel that is shown, if it is one."""
    if number > len(panels):
        raise ValueError(f"it has no panel {number}, but {len(panels)}")
    if number:
        return panels[number - 1]
    areas = [_area(_box(panel)) for panel in panels]
    if len(panels) > FEW or not all(areas):  # pictures have no ground of their own
        return None
    last, _ = max(enumerate(areas), key=lambda one: (round(one[1], -3), one[0]))
    return panels[last]


def _box(panel: ET.Element) -> Box | None:
    """The ground of a panel, which is the first that is drawn of it."""
    for part in panel:
        path = part.find(_PATH)
        if _name(part).startswith("patch_") and path is not None:
            numbers = [float(one) for one in _NUMBER.findall(path.get("d", ""))]
            across, down = numbers[0::2], numbers[1::2]
            return (min(across), min(down), max(across), max(down)) if down else None
    return None


def _area(box: Box | None) -> float:
    return (box[2] - box[0]) * (box[3] - box[1]) if box else 0.0


def _strip(figure: ET.Element, others: set[int], root: ET.Element) -> None:
    """Take away what is read, frames and the ``others``; but not shapes that what stays uses."""
    shapes: list[ET.Element] = []
    _without(figure, others, shapes)
    used = {use.get(drawing.HREF, "")[1:] for use in root.iter(_USE)}
    kept = ET.Element(_DEFS)
    kept.extend(shape for shape in shapes if shape.tag == _CLIP or shape.get("id") in used)
    root.insert(0, kept)


def _without(parent: ET.Element, others: set[int], shapes: list[ET.Element]) -> None:
    for part in list(parent):
        if id(part) in others or _is_read(part) or _is_frame(part):
            shapes.extend(shape for defs in part.iter(_DEFS) for shape in defs)
            parent.remove(part)
        elif part.tag == _G:
            _without(part, others, shapes)


def _is_read(part: ET.Element) -> bool:
    """Whether it is an axis, a key or a text; one in a box of its own is a sign, and stays."""
    if _name(part).startswith("text_"):
        return not any(_name(child).startswith("patch_") for child in part)
    return _name(part).startswith(_READ)


def _is_frame(part: ET.Element) -> bool:
    path = part.find(_PATH)
    style = "" if path is None else path.get("style", "")
    return _name(part).startswith("patch_") and all(words in style for words in _FRAME)


def of(name: str, text: str, whole: Iterable[str], panels: Mapping[str, int]) -> str:
    """The thumbnail of an example; raises :exc:`SiteError` for a panel that its figure lacks."""
    if not text or any(fnmatchcase(name, one) for one in whole):
        return text
    panel = next((number for one, number in panels.items() if fnmatchcase(name, one)), 0)
    try:
        return made(text, panel)
    except ValueError as error:
        raise SiteError(f"gallery_panels in conf.py: the last figure of {name}: {error}") from None


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_config_value("gallery_whole", [], "env", (list,), "examples whose figure is words")
    app.add_config_value("gallery_panels", {}, "env", (dict,), "which panel of a figure is shown")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
