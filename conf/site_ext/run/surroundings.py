"""What the runner is told of the scripts that it runs, since it knows no packages itself."""

from __future__ import annotations

import os
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Mapping

    from site_ext.run.scripts import Example


class Block(NamedTuple):
    """A part of a script: its ``kind`` is ``text`` or ``code``, ``line`` its first in the file.

    ``shown`` is its content without the comments that hold settings. Of code: whether the
    figures that are open when it ends are ``drawn`` then, and by which methods its last
    expression is shown (``reprs``), the first that there is.
    """

    kind: str
    content: str
    line: int
    shown: str
    drawn: bool = True
    reprs: tuple[str, ...] = ()


class Parsed(NamedTuple):
    """A script taken apart; ``settings`` are those in its comments, ``tree`` its syntax."""

    settings: dict[str, Any]
    blocks: list[Block]
    tree: ast.Module | None


@dataclass(frozen=True)
class Inside:
    """Work of someone else's in the script's own process, with the clock stopped.

    ``file`` is a module with a function ``begin``, which takes ``settings`` and gives an object
    with three methods: ``before()``, ``drawn(cell, names)``, which returns reST and the folder
    that its files stand in, and ``told(names)``. The first two stand in for what the child does
    by itself if ``draws``, the third is asked for if ``tells``.
    """

    file: str
    settings: bytes
    draws: bool
    tells: bool


@dataclass(frozen=True)
class Manner:
    """How a script is run: its arguments, folders to import from besides its own, the types of
    last expressions that are not shown, as a regular expression, and what works inside."""

    argv: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    unshown: str = ""
    inside: Inside | None = None


def plain_environment(home: Path) -> dict[str, str]:
    """The caller's variables, less this package's own place in ``PYTHONPATH``."""
    ours = os.path.realpath(Path(__file__).parents[2])
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    kept = [path for path in given if path and os.path.realpath(path) != ours]
    others = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return others | ({"PYTHONPATH": os.pathsep.join(kept)} if kept else {})


def installed_folders() -> set[str]:
    """Where Python itself and the installed packages are."""
    paths = sysconfig.get_paths()
    return {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}


@dataclass(frozen=True)
class Surroundings:
    """What depends on the kind of scripts.

    ``parse`` takes a script apart. ``titles`` has the packages that are compared, by the module
    that is imported; ``optional`` the distributions of each module that a build may lack, so that
    scripts that need it are skipped. ``chosen`` finds the modules that a script's text asks for
    without importing them. ``environment`` gives the variables that a script runs under; its
    argument is an empty folder that is the script's own, and ``variables`` what an execution
    depends on of them, on any machine: of the files that they name (``named``), the digests.
    ``manner`` says how a script is run, and ``settings`` what of that an execution depends on.
    ``pins`` has versions that stand in for distributions that are not installed. ``share`` are the
    variables that hold a script to a share of the cores, with ``{cores}`` for their number.
    """

    parse: Callable[[Path], Parsed]
    titles: Mapping[str, str] = field(default_factory=dict)
    optional: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    chosen: Callable[[str], set[str]] = lambda text: set()
    environment: Callable[[Path], dict[str, str]] = plain_environment
    variables: Mapping[str, str | None] = field(default_factory=dict)
    named: frozenset[Path] = frozenset()
    manner: Callable[[Example], Manner] = lambda example: Manner()
    settings: Callable[[Example], dict[str, Any]] = lambda example: {}
    pins: Mapping[str, str] = field(default_factory=dict)
    share: Mapping[str, str] = field(default_factory=dict)
