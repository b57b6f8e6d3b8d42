"""Claims whose evidence parts from them fail the build, and say where and by what."""

from __future__ import annotations

import json
import re
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from conftest import Build, Site, claims_site

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "docs/alpha.md"
FAST = r"docs/alpha\.md:22: WARNING: claim alpha-fast: "


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return claims_site(tmp_path / "site")


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = claims_site(tmp_path_factory.mktemp("claims") / "site")
    assert 0 == (build := site.build()).code, build.text
    return site


def test_the_data(good: Site) -> None:
    """Every promised field; statements verbatim and in the original's order."""
    found = good.claims()
    fast = found["alpha-fast"]

    assert [
        "title", "alpha-release", "alpha-fast", "alpha-loved", "alpha-example", "reading-time",
        "level",
    ] == list(found)  # fmt: skip
    assert "It is fast" == fast["statement"]
    assert "Alpha / Pros" == fast["section"]
    assert "false" == fast["verdict"]
    assert "It takes 3.5\N{NO-BREAK SPACE}s, as Run it shows." == fast["now"]
    assert 'print("never run")' == found["alpha-example"]["statement"]
    assert good.record("speed/run")["executed_at"] == fast["checked_at"]
    example, text, measurement = fast["evidence"]
    assert ("example", "speed/run", True) == (example["kind"], example["example"], example["holds"])
    assert {"seconds_alpha": 3.5, "seconds_beta": 1.5} == example["found"]
    assert {"winner": "beta"} == text["found"]
    assert "measurement" == measurement["kind"]
    [source] = found["alpha-release"]["evidence"]
    assert ("source", "2026-11-23") == (source["kind"], source["read"])
    assert {"title", "publisher", "address", "fact", "dated"} <= set(source)


def test_a_note_reads_well(good: Site) -> None:
    """Words, verdict as a word, what is true now, folded evidence, a link to the ledger."""
    note = good.page("alpha").select_one("#claim-alpha-fast")
    evidence = note.select_one("details.claim-evidence")

    assert "“It is fast”" == note.select_one(".claim-words").get_text()
    assert "false" == note.select_one(".verdict").get_text()
    assert "It takes" in note.select_one(".claim-now").get_text()
    assert "Evidence: 3 checks" == evidence.summary.get_text()
    assert not evidence.has_attr("open")
    assert "seconds_alpha = 3.5" in evidence.get_text()
    assert "ledger.html#claim-alpha-fast" == evidence.select("a")[-1]["href"]


def test_a_folded_note_is_one_line(good: Site) -> None:
    """Words, where they stood, and verdict are the summary; the rest is inside."""
    note = good.page("alpha").select_one("details#claim-alpha-release")

    assert "Alpha, release: “2015” holds" == note.summary.get_text()
    assert "So it was." in note.get_text()


def test_the_sample_is_shown_as_published(good: Site) -> None:
    """The words of a sample of code are its code, behind the fold."""
    note = good.page("alpha").select_one("#claim-alpha-example")

    assert 'print("never run")' in note.select_one("details pre").get_text()


def test_the_ledger(good: Site) -> None:
    """A row a statement, in order; each with its verdict and a link back; counts are computed."""
    page = good.page("ledger")
    rows = page.select("table.ledger tbody tr")
    labels = [label.get_text(strip=True) for label in page.select(".ledger-filters label")]

    assert [f"claim-{name}" for name in good.claims()] == [row["id"] for row in rows]
    assert ["opinion", "holds", "false", "opinion", "misleading", "opinion", "opinion"] == [
        row.select_one(".verdict").get_text() for row in rows
    ]
    assert "alpha.html#claim-alpha-fast" in [a["href"] for a in rows[2].select("a")]
    assert "All (7)" in labels
    assert "Opinion (4)" in labels
    assert "Of 7 statements 1 are false" in good.page("index").get_text()


def test_a_claim_in_a_sentence(good: Site) -> None:
    """Its words or a text, the verdict behind, a link to the ledger."""
    links = good.page("index").select('a[href^="ledger.html#claim-"]')

    assert ["It is fast false", "“It is loved” opinion"] == [link.get_text() for link in links]


