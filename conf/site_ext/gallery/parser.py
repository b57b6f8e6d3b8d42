"""Scripts as Sphinx-Gallery takes them apart, each read once a build.

Sphinx-Gallery reads each script three times itself, which is a third of what a build takes in
which little has changed. And a page must show the code that was run: what a build has taken
apart once is what it goes on with, whatever becomes of the file meanwhile.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from sphinx_gallery import py_source_parser
from sphinx_gallery.py_source_parser import remove_config_comments
from sphinx_gallery.py_source_parser import split_code_and_text_blocks as _split

from site_ext.run.surroundings import Block, Parsed

if TYPE_CHECKING:
    from pathlib import Path

_DEFERRED = re.compile(r"^[\ \t]*#\s*sphinx_gallery_defer_figures[\ \t]*\n?", re.MULTILINE)
#: What was taken apart in this build, by its real path.
_taken: dict[str, tuple[Any, ...]] = {}


def forget() -> None:
    """A new build begins."""
    _taken.clear()


def parse(script: Path, capture_repr: tuple[str, ...] = ()) -> Parsed:
    """A script taken apart, for :mod:`site_ext.run`; ``capture_repr`` as Sphinx-Gallery has it."""
    settings, blocks, tree = _taken[os.path.realpath(script)] = _split(script, return_node=True)
    capture_repr = settings.get("capture_repr", capture_repr)
    return Parsed(settings, [_block(block, capture_repr) for block in blocks], tree)


def _block(block: Any, capture_repr: tuple[str, ...]) -> Block:
    drawn, reprs = True, tuple[str, ...]()
    if block.type == "code" and "sphinx_gallery_" in block.content:
        drawn = not _DEFERRED.search(block.content)
        own = py_source_parser.extract_file_config(block.content)
        capture_repr = own.get("capture_repr_block", capture_repr)
    if block.type == "code":
        reprs = tuple(capture_repr)
    shown = remove_config_comments(block.content)
    return Block(block.type, block.content, block.lineno, shown, drawn, reprs)


def split(source_file: str | Path, return_node: bool = False) -> tuple[Any, ...]:
    """What Sphinx-Gallery's own function of this purpose returns."""
    taken = _taken.get(os.path.realpath(source_file)) or _split(source_file, return_node=True)
    config, blocks, tree = taken
    return (dict(config), list(blocks), *([tree] if return_node else []))
