"""A claim away from its page: in the ledger, in the data, on another page, in a table."""

from __future__ import annotations

import base64
import json
import re
import sys
import time
from typing import TYPE_CHECKING

import pytest

from conftest import Site, claims_site
from environments import environment_like_this_one

if TYPE_CHECKING:
    from pathlib import Path

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
NESTED = """# Deep

(a-place)=
## A place

:::{claim} alpha-loved
---
section: Alpha / Pros
words: It is loved
verdict: opinion
---
By some, it's "said": {doc}`../alpha`, {doc}`the deep one </deep/beta>`, [a place](#a-place),
{ref}`named <a-place>`, {claim}`as fast <alpha-fast>`, {measured}`speed/run.winner`,
{source}`they say <alpha-first>`; {verdicts}`all` in all.

![A pixel](pixel.png)

| A | table |
| --- | --- |
| in | it |
:::
"""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return claims_site(tmp_path / "site")


def without_loved(site: Site) -> None:
    path = site.folder / "docs/alpha.md"
    path.write_text(
        re.sub(r":::\{claim\} alpha-loved.*?\n:::\n\n", "", path.read_text(), flags=re.DOTALL)
    )


@pytest.fixture
def nested(site: Site) -> Site:
    """The site with a claim that holds all sorts of things, on a page in a folder."""
    without_loved(site)
    site.write("docs/deep/beta.md", NESTED)
    (site.folder / "docs/deep/pixel.png").write_bytes(base64.b64decode(PIXEL))
    site.change("docs/index.md", "alpha\nledger", "alpha\ndeep/beta\nledger")
    return site


def test_the_ledger_has_the_words_of_the_page(nested: Site) -> None:
    """Quotes as they are set, roles and links resolved, the image shown: as on the page."""
    build = nested.build()
    page = nested.page("deep/beta").select_one("#claim-alpha-loved .claim-now")
    row = nested.page("ledger").select_one("#claim-alpha-loved .claim-now")
    now = nested.claims()["alpha-loved"]["now"]

    assert 0 == build.code, build.text
    assert page.get_text() == row.get_text()
    assert "it\u2019s “said”: Alpha, the deep one, a place, named, as fast false, beta, " in now
    assert "they say; 7 in all. A pixel A table in it" in now
    assert row.select_one("img")["src"].startswith("_images/")


def test_links_from_the_ledger_lead_where_the_pages_do(nested: Site) -> None:
    """Each leads to a page that is there, and to a place that it has."""
    assert 0 == (build := nested.build()).code, build.text
    home = nested.folder / "build/html"
    targets = []
    for name, selector in (
        ("deep/beta", "#claim-alpha-loved .claim-now"),
        ("ledger", "#claim-alpha-loved"),
    ):
        page = home / f"{name}.html"
        found = set()
        for link in nested.page(name).select_one(selector).select("a:not(.external)"):
            address, _, place = link["href"].partition("#")
            target = (page.parent / address).resolve() if address else page
            assert target.exists(), link
            assert not place or f'id="{place}"' in target.read_text(), link
            found.add((target.relative_to(home).as_posix(), place, link.get_text()))
        targets.append(found)

    assert len(targets[0]) >= 6
    assert targets[0] <= targets[1]


def test_a_claim_may_move_to_a_page_that_is_read_earlier(site: Site) -> None:
    """It is not told twice, and the ledger leads to where it is now."""
    assert 0 == (build := site.build()).code, build.text
    text = (site.folder / "docs/alpha.md").read_text()
    claim = re.search(r":::\{claim\} alpha-loved.*?\n:::\n", text, flags=re.DOTALL)[0]
    site.write("docs/alpha.md", text.replace(claim, ""))
    site.write("docs/aardvark.md", f"# First\n\n{claim}")
    site.change("docs/index.md", "alpha\nledger", "aardvark\nalpha\nledger")
    build = site.build()
    links = site.page("ledger").select("#claim-alpha-loved a")

    assert 0 == build.code, build.text
    assert "aardvark.html#claim-alpha-loved" in [link["href"] for link in links]
    assert "aardvark.html#claim-alpha-loved" == site.claims()["alpha-loved"]["page"]


@pytest.mark.parametrize(
    ("original", "place"),
    [
        ("### Deeper\n\n| Framework | Release |\n|---|---|\n| Beta | 2016 |\n", "Alpha / Deeper / Beta / Release"),
        ("| Framework | Release |\n|---|---|\n| Beta / Gamma | 2016 |\n", "Alpha / Beta / Gamma / Release"),
    ],
)  # fmt: skip
def test_a_statement_of_any_table(site: Site, original: str, place: str) -> None:
    """Under a heading of the third level, or in a row whose label has a slash."""
    site.change("docs/original.md", "## Alpha\n\n", f"## Alpha\n\n{original}\n")
    with (site.folder / "docs/alpha.md").open("a") as page:
        page.write(
            f'\n:::{{claim}} beta-release\n---\nsection: {place}\nwords: "2016"\nverdict: opinion\n---\n'
            "Perhaps.\n:::\n"
        )
    build = site.build()
    row = place.removeprefix("Alpha / ").removeprefix("Deeper / ").removesuffix(" / Release")

    assert 0 == build.code, build.text
    note = site.page("alpha").select_one("#claim-beta-release .claim-head")
    assert f"{row}, release: “2016” opinion" == note.get_text()


