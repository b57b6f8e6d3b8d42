"""Which version a package has, when it is installed from a folder."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from site_ext.run import inputs, packages

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages with ``thing`` 1.0 in it, which comes from a folder."""
    here = tmp_path / "site-packages"
    info = here / "thing-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
    (info / "top_level.txt").write_text("thing\n")
    (info / "RECORD").write_text("thing/__init__.py,sha256=one,1\n")
    monkeypatch.syspath_prepend(str(here))
    return info


def version() -> str:
    inputs.forget_installed()
    return packages.version("thing")


def test_one_from_an_index_is_its_number(installed: Path) -> None:
    """Nothing else can be it."""
    assert "1.0" == version()


def test_an_editable_one_changes_with_its_files(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its number stays the same; compiled modules don't count."""
    direct = {"url": f"file://{tmp_path}/src", "dir_info": {"editable": True}}
    (installed / "direct_url.json").write_text(json.dumps(direct))
    code = tmp_path / "src/thing/__init__.py"
    code.parent.mkdir(parents=True)
    code.write_text("one = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path / "src"))
    told = [version()]
    (code.parent / "__pycache__").mkdir()
    (code.parent / "__pycache__/thing.pyc").write_text("x")
    told.append(version())
    code.write_text("one = 2\n")
    told.append(version())

    assert told[0] == told[1]
    assert told[1] != told[2]
    assert {"1.0"} == set(map(packages.plain_version, told))


def test_one_copied_from_a_folder_changes_with_what_was_copied(installed: Path) -> None:
    """pip lists the digests of the files."""
    (installed / "direct_url.json").write_text('{"url": "file:///src", "dir_info": {}}')
    told = [version()]
    (installed / "RECORD").write_text("thing/__init__.py,sha256=two,1\n")
    told.append(version())

    assert told[0] != told[1]
    assert "1.0" == packages.plain_version(told[0])


def test_a_module_that_only_lies_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not installed at all, but found: its files count, for readers it has no version."""
    (tmp_path / "lying.py").write_text("one = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    inputs.forget_installed()
    told = packages.version("lying")

    assert told.startswith("not installed, files ")
    assert "not installed" == packages.plain_version(told)
    assert packages.folder_of("json") is None
    assert sys.modules.get("lying") is None


def test_a_pin_stands_in_for_what_is_not_installed() -> None:
    """Of the version that a record names; a local part of it no pin tells."""
    assert packages.agrees("nowhere-to-be-had", "2.13.0+cpu", {"nowhere-to-be-had": "2.13.0"})
    assert not packages.agrees("nowhere-to-be-had", "2.13.0", {"nowhere-to-be-had": "2.14.0"})
    assert not packages.agrees("nowhere-to-be-had", "2.13.0", {})
    assert not packages.agrees("numpy", "0.1", {"numpy": "0.1"})
