"""Tables on a phone: what a cell says of itself where its column can't be seen."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from site_ext.pages.cards import labelled


def table(*row: str, columns: str = "QABC", opens: str = "<table>") -> str:
    head = "".join(f"<th>{one}</th>" for one in columns)
    told = "".join(cell if cell.startswith("<t") else f"<td>{cell}</td>" for cell in row)
    return f"{opens}<thead><tr>{head}</tr></thead><tbody><tr>{told}</tr></tbody></table>"


def cells(body: str) -> list[tuple[str, str, str]]:
    """Each cell's label, width in columns, and text; of a table that is cards."""
    page = BeautifulSoup(body, "html.parser")
    assert page.select("table.cards")
    found = page.select("tbody :is(td, th)")
    return [(str(c.get("data-label")), str(c.get("colspan", "1")), c.get_text()) for c in found]


def test_each_cell_of_a_wide_table_names_its_column() -> None:
    """That of a row's heading, too."""
    assert [("Q", "1", "q"), ("A", "1", "x"), ("B", "1", "x"), ("C", "1", "y")] == cells(
        labelled(table("<th>q</th>", "x", "x", "y"))
    )
    assert 3 == len(cells(labelled(table("q", "x", "y", columns="QAB"))))


def test_a_page_that_answers_for_several_is_named_once() -> None:
    """Among the questions, whose columns are links."""
    assert [("Q", "1", "q"), ("A, B", "2", "x"), ("C", "1", "y")] == cells(
        labelled(table("q", "x", "x", "y"), joined=True)
    )


@pytest.mark.parametrize(
    "body",
    [
        table("q", "x", "y", "z", opens='<table class="ledger table">'),
        table("q", table("q", "x", "y", "z"), "y", "z", opens='<table class="ledger table">'),
        f'<section id="which-one"><p>.</p>{table("q", "x", "y", "z")}</section>',
        table("q", "x", columns="QA"),
        table("q", '<td colspan="2">x</td>', "z"),
        "<p>no table</p>",
    ],
    ids=["ledger", "inside the ledger", "which one", "two columns", "a span", "none"],
)
def test_what_has_a_form_of_its_own_or_room_stays(body: str) -> None:
    assert body == labelled(body)
