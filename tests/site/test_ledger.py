"""The ledger of the real site: every statement of the original, judged and supported."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup, Tag

from conftest import ROOT
from found import FOUND
from site_ext.claims import checks, original
from site_ext.claims.domain import VERDICTS

if TYPE_CHECKING:
    from pathlib import Path

ARTICLE = (
    "index", "tensorflow", "pytorch", "keras", "jax", "backends", "comparison", "language_models",
    "scale", "performance", "benchmarks", "imagenet", "leaving", "model_files", "resources", "recommendation", "choose", "audit",
)  # fmt: skip


@pytest.fixture(scope="module")
def claims(html: Path) -> list[dict]:
    return json.loads((html / "data/claims.json").read_text(encoding="utf-8"))


def page(html: Path, name: str) -> BeautifulSoup:
    return BeautifulSoup((html / f"{name}.html").read_text(encoding="utf-8"), "html.parser")


def test_every_statement_is_judged(claims: list[dict]) -> None:
    """Each of the original's statements, in its order, in its words."""
    wanted = original.read(ROOT / "docs/original.md")

    found = [(c["section"], c["statement"]) for c in claims if c["kind"] == "original"]

    assert [(s.place, s.words) for s in wanted] == found
    assert len(claims) == len({claim["id"] for claim in claims})


def test_every_verdict_is_supported(claims: list[dict]) -> None:
    """A verdict that is one, something true to say, and evidence that holds in this build."""
    for claim in claims:
        assert claim["verdict"] in VERDICTS
        assert len(claim["now"]) > 10, claim["id"]
        assert claim["evidence"] or "opinion" == claim["verdict"], claim["id"]
        # A machine may be busy while a time is taken: that is said, and judges nothing.
        assert all(" was timed while " in reason for reason in claim["not_checked"]), claim["id"]
        assert claim["checked_at"] or not claim["evidence"]
        for one in claim["evidence"]:
            if one["kind"] == "source":
                assert all(one[key] for key in ("title", "publisher", "address", "fact", "read"))
            else:
                timed = one["holds"] is None and " was timed while " in one["reason"]
                assert timed or one["holds"] is True
                assert timed or checks.check(one["check"]).value(one["found"]) is True


def test_thirty_are_backed_by_execution(claims: list[dict]) -> None:
    """At least thirty lean on an example that this build executed."""
    executed = [c for c in claims if any(e["kind"] == "example" for e in c["evidence"])]

    assert len(executed) >= 30


def test_the_defects_of_each_sample_are_listed(claims: list[dict]) -> None:
    """Names that are not defined, and whatever else is wrong, for all three."""
    samples = {c["frameworks"][0]: c["now"] for c in claims if c["section"].endswith("/ Example")}

    assert {"TensorFlow", "PyTorch", "Keras"} == set(samples)
    for text in samples.values():
        assert "NameError" in text
        assert "seed" in text
        assert "test" in text
    assert "softmax" in samples["PyTorch"]
    assert "ten steps" in samples["PyTorch"]
    assert "eval()" in samples["PyTorch"]
    for framework in ("TensorFlow", "Keras"):
        assert "input_shape" in samples[framework]
    assert "validation_split" in samples["TensorFlow"]


def test_the_page_is_the_data(html: Path, claims: list[dict]) -> None:
    """A row a claim, its verdict and its evidence, and counts that add up."""
    tables = page(html, "ledger").select("table.ledger, table.ledger-of-ours")
    found = [row for table in tables for row in table.select(":scope > tbody > tr")]
    rows = {row["id"].removeprefix("claim-"): row for row in found}

    assert [claim["id"] for claim in claims] == list(rows)
    for claim in claims:
        row = rows[claim["id"]]
        if claim["kind"] == "original":
            assert claim["verdict"] == row.select_one(".verdict").get_text()
            assert f"is-{claim['verdict']}" in row["class"]
        assert len(claim["evidence"]) == len(row.select(":scope > td:last-child > ul > li"))
    labels = [label.get_text(strip=True) for label in page(html, "ledger").select("fieldset label")]
    for verdict in VERDICTS:
        theirs = [claim for claim in claims if claim["kind"] == "original"]
        number = len([claim for claim in theirs if claim["verdict"] == verdict])
        assert f"{verdict.capitalize()} ({number})" in labels


def test_each_claim_has_its_note(html: Path, claims: list[dict]) -> None:
    """The page that the data names has the note, with its words and a link to the ledger."""
    pages: dict[str, dict[str, Tag]] = {}
    for claim in claims:
        name, _, place = claim["page"].partition("#")
        if name not in pages:
            named = page(html, name.removesuffix(".html")).find_all(id=True)
            pages[name] = {tag["id"]: tag for tag in named}
        found = pages[name].get(place)

        assert found is not None, claim["page"]
        around = found if claim["kind"] == "original" else found.parent
        assert around.select_one(f'a[href="ledger.html#{place}"]') is not None


