"""The pictures on the cards of examples."""

from __future__ import annotations

import io
import tomllib
from fnmatch import fnmatchcase

import matplotlib.pyplot as plt
import pytest

from conftest import ROOT
from site_ext.base import drawing
from site_ext.base.errors import SiteError
from site_ext.gallery import thumbnails


def drawn(widths: list[int]) -> str:
    """A figure with a title and a panel of each width, of which the n-th has a line n + 2 points thick."""
    figure, axes = plt.subplots(1, len(widths), width_ratios=widths, squeeze=False)
    for number, axis in enumerate(axes[0], 1):
        axis.plot([0, 1], [0, 1], color="#6b1f5e", linewidth=2 + number, label="PyTorch")
        axis.set(title="Loss", xlabel="epoch")
        axis.text(0.5, 0.5, "a word")
        axis.text(0.2, 0.2, "a sign", bbox={"color": "#2563eb"})
        axis.legend()
    figure.suptitle("What comes of it")
    file = io.StringIO()
    figure.savefig(file, format="svg")
    plt.close(figure)
    return drawing.cleaned(file.getvalue())


def sides(text: str) -> list[float]:
    return [float(one) for one in text.partition('viewBox="')[2].partition('"')[0].split()]


def test_what_is_read_goes_and_what_is_seen_stays() -> None:
    """No letters but those of a sign, no frame; the line, thicker, and fewer bytes."""
    text = drawn([1])
    small = thumbnails.made(text)

    assert "#6b1f5e" in small
    assert "#2563eb" in small
    assert "stroke-width: 5.10" in small
    assert 4 == text.count("stroke-linejoin: miter; stroke-linecap: square")
    assert "stroke-linejoin: miter; stroke-linecap: square" not in small
    assert len("a sign") == small.count("<use ")
    assert len(small) < len(text) / 2
    assert drawing.cleaned(small)


@pytest.mark.parametrize(
    ("widths", "panel", "left"),
    [([1], 0, 1), ([3, 1], 0, 1), ([1, 1], 0, 2), ([1, 1, 1], 0, 3), ([3, 1], 2, 2)],
)
def test_of_a_few_panels_one_is_shown(widths: list[int], panel: int, left: int) -> None:
    """The largest, the last of several alike, or the one that is asked for; cut to its ground."""
    text = drawn(widths)
    small = thumbnails.made(text, panel)
    lines = {n for n in range(1, len(widths) + 1) if f"stroke-width: {(n + 2) * 1.7:.2f}" in small}

    assert {left} == lines
    assert sides(small)[2] < sides(text)[2]


def test_many_panels_are_one_picture() -> None:
    """As the figure is, without its words."""
    text = drawn([1] * 4)

    assert sides(thumbnails.made(text)) == sides(text)


def test_a_panel_that_is_not_there_is_named() -> None:
    """The setting, the example and how many there are."""
    with pytest.raises(SiteError, match=r"gallery_panels.*a/b: it has no panel 3, but 1"):
        thumbnails.of("a/b", drawn([1]), [], {"a/*": 3})


def test_the_settings_name_examples_that_are_there() -> None:
    """A name that fits none would be forgotten in silence."""
    settings = tomllib.loads((ROOT / "conf/gallery.toml").read_text(encoding="utf-8"))
    names = [
        path.relative_to(ROOT / "gallery").with_suffix("") for path in ROOT.glob("gallery/*/*.py")
    ]
    for wanted in (*settings["whole"], *settings["panels"], *settings["order"]):
        assert any(fnmatchcase(name.as_posix(), wanted) for name in names), wanted


def test_what_is_made_of_words_stays_whole() -> None:
    """And so does a drawing that is not matplotlib's, or none."""
    text = drawn([1])
    other = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><g id="x"/></svg>'

    assert text == thumbnails.of("a/b", text, ["a/*"], {"a/b": 9})
    assert other == thumbnails.of("a/b", other, [], {})
    assert "" == thumbnails.of("a/b", "", [], {})
