"""The examples: which there are, what cells they have and what they ask for.

An example is a script in the gallery's folder. Its settings stand in its comments,
in Sphinx-Gallery's own form::

    # sphinx_gallery_time_limit = 300      seconds, default 120
    # sphinx_gallery_memory_limit = 4000   MiB, default 8192
    # sphinx_gallery_timed = True          runs alone, whatever JOBS says
    # sphinx_gallery_tags = ["convolution"]
    # sphinx_gallery_needs = ["tf2onnx"]   modules that it needs and doesn't import
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from sphinx_gallery.py_source_parser import remove_config_comments
from sphinx_gallery.py_source_parser import split_code_and_text_blocks as _split

from site_ext.base.errors import SiteError
from site_ext.base.frameworks import TITLES
from site_ext.run.process import Cell

_SETTINGS: dict[str, tuple[Any, Any]] = {
    "time_limit": ((int, float), 120.0),
    "memory_limit": ((int, float), 8192.0),
    "timed": (bool, False),
}


@dataclass(frozen=True)
class Example:
    """One script; ``name`` is ``theme/script`` without the suffix."""

    name: str
    script: Path

    @cached_property
    def source(self) -> str:
        return self.script.read_text(encoding="utf-8")

    @cached_property
    def _parsed(self) -> tuple[dict[str, Any], list[Any], ast.Module | None]:
        config, blocks, tree = split(self.script, return_node=True)
        return config, blocks, tree

    @cached_property
    def cells(self) -> list[Cell]:
        """The code cells, by Sphinx-Gallery's own parser."""
        return [Cell(b.lineno, b.content) for b in self._parsed[1] if b.type == "code"]

    @cached_property
    def blocks(self) -> list[tuple[str, str]]:
        """``("text" or "code", content)`` in order, comments with settings left out."""
        return [(b.type, remove_config_comments(b.content)) for b in self._parsed[1]]

    @cached_property
    def tags(self) -> list[str]:
        return self._names("tags")

    @cached_property
    def needs(self) -> list[str]:
        """Modules that must be there though no import names them."""
        return self._names("needs")

    def _names(self, key: str) -> list[str]:
        value = self._parsed[0].get(key, [])
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            raise SiteError(
                f"{self.script}: sphinx_gallery_{key} = {value!r} is not a list of names"
            )
        return value

    @cached_property
    def doc(self) -> str:
        return (ast.get_docstring(self._parsed[2], clean=False) or "") if self._parsed[2] else ""

    @cached_property
    def title(self) -> str:
        """The first line of the docstring that is not an underline."""
        for line in self.doc.splitlines():
            if line.strip() and not re.fullmatch(r"([^\w\s])\1*", line.strip()):
                return line.strip()
        return self.name

    @cached_property
    def settings(self) -> dict[str, Any]:
        """``time_limit``, ``memory_limit`` and ``timed``.

        Raises :exc:`SiteError` for a value of another kind.
        """
        values: dict[str, Any] = {}
        for key, (kinds, default) in _SETTINGS.items():
            value: Any = self._parsed[0].get(key, default)
            numeric = kinds is not bool
            if not isinstance(value, kinds) or (
                numeric and (isinstance(value, bool) or not value > 0)
            ):
                wanted = "a number above 0" if numeric else "True or False"
                raise SiteError(f"{self.script}: sphinx_gallery_{key} = {value!r} is not {wanted}")
            values[key] = float(value) if numeric else value
        return values

    @cached_property
    def imports(self) -> set[str]:
        """The top-level modules that the script names in an import, anywhere in it."""
        return imported_names(self._parsed[2]) if self._parsed[2] else set()

    @cached_property
    def required(self) -> set[str]:
        """The modules without which the script can't run: imported outside any function or
        condition, its Keras backend, and what it says that it needs."""
        body = self._parsed[2].body if self._parsed[2] else []
        kinds = (ast.Import, ast.ImportFrom)
        imports: list[ast.stmt] = [node for node in body if isinstance(node, kinds)]
        named = imported_names(ast.Module(imports, []))
        return (named | {self.backend} | set(self.needs)) - {""}

    @cached_property
    def backend(self) -> str:
        """The Keras backend that the script chooses by ``os.environ``, or nothing."""
        found = re.search(
            r"""os\.environ\[["']KERAS_BACKEND["']\]\s*=\s*["'](\w+)["']""", self.source
        )
        return found[1] if found else ""

    @cached_property
    def frameworks(self) -> list[str]:
        """The frameworks that it imports, its Keras backend among them, by module."""
        named = self.imports | {self.backend} | set(self.needs)
        return [name for name in TITLES if name in named]


def imported_names(tree: ast.AST) -> set[str]:
    """The top-level modules in the import statements of a syntax tree."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def split(source_file: str | Path, return_node: bool = False) -> tuple[Any, ...]:
    """What Sphinx-Gallery's own function of this purpose returns, read once a build.

    It reads each script three times itself, which is a third of what a build takes in which
    little has changed.
    """
    about = Path(source_file).stat()
    config, blocks, tree = _split_once(str(source_file), about.st_mtime_ns, about.st_size)
    return (dict(config), list(blocks), *([tree] if return_node else []))


@lru_cache(maxsize=1024)
def _split_once(source_file: str, changed: int, size: int) -> tuple[Any, ...]:
    parsed: tuple[Any, ...] = _split(source_file, return_node=True)
    return parsed


def discover(gallery: Path) -> list[Example]:
    """All examples below ``gallery``, in the order of their names."""
    if not gallery.is_dir():
        raise SiteError(f"{gallery}: no such folder; `examples_gallery` names it")
    found = []
    for script in sorted(gallery.glob("**/*.py")):
        relative = script.relative_to(gallery)
        if len(relative.parts) <= 2 and not relative.name.startswith("_"):
            example = Example(relative.with_suffix("").as_posix(), script.resolve())
            example.tags, example.needs  # noqa: B018 - bad ones are told before anything runs
            found.append(example)
    return found
