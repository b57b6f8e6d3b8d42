"""The site in a real browser: as its readers use it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Page

PAGES = [
    "index.html", "tensorflow.html", "pytorch.html", "keras.html", "comparison.html",
    "performance.html", "benchmarks.html", "imagenet.html", "recommendation.html", "timings.html", "method.html",
    "gallery/index.html", "gallery/article/as_published.html", "gallery/pytorch/train_mlp.html",
    "gallery/working/where_is_my_bug.html", "gallery/deploying/export_keras.html",
    "ledger.html", "measurements.html", "questions.html", "choose.html", "live.html", "side_by_side/index.html", "side_by_side/own_loop.html",
]  # fmt: skip


#: Text in a drawing on the page that stands out too little; axe leaves those to others.
FAINT = """() => {
    const part = value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    const light = ([r, g, b]) => 0.2126 * part(r / 255) + 0.7152 * part(g / 255) + 0.0722 * part(b / 255);
    const rgb = text => text.match(/[\\d.]+/g).map(Number);
    return [...document.querySelectorAll("svg text")].filter(one => one.checkVisibility()).map(one => {
        let ground = one.closest("svg").parentElement;
        while (ground && /rgba\\(.*, 0\\)|transparent/.test(getComputedStyle(ground).backgroundColor))
            ground = ground.parentElement;
        const two = [rgb(getComputedStyle(one).fill), ground ? rgb(getComputedStyle(ground).backgroundColor) : [255, 255, 255]];
        const [low, high] = two.map(light).sort((a, b) => a - b);
        return [one.textContent, (high + 0.05) / (low + 0.05)];
    }).filter(([, contrast]) => contrast < 4.5);
}"""


#: How far what was there already moved while the page came.
SHIFT = """() => new Promise(done => {
    let sum = 0;
    new PerformanceObserver(list => list.getEntries().forEach(one => sum += one.value))
        .observe({type: "layout-shift", buffered: true});
    setTimeout(() => done(sum), 100);
})"""


@dataclass
class Seen:
    """What was seen on a page, which is opened once for all that is asked of it."""

    asked: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    widest: dict[int, int] = field(default_factory=dict)
    violations: dict[str, list[str]] = field(default_factory=dict)
    faint: dict[str, list[Any]] = field(default_factory=dict)
    shift: float = 0.0


@pytest.fixture(scope="module")
def seen(chromium: Browser, served: str) -> Callable[[str], Seen]:
    """A page by its address: its requests, errors, widths and what axe says of it."""

    @cache
    def look(address: str) -> Seen:
        found, asked, problems = Seen(), [], []
        context = chromium.new_context(
            base_url=served, viewport={"width": 1440, "height": 900}, reduced_motion="reduce"
        )
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("response", lambda got: got.status >= 400 and problems.append(got.url))
        page.on("console", lambda said: said.type == "error" and problems.append(said.text))
        page.goto(f"/{address}", wait_until="networkidle")
        found.shift = page.evaluate(SHIFT)
        # axe opens an empty page of its own and asks for stylesheets by names of its own.
        found.asked, found.problems = list(asked), list(problems)
        # In the dark only the colours are others.
        for theme, rules in (("light", {}), ("dark", {"runOnly": ["color-contrast"]})):
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            page.wait_for_timeout(400)  # until colours that fade have changed
            told = Axe().run(
                page, options={**rules, "resultTypes": ["violations"], "preload": False}
            )
            found.faint[theme] = page.evaluate(FAINT)
            found.violations[theme] = serious(told.response["violations"])
        for width in (1440, 390):
            page.set_viewport_size({"width": width, "height": 900})
            found.widest[width] = page.evaluate("document.documentElement.scrollWidth")
        context.close()
        return found

    return look


def serious(violations: list[dict[str, Any]]) -> list[str]:
    return [
        f"{one['id']}: {node['target']} {node.get('failureSummary', '')}"
        for one in violations
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"][:3]
    ]


@pytest.mark.parametrize("address", PAGES)
def test_only_this_host_is_asked(seen: Callable[[str], Seen], served: str, address: str) -> None:
    """Opening a page asks no other host for anything, finds all it asks for, logs no error."""
    assert [] == [url for url in seen(address).asked if not url.startswith((served, "data:"))]
    assert [] == seen(address).problems


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("address", PAGES)
def test_nothing_sticks_out(seen: Callable[[str], Seen], address: str, width: int) -> None:
    """The page itself never scrolls sideways; wide tables and code scroll in their boxes."""
    assert seen(address).widest[width] <= width


@pytest.mark.parametrize("address", PAGES)
def test_nothing_jumps(seen: Callable[[str], Seen], address: str) -> None:
    """While a page comes, hardly anything moves from where it stood."""
    assert seen(address).shift < 0.05


@pytest.mark.parametrize(("width", "beside"), [(1440, True), (390, False)])
def test_the_first_pages_chart_stands_beside_its_answer(
    chromium: Browser, served: str, width: int, *, beside: bool
) -> None:
    """On a wide screen, however many paragraphs the answer has; on a phone it comes after them."""
    context = chromium.new_context(base_url=served, viewport={"width": width, "height": 900})
    page = context.new_page()
    page.goto("/index.html")
    last, chart = (
        page.locator(f".answer > {one}").bounding_box() for one in ("p:nth-of-type(2)", ".bars-box")
    )
    context.close()

    assert beside == (chart["x"] > last["x"] + last["width"])
    assert beside == (chart["y"] < last["y"])


def test_the_list_beside_a_page_takes_no_room_from_it(chromium: Browser, served: str) -> None:
    """However late it comes: a title that was read is not broken anew. Pages without one are wide."""
    context = chromium.new_context(base_url=served, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    width = "document.querySelector('.bd-article h1').getBoundingClientRect().width"
    page.goto("/gallery/keras/own_parts.html")
    beside = page.evaluate(width)
    page.evaluate("document.querySelector('.bd-sidebar-secondary').remove()")
    assert beside == page.evaluate(width)
    page.goto("/side_by_side/own_loop.html")
    assert page.evaluate(width) > 1.3 * beside
    context.close()


@pytest.mark.parametrize("address", ["/pytorch.html", "/side_by_side/own_parts.html"])
def test_the_pages_before_and_after_have_a_line_each_on_a_phone(
    chromium: Browser, served: str, address: str
) -> None:
    """Short titles and long ones; none is cut."""
    context = chromium.new_context(base_url=served, viewport={"width": 390, "height": 900})
    page = context.new_page()
    page.goto(address)
    before, after = (page.locator(f".prev-next-area .{one}") for one in ("left-prev", "right-next"))
    above, below = before.bounding_box(), after.bounding_box()
    cut = after.evaluate("link => link.scrollWidth > link.clientWidth")
    context.close()

    assert above["y"] + above["height"] <= below["y"]
    assert above["x"] < below["x"] + below["width"] <= 390
    assert not cut


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("address", PAGES)
def test_accessible(seen: Callable[[str], Seen], address: str, theme: str) -> None:
    """axe finds no serious violation, in the light theme and in the dark one."""
    assert [] == seen(address).violations[theme]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("address", PAGES)
def test_labels_of_charts_stand_out(seen: Callable[[str], Seen], address: str, theme: str) -> None:
    """The contrast of each label that is drawn on a page is at least 4.5."""
    assert [] == seen(address).faint[theme]


def test_the_chosen_framework_lasts_across_pages(page: Page) -> None:
    """PyTorch chosen on the first page is what the comparison shows, in every tab set."""
    page.goto("/index.html")
    page.get_by_text("PyTorch", exact=True).and_(page.locator(".sd-tab-label")).first.click()
    page.goto("/comparison.html")
    chosen = page.locator(".sd-tab-set > input:checked + label").all_inner_texts()

    assert ["PyTorch"] == chosen


def choose(page: Page, side: str, framework: str) -> None:
    """Choose a framework for a column."""
    chooser = page.get_by_role("group", name=side)
    chooser.get_by_label(framework, exact=True).check()


def columns(page: Page, group: str) -> list[str]:
    """What each section shows in a column."""
    return page.locator(f"label[data-sync-group={group}]").evaluate_all(
        "labels => labels.filter(l => document.getElementById(l.htmlFor).checked)"
        ".map(l => l.textContent.trim())"
    )


def test_one_choice_moves_all_sections_of_a_page(page: Page) -> None:
    """One chooser for each column, which stays in sight; no section has tabs of its own."""
    page.goto("/side_by_side/train_mlp.html")
    choose(page, "Left", "Keras")

    assert {"Keras"} == set(columns(page, "framework"))
    assert len(columns(page, "framework")) > 2
    assert 0 == page.locator(".side-by-side .sd-tab-label:visible").count()
    page.mouse.wheel(0, 3000)
    assert page.locator(".columns-chooser").is_visible()


def test_lines_that_differ_are_marked(page: Page) -> None:
    """What both columns have is not; the code stays what it was."""
    page.goto("/side_by_side/own_loop.html")
    left = page.locator(".side-by-side").nth(1).locator(".sd-col").first
    code = left.locator("pre:visible").first
    before = code.text_content()
    marked = page.locator(".side-by-side .differs:visible")

    assert 0 < marked.count()
    assert 0 == marked.get_by_text("import numpy as np", exact=True).count()
    choose(page, "Right", "JAX")
    assert before == code.text_content()


def test_five_menus_and_nothing_under_more(page: Page) -> None:
    """The header leads everywhere at 1440 pixels, in five words."""
    page.goto("/index.html")
    menus = page.locator(".bd-header .navbar-nav > .nav-item:visible").all_inner_texts()

    assert ["Choose", "Compare code", "Examples", "Evidence", "About"] == menus


def test_two_columns_never_show_one_framework(page: Page) -> None:
    """PyTorch chosen on the first page is what the left column shows, and the right one another;
    so it stays when either is changed, and the address keeps both."""

    def shown() -> list[str]:
        labels = page.locator(".side-by-side .sd-tab-set > input:checked + label")
        return [text.strip() for text in labels.all_text_contents()]

    page.goto("/index.html")
    page.locator(".sd-tab-label", has_text="PyTorch").first.click()
    page.goto("/side_by_side/own_loop.html")
    page.wait_for_load_state("load")

    assert ["PyTorch", "TensorFlow"] == shown()[:2]

    choose(page, "Right", "PyTorch")

    assert ["TensorFlow", "PyTorch"] * (len(shown()) // 2) == shown()
    assert "framework=tensorflow" in page.url


def test_an_example_begins_with_its_result(page: Page) -> None:
    """Figure, time and downloads stand above the first code; no note leads to the end."""
    page.goto("/gallery/pytorch/train_mlp.html")
    head = page.locator(".example-head")
    code = page.locator(".bd-article .highlight").first

    assert head.bounding_box()["y"] < code.bounding_box()["y"]
    assert head.locator("img:visible").evaluate("image => image.complete && image.naturalWidth > 0")
    assert head.get_by_text("Download Python source code").is_visible()
    assert "Ran in" in head.inner_text()
    assert not page.get_by_text("Go to the end").count()


def test_dark_without_javascript(chromium: Browser, served: str) -> None:
    """A reader whose system is dark gets dark colours, code and charts included."""
    context = chromium.new_context(base_url=served, java_script_enabled=False, color_scheme="dark")
    page = context.new_page()
    page.goto("/index.html")
    light = {}
    for name, where in (("page", "body"), ("code", ".highlight pre")):
        color = page.locator(where).first.evaluate("e => getComputedStyle(e).backgroundColor")
        assert "rgba(0, 0, 0, 0)" != color, f"{name} has no colour of its own"
        light[name] = sum(map(int, re.findall(r"\d+", color)[:3]))
    context.close()

    assert max(light.values()) < 3 * 80, light


def test_tabs_open_without_javascript(plain_page: Page) -> None:
    """Without JavaScript a click on a tab still shows its framework."""
    plain_page.goto("/index.html")
    plain_page.locator(".sd-tab-label", has_text="PyTorch").click()

    assert plain_page.get_by_text("class Classifier").is_visible()
    assert not plain_page.get_by_text("model = tf.keras.Sequential").is_visible()


def test_the_timing_table_sorts(page: Page) -> None:
    """A click on a heading sorts by that column as numbers; a second one turns it round."""
    page.goto("/timings.html")
    heading = page.locator("th", has_text="Wall")
    column = "table.sortable tbody tr td:nth-child(4)"
    heading.click()
    page.locator("th[aria-sort]").wait_for()
    page.wait_for_timeout(100)
    first = [float(text) for text in page.locator(column).all_inner_texts()]
    heading.click()
    page.wait_for_timeout(100)
    second = [float(text) for text in page.locator(column).all_inner_texts()]

    assert sorted(first, reverse=True) == first
    assert sorted(second) == second
    assert len(first) == len(second) > 1


def test_the_timing_table_sorts_from_the_keyboard(page: Page) -> None:
    """Headings can be reached and pressed without a mouse."""
    page.goto("/timings.html")
    heading = page.locator("th", has_text="Peak")
    heading.get_by_role("button").focus()
    page.keyboard.press("Enter")
    page.locator("th[aria-sort]").wait_for()

    assert heading.get_attribute("aria-sort") in {"ascending", "descending"}


def test_the_timing_table_is_there_without_javascript(plain_page: Page) -> None:
    """Rows and numbers don't need a script."""
    plain_page.goto("/timings.html")

    assert plain_page.locator("table.sortable tbody tr").count() >= 7


