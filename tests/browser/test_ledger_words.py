"""The ledger's field for words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route


def test_words_leave_the_rows_that_have_them(page: Page) -> None:
    """All words of the field, in any order; how many are left is said; the address keeps them."""
    page.goto("/ledger.html")
    rows = page.locator(":is(table.ledger, table.ledger-of-ours) > tbody > tr:visible")
    whole = rows.count()
    page.get_by_label("Words:").fill("ONNX keras")
    page.locator("output", has_text=" of ").wait_for()
    left = rows.count()

    assert 0 < left < whole
    assert f"{left} of {whole}" in page.locator("output").inner_text()
    for text in rows.all_inner_texts():
        assert "onnx" in text.lower()
        assert "keras" in text.lower()
    page.goto(page.url)
    page.get_by_text(f"{left} of {whole}").wait_for()
    assert left == rows.count()


def test_words_typed_before_the_script_has_come_stay(page: Page) -> None:
    """It comes after the first paint, and takes up what it finds in the field."""

    def late(route: Route) -> None:
        page.get_by_label("Words:").fill("ONNX keras")
        route.continue_()

    page.route("**/_static/ledger.js*", late)
    page.goto("/ledger.html")
    page.locator("output", has_text=" of ").wait_for()

    assert "ONNX keras" == page.get_by_label("Words:").input_value()
