"""Between versions, in a real browser, on the real releases; with JavaScript and without."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from functools import partial
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import quote

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
#: Of the releases, and not of the small dev.
ONLY_OLD = "performance.html"
#: Below a path, as a project's pages are served.
BASE = "/project"


class Host(Quiet):
    """Serves the site below a path, and its page for what was not found, as hosts do."""

    base = BASE

    def translate_path(self, path: str) -> str:
        if not path.startswith(f"{self.base}/"):
            return str(self.directory) + "/nothing-here"
        return super().translate_path(path.removeprefix(self.base))

    def send_error(self, code: int, *arguments: object) -> None:
        if code != 404 or not self.path.startswith(f"{self.base}/"):
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


class RootHost(Host):
    """Serves it at the root of a host."""

    base = ""


@contextmanager
def serving(host: type[Host], site: Path) -> Iterator[str]:
    """The address of a site at such a host."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(host, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}{host.base}"
    server.shutdown()


@pytest.fixture(scope="module")
def address(versioned: tuple[Path, Path]) -> Iterator[str]:
    with serving(Host, versioned[0]) as found:
        yield found


@pytest.fixture(scope="module")
def at_root(versioned: tuple[Path, Path]) -> Iterator[str]:
    with serving(RootHost, versioned[0]) as found:
        yield found


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
        either.wait_for_url(f"{address}/stable/{DEEP}")
        assert f"Version {NEW}, made with" in either.locator(".made-with").inner_text()


@pytest.mark.parametrize(
    ("asked", "reached"),
    [
        ("", f"{NEW}/index.html"),
        (f"stable/{DEEP}", f"stable/{DEEP}"),
        (f"latest/{DEEP}", f"dev/{DEEP}"),
        ("latest/", "dev/index.html"),
        (f"latest/{ONLY_DEV}", f"dev/{ONLY_DEV}"),
    ],
)
def test_aliases_keep_the_path(either: Page, address: str, asked: str, reached: str) -> None:
    """`stable/` has the newest release's own pages, `latest/` leads to dev where that is published."""
    either.goto(f"{address}/{asked}")
    either.wait_for_url(f"{address}/{reached}")


def test_aliases_keep_the_fragment(scripted: Page, address: str) -> None:
    """A link to a place in a page of `latest/` gets there."""
    scripted.goto(f"{address}/latest/{DEEP}#training")
    scripted.wait_for_url(f"{address}/dev/{DEEP}#training")


def test_stable_pages_switch_like_others(scripted: Page, address: str) -> None:
    """They say which version they are, have no banner, and lead to the same page elsewhere."""
    scripted.goto(f"{address}/stable/{DEEP}", wait_until="networkidle")

    assert f"Version {NEW}" == scripted.locator(".bd-header .version-list summary").inner_text()
    assert not scripted.locator(".version-banner").is_visible()
    switch(scripted, OLD)
    scripted.wait_for_url(f"{address}/{OLD}/{DEEP}")


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


EVIL = "http://evil.example"
#: What a stranger might get into a list: no entry, no address of this site, or nothing at all.
HOSTILE = [
    None, 5, "dev", [], {}, {"version": "1"}, {"version": "2", "url": None}, {"version": None, "url": "x/"},
    {"version": "3", "url": "javascript:alert(1)//"}, {"version": "4", "url": f"{EVIL}/"},
    {"version": "5", "url": "//evil.example/"}, {"version": "6", "url": "/"},
    {"version": "7", "url": "data:text/html,<script>alert(1)</script>/"},
    {"version": "8", "url": "../../elsewhere/"}, {"version": "9", "url": "http://[bad/"},
    {"version": "<img src=x onerror=alert(1)>", "url": f"{OLD}/"},
]  # fmt: skip


@pytest.fixture
def watched(scripted: Page) -> Iterator[Page]:
    """A page that may ask no other host, and may run nothing that opens a dialog."""
    foreign: list[str] = []
    dialogs: list[str] = []
    scripted.route(f"{EVIL}/**", lambda route: (foreign.append(route.request.url), route.abort()))
    scripted.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    yield scripted
    links = scripted.evaluate("[...document.links].map(a => [a.protocol, a.href])")

    assert [] == foreign
    assert [] == dialogs
    assert [] == [href for kind, href in links if kind in {"javascript:", "data:"} or EVIL in href]
    assert 0 == scripted.locator("img[src=x]").count()


@pytest.mark.parametrize(
    "path",
    ["//evil.example/", "//evil.example/x.html", "//evil.example//deep/x.html", "/%2F/evil.example/x",
     f"//evil.example/{DEEP}", f"/x//evil.example/..//{DEEP}", "/javascript:alert(1)/x.html"],
)  # fmt: skip
def test_not_found_asks_no_other_host(watched: Page, at_root: str, path: str) -> None:
    """A path that begins with two slashes names no host; the versions of this site are offered."""
    watched.route(
        "**/switcher.json",
        lambda route: (
            route.continue_() if route.request.url == f"{at_root}/switcher.json" else route.abort()
        ),
    )
    watched.goto(f"{at_root}{path}", wait_until="networkidle")

    assert "There is no such page here" == watched.locator("h1").inner_text()
    assert f"{at_root}/{NEW}/index.html" == watched.evaluate(
        "document.querySelector('[data-from-root]').href"
    )


