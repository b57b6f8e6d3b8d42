"""What pages show of each example, as a fingerprint in a file beside its generated page.

The file is written when the fingerprint changes, and only then: pages depend on it. And what
this build has written of an example is listed, so that it, and nothing else, is removed when
the example is gone.
"""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from site_ext.base.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from site_ext.run.plan import Entry

_ENDS = ".shown"
#: A record that was just made has its keys in another order than one that was read.
_ENCODER = msgspec.json.Encoder(order="sorted")
#: What Sphinx-Gallery makes of a script, by how the names end.
_MADE = (
    ".rst",
    ".py",
    ".py.md5",
    ".ipynb",
    ".zip",
    ".codeobj.json",
    ".cost.json",
    ".recommendations",
)
#: What it makes of a folder of scripts.
_OF_FOLDER = ("index.rst", "sg_execution_times.rst")
#: How those begin, by which they are known from pages that others wrote.
_OWN_HEAD = re.compile(r"(\s*:orphan:)?\s*\.\. _sphx_glr_\S+:\n")


def by(pages: Path, name: str) -> Path:
    """The file for page ``name``; ``pages`` is the folder that names start from."""
    return pages / f"{name}{_ENDS}"


def by_all(pages: Path) -> Path:
    """The file for all examples together."""
    return pages / _ENDS


def fingerprint(entry: Entry, besides: object = None) -> str:
    """A name for what is shown of an entry; it differs when the pages must.

    ``besides`` stands for what is shown with it. The whole record counts, not its key alone:
    it may have been edited, and what it says now is what counts.
    """
    reason = "" if entry.status in ("passed", "failed") else entry.reason
    told = _ENCODER.encode([entry.status, reason, entry.record, besides])
    return hashlib.sha256(told).hexdigest()[:16]


def make_stale(docs: Path, pages: Path, fingerprints: Mapping[str, str]) -> None:
    """Have the pages generated again that were made from something else than today's, by their
    names below ``docs``; remove what was generated of examples and folders that are gone.
    ``pages`` is where the list of what was written is kept."""
    _remove_gone(docs, pages, fingerprints)
    for name, told in fingerprints.items():
        if _read(by(docs, name)) != told:
            (docs / f"{name}.py.md5").unlink(missing_ok=True)


def note(path: Path, told: str) -> None:
    """Note what is shown, now that a page is generated from it."""
    if _read(path) != told:
        write_whole(path, told)


def together(fingerprints: Mapping[str, str]) -> str:
    """What is shown of all examples."""
    return "".join(f"{name} {told}\n" for name, told in fingerprints.items())


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _remove_gone(docs: Path, pages: Path, now: Iterable[str]) -> None:
    """Remove the files on the list of pages that are none any more, and list those that are.

    Before any is written: of a build that is cut off, all that it may have written is listed.
    """
    path = pages / ".made.json"
    try:
        listed = json.loads(_read(path) or "[]")
    except ValueError:  # cut off: then nothing is removed
        listed = []
    gone = [name for name in listed if isinstance(name, str) and name not in set(now)]
    for name in gone:
        page = docs / name
        remove_figures(page)
        for end in (*_MADE, _ENDS):
            page.with_name(page.name + end).unlink(missing_ok=True)
    left = {Path(name).parent for name in now}
    for folder in sorted({Path(name).parent for name in gone} - left, reverse=True):
        _remove_folder(docs / folder)
    if sorted(now) != listed:
        write_whole(path, json.dumps(sorted(now), indent=0))


def _remove_folder(folder: Path) -> None:
    """Remove what Sphinx-Gallery makes of a folder, and the folder if nothing else is in it."""
    for name in _OF_FOLDER:
        if _OWN_HEAD.match(_read(folder / name)):
            (folder / name).unlink()
    for empty in (folder / "images/thumb", folder / "images", folder):
        with suppress(OSError):
            empty.rmdir()


def remove_figures(target: Path) -> None:
    """Remove the figures of a generated page."""
    images, stem = target.parent / "images", re.escape(target.name.removesuffix(".py"))
    for folder, ending in ((images, r"\d{3,}(_\d+_\d\dx)?"), (images / "thumb", "thumb")):
        for old in folder.glob("sphx_glr_*"):
            if re.fullmatch(rf"sphx_glr_{stem}_{ending}\.\w+", old.name):
                old.unlink()
