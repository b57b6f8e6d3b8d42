"""Our own sentences on the article's pages: each that states a fact of a framework has evidence."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, NavigableString, Tag

from conftest import ROOT, clean_environment

FRAMEWORKS = ("tensorflow", "pytorch", "keras", "jax")
PAGES = (
    "index", *FRAMEWORKS, "backends", "comparison", "language_models", "scale", "performance", "benchmarks", "imagenet",
    "leaving", "model_files", "resources", "recommendation", "choose",
)  # fmt: skip
NAMES = re.compile(r"\b(TensorFlow|PyTorch|Keras|JAX)\b")
#: Where a link leads that shows what a sentence leans on.
EVIDENCE = re.compile(r"(gallery/|measurements\.html|ledger\.html#|timings\.html|side_by_side/)")
MARK = "\N{CHECK MARK}"

#: How a sentence begins that names a framework without stating a fact of it, and why it may.
ALLOWED = {
    "Start in PyTorch if": "advice: the table below it gives the reasons",
    "Use PyTorch for published models": "advice: the table below it gives the reasons",
    "JAX on a TPU, or to divide": "advice: the table below it gives the reasons",
    "To serve on a CPU, export": "advice: the table below it gives the reasons",
    "TensorFlow, PyTorch, Keras and JAX divide": "the answer: the table below it has the evidence",
    "Tuned on one machine": "the answer: the tables below it have the evidence",
    "Beginners: Keras.": "advice", "Published models: PyTorch.": "advice",
    "Existing TensorFlow: keep it": "advice", "TPUs: JAX": "advice",
    "If you will work from papers": "advice",
    "Text is generated a token at a time": "how the stacks are written, in conf/bench/stacks",
    "The model was compiled with its loss": "how the stacks are written, in conf/bench/stacks",
    "Each time includes its share": "how it is measured, in conf/bench/stacks/of_keras.py",
    "Start with Keras, or with PyTorch": "advice",
    "To run on any backend, rewrite": "advice",
    "What you learn carries over": "follows from the sentence before, which has it",
    "The backend brings the GPU:": "leads to pages",
    "Compare the same lesson": "advice",
    "Convert an old pickle": "advice",
    "To leave Keras as well,": "leads in a list",
    "Set KERAS_BACKEND before": "an instruction, tried by the example that the next sentence names",
    "For TensorFlow it gives back": "leads in a table, of which the text below has the evidence",
    "Through tf.keras": "leads in code",
    "Without Keras the step is yours": "leads in code",
    "Operations run at once, and": "leads in a tested snippet, which shows both",
    "Which backend for Keras?": "a title",
    "No bet on an engine": "a title",
    "PyTorch computes with tensors": "what it is; the programs below it show that",
    "Keras is a high-level interface": "what it is; the programs below it show that",
    "JAX is NumPy that differentiates": "what it is; the programs below it show that",
    "The reference is the same model": "how the gate works, which tests/bench asserts",
    "A process times inference first": "how it is measured, in conf/bench/measure.py",
    "Keras is given arrays, as": "how it is measured, in conf/bench/stacks/of_keras.py",
    "On a Mac it has what its backend": "follows from the table and from the tab of PyTorch",
}  # fmt: skip


@cache
def page(name: str) -> BeautifulSoup:
    text = (ROOT / f"build/html/{name}.html").read_text(encoding="utf-8")
    return BeautifulSoup(text, "html.parser")


def visible(name: str) -> Tag:
    """The article of a page without code, headings, what the build makes of a record, labels, and
    what is folded."""
    article = BeautifulSoup(str(page(name).select_one("article")), "html.parser")
    gone = (
        "details, pre, h1, h2, h3, .bars-box, .of-record, .byline, .headerlink, .sd-tab-label, "
        ".sd-card-header, .prev-next-area"
    )
    for tag in article.select(gone):
        tag.decompose()
    return article


def words(tag: Tag) -> str:
    """A block's text, each piece of evidence in it a mark; a bold lead is one with what follows."""
    parts: list[str] = []
    for node in tag.descendants:
        if isinstance(node, NavigableString):
            if node.find_parent(class_="ours-mark") is None:
                leads = node.find_parent("strong") is not None and node.find_parent("li")
                parts.append(str(node).rstrip(".") + ":" if leads else str(node))
        elif node.name == "a" and is_evidence(node):
            parts.append(MARK)
    return " ".join("".join(parts).split())


def is_evidence(link: Tag) -> bool:
    cited = link.select_one("[data-origin]") is not None
    return cited or bool(EVIDENCE.search(str(link.get("href", ""))))


def sentences(text: str) -> list[str]:
    """Sentences, each with the marks that stand in it or right behind it."""
    text = re.sub(rf"([.!?])((?: ?{MARK})+)", r"\2\1", text)
    return [part for part in re.split(r"(?<=[.!?])\s+(?=\S)", text) if part]


def blocks(article: Tag) -> list[str]:
    """Paragraphs and items, and rows of tables as one each."""
    rows = [words(row) for row in article.select("tbody tr")]
    found = [
        words(p)
        for p in article.select("p, li")
        if not p.find_parent("table") and not p.select("p, ul, ol")
    ]
    return [f"row: {row}" for row in rows] + [part for text in found for part in sentences(text)]


