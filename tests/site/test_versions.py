"""Which of the real examples a new version runs again."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from conftest import ROOT, clean_environment
from environments import environment_like_this_one
from found import FOUND as EXAMPLES

PLAN = f"""
from pathlib import Path
from site_ext.gallery import build
from site_ext.run import plan

for entry in plan.plan(build.options_in(Path({str(ROOT)!r}))):
    if entry.due:
        print(entry.example.name, entry.reason, sep=": ")
"""


def due(python: Path) -> dict[str, str]:
    """What the next build would execute with this Python, and why."""
    done = subprocess.run(
        [str(python), "-c", PLAN],
        check=True, text=True, capture_output=True, env=clean_environment(),
    )  # fmt: skip
    return dict(line.split(": ", 1) for line in done.stdout.splitlines())


FOUND = {example.name: example for example in EXAMPLES}
#: They import it inside a package that they need: LiteRT's converter brings JAX.
THROUGH_OTHERS = {name for name, example in FOUND.items() if example.needs}


@pytest.mark.parametrize(
    ("distribution", "module", "always"),
    [
        ("torch", "torch", {"pytorch/train_mlp", "keras/train_mlp_torch", "porting/loss_shapes"}),
        ("jax", "jax", {"keras/train_mlp_jax", "keras/own_loop", "working/footprint"}),
        ("tensorflow-cpu", "tensorflow", {"tensorflow/train_mlp", "article/as_published"}),
        ("tensorboard", "tensorboard", {"working/event_files"}),
        ("ruff", "", set()),
        ("sphinx", "", set()),
    ],
)
def test_a_new_version_runs_what_imports_it(
    html: Path, tmp_path: Path, distribution: str, module: str, always: set[str]
) -> None:
    """A new torch runs what imports torch and nothing else, a new linter or Sphinx nothing."""
    python = environment_like_this_one(tmp_path / "venv", versions={distribution: "99.0"})
    found = due(python)

    assert always <= set(found)
    for name, reason in found.items():
        assert reason.startswith(f"{distribution} "), name
        assert reason.endswith(" -> 99.0")
        assert module in FOUND[name].imports | FOUND[name].asked or name in THROUGH_OTHERS


def test_a_framework_taken_away_runs_nothing(html: Path, tmp_path: Path) -> None:
    """Without JAX, what ran on the version that is pinned can still be shown; of another version,
    it is out of date (tests/unit/test_packages.py)."""
    python = environment_like_this_one(tmp_path / "venv", without=("jax", "jaxlib"))

    assert {} == due(python)
