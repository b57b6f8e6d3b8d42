"""Records: the JSON account of one execution of one example.

A record is one file, figures included, written whole or not at all, so that an
interrupted build keeps every example that it finished, and the records of several
machines are put together by copying files into one folder.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypedDict

import msgspec

from site_ext.base.errors import SiteError
from site_ext.base.files import write_whole
from site_ext.run.outcome import CellOutput, Failure  # noqa: TC001 - msgspec asks for them

if TYPE_CHECKING:
    from pathlib import Path

#: Raised when what a record holds changes meaning: older ones are then run again.
FORMAT = 1


class Machine(TypedDict):
    """What :func:`site_ext.base.machine.describe` gives."""

    cpu: str
    cores: int
    ram_gib: float
    os: str
    gpu: str | None


class Inputs(TypedDict):
    """What :func:`site_ext.run.inputs.inputs` gives."""

    script: str
    files: dict[str, str]
    distributions: dict[str, str]
    missing: list[str]
    python: str
    settings: dict[str, Any]


class Versions(TypedDict):
    """What every record has of versions; others stand beside it."""

    python: str


class _Form(msgspec.Struct):
    """What is read of a record before it is known that today's code can read it."""

    format: int


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
    names: dict[str, Any] | None = None
    format: int = FORMAT


def path_of(folder: Path, name: str) -> Path:
    """Where the record of example ``name`` stands: each name has a file of its own."""
    spelled = name.replace("%", "%25").replace(".", "%2E").replace("/", ".")
    return folder / f"{spelled}.json"


def log_of(folder: Path, name: str) -> Path:
    """Where what example ``name`` wrote to its file descriptors stands."""
    return path_of(folder, name).with_suffix(".log")


def write(folder: Path, record: Record) -> None:
    """Write a record, replacing an older one in one step; figures are in base64."""
    data = msgspec.to_builtins(record)
    if record.names is None:  # releases whose code does not know it read records, too
        del data["names"]
    write_whole(path_of(folder, record.name), json.dumps(data, indent=1, sort_keys=True) + "\n")


def read(folder: Path, name: str) -> Record | None:
    """The record of example ``name``; None if there is none of today's format.

    Raises :exc:`SiteError` for a file that is no record.
    """
    path = path_of(folder, name)
    try:
        text = path.read_bytes()
        if msgspec.json.decode(text, type=_Form).format != FORMAT:
            return None
        record = msgspec.json.decode(text, type=Record)
        record.names = record.names  # a default is the class's only, and pages ask for the record's
        for part, kind in (("machine", Machine), ("inputs", Inputs), ("versions", Versions)):
            msgspec.convert(getattr(record, part), kind)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, msgspec.MsgspecError) as error:
        raise SiteError(
            f"{path}: not a record ({type(error).__name__}: {error}); delete it and "
            f"build again, which executes {name}"
        ) from error
    if record.name != name:
        raise SiteError(
            f"{path}: this is the record of {record.name!r}, not of {name!r}; delete it"
        )
    return record