@pytest.mark.parametrize(
    ("path", "old", "new", "told"),
    [
        ("docs/sources.toml", "[alpha-first]", "[alpha-first", "docs/sources.toml: "),
        ("docs/sources.toml", 'fact = "Alpha was released in 2015."', "fact = 3",
         "docs/sources.toml: [alpha-first]: Expected `str | null`, got `int` at $.fact, found 3"),
        ("docs/measurements/large.json", '"title"', '"titel"',
         "docs/measurements/large.json: Object contains unknown field `titel`; a measurement has date, "),
        ("docs/original.md", 'title: "Frameworks compared"', 'title: "Frameworks', "original.md: its front matter"),
        ("conf/conf.py", '"original.md"', '"orginal.md"', "orginal.md is not there; `claims_original`"),
    ],
)  # fmt: skip
def test_a_spoilt_file_is_one_clear_error(
    site: Site, path: str, old: str, new: str, told: str
) -> None:
    """File, place and value; no list of versions, no traceback, no plea to report a bug."""
    site.change(path, old, new)
    build = site.build()

    assert 0 != build.code
    [line] = build.lines("The build stopped: ")
    assert told in line
    for word in ("Traceback", "Versions", "report this", "sphinx-err"):
        assert word not in build.text


def test_a_finding_that_fails_is_told_everywhere(site: Site) -> None:
    """claims.json has it with the value and the reason, the page and the ledger show it."""
    site.change(
        "docs/alpha.md",
        "seconds_alpha > 2 * seconds_beta",
        "seconds_alpha < 2 * seconds_beta",
    )
    site.change("docs/alpha.md", "source: alpha-first", "source: alpha-frist")
    build = site.build()
    found = site.claims()
    check, source = found["alpha-fast"]["evidence"][0], found["alpha-release"]["evidence"][0]
    reason = (
        "speed/run: `seconds_alpha < 2 * seconds_beta` does not hold: found seconds_alpha = 3.5, "
        "seconds_beta = 1.5"
    )

    assert 1 == build.code
    assert ("example", "speed/run", False) == (check["kind"], check["example"], check["holds"])
    assert {"seconds_alpha": 3.5, "seconds_beta": 1.5} == check["found"]
    assert reason == check["reason"]
    assert [reason] == found["alpha-fast"]["problems"]
    assert ("source", "alpha-frist", False) == (source["kind"], source["source"], source["holds"])
    assert "did you mean alpha-first?" in source["reason"]
    assert reason in build.text
    for page in ("alpha", "ledger"):
        shown = site.page(page).select_one("#claim-alpha-fast").get_text()
        assert "does not hold: seconds_alpha = 3.5" in shown
        assert f"Not supported in this build: {reason}." in shown


#: The name of each warning, and what calls it forth.
WARNINGS = {
    "claim.check": ("docs/alpha.md", "seconds_alpha > 2 *", "seconds_alpha < 2 *"),
    "claim.evidence": ("docs/alpha.md", "speed/run: winner", "speed/runs: winner"),
    "claim.missing": ("docs/original.md", "- It is loved", "- It is loved\n- It is cheap"),
    "claim.unknown": ("docs/index.md", "<alpha-fast>", "<alpha-first>"),
    "source.unused": (
        "docs/sources.toml", "[alpha-first]", '[other]\ntitle = "O"\n\n[alpha-first]',
    ),
}  # fmt: skip


def test_warnings_can_be_suppressed_one_by_one(site: Site) -> None:
    """Each says its name, which silences it and no other; without any the build is green."""
    for path, old, new in WARNINGS.values():
        site.change(path, old, new)
    told = site.build()
    one, *others = WARNINGS
    some = site.build("html", "-D", f"suppress_warnings={one}")
    none = site.build("html", "-D", f"suppress_warnings={','.join(WARNINGS)}")

    assert (1, 1) == (told.code, some.code), told.text
    for kind in WARNINGS:
        assert 1 == len(told.lines(f"[{kind}]")), told.text
    assert [False, *(True for _ in others)] == [f"[{kind}]" in some.text for kind in WARNINGS]
    assert 0 == none.code, none.text


@pytest.mark.parametrize("ran_before", [False, True])
def test_the_reason_for_what_is_left_out_is_todays(site: Site, ran_before: bool) -> None:
    """PATTERN=a, then PATTERN=b: the page says b, of a run that is out of date as of none; so do
    the claims that lean on none."""
    if ran_before:
        assert 0 == (build := site.build()).code, build.text
        site.change("gallery/speed/run.py", '"winner"', '"the_winner"')
    for pattern in ("first", "second"):
        assert 0 == (build := site.build(PATTERN=pattern)).code, build.text
    for name in ("gallery/speed/run", *(() if ran_before else ("alpha", "ledger"))):
        text = site.page(name).get_text()

        assert "PATTERN=second leaves it out" in text, name
        assert "PATTERN=first" not in text, name


