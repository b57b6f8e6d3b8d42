"""Which one for me, in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_answers_rank_the_frameworks_with_reasons(page: Page) -> None:
    """Two answers: the best one stands first, with a reason for each and its proof a link; what is
    ruled out says so."""
    page.goto("/choose.html")
    assert "Choose an answer" in page.locator(".chooser-said").inner_text()
    page.get_by_label("What does it train on?").select_option(
        "A Mac\N{RIGHT SINGLE QUOTATION MARK}s GPU"
    )
    page.get_by_label("What is there already?").select_option("A published model")

    first = page.locator(".chooser-result ol > li").first
    assert "PyTorch." == page.locator(".chooser-said").inner_text()
    assert 2 == first.locator("ul li").count()
    assert 2 == first.locator("ul a").count()
    out = page.locator(".chooser-result ol > li.is-out").all_inner_texts()
    assert ["JAX is ruled out", "TensorFlow is ruled out"] == sorted(
        text.partition("\n")[0] for text in out
    )


def test_the_address_keeps_the_answers(page: Page) -> None:
    """What was answered is shown to whom the address is sent; what is no answer is not."""
    page.goto("/choose.html")
    page.get_by_label("Who writes it?").select_option("I begin")
    address = page.url
    page.goto("/index.html")
    page.goto(address)

    assert "Keras." == page.locator(".chooser-said").inner_text()
    page.goto("/choose.html?who-writes-it=<b>nobody</b>")
    assert "Choose an answer" in page.locator(".chooser-said").inner_text()
    assert 0 == page.locator("article b").count()


def test_the_tables_are_there_without_javascript(chromium, served: str) -> None:
    """Who has no JavaScript reads the rules."""
    context = chromium.new_context(base_url=served, java_script_enabled=False)
    page = context.new_page()
    page.goto("/choose.html")

    assert page.get_by_text("processor only").is_visible()
    assert 0 == page.locator("select").count()
    context.close()
