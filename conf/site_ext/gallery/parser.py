"""Scripts as Sphinx-Gallery takes them apart, each read once a build."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from sphinx_gallery.py_source_parser import remove_config_comments
from sphinx_gallery.py_source_parser import split_code_and_text_blocks as _split

from site_ext.run.surroundings import Block, Parsed


def parse(script: Path) -> Parsed:
    """A script taken apart, for :mod:`site_ext.run`."""
    settings, blocks, tree = split(script, return_node=True)
    return Parsed(
        settings,
        [Block(b.type, b.content, b.lineno, remove_config_comments(b.content)) for b in blocks],
        tree,
    )


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