def test_the_chart_follows_the_theme(page: Page) -> None:
    """A bar's colour is another one in the dark."""
    colors = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        page.goto("/performance.html")
        bar = page.locator("svg[role=img] rect[style]").first
        colors.append(bar.evaluate("bar => getComputedStyle(bar).fill"))

    assert colors[0] != colors[1]


def test_a_page_never_begins_in_the_theme_of_the_last_visit(chromium: Browser, served: str) -> None:
    """Who follows the system sees today's theme before any script of the theme has come."""
    context = chromium.new_context(base_url=served, color_scheme="light")
    page = context.new_page()
    page.goto("/pytorch.html", wait_until="networkidle")
    assert "light" == page.evaluate("localStorage.getItem('theme')")
    page.route("**/late.js", lambda route: route.abort())
    page.emulate_media(color_scheme="dark")
    page.goto("/keras.html")
    shown = page.evaluate("getComputedStyle(document.documentElement).colorScheme")
    context.close()

    assert "dark" == shown


def test_downloads_are_there(page: Page, served: str) -> None:
    """The script and the notebook of an example can be downloaded, and are whole."""
    page.goto("/gallery/pytorch/train_mlp.html")
    script = page.locator(".sphx-glr-download-python a").get_attribute("href")
    notebook = page.locator(".sphx-glr-download-jupyter a").get_attribute("href")
    base = f"{served}/gallery/pytorch/"

    assert "class Classifier" in page.request.get(base + script).text()
    assert json.loads(page.request.get(base + notebook).text())["cells"]


