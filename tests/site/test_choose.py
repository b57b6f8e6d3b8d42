"""Which one for me: every combination of answers has a way out, and the rules are evidence."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ["PyTorch", "Keras", "JAX", "TensorFlow"]
WORTH = {"first": 1, "good": 0, "hard": -1, "no": -100}


@cache
def tables(html: Path) -> list[dict[str, list[str]]]:
    """For each question: what each answer says of each framework, in one word."""
    page = BeautifulSoup((html / "choose.html").read_text(encoding="utf-8"), "html.parser")
    found = []
    for question in page.select(".chooser-question table"):
        assert NAMES == [cell.get_text(strip=True) for cell in question.select("thead th")][1:]
        rows = {}
        for row in question.select("tbody tr"):
            first, *cells = row.select("td")
            rows[first.get_text(strip=True)] = [cell.strong.get_text() for cell in cells]
        found.append(rows)
    return found


def test_all_combinations_have_an_answer(html: Path) -> None:
    """Of all combinations of answers, none rules out every framework; each framework is the
    first for some."""
    first = set()
    questions = tables(html)
    for chosen in product(*(list(rows.values()) for rows in questions)):
        worth = [sum(WORTH[one] for one in column) for column in zip(*chosen, strict=True)]
        out = ["no" in column for column in zip(*chosen, strict=True)]

        assert not all(out), chosen
        first.add(NAMES[max(range(len(NAMES)), key=worth.__getitem__)])
    assert set(NAMES) == first


def test_what_rules_out_or_puts_first_says_why(html: Path) -> None:
    """A cell that decides leads to what it leans on, or says that one keeps what one has."""
    page = BeautifulSoup((html / "choose.html").read_text(encoding="utf-8"), "html.parser")
    bare = [
        cell.get_text(" ", strip=True)
        for cell in page.select(".chooser-question tbody td")
        if cell.strong and cell.strong.get_text() != "good" and not cell.a
    ]

    assert {"first : keep it", "first : keep them"} == set(bare)


@pytest.mark.parametrize(
    ("answers", "leads"),
    [
        ({"A Mac\N{RIGHT SINGLE QUOTATION MARK}s GPU"}, {"PyTorch"}),
        ({"TPUs"}, {"JAX"}),
        ({"NVIDIA, Windows"}, {"PyTorch"}),
        ({"A system in TensorFlow"}, {"TensorFlow", "Keras"}),
        ({"A published model"}, {"PyTorch"}),
        ({"I begin"}, {"Keras"}),
        ({"Ready to change engine"}, {"Keras"}),
    ],
)
def test_it_says_what_the_first_page_says(html: Path, answers: set[str], leads: set[str]) -> None:
    """The first page's table and the rules are one opinion."""
    chosen = [rows[one] for rows in tables(html) for one in answers & rows.keys()]
    worth = [sum(WORTH[one] for one in column) for column in zip(*chosen, strict=True)]

    assert leads == {name for name, one in zip(NAMES, worth, strict=True) if one == max(worth)}
