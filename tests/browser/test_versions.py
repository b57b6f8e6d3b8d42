"""Between versions, in a real browser, on the real releases; with JavaScript and without."""

from __future__ import annotations

import re
import threading
from functools import partial
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from browser_server import Quiet
from published import releases

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

OLD, NEW = releases()[0], releases()[-1]
DEEP = "gallery/pytorch/train_mlp.html"
ONLY_NEW = "gallery/porting/loss_shapes.html"
ONLY_DEV = "only_in_dev.html"
#: Below a path, as a project's pages are served.
BASE = "/project"


class Host(Quiet):
    """Serves the site below a path, and its page for what was not found, as hosts do."""

    def translate_path(self, path: str) -> str:
        if not path.startswith(f"{BASE}/"):
            return str(self.directory) + "/nothing-here"
        return super().translate_path(path.removeprefix(BASE))

    def send_error(self, code: int, *arguments: object) -> None:
        if code != 404 or not self.path.startswith(f"{BASE}/"):
            super().send_error(code)
            return
        with open(f"{self.directory}/404.html", "rb") as file:
            body = file.read()
        self.send_response(404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@pytest.fixture(scope="module")
def address(versioned: tuple[Path, Path]) -> Iterator[str]:
    site, _ = versioned
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Host, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}{BASE}"
    server.shutdown()


