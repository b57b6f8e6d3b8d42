"""Evidence: what supports a claim, and whether it does so in this build.

A line of evidence is one of::

    porting/one_file: difference_torch < 1e-5       an example and a check of its values
    measurements/mlperf: minutes_a / minutes_b < 2  a recorded measurement and a check
    source: keras-2-3                               a source, by its key

Examples come from :mod:`site_ext.gallery.build`, measurements and sources from files beside the
pages, which the domain here reads at the start of each build. It also notes which page leans
on which of them: a page is read again when what it leans on has changed.
"""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sphinx.util.nodes import make_refnode

from site_ext.claims import checks, measurements, sources
from site_ext.gallery.build import ALL, examples_of
from site_ext.gallery.usage import UsageDomain

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

    from docutils.nodes import Element
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.builders import Builder
    from sphinx.environment import BuildEnvironment
    from sphinx.util.typing import ExtensionMetadata

    from site_ext.claims.checks import Expression
    from site_ext.claims.measurements import Measurement
    from site_ext.claims.sources import Source
    from site_ext.run.execute import Entry

EXAMPLE, MEASUREMENT, SOURCE = "example", "measurement", "source"
_SOURCE = "source:"
FORMS = "theme/script: check, measurements/name: check, or source: key"


class EvidenceError(ValueError):
    """A line of evidence that supports nothing, with what was found instead."""


@dataclass(frozen=True)
class Finding:
    """A line of evidence as this build found it; one that fails is an :exc:`EvidenceError`.

    ``holds`` is None where it could not be checked here, for the ``reason`` given. ``day``
    is when the example ran, the measurement was taken or the source was read.
    """

    kind: str
    name: str
    title: str
    holds: bool | None
    day: str | None = None
    reason: str = ""
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
            return told
        told |= {"check": self.check, "found": self.found, "holds": self.holds, "day": self.day}
        return told | ({"reason": self.reason} if self.reason else {})


class EvidenceDomain(UsageDomain):
    """Today's measurements and sources, and which page leans on which."""

    name = "evidence"
    label = "Evidence"

    def __init__(self, env: BuildEnvironment) -> None:
        super().__init__(env)
        self.measurements: dict[str, Measurement] = {}
        self.sources: dict[str, Source] = {}

    def load(self, app: Sphinx) -> None:
        self.measurements = measurements.read(app.srcdir / "measurements")
        self.sources = sources.read(app.srcdir / sources.FILE)

    def shown(self, name: str) -> str:
        thing: object = None
        if name.startswith(_SOURCE):
            thing = self.sources.get(name.removeprefix(_SOURCE))
        elif name == ALL:
            thing = (self.sources, self.measurements)
        else:
            thing = self.measurements.get(name)
        return hashlib.sha256(repr(thing).encode()).hexdigest()[:16] if thing else ""

    def measurement(self, docname: str, name: str) -> Measurement | None:
        """A measurement by its name, noting that the page leans on it."""
        self.note(docname, name)
        return self.measurements.get(name)

    def source(self, docname: str, key: str) -> Source | None:
        """A source by its key, noting that the page leans on it."""
        self.note(docname, _SOURCE + key)
        return self.sources.get(key)

    def sources_used(self) -> set[str | None]:
        """The keys of the sources that some page leans on."""
        names = {name for used in self.data["used"].values() for name in used}
        return {n.removeprefix(_SOURCE) for n in names if n.startswith(_SOURCE)}

    def resolve_xref(  # noqa: PLR0917 - Sphinx's signature
        self, env: BuildEnvironment, fromdocname: str, builder: Builder, typ: str,
        target: str, node: pending_xref, contnode: Element,
    ) -> Any:  # fmt: skip
        """Links to a place on a page, as :func:`site_ext.base.links.to_place` makes them."""
        docname, _, place = target.partition("#")
        if docname not in env.all_docs:
            return contnode
        return make_refnode(builder, fromdocname, docname, place, contnode)


def evidence_of(env: BuildEnvironment) -> EvidenceDomain:
    """The domain, typed."""
    domain = env.domains["evidence"]
    assert isinstance(domain, EvidenceDomain)
    return domain


