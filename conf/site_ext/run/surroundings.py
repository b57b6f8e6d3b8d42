"""What the runner is told of the scripts that it runs, since it knows no packages itself."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Mapping
    from pathlib import Path


class Block(NamedTuple):
    """A part of a script: its ``kind`` is ``text`` or ``code``, ``line`` its first in the file.

    ``shown`` is its content without the comments that hold settings.
    """

    kind: str
    content: str
    line: int
    shown: str


class Parsed(NamedTuple):
    """A script taken apart; ``settings`` are those in its comments, ``tree`` its syntax."""

    settings: dict[str, Any]
    blocks: list[Block]
    tree: ast.Module | None


def plain_environment(home: Path) -> dict[str, str]:
    """The caller's variables, less what would change the modules that a script finds."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


@dataclass(frozen=True)
class Surroundings:
    """What depends on the kind of scripts.

    ``parse`` takes a script apart. ``titles`` has the packages that are compared, by the module
    that is imported; ``optional`` the distribution of each module that a build may lack, so that
    scripts that need it are skipped. ``chosen`` finds the modules that a script's text asks for
    without importing them. ``environment`` gives the variables that a script runs under; its
    argument is an empty folder that is the script's own.
    """

    parse: Callable[[Path], Parsed]
    titles: Mapping[str, str] = field(default_factory=dict)
    optional: Mapping[str, str] = field(default_factory=dict)
    chosen: Callable[[str], set[str]] = lambda text: set()
    environment: Callable[[Path], dict[str, str]] = plain_environment
