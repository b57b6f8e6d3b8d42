"""The built site as a reader and a host get it."""

from __future__ import annotations

import json
import os
import re
import runpy
import sys
import xml.etree.ElementTree as ET
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup

from conftest import ROOT
from found import FOUND
from site_ext.base import drawing

FIELDS = {
    "name", "title", "path", "frameworks", "status", "reason", "wall_seconds", "run_seconds",
    "cpu_seconds", "peak_rss_mib", "exclusive", "measured", "versions", "machine", "commit",
    "executed_at", "key", "disturbed", "origin", "tolerances",
}  # fmt: skip


def pages(html: Path) -> dict[Path, BeautifulSoup]:
    return {
        path: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for path in sorted(html.glob("**/*.html"))
        if "_static" not in path.parts
    }


@pytest.fixture(scope="module")
def parsed(html: Path) -> dict[Path, BeautifulSoup]:
    return pages(html)


@pytest.fixture(scope="module")
def entries(html: Path) -> list[dict]:
    return json.loads((html / "data/examples.json").read_text(encoding="utf-8"))


def test_nothing_is_loaded_from_elsewhere(parsed: dict[Path, BeautifulSoup], html: Path) -> None:
    """No script, style, image, font or frame has another host's address, in pages or styles."""
    for path, page in parsed.items():
        for tag in page.find_all(["script", "link", "img", "iframe", "source", "video"]):
            address = tag.get("src") or tag.get("href") or ""
            if tag.name == "link" and "canonical" in (tag.get("rel") or []):
                continue

            assert not urlsplit(address).netloc, f"{path.relative_to(html)}: {tag}"
    for style in html.glob("**/*.css"):
        outside = re.findall(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//[^)\s]+", style.read_text())

        assert [] == outside, style


def test_links_within_lead_somewhere(parsed: dict[Path, BeautifulSoup], html: Path) -> None:
    """Every relative link has its file, every fragment its target."""
    named = {path: {tag["id"] for tag in page.find_all(id=True)} for path, page in parsed.items()}
    for path, page in parsed.items():
        for link in page.select("a[href], img[src], link[href], script[src]"):
            address = urlsplit(link.get("href") or link.get("src"))
            if address.scheme or address.netloc:
                continue
            target = (path.parent / address.path).resolve() if address.path else path

            assert target.exists(), f"{path.relative_to(html)}: {link}"
            if address.fragment and target.suffix == ".html" and target in parsed:
                assert address.fragment in named[target], f"{path.relative_to(html)}: {link}"


def test_search_words_are_of_pages_that_are_there(html: Path) -> None:
    """A page that got another name takes the words along by which readers look for it."""
    words = runpy.run_path(str(ROOT / "conf/conf.py"))["search_words"]

    assert [] == [page for page in words if not (html / f"{page}.html").exists()]


def test_no_path_of_the_building_machine(html: Path) -> None:
    """Neither the repository's folder nor home nor the environment is named in any text file."""
    folders = {str(ROOT), str(Path.home()), sys.prefix, os.path.dirname(os.__file__)}
    wanted = {f"{folder}/" for folder in folders if folder != "/"}
    for path in html.glob("**/*"):
        if path.suffix in {".html", ".json", ".js", ".txt", ".ipynb", ".py", ".inv"}:
            text = path.read_text(encoding="utf-8", errors="replace")
            for one in wanted:
                assert one not in text, f"{path.relative_to(html)} has {one}"


def test_every_example_has_its_card(parsed: dict[Path, BeautifulSoup], html: Path, entries) -> None:
    """Status, times, memory, versions, machine, commit, date, and whether it ran alone."""
    labels = [
        "Status", "Wall time", "Run time", "Processor time", "Peak memory", "Frameworks",
        "Python", "Machine", "Alone", "Commit", "Executed", "Record", "To install", "Run it again",
    ]  # fmt: skip
    for entry in entries:
        page = parsed[html / entry["page"]]
        card = page.select_one(".provenance")
        shown = {
            term.get_text(): term.find_next("dd").get_text().strip() for term in card.select("dt")
        }

        assert labels == list(shown), entry["name"]
        assert card.find_next(["h1", "h2"]) is None, "the card is not at the foot"
        assert page.select_one(".example-head .sphx-glr-download") is not None
        assert f"{entry['wall_seconds']:.1f} s" in shown["Wall time"]
        assert entry["machine"]["cpu"] in shown["Machine"]
        assert f"python {entry['path']}" == shown["Run it again"]


def test_what_draws_and_what_checks_is_folded(
    parsed: dict[Path, BeautifulSoup], html: Path, entries
) -> None:
    """On every page of an example; what they print stands open, and nothing else is folded."""
    for entry in entries:
        page = parsed[html / entry["page"]]
        blocks = page.select(".bd-article .highlight pre")
        behind = {True: [], False: []}
        for block in blocks:
            behind[block.find_parent("details") is not None].append(block.get_text())
        checks = [text for text in behind[True] if re.search(r"^measured\b", text, re.MULTILINE)]

        assert checks, entry["name"]
        assert not [t for t in behind[False] if re.search(r"^measured\b", t, re.MULTILINE)]
        assert not page.select("details .sphx-glr-script-out")
        for text in behind[True]:
            assert text in checks or "plt.subplots(" in text, entry["name"]
        tags = page.select_one(".sphx-glr-example-tags")
        assert tags is None or tags.get_text().startswith("Tags: ")


def test_the_first_page_has_a_chart_beside_its_answer(
    parsed: dict[Path, BeautifulSoup], html: Path, entries
) -> None:
    """What this build measured, a bar for each framework, with when and with what."""
    box = parsed[html / "index.html"].select_one(".answer")
    measured = {entry["name"]: entry["measured"] for entry in entries}
    shown = [text.get_text() for text in box.select("svg .bars-value")]
    of = ("pytorch/train_mlp", "keras/train_mlp_jax", "jax/train_mlp", "tensorflow/train_mlp")

    assert [f"{measured[name]['accuracy']:.0%}" for name in of] == shown
    assert "PyTorch" in box.select_one("figcaption").get_text()
    assert "checked at every build" in box.get_text()


def test_each_page_shows_its_own_figures(parsed, html: Path, entries: list[dict]) -> None:
    """The drawings of a page are, to the letter, what its own example drew: siblings share names.
    Each stands there for a light page and for a dark one, and says in words what it shows."""
    for entry in entries:
        name = entry["name"].replace("/", ".")
        record = json.loads((ROOT / f"build/records/{name}.json").read_text())
        figures = [figure for output in record["outputs"] for figure in output["figures"]]
        page = html / entry["page"]
        shown = {
            theme: parsed[page].select(f"img.sphx-glr-single-img.only-{theme}")
            for theme in ("light", "dark")
        }
        drawn = [(page.parent / image["src"]).read_text() for image in shown["light"]]

        assert figures, entry["name"]
        assert [figure["svg"] for figure in figures] == drawn, entry["name"]
        assert len(shown["dark"]) == len(drawn), entry["name"]
        for image in [*shown["light"], *shown["dark"]]:
            assert len(image["alt"]) > 25, entry["name"]
            assert image["width"], entry["name"]
            assert image["height"], entry["name"]


def test_every_image_has_dimensions_and_a_text(parsed, html: Path) -> None:
    """Nothing on a page jumps when a picture comes; an empty text says that it only decorates."""
    for path, page in parsed.items():
        for image in page.select("article img"):
            where = f"{path.relative_to(html)}: {image.get('src')}"

            assert image.has_attr("alt"), where
            assert image.get("width"), where
            assert image.get("height"), where


def test_no_id_stands_twice_on_a_page(parsed, html: Path) -> None:
    """A link leads to one place."""
    for path, page in parsed.items():
        ids = [tag["id"] for tag in page.select("[id]")]

        assert len(ids) == len(set(ids)), (
            f"{path.relative_to(html)}: {sorted({i for i in ids if ids.count(i) > 1})}"
        )


def test_drawings_have_legible_labels(html: Path) -> None:
    """Text in a drawing has a contrast of at least 4.5 to the page, light and dark; white stands on
    a shape."""
    grounds = {"light": "#ffffff", "dark": drawing.GROUND}
    for path in (html / "_images").glob("*.svg"):
        ground = grounds["dark" if path.stem.endswith("_dark") else "light"]
        root = ET.fromstring(path.read_text())
        for text in root.iter(f"{{{drawing.SVG}}}g"):
            if not text.get("id", "").startswith("text_"):
                continue
            for part in text.iter():
                color = re.search(r"fill: ?(#[0-9a-f]{6})", part.get("style", ""))
                if color and color[1] != ground:
                    assert drawing.contrast(color[1], ground) >= 4.49, (path.name, color[1])


def test_published_data(entries: list[dict]) -> None:
    """Every field of the promised form; every example passed, alone, with values measured."""
    timed = {example.name for example in FOUND if example.timed}
    for entry in entries:
        assert set(entry) >= FIELDS
        assert "passed" == entry["status"], entry["reason"]
        assert entry["exclusive"] or entry["name"] not in timed
        assert len(entry["measured"]) >= 3
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", entry["executed_at"])
        assert set(entry["machine"]) == {"cpu", "cores", "ram_gib", "os", "gpu", "during"}
        for framework in entry["frameworks"]:
            assert framework in entry["versions"]
        assert 0 < entry["run_seconds"] <= entry["wall_seconds"]


def test_frameworks_of_the_examples(entries: list[dict]) -> None:
    """What each imports, its Keras backend among it."""
    found = {entry["name"]: set(entry["frameworks"]) for entry in entries}

    assert {"torch"} == found["pytorch/train_mlp"]
    assert {"tensorflow"} == found["tensorflow/train_mlp_raw"]
    assert {"keras", "jax"} == found["keras/train_mlp_jax"]
    assert {"tensorflow", "torch", "keras"} == found["article/as_published"]


def test_examples_print_no_warning(
    parsed: dict[Path, BeautifulSoup], html: Path, entries: list[dict]
) -> None:
    """No page shows a warning; the article's own, of input_shape, is told in a sentence."""
    for entry in entries:
        outputs = parsed[html / entry["page"]].select(".sphx-glr-script-out")

        assert [] == [o.get_text() for o in outputs if "Warning" in o.get_text()], entry["name"]


def test_the_timing_table_has_every_example(parsed, html: Path, entries: list[dict]) -> None:
    """A row an example, numbers in columns of their own, no library from elsewhere."""
    table = parsed[html / "timings.html"].select_one("table.sortable")
    rows = table.select("tbody tr")
    first = {row.select_one(".timing-name").get_text(strip=True): row for row in rows}

    assert {entry["name"] for entry in entries} == set(first)
    for entry in entries:
        numbers = [cell.get_text(strip=True) for cell in first[entry["name"]].select("td.number")]
        assert f"{entry['wall_seconds']:.1f}" == numbers[0]


def test_the_article_is_whole(parsed, html: Path) -> None:
    """Title, date, level, categories, computed reading time; all sections; the name repaired."""
    index = parsed[html / "index.html"]
    byline = index.select_one(".byline").get_text()
    # The words of the original are quoted as they were, mangled name and all.
    article = {path: page for path, page in parsed.items() if path.parent == html}
    text = " ".join(page.get_text() for page in article.values())
    quoted = [w.get_text() for page in article.values() for w in page.select(".claim-words")]

    assert "Deep Learning Frameworks: TensorFlow vs PyTorch vs Keras" in index.h1.get_text()
    assert "8 December 2025" in byline
    assert "Intermediate" in byline
    assert "deep-learning, frameworks" in byline
    assert re.search(r"\b\d+ minutes to read", byline)
    assert "François Chollet" in text
    assert text.count("Fran√") == "".join(quoted).count("Fran√")
    headings = {h.get_text().rstrip("#") for page in parsed.values() for h in page.select("h1, h2")}
    assert {
        "Overview", "TensorFlow", "PyTorch", "Keras", "JAX", "Pros and cons", "Comparison",
        "When to use TensorFlow", "When to use PyTorch", "When to use Keras",
        "Performance benchmarks", "Learning path", "Recommendation", "The audit",
    } <= headings  # fmt: skip


def test_the_illustration_is_drawn_from_the_record(parsed, html: Path, entries) -> None:
    """One figure in the audit, with its values in words, as the record has them."""
    [image] = parsed[html / "audit.html"].select("article svg[role=img]")
    article = next(e for e in entries if e["name"] == "article/as_published")["measured"]

    for name in ("tensorflow_published", "torch_published", "torch_repaired"):
        assert f"{article[name]:.0%}" in image["aria-label"]


def test_code_in_the_article_is_the_gallerys(parsed, html: Path) -> None:
    """Each block of Python in the article's pages is a part of a script, or a tested snippet."""
    scripts = [path.read_text() for path in (ROOT / "gallery").glob("**/*.py")]
    for path in html.glob("*.html"):
        for block in parsed[path].select(".highlight-python pre"):
            code = block.get_text().strip()

            assert any(code in script for script in scripts), f"{path.name}: {code[:60]}"


def untested(text: str) -> str:
    """A page's source without its tested snippets."""
    block = r"^(`{3,}|:{3,})\{(doctest|testcode|testoutput)\}.*?^\1"
    return re.sub(block, "", text, flags=re.MULTILINE | re.DOTALL)


def test_no_prompt_escapes_testing() -> None:
    """Prompts stand in {doctest} or {testcode} blocks only, in every page and header."""
    sources = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("gallery/**/*.rst")]
    for path in sources:
        assert ">>>" not in untested(path.read_text(encoding="utf-8")), path.name