@pytest.fixture(params=[True, False], ids=["javascript", "plain"])
def either(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page with JavaScript, and one without."""
    context = chromium.new_context(
        java_script_enabled=request.param, viewport={"width": 1440, "height": 900}
    )
    yield context.new_page()
    context.close()


@pytest.fixture
def scripted(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    yield context.new_page()
    context.close()


def switch(page: Page, to: str) -> None:
    """As a reader does: open the list, choose a version; without JavaScript by way of a page."""
    page.locator(".bd-header .version-list summary").click()
    there = page.locator(".bd-header .version-list li a").filter(has_text=re.compile(rf"^{to}\b"))
    if there.count():
        there.click()
    else:
        page.get_by_role("link", name="This page in other versions").first.click()
        page.locator(".versions a").get_by_text(to, exact=True).click()


@pytest.mark.parametrize(
    ("start", "to"), [(OLD, NEW), (NEW, OLD), (NEW, "dev"), ("dev", NEW), ("dev", OLD)]
)
def test_switching_keeps_the_page(either: Page, address: str, start: str, to: str) -> None:
    """From a deep page to the same page, in each direction."""
    either.goto(f"{address}/{start}/{DEEP}", wait_until="networkidle")
    switch(either, to)
    either.wait_for_url(f"{address}/{to}/{DEEP}")

    assert "Train the article" in either.locator("h1").inner_text()


def test_a_fragment_is_kept(scripted: Page, address: str) -> None:
    """The place in the page, too, where it is known."""
    scripted.goto(f"{address}/{OLD}/{DEEP}#training", wait_until="networkidle")
    switch(scripted, NEW)
    scripted.wait_for_url(f"{address}/{NEW}/{DEEP}#training")


@pytest.mark.parametrize(("start", "page", "to"), [(NEW, ONLY_NEW, OLD), ("dev", ONLY_DEV, NEW)])
def test_a_page_that_the_other_lacks(
    scripted: Page, address: str, start: str, page: str, to: str
) -> None:
    """That version's home, with a word; the address is clean again."""
    scripted.goto(f"{address}/{start}/{page}", wait_until="networkidle")
    switch(scripted, to)
    scripted.wait_for_url(f"{address}/{to}/index.html")
    word = scripted.get_by_role("status").first.inner_text()

    assert f"Version {to} has no page {page}. This is its home." == word


def test_a_page_that_the_other_lacks_without_javascript(
    plain_site_page: Page, address: str
) -> None:
    """The list says so before the click, and leads to the home."""
    plain_site_page.goto(f"{address}/{NEW}/{ONLY_NEW}")
    plain_site_page.locator(".bd-header .version-list summary").click()
    plain_site_page.get_by_role("link", name="This page in other versions").first.click()
    line = plain_site_page.locator(".versions li", has_text=OLD).first

    assert "has no such page; this is its home" in line.inner_text()
    line.locator("a").click()
    plain_site_page.wait_for_url(f"{address}/{OLD}/index.html")


@pytest.fixture
def plain_site_page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(
        java_script_enabled=False, viewport={"width": 1440, "height": 900}
    )
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(
    ("version", "text"),
    [(OLD, f"This is version {OLD}, not the newest."), (NEW, None),
     ("dev", "This is the development version")],
)  # fmt: skip
def test_the_banner(either: Page, address: str, version: str, text: str | None) -> None:
    """On old and development versions, at the top; the newest release has none."""
    either.goto(f"{address}/{version}/{DEEP}")
    banner = either.locator(".version-banner")

    assert bool(text) is banner.is_visible()
    if text:
        assert text in banner.inner_text()
        assert banner.bounding_box()["y"] < 5
        banner.locator("a").click()
        either.wait_for_url(f"{address}/{NEW}/{DEEP}")


@pytest.mark.parametrize(
    ("asked", "reached"),
    [
        ("", f"{NEW}/index.html"),
        (f"stable/{DEEP}", f"{NEW}/{DEEP}"),
        (f"latest/{DEEP}", f"dev/{DEEP}"),
        ("latest/", "dev/index.html"),
        (f"latest/{ONLY_DEV}", f"dev/{ONLY_DEV}"),
    ],
)
def test_aliases_keep_the_path(either: Page, address: str, asked: str, reached: str) -> None:
    """`stable/` is the newest release, `latest/` dev where that is published."""
    either.goto(f"{address}/{asked}")
    either.wait_for_url(f"{address}/{reached}")


def test_aliases_keep_the_fragment(scripted: Page, address: str) -> None:
    """A link to a place in a page of `stable/` gets there."""
    scripted.goto(f"{address}/stable/{DEEP}#training")
    scripted.wait_for_url(f"{address}/{NEW}/{DEEP}#training")


def test_an_alias_of_a_page_that_is_gone(either: Page, address: str) -> None:
    """It says so, and where the page is."""
    either.goto(f"{address}/stable/{ONLY_DEV}")

    assert f"Version {NEW} has no such page" == either.locator("h1").inner_text()
    either.get_by_role("link", name="The versions that have it").click()
    either.locator(".versions a", has_text="dev").click()
    either.wait_for_url(f"{address}/dev/{ONLY_DEV}")


def test_not_found_offers_other_versions(scripted: Page, address: str) -> None:
    """At any depth: the versions that have the page that was asked for."""
    answer = scripted.goto(f"{address}/{OLD}/{ONLY_NEW}", wait_until="networkidle")
    offered = scripted.locator("#elsewhere a")

    assert 404 == answer.status
    assert [f"{ONLY_NEW} in version {v}" for v in (NEW, "dev")] == offered.all_inner_texts()
    offered.first.click()
    scripted.wait_for_url(f"{address}/{NEW}/{ONLY_NEW}")


def test_not_found_anywhere(scripted: Page, address: str) -> None:
    """A page that no version has: their homes."""
    scripted.goto(f"{address}/{OLD}/no/such/page.html", wait_until="networkidle")

    assert "" == scripted.locator("#elsewhere").inner_text()
    scripted.locator("main .versions a", has_text=OLD).first.click()
    scripted.wait_for_url(f"{address}/{OLD}/index.html")


def test_not_found_without_javascript(plain_site_page: Page, address: str) -> None:
    """At the root, its links work without JavaScript."""
    plain_site_page.goto(f"{address}/nothing.html")
    plain_site_page.locator(".versions a").first.click()
    plain_site_page.wait_for_url(f"{address}/{NEW}/index.html")


def test_exactly_one_switcher_shows(scripted: Page, address: str) -> None:
    """On a wide screen in the header, on a narrow one in its menu; the current one is marked."""
    scripted.goto(f"{address}/{NEW}/{DEEP}", wait_until="networkidle")
    lists = scripted.locator(".version-list summary")

    assert 1 == sum(one.is_visible() for one in lists.all())
    scripted.locator(".bd-header .version-list summary").click()
    assert [f"{NEW} (newest release)"] == scripted.locator(
        ".bd-header .version-list a[aria-current]"
    ).all_inner_texts()
    scripted.keyboard.press("Escape")
    assert scripted.locator(".bd-header .version-list").get_attribute("open") is None


def test_the_switcher_on_a_phone(scripted: Page, address: str) -> None:
    """Reached through the menu."""
    scripted.set_viewport_size({"width": 390, "height": 850})
    scripted.goto(f"{address}/{OLD}/{DEEP}", wait_until="networkidle")
    scripted.locator(".primary-toggle").click()
    box = scripted.locator("#pst-primary-sidebar-modal .version-list")
    box.locator("summary").click()
    box.locator("a", has_text=NEW).first.click()
    scripted.wait_for_url(f"{address}/{NEW}/{DEEP}")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize(
    "name",
    ["versions.html", "changes.html", f"versions/{DEEP}", "404.html", f"stable/{ONLY_DEV}",
     f"{OLD}/{DEEP}"],
)  # fmt: skip
def test_pages_of_the_root(scripted: Page, address: str, name: str, width: int, theme: str) -> None:
    """Nothing sticks out, nothing is asked of another host, axe finds nothing serious."""
    asked: list[str] = []
    problems: list[str] = []
    scripted.on("request", lambda request: asked.append(request.url))
    scripted.on("console", lambda m: m.type == "error" and problems.append(m.text))
    scripted.on("response", lambda r: r.status >= 400 and problems.append(r.url))
    scripted.set_viewport_size({"width": width, "height": 900})
    scripted.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    scripted.goto(f"{address}/{name}", wait_until="networkidle")

    assert scripted.evaluate("document.documentElement.scrollWidth") <= width
    # The page for what was not found looks for the site's root, from the host's downwards.
    if name != "404.html":
        assert [] == problems
        assert [] == [url for url in asked if not url.startswith((address, "data:"))]
    # Last, since axe itself asks for style sheets in wrong places.
    found = Axe().run(scripted).response["violations"]
    assert [] == [v["id"] for v in found if v["impact"] in {"serious", "critical"}]
