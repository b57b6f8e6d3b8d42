"""When a machine was busy, and which machines are the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from site_ext.base import machine, pins
from site_ext.run.during import Look, Spell, disturbed

REST: Spell = {
    "cores": 2,
    "load": 0.1,
    "others": 0.02,
    "idle": 0.9,
    "stolen": 0.0,
    "throttled": 0.0,
}


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, ""),
        ({"others": 0.5}, "other work took 0.5 of its cores"),
        ({"others": 20.0, "idle": 40.0, "cores": 4}, ""),  # cores to spare
        ({"stolen": 0.3}, "its host took 0.3 of its cores away"),
        ({"throttled": 0.25}, "a quota stopped it for 25% of the time"),
    ],
)
def test_what_makes_a_time_no_timing(more: dict[str, float], told: str) -> None:
    assert told == disturbed(REST | more)


def test_what_is_not_known_is_not_held_against_it() -> None:
    """Records of before there were looks."""
    assert "" == disturbed(None)


def test_a_look_counts_what_is_not_the_runs_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of ten seconds on two cores: what the run used, and the build itself, is not others'."""
    kinds = ("at", "used", "idle", "stolen", "build", "throttled")
    moments = iter([(0, 100, 50, 1, 5, 0), (10, 113, 56, 2, 6, 0.5)])
    monkeypatch.setattr(
        Look, "_now", staticmethod(lambda: dict(zip(kinds, next(moments), strict=True)))
    )
    spell = Look().until_now(2, 8.0)

    assert (2, 0.4, 0.6, 0.1, 0.05) == tuple(
        spell[kind] for kind in ("cores", "others", "idle", "stolen", "throttled")
    )


def test_machines_are_told_once() -> None:
    """Memory wavers with the kernel; the most frequent comes first."""
    one = {"cpu": "A", "cores": 2, "ram_gib": 23.5, "os": "Linux", "gpu": None}
    told = machine.distinct([one | {"cpu": "B"}, one, one | {"ram_gib": 23.9, "during": REST}])

    assert ["A", "B"] == [found["cpu"] for found in told]
    assert "during" not in told[0]


def test_pins_are_those_of_this_platform(tmp_path: Path) -> None:
    """Markers count, comments and options do not."""
    (tmp_path / "constraints.txt").write_text(
        "# made by uv\n--no-binary x\nNumPy==2.4.0\ntorch==2.13.0 ; sys_platform == 'nowhere'\n"
        "jax==0.10.2 ; python_version >= '3'  # because\nmore>=1\n\n"
    )

    assert {"numpy": "2.4.0", "jax": "0.10.2"} == pins.read(tmp_path / "constraints.txt")
    assert {} == pins.read(tmp_path / "none.txt")
