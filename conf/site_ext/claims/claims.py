"""The directive ``{claim}``: a statement of the original, judged, with its evidence.

::

    ```{claim} keras-backends
    ---
    section: Keras / Pros
    words: Runs on top of TensorFlow, Theano, or CNTK
    verdict: false
    evidence: |
      keras/backends: theano_computes == 0
      source: keras-2-3
    ---
    Keras runs on TensorFlow, JAX or PyTorch.
    ```

``words`` are the original's, to the letter, and ``section`` is where it has them; the two are
looked up in the original (``claims_original`` of conf.py). Where a section has one statement
only, a sample of code for instance, its words may be left out. The content says what is true
now. ``evidence`` has a line for each (:mod:`site_ext.claims.evidence`); only an opinion may
have none. With ``folded:`` the note is one line until it is opened.

The role ``{claim}`` names a claim inside a sentence, from any page: its words, or a text
of one's own as in ``{claim}`runs on Theano <keras-backends>```, with the verdict behind it.

A claim that its evidence doesn't support is a warning that names page, line, claim and what
was found, so that the build fails (``-W``); on the page the note says so, too. What can't be
checked here, because a framework is not installed, is said and fails nothing.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.domains import Domain
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from site_ext.base.frameworks import TITLES
from site_ext.base.links import to_page, to_place
from site_ext.base.roles import CheckedRole
from site_ext.claims import evidence, original

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from docutils.nodes import Node
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.util.typing import ExtensionMetadata, OptionSpec
    from sphinx.writers.html5 import HTML5Translator

    from site_ext.claims.evidence import Finding
    from site_ext.claims.original import Statement

logger = logging.getLogger(__name__)

#: In the order in which the ledger counts them, with what each means.
VERDICTS = {
    "holds": "true as it stands",
    "outdated": "was true, and has changed since",
    "misleading": "true in part, or no difference to the others",
    "false": "refuted by a run or by a count",
    "opinion": "nothing that could be measured",
}
NOT_CHECKED = "Not checked in this build"
LEDGER = "ledger"
#: What a page may show besides single claims.
ALL, COUNTS = "*", "counts"


class fold(nodes.General, nodes.Element):
    """What is shown when its first child, a :class:`fold_summary`, is clicked."""


class fold_summary(nodes.General, nodes.TextElement):
    """The line that is always there."""


class claim_mark(nodes.Inline, nodes.TextElement):
    """Stands for a claim named in a sentence until all verdicts are known."""


@dataclass
class Claim:
    """A judged statement, as the ledger and ``claims.json`` tell of it.

    ``now`` holds what is true now as nodes that are not resolved yet. ``number`` is the
    statement's place in the original.
    """

    id: str
    statement: Statement
    number: int
    verdict: str
    now: nodes.container
    findings: list[Finding]
    docname: str
    line: int
    problems: list[str] = field(default_factory=list)

    @property
    def not_checked(self) -> list[str]:
        """Why some of its evidence could not be checked in this build."""
        reasons = [finding.reason for finding in self.findings if finding.holds is None]
        return list(dict.fromkeys(reasons))

    @property
    def frameworks(self) -> list[str]:
        """Which of the three it is about: named above it, or in it, or else all."""
        three = [title for module, title in TITLES.items() if module != "jax"]
        for text in (self.statement.place, self.statement.plain):
            named = [title for title in three if title in text]
            if named:
                return named
        return three

    @property
    def checked_at(self) -> str | None:
        """The newest moment or day among its evidence: when it was last looked into."""
        return max((f.day for f in self.findings if f.day), default=None)


class ClaimsDomain(Domain):
    """All claims, kept between builds, and which pages show verdicts of other pages."""

    name = "claims"
    label = "Claims"
    data_version = 1
    #: claims: id -> Claim; readers: docname -> {what: fingerprint when it was written}
    initial_data: ClassVar[dict[str, Any]] = {"claims": {}, "readers": {}}

    def __init__(self, env: BuildEnvironment) -> None:
        super().__init__(env)
        self.original: list[Statement] = []

    @property
    def claims(self) -> list[Claim]:
        """All of them, in the original's order."""
        found: list[Claim] = list(self.data["claims"].values())
        return sorted(found, key=lambda claim: (claim.number, claim.docname, claim.line))

    def get(self, name: str) -> Claim | None:
        claim: Claim | None = self.data["claims"].get(name)
        return claim

    def add(self, claim: Claim) -> str:
        """Keep a claim; returns what is wrong with that, or nothing."""
        other = self.get(claim.id)
        if other and (other.docname, other.line) != (claim.docname, claim.line):
            return f"is told twice, also in {other.docname}, line {other.line}; rename one"
        same = [c for c in self.claims if c.number == claim.number and c.id != claim.id]
        self.data["claims"][claim.id] = claim
        if same and self.original:
            return f"judges the same words as {same[0].id} in {same[0].docname}; keep one"
        return ""

    def note_reader(self, what: str) -> None:
        """The current page shows a claim by its id, or :data:`ALL` or :data:`COUNTS` of them."""
        self.data["readers"].setdefault(self.env.current_document.docname, {})[what] = ""

    def fingerprint(self, what: str) -> str:
        """A name for what a reader is shown; it differs when the page must."""
        shown: Any
        if what == COUNTS:
            shown = sorted(claim.verdict for claim in self.claims)
        elif what == ALL:
            shown = [
                (c.id, c.verdict, c.line, c.now.astext(), c.findings, c.problems)
                for c in self.claims
            ]
        else:
            claim = self.get(what)
            shown = claim and (claim.verdict, claim.statement)
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]

    def outdated_readers(self) -> list[str]:
        """The pages that show verdicts of other pages as they no longer are."""
        today = {what: self.fingerprint(what) for r in self.data["readers"].values() for what in r}
        outdated = []
        for docname, shown in self.data["readers"].items():
            now = {what: today[what] for what in shown}
            if now != shown:
                shown.update(now)
                outdated.append(docname)
        return outdated

    def clear_doc(self, docname: str) -> None:
        self.data["readers"].pop(docname, None)
        for claim in self.claims:
            if claim.docname == docname:
                del self.data["claims"][claim.id]

    def merge_domaindata(self, docnames: AbstractSet[str], otherdata: dict[str, Any]) -> None:
        for docname in docnames & set(otherdata["readers"]):
            self.data["readers"][docname] = otherdata["readers"][docname]
        for name, claim in otherdata["claims"].items():
            if claim.docname in docnames:
                self.data["claims"][name] = claim

    def resolve_any_xref(self, *_: object) -> list[Any]:
        return []


