"""The table from question to page: whole, and true for a reader of each framework."""

from __future__ import annotations

import re

import pytest

from conftest import ROOT
from found import FOUND as EXAMPLES

TEXT = (ROOT / "docs/questions.md").read_text()
COLUMNS = ("tensorflow", "torch", "keras")
QUESTIONS = 37
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines()
    if line.startswith("| ")
][2:]
FOUND = {e.name: e for e in EXAMPLES}


def test_there_are_all_the_questions() -> None:
    assert QUESTIONS == len(ROWS)
    assert QUESTIONS == len({row[0] for row in ROWS})
    for question, *_ in ROWS:
        assert question.endswith("?")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_is_answered_in_a_sentence(row: list[str]) -> None:
    """One sentence, short enough to be read in the table."""
    answer = re.sub(r"\{claim\}`[^`]*`", "", row[1])

    assert re.fullmatch(r"[^.]*(\.\w[^.]*)*\.", re.sub(r"\{\w+\}`[^`]*`|`[^`]*`", "…", answer)), (
        answer
    )
    assert 3 < len(answer.split()) < 25


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_has_an_answer_in_every_framework(row: list[str]) -> None:
    """A page that exists; an example answers for the frameworks that it runs."""
    assert 5 == len(row)
    for framework, cell in zip(COLUMNS, row[2:], strict=True):
        pages = re.findall(r"\{doc\}`([^`]+)`", cell)
        sections = re.findall(r"\]\(#([\w-]+)\)", cell)

        assert pages or sections, (row[0], framework)
        for page in pages:
            name = page.removeprefix("gallery/")
            if name != page:
                assert name in FOUND, page
                assert cell.startswith("as ") or framework in FOUND[name].frameworks, (
                    page,
                    framework,
                )
            else:
                assert (ROOT / f"docs/{page}.md").exists(), page
        for section in sections:
            titles = re.findall(r"^## (.+)$", TEXT, re.MULTILINE)

            assert section in {re.sub(r"\W+", "-", title.lower()) for title in titles}
