"""Quoting measured values: ``example.value:format`` looked up, as text.

Before the colon stands a value or simple arithmetic with the values of one record, behind it
Python's format specification and, after a space, a unit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from site_ext.base import frameworks, machine, values
from site_ext.claims import checks
from site_ext.claims.domain import claims_of
from site_ext.claims.evidence import like
from site_ext.claims.measurements import FOLDER
from site_ext.gallery.domain import examples_of

if TYPE_CHECKING:
    from sphinx.environment import BuildEnvironment

    from site_ext.claims.measurements import Measurement
    from site_ext.run.plan import Entry
    from site_ext.run.records import Record

NOT_MEASURED = "not measured in this build"
_FORM = re.compile(r"([\w-]+(?:/[\w-]+)+)\.([^:`]+)(?::([^`]*))?")


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


def look_up(env: BuildEnvironment, name: str, wanted: str, spec: str) -> Quoted:
    """The value on the page that is being read; raises :exc:`ValueError` if there is none."""
    expression = checks.arithmetic(wanted)
    if name.startswith(FOLDER):
        taken = measurement(env, name)
        return Quoted(_formatted(name, expression, taken.measured, spec), _taken(taken, wanted))
    entry = example(env, name)
    if (record := entry.ran) is None:
        return Quoted(None, entry.record.reason if entry.record else entry.reason)
    if reason := record.without(expression.names):
        return Quoted(None, reason)
    return Quoted(_formatted(name, expression, record.measured, spec), _run(record, wanted))


def example(env: BuildEnvironment, name: str) -> Entry:
    """An example by its name; raises :exc:`ValueError` with those that there are."""
    entry = examples_of(env).use(name)
    if entry is None:
        raise ValueError(_unknown("example", name, examples_of(env).entries))
    return entry


def measurement(env: BuildEnvironment, name: str) -> Measurement:
    """A measurement by its name; raises :exc:`ValueError` with those that there are."""
    taken = claims_of(env).measurement(name)
    if taken is None:
        raise ValueError(_unknown("measurement", name, claims_of(env).measurements))
    return taken


def recorded(env: BuildEnvironment, name: str, wanted: checks.Expression) -> Any:
    """A recorded value, or arithmetic with values; raises :exc:`ValueError` likewise."""
    return measured(name, wanted, measurement(env, name).measured)


def _unknown(kind: str, name: str, known: Any) -> str:
    there = like(name, known) or f"; there are: {', '.join(sorted(known)) or 'none'}"
    return f"there is no {kind} {name!r}{there}"


def measured(name: str, wanted: checks.Expression, found: dict[str, Any]) -> Any:
    """A value, or arithmetic with values; raises :exc:`ValueError` for one that is not there."""
    missing = [key for key in wanted.names if key not in found]
    if missing:
        known = ", ".join(sorted(found)) or "nothing"
        raise ValueError(f"{name} measures no {missing[0]!r}; it measures: {known}")
    # A plain value may be a truth or a text, with which nothing is computed.
    return found[wanted.text] if wanted.text in found else wanted.value(found)


def _formatted(name: str, wanted: checks.Expression, found: dict[str, Any], spec: str) -> str:
    value = measured(name, wanted, found)
    try:
        return values.formatted(value, spec)
    except ValueError as error:
        raise ValueError(f"{name}.{wanted.text} = {value!r} as {spec!r}: {error}") from None


def _run(record: Record, wanted: str) -> str:
    on = machine.line(record.machine)
    run = frameworks.line(record.versions)
    versions = f" with {run}" if run else ""
    busy = f", while {record.disturbed}" if record.disturbed else ""
    return f"{record.name}: {wanted}. Ran {record.executed_at[:10]}{versions} on {on}{busy}."


def _taken(taken: Measurement, wanted: str) -> str:
    return f"{taken.title}: {wanted}. Recorded {taken.date} on {taken.machine}."
