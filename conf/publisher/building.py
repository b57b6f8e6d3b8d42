"""Build a version's pages: of the working tree, or of a release from its own commit.

A release is built by its own Makefile with its own pinned versions, in an environment that
is kept under the name of what it was made from, so that two releases with the same pins
share one. What a release's tree must offer for that, now and in years: a target for the
stamp ``<environment>/.ready``, and ``make html VENV= PYTHON=… OUT=…`` that reads
``SITE_VERSION`` and ``SITE_URL``.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from publisher import attested, handing
from site_ext.base import git as git_of
from site_ext.base import versions
from site_ext.base.errors import SiteError
from site_ext.base.files import locked
from site_ext.base.git import git
from site_ext.run import records

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What leaves examples out: a release has them all.
PARTIAL = ("PATTERN", "SHARD")
#: Groups of dependencies that no build needs.
NOT_BUILT_WITH = ("tests", "lint", "dev")
#: What one make hands on to the next, and must not.
OF_MAKE = (
    "MAKEFLAGS",
    "MAKEOVERRIDES",
    "MAKELEVEL",
    "MFLAGS",
    "PYTHONPATH",
    "VENV",
    "OUT",
    "SITE",
    "BRANCH",
    "RELEASES",
    "DEV",
    "BUDGET",
    "CLUSTER",
)


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Two publications from one tree would build into one folder: the second is refused."""
    lock = root / "build" / ".publishing.lock"
    with locked(lock, "another `make site` or `make release` is under way in this tree"):
        yield


def working_tree(root: Path, version: str) -> Path:
    """Build the tree as it stands, with the Python that runs this; the folder of its pages."""
    return _html(root, version, sys.executable, root / "build" / "release" / "html")


def of_tree(root: Path, tree: Path, version: str) -> Path:
    """Build the clone ``tree`` of ``root``; the folder of its pages."""
    return _html(tree, version, _python_for(root, tree), tree / "build" / "release" / "html")


def check_out(root: Path, commit: str, name: str) -> Path:
    """A clone of its own at ``commit``, as :func:`_clone` makes it.

    It starts from records of this tree and of the other releases here: what is out of date for it
    runs again, and what was executed with changes that are in no commit, on another platform,
    or on a busy machine.
    """
    tree = _clone(root, commit, name)
    handing.hand_on(_stores(root, tree), tree)
    return tree


def _clone(root: Path, commit: str, name: str) -> Path:
    """A clone of ``root`` at ``commit``; one that is there already keeps what it has built."""
    tree = root / "build" / "releases" / name
    if not (tree / ".git").exists():
        shutil.rmtree(tree, ignore_errors=True)
        tree.parent.mkdir(parents=True, exist_ok=True)
        git(root, "clone", "-q", "--shared", "--no-checkout", str(root), str(tree))
        # A branch that RECORDS= names is that of where this tree came from.
        if "origin" in git(root, "remote").splitlines():
            git(tree, "remote", "set-url", "origin", git(root, "remote", "get-url", "origin"))
    # Nobody else works there, by :func:`alone`: what is left of a git that was killed is in the way.
    (tree / ".git" / "index.lock").unlink(missing_ok=True)
    git(tree, "checkout", "-q", "--force", "--detach", commit)
    return tree


def executed_again(root: Path, version: str, commit: str, pattern: str) -> Path:
    """Execute all of a release again, whatever was executed before; the folder of its records.
    Examples that fail are told, and have records that say so."""
    tree = _clone(root, commit, f"{version}-again")
    kept = tree / "build" / "records"
    shutil.rmtree(kept, ignore_errors=True)
    python = _python_for(root, tree)
    settings = {"PATTERN": pattern, "RECORDS": "", "SHARD": ""}
    try:
        _make(tree, "examples", "VENV=", f"PYTHON={python}", **settings)
    except SiteError:
        if not any(kept.glob("*.json")):
            raise
    return kept


def _stores(root: Path, tree: Path) -> list[Path]:
    """The folders of records in this tree, of the working tree first."""
    others = sorted((root / "build" / "releases").glob("*/build/records"))
    return [root / "build" / "records", *(one for one in others if not one.is_relative_to(tree))]


def record_of(version: str, name: str) -> Path:
    """Where the record of an example stands that a release is built from."""
    return Path("build/releases") / version / "build/records" / records.file_name(name)


def _python_for(root: Path, tree: Path) -> str:
    """The Python of the environment with the release's pinned versions."""
    if lock_of(tree) == lock_of(root):
        return sys.executable
    folder = root / "build" / "environments" / lock_of(tree)
    stamp = folder / ".ready"
    if not stamp.exists():
        print(f"the environment of {tree.name}: build/environments/{folder.name}", flush=True)
        _make(tree, str(stamp), f"VENV={folder}", f"PYTHON={sys.executable}", "HEAVY=1")
    return str(folder / "bin" / "python")


def lock_of(tree: Path) -> str:
    """A short name for what decides the installed versions in ``tree``."""
    project = tomllib.loads((tree / "pyproject.toml").read_text(encoding="utf-8"))
    groups = {k: v for k, v in project["dependency-groups"].items() if k not in NOT_BUILT_WITH}
    pins = (tree / "constraints.txt").read_text(encoding="utf-8")
    decides = json.dumps([groups, pins, sys.version_info[:2], os.environ.get("GPU", "")])
    return hashlib.sha256(decides.encode()).hexdigest()[:12]


def _html(tree: Path, version: str, python: str, out: Path) -> Path:
    """Pages made from nothing, so that no page of an earlier build is among them."""
    shutil.rmtree(out, ignore_errors=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        _make(tree, "html", "VENV=", f"PYTHON={python}", f"OUT={out}", SITE_VERSION=version)
    except SiteError as error:
        what = "the working tree" if version == versions.DEV else f"version {version}"
        raise SiteError(f"{what} did not build, and was not published; {error}") from error
    return out


def _store(tree: Path, environment: dict[str, str]) -> str:
    """The store that a build takes records from: for a release, an attested one."""
    store = environment.get("RECORDS", "")
    if store and environment.get("SITE_VERSION", versions.DEV) != versions.DEV:
        return str(attested.copied(store, tree / "build" / "attested"))
    # Named from here, where another folder is current.
    return str(Path(store).resolve()) if store and Path(store).exists() else store


def _make(tree: Path, *arguments: str, **settings: str) -> None:
    inherited = git_of.environment()
    left_out = OF_MAKE if settings.get("SITE_VERSION") == versions.DEV else OF_MAKE + PARTIAL
    environment = {name: value for name, value in inherited.items() if name not in left_out}
    environment |= settings
    environment["RECORDS"] = _store(tree, environment)
    command = [os.environ.get("MAKE") or "make", "--no-print-directory", *arguments]
    done = subprocess.run(command, cwd=tree, check=False, env=environment)
    if done.returncode:
        raise SiteError(f"what `make {arguments[0]}` said is above")
