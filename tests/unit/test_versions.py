"""Names of versions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from site_ext.base import versions
from site_ext.base.errors import SiteError


def test_order() -> None:
    """Versions sort as versions: 1.10 above 1.9, pre-releases apart, dev at the end."""
    names = ["1.9", "dev", "2.0rc1", "1.10", "0.1", "1.10rc2", "1.9.1"]

    assert ["1.10", "1.9.1", "1.9", "0.1", "2.0rc1", "1.10rc2", "dev"] == versions.in_order(names)
    assert ["0.1", "1.9", "1.9.1", "1.10rc2", "1.10", "2.0rc1", "dev"] == versions.in_time(names)


@pytest.mark.parametrize(
    ("names", "preferred"),
    [
        (["0.1", "0.2"], "0.2"),
        (["0.1", "0.2", "0.3rc1"], "0.2"),
        (["0.1", "dev"], "0.1"),
        (["0.1rc1", "0.1rc2", "dev"], "0.1rc2"),
        (["dev"], "dev"),
    ],
)
def test_preferred(names: list[str], preferred: str) -> None:
    """Readers are sent to the newest release, or to what comes nearest."""
    assert preferred == versions.preferred(names)


@pytest.mark.parametrize(
    ("given", "normal"), [("v0.2", "0.2"), ("1.0RC1", "1.0rc1"), ("dev", "dev"), ("1.2.3", "1.2.3")]
)
def test_normal(given: str, normal: str) -> None:
    """A tag's name, as its folder is called."""
    assert normal == versions.normal(given)


@pytest.mark.parametrize(
    "name", ["latest", "stable", "release-2", "", "../0.1", "1!2.0", "1.0+cpu"]
)
def test_no_version(name: str) -> None:
    """What can't be sorted or be a folder is refused, by name."""
    with pytest.raises(SiteError, match=r"use one like v0\.2") as error:
        versions.normal(name)

    assert repr(name) in str(error.value)
    assert not versions.is_version(name)


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), unique=True, min_size=1))
def test_releases_in_order_are_versions_in_order(pairs: list[tuple[int, int]]) -> None:
    """Whatever the numbers, newest first."""
    names = versions.in_order(f"{major}.{minor}" for major, minor in pairs)

    assert sorted(map(Version, names), reverse=True) == [Version(name) for name in names]
