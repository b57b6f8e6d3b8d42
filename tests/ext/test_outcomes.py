"""Each way in which an example can end, provoked for real in one build."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conftest import Build, Site, make_site

if TYPE_CHECKING:
    from pathlib import Path

#: name -> (kind, what its line in the build's output says)
OUTCOMES = {
    "raises": ("exception", "IndexError: list index out of range"),
    "leaves": ("sys.exit", "sys.exit(0)"),
    "vanishes": ("os._exit", "os._exit(0)"),
    "crashes": ("signal", "killed by SIGSEGV"),
    "swells": ("memory limit", "past its memory limit of 300 MiB"),
    "hangs": ("time limit", "ran past its time limit of 1.5 s"),
    "unfulfilled": ("measured", "measured['history'] is a list"),
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, Build]:
    folder: Path = tmp_path_factory.mktemp("outcomes") / "site"
    site = make_site(folder, "test-outcomes")
    return site, site.build()


def test_all_run_although_one_fails(built: tuple[Site, Build]) -> None:
    """Every example is executed and counted; the one that passes is not held back."""
    site, build = built

    assert 1 == build.code, build.text
    assert f"{len(OUTCOMES)} of {len(OUTCOMES) + 1} examples failed" in build.text
    assert "passed" == site.record("outcomes/passes")["status"]
    assert {"answer": 42} == site.record("outcomes/passes")["measured"]


@pytest.mark.parametrize("name", OUTCOMES)
def test_told_apart(built: tuple[Site, Build], name: str) -> None:
    """The build names file and cell, and says which way the example ended."""
    site, build = built
    kind, what = OUTCOMES[name]
    cell = 3 if name == "unfulfilled" else 2

    assert kind == site.record(f"outcomes/{name}")["failure"]["kind"]
    [line] = [x for x in build.lines(f"gallery/outcomes/{name}.py") if x.startswith("gallery/")]
    assert f"(cell {cell} of 3)" in line
    assert what in line


def test_last_lines_are_listed(built: tuple[Site, Build]) -> None:
    """An exception is listed with its traceback, a crash with where it happened."""
    _, build = built

    assert "    numbers[5]" in build.text
    assert "Segmentation fault" in build.text


@pytest.mark.parametrize("name", OUTCOMES)
def test_page_does_not_look_executed(built: tuple[Site, Build], name: str) -> None:
    """The page says at its top that the example failed, and shows nothing of later cells."""
    site, _ = built
    page = site.page(f"gallery/outcomes/{name}")
    outputs = [box.get_text() for box in page.select(".sphx-glr-script-out")]

    assert "failed in this build" in page.select_one(".example-status").get_text()
    assert "failed" in page.select_one(".provenance").get_text()
    assert any("before" in output for output in outputs)
    if name != "unfulfilled":
        assert not any("after" in output for output in outputs)


def test_page_shows_the_error_where_it_happened(built: tuple[Site, Build]) -> None:
    """The traceback stands in the failing cell and names the script, not the machine."""
    site, _ = built
    text = site.page("gallery/outcomes/raises").get_text()

    assert 'File "gallery/outcomes/raises.py", line 12' in text
    assert str(site.folder) not in text


def test_published_data_says_how_each_ended(built: tuple[Site, Build]) -> None:
    """data/examples.json is written although the build fails."""
    site, _ = built
    examples = site.examples()

    assert "passed" == examples["outcomes/passes"]["status"]
    assert {"failed"} == {examples[f"outcomes/{name}"]["status"] for name in OUTCOMES}
    assert {} == examples["outcomes/raises"]["measured"]


def test_failed_examples_are_tried_again_and_recover(built: tuple[Site, Build]) -> None:
    """The next build runs the failed ones only; once they are repaired, it is green."""
    site, _ = built
    for name in OUTCOMES:
        if name != "raises":
            (site.folder / f"gallery/outcomes/{name}.py").unlink()
    again = site.build()
    script = site.folder / "gallery/outcomes/raises.py"
    script.write_text(script.read_text().replace("numbers[5]", "numbers[1]"))
    repaired = site.build()

    assert "outcomes/raises: failed last time; failed in cell 2" in again.text
    assert "outcomes/passes: up to date" in again.text
    assert 1 == again.code
    assert 0 == repaired.code, repaired.text
    page = site.page("gallery/outcomes/raises")
    assert page.select_one(".example-status") is None
    assert "after" in page.get_text()