def test_each_framework_has_a_tested_snippet() -> None:
    """The frameworks' pages have at least one {doctest}."""
    for name in ("tensorflow", "pytorch", "keras", "jax"):
        assert "```{doctest}" in (ROOT / f"docs/{name}.md").read_text()


def test_no_page_has_an_empty_side(parsed, html: Path) -> None:
    """What has no pages below it lists none at its side."""
    for path, page in parsed.items():
        side = page.select_one(".bd-sidebar-primary .bd-toc-item")
        if side is not None and "gallery" not in path.parts:
            assert side.select("a"), path.name


@pytest.mark.parametrize(
    "name",
    ["pydata-sphinx-theme", "sphinx", "sphinx-copybutton", "sphinx-design", "sphinx-gallery"],
)
def test_licences_are_those_of_what_is_installed(html: Path, name: str) -> None:
    """The text that the site carries is the one that came with what it carries."""
    files = metadata.files(name) or []
    [licence] = [one for one in files if one.name in {"LICENSE", "LICENSE.rst"}]
    ours = (html / "_static/licenses" / f"{name}.txt").read_text()

    assert licence.read_text() == ours
    assert f"_static/licenses/{name}.txt" in (html / "third_parties.html").read_text()


def test_the_citation_names_the_newest_release() -> None:
    """As the list of releases has it."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    newest = json.loads((ROOT / "conf/releases.json").read_text())[-1]

    assert (newest["version"], newest["date"]) == (
        citation["version"],
        str(citation["date-released"]),
    )