def test_reading_takes_what_it_says(html: Path) -> None:
    """Words as a reader's browser shows them, less what is folded, give the minutes: of the first
    page, and of all pages of the article."""
    of_all = [minutes_of(html, name) for name in ARTICLE]
    told = page(html, "index").select_one(".byline").get_text()
    own, all_pages = map(int, re.search(r"(\d+) minutes to read, (\d+) with all", told).groups())

    assert abs(of_all[0] - own) <= 1.2
    assert abs(sum(of_all) - all_pages) <= 1.2


def minutes_of(html: Path, name: str) -> float:
    words = code = 0
    article = page(html, name).select_one("article")
    for tag in article.select(
        "details > *:not(summary), script, svg, .visually-hidden, a.headerlink, .byline, .prev-next-area"
    ):
        tag.decompose()
    for block in article.select("pre"):
        code += len(re.findall(r"\w+", block.get_text()))
        block.decompose()
    words += len(re.findall(r"\w+", article.get_text(" ")))
    return (words + code / 2) / 230


#: Numbers that no record could supply, each with why it may be typed.
ALLOWED = {
    r"(?:19|20)\d\d": "a year, of history",
    r"(?<=ResNet-)50|(?<=UTF-)8|(?<=Caffe)2|(?<=WSL)2|(?<=[APVH])100|(?<=TPU v)4|(?<=DGX-)2|(?<=TF)32|(?<=TensorFloat-)32|(?<=Tesla T)4|(?<=H)200|(?<=Gaudi)2": "a part of a name",
    r"(?<=[vV]ersion )\d[\d.]*|(?<=TensorFlow )\d[\d.]*|(?<=Keras )\d[\d.]*|(?<=Training )\d[\d.]*":
        "a version, in history",
    r"\d+(?= bits?)|(?<=eight bits instead of )32": "the length of a number",
    r"784(?= inputs| numbers)|128(?=, 64 and 10 units)|64(?= and 10 units)|10(?= units)": "the sizes of layers",
}  # fmt: skip


def prose(text: str) -> str:
    """A page's source without what is no prose: options, code, charts, roles, addresses."""
    for pattern, instead in (
        (r"\A---\n.*?\n---\n", ""),
        (r"^(:{3,}|`{3,})\{claim\}[^\n]*\n---\n.*?\n---\n", ""),
        (r"^(`{3,})[^\n]*\n.*?^\1$", ""),
        (r"^    .*$", ""),
        (r"^:{3,}\{grid\}.*$", ""),
        (r"^\d+\. ", ""),
        (r"\{[\w-]+\}`[^`]*`", "…"),
        (r"`[^`]*`", "…"),
        (r"\]\([^)]*\)", "]"),
        (r"<[^>]+>", ""),
    ):
        text = re.sub(pattern, instead, text, flags=re.DOTALL | re.MULTILINE)
    return text


def typed(text: str) -> list[str]:
    """The numbers in a page's prose that are not on the list, with what stands around them."""
    words = " ".join(prose(text).split())
    for pattern in ALLOWED:
        words = re.sub(pattern, "…", words)
    return [words[max(0, m.start() - 30) : m.end() + 20] for m in re.finditer(r"\d[\d.,]*", words)]


def test_no_number_is_typed_that_a_record_could_supply() -> None:
    """Years, versions, sizes of layers and bits apart, every number in the pages is quoted."""
    for path in sorted((ROOT / "docs").glob("*.md")):
        if path.name != "original.md":
            assert [] == typed(path.read_text(encoding="utf-8")), path.name


@pytest.mark.parametrize(
    "sentence",
    ["It reaches 97.2 %.", "It took 16 minutes.", "It is 3 times slower.", "with 3,584 H100"],
)
def test_a_typed_number_is_found(sentence: str) -> None:
    """The check sees what it is for."""
    assert typed(f"---\ndate: 2025-12-08\n---\n\n# T\n\nSince 2016, {sentence}\n")


def test_no_measurement_is_typed_into_the_scripts_prose() -> None:
    """The examples' texts have settings and shapes, but no share, time or figure that was measured."""
    measurement = r"(?<![\w.-])(?:\d+\.\d+|\d[\d.,]*\s*(?:%|ms|MiB|MB|seconds|points)\b)"
    for example in FOUND:
        for kind, text in ((block.kind, block.shown) for block in example.blocks):
            if kind == "text" and example.name != "article/as_written":
                words = re.sub(r"``[^`]*``|(?:TensorFlow|Keras|PyTorch) [\d.]+", "", text)
                assert [] == re.findall(measurement, words), example.name
