"""Takes the paths of the building machine out of what gets published."""

from __future__ import annotations

import os
import re
import site
import sys
import tempfile
from functools import partial
from pathlib import Path


class Scrubber:
    """Names packages, interpreter, project, temporary folder and home, instead of their paths."""

    def __init__(self, root: Path) -> None:
        packages = {*site.getsitepackages(), str(Path(os.__file__).parent / "site-packages")}
        known = [(path, "site-packages") for path in packages]
        known += [(str(Path(os.__file__).parent), "python")]
        known += [(str(root), ""), (sys.prefix, "venv"), (sys.base_prefix, "python")]
        known += [(tempfile.gettempdir(), "tmp"), (str(Path.home()), "~")]
        pairs = {(p, new) for path, new in known for p in (path, os.path.realpath(path))}
        # The longest first, so that a folder inside another is named by its own name.
        self._pairs = [
            (re.compile(rf"{re.escape(p)}(/|(?![\w.-]))"), new)
            for p, new in sorted(pairs, key=lambda pair: -len(pair[0]))
            if len(p) > 1
        ]

    def __call__(self, text: str) -> str:
        for path, new in self._pairs:
            # A function, since a replacement text would have its backslashes read.
            text = path.sub(partial(self._named, new), text)
        return text

    @staticmethod
    def _named(new: str, found: re.Match[str]) -> str:
        return new + found[1] if new else ""
