"""What is told of the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from site_ext.base import machine

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("own", "files", "expected"),
    [
        ("0::/", {"cpu.max": "max 100000"}, []),
        ("0::/", {"cpu.max": "150000 100000"}, [1.5]),
        ("0::/a/b", {"a/cpu.max": "50000 100000", "a/b/cpu.max": "max 100000"}, [0.5]),
        ("0::/told/from/outside", {"cpu.max": "200000 100000"}, [2.0]),
        (
            "4:cpu,cpuacct:/box",
            {"cpu/box/cpu.cfs_quota_us": "100000", "cpu/box/cpu.cfs_period_us": "50000"},
            [2.0],
        ),
        ("4:cpu:/", {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, []),
        ("4:memory:/", {"cpu.max": "100000 100000"}, []),
    ],
)
def test_a_containers_quota(
    tmp_path: Path, own: str, files: dict[str, str], expected: list[float]
) -> None:
    """Of both versions of control groups, from the inside and from the outside."""
    for name, text in files.items():
        (tmp_path / "groups" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "groups" / name).write_text(f"{text}\n")
    (tmp_path / "own").write_text(f"{own}\n")

    assert expected == machine._quotas(tmp_path / "groups", tmp_path / "own")


def test_the_smallest_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a core is told as one, and a quota beyond the cores changes nothing."""
    told = []
    for quotas in ([], [0.5], [1.5, 1000.0], [1000.0]):
        monkeypatch.setattr(machine, "_quotas", lambda groups, found=quotas: found)
        told.append(machine.usable_cores())

    assert told[0] == told[3]
    assert [1, min(2, told[0])] == told[1:3]
