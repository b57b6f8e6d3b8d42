"""The card at the foot of each example's page: what was run, on what, when.

A page that is not the account of a successful run in full also says so at its top.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from docutils import nodes

from site_ext.base import machine
from site_ext.gallery.domain import examples_of
from site_ext.run import packages
from site_ext.stores import pack

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

    from site_ext.run.plan import Entry
    from site_ext.run.records import Record

INSTALL, RUN, RECORD = "To install", "Run it again", "Record"
STATUS = {
    "passed": "passed",
    "failed": "failed",
    "skipped": "not run in this build",
    "recorded": "an earlier run, out of date",
}


def rows(entry: Entry) -> list[tuple[str, str]]:
    """The card's lines, label and text."""
    record = entry.record
    lines = [("Status", STATUS[entry.status])]
    if record is None or entry.status == "skipped":
        needs = packages.install_line(entry.example, {})
        return [*lines, ("Why", entry_reason(entry)), (INSTALL, needs)]
    if entry.status == "recorded":
        lines.append(("Why", entry.reason))
    lines += [
        ("Wall time", f"{record.wall_seconds:.1f} s, from the start of the process to its end"),
        ("Run time", f"{record.run_seconds:.1f} s in the script's cells, imports included"),
        ("Processor time", f"{record.cpu_seconds:.1f} s"),
        ("Peak memory", f"{record.peak_rss_mib:,.0f} MiB"),
        *_frameworks(entry, record),
        ("Python", record.versions["python"]),
        ("Machine", machine_line(record)),
        ("Alone", alone_line(record)),
        ("Commit", commit_line(record.commit)),
        ("Executed", executed_line(entry, record)),
        (RECORD, record.key),
        (INSTALL, packages.install_line(entry.example, record.versions)),
        (RUN, f"python {entry.example.path}"),
    ]
    return lines


def _frameworks(entry: Entry, record: Record) -> list[tuple[str, str]]:
    """The line on the packages that this site compares, if it compares any."""
    compares = entry.example.surroundings.titles
    return [("Frameworks", named(entry, record) or "none")] if compares else []


def named(entry: Entry, record: Record) -> str:
    """The compared packages that a record was made with, with their versions."""
    titles = entry.example.surroundings.titles
    return ", ".join(f"{titles[n]} {record.versions[n]}" for n in titles if n in record.versions)


def downloads(doctree: nodes.document) -> nodes.container | None:
    """Sphinx-Gallery's box of downloads."""
    boxes = (n for n in doctree.findall(nodes.container) if "sphx-glr-footer" in n["classes"])
    return next(boxes, None)


def entry_reason(entry: Entry) -> str:
    """Why there is no run to show."""
    return entry.record.reason if entry.record else entry.reason


def machine_line(record: Record) -> str:
    """The processor, what of it could be used, and the system, in one line."""
    return f"{machine.line(record.machine)}, {record.machine['os']}"


def alone_line(record: Record) -> str:
    """Whether its times are timings, and if not, why."""
    if not record.exclusive:
        during = record.machine.get("during")
        held = f", and it was to use {during['cores']} of the cores" if during else ""
        return f"no: other examples ran beside it{held}"
    if record.disturbed:
        return f"no example ran beside it, but {record.disturbed}: its times are no timings"
    return "yes"


def executed_line(entry: Entry, record: Record) -> str:
    """When, and that it was elsewhere where it was."""
    moment = f"{record.executed_at[:10]} {record.executed_at[11:16]} UTC"
    return f"{moment}, not by this build: taken from {entry.origin}" if entry.origin else moment


def commit_line(commit: str) -> str:
    """The commit as people quote it."""
    head, changed, _ = commit.partition("+")
    return head[:10] + (", with uncommitted changes" if changed else "")


def card(entry: Entry, up: str | None = None) -> nodes.container:
    """The lines as a definition list in a box of its own; ``up`` leads to the site's own root,
    where the page is part of a site."""
    items = [
        nodes.definition_list_item(
            "",
            nodes.term("", label),
            nodes.definition("", nodes.paragraph("", "", *_value(label, text, up))),
        )
        for label, text in rows(entry)
    ]
    box = nodes.container(classes=["provenance", f"provenance-{entry.status}"])
    box += nodes.rubric("", "How this page was made")
    box += nodes.definition_list("", *items)
    return box


def _value(label: str, text: str, up: str | None) -> list[nodes.Node]:
    if label == RECORD and up is not None:
        link = nodes.reference("", pack.ARCHIVE, refuri=f"{up}{pack.FOLDER}/{pack.ARCHIVE}")
        return [nodes.literal("", text), nodes.Text(" in "), link]
    return [nodes.literal("", text) if label in (INSTALL, RUN, RECORD) else nodes.Text(text)]


def banner(entry: Entry) -> nodes.warning | None:
    """What to say before the first line, unless the page is a run that passed."""
    if entry.status == "passed":
        return None
    text = {
        "failed": _failed_text(entry),
        "skipped": f"This example was not run in this build: {entry_reason(entry)}. "
        "The code is shown without output.",
        "recorded": "This page shows an earlier run that is out of date: "
        f"{entry.reason}. Code and output may not belong together.",
    }[entry.status]
    return nodes.warning("", nodes.paragraph("", text), classes=["example-status"])


def _failed_text(entry: Entry) -> str:
    failure = entry.record.failure if entry.record else None
    if failure is None:
        return "This example failed in this build."
    expected = ", as it is expected to," if entry.example.expected else ""
    where = (
        "" if failure.kind in ("lost", "elsewhere", "measured") else f" in cell {failure.cell + 1}"
    )
    text = f"This example failed in this build{expected}{where}: {failure.what}."
    if where:
        text += " The cell that failed shows the error; the cells after it have not run."
    return text


def add_card(app: Sphinx, doctree: nodes.document) -> None:
    """Put card and banner into the page of an example."""
    domain = examples_of(app.env)
    entry = domain.on_page(app.env.current_document.docname)
    section = next(doctree.findall(nodes.section), None)
    if entry is None or section is None:
        return
    domain.use(entry.example.name)
    if (warning := banner(entry)) is not None:
        section.insert(1, warning)
    site = app.builder.format == "html" and app.builder.name != "epub"
    # Other builders may know no address of a page that they have not read yet.
    to_root = "../" * app.builder.get_target_uri(entry.example.page).count("/") if site else None
    box = card(entry, to_root)
    # The downloads end the page, inside its last section.
    end = found.parent if (found := downloads(doctree)) else None
    if end is None or end.parent is None:
        section += box
    else:
        end.parent.insert(end.parent.index(end), box)


def setup(app: Sphinx) -> ExtensionMetadata:
    app.connect("doctree-read", add_card)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