def test_siblings_follow_the_chosen_framework(page: Page) -> None:
    """Choosing one in a section chooses it in all of that column, and on the next page too."""

    def shown(group: str) -> set[str]:
        return set(columns(page, group))

    page.goto("/side_by_side/own_loop.html")

    assert {"TensorFlow"} == shown("framework")
    assert {"PyTorch"} == shown("framework-other")

    choose(page, "Right", "Keras")

    assert {"TensorFlow"} == shown("framework")
    assert {"Keras"} == shown("framework-other")

    page.goto("/side_by_side/serve.html")

    assert {"Keras"} == shown("framework-other")


def shown_rows(page: Page) -> set[str]:
    """The classes of the ledger's rows that can be seen."""
    rows = page.locator("table.ledger > tbody > tr:visible")
    return {name for row in rows.all() for name in (row.get_attribute("class") or "").split()}


def test_the_ledger_filters_without_javascript(plain_page: Page) -> None:
    """A verdict and a framework leave the rows that have both; all brings them back."""
    plain_page.goto("/ledger.html")
    rows = plain_page.locator("table.ledger > tbody > tr:visible")
    whole = rows.count()
    plain_page.get_by_label("False").check()
    of_verdict = rows.count()
    plain_page.get_by_role("radio", name="PyTorch").check()

    assert 0 < rows.count() < of_verdict < whole
    assert {"is-false", "about-pytorch"} <= shown_rows(plain_page)
    assert not {"is-holds", "is-outdated", "is-misleading"} & shown_rows(plain_page)

    for group in ("verdict", "about"):
        plain_page.locator(f"#ledger-{group}-all").check()

    assert whole == rows.count()


