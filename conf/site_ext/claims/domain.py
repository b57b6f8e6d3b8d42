"""All claims, the original's and ours, and what they lean on: original, sources, measurements.

A claim's content stays where it was written: what shows it elsewhere takes it from its page.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from sphinx.domains import Domain
from sphinx.util import logging

from site_ext.base.errors import ending
from site_ext.base.frameworks import TITLES
from site_ext.claims import measurements, original, sources

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.util.typing import ExtensionMetadata

    from site_ext.claims.evidence import Finding
    from site_ext.claims.measurements import Measurement
    from site_ext.claims.original import Statement
    from site_ext.claims.sources import Source

logger = logging.getLogger(__name__)

#: In the order in which the ledger counts them, with what each means.
VERDICTS = {
    "holds": "true as it stands",
    "outdated": "was true, and has changed since",
    "misleading": "true in part, or no difference to the others",
    "false": "refuted by a run or by a count",
    "untestable": "says too little to be confirmed or refuted",
    "opinion": "nothing that could be measured",
}
ORIGINAL = "original"


class claim_text(nodes.Element):
    """Our words of its ``claim``: what is true now."""


class claim_now(claim_text, nodes.container):
    """They stand in a note under the original's."""


class claim_sentence(claim_text, nodes.inline):
    """They are the claim."""


@dataclass
class Claim:
    """A judged statement; ``number`` is its place in the original, -1 if it is ours."""

    id: str
    statement: Statement
    number: int
    verdict: str
    findings: list[Finding]
    docname: str
    line: int
    #: What is wrong with it besides a finding.
    flaws: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """Whose statement it is, :data:`ORIGINAL` or :data:`site_ext.claims.original.OURS`."""
        return original.OURS if self.statement.kind == original.OURS else ORIGINAL

    @property
    def place(self) -> str:
        """Its id on its page and in the ledger."""
        return f"claim-{self.id}"

    @property
    def problems(self) -> list[str]:
        """Why this build does not support it."""
        return [f.reason for f in self.findings if f.holds is False] + self.flaws

    @property
    def not_checked(self) -> list[str]:
        """Why some of its evidence could not be checked in this build."""
        return list(dict.fromkeys(f.reason for f in self.findings if f.holds is None))

    @property
    def frameworks(self) -> list[str]:
        """Which it is about: named above it, or in it, or else all. The original knew no JAX."""
        known = [t for module, t in TITLES.items() if module != "jax" or self.kind != ORIGINAL]
        texts = (self.statement.place, self.statement.plain)
        for text in texts if self.kind == ORIGINAL else reversed(texts):
            named = [title for title in known if title in text]
            if named:
                return named
        return known

    @property
    def checked_at(self) -> str | None:
        """The newest moment or day among its evidence: when it was last looked into."""
        return max((f.day for f in self.findings if f.day), default=None)


