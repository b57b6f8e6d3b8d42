"""What a cell of an example drew and showed, besides what it printed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from site_ext.base import drawing
from site_ext.base.text import clean

MIB = 2**20
#: Bytes of figures and of events, beyond which a run has failed.
MOST_FILES = 256 * MIB
#: Bytes in which the last expression of a cell may show itself.
MOST_SHOWN = 32 * MIB


@dataclass(frozen=True)
class Figure:
    """A drawing of a cell: PNG bytes and its titles, the text for who can't see it.

    ``told`` is what is drawn, in words; ``svg`` is the drawing itself, cleaned, where it has a
    form without pixels that is not too large.
    """

    png: bytes
    alt: str
    told: str = ""
    svg: str = ""


def drawn(folder: Path, figures: list[Any], shown: tuple[Any, ...]) -> dict[str, Any]:
    """The figures and the expression of a cell, and what others drew, as its output keeps them."""
    method, text, rst, elsewhere = (str(one) for one in shown)
    if len(text) > MOST_SHOWN:
        raise ValueError(
            f"it has an expression that shows itself in more than {MOST_SHOWN // MIB} MiB"
        )
    kept = tuple(
        Figure(_file(Path(path)), safe(alt), clean(safe(told)), _drawing(Path(path)))
        for path, alt, told in figures
    )
    root = Path(elsewhere) if elsewhere else folder / "figures"
    paths = [path for path in root.rglob("*") if path.is_file()] if elsewhere else []
    files = {path.relative_to(root).as_posix(): _file(path) for path in sorted(paths)}
    return {"figures": kept, "shown": (method, safe(text)), "rst": safe(rst), "files": files}


def _drawing(png: Path) -> str:
    """The drawing beside a figure, if there is one that a page can hold."""
    path = png.with_suffix(".svg")
    try:
        if path.stat().st_size > MOST_FILES:
            return ""
        return drawing.cleaned(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""


def _file(path: Path) -> bytes:
    if path.stat().st_size > MOST_FILES:
        raise ValueError(f"it draws a figure of more than {MOST_FILES // MIB} MiB")
    return path.read_bytes()


def safe(text: str) -> str:
    """A text without the halves of characters that no file can hold."""
    return text.encode("utf-8", "backslashreplace").decode()
