"""The wings and their one direction, and pieces that are small enough to read at once."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT, clean_environment

CONF = ROOT / "conf"
MODULES = sorted(CONF.rglob("*.py"))
LONGEST_MODULE, LONGEST_FUNCTION = 300, 40


def contracts(folder: Path) -> subprocess.CompletedProcess[str]:
    """What import-linter says of pyproject.toml's contracts over the packages in ``folder``."""
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--config", ROOT / "pyproject.toml", "--no-cache"],
        cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=clean_environment(PYTHONPATH=str(folder)),
    )  # fmt: skip


def test_the_wings_have_one_direction() -> None:
    """base ← run ← gallery ← claims ← pages; the runner knows no Sphinx."""
    done = contracts(CONF)

    assert 0 == done.returncode, done.stdout


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("run/plan.py", "from site_ext.gallery import domain", "Each wing leans only"),
        ("base/values.py", "from site_ext.run import records", "Each wing leans only"),
        ("run/inputs.py", "import sphinx.util", "The runner and the stores know no Sphinx"),
        ("run/child.py", "import msgspec", "The child imports nothing"),
    ],
)
def test_a_step_against_it_is_seen(tmp_path: Path, module: str, line: str, broken: str) -> None:
    """An import that goes the other way breaks the contract that it is against."""
    for package in ("site_ext", "publisher", "bench", "commands"):
        os.symlink(CONF / package, tmp_path / package)
    (tmp_path / "site_ext").unlink()
    for path in (CONF / "site_ext").rglob("*.py"):
        copy = tmp_path / path.relative_to(CONF)
        copy.parent.mkdir(parents=True, exist_ok=True)
        more = f"\n{line}\n" if path == CONF / "site_ext" / module else ""
        copy.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    done = contracts(tmp_path)

    assert 0 != done.returncode
    assert f"{broken}" in done.stdout
    assert "BROKEN" in done.stdout


def test_a_module_is_read_at_once() -> None:
    """No module is above 300 lines, no function above 40."""
    long = []
    for path in MODULES:
        text, name = path.read_text(encoding="utf-8"), path.relative_to(CONF)
        long += [str(name)] if text.count("\n") > LONGEST_MODULE else []
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                lines = (node.end_lineno or 0) - node.lineno + 1
                long += [f"{name}: {node.name}"] if lines > LONGEST_FUNCTION else []

    assert [] == long


def test_no_file_edits_the_path() -> None:
    """The packages are found by PYTHONPATH or by the environment; only the child, which stands
    for ``python script.py``, sets the folder that a script imports from."""
    edits = re.compile(r"sys\.path(\[.*\])? \+?= |sys\.path\.(insert|append|extend)")
    editing = {
        str(path.relative_to(ROOT))
        for path in [*MODULES, *(ROOT / "tests").glob("[!r]*/*.py"), *(ROOT / "tests").glob("*.py")]
        if edits.search(path.read_text(encoding="utf-8")) and path != Path(__file__)
    }

    assert {"conf/site_ext/run/child.py"} == editing


def test_commands_are_modules() -> None:
    """What the Makefile runs of ours is ``python -m commands.…``, and each can be imported."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = {word for word in makefile.split() if word.startswith("commands.")}
    found = {f"commands.{path.stem}" for path in (CONF / "commands").glob("[a-z]*.py")}

    assert named
    assert named <= found
    assert "conf/" not in " ".join(line for line in makefile.splitlines() if "$(PY)" in line)
