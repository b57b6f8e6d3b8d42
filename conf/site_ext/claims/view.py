"""How a claim looks: its note on its page, and the parts of it that the ledger shows, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docutils import nodes
from sphinx import addnodes
from sphinx.util import docname_join

from site_ext.base import links, values
from site_ext.base.nodes import folded as fold
from site_ext.base.nodes import plain_code
from site_ext.claims import original
from site_ext.claims.domain import claim_now, claim_text
from site_ext.claims.evidence import MEASUREMENT, SOURCE
from site_ext.gallery.domain import GALLERY

if TYPE_CHECKING:
    from docutils.nodes import Node
    from sphinx.environment import BuildEnvironment

    from site_ext.claims.domain import Claim
    from site_ext.claims.evidence import Finding

NOT_CHECKED = "Not checked in this build"
LEDGER = "ledger"


def note(claim: Claim, now: Node, *, folded: bool = False) -> Node:
    """The claim as its page shows it, around what is true now."""
    head = [*words(claim), nodes.Text(" "), tag(claim.verdict)]
    body: list[Node] = [*states(claim), now, _support(claim)]
    classes = ["claim", f"claim-{claim.verdict}"]
    if folded:
        return fold(head, body, name=claim.place, classes=classes)
    first = nodes.paragraph("", "", *head, classes=["claim-head"])
    return nodes.container("", first, *body, ids=[claim.place], classes=classes)


def words(claim: Claim) -> list[Node]:
    """The original's words; of a sample of code, that it is one; of ours, our sentence."""
    statement = claim.statement
    if statement.kind == original.OURS:
        return [nodes.inline("", statement.words, classes=["claim-words"])]
    if statement.kind == original.CODE:
        return [nodes.inline("", "The sample of code", classes=["claim-words"])]
    said = nodes.inline("", f"“{statement.plain}”", classes=["claim-words"])
    if statement.kind != original.CELL:
        return [said]
    where = f"{statement.row}, {statement.column.lower()}: "
    return [nodes.inline("", where, classes=["claim-where"]), said]


def tag(verdict: str) -> nodes.inline:
    """The verdict as a word in a frame."""
    return nodes.inline("", verdict, classes=["verdict", f"verdict-{verdict}"])


def states(claim: Claim) -> list[Node]:
    """What a reader must know of the claim's standing, if it isn't that all is well."""
    told = [f"{NOT_CHECKED}: {reason}." for reason in claim.not_checked]
    told += [f"Not supported in this build: {problem}." for problem in claim.problems]
    return [nodes.paragraph("", text, classes=["claim-state"]) for text in told]


def _support(claim: Claim) -> Node:
    """The evidence, folded, with a link to the ledger."""
    inside: list[Node] = [evidence_list(claim)] if claim.findings else []
    if claim.statement.kind == original.CODE:
        code = nodes.literal_block("", claim.statement.words, language="python")
        inside = [nodes.paragraph("", "As published:"), code, *inside]
    link = links.to(f"{LEDGER}#{claim.place}", "This statement in the ledger")
    inside.append(nodes.paragraph("", "", link))
    head = [nodes.Text(f"Evidence: {counted(claim.findings)}")]
    return fold(head, inside, classes=["claim-evidence"])


def counted(findings: list[Finding]) -> str:
    """``2 checks, 1 source``; ``none`` for an opinion without any."""
    found = len([f for f in findings if f.kind != SOURCE])
    read = len(findings) - found
    parts = [f"{n} {word}{'s' * (n != 1)}" for n, word in ((found, "check"), (read, "source")) if n]
    return ", ".join(parts) or "none, it is an opinion"


def evidence_list(claim: Claim) -> nodes.bullet_list:
    """The evidence as a list."""
    items = nodes.bullet_list()
    for finding in claim.findings:
        told = _of_source(finding) if finding.kind == SOURCE else _of_check(finding)
        # In HTML a line of a list, not a paragraph in it: the ledger has hundreds.
        items += nodes.list_item("", addnodes.compact_paragraph("", "", *told))
    return items


def _of_source(finding: Finding) -> list[Node]:
    source = finding.source
    if source is None:
        return [nodes.Text(finding.reason)]
    link = nodes.reference("", str(source.title), refuri=str(source.address), internal=False)
    dated = f", of {source.dated}" if source.dated else ""
    return [link, nodes.Text(f" ({source.publisher}{dated}; read {source.read}): {source.fact}")]


def _of_check(finding: Finding) -> list[Node]:
    if not finding.title:
        return [nodes.Text(finding.reason)]
    found = ", ".join(f"{key} = {values.short(value)}" for key, value in finding.found.items())
    day = (finding.day or "")[:10]
    if finding.kind == MEASUREMENT:
        target, when = (
            f"measurements#measurement-{finding.name.partition('/')[2]}",
            f"recorded {day}",
        )
    else:
        target, when = GALLERY + finding.name, f"ran {day}"
    told = {
        True: f" holds: {found} ({when})",
        False: f" does not hold: {found or finding.reason}",
        None: f": not checked, {finding.reason}",
    }[finding.holds]
    check = plain_code("", finding.check)
    return [links.to(target, finding.title), nodes.Text(": "), check, nodes.Text(told)]


def now_of(env: BuildEnvironment, claims: list[Claim]) -> dict[str, list[Node]]:
    """What is true now of each claim, by its id, as its page has it, fit for any other page."""
    found: dict[str, list[Node]] = {}
    for docname in sorted({claim.docname for claim in claims}):
        for node in env.get_doctree(docname).findall(claim_text):
            moved = node.deepcopy()
            _uproot(moved, docname)
            if isinstance(node, claim_now):
                found[node["claim"].id] = moved.children
            else:
                found[node["claim"].id] = [nodes.paragraph("", "", *moved.children)]
    return found


def _uproot(content: nodes.Element, docname: str) -> None:
    """Have links in content from page ``docname`` lead on from any page."""
    for link in list(content.findall(addnodes.pending_xref)):
        if link["reftype"] == "doc" and not link["reftarget"].startswith("/"):
            link["reftarget"] = "/" + docname_join(docname, link["reftarget"])
        link.attributes.pop("refdoc", None)
    for reference in list(content.findall(nodes.reference)):
        if place := reference.attributes.get("refid"):
            reference.replace_self(
                links.page_link("", "", *reference.children, target=f"{docname}#{place}")
            )
