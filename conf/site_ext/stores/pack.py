"""Records in one archive, with a manifest: what a published version carries.

``data/records/manifest.json`` names each record with its key, the digest of the script, platform,
size and SHA-256, and ``data/records/records.zip`` has the records as they are, besides the same
manifest, so that the archive is a store by itself. Nothing of an archive is ever unpacked onto
disk: what is wanted is read, within bounds, by the name that it must have.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
from typing import TYPE_CHECKING

import msgspec

from site_ext.base.files import write_json, write_whole
from site_ext.run import records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from site_ext.run.records import Record

FOLDER, ARCHIVE, MANIFEST = "data/records", "records.zip", "manifest.json"
#: Raised when what a manifest holds changes meaning.
FORMAT = 1
MIB = 2**20
#: Bytes of a record, of an archive and of a manifest, and records in it: more is refused.
MOST_RECORD, MOST_ARCHIVE, MOST_MANIFEST, MOST_LISTED = 8 * MIB, 128 * MIB, 8 * MIB, 10_000
#: Archives of equal records are equal.
_THEN = (1980, 1, 1, 0, 0, 0)
#: The record that ends an archive: signature, disks, members here and in all, size of the list.
_END = struct.Struct("<4s4H2LH")


class Refused(Exception):  # noqa: N818 - a word of the trade
    """What a store has is not taken: one line that says what and why."""


class Unusable(Refused):
    """The same of all that an archive has."""


class Listed(msgspec.Struct):
    """A record, as a manifest names it."""

    name: str
    key: str
    script: str
    platform: str
    python: str
    executed_at: str
    size: int
    sha256: str


class Archive(msgspec.Struct):
    """The archive that a manifest is about."""

    file: str
    size: int
    sha256: str


class Manifest(msgspec.Struct):
    """What a store says of itself."""

    format: int
    records: list[Listed]
    archive: Archive | None = None


class _Form(msgspec.Struct):
    format: int


class Pack:
    """Records that can be had, by name; ``label`` says where they are."""

    def __init__(
        self, label: str, listed: Iterable[Listed], get: Callable[[Listed], bytes]
    ) -> None:
        self.label = label
        self.listed = {one.name: one for one in listed}
        self._get = get

    def bytes_of(self, listed: Listed) -> bytes:
        """A record's file, found to be what the manifest says; raises :exc:`Refused`."""
        found = self._get(listed)
        if len(found) > MOST_RECORD:
            raise Refused(f"it has more than {MOST_RECORD // MIB} MiB")
        if len(found) != listed.size:
            raise Refused(f"it has {len(found):,} bytes, its manifest says {listed.size:,}")
        if digest(found) != listed.sha256:
            raise Refused("its SHA-256 is not that of its manifest")
        return found


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def list_of(record: Record, text: bytes) -> Listed:
    """What a manifest says of a record whose file holds ``text``."""
    return Listed(
        name=record.name,
        key=record.key,
        script=record.inputs["script"],
        platform=record.inputs.get("platform", ""),
        python=record.inputs["python"],
        executed_at=record.executed_at,
        size=len(text),
        sha256=digest(text),
    )


def write(folder: Path, made: Iterable[Record]) -> None:
    """Write archive and manifest of these records into ``folder``."""
    texts = {r.name: records.encoded(r).encode() for r in made}
    listed = [list_of(r, texts[r.name]) for r in sorted(made, key=lambda r: r.name)]
    about = {"format": FORMAT, "records": msgspec.to_builtins(listed)}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        _put(archive, MANIFEST, json.dumps(about, indent=1).encode())
        for one in listed:
            _put(archive, _member(one.name), texts[one.name])
    data = packed.getvalue()
    write_whole(folder / ARCHIVE, data)
    told = Archive(ARCHIVE, len(data), digest(data))
    write_json(folder / MANIFEST, {**about, "archive": msgspec.to_builtins(told)})


def _put(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    about = zipfile.ZipInfo(name, _THEN)
    about.compress_type, about.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    archive.writestr(about, data)


def _member(name: str) -> str:
    return records.file_name(name)


def manifest(data: bytes) -> Manifest:
    """A manifest from its file; raises :exc:`Refused`."""
    try:
        told = msgspec.json.decode(data, type=_Form).format
        if told != FORMAT:
            raise Refused(
                f"its manifest is of format {told}, which is not known here ({FORMAT} is)"
            )
        found = msgspec.json.decode(data, type=Manifest)
    except (ValueError, RecursionError) as error:
        raise Refused(f"its manifest is none: {error}") from None
    if len(found.records) > MOST_LISTED:
        raise Refused(f"its manifest lists {len(found.records):,} records")
    return found


def opened(label: str, data: bytes, known: Manifest | None = None) -> Pack:
    """The records of an archive; ``known`` is the manifest that stands beside it, if one does.

    Raises :exc:`Refused` for what is none, or not the one that the manifest is about.
    """
    if known and known.archive and known.archive.sha256 != digest(data):
        raise Unusable(f"{ARCHIVE} is not the one that its manifest names: truncated or replaced")
    _require_few(data)
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except Exception as error:  # noqa: BLE001 - whatever the library says to a stranger's bytes
        raise Unusable(f"{ARCHIVE} is no archive: {error}") from None
    known = known or manifest(_read(archive, MANIFEST, MOST_MANIFEST))
    return Pack(label, known.records, lambda one: _read(archive, _member(one.name), MOST_RECORD))


def _require_few(data: bytes) -> None:
    """Raise :exc:`Unusable` for a directory of more members than anyone has examples: the library
    would read it whole."""
    end = data.rfind(b"PK\5\6")
    if end >= 0 and len(data) >= end + _END.size:
        _, _, _, here, total, size, *_ = _END.unpack_from(data, end)
        if max(here, total) > MOST_LISTED or size > MOST_MANIFEST:
            raise Unusable(f"{ARCHIVE} has too many members")


def _require_small(about: zipfile.ZipInfo, most: int) -> None:
    if about.file_size > most:
        raise Refused(f"it unpacks to {about.file_size:,} bytes")
    if about.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # The others unpack as much at once as there is.
        raise Refused("it is packed in a way that is not used here")


def _read(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """One file of an archive, never more than ``most`` bytes of it and one."""
    try:
        about = archive.getinfo(name)
        _require_small(about, most)
        with archive.open(about) as file:
            return file.read(most + 1)
    except KeyError:
        raise Refused("its archive does not have it") from None
    except Refused:
        raise
    except Exception as error:  # noqa: BLE001 - likewise
        raise Refused(f"its archive is damaged: {error or type(error).__name__}") from None
