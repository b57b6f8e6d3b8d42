"""Drawings as SVG: made harmless and small, and coloured for a dark page.

A drawing comes out of an example's process, or out of a record that a stranger made. What is kept
of it are shapes: elements, attributes and styles that are known here. Scripts, links that lead
away and whatever else an SVG may hold are not taken out, they make it no drawing.
"""

from __future__ import annotations

import base64
import colorsys
import io
import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
#: Characters of a drawing, beyond which pixels are smaller; pixels of all pictures in it.
MOST, MOST_PIXELS = 600_000, 4_000_000
#: The ground of a dark page: the theme's ``--pst-color-background``.
GROUND = "#14181e"
#: How far a colour may be from that, as contrast: what is black on white is not glaring.
MOST_CONTRAST = 14.0

_ELEMENTS = frozenset(
    ("svg", "g", "defs", "path", "use", "clipPath", "rect", "circle", "image", "pattern", "style")
)
_ATTRIBUTES = frozenset(
    (
        "id", "d", "x", "y", "cx", "cy", "r", "width", "height", "viewBox", "version", "transform",
        "style", "clip-path", "clip-rule", "patternUnits", "type", "preserveAspectRatio",
    )
)  # fmt: skip
_DROPPED = frozenset(("metadata", "title", "desc"))
HREF = f"{{{XLINK}}}href"
_INSIDE = re.compile(r"#[\w.-]+")
_PICTURE = "data:image/png;base64,"
_STYLE = re.compile(r"\s*([a-z-]+:\s*(url\(#[\w.-]+\)|[\w#.,%() -]*)\s*(;\s*|$))*")
_PLAIN = re.compile(r"[\w#.,%():/; -]*")
#: The one stylesheet in it, matplotlib's.
_SHEET = "*{stroke-linejoin: round; stroke-linecap: butt}"
_DOCTYPE = re.compile(r"<!DOCTYPE svg PUBLIC [^>\[]*>")
_LONG = re.compile(r"-?\d+\.\d{3,}")
_COLOR = re.compile(r"(fill|stroke): ?(#[0-9a-fA-F]{6})")

ET.register_namespace("", SVG)
ET.register_namespace("xlink", XLINK)


def cleaned(text: str) -> str:
    """The drawing without what no page needs. Raises :exc:`ValueError` for what is none."""
    if len(text) > MOST:
        raise ValueError(f"a drawing has {len(text):,} characters; {MOST:,} are the most")
    text = _DOCTYPE.sub("", text, count=1)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("a drawing declares what it is made of")
    try:
        root = ET.fromstring(text)  # noqa: S314 - what could be declared is refused above
    except ET.ParseError as error:
        raise ValueError(f"a drawing is no XML: {error}") from None
    if root.tag != f"{{{SVG}}}svg":
        raise ValueError(f"a drawing begins with {root.tag[:60]!r}")
    left = MOST_PIXELS
    for element in _elements(root):
        left -= _checked(element)
        if left < 0:
            raise ValueError("a drawing holds pictures of too many pixels")
    return ET.tostring(root, encoding="unicode")


def _elements(root: ET.Element) -> Iterator[ET.Element]:
    """All elements, when those that are dropped have been."""
    for parent in list(root.iter()):
        for child in list(parent):
            if str(child.tag).rpartition("}")[2] in _DROPPED:
                parent.remove(child)
    yield from root.iter()


def _checked(element: ET.Element) -> int:
    """Shorten the numbers of an element of a known kind; the pixels of the picture that it is."""
    space, _, kind = str(element.tag).rpartition("}")
    if space != f"{{{SVG}" or kind not in _ELEMENTS:
        raise ValueError(f"a drawing has an element {kind[:60]!r}")
    text = (element.text or "").strip()
    if text and not (kind == "style" and text == _SHEET):
        raise ValueError(f"a drawing says {text[:60]!r}")
    if (element.tail or "").strip():
        raise ValueError(f"a drawing says {str(element.tail).strip()[:60]!r}")
    element.text, element.tail = text or None, None
    pixels = 0
    for name, value in list(element.attrib.items()):
        if name == HREF:
            pixels = _led_to(kind, value)
        elif name not in _ATTRIBUTES or not _PLAIN.fullmatch(value.replace("\n", " ")):
            raise ValueError(f"a drawing has {name[:60]}={value[:60]!r}")
        elif name == "style" and not _STYLE.fullmatch(value):
            raise ValueError(f"a drawing has the style {value[:60]!r}")
        elif name == "d":
            short = _LONG.sub(lambda found: f"{float(found[0]):.2f}", value)
            element.set(name, " ".join(short.split()))
    return pixels


def _led_to(kind: str, value: str) -> int:
    """The pixels of a picture that stands in the drawing itself; nothing else is shown or linked
    but its own parts."""
    if kind == "image" and value.startswith(_PICTURE):
        try:
            data = base64.b64decode("".join(value[len(_PICTURE) :].split()), validate=True)
            with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
                return picture.width * picture.height
        except (ValueError, OSError) as error:
            raise ValueError(f"a drawing holds a picture that is no PNG: {error}") from None
    if kind == "use" and _INSIDE.fullmatch(value):
        return 0
    raise ValueError(f"a drawing leads to {value[:60]!r}")


def size(text: str) -> tuple[int, int]:
    """Width and height in CSS pixels, of which a point has four thirds."""
    sides = (re.search(rf'<svg[^>]*?\b{side}="([\d.]+)pt"', text) for side in ("width", "height"))
    width, height = (round(float(side[1]) * 4 / 3) if side else 0 for side in sides)
    return width, height


def dark(text: str, known: Mapping[str, str]) -> str:
    """The drawing for a dark page. ``known`` are colours that have a dark form of their own; every
    other keeps its hue and is as far from the page's ground, in contrast, as it was from white:
    so what was legible is, and what was a tint is one.
    """
    turned = {light.lower(): own for light, own in known.items()}

    def turn(found: re.Match[str]) -> str:
        color = found[2].lower()
        if color not in turned:
            turned[color] = _on_dark(color)
        return f"{found[1]}: {turned[color]}"

    # Black is not written: it is what a shape is without a colour.
    return _COLOR.sub(turn, text).replace("<svg ", f'<svg fill="{_on_dark("#000000")}" ', 1)


def contrast(one: str, other: str) -> float:
    """As WCAG defines it, from 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _on_dark(color: str) -> str:
    wanted = min(contrast(color, "#ffffff"), MOST_CONTRAST)
    if wanted < 1.02:
        return GROUND
    red, green, blue = (int(color[n : n + 2], 16) / 255 for n in (1, 3, 5))
    hue, _, saturation = colorsys.rgb_to_hls(red, green, blue)
    low, high = 0.0, 1.0
    for _ in range(20):  # the lighter, the farther
        middle = (low + high) / 2
        lit = _hex(hue, middle, saturation)
        if _luminance(lit) >= _luminance(GROUND) and contrast(lit, GROUND) >= wanted:
            high = middle
        else:
            low = middle
    return _hex(hue, high, saturation)


def _hex(hue: float, lightness: float, saturation: float) -> str:
    rgb = colorsys.hls_to_rgb(hue, lightness, saturation)
    return "#" + "".join(f"{round(255 * part):02x}" for part in rgb)


def _luminance(color: str) -> float:
    """Relative luminance of ``#rrggbb``, from 0 to 1."""
    parts = (int(color[n : n + 2], 16) / 255 for n in (1, 3, 5))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