@pytest.mark.parametrize("page", ["method.html", DEEP])
def test_an_address_without_a_version(watched: Page, at_root: str, page: str) -> None:
    """From before there were versions: the page itself is offered, in each that has it."""
    watched.goto(f"{at_root}/{page}", wait_until="networkidle")
    offered = watched.locator("#elsewhere a")

    assert [f"{page} in version {v}" for v in (NEW, OLD, "dev")] == offered.all_inner_texts()


def test_hostile_places_in_a_list_of_a_page(watched: Page, address: str) -> None:
    """What a page of versions links to is offered only if it is of this site."""
    lines = "".join(
        f'<li><a href="{href}">{name}</a></li>'
        for name, href in (
            ("a", "javascript:alert(1)"), ("b", f"{EVIL}/x"), ("c", "//evil.example/x"), ("d", "http://[bad"),
            (NEW, f"../{NEW}/method.html"),
        )
    )  # fmt: skip
    body = f'<ul class="versions">{lines}<li>none</li></ul><img src=x onerror=alert(1)>'
    watched.route(
        "**/versions/**", lambda route: route.fulfill(body=body, content_type="text/html")
    )
    watched.goto(f"{address}/{OLD}/gone.html", wait_until="networkidle")

    assert [f"gone.html in version {NEW}"] == watched.locator("#elsewhere a").all_inner_texts()


def test_hostile_entries_of_the_list(watched: Page, address: str) -> None:
    """They are left out; the good ones stay, whatever stands between them."""
    good = [{"version": NEW, "name": NEW, "url": f"{NEW}/"}, {"version": "dev", "url": "dev/"}]
    entries = [HOSTILE[0], good[0], *HOSTILE[1:], good[1]]
    watched.route("**/switcher.json", lambda route: route.fulfill(json=entries))
    watched.goto(f"{address}/dev/{DEEP}", wait_until="networkidle")
    watched.locator(".bd-header .version-list summary").click()
    listed = watched.locator(".bd-header .version-list li a").all_inner_texts()

    assert [NEW, HOSTILE[-1]["version"], "dev", "This page in other versions"] == listed


@pytest.mark.parametrize(
    "answer", ["{}", "null", "[1, 2]", "not JSON", '{"length": 3}', "[" * 100_000]
)
def test_a_list_that_is_none(watched: Page, address: str, answer: str) -> None:
    """What stands there without the list stays."""
    watched.route("**/switcher.json", lambda route: route.fulfill(body=answer))
    watched.goto(f"{address}/dev/{DEEP}", wait_until="networkidle")
    watched.locator(".bd-header .version-list summary").click()

    assert ["This page in other versions"] == watched.locator(
        ".bd-header .version-list li a"
    ).all_inner_texts()


@pytest.mark.parametrize(
    ("missing", "shown"),
    [
        (ONLY_OLD, True), (ONLY_NEW, False), ("Send your password to evil.example", False), ("../../evil.html", False),
        ("//evil.example/x.html", False), ("no_such_page.html", False), ("", False),
        ("<img src=x onerror=alert(1)>.html", False), (f"{EVIL}/x.html", False),
    ],
)  # fmt: skip
def test_only_the_name_of_a_page_is_said_to_be_missing(
    watched: Page, address: str, missing: str, shown: bool
) -> None:
    """Anybody can write an address: it puts no words of its own onto a page."""
    watched.goto(f"{address}/dev/index.html?missing={quote(missing)}", wait_until="networkidle")
    words = watched.locator(".version-word")

    assert [
        f"Version dev has no page {missing}. This is its home."
    ] * shown == words.all_inner_texts()
    assert "missing" not in watched.url


@pytest.mark.parametrize(
    "rest",
    ["?q=<img src=x onerror=alert(1)>", "#<img src=x onerror=alert(1)>", "?highlight=%3Cimg%20src=x%3E",
     "?left=javascript:alert(1)&right=<img src=x>", "#javascript:alert(1)"],
)  # fmt: skip
@pytest.mark.parametrize(
    "page", ["search.html", "side_by_side/train_mlp.html", "gallery/index.html", "ledger.html"]
)
def test_hostile_ends_of_addresses(watched: Page, address: str, page: str, rest: str) -> None:
    """Scripts that read a query or a fragment take it for text, of what they know."""
    watched.goto(f"{address}/dev/{page}{rest}", wait_until="load")
    watched.wait_for_timeout(150)


def test_published_pages_break_no_policy(
    scripted: Page, address: str, versioned: tuple[Path, Path]
) -> None:
    """Each has one, by which only its own scripts run, and none complains."""
    site, _ = versioned
    said: list[str] = []
    scripted.on("console", lambda message: said.append(message.text))
    pages = sorted(path.relative_to(site).as_posix() for path in (site / "dev").glob("*.html"))
    for name in [*pages, f"dev/{DEEP}", "changes.html", "versions.html", "404.html", "index.html"]:
        text = (site / name).read_text()
        assert 1 == text.count('http-equiv="Content-Security-Policy"'), name
        assert "unsafe-inline" not in text.partition("script-src")[2].partition(";")[0]
        scripted.goto(f"{address}/{name}", wait_until="load")

    assert [] == [text for text in said if "Content Security Policy" in text]
    # It is in force: a script that was not there when the page was made does not run.
    scripted.goto(f"{address}/dev/method.html", wait_until="load")
    scripted.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s) }"
    )
    assert scripted.evaluate("window.ran === undefined")
