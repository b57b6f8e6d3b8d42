"""Every page of the built site in a browser: axe, sideways scroll, code that scrolls, requests, what breaks
its policy, and the way through it by the Tab key.

    PYTHONPATH=tests .venv/bin/python tests/audits/every_page.py [a part of a page's address]

At 390 and 1440 pixels, light and dark. It takes some minutes, which is why the suite asks the same of
some twenty pages only. Prints what is wrong, a line each, and ends with status 1 if anything is.
"""

from __future__ import annotations

import shutil
import sys
import threading
from collections import Counter
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, sync_playwright

from browser_server import Guarded

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "build/html"
CODE = """() => [...document.querySelectorAll('.highlight-Python pre, .highlight-python pre')]
    .filter(pre => pre.offsetParent).map(pre => pre.scrollWidth > pre.clientWidth + 1)"""
SHIFT = """() => new Promise(done => {
    let sum = 0;
    new PerformanceObserver(list => {
        for (const one of list.getEntries()) if (!one.hadRecentInput) sum += one.value;
    }).observe({type: 'layout-shift', buffered: true});
    setTimeout(() => done(sum), 60);
})"""


#: Numbers what the Tab key should reach: of a group of choices one, of what is out of sight nothing.
FOCUSABLE = """() => {
    const groups = new Set();
    const all = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')];
    const some = all.filter(one => {
        if (one.tabIndex < 0 || one.disabled || !one.checkVisibility({visibilityProperty: true})) return false;
        if (one.type !== 'radio') return true;
        const chosen = document.querySelector(`input[name="${one.name}"]:checked`);
        return chosen ? chosen === one : !groups.has(one.name) && groups.add(one.name);
    });
    some.forEach((one, number) => one.dataset.number = number);
    return some.length;
}"""
#: Which of them has the focus, and whether that can be seen, on it or on its label.
FOCUSED = """() => {
    const one = document.activeElement;
    const seen = place => {
        if (!place) return false;
        const style = getComputedStyle(place);
        return style.outlineStyle !== 'none' && style.outlineWidth !== '0px' || style.boxShadow !== 'none';
    };
    const labels = one.labels ? [...one.labels] : [];
    const name = one.className || one.textContent.trim().slice(0, 30);
    const near = [one.firstElementChild, one.nextElementSibling, one.parentElement];
    const visible = [one, ...near, ...labels].some(seen);
    return [Number(one.dataset.number ?? -1), visible, `${one.tagName} ${name}`];
}"""
MOST_TABS = 600


def walk(browser: Browser, base: str, page_name: str) -> list[str]:
    """What of a page can't be come to, seen or left by the Tab key."""
    context = browser.new_context(base_url=base, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(f"/{page_name}", wait_until="networkidle")
    count = page.evaluate(FOCUSABLE)
    reached: set[int] = set()
    unseen, last = [], None
    for _ in range(min(count + 5, MOST_TABS)):
        page.keyboard.press("Tab")
        number, visible, name = page.evaluate(FOCUSED)
        if number == last and number >= 0:
            context.close()
            return [f"keyboard: is caught in {name}"]
        last = number
        if number >= 0:
            reached.add(number)
            unseen += [] if visible else [name]
    missed = sorted(set(range(count)) - reached) if count < MOST_TABS else []
    names = [
        page.evaluate(
            f"(e => e.tagName + ' ' + (e.className || e.textContent.trim()).slice(0, 40))"
            f"(document.querySelector('[data-number=\"{number}\"]'))"
        )
        for number in missed[:3]
    ]
    context.close()
    wrong = [f"keyboard: {len(missed)} of {count} not reached: {names}"] if missed else []
    return wrong + ([f"keyboard: {len(unseen)} without a sign: {unseen[:3]}"] if unseen else [])


def look(browser: Browser, base: str, page_name: str, width: int, found: Counter[str]) -> list[str]:
    """What is wrong with one page at one width, in both themes."""
    wrong: list[str] = []
    context = browser.new_context(
        base_url=base, viewport={"width": width, "height": 900}, reduced_motion="reduce"
    )
    page = context.new_page()
    page.on(
        "request",
        lambda asked: asked.url.startswith((base, "data:")) or wrong.append(f"asks {asked.url}"),
    )
    page.on("response", lambda got: got.status >= 400 and wrong.append(f"lacks {got.url}"))
    page.on("console", lambda said: said.type == "error" and wrong.append(said.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(f"/{page_name}", wait_until="load")
    if page.evaluate("document.documentElement.scrollWidth") > width:
        wrong.append("scrolls sideways")
    scrolls = page.evaluate(CODE)
    found[f"code blocks at {width}"] += len(scrolls)
    found[f"code blocks that scroll at {width}"] += sum(scrolls)
    shift = page.evaluate(SHIFT)
    if shift > 0.05:
        wrong.append(f"shifts by {shift:.2f}")
    # As high as the page: what a box cuts off at the edge of the window can't be told apart.
    high = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": width, "height": max(2500, min(high, 15000))})
    for theme, rules in (("light", {}), ("dark", {"runOnly": ["color-contrast"]})):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        page.wait_for_timeout(350)  # until colours that fade have changed
        options = {**rules, "resultTypes": ["violations", "incomplete"], "preload": False}
        told: dict[str, Any] = Axe().run(page, options=options).response
        # Of text in drawings axe can't tell the ground: tests/browser/test_pages.py looks at that.
        unsure = [
            one | {"nodes": [node for node in one["nodes"] if "<text" not in node["html"]]}
            for one in told["incomplete"]
            if one["id"] == "color-contrast"
        ]
        unsure = [one for one in unsure if one["nodes"]]
        for kind, some in (("", told["violations"]), ("unsure: ", unsure)):
            for one in some:
                places = "; ".join(str(node["target"][0]) for node in one["nodes"][:2])
                wrong.append(f"{theme}: {kind}{one['id']} x{len(one['nodes'])} {places}")
    context.close()
    return wrong


def main(part: str) -> int:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Guarded, directory=str(HTML)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    names = [path.relative_to(HTML).as_posix() for path in sorted(HTML.rglob("*.html"))]
    names = [name for name in names if part in name and not name.startswith("_")]
    found: Counter[str] = Counter()
    bad = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for name in names:
            base = f"http://127.0.0.1:{server.server_port}"
            for line in walk(browser, base, name):
                print(f"{name}: {line}", flush=True)
                bad += 1
            for width in (390, 1440):
                for line in look(browser, base, name, width, found):
                    print(f"{name} at {width}: {line}", flush=True)
                    bad += 1
    print(f"{len(names)} pages, {bad} remarks; {dict(found)}")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
