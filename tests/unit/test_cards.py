"""Tables on a phone: what a cell says of itself where its column can't be seen."""

from __future__ import annotations

from bs4 import BeautifulSoup

from site_ext.pages.cards import labelled

HEAD = "<thead><tr><th>Question</th><th>A</th><th>B</th><th>C</th></tr></thead>"


def cells(body: str) -> list[tuple[str, str, str]]:
    """Each cell's label, width in columns, and text."""
    found = BeautifulSoup(labelled(body), "html.parser").select("tbody td")
    return [(str(c.get("data-label")), str(c.get("colspan", "1")), c.get_text()) for c in found]


def table(*row: str, opens: str = "<table>") -> str:
    told = "".join(f"<td>{cell}</td>" for cell in row)
    return f"{opens}{HEAD}<tbody><tr>{told}</tr></tbody></table>"


def test_each_cell_of_a_wide_table_names_its_column() -> None:
    assert [("Question", "1", "q"), ("A", "1", "x"), ("B", "1", "x"), ("C", "1", "y")] == cells(
        table("q", "x", "x", "y")
    )


def test_a_page_that_answers_for_several_is_named_once() -> None:
    """Among the questions, whose columns are links."""
    body = f'<section id="questions">{table("q", "x", "x", "y")}</section>'

    assert [("Question", "1", "q"), ("A, B", "2", "x"), ("C", "1", "y")] == cells(body)


def test_the_ledger_and_narrow_tables_stay() -> None:
    """The ledger has a form of its own for a phone; a cell that spans columns has no one label."""
    ledger = table("q", "x", "y", "z", opens='<table class="ledger table">')
    narrow = "<table><thead><tr><th>A</th></tr></thead><tbody><tr><td>x</td></tr></tbody></table>"

    for body in (ledger, narrow, table("q", "x"), "<p>no table</p>"):
        assert "data-label" not in labelled(body)
        assert "cards" not in labelled(body)
