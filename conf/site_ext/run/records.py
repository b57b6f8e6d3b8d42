"""Records: the JSON account of one execution of one example.

A record is one file, figures included, written whole or not at all, so that an
interrupted build keeps every example that it finished, and the records of several
machines are put together by copying files into one folder.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import re
import site
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from site_ext.base.errors import SiteError
from site_ext.run.process import CellOutput, Failure, Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Raised when what a record holds changes meaning: older ones are then run again.
FORMAT = 1


@dataclass
class Record:
    """What is published of an execution, and what it takes to know it out of date."""

    name: str
    status: str
    frameworks: list[str]
    reason: str
    wall_seconds: float
    run_seconds: float
    cpu_seconds: float
    peak_rss_mib: float
    exclusive: bool
    measured: dict[str, Any]
    versions: dict[str, str]
    machine: dict[str, Any]
    commit: str
    executed_at: str
    key: str
    inputs: dict[str, Any]
    outputs: list[CellOutput] = field(default_factory=list)
    failure: Failure | None = None
    format: int = FORMAT


def path_of(folder: Path, name: str) -> Path:
    """Where the record of example ``name`` stands."""
    return folder / f"{name.replace('/', '.')}.json"


def log_of(folder: Path, name: str) -> Path:
    """Where what example ``name`` wrote to its file descriptors stands."""
    return path_of(folder, name).with_suffix(".log")


def write(folder: Path, record: Record) -> None:
    """Write a record, replacing an older one in one step."""
    data = asdict(record)
    for output in data["outputs"]:
        for figure in output["figures"]:
            figure["png"] = base64.b64encode(figure["png"]).decode()
    write_whole(path_of(folder, record.name), json.dumps(data, indent=1, sort_keys=True) + "\n")


def write_whole(path: Path, text: str) -> None:
    """Write a text file so that a reader sees the old one or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(aside).chmod(0o644)
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


@contextmanager
def locked(folder: Path, otherwise: str) -> Iterator[None]:
    """Hold a folder that others must not change; :exc:`SiteError` if someone else does."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SiteError(f"{folder}: {otherwise}; wait for its end") from None
        yield
    finally:
        os.close(handle)


def read(folder: Path, name: str) -> Record | None:
    """The record of example ``name``; None if there is none of today's format.

    Raises :exc:`SiteError` for a file that is no record.
    """
    path = path_of(folder, name)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            return None
        data["outputs"] = [
            CellOutput(
                output["text"],
                tuple(
                    Figure(base64.b64decode(figure["png"], validate=True), figure["alt"])
                    for figure in output["figures"]
                ),
            )
            for output in data["outputs"]
        ]
        data["failure"] = Failure(**data["failure"]) if data["failure"] else None
        record = Record(**data)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise SiteError(
            f"{path}: not a record ({type(error).__name__}: {error}); delete it and "
            f"build again, which executes {name}"
        ) from error
    if record.name != name:
        raise SiteError(
            f"{path}: this is the record of {record.name!r}, not of {name!r}; delete it"
        )
    return record


class Scrubber:
    """Takes the paths of the building machine out of what gets published."""

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
