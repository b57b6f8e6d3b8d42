"""Drawings as SVG: harmless, small, and legible on a dark page."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from site_ext.base import drawing
from site_ext.gallery import drawings
from site_ext.pages import images
from site_ext.run.drawn import Figure
from site_ext.run.outcome import CellOutput
from site_ext.stores import checks

HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'width="576pt" height="244.8pt" viewBox="0 0 576 244.8" version="1.1">'
)
SQUARE = '<path d="M 0 0 L 1 1 z" style="fill: #ffffff; stroke: #2563eb"/>'


def svg(inside: str = SQUARE) -> str:
    return f"{HEAD}{inside}</svg>"


def picture(side: int = 2) -> str:
    file = io.BytesIO()
    Image.new("L", (side, side)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<g onload="alert(1)"/>',
        '<a xlink:href="https://elsewhere.example/"><path d="M 0 0"/></a>',
        '<use xlink:href="https://elsewhere.example/a.svg#x"/>',
        '<image xlink:href="https://elsewhere.example/a.png"/>',
        '<image xlink:href="data:image/svg+xml;base64,PHN2Zy8+"/>',
        f'<image xlink:href="data:image/png;base64,{base64.b64encode(b"no picture").decode()}"/>',
        '<g style="fill: url(https://elsewhere.example/a)"/>',
        '<g style="behavior: url(#a); -moz-binding: url(//x)"/>',
        "<style>@import url(//elsewhere.example/a.css)</style>",
        '<foreignObject><body xmlns="http://www.w3.org/1999/xhtml"/></foreignObject>',
        '<animate attributeName="href" to="javascript:alert(1)"/>',
        '<x:g xmlns:x="http://elsewhere.example/"/>',
        "words that are shown",
        '<g id="&#34;&gt;"/>',
    ],
)
def test_whatever_is_no_shape_makes_it_no_drawing(inside: str) -> None:
    """Nothing of a stranger's file reaches a page but shapes."""
    with pytest.raises(ValueError, match="drawing"):
        drawing.cleaned(svg(inside))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no XML",
        "<html/>",
        '<!DOCTYPE svg [<!ENTITY a "b">]>' + svg(),
        svg(SQUARE * 20_000),
    ],
)
def test_what_is_no_drawing(text: str) -> None:
    """Other files, entities, and what is too large."""
    with pytest.raises(ValueError, match="drawing"):
        drawing.cleaned(text)


def test_pictures_in_a_drawing_are_bounded() -> None:
    """A small file can stand for a great many pixels."""
    inside = f'<image xlink:href="data:image/png;base64,{picture(2100)}"/>'
    with pytest.raises(ValueError, match="pixels"):
        drawing.cleaned(svg(inside))

    assert "image" in drawing.cleaned(svg(inside.replace(picture(2100), picture())))


def test_cleaning_shortens_and_is_done_once() -> None:
    """Long numbers are rounded, the parts that say who made it are dropped; a second time
    changes nothing."""
    text = svg(
        '<metadata><x>who</x></metadata><path d="M 1.123456 2.5 \nL 3 4" transform="scale(0.015625)"/>'
    )
    cleaned = drawing.cleaned('<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x.dtd">' + text)

    assert "who" not in cleaned
    assert 'd="M 1.12 2.5 L 3 4"' in cleaned
    assert 'transform="scale(0.015625)"' in cleaned
    assert cleaned == drawing.cleaned(cleaned)


def test_size_is_in_pixels() -> None:
    """A point is four thirds of a pixel."""
    assert (768, 326) == drawing.size(svg())


@pytest.mark.parametrize("color", ["#000000", "#404040", "#999999", "#b3261e", "#e5e5e5"])
def test_what_was_legible_on_white_is_so_in_the_dark(color: str) -> None:
    """A colour keeps its contrast to the ground, up to a glare."""
    text = drawing.dark(svg(f'<path style="fill: {color}"/>'), {})
    turned = text.rpartition("fill: ")[2][:7]
    wanted = min(drawing.contrast(color, "#ffffff"), drawing.MOST_CONTRAST)

    assert wanted == pytest.approx(drawing.contrast(turned, drawing.GROUND), rel=0.05)


def test_white_becomes_the_ground_and_black_is_told() -> None:
    """Shapes without a colour are black: on a dark page they would be gone."""
    text = drawing.dark(svg(), {"#2563eb": "#3d8fe8"})

    assert f"fill: {drawing.GROUND}; stroke: #3d8fe8" in text
    assert drawing.contrast(text.partition('fill="')[2][:7], drawing.GROUND) > 10


def test_the_palette_is_read_from_the_stylesheet() -> None:
    """One place for the frameworks' colours."""
    css = (
        'html[data-theme="light"] {\n  --color-jax: #14532d;\n}\n'
        'html[data-theme="dark"] {\n  --color-jax: #9ae6a0;\n}\n'
    )

    assert {"#14532d": "#9ae6a0"} == drawings.palette(css)


def test_a_figure_in_words() -> None:
    """Titles first, then what is drawn."""
    assert "Loss. a 1, b 2" == drawings.words(Figure(b"", "Loss.", "a 1, b 2"))
    assert "Loss" == drawings.words(Figure(b"", "Loss"))


def test_dimensions_of_both_kinds(tmp_path) -> None:
    """Of pixels and of drawings."""
    (tmp_path / "a.svg").write_text(svg())
    Image.new("L", (30, 20)).save(tmp_path / "b.png")

    assert (768, 326) == images.dimensions(tmp_path / "a.svg")
    assert (30, 20) == images.dimensions(tmp_path / "b.png")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (svg("<script>alert(1)</script>"), "an element 'script'"),
        (svg('<path d="M 1.23456 2"/>'), "not as it is written here"),
        ("<html/>", "begins with 'html'"),
    ],
)
def test_a_strangers_drawing_is_refused(text: str, words: str) -> None:
    """A record from elsewhere brings drawings as they are written here, or is not taken."""
    pixels = io.BytesIO()
    Image.new("L", (20, 20)).save(pixels, "PNG")
    told = list(checks._of_pictures([CellOutput("", (Figure(pixels.getvalue(), "a", "", text),))]))

    assert 1 == len(told)
    assert words in told[0]