def test_a_filter_keeps_what_stands_inside_a_row(plain_page: Page) -> None:
    """A table in a claim's text stays whole when its row is left."""
    plain_page.goto("/ledger.html")
    plain_page.get_by_role("radio", name="Outdated").check()

    assert plain_page.get_by_text("Android and iOS").is_visible()


def test_the_filters_work_from_the_keyboard(page: Page) -> None:
    """The buttons are reached by Tab and changed by the arrows."""
    page.goto("/ledger.html")
    page.locator("#ledger-verdict-all").focus()
    page.keyboard.press("ArrowRight")

    assert {"is-holds"} == {name for name in shown_rows(page) if name.startswith("is-")}


def test_evidence_opens_without_javascript(plain_page: Page) -> None:
    """What the original said is folded until its line is clicked, and so is a claim's evidence."""
    plain_page.goto("/keras.html")
    note = plain_page.locator("#claim-keras-backends")

    assert not note.is_visible()

    plain_page.locator("details.behind > summary").click()
    check = note.get_by_text("published_that_work == 1")

    assert not check.is_visible()

    note.locator("summary").click()

    assert check.is_visible()


def test_evidence_is_printed(page: Page) -> None:
    """On paper the folded evidence is there to read."""
    page.goto("/keras.html")
    page.emulate_media(media="print")

    assert page.locator("#claim-keras-backends li").first.is_visible()


