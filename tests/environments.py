"""Environments that differ from this one in a version or in what is missing.

Made of links to what is installed here, in a second or two and without a network, so that
"torch was upgraded" and "TensorFlow is not installed" can be tried for real.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from site_ext.run import inputs

if TYPE_CHECKING:
    from collections.abc import Mapping


def environment_like_this_one(
    folder: Path, *, without: tuple[str, ...] = (), versions: Mapping[str, str] | None = None
) -> Path:
    """The Python of a new environment.

    ``without`` names distributions to leave out; ``versions`` gives others the version to
    claim.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    here = Path(sysconfig.get_path("purelib"))
    there = next(folder.glob("lib/python*/site-packages"))
    left_out = _top_level(without)
    for entry in here.iterdir():
        # Written by commands.environment: a link would lead its next words to this one.
        own = entry.name in {"__pycache__", "frameworks-compared.pth"}
        if entry.name not in left_out and not own:
            _link(entry, there)
    uv = Path(sysconfig.get_path("scripts"), "uv")
    if uv.exists() and "uv" not in without:  # its package looks for the program beside Python
        (folder / "bin/uv").symlink_to(uv)
    for name, version in (versions or {}).items():
        _claim(there, name, version)
    return folder / "bin/python"


def _link(entry: Path, there: Path) -> None:
    """Link to a package; of what tells that it is installed to each file, for uv sees no links to
    folders there, and would install through the others, over what is in use."""
    if entry.suffix != ".dist-info":
        (there / entry.name).symlink_to(entry)
        return
    (there / entry.name).mkdir()
    for file in entry.iterdir():
        (there / entry.name / file.name).symlink_to(file)


def environment_with(folder: Path, distributions: list[str]) -> Path:
    """The Python of a new environment that has these distributions, what they require, and
    nothing else."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    there = next(folder.glob("lib/python*/site-packages"))
    installed = {canonicalize_name(d.metadata["Name"]): d for d in metadata.distributions()}
    todo, done = [canonicalize_name(name) for name in distributions], set()
    while todo:
        name = todo.pop()
        if name in done or name not in installed:
            continue
        done.add(name)
        todo += [canonicalize_name(name) for name in inputs._required(name)]
        for file in installed[name].files or []:
            top = file.parts[0]
            original = Path(installed[name].locate_file(top))
            if top not in {"..", "__pycache__"} and not (there / top).exists():
                (there / top).symlink_to(original)
    return folder / "bin/python"


def _top_level(distributions: tuple[str, ...]) -> set[str]:
    """The names in site-packages that these distributions brought."""
    wanted = {canonicalize_name(name) for name in distributions}
    found = set()
    for distribution in metadata.distributions():
        if canonicalize_name(distribution.metadata["Name"]) in wanted:
            files = distribution.files or []
            found |= {file.parts[0] for file in files if file.parts[0] != ".."}
    return found


def _claim(site_packages: Path, name: str, version: str) -> None:
    for info in site_packages.glob("*.dist-info"):
        found = info.name.removesuffix(".dist-info").rpartition("-")[0]
        if canonicalize_name(found) == canonicalize_name(name):
            copy = site_packages / f"{found}-{version}.dist-info"
            shutil.copytree(info, copy)  # the files that the links lead to
            shutil.rmtree(info)
            text = (copy / "METADATA").read_text(encoding="utf-8")
            lines = [
                f"Version: {version}" if line.startswith("Version: ") else line
                for line in text.splitlines()
            ]
            (copy / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")
            return
    raise LookupError(f"{name} is not installed here")
