"""What makes an example run again, what doesn't, and what pages follow."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from conftest import Site, make_site
from environments import environment_like_this_one

if TYPE_CHECKING:
    from pathlib import Path

ARRAY = "import numpy\n\nprint(numpy.arange(3).sum())\n\nmeasured = {'total': 3}"
PLAIN = "print('plain')\n\nmeasured = {'one': 1}"


@pytest.fixture
def two(site: Site) -> Site:
    site.example("theme/array", ARRAY)
    site.example("theme/plain", PLAIN)
    assert 0 == (build := site.build()).code, build.text
    return site


def test_first_build_says_new(site: Site) -> None:
    """An example without a record is new."""
    site.example("theme/plain", PLAIN)
    build = site.build()

    assert 0 == build.code, build.text
    assert "[1/1] theme/plain: new; passed in" in build.text
    assert "new" == site.examples()["theme/plain"]["reason"]


def test_nothing_changed_runs_nothing(two: Site) -> None:
    """The second build executes nothing and keeps every record."""
    before = two.record("theme/array")
    build = two.build()

    assert ["theme/array: up to date", "theme/plain: up to date"] == build.text.splitlines()
    assert before == two.record("theme/array")


def test_changed_script_runs_alone(two: Site) -> None:
    """Only the edited example runs; its page shows the new output."""
    two.example("theme/plain", PLAIN.replace("plain", "edited"))
    build = two.build()

    assert "theme/array: up to date" in build.text
    assert "[1/1] theme/plain: script changed; passed" in build.text
    assert "edited" in two.page("gallery/theme/plain").get_text()


def test_a_new_page_stands_beside_all(two: Site) -> None:
    """The page of an example that did not change lists one that came, and no longer one that went."""
    two.change("conf/conf.py", 'html_theme = "basic"', 'html_theme = "pydata_sphinx_theme"')
    assert 0 == (build := two.build()).code, build.text
    two.example("theme/third", PLAIN)
    assert 0 == (build := two.build()).code, build.text
    listed = [a.get_text(strip=True) for a in two.page("gallery/theme/array").select("nav a")]

    assert "theme/third" in listed

    (two.folder / "gallery/theme/third.py").unlink()
    assert 0 == (build := two.build()).code, build.text
    listed = [a.get_text(strip=True) for a in two.page("gallery/theme/array").select("nav a")]

    assert "theme/third" not in listed


def test_imported_and_read_files_count(site: Site) -> None:
    """A local module that is imported, and a file that is read, are inputs; another isn't."""
    site.write("gallery/theme/_helper.py", "VALUE = 1\n")
    site.write("gallery/theme/data.txt", "3")
    site.write("gallery/theme/other.txt", "3")
    code = "import _helper\n\nprint(_helper.VALUE, open('data.txt').read())"
    site.example("theme/reads", code)
    first = site.build()
    site.write("gallery/theme/other.txt", "4")
    untouched = site.build()
    site.write("gallery/theme/data.txt", "5")
    data = site.build()
    site.write("gallery/theme/_helper.py", "VALUE = 2\n")
    helper = site.build()

    assert 0 == first.code, first.text
    assert "theme/reads: up to date" in untouched.text
    assert "theme/reads: data.txt changed; passed" in data.text
    assert "theme/reads: _helper.py changed; passed" in helper.text
    assert "2 5" in site.page("gallery/theme/reads").get_text()


def test_new_version_runs_what_imports_it(two: Site, tmp_path: Path) -> None:
    """A newer NumPy runs the example that imports NumPy, and says so; no other."""
    newer = environment_like_this_one(tmp_path / "newer", versions={"numpy": "99.1"})
    two.python = str(newer)
    build = two.build()
    old = json.loads(json.dumps(two.record("theme/plain")))["versions"]

    assert "theme/plain: up to date" in build.text
    [line] = build.lines("theme/array")
    assert "[1/1] theme/array: numpy " in line
    assert " -> 99.1; passed" in line
    assert "99.1" == two.record("theme/array")["versions"]["numpy"]
    assert "numpy" not in old


def test_settings_are_in_the_script(site: Site) -> None:
    """A setting of the wrong kind stops the build and names file, value and repair."""
    site.example("theme/bad", "# sphinx_gallery_time_limit = 'long'\nprint(1)")
    build = site.build()

    assert 0 != build.code
    assert "gallery/theme/bad.py: sphinx_gallery_time_limit = 'long' is not a number" in build.text


def test_pages_follow_what_they_quote(two: Site) -> None:
    """A page that quotes a value is read again when the value changes, and only then."""
    index = two.folder / "docs/index.md"
    index.write_text(index.read_text() + "\nOne is {measured}`theme/plain.one:.1f`.\n")
    first = two.build()
    two.example("theme/plain", PLAIN.replace("'one': 1", "'one': 7"))
    second = two.build()

    assert 0 == first.code == second.code, second.text
    assert "One is 7.0." in two.page("index").get_text()