class ClaimsDomain(Domain):
    """The claims of each page, which pages show those of others, and which cite what."""

    name = "claims"
    label = "Claims"
    data_version = 3
    #: claims: docname -> [Claim]; readers: docnames; cited: docname -> keys of sources
    initial_data: ClassVar[dict[str, Any]] = {"claims": {}, "readers": set(), "cited": {}}

    def __init__(self, env: BuildEnvironment) -> None:
        super().__init__(env)
        self.original: list[Statement] = []
        self.sources: dict[str, Source] = {}
        self.measurements: dict[str, Measurement] = {}
        #: Their files as they were read, by the moment of their last change.
        self.read: dict[Path, int] = {}
        #: Whether claims came, went or were read again in this build, and whether any page was.
        self.moved = False
        self.any_read = False

    def load(self) -> None:
        """Read what claims lean on; raises :exc:`SiteError` for a file that is none of ours."""
        docs = self.env.srcdir
        self.read = self._files()
        self.measurements = measurements.read(docs / measurements.FOLDER)
        self.sources = sources.read(docs / sources.FILE)
        if self.original_path:
            self.original = original.read(self.original_path)

    @property
    def original_path(self) -> Path | None:
        """The article that is judged, if the site has one."""
        name = self.env.config.claims_original
        return self.env.srcdir / name if name else None

    def _files(self) -> dict[Path, int]:
        docs = self.env.srcdir
        taken = (docs / measurements.FOLDER).glob("*.json")
        files = [docs / sources.FILE, *taken, *filter(None, [self.original_path])]
        return {path: path.stat().st_mtime_ns for path in files if path.exists()}

    @property
    def claims(self) -> list[Claim]:
        """All of them, in the original's order, and then ours."""
        found = [claim for told in self.data["claims"].values() for claim in told]
        return sorted(found, key=lambda c: (c.kind != ORIGINAL, c.number, c.docname, c.line))

    @property
    def by_id(self) -> dict[str, Claim]:
        return {claim.id: claim for claim in self.claims}

    def source(self, key: str) -> Source | None:
        """A source by its key, for the page that is being read."""
        self.env.note_dependency(sources.FILE)
        self.data["cited"].setdefault(self.env.current_document.docname, set()).add(key)
        return self.sources.get(key)

    def measurement(self, name: str) -> Measurement | None:
        """A measurement by its name, for the page that is being read."""
        self.env.note_dependency(f"{name}.json")
        return self.measurements.get(name)

    def note_reader(self) -> None:
        """The page that is being read shows claims of others."""
        self.data["readers"].add(self.env.current_document.docname)

    def process_doc(self, env: BuildEnvironment, docname: str, document: nodes.document) -> None:
        """Collect a page's claims, and warn of those that their evidence doesn't support."""
        for node in document.findall(claim_text):
            claim: Claim = node["claim"]
            self.data["claims"].setdefault(docname, []).append(claim)
            self.moved = True
            for finding in claim.findings:
                if finding.holds is False:
                    _warn(claim, finding.reason, finding.flaw)
            for flaw in claim.flaws:
                _warn(claim, flaw, "evidence")

    def clear_doc(self, docname: str) -> None:
        self.data["readers"].discard(docname)
        self.data["cited"].pop(docname, None)
        self.moved |= bool(self.data["claims"].pop(docname, None))

    def merge_domaindata(self, docnames: AbstractSet[str], otherdata: dict[str, Any]) -> None:
        self.data["readers"] |= otherdata["readers"] & docnames
        for kind in ("claims", "cited"):
            self.data[kind] |= {d: told for d, told in otherdata[kind].items() if d in docnames}
        self.moved |= bool(docnames & set(otherdata["claims"]))

    def check_consistency(self) -> None:
        """Warn of what is told twice, of statements without a claim, of sources without use, and
        of files that pages were read without, for they had been read before."""
        self._warn_of_doubles()
        for path, _ in sorted(self._files().items() ^ self.read.items()):
            logger.warning(
                "changed while pages were read; build again",
                location=f"{path}:1", type="claim", subtype="meanwhile",
            )  # fmt: skip
        judged = {claim.number for claim in self.claims}
        for number, statement in enumerate(self.original):
            if number not in judged:
                logger.warning(
                    "no claim judges %r in %r", statement.words, statement.place,
                    location=f"{self.original_path}:{statement.line}", type="claim", subtype="missing",
                )  # fmt: skip
        cited = set().union(*self.data["cited"].values())
        unused = set(self.sources) - cited - {m.source for m in self.measurements.values()}
        path = self.env.srcdir / sources.FILE
        text = path.read_text(encoding="utf-8") if unused else ""
        for key in sorted(unused):
            line = text.partition(f"[{key}]")[0].count("\n") + 1
            logger.warning(
                "source %r is cited by no page; cite it or delete it", key,
                location=f"{path}:{line}", type="source", subtype="unused",
            )  # fmt: skip

    def _warn_of_doubles(self) -> None:
        known = self.claims
        ids, numbers = Counter(c.id for c in known), Counter(c.number for c in known)
        for at, claim in enumerate(known):
            if ids[claim.id] > 1:
                for first in (c for c in known[:at] if c.id == claim.id):
                    where = f"{first.docname}, line {first.line}"
                    _warn(claim, f"is told twice, also in {where}; rename one", "double")
            elif self.original and claim.kind == ORIGINAL and numbers[claim.number] > 1:
                for first in (c for c in known[:at] if c.number == claim.number):
                    told = f"judges the same words as {first.id} in {first.docname}; keep one"
                    _warn(claim, told, "double")

    def resolve_any_xref(self, *_: object) -> list[Any]:
        return []


def claims_of(env: BuildEnvironment) -> ClaimsDomain:
    """The domain, typed."""
    domain = env.domains["claims"]
    assert isinstance(domain, ClaimsDomain)
    return domain


def _warn(claim: Claim, problem: str, subtype: str) -> None:
    logger.warning(
        "claim %s: %s", claim.id, problem,
        location=(claim.docname, claim.line), type="claim", subtype=subtype,
    )  # fmt: skip


@ending
def load(app: Sphinx) -> None:
    claims_of(app.env).load()


def note_reading(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    claims_of(env).any_read = bool(docnames)


def pages_to_write_again(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """The pages that show claims of others, where claims came, went or were read again."""
    domain = claims_of(env)
    return sorted(domain.data["readers"]) if domain.moved else []


def tell_not_checked(app: Sphinx, exception: Exception | None) -> None:
    """A line for what could not be checked in this build."""
    known = claims_of(app.env).claims
    left = [claim for claim in known if claim.not_checked]
    if exception is None and left and app.builder.format == "html":
        reasons = sorted({reason for claim in left for reason in claim.not_checked})
        # Not a warning of Sphinx's: that would fail a build under -W, and this must not.
        print(
            f"WARNING: {len(left)} of {len(known)} claims were not checked "
            f"({'; '.join(reasons)}): {', '.join(claim.id for claim in left)}",
            flush=True,
        )


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_config_value("claims_original", "", "env", str, "the article judged, from docs/")
    # Pages that show all measurements can't depend on one that is yet to come.
    taken = sorted(path.name for path in (app.srcdir / measurements.FOLDER).glob("*.json"))
    app.add_config_value("claims_measurements", taken, "env", list, "the files of measurements")
    app.add_node(claim_now)
    app.add_node(claim_sentence)
    app.add_domain(ClaimsDomain)
    # Before the examples run, to tell at once of a spoilt file, and after, since they take long.
    app.connect("builder-inited", load)
    app.connect("builder-inited", load, priority=650)
    app.connect("env-before-read-docs", note_reading)
    app.connect("env-updated", pages_to_write_again)
    app.connect("build-finished", tell_not_checked, priority=800)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 2}
