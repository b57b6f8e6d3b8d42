"""Which of the real examples a new version runs again."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from conftest import ROOT, clean_environment
from environments import environment_like_this_one

PLAN = """
from pathlib import Path
from site_ext import runner

root = Path({root!r})
options = runner.Options(gallery=root / "gallery", records=root / "build/records", root=root)
for entry in runner.plan(options):
    if entry.due:
        print(entry.example.name, entry.reason, sep=": ")
"""


def due(python: Path) -> dict[str, str]:
    """What the next build would execute with this Python, and why."""
    done = subprocess.run(
        [str(python), "-c", PLAN.format(root=str(ROOT))],
        check=True, text=True, capture_output=True, env=clean_environment(),
    )  # fmt: skip
    return dict(line.split(": ", 1) for line in done.stdout.splitlines())


@pytest.mark.parametrize(
    ("distribution", "names"),
    [
        (
            "torch",
            {
                "article/as_published", "keras/train_mlp_torch", "porting/loss_shapes",
                "pytorch/train_mlp",
            },
        ),
        ("jax", {"keras/train_mlp_jax"}),
        (
            "tensorflow-cpu",
            {
                "article/as_published", "keras/train_mlp_tensorflow", "tensorflow/train_mlp",
                "tensorflow/train_mlp_raw",
            },
        ),
        ("ruff", set()),
        ("sphinx", set()),
    ],
)  # fmt: skip
def test_a_new_version_runs_what_imports_it(
    html: Path, tmp_path: Path, distribution: str, names: set[str]
) -> None:
    """A new torch runs what imports torch, a new linter or Sphinx runs nothing."""
    python = environment_like_this_one(tmp_path / "venv", versions={distribution: "99.0"})
    found = due(python)

    assert names == set(found)
    for reason in found.values():
        assert reason.startswith(f"{distribution} ")
        assert reason.endswith(" -> 99.0")


def test_a_framework_taken_away_runs_what_had_it(html: Path, tmp_path: Path) -> None:
    """Without JAX, what ran on it is out of date, and only that."""
    python = environment_like_this_one(tmp_path / "venv", without=("jax", "jaxlib"))

    assert ["keras/train_mlp_jax"] == list(due(python))
