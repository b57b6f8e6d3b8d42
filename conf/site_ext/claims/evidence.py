"""Evidence: what supports a claim, and what it comes to in this build.

A line of evidence is one of::

    keras/backends: difference < 1e-4               an example and a check of its values
    measurements/mlperf: minutes_a / minutes_b < 2  a recorded measurement and a check
    source: keras-2-3                               a source, by its key

Each comes to a finding. One that supports nothing says why, on the page and in
``claims.json``; the warning that fails the build is made from it.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from site_ext.claims import checks
from site_ext.claims.domain import claims_of
from site_ext.claims.measurements import FOLDER
from site_ext.gallery.domain import examples_of
from site_ext.run.plan import LEFT_OUT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sphinx.environment import BuildEnvironment

    from site_ext.claims.checks import Expression
    from site_ext.claims.sources import Source

EXAMPLE, MEASUREMENT, SOURCE = "example", "measurement", "source"
FORMS = "theme/script: check, measurements/name: check, or source: key"


class EvidenceError(ValueError):
    """Why something supports nothing."""


@dataclass(frozen=True)
class Finding:
    """What a line of evidence came to.

    ``holds`` is None where it could not be checked here, and False where it supports nothing,
    both for the ``reason`` given; ``flaw`` says of which kind that is. ``day`` is when the
    example ran, the measurement was taken or the source was read.
    """

    kind: str
    name: str
    title: str = ""
    holds: bool | None = True
    day: str | None = None
    reason: str = ""
    flaw: str = ""
    check: str = ""
    found: dict[str, Any] = field(default_factory=dict)
    source: Source | None = None

    def account(self) -> dict[str, Any]:
        """As ``claims.json`` tells of it."""
        told: dict[str, Any] = {"kind": self.kind, self.kind: self.name, "title": self.title}
        if self.source:
            told["publisher"] = self.source.publisher
            told["address"] = self.source.address
            told["fact"] = self.source.fact
            told["dated"] = self.source.dated and str(self.source.dated)
            told["read"] = self.day
        elif self.kind != SOURCE:
            told |= {"check": self.check, "found": self.found, "day": self.day}
        told["holds"] = self.holds
        return told | ({"reason": self.reason} if self.reason else {})


def examine(env: BuildEnvironment, line: str) -> Finding:
    """What a line of evidence comes to, on the page that is being read."""
    name, colon, rest = (part.strip() for part in line.partition(":"))
    if name == SOURCE:
        finding = Finding(SOURCE, rest)
    else:
        finding = Finding(MEASUREMENT if name.startswith(FOLDER) else EXAMPLE, name, check=rest)
    if not colon or not rest:
        told = f"evidence {line!r} is none of {FORMS}"
        return replace(finding, holds=False, reason=told, flaw="evidence")
    try:
        return _examined(env, finding)
    except EvidenceError as error:
        return replace(finding, holds=False, reason=str(error), flaw="evidence")


def _examined(env: BuildEnvironment, finding: Finding) -> Finding:
    if finding.kind == SOURCE:
        return _source(env, finding)
    try:
        check = checks.check(finding.check)
    except checks.CheckError as error:
        raise EvidenceError(f"{finding.name}: {error}") from None
    by = _measurement if finding.kind == MEASUREMENT else _example
    return by(env, finding, check)


def _source(env: BuildEnvironment, finding: Finding) -> Finding:
    source = read_source(env, finding.name)
    return replace(finding, title=str(source.title), day=str(source.read), source=source)


def _measurement(env: BuildEnvironment, finding: Finding, check: Expression) -> Finding:
    domain, name = claims_of(env), finding.name
    taken = domain.measurement(name)
    if taken is None:
        raise EvidenceError(f"there is no measurement {name!r}{like(name, domain.measurements)}")
    if taken.source is not None:
        read_source(env, taken.source)  # it is no better than where it comes from
    finding = replace(finding, title=taken.title, day=str(taken.date))
    return _judged(finding, check, taken.measured)


def _example(env: BuildEnvironment, finding: Finding, check: Expression) -> Finding:
    domain, name = examples_of(env), finding.name
    entry = domain.use(name)
    if entry is None:
        raise EvidenceError(f"there is no example {name!r}{like(name, domain.entries)}")
    finding = replace(finding, title=entry.example.title)
    if entry.status == "failed":
        told = f"the example {name} failed in this build, so nothing was measured"
        return replace(finding, holds=False, reason=told, flaw="evidence")
    if entry.record is None:
        if entry.reason.startswith(LEFT_OUT):  # by PATTERN, SHARD, or the builder
            return replace(finding, holds=None, reason=entry.reason)
        raise EvidenceError(f"the example {name} was never run ({entry.reason})")
    if entry.status == "skipped":
        return replace(finding, holds=None, reason=entry.record.reason)
    finding = replace(finding, day=entry.record.executed_at)
    if reason := entry.record.without(check.names):
        return replace(finding, holds=None, reason=reason)
    if entry.example.timed and not entry.record.timing:
        told = f"{name} was timed while {entry.record.disturbed or 'others ran'}"
        return replace(finding, holds=None, reason=told)
    return _judged(finding, check, entry.record.measured)


def _judged(finding: Finding, check: Expression, measured: dict[str, Any]) -> Finding:
    """The finding with the values that its check was about, and whether that holds."""
    finding = replace(finding, found=check.found(measured))
    try:
        if check.value(measured):
            return finding
        values = ", ".join(f"{key} = {value!r}" for key, value in finding.found.items())
        wrong = f" does not hold: found {values}"
    except checks.CheckError as error:
        wrong = f": {error}"
    told = f"{finding.name}: `{check.text}`{wrong}"
    return replace(finding, holds=False, reason=told, flaw="check")


def read_source(env: BuildEnvironment, key: str) -> Source:
    """A source that is fit to be one, for the page that is being read.

    Raises :exc:`EvidenceError` if there is none of that key, or it lacks something.
    """
    domain = claims_of(env)
    source = domain.source(key)
    if source is None:
        raise EvidenceError(f"there is no source {key!r}{like(key, domain.sources)}")
    if problem := source.problem():
        raise EvidenceError(problem)
    return source


def like(name: str, known: Iterable[str]) -> str:
    """``; did you mean …?`` with the names that may have been meant, or nothing."""
    near = difflib.get_close_matches(name, list(known))
    return f"; did you mean {' or '.join(near)}?" if near else ""
