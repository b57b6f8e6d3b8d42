"""The gallery, in a browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from site_ext.gallery.pictures import word

if TYPE_CHECKING:
    from playwright.sync_api import Page


def settings() -> dict:
    import runpy

    from conftest import ROOT

    return runpy.run_path(str(ROOT / "conf/conf.py"))


def count(page: Page) -> int:
    told = page.locator(".gallery-count").inner_text()
    return int(re.match(r"(\d+)", told)[1])


def test_each_button_leaves_some_and_says_how_many(page: Page) -> None:
    """Each facet leaves more than three lessons and not all; the count is announced; headings
    with nothing below are hidden."""
    page.goto("/gallery/index.html")
    every = count(page)
    shown = page.locator(".shot:visible")
    for name in settings()["gallery_facets"]:
        page.locator(f"#gallery-facet-{word(name)}").check(force=True)

        assert count(page) == shown.count(), name
        assert 2 < shown.count() < every, name
        for section in page.locator("article section section:visible").all():
            assert section.locator(".shot:visible").count(), name
    assert "status" == page.locator(".gallery-count").get_attribute("role")


def test_the_keyboard_and_the_address(page: Page) -> None:
    """Arrow keys move through the buttons; the address brings the choice back."""
    page.goto("/gallery/index.html")
    page.locator("#gallery-in-all").focus()
    page.keyboard.press("ArrowRight")

    assert page.locator("#gallery-in-tensorflow").is_checked()
    assert "in=tensorflow" in page.url
    page.goto(page.url)
    assert page.locator("#gallery-in-tensorflow").is_checked()
    assert 0 == page.locator(".shot:not(.in-tensorflow):visible").count()


def test_siblings_are_one_card_with_doors(page: Page) -> None:
    """A family is one card, whose doors lead to each framework's script."""
    page.goto("/gallery/index.html")
    card = page.locator(".shot", has_text="Write the training loop yourself")

    assert 1 == card.count()
    assert ["TensorFlow", "PyTorch", "Keras", "JAX"] == card.locator(
        ".shot-doors a"
    ).all_inner_texts()
    card.locator(".shot-doors a", has_text="PyTorch").click()
    assert page.url.endswith("/gallery/pytorch/own_loop.html")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pictures_follow_the_theme(page: Page, theme: str) -> None:
    """One drawing for each theme, sharp, with its dimensions, loaded when it comes near."""
    page.emulate_media(color_scheme=theme)
    page.goto("/gallery/index.html")
    pictures = page.locator(".shot-picture img:visible")

    assert pictures.count() == page.locator(".shot").count()
    for image in pictures.all()[:5]:
        image.scroll_into_view_if_needed()
        assert image.get_attribute("width")
        assert "lazy" == image.get_attribute("loading")
        assert ("_dark" in image.get_attribute("src")) == (theme == "dark")
