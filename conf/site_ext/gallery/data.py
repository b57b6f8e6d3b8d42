"""Publish what the build knows, beside the pages: ``data/examples.json``, and the records that
made them, as a store that other builds take from (:mod:`site_ext.stores`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from site_ext.base.files import write_json
from site_ext.base.state import publishes
from site_ext.gallery.domain import examples_of
from site_ext.stores import pack

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

    from site_ext.run.plan import Entry
    from site_ext.run.records import Record

#: The fields taken from a record as they are; null where an example has none.
FROM_RECORD = (
    "wall_seconds",
    "run_seconds",
    "cpu_seconds",
    "peak_rss_mib",
    "exclusive",
    "versions",
    "machine",
    "commit",
    "executed_at",
    "key",
)


def account(entry: Entry, page: str) -> dict[str, Any]:
    """One example as ``examples.json`` tells of it; ``page`` is the address of its page."""
    record = entry.record
    run = record if entry.status != "skipped" else None
    return {
        "name": entry.example.name,
        "title": entry.example.title,
        "path": entry.example.path,
        "page": page,
        "frameworks": record.frameworks if record else entry.example.frameworks,
        "status": entry.status,
        "reason": entry.reason,
        **{name: getattr(run, name) if run else None for name in FROM_RECORD},
        "disturbed": (run.disturbed or None) if run else None,
        "origin": (entry.origin or None) if run else None,
        "measured": run.measured if run else {},
        "tolerances": entry.example.tolerances,
        "script": run.inputs["script"] if run else None,
        "failure": _failure(run),
    }


def _failure(record: Record | None) -> dict[str, Any] | None:
    if record is None or record.failure is None:
        return None
    failure = record.failure
    return {
        "kind": failure.kind,
        "what": failure.what,
        "cell": failure.cell + 1,
        "line": failure.line or None,
    }


def write_data(app: Sphinx, exception: Exception | None) -> None:
    """Write the file, and the records themselves, for an HTML build that came to its end."""
    if publishes(app, exception):
        entries = examples_of(app.env).entries.values()
        told = [account(entry, app.builder.get_target_uri(entry.example.page)) for entry in entries]
        write_json(app.outdir / "data" / "examples.json", told)
        shown = [e.record for e in entries if e.record and e.status != "skipped"]
        pack.write(app.outdir / pack.FOLDER, shown)


def setup(app: Sphinx) -> ExtensionMetadata:
    # Before the build ends because of examples that failed.
    app.connect("build-finished", write_data, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
