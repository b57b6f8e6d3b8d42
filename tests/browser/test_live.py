"""The digits in a browser: each runtime answers as Python did."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from conftest import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page

#: What is told when all runtimes have answered.
READ = re.compile(r"eight bits: \d\.$")
FILES = ["digits.onnx", "digits.tflite", "digits-int8.tflite"]


@pytest.fixture
def live(page: Page) -> Page:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/live.html", wait_until="networkidle")

    assert not [url for url in asked if "wasm" in url or "data/files" in url]

    page.get_by_role("button", name="Load the runtimes").click()
    page.locator(".live.is-loaded").wait_for(timeout=120_000)
    expect(page.locator(".live-status")).to_have_text(READ, timeout=30_000)
    return page


def test_every_runtime_answers_as_python_did(live: Page) -> None:
    """For all held digits the same answer, with probabilities within 1e-4; eight bits may round
    otherwise from processor to processor."""
    live.get_by_role("button", name="Compare with Python").click()
    status = live.locator(".live-status")
    expect(status).to_have_text(re.compile("^The same"), timeout=60_000)
    for file in FILES:
        told = live.locator(f"[data-file='{file}'] .live-same").evaluate(
            "cell => ({...cell.dataset})"
        )
        eight_bits = "int8" in file

        assert int(told["same"]) >= (98 if eight_bits else 100), (file, told)
        assert float(told["apart"]) < (0.1 if eight_bits else 1e-4), (file, told)


def test_a_digit_by_the_keyboard(live: Page) -> None:
    """Arrow keys move, the space bar inks, each runtime answers, and the answers are announced."""
    live.get_by_role("button", name="Clear").click()

    assert "Draw a digit" in live.locator(".live-status").inner_text()

    live.locator("[data-place='3']").focus()
    for _ in range(7):
        live.keyboard.press("Space")
        live.keyboard.press("ArrowDown")
    expect(live.locator(".live-status")).to_have_text(READ, timeout=30_000)

    assert "row 1, column 4: ink" == live.locator("[data-place='3']").get_attribute("aria-label")
    for answer in live.locator(".live-answer").all_inner_texts():
        assert re.fullmatch(r"\d", answer)


def test_what_was_drawn_before_is_read_first(page: Page) -> None:
    """A digit that is drawn before the runtimes are there is kept, can be taken back, and is read."""
    page.goto("/live.html", wait_until="networkidle")
    status = page.locator(".live-status")
    for place in (3, 11, 19, 27, 35, 43, 51, 59):
        page.locator(f"[data-place='{place}']").press("Space")
    expect(status).to_contain_text("Load the runtimes")
    page.get_by_role("button", name="Clear").click()

    assert "row 1, column 4: empty" == page.locator("[data-place='3']").get_attribute("aria-label")

    page.locator("[data-place='11']").press("Space")
    page.get_by_role("button", name="Load the runtimes").click()
    expect(status).to_have_text(READ, timeout=120_000)

    assert 1 == page.locator("[data-place][aria-label$='ink']").count()


def test_what_is_loaded_is_what_was_pinned() -> None:
    """Sizes and digests in the script are those of the files."""
    script = (ROOT / "docs/_static/live.js").read_text()
    found = re.findall(r'path: "(.+?)",\n  bytes: (\d+),\n  integrity: "sha384-(.+?)"', script)

    assert 2 == len(found)
    for path, size, digest in found:
        content = (ROOT / "docs/_static/vendor" / path).read_bytes()

        assert int(size) == len(content)
        assert digest == base64.b64encode(hashlib.sha384(content).digest()).decode()