def bare(name: str) -> list[str]:
    """The sentences of a page that name a framework, have no evidence and are not on the list."""
    return [
        text
        for text in blocks(visible(name))
        if NAMES.search(text)
        and MARK not in text
        and not any(text.startswith(one) for one in ALLOWED)
    ]


@pytest.mark.parametrize("name", PAGES)
def test_each_fact_of_a_framework_has_evidence(html: Path, name: str) -> None:
    assert [] == bare(name)


def test_a_bare_sentence_is_found() -> None:
    """The check sees what it is for, and what carries evidence behind its full stop."""
    made = BeautifulSoup(
        '<p>Keras is slow. JAX is fast.<a href="ledger.html#claim-x"><span class="ours-mark">✓</span></a>'
        ' See <a href="x.html">this</a> of PyTorch.</p>',
        "html.parser",
    )
    found = [text for text in blocks(made) if NAMES.search(text) and MARK not in text]

    assert ["Keras is slow.", "See this of PyTorch."] == found


def test_the_list_has_nothing_that_is_gone(html: Path) -> None:
    every = [text for name in PAGES for text in blocks(visible(name))]

    assert [] == [one for one in ALLOWED if not any(text.startswith(one) for text in every)]


def test_there_are_enough(html: Path) -> None:
    """58 of the original's, 80 of ours; 60 of all lean on a script that this build ran."""
    claims = json.loads((html / "data/claims.json").read_text(encoding="utf-8"))
    ours = [claim for claim in claims if claim["kind"] == "ours"]
    executed = [c for c in claims if any(e["kind"] == "example" for e in c["evidence"])]

    assert 58 == len(claims) - len(ours)
    assert 80 <= len(ours)
    assert 60 <= len(executed)
    for claim in ours:
        assert claim["evidence"], claim["id"]
        assert [] == claim["problems"], claim["id"]


def test_only_the_audit_argues_with_the_original(html: Path) -> None:
    """No page of the article speaks of it outside of its fold."""
    for name in PAGES:
        text = " ".join(visible(name).get_text(" ").split())

        assert "the original" not in text.lower(), name
    assert "the original" in page("audit").get_text().lower()


def test_the_four_pages_have_one_order(html: Path) -> None:
    """Choose, install, train, pros and cons, traps, production, health."""
    found = {
        name: [h.get_text().rstrip("#") for h in page(name).select("article h2")]
        for name in FRAMEWORKS
    }

    assert 7 == len(found["keras"])
    assert all(found["keras"] == headings for headings in found.values()), found


def test_the_first_page_is_read_in_six_minutes(html: Path) -> None:
    told = page("index").select_one(".byline").get_text()

    assert int(re.search(r"(\d+) minutes to read", told)[1]) <= 6


#: A comparison, and one that is false where it holds.
OPPOSITES = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
_SIGN = re.compile(r"\s(<=|>=|==|!=|<|>)\s")


def opposite(check: str) -> str:
    """The check with its first comparison turned round."""
    return _SIGN.sub(lambda sign: f" {OPPOSITES[sign[1]]} ", check, count=1)


def test_every_opposite_fails_the_build(html: Path, tmp_path: Path) -> None:
    """All checks of all pages turned round at once: the build names each."""
    for folder in ("docs", "conf", "gallery"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "constraints.txt", tmp_path)
    shutil.copytree(ROOT / "build/records", tmp_path / "build/records")
    turned = 0
    for path in (tmp_path / "docs").glob("*.md"):
        text, count = turn_round(path.read_text(encoding="utf-8"))
        path.write_text(text, encoding="utf-8")
        turned += count
    command = [sys.executable, "-m", *"sphinx -nWq --keep-going -c conf -b html docs out".split()]
    done = subprocess.run(
        command, cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=clean_environment(PYTHONPATH=str(tmp_path / "conf"), PATTERN="none of them"),
    )  # fmt: skip
    told = len(re.findall(r"` does not hold: found ", done.stdout))
    claims = json.loads((html / "data/claims.json").read_text(encoding="utf-8"))
    all_checks = [one for claim in claims for one in claim["evidence"] if one.get("check")]

    assert 0 != done.returncode
    assert 250 < turned == len(all_checks)
    assert told == len([one for one in all_checks if one["holds"]])


def turn_round(text: str) -> tuple[str, int]:
    """A page with the opposite of each check, and how many that are."""
    count = 0

    def one(found: re.Match[str]) -> str:
        nonlocal count
        count += 1
        return opposite(found[0])

    def marked(found: re.Match[str]) -> str:
        parts = found[0].rstrip("`").split(";")
        return ";".join(re.sub(r"(?s).+", one, p) if _SIGN.search(p) else p for p in parts) + "`"

    text = re.sub(r"\{claim\}`[^`<]*;[^`]*`", marked, text)
    text = re.sub(
        r"(?m)^(  )?(evidence: \")?(?!source)[a-z_]+/[a-z0-9_]+: [^\n]*",
        lambda m: one(m) if _SIGN.search(m[0]) else m[0],
        text,
    )
    return text, count
