"""Sources, measurements, the original, ages and verdicts, as they are read from files."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from packaging.version import Version

from conftest import ROOT
from site_ext.base.errors import SiteError
from site_ext.claims import age, measurements, original, sources, uploads
from site_ext.claims.sources import DATED_DAYS, READ_DAYS, Source

if TYPE_CHECKING:
    from pathlib import Path

GOOD = {
    "key": "k", "title": "T", "publisher": "P", "address": "https://example.org",
    "fact": "F.", "read": date(2026, 11, 23),
}  # fmt: skip
MEASUREMENT = {"title": "T", "how": "H", "machine": "M", "date": "2026-11-01", "measured": {"a": 1}}


def test_a_good_source_has_no_problem() -> None:
    """All that is needed; a date of its own and a fact about the past may be added."""
    assert not Source(**GOOD).problem()
    assert not Source(**GOOD, dated=date(2020, 1, 1), about="the past").problem()


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"read": None}, "source 'k' lacks read"),
        ({"title": "", "fact": None}, "lacks title and fact"),
        ({"address": "example.org"}, "'example.org', which is no link"),
        ({"about": "history"}, "about = 'history'; write 'the past'"),
        ({"dated": date(2025, 5, 1)}, "of 2025-05-01 and was read on 2026-11-23: too old"),
    ],
)
def test_a_source_that_is_none_says_why(changed: dict, says: str) -> None:
    """What is missing or wrong is named, and an old source of a fact about today is refused."""
    assert says in Source(**{**GOOD, **changed}).problem()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[k]\nread = 'yesterday'", r"\[k\]: .* at \$.read, found 'yesterday'"),
        ("[k]\nread = 2026-11-01T10:00:00", r"\[k\]: .* at \$.read"),
        ("[k]\nurl = 1", r"\[k\]: .*unknown field `url`; a source has about, address"),
        ("k = 1", "k = 1 stands outside"),
        ("[k\n", "sources.toml"),
    ],
)
def test_a_file_of_sources_that_is_none(tmp_path: Path, text: str, says: str) -> None:
    """The file and the entry are named."""
    (tmp_path / "sources.toml").write_text(text)
    with pytest.raises(SiteError, match=says):
        sources.read(tmp_path / "sources.toml")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"date": "June 2023"}, r"date at \$.date, found 'June 2023'"),
        (
            {"measured": {"a": [1]}},
            r"measured 'a' is a list; publish a number, a string or a bool, found \[1\]",
        ),
        ({"title": None}, r"got `null` at \$.title, found None"),
        ({"extra": 1}, "extra"),
    ],
)
def test_a_measurement_that_is_none(tmp_path: Path, changed: dict, says: str) -> None:
    """The file and the field are named."""
    (tmp_path / "m.json").write_text(json.dumps({**MEASUREMENT, **changed}))
    with pytest.raises(SiteError, match=says) as error:
        measurements.read(tmp_path)
    assert "m.json" in str(error.value)


def test_the_runs_behind_the_minutes() -> None:
    """Each mean is that of its runs without the fastest and the slowest."""
    taken = measurements.read(ROOT / "docs/measurements")
    for name, prefix, minutes in (
        ("resnet_gaudi2", "tensorflow_run", "minutes_tensorflow"),
        ("resnet_gaudi2", "pytorch_run", "minutes_pytorch"),
        ("resnet_h100", "run", "minutes"),
    ):
        values = taken[f"measurements/{name}"].measured
        runs = sorted(value for key, value in values.items() if key.startswith(f"{prefix}_"))

        assert 5 == len(runs)
        assert pytest.approx(sum(runs[1:-1]) / 3 / 60_000, abs=5e-4) == values[minutes]


def test_the_original_is_taken_apart() -> None:
    """Every kind of statement the article has, in the numbers that the audit counts."""
    text = (ROOT / "docs/original.md").read_text(encoding="utf-8")
    found = original.read(ROOT / "docs/original.md")

    def count(*places: str) -> int:
        return len([s for s in found if s.place.startswith(places)])

    assert 9 == count("Overview")
    assert 19 == len([s for s in found if s.place.endswith(("Pros", "Cons"))])
    assert (
        3
        == len([s for s in found if s.kind == original.CODE])
        == count("TensorFlow / Example", "PyTorch / Example", "Keras / Example")
    )
    assert 12 == count("Comparison")
    assert 4 == count("Performance Benchmarks")
    assert 3 == count("Learning Resources") == count("Recommendation")
    assert ["Reading time: 18 minutes", "Difficulty: Intermediate"] == [
        s.words for s in found if s.place == "Footer"
    ]
    assert [] == [s.words for s in found if s.words not in text]
    assert [] == [s for s in found if s.words.split("\n")[0] not in _lines(text, s.line)]


def _lines(text: str, number: int) -> str:
    """The line of a statement, and the one below, where a fence stands on the first."""
    return "\n".join(text.splitlines()[number - 1 : number + 1])


def test_the_script_holds_the_same_original() -> None:
    """The example that counts its words has the article to the letter."""
    script = (ROOT / "gallery/article/as_written.py").read_text(encoding="utf-8")

    assert (ROOT / "docs/original.md").read_text(encoding="utf-8") in script


def test_ages(tmp_path: Path) -> None:
    """Old and unusable evidence is due; a fact about the past never is."""
    (tmp_path / "sources.toml").write_text(
        "\n".join(
            f'[{key}]\ntitle="T"\npublisher="P"\naddress="https://e.org"\nfact="F."\n{more}'
            for key, more in {
                "new": "read = 2026-11-01",
                "old": "read = 2025-01-01",
                "unread": "read = 2026-05-01",
                "dated": "read = 2026-05-01\ndated = 2026-01-01",
                "expired": "read = 2026-05-01\ndated = 2025-11-01",
                "past": 'read = 2020-01-01\nabout = "the past"',
                "none": "",
                "future": "read = 2027-01-01",
            }.items()
        )
    )
    (tmp_path / "measurements").mkdir()
    (tmp_path / "measurements/m.json").write_text(json.dumps({**MEASUREMENT, "date": "2024-01-01"}))
    found = {item.name: item for item in age.items(tmp_path, date(2026, 11, 23))}

    assert {"old", "unread", "expired", "none", "future", "measurements/m"} == {
        n for n, i in found.items() if i.overdue
    }
    assert "DUE" in age.line(found["old"])
    assert "lacks read" in age.line(found["none"])
    assert "yet to come" in age.line(found["future"])
    assert "the past" in age.line(found["past"])
    assert found["measurements/m"].days > DATED_DAYS > READ_DAYS


def test_pins_that_are_asked_for() -> None:
    """What pyproject.toml names, frameworks first, with the version that is pinned."""
    pins = age.pinned(ROOT)

    assert "torch" == next(iter(pins))
    assert {"torch", "keras", "jax", "sphinx", "sphinx-gallery"} <= set(pins)
    assert "2.13.0" == pins["torch"]


def test_an_index_out_of_reach_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first that can't be asked for ends the asking."""
    asked = []
    monkeypatch.setattr(uploads, "releases", lambda name: asked.append(name) or None)

    assert [None] == list(uploads.newer({"a": "1", "b": "2"}))
    assert ["a"] == asked


def test_a_release_as_a_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its day is the index's, and a successor is told; one of the past may have some."""
    known = {Version("1.0"): date(2026, 1, 1), Version("2.0"): date(2026, 6, 1)}
    monkeypatch.setattr(uploads, "releases", lambda _: known)
    source = {"title": "T", "publisher": "P", "address": "https://e.org", "fact": "F."}

    def told(**more: Any) -> list[str]:
        return list(uploads.moved([Source(key="k", **source, read=date(2026, 11, 1), **more)]))

    assert [] == told(package="a==2.0", dated=date(2026, 6, 1))
    assert ["k: a 2.0 was uploaded on 2026-06-01, not on 2026-06-02"] == told(
        package="a==2.0", dated=date(2026, 6, 2)
    )
    assert ["k: a 2.0 of 2026-06-01 follows 1.0"] == told(package="a==1.0", dated=date(2026, 1, 1))
    assert [] == told(package="a==1.0", dated=date(2026, 1, 1), about="the past")
    assert ["k: the index has no day for a 3.0"] == told(package="a==3.0", dated=date(2026, 6, 1))
    assert (
        "write it as keras==2.3.0"
        in Source(key="k", **source, read=date(2026, 11, 1), package="a").problem()
    )
