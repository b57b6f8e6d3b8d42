"""What came of a release's values elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from builds import example
from publisher import reproduction


def compared(there: dict[str, Any], here: dict[str, Any], **more: Any) -> Any:
    return reproduction.compare("0.1", "c", {"a/b": there}, {"a/b": here}, **more)


@pytest.mark.parametrize(
    ("old", "new", "tolerances", "outcome"),
    [
        (0.5, 0.5, {}, "equal"),
        (0.5, 0.5 + 1e-9, {}, "equal"),
        (0.5, 0.501, {}, "moved"),
        (0.5, 0.501, {"value": 0.002}, "within tolerance"),
        (0.5, 0.501, {"val*": 0.002}, "within tolerance"),
        (0.5, 0.51, {"value": 0.002}, "moved"),
        ("yes", "yes", {}, "equal"),
        ("yes", "no", {"value": 1.0}, "moved"),
        (True, False, {"value": 1.0}, "moved"),
        (1, True, {}, "equal"),
    ],
)
def test_a_value_is_held_against_its_tolerance(
    old: Any, new: Any, tolerances: dict[str, float], outcome: str
) -> None:
    there = example("a/b", measured={"value": old}, tolerances=tolerances)
    [value] = compared(there, example("a/b", measured={"value": new})).values

    assert outcome == value.outcome


def test_times_and_sizes_are_left_out() -> None:
    measured = {"train_seconds": 1.0, "a_ms": 1.0, "peak_mib": 1.0, "steps": 3}
    found = compared(example("a/b", measured=measured), example("a/b", measured={"steps": 3}))

    assert ["steps"] == [value.value for value in found.values]


@pytest.mark.parametrize(
    ("here", "why"),
    [
        ({}, "it was not executed here"),
        ({"a/b": example("a/b", status="failed", measured={}, reason="")}, "it failed here: "),
        ({"a/b": example("a/b", measured={"other": 1})}, "it is not measured here"),
    ],
)
def test_what_is_not_there_is_not_comparable(here: dict[str, Any], why: str) -> None:
    found = reproduction.compare("0.1", "c", {"a/b": example("a/b")}, here)

    assert ["not comparable"] == [value.outcome for value in found.values]
    assert why == found.values[0].why
    assert f"not comparable   a/b.accuracy: {why}" in reproduction.as_text(found)


def test_a_claim_that_would_fall_is_named() -> None:
    """The checks of the release's claims, on what was measured here."""
    evidence = {"kind": "example", "example": "a/b", "check": "accuracy > 0.9", "holds": True}
    claims = [
        {"id": "learns", "evidence": [evidence]},
        {"id": "exists", "evidence": [evidence | {"check": "accuracy > 0.1"}]},
        {"id": "sourced", "evidence": [{"kind": "source", "holds": True}]},
    ]
    there = example("a/b", measured={"accuracy": 0.97})
    found = compared(there, example("a/b", measured={"accuracy": 0.8}), claims=claims)

    assert ["learns"] == found.fallen
    text = reproduction.as_text(found)
    assert "moved            a/b.accuracy: 0.97 -> 0.8" in text
    assert "claim that would fall: learns" in text


def test_both_sides_tell_versions_and_machines() -> None:
    there = example("a/b")
    here = example("a/b", versions={"torch": "2.14"}, machine={**there["machine"], "cpu": "Other"})
    found = compared(there, here)

    assert {"torch": "2.13.0"} == found.there.versions
    assert ["Other"] == [machine["cpu"] for machine in found.here.machines]
    assert "here:  PyTorch 2.14, on Other, 2 cores" in reproduction.as_text(found)


def test_an_example_that_fails_here_fells_its_claims() -> None:
    evidence = {"kind": "example", "example": "a/b", "check": "accuracy > 0.9", "holds": True}
    there, here = example("a/b"), example("a/b", status="failed", measured={}, reason="new")
    claims = [{"id": "learns", "evidence": [evidence]}]
    found = compared(there, here, claims=claims)

    assert ["learns"] == found.fallen
    assert ["a/b"] == reproduction.failed({"a/b": there}, {"a/b": here})