def test_a_quoted_value_says_where_it_comes_from(page: Page) -> None:
    """On hovering and on focus by the keyboard."""
    page.goto("/keras.html")
    link = page.locator("a:has(> [data-origin^='article/as_written: tokens_keras. Ran'])").first
    content = "e => getComputedStyle(e.firstElementChild, '::after').content"

    assert "none" == link.evaluate(content)

    link.hover()

    assert "article/as_written: tokens_keras. Ran" in link.evaluate(content)

    page.mouse.move(0, 0)
    page.keyboard.press("Tab")
    link.focus()

    assert "article/as_written: tokens_keras. Ran" in link.evaluate(content)


def test_a_verdict_is_readable_without_colour(page: Page) -> None:
    """It is a word, and stands beside the original's words."""
    page.goto("/pytorch.html")
    page.locator("details.behind > summary").click()

    assert page.locator("#claim-pytorch-example .claim-head .verdict").inner_text() == "false"


def test_the_mark_of_our_own_sentences_leads_to_the_evidence(page: Page) -> None:
    """It is reached by the keyboard, says what the sentence leans on, and opens its row."""
    page.goto("/keras.html")
    mark = page.locator("#claim-keras-one-file + a")
    mark.focus()

    assert "same_answers" in mark.evaluate(
        "e => getComputedStyle(e.firstElementChild, '::after').content"
    )

    page.keyboard.press("Enter")
    page.wait_for_url("**/ledger.html#claim-keras-one-file")

    assert page.locator("tr#claim-keras-one-file").is_visible()


def test_a_link_into_a_fold_opens_it(page: Page) -> None:
    """The ledger's links to what the original said are not led to a closed line."""
    page.goto("/ledger.html")
    page.locator("tr#claim-keras-simple").get_by_text("In the article", exact=True).click()
    page.wait_for_url("**/keras.html#claim-keras-simple")

    assert page.locator("#claim-keras-simple").is_visible()


def test_the_calculator_of_training_times(page: Page) -> None:
    """A rate becomes a time, by the number or by the slider; nonsense is answered with a word."""
    page.goto("/imagenet.html")
    told = page.locator(".hours output")
    page.locator("#hours-rate").fill("3203")

    assert "10 hours" in told.inner_text()

    page.locator(".hours input[type=range]").fill("0")

    assert "days" in told.inner_text()
    assert "1" == page.locator("#hours-rate").input_value()

    page.locator("#hours-rate").fill("-5")

    assert "Write a number" in told.inner_text()


def test_training_times_without_javascript(plain_page: Page) -> None:
    """The table is there, and no empty box."""
    plain_page.goto("/imagenet.html")

    assert plain_page.get_by_text("With 5% more").count()
    assert not plain_page.locator(".hours").inner_text()
