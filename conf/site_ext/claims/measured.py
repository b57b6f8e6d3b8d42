"""The role ``{measured}``: quote a value from a record.

::

    {measured}`pytorch/train_mlp.accuracy:.1%`
    {measured}`pytorch/train_mlp.train_seconds:.1f s`
    {measured}`measurements/resnet.minutes_pytorch / minutes_tensorflow - 1:.1%`

reads ``measured["accuracy"]`` from the record of ``gallery/pytorch/train_mlp.py``, or a value
of ``docs/measurements/resnet.json``, formats it and links to the page that shows where it
comes from; hovering or focusing says so in a line. Before the colon stands a value or simple
arithmetic with the values of one record, behind it Python's format specification and, after
a space, a unit. An example, a value or a format that does not exist is an error of the
build. A value that this build could not measure, because a framework is not installed,
reads "not measured in this build".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from docutils import nodes

from site_ext.base import frameworks, machine
from site_ext.base.links import to_place
from site_ext.base.roles import CheckedRole
from site_ext.claims import checks
from site_ext.claims.evidence import evidence_of, like
from site_ext.claims.measurements import FOLDER
from site_ext.gallery.build import examples_of

if TYPE_CHECKING:
    from docutils.nodes import Node
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.util.typing import ExtensionMetadata
    from sphinx.writers.html5 import HTML5Translator

    from site_ext.claims.measurements import Measurement
    from site_ext.run.records import Record

NOT_MEASURED = "not measured in this build"
NO_BREAK = "\N{NO-BREAK SPACE}"
_FORM = re.compile(r"([\w-]+(?:/[\w-]+)+)\.([^:`]+)(?::([^`]*))?")


class quoted_value(nodes.Inline, nodes.TextElement):
    """A value as text, and in ``origin`` where it comes from."""


@dataclass(frozen=True)
class Quoted:
    """A value as text, None if not measured here, and where it comes from."""

    text: str | None
    origin: str


def parse(text: str) -> tuple[str, str, str]:
    """Split ``example.value:format`` into its three parts.

    Raises :exc:`ValueError` that says what form is wanted.
    """
    form = _FORM.fullmatch(text.strip())
    if not form:
        raise ValueError(f"{text!r} is not of the form theme/script.value:format")
    return form[1], form[2].strip(), form[3] or ""


def quote(value: Any, spec: str) -> str:
    """A value as text, its unit behind it; with a real minus sign, as in print."""
    spec, _, unit = spec.partition(" ")
    text = format(value, spec)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        text = text.replace("-", "\N{MINUS SIGN}")
    return f"{text}{NO_BREAK}{unit}" if unit else text


def look_up(env: BuildEnvironment, name: str, wanted: str, spec: str) -> Quoted:
    """The value on the page that is being read; raises :exc:`ValueError` if there is none."""
    expression = checks.arithmetic(wanted)
    docname = env.current_document.docname
    if name.startswith(FOLDER):
        taken = evidence_of(env).measurement(docname, name)
        if taken is None:
            known = evidence_of(env).measurements
            raise ValueError(f"there is no measurement {name!r}{like(name, known) or _all(known)}")
        return Quoted(_quoted(name, expression, taken.measured, spec), _taken(taken, wanted))
    entry = examples_of(env).use(name)
    if entry is None:
        known_examples = examples_of(env).entries
        raise ValueError(
            f"there is no example {name!r}{like(name, known_examples) or _all(known_examples)}"
        )
    if entry.record is None or entry.status in ("skipped", "failed"):
        return Quoted(None, entry.record.reason if entry.record else entry.reason)
    record = entry.record
    return Quoted(_quoted(name, expression, record.measured, spec), _run(record, wanted))


def _all(known: Any) -> str:
    return f"; there are: {', '.join(sorted(known)) or 'none'}"


def _quoted(name: str, wanted: checks.Expression, measured: dict[str, Any], spec: str) -> str:
    missing = [key for key in wanted.names if key not in measured]
    if missing:
        known = ", ".join(sorted(measured)) or "nothing"
        raise ValueError(f"{name} measures no {missing[0]!r}; it measures: {known}")
    # A plain value may be a truth or a text, with which nothing is computed.
    value = measured[wanted.text] if wanted.text in measured else wanted.value(measured)
    try:
        return quote(value, spec)
    except ValueError as error:
        raise ValueError(f"{name}.{wanted.text} = {value!r} as {spec!r}: {error}") from None


def _run(record: Record, wanted: str) -> str:
    on = machine.line(record.machine)
    run = frameworks.line(record.versions)
    versions = f" with {run}" if run else ""
    return f"{record.name}: {wanted}. Ran {record.executed_at[:10]}{versions} on {on}."


def _taken(taken: Measurement, wanted: str) -> str:
    return f"{taken.title}: {wanted}. Recorded {taken.date} on {taken.machine}."


class MeasuredRole(CheckedRole):
    """``{measured}`` itself."""

    def node(self) -> Node:
        name, wanted, spec = parse(self.text)
        quoted = look_up(self.env, name, wanted, spec)
        classes = ["measured"] if quoted.text is not None else ["measured", "not-measured"]
        text = quoted.text if quoted.text is not None else NOT_MEASURED
        value = quoted_value("", text, origin=quoted.origin, classes=classes)
        docname = self.env.current_document.docname
        target = f"gallery/{name}"
        if name.startswith(FOLDER):
            target = f"measurements#measurement-{name.removeprefix(FOLDER)}"
        return to_place(docname, target, value)


def visit_quoted_value(self: HTML5Translator, node: quoted_value) -> None:
    self.body.append(self.starttag(node, "span", "", **{"data-origin": node["origin"]}))


def depart_quoted_value(self: HTML5Translator, node: quoted_value) -> None:
    self.body.append("</span>")


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_node(quoted_value, html=(visit_quoted_value, depart_quoted_value))
    app.add_role("measured", MeasuredRole())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