def test_quotations_say_where_they_come_from(good: Site) -> None:
    """Arithmetic with a measurement, its unit, and an account to hover over or focus."""
    page = good.page("index")
    value = page.select_one('a[href="measurements.html#measurement-large"] [data-origin]')
    source = page.select_one('a[href="https://example.org/alpha"] [data-origin]')
    run = good.page("alpha").select_one('a[href="gallery/speed/run.html"] [data-origin]')

    assert "2.9%" == value.get_text()
    assert "Recorded 2026-11-01 on A large machine." in value["data-origin"]
    assert "Alpha 0.1. The Alpha team, 2015-05-01. Read 2026-11-23." == source["data-origin"]
    assert run["data-origin"].startswith("speed/run: seconds_alpha. Ran 20")


def test_recorded_measurements_are_published(good: Site) -> None:
    """A section with its id, and the data."""
    data = json.loads((good.folder / "build/html/data/benchmarks.json").read_text())

    assert "15.99" in good.page("measurements").select_one("#measurement-large").get_text()
    assert ["measurements/large"] == [entry["name"] for entry in data]


#: What is changed -> (file, old, new, what the build must say)
TAMPERED = {
    "the opposite check": (
        PAGE, "seconds_alpha > 2 * seconds_beta", "seconds_alpha < 2 * seconds_beta",
        FAST + r"speed/run: `seconds_alpha < 2 \* seconds_beta` does not hold: "
        r"found seconds_alpha = 3\.5, seconds_beta = 1\.5",
    ),
    "a text that differs": (
        PAGE, 'winner == "beta"', 'winner == "alpha"',
        FAST + r"speed/run: `winner == \"alpha\"` does not hold: found winner = 'beta'",
    ),
    "a misspelled key": (
        PAGE, "seconds_alpha > 2 * ", "second_alpha > 2 * ",
        FAST + r"speed/run: .*there is no value 'second_alpha'; there are: seconds_alpha, ",
    ),
    "a misspelled example": (
        PAGE, "speed/run: winner", "speed/runs: winner",
        FAST + r"there is no example 'speed/runs'; did you mean speed/run\?",
    ),
    "a misspelled measurement": (
        PAGE, "measurements/large:", "measurements/larger:",
        FAST + r"there is no measurement 'measurements/larger'; did you mean measurements/large",
    ),
    "a measured value of a measurement": (
        "docs/measurements/large.json", "16.46", "26.46",
        FAST + r"measurements/large: .*does not hold: found minutes_b = 26\.46, minutes_a = 15\.99",
    ),
    "a source without its date": (
        "docs/sources.toml", "read = 2026-11-23\n", "",
        r"docs/alpha\.md:11: WARNING: claim alpha-release: source 'alpha-first' lacks read",
    ),
    "a source too old for today": (
        "docs/sources.toml", 'about = "the past"\n', "",
        (r"docs/alpha\.md:11: WARNING: claim alpha-release: source 'alpha-first' is of 2015-05-01 "
        r"and was read on 2026-11-23: too old"),
    ),
    "a misspelled source": (
        PAGE, "source: alpha-first", "source: alpha-frist",
        r"docs/alpha\.md:11: WARNING: claim alpha-release: there is no source 'alpha-frist'; did",
    ),
    "no evidence": (
        PAGE, 'evidence: "speed/run: seconds_alpha > 2"\n', "",
        r"docs/alpha\.md:44: WARNING: claim alpha-example: is judged 'misleading' without evidence",
    ),
    "no check": (
        PAGE, 'evidence: "speed/run: seconds_alpha > 2"', 'evidence: "speed/run"',
        r"docs/alpha\.md:44: WARNING: claim alpha-example: evidence 'speed/run' is none of theme/",
    ),
    "a call for a check": (
        PAGE, 'evidence: "speed/run: seconds_alpha > 2"', 'evidence: "speed/run: abs(seconds_alpha) > 2"',
        r"claim alpha-example: speed/run: .* has a Call; a check compares measured values",
    ),
    "words that were never said": (
        PAGE, "words: It is fast", "words: It is the fastest",
        (r"docs/alpha\.md:22: ERROR: claim alpha-fast: the original does not say 'It is the "
        r"fastest' in 'Alpha / Pros', but: 'It is fast'; 'It is loved'"),
    ),
    "no such verdict": (
        PAGE, 'verdict: "false"', "verdict: wrong",
        r"docs/alpha\.md:22: ERROR: claim alpha-fast: verdict 'wrong' is none of holds, outdated",
    ),
    "a statement without a claim": (
        "docs/original.md", "- It is loved", "- It is loved\n- It is cheap",
        r"docs/original\.md:16: WARNING: no claim judges 'It is cheap' in 'Alpha / Pros'",
    ),
    "an id used twice": (
        PAGE, "{claim} alpha-loved", "{claim} alpha-fast",
        r"docs/alpha\.md:35: WARNING: claim alpha-fast: is told twice, also in alpha, line 22",
    ),
    "an unknown claim in a sentence": (
        "docs/index.md", "<alpha-fast>", "<alpha-first>",
        r"docs/index\.md:3: WARNING: there is no claim 'alpha-first'; did you mean alpha-fast",
    ),
    "a quotation's misspelled key": (
        PAGE, "speed/run.seconds_alpha:", "speed/run.second_alpha:",
        r"docs/alpha\.md:32: ERROR: measured: speed/run measures no 'second_alpha'; it measures: ",
    ),
    "a source that nobody cites": (
        "docs/sources.toml", "[alpha-first]", '[other]\ntitle = "O"\n\n[alpha-first]',
        r"docs/sources\.toml:1: WARNING: source 'other' is cited by no page",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERED)
def test_tampering_is_caught(site: Site, what: str) -> None:
    """The build fails with page, line, claim and the value found."""
    path, old, new, says = TAMPERED[what]
    site.change(path, old, new)
    build = site.build()

    assert 1 == build.code, build.text
    assert re.search(says, build.text), build.text


def rebuilt_after(site: Site, path: str, old: str, new: str) -> Build:
    """A second build, after a change to a site that was built without a warning."""
    assert 0 == (first := site.build()).code, first.text
    site.change(path, old, new)
    return site.build()


def test_a_changed_record_is_caught(site: Site) -> None:
    """A value edited in the record that the last build left fails the next, by its value."""
    build = rebuilt_after(
        site, "build/records/speed.run.json", '"seconds_alpha": 3.5', '"seconds_alpha": 2.5'
    )

    assert 1 == build.code, build.text
    assert re.search(FAST + r".*found seconds_alpha = 2\.5, seconds_beta = 1\.5", build.text)


def test_a_renamed_example_is_caught(site: Site) -> None:
    """The claims that lean on it fail, and the name that it has now is offered."""
    assert 0 == site.build().code
    script = site.folder / "gallery/speed/run.py"
    script.rename(script.with_name("runs.py"))
    build = site.build()

    assert 1 == build.code, build.text
    assert re.search(FAST + r"there is no example 'speed/run'; did you mean speed/runs", build.text)
    assert "docs/alpha.md:44: WARNING: claim alpha-example: there is no example" in build.text


def test_a_failed_example_supports_nothing(site: Site) -> None:
    """Its claims say that it failed, on the page and in the build."""
    site.example("speed/run", "measured = {'seconds_alpha': 3.5}\n\nraise RuntimeError('no')")
    build = site.build()
    note = site.page("alpha").select_one("#claim-alpha-example")

    assert 1 == build.code
    assert "claim alpha-example: the example speed/run failed in this build" in build.text
    assert "Not supported in this build" in note.select_one(".claim-state").get_text()


def test_what_is_not_installed_is_not_checked(site: Site) -> None:
    """The build passes, the note and the data say so, and so does a line of the build."""
    site.example("speed/run", "import openvino\n\nmeasured = {'seconds_alpha': 3.5}")
    conf = (site.folder / "conf/conf.py").read_text()
    site.write(
        "conf/conf.py",
        conf + "\nfrom site_ext.run import packages\n"
        "packages.is_installed = lambda module: module != 'openvino'\n",
    )
    site.change(PAGE, "It takes {measured}`speed/run.seconds_alpha:.1f s`, as", "As")
    build = site.build()
    fast = site.claims()["alpha-fast"]
    state = site.page("alpha").select_one("#claim-alpha-fast .claim-state").get_text()

    assert 0 == build.code, build.text
    assert "Not checked in this build: openvino is not installed." == state
    assert ["openvino is not installed"] == fast["not_checked"]
    assert [None, None, True] == [finding["holds"] for finding in fast["evidence"]]
    assert "2 of 7 claims were not checked (openvino is not installed): alpha-fast" in build.text


def test_what_is_left_out_is_not_checked(site: Site) -> None:
    """PATTERN leaves an example out that never ran: its claims are not checked, and say why."""
    build = site.build(PATTERN="nothing")
    state = site.page("alpha").select_one("#claim-alpha-fast .claim-state").get_text()

    assert 0 == build.code, build.text
    assert "Not checked in this build: not run: PATTERN=nothing leaves it out." == state


def test_other_builders_need_no_run(site: Site) -> None:
    """The link check and the doctests of a fresh clone execute nothing and complain of nothing."""
    build = site.build("dummy")

    assert 0 == build.code, build.text


def test_the_link_check_follows_sources(site: Site, tmp_path: Path) -> None:
    """A source that is gone fails it, by its address."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "nothing"))
    (tmp_path / "nothing").mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/alpha"
    site.change("docs/sources.toml", "https://example.org/alpha", address)
    build = site.build("linkcheck", "-D", "linkcheck_retries=1")
    server.shutdown()

    assert 1 == build.code, build.text
    assert re.search(rf"docs/alpha\.md.*broken link: {address} \(404", build.text), build.text


def test_one_claim_changed_reads_one_page(site: Site) -> None:
    """Only its page is read again; that page and the ledger follow."""
    assert 0 == site.build().code
    site.change(PAGE, 'verdict: "false"', "verdict: outdated")
    command = [part for part in site.command("html") if part != "-q"]
    site.command = lambda *_: command  # type: ignore[method-assign]
    build = site.build()

    assert 0 == build.code, build.text
    assert "0 added, 1 changed, 0 removed" in build.text
    assert "outdated" == site.page("ledger").select_one("#claim-alpha-fast .verdict").get_text()
    assert "Of 7 statements 0 are false" in site.page("index").get_text()
    assert "It is fast outdated" in site.page("index").get_text()


def test_a_changed_source_is_followed(site: Site) -> None:
    """Pages that lean on a source show it as it is now, and only those are read again."""
    assert 0 == site.build().code
    site.change("docs/sources.toml", "Alpha was released", "Alpha came out")
    build = site.build()

    assert 0 == build.code, build.text
    assert "Alpha came out in 2015" in site.page("ledger").get_text()
    assert "Alpha came out in 2015" in site.page("alpha").get_text()


def test_reading_leaves_out_what_is_folded(site: Site) -> None:
    """Evidence doesn't count as words to read; what is shown does."""
    site.change("docs/alpha.md", "# Alpha\n", "---\narticle: true\n---\n\n# Alpha\n")
    site.change("docs/index.md", "# Home\n",
        "---\ndate: 2025-12-08\ncategories: [a]\nlevel: intermediate\narticle: true\n---\n\n# Home\n"
        "\n```{byline}\n```\n",
    )  # fmt: skip
    site.change("docs/sources.toml", "Alpha was released in 2015.", "word " * 2000)
    build = site.build()

    assert 0 == build.code, build.text
    assert "1 minutes to read" in site.page("index").get_text()


def test_it_fails_until_it_is_repaired(site: Site) -> None:
    """A second build, in which nothing changed, is no greener than the first."""
    site.change(PAGE, "seconds_alpha > 2 *", "seconds_alpha < 2 *")
    first, second = site.build(), site.build()
    site.change(PAGE, "seconds_alpha < 2 *", "seconds_alpha > 2 *")

    assert (1, 1) == (first.code, second.code)
    assert "does not hold" in second.text
    assert 0 == site.build().code
