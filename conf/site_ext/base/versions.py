"""Names of versions: which are releases, and in what order they come.

``dev`` is the tree that is no release. All else is a version as Python's packages have
them (PEP 440), with or without a ``v``: ``0.1``, ``v1.10``, ``2.0rc1``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from site_ext.base.errors import SiteError

if TYPE_CHECKING:
    from collections.abc import Iterable

DEV = "dev"


def normal(name: str) -> str:
    """``v1.0RC1`` as ``1.0rc1``; raises :exc:`SiteError` for what is no version."""
    if name == DEV:
        return DEV
    try:
        version = Version(name)
    except InvalidVersion:
        raise SiteError(
            f"{name!r} is no version; use one like v0.2 or 1.0rc1 (PEP 440), or dev"
        ) from None
    if version.local or version.epoch:
        raise SiteError(f"{name!r} has a local part or an epoch; use one like v0.2 or 1.0rc1")
    return str(version)


def is_version(name: str) -> bool:
    """Whether ``name`` can be published as it stands."""
    try:
        return normal(name) == name
    except SiteError:
        return False


def kind(name: str) -> str:
    """``release``, ``pre-release`` or ``dev``."""
    if name == DEV:
        return DEV
    return "pre-release" if Version(name).is_prerelease else "release"


def in_order(names: Iterable[str]) -> list[str]:
    """Newest first, 1.10 before 1.9; releases, then pre-releases, then ``dev``."""
    every = list(names)
    numbered = sorted((name for name in every if name != DEV), key=Version, reverse=True)
    return [
        *(name for name in numbered if kind(name) == "release"),
        *(name for name in numbered if kind(name) == "pre-release"),
        *(name for name in every if name == DEV),
    ]


def in_time(names: Iterable[str]) -> list[str]:
    """Oldest first, pre-releases in their places, ``dev`` last."""
    every = list(names)
    numbered = sorted((name for name in every if name != DEV), key=Version)
    return [*numbered, *(name for name in every if name == DEV)]


def is_before(name: str, version: str) -> bool:
    """Whether a release comes before another; ``dev`` comes before none."""
    return name != DEV and Version(name) < Version(version)


def preferred(names: Iterable[str]) -> str:
    """The version that readers are sent to: the newest release, or what comes nearest."""
    return in_order(names)[0]
