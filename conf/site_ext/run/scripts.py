"""The examples: what cells they have and what they ask for.

An example is a script in a gallery. Its settings stand in its comments::

    # sphinx_gallery_time_limit = 300      seconds, default 120
    # sphinx_gallery_memory_limit = 4000   MiB, default 8192
    # sphinx_gallery_timed = True          runs alone, whatever JOBS says
    # sphinx_gallery_tags = ["convolution"]
    # sphinx_gallery_needs = ["tf2onnx"]   modules that it needs and doesn't import
    # sphinx_gallery_tolerances = {"accuracy": 0.02}   what may differ on another machine
"""

from __future__ import annotations

import ast
import hashlib
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from site_ext.base.errors import SiteError
from site_ext.run.outcome import Cell, Limits

if TYPE_CHECKING:
    from pathlib import Path

    from site_ext.run.surroundings import Block, Parsed, Surroundings

_Positive = Annotated[float, msgspec.Meta(gt=0)]
#: Tries to read a script that is being written while it is read.
_TRIES = 20


class _Settings(msgspec.Struct):
    """The settings in a script's comments that are ours; Sphinx-Gallery has others."""

    time_limit: _Positive = Limits.seconds
    memory_limit: _Positive = Limits.mib
    timed: bool = False
    tags: list[str] = []
    needs: list[str] = []
    tolerances: dict[str, _Positive] = {}


_WANTED = {
    "time_limit": "a number above 0",
    "memory_limit": "a number above 0",
    "timed": "True or False",
    "tags": "a list of names",
    "needs": "a list of names",
    "tolerances": "a dict of names to numbers above 0",
}


@dataclass(frozen=True)
class Example:
    """One script; ``name`` is ``theme/script`` without the suffix.

    ``page`` is the page that shows it, ``path`` where it stands in the project. Of one that is
    ``expected`` to fail, a failure is no failure of the build.
    """

    name: str
    script: Path
    surroundings: Surroundings
    page: str = ""
    path: str = ""
    expected: bool = False

    @cached_property
    def _taken(self) -> tuple[bytes, Parsed]:
        """The script's text and its parts, which belong together: what runs, what is shown and
        what is hashed are one text, even if somebody edits the file meanwhile."""
        for _ in range(_TRIES):
            text = self.script.read_bytes()
            parsed = self.surroundings.parse(self.script)
            if text == self.script.read_bytes():
                return text, parsed
        raise SiteError(f"{self.script}: it changes while it is read; build again")

    @property
    def text(self) -> bytes:
        """The script as it was when it was taken apart."""
        return self._taken[0]

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of that."""
        return hashlib.sha256(self.text).hexdigest()

    @cached_property
    def source(self) -> str:
        return self.text.decode("utf-8")

    @property
    def _parsed(self) -> Parsed:
        return self._taken[1]

    @cached_property
    def cells(self) -> list[Cell]:
        """The code cells."""
        code = (block for block in self.blocks if block.kind == "code")
        return [Cell(b.line, b.content, b.drawn, b.reprs) for b in code]

    @property
    def blocks(self) -> list[Block]:
        """Text and code, in order."""
        return self._parsed.blocks

    @property
    def comments(self) -> dict[str, Any]:
        """All settings in its comments, Sphinx-Gallery's too."""
        return self._parsed.settings

    @cached_property
    def _settings(self) -> _Settings:
        found = self.comments
        ours = {key: found[key] for key in _WANTED if key in found}
        try:
            return msgspec.convert(ours, _Settings)
        except msgspec.ValidationError as error:
            key = next(key for key in ours if f"`$.{key}" in str(error))
            raise SiteError(
                f"{self.script}: sphinx_gallery_{key} = {ours[key]!r} is not {_WANTED[key]}"
            ) from None

    @property
    def tags(self) -> list[str]:
        return self._settings.tags

    @property
    def needs(self) -> list[str]:
        """Modules that must be there though no import names them."""
        return self._settings.needs

    @property
    def tolerances(self) -> dict[str, float]:
        """By how much measured values may differ on another machine, by their names, ``*`` in a
        name standing for anything."""
        return self._settings.tolerances

    def tolerance(self, value: str) -> float:
        """That of one value: of the first name that fits, or 0."""
        fits = (most for name, most in self.tolerances.items() if fnmatchcase(value, name))
        return next(fits, 0.0)

    @property
    def timed(self) -> bool:
        return self._settings.timed or self.comments.get("parallel") is False

    @cached_property
    def settings(self) -> dict[str, Any]:
        """``time_limit``, ``memory_limit``, ``timed`` and what the surroundings add: those that
        an execution depends on."""
        keys = ("time_limit", "memory_limit", "timed")
        return {
            **{key: getattr(self._settings, key) for key in keys},
            **self.surroundings.settings(self),
        }

    @property
    def limits(self) -> Limits:
        return Limits(self._settings.time_limit, self._settings.memory_limit)

    @cached_property
    def doc(self) -> str:
        return (
            (ast.get_docstring(self._parsed.tree, clean=False) or "") if self._parsed.tree else ""
        )

    @cached_property
    def title(self) -> str:
        """The first line of the docstring that is not an underline."""
        for line in self.doc.splitlines():
            if line.strip() and not re.fullmatch(r"([^\w\s])\1*", line.strip()):
                return line.strip()
        return self.name

    @cached_property
    def imports(self) -> set[str]:
        """The top-level modules that the script names in an import, anywhere in it."""
        return imported_names(self._parsed.tree) if self._parsed.tree else set()

    @cached_property
    def asked(self) -> set[str]:
        """The modules that it asks for otherwise: it chooses them, or says that it needs them."""
        return self.surroundings.chosen(self.source) | set(self.needs)

    @cached_property
    def required(self) -> set[str]:
        """The modules without which the script can't run: imported outside any function or
        condition, and what it asks for."""
        body = self._parsed.tree.body if self._parsed.tree else []
        kinds = (ast.Import, ast.ImportFrom)
        imports: list[ast.stmt] = [node for node in body if isinstance(node, kinds)]
        return imported_names(ast.Module(imports, [])) | self.asked

    @cached_property
    def frameworks(self) -> list[str]:
        """Those of the packages compared that it imports or asks for, by module."""
        named = self.imports | self.asked
        return [name for name in self.surroundings.titles if name in named]


def imported_names(tree: ast.AST) -> set[str]:
    """The top-level modules in the import statements of a syntax tree, and those of which it asks
    by ``find_spec("name")`` whether they are there."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("find_spec"):
            names.update(
                str(given.value).partition(".")[0]
                for given in node.args
                if isinstance(given, ast.Constant)
            )
    return names
