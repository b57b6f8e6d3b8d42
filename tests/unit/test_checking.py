"""What keeps a build from being published."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builds import build, commit, example, write
from publisher import checking, releases
from site_ext.base.errors import SiteError


def check(built: Path, version: str) -> releases.Release:
    return checking.check(built, version, commit(version))


def test_a_whole_build_passes(tmp_path: Path) -> None:
    """The release that it is."""
    assert "0.1" == check(build(tmp_path, "0.1"), "0.1").version


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('<a href="gone.html">', "index.html:2: gone.html does not exist"),
        ('<img src="_images/gone.png">', "_images/gone.png does not exist"),
        ('<img srcset="_images/a.png 2x">', "_images/a.png does not exist"),
        ('<a href="deep/page.html#gone">', "names a place that the page does not have"),
        ('<a href="#gone">', "names a place that the page does not have"),
        ('<a href="/elsewhere.html">', "is absolute: it breaks where"),
        ('<a href="../secret.html">', "../secret.html is not part of the site"),
        ('<a href="../stable/gone.html">', "../stable/gone.html is not part of the site"),
        ('<script src="_static/gone.js">', "_static/gone.js does not exist"),
        ('<a href="http://[bad">', "http://[bad is no address"),
    ],
)
def test_links_that_lead_nowhere(tmp_path: Path, text: str, told: str) -> None:
    """Page, line, address and what is wrong with it."""
    built = build(tmp_path, "0.1")
    page = built / "index.html"
    page.write_text(page.read_text() + f"\n{text}")
    with pytest.raises(SiteError) as error:
        check(built, "0.1")

    assert told in str(error.value)


@pytest.mark.parametrize(
    "text",
    ['<a href="deep/page.html#top">', '<a href="https://example.org/">', '<a href="mailto:a@b.c">',
     '<a href="../changes.html">', '<a href="../versions/deep/page.html">',
     '<img src="data:image/png;base64,AAAA">', '<img srcset="_static/dot.svg 1x, ">'],
)  # fmt: skip
def test_links_that_lead_somewhere(tmp_path: Path, text: str) -> None:
    """Other hosts are for the link check, the root for the publisher."""
    built = build(tmp_path, "0.1")
    page = built / "index.html"
    page.write_text(page.read_text() + text)

    assert check(built, "0.1")


def test_a_style_sheet_that_lacks_an_image(tmp_path: Path) -> None:
    """What a style loads must be there."""
    built = build(tmp_path, "0.1")
    (built / "_static/dot.svg").unlink()
    with pytest.raises(SiteError, match=r"site\.css: dot\.svg does not exist"):
        check(built, "0.1")


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("data/release.json", None, r"data/release\.json is missing: a version's folder without"),
        ("data/examples.json", None, r"data/examples\.json is missing"),
        ("data/examples.json", "{", r"data/examples\.json: not JSON"),
        ("data/examples.json", '{"a": 1}', r"Expected `array`, got `object`"),
        (
            "data/examples.json",
            '[{"name": "a"}]',
            r"missing required field `title` at \$\[0\]",
        ),
        (
            "data/claims.json",
            '[{"id": "a"}]',
            r"claims\.json: Object missing required field `statement` at \$\[0\]",
        ),
    ],
)
def test_data_that_is_none(tmp_path: Path, name: str, text: str | None, told: str) -> None:
    """The file, and what it lacks."""
    built = build(tmp_path, "0.1")
    if text is None:
        (built / name).unlink()
    else:
        write(built / name, text)
    with pytest.raises(SiteError, match=told):
        check(built, "0.1")


def test_another_version(tmp_path: Path) -> None:
    """A build of another version than it is published as."""
    with pytest.raises(SiteError, match=r"this is version '0\.1', in the folder of '0\.2'"):
        check(build(tmp_path, "0.1"), "0.2")


@pytest.mark.parametrize("status", ["failed", "skipped", "recorded"])
def test_an_example_that_did_not_pass(tmp_path: Path, status: str) -> None:
    """A release has all of its examples; dev may lack some, but none that failed."""
    examples = [example("a/b", status=status, reason="that is why")]
    with pytest.raises(SiteError, match=f"a/b is {status}: that is why"):
        check(build(tmp_path / "release", "0.1", examples=examples), "0.1")
    dev = build(tmp_path / "dev", "dev", examples=examples)
    if status == "failed":
        with pytest.raises(SiteError, match="a/b is failed"):
            check(dev, "dev")
    else:
        assert check(dev, "dev")


def test_a_tree_that_was_edited_while_it_was_built(tmp_path: Path) -> None:
    """What is published is the commit that it names."""
    built = build(tmp_path, "0.1", commit=f"{commit('0.1')}+changes")
    with pytest.raises(SiteError, match=r"made from \w+\+changes, not from"):
        check(built, "0.1")


def test_a_page_that_is_listed_but_missing(tmp_path: Path) -> None:
    """The list of pages is what the root leads to."""
    built = build(tmp_path, "0.1")
    (built / "deep/page.html").unlink()
    with pytest.raises(SiteError, match=r"deep/page\.html: listed in data/release\.json, but"):
        check(built, "0.1")


@pytest.mark.parametrize(
    "page",
    ["../../evil.html", "/etc/evil.html", "a//b.html", "a\\b.html", "page.txt", 3, "./a.html"],
)
def test_paths_that_lead_out_of_the_site(tmp_path: Path, page: object) -> None:
    """A published list of pages can't have the next publication write elsewhere."""
    built = build(tmp_path, "0.1", pages=("index.html",))
    path = built / "data/release.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"pages": ["index.html", page]}))
    with pytest.raises(
        SiteError, match=r"is no page's path; put|Expected `str`, got `int` at .*found 3; put"
    ):
        check(built, "0.1")


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        (
            "data/release.json",
            {"versions": 3},
            r"Expected `object`, got `int` at \$.versions, found 3",
        ),
        ("data/examples.json", {"measured": None}, r"got `null` at \$\[0\].measured, found None"),
        ("data/examples.json", {"machine": {"cpu": "one"}}, r"missing .* at \$\[0\].machine"),
    ],
)
def test_data_of_another_type(tmp_path: Path, name: str, change: dict, told: str) -> None:
    """Named, with the value, instead of a traceback at each later publication."""
    built = build(tmp_path, "0.1")
    data = json.loads((built / name).read_text())
    changed = data | change if isinstance(data, dict) else [data[0] | change]
    (built / name).write_text(json.dumps(changed))
    with pytest.raises(SiteError, match=f"{name}: .*{told}"):
        check(built, "0.1")


def test_a_time_taken_on_a_busy_machine_is_no_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named, with what to do; ALLOW_BUSY=1 and a version that is no release let it be."""
    busy = [example("a/b", disturbed="other work took 0.8 of its cores")]
    with pytest.raises(SiteError) as error:
        check(build(tmp_path / "release", "0.1", examples=busy), "0.1")

    told = "a/b was timed while other work took 0.8 of its cores; let it run again"
    assert told in str(error.value)
    assert "build/releases/0.1/build/records/a.b.json" in str(error.value)
    assert "dev" == check(build(tmp_path / "dev", "dev", examples=busy), "dev").version
    beside = [one | {"exclusive": False} for one in busy]
    assert "0.2" == check(build(tmp_path / "beside", "0.2", examples=beside), "0.2").version
    monkeypatch.setenv("ALLOW_BUSY", "1")
    assert "0.1" == check(tmp_path / "release", "0.1").version
