"""What keeps a build from being published."""

from __future__ import annotations

from pathlib import Path

import pytest

from builds import build, example, write
from publisher import checking
from site_ext.errors import SiteError


def test_a_whole_build_passes(tmp_path: Path) -> None:
    """The release that it is."""
    assert "0.1" == checking.check(build(tmp_path, "0.1"), "0.1").version


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
    ],
)
def test_links_that_lead_nowhere(tmp_path: Path, text: str, told: str) -> None:
    """Page, line, address and what is wrong with it."""
    built = build(tmp_path, "0.1")
    page = built / "index.html"
    page.write_text(page.read_text() + f"\n{text}")
    with pytest.raises(SiteError) as error:
        checking.check(built, "0.1")

    assert told in str(error.value)


@pytest.mark.parametrize(
    "text",
    ['<a href="deep/page.html#top">', '<a href="https://example.org/">', '<a href="mailto:a@b.c">',
     '<a href="../changes.html">', '<a href="../versions/deep/page.html">',
     '<img src="data:image/png;base64,AAAA">'],
)  # fmt: skip
def test_links_that_lead_somewhere(tmp_path: Path, text: str) -> None:
    """Other hosts are for the link check, the root for the publisher."""
    built = build(tmp_path, "0.1")
    page = built / "index.html"
    page.write_text(page.read_text() + text)

    assert checking.check(built, "0.1")


def test_a_style_sheet_that_lacks_an_image(tmp_path: Path) -> None:
    """What a style loads must be there."""
    built = build(tmp_path, "0.1")
    (built / "_static/dot.svg").unlink()
    with pytest.raises(SiteError, match=r"site\.css: dot\.svg does not exist"):
        checking.check(built, "0.1")


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("data/release.json", None, r"data/release\.json is missing: a version's folder without"),
        ("data/examples.json", None, r"data/examples\.json is missing"),
        ("data/examples.json", "{", r"data/examples\.json: not JSON"),
        ("data/examples.json", '{"a": 1}', r"not of the form that a build writes"),
        ("data/examples.json", '[{"name": "a"}]', r"entry 1 lacks measured, status, title"),
        ("data/claims.json", '[{"id": "a"}]', r"claims\.json: entry 1 lacks statement, verdict"),
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
        checking.check(built, "0.1")


def test_another_version(tmp_path: Path) -> None:
    """A build of another version than it is published as."""
    with pytest.raises(SiteError, match=r"this is version '0\.1', in the folder of '0\.2'"):
        checking.check(build(tmp_path, "0.1"), "0.2")


def test_a_failed_example(tmp_path: Path) -> None:
    """Nothing is published of which an example failed."""
    built = build(tmp_path, "0.1", examples=[example("a/b", status="failed")])
    with pytest.raises(SiteError, match="a/b failed"):
        checking.check(built, "0.1")
