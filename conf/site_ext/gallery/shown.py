"""What pages show of each example, as a fingerprint in a file beside its generated page.

The file is written when the fingerprint changes, and only then: pages depend on it.
"""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

import msgspec

from site_ext.base.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from site_ext.run.plan import Entry

_ENDS = ".shown"
#: A record that was just made has its keys in another order than one that was read.
_ENCODER = msgspec.json.Encoder(order="sorted")


def by(pages: Path, name: str) -> Path:
    """The file for example ``name``; ``pages`` is where Sphinx-Gallery writes."""
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


def make_stale(pages: Path, fingerprints: Mapping[str, str]) -> None:
    """Have the pages generated again that were made from something else than today's, by the
    names of the examples; remove what was generated for examples and themes that are gone."""
    _remove_others(pages, set(fingerprints))
    for name, told in fingerprints.items():
        if _read(by(pages, name)) != told:
            (pages / f"{name}.py.md5").unlink(missing_ok=True)


def note(pages: Path, fingerprints: Mapping[str, str]) -> None:
    """Note what is shown, now that the pages are generated from it."""
    together = "".join(f"{name} {told}\n" for name, told in fingerprints.items())
    files = {by(pages, name): told for name, told in fingerprints.items()}
    for path, text in {**files, by_all(pages): together}.items():
        if _read(path) != text:
            write_whole(path, text)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _remove_others(pages: Path, names: set[str]) -> None:
    for path in list(pages.rglob(f"*{_ENDS}")):
        name = path.relative_to(pages).with_suffix("").as_posix()
        if path != by_all(pages) and name not in names:
            remove_figures(path)
            for generated in path.parent.glob(f"{path.stem}.*"):
                generated.unlink()
    themes = {name.partition("/")[0] for name in names}
    for theme in pages.glob("*/"):
        if (theme / "index.rst").exists() and theme.name not in themes:
            shutil.rmtree(theme)


def remove_figures(target: Path) -> None:
    """Remove the figures of a generated page."""
    images = target.parent / "images"
    for pattern in (f"sphx_glr_{target.stem}_[0-9]*.png", f"thumb/sphx_glr_{target.stem}_thumb.*"):
        for old in images.glob(pattern):
            old.unlink()
