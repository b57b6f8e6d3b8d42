"""What a person is told when the environment can't be made."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from commands.environment import compile_all, pins_in
from commands.lock import with_hashes
from conftest import clean_environment

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "conf/commands/environment.py"


def make_environment(folder: Path, before: str = "", **variables: str) -> tuple[int, list[str]]:
    """Run the script, after ``before`` was executed in its interpreter; its lines."""
    code = f"import runpy, sys\n{before}\nsys.argv = [{str(SCRIPT)!r}, {str(folder)!r}, 'docs']\n"
    code += f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-c", code], text=True, timeout=120, env={**os.environ, **variables},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return done.returncode, done.stdout.splitlines()


@pytest.mark.parametrize(
    ("before", "line"),
    [
        ("sys.version_info = (3, 9, 2)", "make: Python 3.11 or newer is needed, this is 3.9"),
        ("sys.modules['ensurepip'] = None", "make: this Python has no venv module; on Debian"),
    ],
)
def test_a_missing_tool_is_one_line(tmp_path: Path, before: str, line: str) -> None:
    """Too old a Python, or one without venv, is told with the repair."""
    code, lines = make_environment(tmp_path / "venv", before)

    assert 1 == code
    assert 1 == len(lines), lines
    assert lines[0].startswith(line)


def test_what_was_installed_is_compiled(tmp_path: Path) -> None:
    """Whatever the folders above are called; but for the packages' own tests."""
    folder = tmp_path / "tests/venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    packages = next(folder.glob("lib/python*/site-packages"))
    for name in ("one/part.py", "one/tests/part.py"):
        (packages / name).parent.mkdir(parents=True)
        (packages / name).write_text("")
    compile_all(str(folder / "bin/python"))

    assert {packages / "one"} == {path.parents[1] for path in packages.rglob("*.pyc")}


def test_an_active_environment_without_sphinx_is_one_line(tmp_path: Path) -> None:
    """`make html VENV=` with an interpreter that lacks what a build needs names it."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    done = subprocess.run(
        ["make", "html", "VENV=", f"PYTHON={tmp_path}/bare/bin/python"], cwd=ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=clean_environment(),
    )  # fmt: skip
    first = done.stdout.splitlines()[0]

    assert 0 != done.returncode
    assert first.startswith("make: VENV= uses the active environment, and ")
    assert "has no sphinx, myst_parser, " in first


def test_a_dead_index_is_told_in_seconds(tmp_path: Path) -> None:
    """Nothing answers at the index: the last line says so, without minutes of retries."""
    dead = "http://127.0.0.1:9/simple"
    code, lines = make_environment(
        tmp_path / "venv", PIP_INDEX_URL=dead, PIP_CONFIG_FILE=os.devnull, PIP_NO_CACHE_DIR="1",
        PIP_EXTRA_INDEX_URL="", PIP_FIND_LINKS="",
    )  # fmt: skip

    assert 1 == code
    assert "make: the package index is out of reach" in lines[-1]


def test_the_script_parses_on_old_pythons() -> None:
    """It must run where the rest can't, to say so: no syntax newer than Python 3.7's."""
    import ast

    ast.parse(SCRIPT.read_text(), feature_version=(3, 7))


def test_every_distribution_is_pinned() -> None:
    """Whatever is installed here is in constraints.txt with its version."""
    from importlib import metadata

    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    pinned: dict[str, set[str]] = {}
    for line in pins_in(str(ROOT / "constraints.txt")):
        assert " --hash=sha256:" in line, line
        requirement = Requirement(line.partition(" --hash")[0])
        [version] = requirement.specifier
        pinned.setdefault(canonicalize_name(requirement.name), set()).add(version.version)
    for distribution in metadata.distributions():
        name = canonicalize_name(distribution.metadata["Name"])
        version = distribution.version.partition("+")[0]

        assert version in pinned.get(name, set()), f"{name} {version}"


@pytest.mark.parametrize("changed", ["pip", "iniconfig"])
def test_a_file_with_another_hash_is_refused_by_its_name(tmp_path: Path, changed: str) -> None:
    """Whoever installs it, pip or uv: somebody changed the file, or the pin."""
    (tmp_path / "conf/commands").mkdir(parents=True)
    shutil.copy(SCRIPT, tmp_path / "conf/commands")
    (tmp_path / "pyproject.toml").write_text('[dependency-groups]\ndocs = ["iniconfig"]\n')
    wanted = ("pip==", "setuptools==", "uv==", "iniconfig==")
    pins = [pin for pin in pins_in(str(ROOT / "constraints.txt")) if pin.startswith(wanted)]
    wrong = [
        re.sub("sha256:..", "sha256:ab", pin) if pin.startswith(changed) else pin for pin in pins
    ]
    (tmp_path / "constraints.txt").write_text("\n".join(wrong) + "\n")
    [name] = [pin.split()[0] for pin in pins if pin.startswith(changed)]
    done = subprocess.run(
        [sys.executable, tmp_path / "conf/commands/environment.py", tmp_path / "venv", "docs"],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
    )  # fmt: skip

    assert 1 == done.returncode
    assert f"make: {name} is not the file that constraints.txt pins" in done.stdout.splitlines()[-1]


def test_a_lock_takes_the_hashes_of_torchs_own_index() -> None:
    """Beside those of the package index, each once; other pins stay as they are."""
    one, two, three = (f"sha256:{digit * 64}" for digit in "abc")
    lock = f"tor==1 \\\n    --hash={one}\ntorch==2 ; a == 'b' \\\n    --hash={two}\nx==3 \\\n    --hash={one}\n"
    found = with_hashes("torch", [three, two], lock)

    assert [*pins_of(lock, "tor"), *pins_of(lock, "x")] == [
        *pins_of(found, "tor"),
        *pins_of(found, "x"),
    ]
    assert [f"torch==2 ; a == 'b'      --hash={two}      --hash={three}"] == pins_of(found, "torch")


def pins_of(lock: str, name: str) -> list[str]:
    return [one for one in lock.replace("\\\n", " ").splitlines() if one.startswith(f"{name}==")]
