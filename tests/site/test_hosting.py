"""What hosts run, run as it stands."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from conftest import ROOT, clean_environment
from published import clone_with_records


@pytest.mark.slow
def test_read_the_docs_commands(tmp_path: Path) -> None:
    """The steps of .readthedocs.yaml, in order, make the whole site where the host wants it.

    It has no records there and executes everything; here it is given ours, less one.
    """
    config = yaml.safe_load((ROOT / ".readthedocs.yaml").read_text())
    jobs = config["build"]["jobs"]
    source, output = clone_with_records(tmp_path / "checkout"), tmp_path / "_readthedocs"
    (source / "build/records/pytorch.train_mlp.json").unlink()
    environment = {
        **clean_environment(),
        "READTHEDOCS": "True",
        "READTHEDOCS_OUTPUT": str(output),
        "READTHEDOCS_VERSION": "latest",
    }
    for name in ("PYTHONPATH", "SITE_CONF", "VIRTUAL_ENV"):
        environment.pop(name, None)
    for step in [*jobs["create_environment"], *jobs["install"], *jobs["build"]["html"]]:
        done = subprocess.run(
            step, shell=True, cwd=source, env=environment, text=True, timeout=900,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert 0 == done.returncode, f"{step}\n{done.stdout}"

    built = {path.relative_to(output / "html") for path in (output / "html").glob("**/*.html")}
    here = {path.relative_to(ROOT / "build/html") for path in ROOT.glob("build/html/**/*.html")}
    assert here == built


def test_read_the_docs_names_a_configuration_that_exists() -> None:
    """The host insists on the path of conf.py."""
    config = yaml.safe_load((ROOT / ".readthedocs.yaml").read_text())

    assert (ROOT / config["sphinx"]["configuration"]).exists()


def test_workflow_runs_targets_that_exist() -> None:
    """Each `make` in the workflow is a target of the Makefile; shards cover the whole."""
    text = (ROOT / ".github/workflows/site.yml").read_text()
    workflow = yaml.safe_load(text)
    parts = workflow["jobs"]["examples"]["strategy"]["matrix"]["part"]
    makefile = (ROOT / "Makefile").read_text()
    steps = [step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"]]
    targets = {step.split()[1] for step in steps if step.startswith("make ")}

    assert {"examples", "html", "doctest", "linkcheck", "lint", "site"} == targets
    assert all(f"\n{target}:" in makefile for target in targets)
    assert list(range(1, len(parts) + 1)) == parts
    assert f"/{len(parts)} " in text
    assert "cron" in text


def test_make_help_lists_every_target() -> None:
    """`make help` has a line for each documented target."""
    listed = subprocess.run(
        ["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True, env=os.environ
    ).stdout

    for target in (
        "html", "test", "doctest", "linkcheck", "site", "compare", "release", "serve", "clean",
        "help", "lock",
    ):  # fmt: skip
        assert f"\n{target} " in f"\n{listed}"
