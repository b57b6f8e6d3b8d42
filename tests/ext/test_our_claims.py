"""Sentences of our own: checked like the original's, marked lightly, listed beside them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from conftest import Site, claims_site

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "docs/own.md"
TEXT = """\
# Own

First comes a sentence
of no weight, and its lines
stay apart. Alpha takes {measured}`speed/run.seconds_alpha:.1f s`,
and **beta**
less.{claim}`own-slower; speed/run: seconds_alpha > seconds_beta; source: alpha-first` Nothing more.

## In parts

**Bold is one.** - not this. **It is
bold.** Beta came second.{claim}`own-second; speed/run: winner == "beta"`

- **In short.** Beta wins.{claim}`own-winner; speed/run: winner == "beta"` Alpha came first.{claim}`own-first;
  source: alpha-first`

| a | b |
| --- | --- |
| x | One of {doc}`gallery/speed/run`{claim}`own-cell; measurements/large: minutes_b / minutes_a < 1.05` |
"""


def with_own(folder: Path) -> Site:
    site = claims_site(folder)
    site.write(PAGE, TEXT)
    site.change("docs/index.md", "\nledger\n", "\nledger\nown\n")
    site.change(
        "docs/ledger.md", "```{ledger}\n```", "```{ledger}\n```\n\n## Ours\n\n```{ledger} ours\n```"
    )
    return site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return with_own(tmp_path / "site")


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = with_own(tmp_path_factory.mktemp("ours") / "site")
    assert 0 == (build := site.build()).code, build.text
    return site


def test_the_sentence_is_found(good: Site) -> None:
    """What stands since the last sentence, roles resolved, is the statement; its place is told."""
    found = {c["id"]: c for c in good.claims().values() if c["kind"] == "ours"}

    assert {
        "own-slower": "Alpha takes 3.5\N{NO-BREAK SPACE}s, and beta less.",
        "own-second": "Beta came second.",
        "own-winner": "In short. Beta wins.",
        "own-first": "Alpha came first.",
        "own-cell": "One of Run it",
    } == {name: claim["statement"] for name, claim in found.items()}
    assert "Own / In parts" == found["own-winner"]["section"]
    assert "Own / In parts / x" == found["own-cell"]["section"]
    assert "own.html#claim-own-winner" == found["own-winner"]["page"]
    assert [True, True] == [finding["holds"] for finding in found["own-slower"]["evidence"]]


def test_the_mark_is_light(good: Site) -> None:
    """A small mark behind the sentence leads to the ledger and says what it leans on."""
    page = good.page("own")
    sentence = page.select_one("#claim-own-slower")
    mark = sentence.find_next_sibling("a")

    assert "Alpha takes 3.5\N{NO-BREAK SPACE}s, and beta less." == re.sub(
        r"[ \n]+", " ", sentence.get_text()
    )
    assert "ledger.html#claim-own-slower" == mark["href"]
    assert "ours-holds" in mark.span["class"]
    assert "seconds_alpha = 3.5" in mark.select_one("[data-origin]")["data-origin"]
    assert "Alpha 0.1 (2015-05-01)" in mark.select_one("[data-origin]")["data-origin"]
    assert page.select(".claim") == []
    assert "a sentence of no weight, and its lines stay apart. Alpha" in " ".join(
        sentence.find_parent("p").get_text().split()
    )


def test_the_ledger_has_them_apart(good: Site) -> None:
    """A table of its own, with evidence and a way back; the original's counts stay its own."""
    page = good.page("ledger")
    rows = page.select("table.ledger-of-ours > tbody > tr")

    assert 5 == len(rows)
    assert 7 == len(page.select("table.ledger > tbody > tr"))
    assert "own.html#claim-own-slower" in [a["href"] for a in rows[0].select("a")]
    assert "Of 7 statements" in good.page("index").get_text()


WRONG = {
    "the opposite": (
        "seconds_alpha > seconds_beta", "seconds_alpha < seconds_beta",
        r"docs/own\.md:\d+: WARNING: claim own-slower: speed/run: `seconds_alpha < seconds_beta` "
        r"does not hold: found seconds_alpha = 3\.5, seconds_beta = 1\.5",
    ),
    "no evidence": (
        '{claim}`own-winner; speed/run: winner == "beta"`', "{claim}`own-winner;`",
        r"docs/own\.md:\d+: ERROR: claim: own-winner has no evidence; give some",
    ),
    "no sentence": (
        "Nothing more.", "\n\n{claim}`own-none; source: alpha-first`",
        r"claim own-none: stands behind no sentence",
    ),
    "no id": ("own-first;", "Own First;", r"ERROR: claim: the id 'Own First' is not of the form"),
    "told twice": ("own-first;", "own-winner;", r"claim own-winner: is told twice"),
    "no such source": (
        "less.{claim}`own-slower; ", "less.{claim}`own-slower; source: alpha-frist; ",
        r"claim own-slower: there is no source 'alpha-frist'; did you mean alpha-first\?",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_fails_the_build(site: Site, what: str) -> None:
    """Page, line, claim and the value that was found."""
    old, new, says = WRONG[what]
    site.change(PAGE, old, new)
    build = site.build()

    assert 1 == build.code, build.text
    assert re.search(says, build.text), build.text


def test_one_that_fell_says_so_on_its_page(site: Site) -> None:
    site.change(PAGE, "seconds_alpha > seconds_beta", "seconds_alpha < seconds_beta")
    assert 1 == site.build().code

    mark = site.page("own").select_one("#claim-own-slower").find_next_sibling("a")
    assert "ours-fails" in mark.span["class"]
    assert "does not hold" in site.page("ledger").select_one("#claim-own-slower").get_text()


def test_times_of_a_busy_machine_judge_nothing(site: Site) -> None:
    """Checks of a script that is timed are not checked where other work disturbed it."""
    script = site.folder / "gallery/speed/run.py"
    head, quotes, rest = script.read_text().partition('"""\n\n')
    script.write_text(f"{head}{quotes}# sphinx_gallery_timed = True\n\n{rest}")
    site.build()
    path = site.folder / "build/records/speed.run.json"
    record = json.loads(path.read_text())
    record["machine"]["during"] |= {
        "cores": 2,
        "others": 1.5,
        "idle": 0,
        "stolen": 0,
        "throttled": 0,
    }
    path.write_text(json.dumps(record))
    site.change(PAGE, "Nothing more.", "Nothing else.")
    build = site.build()
    found = site.claims()

    assert 0 == build.code, build.text
    assert ["speed/run was timed while other work took 1.5 of its cores"] == found["own-winner"][
        "not_checked"
    ]
    mark = site.page("own").select_one("#claim-own-winner").find_next_sibling("a")
    assert "ours-unknown" in mark.span["class"]
    assert [] == found["own-first"]["not_checked"]