def test_a_source_that_changes_while_examples_run_is_seen(site: Site, tmp_path: Path) -> None:
    """Pages are read with the sources of that moment, not of minutes ago."""
    ready = tmp_path / "ready"
    site.change("gallery/speed/run.py", "measured =",
        f"import time\nopen({str(ready)!r}, 'w').close()\ntime.sleep(1)\nmeasured =",
    )  # fmt: skip
    running = site.start()
    while not ready.exists() and running.poll() is None:
        time.sleep(0.02)
    site.change("docs/sources.toml", "Alpha was released", "Alpha came out")
    text, _ = running.communicate(timeout=60)

    assert 0 == running.returncode, text
    assert "Alpha came out in 2015" in site.page("alpha").get_text()


def test_a_source_that_changes_while_pages_are_read_fails(site: Site) -> None:
    """Nobody knows which page has which: the file is named, and the next build is right."""
    site.change("conf/conf.py", "import os\n", "import os\nimport pathlib\n")
    conf = site.folder / "conf/conf.py"
    before = conf.read_text()
    conf.write_text(
        before + "\ndef setup(app):\n    path = pathlib.Path(app.srcdir, 'sources.toml')\n"
        "    app.connect('env-updated', lambda *_: [path.touch()] and None)\n"
    )
    build = site.build()
    conf.write_text(before)

    assert 1 == build.code
    assert build.lines("docs/sources.toml:1: WARNING: changed while pages were read; build again")
    assert 0 == site.build().code


def test_data_of_nothing_is_gone(site: Site) -> None:
    """Without a measurement and a claim there is no data left that tells of some."""
    assert 0 == (build := site.build()).code, build.text
    (site.folder / "docs/measurements/large.json").unlink()
    (site.folder / "docs/alpha.md").write_text("# Alpha\n")
    (site.folder / "docs/index.md").write_text(
        "# Home\n\n```{toctree}\nalpha\ngallery/index\n```\n"
    )
    for page in ("ledger", "measurements"):
        (site.folder / f"docs/{page}.md").unlink()
    (site.folder / "docs/sources.toml").unlink()
    site.change("conf/conf.py", '"original.md"', '""')
    build = site.build()

    assert 0 == build.code, build.text
    assert ["examples.json", "records", "release.json", "reproductions.json"] == sorted(
        path.name for path in (site.folder / "build/html/data").iterdir()
    )


def test_a_measurement_that_is_added_is_shown(site: Site) -> None:
    """The page of all measurements, which did not know of it, has it after the next build."""
    assert 0 == (build := site.build()).code, build.text
    taken = json.loads((site.folder / "docs/measurements/large.json").read_text())
    site.write("docs/measurements/more.json", json.dumps(taken | {"title": "More"}))
    build = site.build()

    assert 0 == build.code, build.text
    assert site.page("measurements").select_one("#measurement-more")


def test_what_a_missing_package_would_give_is_not_checked(tmp_path: Path) -> None:
    """The script runs without it, and the claim says what is missing; once the package is there,
    the script runs again, and a value that is still missing fails the build."""
    site = claims_site(tmp_path / "site")
    site.change(
        "gallery/speed/run.py", "measured =",
        'import importlib.util\n\nthere = importlib.util.find_spec("openvino") is not None\nmeasured =',
    )  # fmt: skip
    site.change(
        "docs/alpha.md", 'winner == "beta"\n', 'winner == "beta"\n  speed/run: openvino_ms > 0\n'
    )
    site.change("docs/alpha.md", "Nothing to say.", "It took {measured}`speed/run.openvino_ms`.")
    site.python = str(environment_like_this_one(tmp_path / "venv", without=("openvino",)))
    build = site.build()
    told = "speed/run measured that only where openvino is installed"

    assert 0 == build.code, build.text
    assert "passed" == site.examples()["speed/run"]["status"]
    assert any(told in reason for reason in site.claims()["alpha-fast"]["not_checked"])
    assert "not measured in this build" in site.page("alpha").get_text()

    site.python = sys.executable
    build = site.build()

    assert build.code
    assert "openvino is installed now" in build.text
    assert "there is no value 'openvino_ms'" in build.text


def test_a_record_of_another_machine_is_followed_whatever_its_time(site: Site) -> None:
    """Records copied in with an old time of their own: pages show what they say."""
    import os

    assert 0 == (build := site.build()).code, build.text
    path = site.folder / "build/records/speed.run.json"
    path.write_text(path.read_text().replace('"seconds_alpha": 3.5', '"seconds_alpha": 3.75'))
    os.utime(path, (1, 1))
    build = site.build()

    assert 0 == build.code, build.text
    assert "It takes 3.8" in site.page("alpha").get_text()
    assert "seconds_alpha = 3.75" in site.page("ledger").get_text()
