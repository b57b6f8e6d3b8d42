"""What Sphinx-Gallery does itself inside a script's process, with its own code.

Loaded by :mod:`site_ext.run.child`, with the clock stopped, where a gallery asks for more than
figures of matplotlib as PNG: other scrapers, animations, several resolutions, functions that
reset modules, names of objects for the links in code. Importing Sphinx-Gallery there makes what
the script imports afterwards look cheaper, which is why it isn't done for every gallery.

It is executed as a file of its own, without this package.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any


class Inside:
    """Sphinx-Gallery's part in one script; ``folder`` stands for the documentation's sources."""

    def __init__(self, given: dict[str, Any], folder: str) -> None:
        self.given, self.conf, self.folder = given, given["conf"], Path(folder)
        self.conf["src_dir"] = folder
        target = self.folder / given["target"]
        images = target.parent / "images"
        images.mkdir(parents=True)
        template = f"{images}/sphx_glr_{Path(given['script']).stem}_{{0:03}}.png"
        self.template, self.iterator = template, None
        self.variables: dict[str, Any] = {
            "execute_script": True,
            "src_file": given["script"],
            "target_file": str(target),
            "file_conf": given["file_conf"],
            "memory_delta": [0.0],
        }

    def before(self) -> None:
        """Call the functions that reset modules; and find the scrapers, since finding some of
        them sets up the library that they are of."""
        from sphinx_gallery.gen_rst import _get_callables
        from sphinx_gallery.scrapers import clean_modules

        if tuple(self.conf["image_scrapers"]) != ("matplotlib",):
            _get_callables(self.conf, "image_scrapers")

        if self.given["resets"]:
            clean_modules(self.conf, self.given["fname"], "before")

    def drawn(self, cell: int, names: dict[str, Any]) -> tuple[str, str]:
        """Have the scrapers save what a cell drew: their reST, and the folder of the files."""
        from sphinx_gallery import scrapers
        from sphinx_gallery.py_source_parser import Block

        if self.iterator is None:
            self.iterator = scrapers.ImagePathIterator(self.template)
            self.variables["image_path_iterator"] = self.iterator
        content, line, multi = self.given["cells"][cell]
        self.variables |= {
            "example_globals": names,
            "fake_main": SimpleNamespace(__dict__=names),
            "multi_image": multi,
        }
        rst = scrapers.save_figures(Block("code", content, line), self.variables, self.conf)
        return rst, self._handed_over(cell)

    def _handed_over(self, cell: int) -> str:
        """Move the files of this cell into a folder of their own, for the caller to take."""
        there = self.folder.with_name(f"{self.folder.name}-{cell}")
        for path in [path for path in self.folder.rglob("*") if path.is_file()]:
            to = there / path.relative_to(self.folder)
            to.parent.mkdir(parents=True, exist_ok=True)
            path.rename(to)
        there.mkdir(exist_ok=True)
        return str(there)

    def told(self, names: dict[str, Any]) -> dict[str, Any] | None:
        """The objects that the script's names stand for, as links in code need them."""
        import ast

        from sphinx_gallery import backreferences
        from sphinx_gallery.py_source_parser import Block

        blocks = [Block(*block) for block in self.given["blocks"]]
        regex = backreferences._make_ref_regex(self.conf["default_role"])
        try:
            tree = ast.parse(self.given["text"])
            return backreferences.identify_names(blocks, regex, names, tree)  # type: ignore[no-any-return]
        except Exception:  # an object that does not like to be looked at: links by imports remain
            return None


def begin(settings: bytes, folder: str) -> Inside:
    return Inside(pickle.loads(settings), folder)
