"""The site of someone who has only PyTorch."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from conftest import ROOT
from environments import environment_like_this_one
from found import FOUND
from published import make

#: What needs no framework but PyTorch, if that.
ALONE = {
    e.name for e in FOUND
    if set(e.frameworks) <= {"torch"} and not {"jax", "keras", "tensorflow"} & set(e.needs)
} - {"deploying/executorch_file"}  # fmt: skip
LACKING = len(FOUND) - len(ALONE)
ONE = "pytorch/train_mlp"
HIDDEN = ("tensorflow", "tensorflow-cpu", "keras", "jax", "jaxlib", "executorch")


@pytest.fixture(scope="module")
def torch_only(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """``(a copy of the tree, a Python that has PyTorch and nothing else to compare)``."""
    folder = tmp_path_factory.mktemp("torch-only")
    python = environment_like_this_one(folder / "venv", without=HIDDEN)
    tree = folder / "tree"
    shutil.copytree(
        ROOT, tree, ignore=shutil.ignore_patterns(".venv*", "build", ".git", "docs/gallery")
    )
    shutil.rmtree(tree / "docs/gallery", ignore_errors=True)
    # What runs with PyTorch alone ran in this tree's build; one is left to run here.
    (tree / "build/records").mkdir(parents=True)
    for name in ALONE - {ONE}:
        shutil.copy(ROOT / f"build/records/{name.replace('/', '.')}.json", tree / "build/records")
    return tree, python


@pytest.fixture(scope="module")
def built(torch_only: tuple[Path, Path]) -> tuple[Path, subprocess.CompletedProcess[str]]:
    tree, python = torch_only
    return tree, make(tree, "html", python=python)


def test_the_build_is_green_with_a_warning_each(built) -> None:
    """What needs TensorFlow, Keras or JAX is skipped, and told in one line; one more tells of
    the claims that lean on it."""
    _, done = built
    warnings = [line for line in done.stdout.splitlines() if line.startswith("WARNING")]

    assert 0 == done.returncode, done.stdout
    assert 2 == len(warnings), done.stdout
    assert re.match(r"WARNING: \d+ of \d+ claims were not checked \(", warnings[1])
    assert warnings[0].startswith(f"WARNING: {LACKING} of {len(FOUND)} examples were not run (")
    assert re.search(rf"\[\d+/{LACKING + 1}\] {ONE}: new; passed in", done.stdout)


def test_skipped_pages_say_so_and_show_no_output(built) -> None:
    """The pages name what is missing; none has output, even of cells that could run."""
    tree, _ = built
    entries = json.loads((tree / "build/html/data/examples.json").read_text())
    for entry in entries:
        page = BeautifulSoup((tree / "build/html" / entry["page"]).read_text(), "html.parser")
        if entry["name"] in ALONE:
            assert "passed" == entry["status"]
            continue
        banner = page.select_one(".example-status").get_text()

        assert "skipped" == entry["status"]
        assert "is not installed" in entry["reason"]
        assert "was not run in this build" in banner
        assert entry["reason"] in banner
        assert [] == page.select(".sphx-glr-script-out")
        assert entry["wall_seconds"] is None


def test_sentences_do_not_quote_what_was_not_measured(built) -> None:
    """The article says "not measured in this build" instead of a number from elsewhere."""
    tree, _ = built
    index, audit = (
        BeautifulSoup((tree / f"build/html/{name}.html").read_text(), "html.parser")
        for name in ("index", "audit")
    )

    assert "a gap of not measured in this build" in " ".join(index.get_text().split())
    assert "they put not measured in this build between" in " ".join(audit.get_text().split())
    assert "not measured" in audit.select_one("article svg[role=img]")["aria-label"]


def test_claims_that_lean_on_it_are_not_checked(built) -> None:
    """The note, the ledger and the data say so; what leans on PyTorch alone is checked."""
    tree, _ = built
    claims = json.loads((tree / "build/html/data/claims.json").read_text())
    ledger = BeautifulSoup((tree / "build/html/ledger.html").read_text(), "html.parser")
    found = {claim["id"]: claim for claim in claims}

    assert found["keras-backends"]["not_checked"]
    assert [] == found["reading-time"]["not_checked"]
    for claim in claims:
        row = ledger.find(id=f"claim-{claim['id']}").get_text()
        assert bool(claim["not_checked"]) is ("Not checked in this build" in row), claim["id"]


def test_again_nothing_runs(built, torch_only: tuple[Path, Path]) -> None:
    """A skipped example is up to date until what it needs is installed."""
    done = make(torch_only[0], "html", python=torch_only[1])

    assert 0 == done.returncode
    assert len(ALONE) == done.stdout.count(": up to date")
    assert LACKING == len([x for x in done.stdout.splitlines() if x.endswith("is not installed")])


def test_doctests_are_skipped_too(built, torch_only: tuple[Path, Path]) -> None:
    """`make doctest` is green without the frameworks."""
    done = make(torch_only[0], "doctest", python=torch_only[1])

    assert 0 == done.returncode, done.stdout


def test_strict_fails(built, torch_only: tuple[Path, Path]) -> None:
    """STRICT=1 makes an absent framework an error."""
    done = make(torch_only[0], "html", "STRICT=1", python=torch_only[1])

    assert 0 != done.returncode
    assert "STRICT=1 makes this an error" in done.stdout