def claims_of(env: BuildEnvironment) -> ClaimsDomain:
    """The domain, typed."""
    domain = env.domains["claims"]
    assert isinstance(domain, ClaimsDomain)
    return domain


class ClaimDirective(SphinxDirective):
    """``{claim}`` itself; the argument is the claim's id."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar[OptionSpec] = {
        "section": directives.unchanged_required,
        "words": directives.unchanged,
        "verdict": directives.unchanged_required,
        "evidence": directives.unchanged,
        "folded": directives.flag,
    }

    def run(self) -> list[Node]:
        name = self.arguments[0]
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
            raise self.error(f"claim: the id {name!r} is not of the form keras-backends")
        for option in ("section", "verdict"):
            if option not in self.options:
                raise self.error(f"claim {name}: :{option}: is missing")
        verdict = self.options["verdict"].strip()
        if verdict not in VERDICTS:
            raise self.error(f"claim {name}: verdict {verdict!r} is none of {', '.join(VERDICTS)}")
        if not self.content:
            raise self.error(f"claim {name}: say what is true now")
        domain = claims_of(self.env)
        try:
            number, statement = self._statement(domain.original)
        except ValueError as error:
            raise self.error(f"claim {name}: {error}") from None
        problems, findings = self._examine(verdict)
        now = nodes.container("", *self.parse_content_to_nodes(), classes=["claim-now"])
        claim = Claim(
            name, statement, number, verdict, _alone(now), findings,
            self.env.current_document.docname, self.lineno, problems,
        )  # fmt: skip
        if problem := domain.add(claim):
            problems.append(problem)
        for problem in problems:
            logger.warning(
                "claim %s: %s", name, problem,
                location=self.get_location(), type="claim", subtype=name,
            )  # fmt: skip
        return [note(claim, folded="folded" in self.options)]

    def _statement(self, known: list[Statement]) -> tuple[int, Statement]:
        """``(its number, the original's statement)``; raises :exc:`ValueError` if it has none."""
        place, words = self.options["section"].strip(), self.options.get("words", "").strip()
        if known:
            # A statement's number changes when others are put before it.
            self.env.note_dependency(str(Path(self.env.srcdir, self.config.claims_original)))
        if not known:  # a site without an original
            return 0, original.Statement(words, place, self.lineno)
        there = [(n, s) for n, s in enumerate(known) if s.place == place]
        found = [(n, s) for n, s in there if not words or words == s.words]
        if len(found) == 1:
            return found[0]
        if not there:
            places = ", ".join(dict.fromkeys(s.place for s in known))
            raise ValueError(f"the original has no section {place!r}; it has: {places}")
        listed = "; ".join(repr(s.words) for _, s in there)
        if not words:
            raise ValueError(f"{place!r} has several statements; give the words of one: {listed}")
        if found:
            raise ValueError(f"the original says {words!r} more than once in {place!r}")
        raise ValueError(f"the original does not say {words!r} in {place!r}, but: {listed}")

    def _examine(self, verdict: str) -> tuple[list[str], list[Finding]]:
        """``(problems, findings)`` of the lines of evidence."""
        lines = [line for line in self.options.get("evidence", "").splitlines() if line.strip()]
        problems: list[str] = []
        findings: list[Finding] = []
        for line in lines:
            try:
                findings.append(evidence.examine(self.env, line))
            except evidence.EvidenceError as error:
                problems.append(str(error))
        if not lines and verdict != "opinion":
            problems.append(f"is judged {verdict!r} without evidence; give some ({evidence.FORMS})")
        return problems, findings


def _alone(now: nodes.container) -> nodes.container:
    """A copy that doesn't hold on to its document, which can't be kept between builds."""
    copy = now.deepcopy()
    for node in copy.findall():
        node.document = None  # type: ignore[assignment]
    return copy


def note(claim: Claim, *, folded: bool = False) -> Node:
    """The claim as its page shows it."""
    head = [*words(claim), nodes.Text(" "), tag(claim.verdict)]
    body: list[Node] = [*states(claim), claim.now.deepcopy(), _support(claim)]
    classes = ["claim", f"claim-{claim.verdict}"]
    if folded:
        return fold("", fold_summary("", "", *head), *body, ids=[place(claim)], classes=classes)
    first = nodes.paragraph("", "", *head, classes=["claim-head"])
    return nodes.container("", first, *body, ids=[place(claim)], classes=classes)


def place(claim: Claim) -> str:
    """The id of a claim on its page and in the ledger."""
    return f"claim-{claim.id}"


def words(claim: Claim) -> list[Node]:
    """The original's words; of a sample of code, that it is one."""
    statement = claim.statement
    if statement.kind == original.CODE:
        return [nodes.inline("", "The sample of code", classes=["claim-words"])]
    said = nodes.inline("", f"“{statement.plain}”", classes=["claim-words"])
    if statement.kind != original.CELL:
        return [said]
    _, row, column = statement.place.split(" / ")
    return [nodes.inline("", f"{row}, {column.lower()}: ", classes=["claim-where"]), said]


def tag(verdict: str) -> nodes.inline:
    """The verdict as a word in a frame."""
    return nodes.inline("", verdict, classes=["verdict", f"verdict-{verdict}"])


def states(claim: Claim) -> list[Node]:
    """What a reader must know of the claim's standing, if it isn't that all is well."""
    told = [f"{NOT_CHECKED}: {reason}." for reason in claim.not_checked]
    told += [f"Not supported in this build: {problem}." for problem in claim.problems]
    return [nodes.paragraph("", text, classes=["claim-state"]) for text in told]


def _support(claim: Claim) -> fold:
    """The evidence, folded, with a link to the ledger."""
    link = to_place(
        claim.docname, f"{LEDGER}#{place(claim)}", nodes.inline("", "This statement in the ledger")
    )
    summary = fold_summary("", f"Evidence: {counted(claim.findings)}")
    inside: list[Node] = [evidence_list(claim, claim.docname)] if claim.findings else []
    if claim.statement.kind == original.CODE:
        code = nodes.literal_block("", claim.statement.words, language="python")
        inside = [nodes.paragraph("", "As published:"), code, *inside]
    last = nodes.paragraph("", "", link)
    return fold("", summary, *inside, last, classes=["claim-evidence"])


def counted(findings: list[Finding]) -> str:
    """``2 checks, 1 source``; ``none`` for an opinion without any."""
    found = len([f for f in findings if f.kind != evidence.SOURCE])
    read = len(findings) - found
    parts = [f"{n} {word}{'s' * (n != 1)}" for n, word in ((found, "check"), (read, "source")) if n]
    return ", ".join(parts) or "none, it is an opinion"


def evidence_list(claim: Claim, docname: str) -> nodes.bullet_list:
    """The evidence as a list, its links made for page ``docname``."""
    items = nodes.bullet_list()
    for finding in claim.findings:
        told = _of_source(finding) if finding.source else _of_check(finding, docname)
        items += nodes.list_item("", nodes.paragraph("", "", *told))
    return items


def _of_source(finding: Finding) -> list[Node]:
    source = finding.source
    assert source is not None
    link = nodes.reference("", str(source.title), refuri=str(source.address), internal=False)
    dated = f", of {source.dated}" if source.dated else ""
    return [link, nodes.Text(f" ({source.publisher}{dated}; read {source.read}): {source.fact}")]


def _of_check(finding: Finding, docname: str) -> list[Node]:
    values = ", ".join(f"{key} = {_shown(value)}" for key, value in finding.found.items())
    if finding.kind == evidence.MEASUREMENT:
        content = nodes.inline("", finding.title)
        name = finding.name.partition("/")[2]
        link = to_place(docname, f"measurements#measurement-{name}", content)
        told = f" holds: {values} (recorded {finding.day})"
    else:
        link = to_page(docname, f"gallery/{finding.name}", finding.title)
        run = f"ran {finding.day[:10]}" if finding.day else ""
        told = f" holds: {values} ({run})" if finding.holds else f": not checked, {finding.reason}"
    return [link, nodes.Text(": "), nodes.literal("", finding.check), nodes.Text(told)]


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


class ClaimRole(CheckedRole):
    """The role: resolved when all pages have been read."""

    def node(self) -> Node:
        form = re.fullmatch(r"(?:(.*?)\s*<([\w-]+)>|([\w-]+))", self.text.strip(), re.DOTALL)
        if form is None:
            raise ValueError(f"{self.text!r} is neither an id nor of the form words <id>")
        name = form[2] or form[3]
        claims_of(self.env).note_reader(name)
        mark = claim_mark("", form[1] or "", claim=name)
        self.set_source_info(mark)
        return mark


class ShowMarks(SphinxPostTransform):
    """Put words and verdict where a sentence names a claim."""

    default_priority = 5  # before Sphinx resolves links

    def run(self, **kwargs: Any) -> None:
        domain, docname = claims_of(self.env), self.env.current_document.docname
        for mark in list(self.document.findall(claim_mark)):
            claim = domain.get(mark["claim"])
            text = mark.astext()
            if claim is None:
                near = evidence.like(mark["claim"], domain.data["claims"])
                logger.warning(
                    "there is no claim %r%s", mark["claim"], near,
                    location=mark, type="claim", subtype="unknown",
                )  # fmt: skip
                mark.replace_self(nodes.Text(text or mark["claim"]))
                continue
            said = [nodes.inline("", text)] if text else words(claim)
            content = nodes.inline("", "", *said, nodes.Text(" "), tag(claim.verdict))
            target = f"{LEDGER}#{place(claim)}"
            mark.replace_self(to_place(docname, target, content))


def read_original(app: Sphinx) -> None:
    """The statements that claims are about, for this build."""
    if app.config.claims_original:
        path = Path(app.srcdir, app.config.claims_original)
        claims_of(app.env).original = original.read(path)


def judge_all(app: Sphinx, env: BuildEnvironment) -> None:
    """Warn of each statement of the original that no claim judges."""
    domain = claims_of(env)
    judged = {claim.number for claim in domain.claims}
    for number, statement in enumerate(domain.original):
        if number not in judged:
            logger.warning(
                "no claim judges %r in %r", statement.words, statement.place,
                location=f"{app.srcdir / app.config.claims_original}:{statement.line}",
                type="claim", subtype="missing",
            )  # fmt: skip


def tell_not_checked(app: Sphinx, exception: Exception | None) -> None:
    """A line for what could not be checked in this build."""
    left = [claim for claim in claims_of(app.env).claims if claim.not_checked]
    if exception is None and left and app.builder.format == "html":
        reasons = sorted({reason for claim in left for reason in claim.not_checked})
        print(
            f"WARNING: {len(left)} of {len(claims_of(app.env).claims)} claims were not checked "
            f"({'; '.join(reasons)}): {', '.join(claim.id for claim in left)}",
            flush=True,
        )


def pages_to_write_again(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """The pages that show verdicts of other pages, when one of those changed."""
    return claims_of(env).outdated_readers()


def visit_fold(self: HTML5Translator, node: fold) -> None:
    self.body.append(self.starttag(node, "details", "\n"))


def depart_fold(self: HTML5Translator, node: fold) -> None:
    self.body.append("</details>\n")


def visit_fold_summary(self: HTML5Translator, node: fold_summary) -> None:
    self.body.append(self.starttag(node, "summary", ""))


def depart_fold_summary(self: HTML5Translator, node: fold_summary) -> None:
    self.body.append("</summary>\n")


def setup(app: Sphinx) -> ExtensionMetadata:
    app.setup_extension("site_ext.claims.evidence")
    app.add_config_value("claims_original", "", "env", str, "the article judged, from docs/")
    app.add_domain(ClaimsDomain)
    app.add_node(fold, html=(visit_fold, depart_fold))
    app.add_node(fold_summary, html=(visit_fold_summary, depart_fold_summary))
    app.add_node(claim_mark)
    app.add_directive("claim", ClaimDirective)
    app.add_role("claim", ClaimRole())
    app.add_post_transform(ShowMarks)
    app.connect("builder-inited", read_original)
    app.connect("env-check-consistency", judge_all)
    app.connect("env-updated", pages_to_write_again)
    app.connect("build-finished", tell_not_checked, priority=800)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
