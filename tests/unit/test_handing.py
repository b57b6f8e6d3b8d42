"""Which records a release starts from that is built here."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from builds import MACHINE
from publisher import handing
from site_ext.base.errors import SiteError
from site_ext.run import inputs, records
from site_ext.run.records import Record

SCRIPT = b"print(1)\n"


def record(**more: Any) -> Record:
    of = {
        "script": hashlib.sha256(SCRIPT).hexdigest(), "files": {}, "missing": [], "settings": {},
        "distributions": {"torch": "2.13.0+cpu"}, "python": "3.11", "platform": inputs.here(),
    }  # fmt: skip
    of |= more.pop("inputs", {})
    given: dict[str, Any] = {
        "name": "a/b", "status": "passed", "frameworks": [], "reason": "new", "wall_seconds": 1.0,
        "run_seconds": 1.0, "cpu_seconds": 1.0, "peak_rss_mib": 1.0, "exclusive": True,
        "measured": {}, "versions": {"python": "3.11.7"}, "machine": dict(MACHINE),
        "commit": "0" * 40, "executed_at": "2026-01-01T00:00:00Z", "key": "k", "inputs": of,
    }  # fmt: skip
    return Record(**(given | more))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    (folder / "gallery/a").mkdir(parents=True)
    (folder / "gallery/a/b.py").write_bytes(SCRIPT)
    (folder / "constraints.txt").write_text("torch==2.13.0\n")
    return folder


def handed(tree: Path, *stores: list[Record]) -> Record | None:
    """What the tree gets out of stores in this order."""
    folders = []
    for number, store in enumerate(stores):
        folders.append(tree.parent / f"store{number}")
        folders[-1].mkdir()
        for one in store:
            records.write(folders[-1], one)
    handing.hand_on(folders, tree)
    return records.read(tree / "build/records", "a/b")


def test_the_best_fit_is_taken(tree: Path) -> None:
    """That of the same script and of the pinned versions, in whichever store it is."""
    other = record(reason="another text", inputs={"script": "0"})
    older = record(reason="another torch", inputs={"distributions": {"torch": "2.12.0"}})
    fits = record(reason="fits")
    found = handed(tree, [other], [older], [fits])

    assert found is not None
    assert "fits" == found.reason


@pytest.mark.parametrize(
    "bad",
    [
        record(commit="0" * 40 + "+changes"),
        record(inputs={"platform": "darwin arm64"}),
        record(machine=MACHINE | {"during": {
            "cores": 2, "load": 3.0, "others": 1.0, "idle": 0.0, "stolen": 0.0, "throttled": 0.0}}),
    ],
    ids=["with changes", "of another platform", "on a busy machine"],
)  # fmt: skip
def test_what_no_release_can_be_made_of_is_left(tree: Path, bad: Record) -> None:
    assert handed(tree, [bad]) is None


def test_what_was_taken_from_elsewhere_is_left(tree: Path) -> None:
    """A release may take attested records only, which it does by itself."""
    one, store = record(), tree.parent / "store"
    records.write(store, one)
    records.note_origin(store, one, "origin/gh-pages, dev")
    handing.hand_on([store], tree)

    assert records.read(tree / "build/records", "a/b") is None


def test_what_is_there_stays(tree: Path) -> None:
    """A release's own record is not replaced."""
    records.write(tree / "build/records", record(reason="its own"))
    found = handed(tree, [record(reason="another")])

    assert found is not None
    assert "its own" == found.reason


def test_a_file_that_is_no_record_is_named(tree: Path) -> None:
    store = tree.parent / "store"
    store.mkdir()
    (store / "a.b.json").write_text("{")
    with pytest.raises(SiteError, match=r"a\.b\.json: not a record"):
        handing.hand_on([store], tree)
