"""What is said to have changed between two releases."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from builds import MACHINE, build, example
from publisher import changes, chart, releases


@pytest.fixture
def release(tmp_path: Path) -> Any:
    def make(version: str, **more: Any) -> releases.Release:
        return releases.read_folder(build(tmp_path / version, version, **more), version)

    return make


def claim(name: str, verdict: str) -> dict[str, str]:
    return {"id": name, "statement": f"The statement {name}", "verdict": verdict}


def test_a_moved_value_names_what_changed(release) -> None:
    """Old, new, and the versions on both sides."""
    old = release("0.1", examples=[example(versions={"torch": "2.12.0"}, key="a")])
    now = example(measured={"accuracy": 0.95}, versions={"torch": "2.13.0"}, key="b")
    (moved,) = changes.between(old, release("0.2", examples=[now])).moved

    assert ("pytorch/train", "accuracy", "0.97", "0.95") == (
        moved.example, moved.key, moved.old, moved.new,
    )  # fmt: skip
    assert ("torch 2.12.0 -> 2.13.0",) == moved.causes


@pytest.mark.parametrize(
    ("then", "now", "cause"),
    [
        ({"script": "one"}, {"script": "two"}, "the script changed"),
        ({}, {"machine": MACHINE | {"cpu": "Other"}}, "another machine"),
        ({"key": "a"}, {"key": "b"}, "a file beside the script changed"),
        ({}, {}, "nothing that is recorded: not the same from run to run"),
    ],
)
def test_causes(release, then: dict, now: dict, cause: str) -> None:
    """Each cause that can be told is told."""
    old = release("0.1", examples=[example(**then)])
    new = release("0.2", examples=[example(**now, measured={"accuracy": 0.5})])

    assert (cause,) == changes.between(old, new).moved[0].causes


def test_times_and_rounding_are_no_moves(release) -> None:
    """Seconds and memory differ at each run, and a difference of 1e-9 is none."""
    old = release("0.1", examples=[example(measured={"a": 1.0, "train_seconds": 1.0, "b_mib": 3})])
    new = release(
        "0.2", examples=[example(measured={"a": 1.0 + 1e-9, "train_seconds": 2.0, "b_mib": 4})]
    )

    assert [] == changes.between(old, new).moved


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        (0.97, 0.95, ("0.97", "0.95")),
        (0.970001, 0.970004, ("0.970001", "0.970004")),
        (109386, 109387, ("109,386", "109,387")),
        ("jax", "torch", ("jax", "torch")),
        (True, False, ("True", "False")),
        (None, 0.5, ("absent", "0.5")),
    ],
)
def test_values_are_shown_apart(release, old: Any, new: Any, shown: tuple[str, str]) -> None:
    """As many digits as it takes to see the difference."""
    then = example(measured={} if old is None else {"x": old})
    (moved,) = changes.between(
        release("0.1", examples=[then]), release("0.2", examples=[example(measured={"x": new})])
    ).moved

    assert shown == (moved.old, moved.new)


def test_verdicts(release) -> None:
    """A changed verdict with both sides; added and removed claims by name."""
    old = release("0.1", claims=[claim("a", "holds"), claim("b", "false"), claim("gone", "holds")])
    new = release("0.2", claims=[claim("a", "outdated"), claim("b", "false"), claim("c", "holds")])
    found = changes.between(old, new)

    assert [("a", "holds", "outdated")] == [(v.claim, v.old, v.new) for v in found.verdicts]
    assert ["c"] == found.claims_added
    assert ["gone"] == found.claims_removed
    assert "a: holds -> outdated" in changes.as_text(found)


def test_the_changelog_lists_verdicts(release) -> None:
    """Changed, new and gone; nothing of those that stayed; none said; the first ledger said."""
    old = release("0.1", claims=[claim("a", "holds"), claim("b", "false"), claim("c", "opinion")])
    new = release("0.2", claims=[claim("a", "outdated"), claim("b", "false"), claim("d", "holds")])

    assert (
        "### Verdicts that changed\n\n- `a`: outdated, was holds\n- `d`: holds, new\n"
        "- `c`: gone, was opinion\n"
    ) == changes.changelog(old, new)
    assert "- None." in changes.changelog(old, old)
    assert "The first with a ledger here: 3 statements" in changes.changelog(None, old)
    assert "" == changes.changelog(None, release("0.3"))


def test_what_was_not_run_has_not_moved(release) -> None:
    """An example skipped on one side is told as that, not as values that are gone."""
    skipped = example(status="skipped", wall_seconds=None, measured={}, script=None)
    found = changes.between(release("0.1"), release("0.2", examples=[skipped]))

    assert [] == found.moved
    assert ["pytorch/train"] == found.not_run
    assert "Examples not run on one side: 1" in changes.as_text(found)


def test_nothing_run_again_is_said(release) -> None:
    """ "None moved" after no run is another thing than after one."""
    old = release("0.1", examples=[example("a/b"), example("c/d")])
    same = release("0.2", examples=[example("a/b"), example("c/d", executed_at="later")])

    assert "none; 1 of 2 examples were run again" in changes.as_text(changes.between(old, same))


def test_pages_that_came_and_went(release) -> None:
    """Pages of the article by name; those of examples are told as examples."""
    old = release("0.1", pages=("index.html", "gone.html"))
    new = release("0.2", pages=("index.html", "new.html", "gallery/a/b.html"))
    found = changes.between(old, new)

    assert (["new.html"], ["gone.html"]) == (found.pages_added, found.pages_removed)


def test_unlike_machines_are_not_compared(release) -> None:
    """A time of another machine, or of a run that had company, is not set beside this one."""
    names = ["a/same", "b/faster", "c/crowded"]
    old = release("0.1", examples=[example(name) for name in names])
    later = partial(example, executed_at="2026-11-23T10:00:00Z", wall_seconds=4.0)
    new = release(
        "0.2",
        examples=[
            later("a/same"),
            later("b/faster", machine=MACHINE | {"cores": 64}),
            later("c/crowded", exclusive=False),
        ],
    )
    found = changes.between(old, new)

    assert ["a/same"] == [timing.example for timing in found.timings]
    assert ["b/faster", "c/crowded"] == found.not_compared


def test_the_chart_joins_no_unlike_machines(release) -> None:
    """A line ends where the machine changes; a rule, a letter and another shape mark it."""
    other = MACHINE | {"cpu": "Other"}
    machines = [MACHINE, MACHINE, other, other, MACHINE]
    drawn = chart.draw(
        [
            release(f"0.{n}", examples=[example(machine=machine, executed_at=f"day {n}")])
            for n, machine in enumerate(machines)
        ]
    )
    svg = drawn.panels[0].svg

    assert 2 == svg.count('class="course"')
    assert 2 == svg.count('class="rule"')
    assert 2 == len(drawn.machines)
    assert ["A", "B", "A"] == [
        part.partition("<")[0].partition(">")[2] for part in svg.split('class="machine"')[1:]
    ]
    assert 3 == svg.count("<circle")
    assert 2 == svg.count("<polygon")


def test_the_chart_tells_a_repeated_run(release) -> None:
    """A run that a later release shows again is no second measurement."""
    drawn = chart.draw([release(name, examples=[example()]) for name in ("0.1", "0.2")])
    svg = drawn.panels[0].svg

    assert 1 == svg.count('r="4.5"')
    assert 1 == svg.count('r="2.0"')
    assert "0.2: 5.0 s on machine A, the same run as before" in svg


def test_a_title_can_not_break_the_chart(release) -> None:
    """Titles come from scripts: what is markup in them is shown, not obeyed."""
    drawn = chart.draw([release("0.1", examples=[example(title='a "b" <script>')])])

    assert "<script>" not in drawn.panels[0].svg
    assert "&#34;b&#34; &lt;script&gt;" in drawn.panels[0].svg
