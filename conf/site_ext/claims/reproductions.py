"""The directive ``{reproductions}``: who got which values where.

``docs/reproductions/<name>.json`` is what ``make reproduce`` wrote on some machine, kept. The
page shows each with its machine, its versions, and what came out otherwise.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import msgspec
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from site_ext.base import frameworks, machine, values
from site_ext.base.files import checked, write_json
from site_ext.base.nodes import plain_code, row, table
from site_ext.base.state import publishes
from site_ext.base.text import clean

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.util.typing import ExtensionMetadata

FOLDER = "reproductions"
#: What came of a value: the same, the same within its tolerance, another one, nothing to compare.
Outcome: TypeAlias = Literal["equal", "within tolerance", "moved", "not comparable"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
EQUAL, WITHIN, MOVED, NOT_COMPARABLE = OUTCOMES


class Value(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A measured value, there and here; ``why`` tells of what is not comparable."""

    example: str
    value: str
    outcome: Outcome
    there: Any = None
    here: Any = None
    tolerance: float = 0.0
    why: str = ""


class Side(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """With what, and on which machines, the values were measured."""

    versions: dict[str, str]
    machines: list[dict[str, Any]]


class Reproduction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A release executed again. ``note`` says what whoever did it wants known."""

    release: str
    commit: str
    date: str
    there: Side
    here: Side
    values: list[Value]
    fallen: list[str] = []
    note: str = ""

    def count(self, outcome: str) -> int:
        return sum(one.outcome == outcome for one in self.values)


def read(folder: Path) -> dict[str, Reproduction]:
    """The reproductions of a folder by their names.

    Raises :exc:`SiteError` that names the file and what is wrong with it.
    """
    found = {}
    for path in sorted(folder.glob("*.json")):
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            data = f"not JSON ({error})"
        found[path.stem] = checked(
            data, Reproduction, str(path), "take it as `make reproduce` wrote it"
        )
    return found


class ReproductionsDirective(SphinxDirective):
    """``{reproductions}``, without argument, options or content."""

    def run(self) -> list[nodes.Node]:
        folder, page = self.env.srcdir / FOLDER, self.env.current_document.docname
        for path in folder.glob("*.json"):
            self.env.note_dependency(path)
        known = read(folder)
        self.env.metadata[page][FOLDER] = " ".join(known)
        return [self._section(name, one) for name, one in known.items()] or [
            nodes.paragraph("", "Nobody has sent one yet.")
        ]

    def _section(self, name: str, one: Reproduction) -> nodes.section:
        section = nodes.section(ids=[f"reproduction-{nodes.make_id(name)}"])
        section += nodes.title("", f"Version {one.release}, {one.date}: {_machines(one.here)}")
        if one.note:
            section += nodes.paragraph("", clean(one.note))
        counts = ", ".join(f"{one.count(outcome)} {outcome}" for outcome in OUTCOMES)
        section += nodes.paragraph("", f"Of {len(one.values)} measured values: {counts}.")
        section += nodes.paragraph("", f"Here {_told(one.here)}. Published: {_told(one.there)}.")
        if one.fallen:
            section += nodes.paragraph("", f"Claims that would fall: {', '.join(one.fallen)}.")
        moved = [value for value in one.values if value.outcome == MOVED]
        if moved:
            section += _table(moved)
        return section


def _machines(side: Side) -> str:
    return "; ".join(machine.line(one) for one in side.machines)


def _told(side: Side) -> str:
    return f"{frameworks.line(side.versions)}, on {_machines(side)}"


def _table(moved: list[Value]) -> nodes.container:
    """The values that moved, each side with as many digits as tell them apart."""
    rows = []
    for one in moved:
        there, here = values.apart(one.there, one.here)
        name = plain_code("", f"{one.example}.{one.value}")
        texts = [nodes.Text(there), nodes.Text(here), nodes.Text(f"{one.tolerance:g}")]
        rows.append(row([[name], *([text] for text in texts)], numbers=frozenset({1, 2, 3})))
    headings = ["Moved", "Published", "Here", "Tolerance"]
    return table(headings, rows, numbers=frozenset({1, 2, 3}))


def write_data(app: Sphinx, exception: Exception | None) -> None:
    """Write ``data/reproductions.json``, for an HTML build that came to its end."""
    if publishes(app, exception):
        known = msgspec.to_builtins(read(app.srcdir / FOLDER))
        write_json(app.outdir / "data" / "reproductions.json", known)


def pages_with_others(
    app: Sphinx,
    env: BuildEnvironment,
    added: AbstractSet[str],
    changed: AbstractSet[str],
    removed: AbstractSet[str],
) -> list[str]:
    """Pages that list other files than there are now: Sphinx sees only that one has changed."""
    now = " ".join(sorted(path.stem for path in (app.srcdir / FOLDER).glob("*.json")))
    return [page for page, about in env.metadata.items() if about.get(FOLDER, now) != now]


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_directive("reproductions", ReproductionsDirective)
    app.connect("env-get-outdated", pages_with_others)
    app.connect("build-finished", write_data, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
