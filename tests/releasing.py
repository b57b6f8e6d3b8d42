"""A small project whose versions are built in no time, released by the real commands.

The tree is small, its commands are the real ones, and so are git, the tags and the places.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from conftest import ROOT, clean_environment
from published import clone_of, git

if TYPE_CHECKING:
    from pathlib import Path

#: A build that is a page and its data, made from the commit that is checked out.
BUILD = f"""
import os, subprocess, sys
from pathlib import Path
code = '''
import os, subprocess, sys
from pathlib import Path
from builds import build
commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True).stdout.strip()
build(Path(sys.argv[1]), os.environ["SITE_VERSION"], commit=commit)
'''
found = os.environ | {{"PYTHONPATH": {f"{ROOT}/conf:{ROOT}/tests"!r}}}
subprocess.run([sys.executable, "-c", code, sys.argv[1]], env=found, check=True)
"""
MAKEFILE = """
{venv}: ; mkdir -p $(@D) && touch $@
html: ; @$(PYTHON) build.py $(OUT)
""".replace("{venv}", "$(VENV)/.ready")
CHANGELOG = """# Changelog

## [Unreleased]

### Added

- The first.

[Unreleased]: ../../compare/v0.0...HEAD
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that has released nothing, and whose origin has what it has."""
    tree = tmp_path / "begun"
    for folder in ("commands", "publisher", "site_ext", "binder"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "conf" / folder, tree / "conf" / folder, ignore=ignored)
    (tree / "conf/releases.json").write_text("[]\n")
    (tree / "docs/_static").mkdir(parents=True)
    shutil.copy(ROOT / "docs/_static/favicon.svg", tree / "docs/_static")
    (tree / "Makefile").write_text(MAKEFILE)
    (tree / "build.py").write_text(BUILD)
    (tree / "CHANGELOG.md").write_text(CHANGELOG)
    (tree / "pyproject.toml").write_text('version = "0"\n[dependency-groups]\ndocs = []\n')
    (tree / "constraints.txt").write_text("")
    (tree / "CITATION.cff").write_text("version: '0'\ndate-released: 2026-01-01\n")
    (tree / ".gitignore").write_text("build/\n__pycache__/\n")
    subprocess.run(["git", "init", "-q", "-b", "main", str(tree)], check=True)
    for name, value in (("user.name", "Test"), ("user.email", "test@example.org")):
        git(tree, "config", name, value)
    git(tree, "add", "--all")
    git(tree, "commit", "-qm", "Begin")
    subprocess.run(["git", "clone", "-q", "--bare", tree, tmp_path / "origin"], check=True)
    return clone_of(tmp_path / "origin", tmp_path / "tree")


def command(
    tree: Path, name: str, *arguments: str, **settings: str
) -> tuple[list[str], dict[str, str]]:
    ours = {"PYTHONPATH": f"{tree}/conf", "ALLOW_BUSY": "1", "MAKE": "make"}
    environment = clean_environment(**ours, **settings)
    return [sys.executable, "-m", f"commands.{name}", *arguments], environment


def run(tree: Path, name: str, *arguments: str, **settings: str) -> tuple[int, str]:
    """A command's status, and all that it said."""
    line, environment = command(tree, name, *arguments, **settings)
    done = subprocess.run(
        line, cwd=tree, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert "Traceback" not in done.stdout
    return done.returncode, done.stdout


def tell(tree: Path, news: str) -> None:
    """Put a line under what is not released, and commit it."""
    path = tree / "CHANGELOG.md"
    path.write_text(
        path.read_text().replace("## [Unreleased]\n", f"## [Unreleased]\n\n- {news}\n", 1)
    )
    git(tree, "commit", "-qam", news)


def release(tree: Path, version: str, **settings: str) -> str:
    code, said = run(tree, "release", version, **settings)
    assert 0 == code, said
    return said