@pytest.mark.parametrize(
    ("role", "message"),
    [
        ("theme/plian.one", "there is no example 'theme/plian'; did you mean theme/plain"),
        ("theme/plain.two", "theme/plain measures no 'two'; it measures: one"),
        ("theme/plain.one:.1q", "theme/plain.one = 1 as '.1q': "),
        ("plain", "'plain' is not of the form theme/script.value:format"),
    ],
)
def test_a_wrong_quotation_fails_the_build(two: Site, role: str, message: str) -> None:
    """A misspelt example, value or format is an error with page and line."""
    index = two.folder / "docs/index.md"
    index.write_text(index.read_text() + f"\nQuote {{measured}}`{role}`.\n")
    build = two.build()

    assert 0 != build.code
    [line] = build.lines(message)
    assert "docs/index.md:7" in line
    assert message in two.build().text, "the next build forgot"


def test_a_spoilt_record_is_named(two: Site) -> None:
    """A record that is none stops the build with its path and the repair."""
    path = two.folder / "build/records/theme.plain.json"
    path.write_text(path.read_text()[:100])
    build = two.build()

    assert 0 != build.code
    assert "build/records/theme.plain.json: not a record" in build.text
    assert "delete it and build again" in build.text


@pytest.mark.parametrize("builder", ["doctest", "linkcheck"])
def test_other_builders_execute_nothing(site: Site, builder: str) -> None:
    """Doctests and the link check leave no record."""
    site.example("theme/plain", PLAIN)
    build = site.build(builder)

    assert 0 == build.code, build.text
    assert "theme/plain: not run: this builder executes nothing" in build.text
    assert not (site.folder / "build/records/theme.plain.json").exists()


def test_pattern_leaves_out_and_says_so(site: Site) -> None:
    """PATTERN= executes what matches; the pages of the others say that they were not run."""
    site.example("one/plain", PLAIN)
    site.example("two/plain", PLAIN)
    build = site.build(PATTERN="^two/")
    left_out = site.page("gallery/one/plain").get_text()

    assert 0 == build.code, build.text
    assert "one/plain: not run: PATTERN=^two/ leaves it out" in build.text
    assert "This example was not run in this build" in left_out
    assert ["skipped", "passed"] == [
        site.examples()[name]["status"] for name in ("one/plain", "two/plain")
    ]


def test_an_older_run_is_marked(two: Site) -> None:
    """A page whose example changed, but was left out, says that its run is out of date."""
    two.example("theme/plain", PLAIN.replace("plain", "edited"))
    build = two.build(PATTERN="array")
    page = two.page("gallery/theme/plain").get_text()

    assert 0 == build.code, build.text
    assert "an earlier run that is out of date: script changed" in page
    assert "recorded" == two.examples()["theme/plain"]["status"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"PATTERN": "("}, "PATTERN=(: not a regular expression"),
        ({"SHARD": "5/4"}, "SHARD=5/4: give part/parts, such as 2/4"),
        ({"JOBS": "many"}, "JOBS=many: give a number from 1"),
    ],
)
def test_bad_settings_are_named(two: Site, settings: dict[str, str], message: str) -> None:
    """A setting that makes no sense is one clear line."""
    build = two.build(**settings)

    assert 0 != build.code
    assert message in build.text


def test_shards_put_together_execute_nothing(site: Site, tmp_path: Path) -> None:
    """What two machines executed, copied into one folder, builds the whole site."""
    names = [f"theme/e{number}" for number in range(5)]
    for name in names:
        site.example(name, PLAIN)
    parts = []
    for part in (1, 2):
        machine = make_site(tmp_path / f"machine{part}", "test-empty")
        for name in names:
            machine.example(name, PLAIN)
        build = machine.build(SHARD=f"{part}/2")
        assert 0 == build.code, build.text
        records = list((machine.folder / "build/records").glob("*.json"))
        parts.append(len(records))
        for record in records:
            site.write(f"build/records/{record.name}", record.read_text())
    together = site.build()

    assert [3, 2] == parts
    assert 0 == together.code, together.text
    assert [f"{name}: up to date" for name in names] == together.text.splitlines()
    assert "plain" in site.page("gallery/theme/e4").get_text()


def test_jobs_run_beside_each_other_but_for_the_timed(site: Site) -> None:
    """JOBS=2 overlaps examples and records it; one that is timed still runs alone."""
    wait = "import time\n\nstart = time.time()\ntime.sleep(1.5)\n"
    publish = "measured = {'start': start, 'end': time.time()}"
    for name in ("a", "b"):
        site.example(f"theme/{name}", wait + publish)
    site.example("theme/timed", f"# sphinx_gallery_timed = True\n{wait}{publish}")
    build = site.build(JOBS="2")
    a, b, timed = (site.record(f"theme/{name}") for name in ("a", "b", "timed"))

    assert 0 == build.code, build.text
    assert a["measured"]["start"] < b["measured"]["end"]
    assert b["measured"]["start"] < a["measured"]["end"]
    assert timed["measured"]["end"] < min(a["measured"]["start"], b["measured"]["start"])
    assert [False, False, True] == [r["exclusive"] for r in (a, b, timed)]
    assert "no: other examples ran beside it" in site.page("gallery/theme/a").get_text()
