"""Records: the JSON account of one execution of one example.

A record is one file, figures included, written whole or not at all, so that an
interrupted build keeps every example that it finished, and the records of several
machines are put together by copying files into one folder.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

import msgspec

from site_ext.base.errors import SiteError
from site_ext.base.files import write_whole
from site_ext.run.during import Spell, disturbed
from site_ext.run.outcome import CellOutput, Failure  # noqa: TC001 - msgspec asks for them

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

#: Raised when what a record holds changes meaning: older ones are then run again.
FORMAT = 1
#: What :func:`decoded` raises.
UNREADABLE = (ValueError, TypeError, KeyError, RecursionError, msgspec.MsgspecError)
#: Ends the name of a file beside a record that was taken from elsewhere.
ORIGIN = ".origin"


class Machine(TypedDict):
    """What :func:`site_ext.base.machine.describe` gives, and how much of it the example had."""

    cpu: str
    cores: int
    ram_gib: float
    os: str
    gpu: str | None
    during: NotRequired[Spell]


class Inputs(TypedDict):
    """What :func:`site_ext.run.inputs.inputs` gives."""

    script: str
    files: dict[str, str]
    distributions: dict[str, str]
    missing: list[str]
    python: str
    platform: NotRequired[str]
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
    published: dict[str, bytes] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def disturbed(self) -> str:
        """What held the machine up while it ran alone, if that makes its times no timings."""
        return disturbed(self.machine.get("during")) if self.exclusive else ""

    @property
    def timing(self) -> bool:
        """Whether its times are those of the example alone, on a machine at rest."""
        return self.exclusive and not self.disturbed

    def without(self, names: Iterable[str]) -> str:
        """Why it has not all of these values, if a package was missing for which the script asks;
        otherwise empty, and what is not there is missed."""
        if not self.inputs["missing"] or self.measured.keys() >= set(names):
            return ""
        absent = ", ".join(self.inputs["missing"])
        return f"{self.name} measured that only where {absent} is installed"


def path_of(folder: Path, name: str) -> Path:
    """Where the record of example ``name`` stands: each name has a file of its own."""
    return folder / file_name(name)


def file_name(name: str) -> str:
    """What the file of a record is called."""
    spelled = name.replace("%", "%25").replace(".", "%2E").replace("/", ".")
    return f"{spelled}.json"


def log_of(folder: Path, name: str) -> Path:
    """Where what example ``name`` wrote to its file descriptors stands."""
    return path_of(folder, name).with_suffix(".log")


def write(folder: Path, record: Record) -> None:
    """Write a record, replacing an older one in one step."""
    write_whole(path_of(folder, record.name), encoded(record))


def encoded(record: Record) -> str:
    """A record as its file holds it; figures are in base64."""
    data = msgspec.to_builtins(record)
    if record.names is None:  # releases whose code does not know it read records, too
        del data["names"]
    if not record.published:
        del data["published"]
    return json.dumps(data, indent=1, sort_keys=True) + "\n"


def read(folder: Path, name: str) -> Record | None:
    """The record of example ``name``; None if there is none of today's format.

    Raises :exc:`SiteError` for a file that is no record.
    """
    path = path_of(folder, name)
    try:
        record = decoded(path.read_bytes())
    except FileNotFoundError:
        return None
    except UNREADABLE as error:
        raise SiteError(
            f"{path}: not a record ({type(error).__name__}: {error}); delete it and "
            f"build again, which executes {name}"
        ) from error
    if record and record.name != name:
        raise SiteError(
            f"{path}: this is the record of {record.name!r}, not of {name!r}; delete it"
        )
    return record


def decoded(text: bytes) -> Record | None:
    """The record that a file holds; None for one of another format. Raises what is in
    :data:`UNREADABLE` for what is no record."""
    if msgspec.json.decode(text, type=_Form).format != FORMAT:
        return None
    record = msgspec.json.decode(text, type=Record)
    record.names, record.published = (
        record.names,
        record.published,
    )  # a default is the class's only, and pages ask for the record's
    for part, kind in (("machine", Machine), ("inputs", Inputs), ("versions", Versions)):
        msgspec.convert(getattr(record, part), kind)
    return record


def note_origin(folder: Path, record: Record, origin: str) -> None:
    """Keep where a record was taken from, in a file beside it: the record itself is the account of
    an execution and nothing else."""
    path = path_of(folder, record.name).with_suffix(ORIGIN)
    write_whole(path, f"{record.executed_at} {record.key}\n{origin}\n")


def origin_of(folder: Path, record: Record | None) -> str:
    """Where this record in ``folder`` was taken from; empty if it was made here."""
    if record is None:
        return ""
    try:
        told = path_of(folder, record.name).with_suffix(ORIGIN).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""
    run, _, origin = told.partition("\n")
    return origin.strip() if run == f"{record.executed_at} {record.key}" else ""