def examine(env: BuildEnvironment, line: str) -> Finding:
    """What a line of evidence comes to, on the page that is being read.

    Raises :exc:`EvidenceError` that says which value was found, where it supports nothing.
    """
    name, colon, rest = (part.strip() for part in line.partition(":"))
    if not colon or not rest:
        raise EvidenceError(f"evidence {line!r} is none of {FORMS}")
    if name == SOURCE:
        return _source(env, rest)
    try:
        check = checks.check(rest)
    except checks.CheckError as error:
        raise EvidenceError(f"{name}: {error}") from None
    if name.startswith(measurements.FOLDER):
        return _measurement(env, name, check)
    return _example(env, name, check)


def read_source(env: BuildEnvironment, key: str) -> Source:
    """A source that is fit to be one, for the page that is being read.

    Raises :exc:`EvidenceError` if there is none of that key, or it lacks something.
    """
    domain = evidence_of(env)
    source = domain.source(env.current_document.docname, key)
    if source is None:
        raise EvidenceError(f"there is no source {key!r}{like(key, domain.sources)}")
    if problem := source.problem():
        raise EvidenceError(problem)
    return source


def _source(env: BuildEnvironment, key: str) -> Finding:
    source = read_source(env, key)
    return Finding(SOURCE, key, str(source.title), holds=True, day=str(source.read), source=source)


def _measurement(env: BuildEnvironment, name: str, check: Expression) -> Finding:
    domain = evidence_of(env)
    taken = domain.measurement(env.current_document.docname, name)
    if taken is None:
        raise EvidenceError(f"there is no measurement {name!r}{like(name, domain.measurements)}")
    if taken.source is not None:
        read_source(env, taken.source)  # it is no better than where it comes from
    found = _checked(name, check, taken.measured)
    return Finding(
        MEASUREMENT, name, taken.title, holds=True, day=taken.date, check=check.text, found=found
    )


def _example(env: BuildEnvironment, name: str, check: Expression) -> Finding:
    domain = examples_of(env)
    entry = domain.use(name)
    if entry is None:
        raise EvidenceError(f"there is no example {name!r}{like(name, domain.entries)}")
    finding = Finding(EXAMPLE, name, entry.example.title, holds=None, check=check.text)
    if reason := _not_checked(name, entry):
        return replace(finding, reason=reason)
    assert entry.record is not None
    found = _checked(name, check, entry.record.measured)
    return replace(finding, holds=True, day=entry.record.executed_at, found=found)


def _not_checked(name: str, entry: Entry) -> str:
    """Why this build can't check by an example; raises where it should have been able to."""
    if entry.status == "failed":
        raise EvidenceError(f"the example {name} failed in this build, so nothing was measured")
    if entry.record is None:
        if entry.reason.startswith("not run:"):  # by whoever builds: PATTERN, SHARD, doctest
            return entry.reason
        raise EvidenceError(f"the example {name} was never run ({entry.reason})")
    return entry.record.reason if entry.status == "skipped" else ""


def _checked(name: str, check: Expression, measured: dict[str, Any]) -> dict[str, Any]:
    """The values that a check that holds was about; raises where it doesn't hold."""
    try:
        holds = check.value(measured)
    except checks.CheckError as error:
        raise EvidenceError(f"{name}: `{check.text}`: {error}") from None
    found = check.found(measured)
    if not holds:
        values = ", ".join(f"{key} = {value!r}" for key, value in found.items())
        raise EvidenceError(f"{name}: `{check.text}` does not hold: found {values}")
    return found


def like(name: str, known: Iterable[str]) -> str:
    """``; did you mean …?`` with the names that may have been meant, or nothing."""
    near = difflib.get_close_matches(name, list(known))
    return f"; did you mean {' or '.join(near)}?" if near else ""


def load(app: Sphinx) -> None:
    evidence_of(app.env).load(app)


def pages_to_read_again(
    app: Sphinx,
    env: BuildEnvironment,
    added: AbstractSet[str],
    changed: AbstractSet[str],
    removed: AbstractSet[str],
) -> list[str]:
    return [name for name in evidence_of(env).outdated() if name in env.found_docs]


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_domain(EvidenceDomain)
    app.connect("builder-inited", load)
    app.connect("env-get-outdated", pages_to_read_again)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
