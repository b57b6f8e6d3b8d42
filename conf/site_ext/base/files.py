"""Files: written whole or not at all, held against others, and checked when they are read."""

from __future__ import annotations

import hashlib
import json
import re
import reprlib
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import filelock
import msgspec

from site_ext.base.errors import SiteError

if TYPE_CHECKING:
    from collections.abc import Iterator

_Kind = TypeVar("_Kind")


def write_whole(path: Path, text: str | bytes) -> None:
    """Write a file so that a reader sees the old one or the new one, never a part."""
    data = text.encode("utf-8") if isinstance(text, str) else text
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "wb") as file:
            file.write(data)
        Path(aside).chmod(0o644)
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


def write_json(path: Path, data: object) -> None:
    """Write published data; see :func:`write_whole`."""
    write_whole(path, json.dumps(data, indent=1, ensure_ascii=False) + "\n")


@contextmanager
def locked(lock: Path, otherwise: str) -> Iterator[None]:
    """Hold the file ``lock``, which others want too; :exc:`SiteError` if someone else does.

    The system lets go of it when its holder ends, however it ends.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(lock, timeout=0):
            yield
    except filelock.Timeout:
        raise SiteError(f"{lock.parent}: {otherwise}; wait for its end") from None


def digest_of(place: Path) -> str:
    """A name for a file, or for the files of a folder, their names and their contents; compiled
    modules and what is hidden aside."""
    digest = hashlib.sha256()
    for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
        parts = path.relative_to(place).parts
        if path.is_file() and not any(p == "__pycache__" or p.startswith(".") for p in parts):
            digest.update(f"{'/'.join(parts)}\n".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


def checked(data: object, kind: type[_Kind], where: str, repair: str = "") -> _Kind:
    """``data`` as ``kind``, a class of msgspec's or what it knows.

    Raises :exc:`SiteError` that names ``where``, the place in it, and the value found.
    """
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        said, _, place = str(error).partition(" - at ")
        value = reprlib.repr(_value_at(data, place)) if place else ""
        found = f", found {value}" if place and "missing" not in said else ""
        at = f" at {place.strip('`')}" if place else ""
        raise SiteError(f"{where}: {said}{at}{found}{repair and f'; {repair}'}") from None


def _value_at(data: Any, place: str) -> Any:
    """What stands at msgspec's ``$.key[0]``; keys that it does not tell are ``[...]``."""
    for key, index in re.findall(r"\.([\w-]+)|\[(\d+|\.\.\.)\]", place):
        if index == "...":
            return data
        data = data[key] if key else data[int(index)]
    return data
