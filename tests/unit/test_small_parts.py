"""The pure functions of the roles, directives and cards."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from site_ext.base import values
from site_ext.claims import charts, quoting
from site_ext.claims.charts import Bar
from site_ext.gallery import card, side_by_side
from site_ext.pages import byline
from site_ext.run import scripts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("pytorch/train_mlp.accuracy:.1%", ("pytorch/train_mlp", "accuracy", ".1%")),
        ("a/b.c", ("a/b", "c", "")),
        ("a/b.c:,.0f", ("a/b", "c", ",.0f")),
        ("a/b.c / d - 1:.1% more", ("a/b", "c / d - 1", ".1% more")),
    ],
)
def test_a_quotation_has_three_parts(text: str, parts: tuple[str, str, str]) -> None:
    """Example, value and format."""
    assert parts == quoting.parse(text)


@given(st.text())
def test_any_text_is_parsed_or_refused(text: str) -> None:
    """Nothing but ValueError comes out of a bad quotation."""
    try:
        name, key, _ = quoting.parse(text)
    except ValueError:
        return
    assert "/" in name
    assert key


def test_numbers_have_a_real_minus_sign() -> None:
    """Negative numbers are set as in print; text is left alone."""
    assert ["\N{MINUS SIGN}1.50", "a-b"] == [
        values.formatted(-1.5, ".2f"),
        values.formatted("a-b", ""),
    ]


def test_a_unit_stays_with_its_number() -> None:
    """What follows the format after a space is the unit, never alone on the next line."""
    assert "1.5\N{NO-BREAK SPACE}s" == values.formatted(1.5, ".1f s")


@pytest.mark.parametrize(
    ("words", "code", "expected"), [(0, 0, 1), (230, 0, 1), (231, 0, 2), (230, 460, 2)]
)
def test_reading_time(words: int, code: int, expected: int) -> None:
    """230 words a minute, code at half, rounded up."""
    assert expected == byline.minutes(words, code)


def test_a_chart_tells_every_value_in_words() -> None:
    """The SVG has the role of an image, its text has all values, its bars are to scale."""
    svg = charts.draw(
        [Bar("A & B", 0.5, "50%", "pytorch"), Bar("C", None, "not measured", "keras")], 1.0, "T"
    )
    image = ET.fromstring(svg)
    bars = [r for r in image.iter("rect") if "style" in r.attrib]

    assert "img" == image.get("role")
    assert "T. A & B: 50%; C: not measured." == image.get("aria-label")
    assert ["210.0"] == [bar.get("width") for bar in bars]
    assert "fill: var(--color-pytorch)" == bars[0].get("style")


def test_imports_are_found_wherever_they_stand() -> None:
    """An import inside a function counts, and a question whether a package is there; a relative
    one does not."""
    import ast

    tree = ast.parse("import a.b\ndef f():\n    from c.d import e\nfrom . import g")
    tree.body += ast.parse(
        "import importlib\nif importlib.util.find_spec('h.i') is None: pass"
    ).body

    assert {"a", "c", "h", "importlib"} == scripts.imported_names(tree)


def test_a_commit_is_quoted_short() -> None:
    """Ten digits, and a word where files differed from it."""
    commit = "0123456789abcdef"

    assert "0123456789" == card.commit_line(commit)
    assert "0123456789, with uncommitted changes" == card.commit_line(f"{commit}+changes")


@pytest.mark.parametrize(
    ("value", "tolerance", "text"),
    [
        (0.96944, 0.0, "0.9694"),
        (0.96944, 0.01, "0.97 ± 0.01"),
        (0.91388, 0.05, "0.91 ± 0.05"),
        (4.8e-7, 2e-6, "0 ± 2e-06"),
        (0.0012345, 2e-6, "0.001234 ± 2e-06"),
        (9, 5.0, "9 ± 5"),
        (True, 0.1, "True"),
        ("text", 0.1, "text"),
    ],
)
def test_a_tolerance_is_told_with_its_value(
    value: values.Value, tolerance: float, text: str
) -> None:
    assert text == values.within(value, tolerance)


def test_a_measured_text_is_no_markup() -> None:
    """In a table that is made as reST, a text from elsewhere stays a text."""
    from docutils.core import publish_doctree

    hostile = "x\n\n.. raw:: html\n\n   <script>alert(1)</script>\n\n`a <javascript:b>`_ |c| **d**"
    tree = publish_doctree(side_by_side._plain(hostile, 0.0))

    assert " ".join(hostile.split()) == tree.astext()
    assert {"document", "paragraph", "#text"} == {node.tagname for node in tree.findall()}
