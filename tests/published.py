"""The real site of real releases, published by the real commands from a clone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from conftest import ROOT, clean_environment
from environments import environment_like_this_one
from publisher import building


def clone(folder: Path) -> Path:
    """A clone of what is committed, with today's changes committed on top."""
    clone_of(ROOT, folder)
    changes = subprocess.run(
        ["git", "diff", "HEAD", "--binary"], cwd=ROOT, check=True, capture_output=True
    ).stdout
    if changes:
        subprocess.run(["git", "apply", "--index", "-"], cwd=folder, input=changes, check=True)
        git(folder, "commit", "-qm", "Today's changes")
    return folder


def clone_with_records(folder: Path) -> Path:
    """The same with this tree's records, so that nothing runs that has run here, and with an
    environment for each release: links to this one, which takes a second and not minutes."""
    clone(folder)
    for line in json.loads((folder / "conf/releases.json").read_text()):
        with tempfile.TemporaryDirectory() as name:
            for file in ("pyproject.toml", "constraints.txt"):
                Path(name, file).write_text(git(folder, "show", f"{line['commit']}:{file}") + "\n")
            environment = folder / "build/environments" / building.lock_of(Path(name))
        if not environment.exists():
            environment_like_this_one(environment)
            (environment / ".ready").touch()
    if (ROOT / "build/records").exists():
        shutil.copytree(ROOT / "build/records", folder / "build/records")
    return folder


def clone_of(origin: Path, folder: Path) -> Path:
    """A clone that can commit."""
    subprocess.run(
        ["git", "clone", "-q", str(origin), str(folder)], check=True, capture_output=True
    )
    for name, value in (("user.name", "Test"), ("user.email", "test@example.org")):
        git(folder, "config", name, value)
    return folder


def git(tree: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=tree, check=True, capture_output=True, text=True
    ).stdout.strip()


def make(
    tree: Path, *arguments: str, python: Path | str = sys.executable
) -> subprocess.CompletedProcess[str]:
    """Run make in ``tree``, with the environment of these tests or another."""
    environment = clean_environment()
    for name in ("PYTHONPATH", "SITE_CONF"):
        environment.pop(name)
    return subprocess.run(
        ["make", *arguments, "VENV=", f"PYTHON={python}"], cwd=tree, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900, env=environment,
    )  # fmt: skip


def releases() -> list[str]:
    """The versions in the committed list."""
    return [line["version"] for line in json.loads((ROOT / "conf/releases.json").read_text())]
