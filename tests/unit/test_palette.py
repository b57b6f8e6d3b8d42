"""The frameworks' colours: readable on their background, apart for everyone."""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BACKGROUND = {"light": "#ffffff", "dark": "#14181e"}
#: Linear RGB as seen without one kind of cone: Viénot, Brettel and Mollon (1999),
#: and Brettel's tritanopia as one matrix.
BLINDNESS = {
    "protanopia": ((0.11238, 0.88762, 0.0), (0.11238, 0.88762, 0.0), (0.00401, -0.00401, 1.0)),
    "deuteranopia": ((0.29275, 0.70725, 0.0), (0.29275, 0.70725, 0.0), (-0.02234, 0.02234, 1.0)),
    "tritanopia": ((1.0, 0.14461, -0.14461), (0.0, 0.85924, 0.14076), (0.0, 0.85924, 0.14076)),
}


def palette() -> dict[str, dict[str, str]]:
    text = (ROOT / "docs/_static/palette.css").read_text()
    blocks = re.findall(r'data-theme="(light|dark)"\] \{(.*?)\}', text, re.DOTALL)
    return {
        theme: dict(re.findall(r"--color-(\w+): (#[0-9a-f]{6});", body)) for theme, body in blocks
    }


def linear(color: str) -> tuple[float, ...]:
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return tuple(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)


def luminance(rgb: tuple[float, ...]) -> float:
    return 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]


def lab(rgb: tuple[float, ...]) -> tuple[float, ...]:
    r, g, b = (min(1.0, max(0.0, c)) for c in rgb)
    xyz = (
        (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505,
        0.2126 * r + 0.7152 * g + 0.0722 * b,
        (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089,
    )
    x, y, z = (c ** (1 / 3) if c > 0.008856 else 7.787 * c + 16 / 116 for c in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def distance(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return sum((a - b) ** 2 for a, b in zip(lab(one), lab(other), strict=True)) ** 0.5


@pytest.mark.parametrize("theme", BACKGROUND)
def test_contrast(theme: str) -> None:
    """Each colour has a contrast of at least 4.5 to the page."""
    back = luminance(linear(BACKGROUND[theme]))
    for name, color in palette()[theme].items():
        light, dark = sorted((luminance(linear(color)), back), reverse=True)

        assert (light + 0.05) / (dark + 0.05) >= 4.5, f"{name} {color} on {theme}"


@pytest.mark.parametrize("theme", BACKGROUND)
@pytest.mark.parametrize("blindness", BLINDNESS)
def test_apart_for_the_colour_blind(theme: str, blindness: str) -> None:
    """Any two colours stay at least 20 apart in CIELAB, where 2 can just be told apart."""
    seen = {
        name: tuple(
            sum(m * c for m, c in zip(row, linear(color), strict=True))
            for row in BLINDNESS[blindness]
        )
        for name, color in palette()[theme].items()
    }
    for (one, a), (other, b) in combinations(seen.items(), 2):
        assert distance(a, b) >= 20, f"{one} and {other} in {theme} under {blindness}"


def test_examples_use_the_palette() -> None:
    """A script may use the light theme's colours of the frameworks, and no other hex colour."""
    allowed = set(palette()["light"].values())
    for script in (ROOT / "gallery").glob("**/*.py"):
        used = set(re.findall(r"#[0-9a-f]{6}\b", script.read_text()))

        assert used <= allowed, f"{script.name}: {used - allowed}"


def test_both_themes_have_the_same_names() -> None:
    """A colour missing in one theme would be black there."""
    for one, other in pairwise(palette().values()):
        assert one.keys() == other.keys() == {"tensorflow", "pytorch", "keras", "jax"}
