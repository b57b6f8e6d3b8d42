"""The ledger: every statement of the original, in its order, with verdict and evidence.

The directive ``{ledger}`` is the table, below buttons that leave only the rows of one verdict
or one framework (by style sheet alone: ``:has()``); without styles it is a plain table.
The role ``{verdicts}`` counts: ``{verdicts}`false``` claims are false, ``{verdicts}`all``` there
are. ``data/claims.json`` has the same as data.
"""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

from site_ext.base.frameworks import TITLES
from site_ext.base.links import to_place
from site_ext.base.roles import CheckedRole
from site_ext.claims import claims, original
from site_ext.claims.claims import VERDICTS, claims_of
from site_ext.run import records

if TYPE_CHECKING:
    from docutils.nodes import Node
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.util.typing import ExtensionMetadata

    from site_ext.claims.claims import Claim

COLUMNS = {"The original said": 22, "Verdict": 10, "What is true now": 38, "Evidence": 30}
ALL = "all"


class ledger_table(nodes.General, nodes.Element):
    """Stands for the table until all claims are known."""


class verdict_count(nodes.Inline, nodes.TextElement):
    """Stands for a number of claims until all are known."""


class LedgerDirective(SphinxDirective):
    """``{ledger}``, without argument, options or content."""

    def run(self) -> list[Node]:
        claims_of(self.env).note_reader(claims.ALL)
        return [ledger_table()]


class VerdictsRole(CheckedRole):
    """``{verdicts}``: how many claims have a verdict, or how many there are."""

    def node(self) -> Node:
        if self.text not in (*VERDICTS, ALL):
            raise ValueError(f"{self.text!r} is none of {', '.join((*VERDICTS, ALL))}")
        claims_of(self.env).note_reader(claims.COUNTS)
        return verdict_count(verdict=self.text)


def count(known: list[Claim]) -> dict[str, int]:
    """How many claims have each verdict, and how many there are in all."""
    counts = {verdict: len([c for c in known if c.verdict == verdict]) for verdict in VERDICTS}
    return counts | {ALL: len(known)}


class ShowLedger(SphinxPostTransform):
    """Put the table and the numbers where they belong."""

    default_priority = 5  # before Sphinx resolves links

    def run(self, **kwargs: Any) -> None:
        known, docname = claims_of(self.env).claims, self.env.current_document.docname
        counts = count(known)
        for number in list(self.document.findall(verdict_count)):
            number.replace_self(nodes.Text(str(counts[number["verdict"]])))
        for stand_in in list(self.document.findall(ledger_table)):
            stand_in.replace_self(
                [nodes.raw("", _filters(known), format="html"), table(known, docname)]
            )


def table(known: list[Claim], docname: str) -> Node:
    """The table of claims, its links made for page ``docname``."""
    group = nodes.tgroup(cols=len(COLUMNS))
    group.extend(nodes.colspec(colwidth=width) for width in COLUMNS.values())
    heads = [nodes.entry("", nodes.paragraph("", heading)) for heading in COLUMNS]
    group += nodes.thead("", nodes.row("", *heads))
    group += nodes.tbody("", *(_row(claim, docname) for claim in known))
    return nodes.container(
        "", nodes.table("", group, classes=["ledger", "colwidths-given"]), classes=["wide-table"]
    )


def _row(claim: Claim, docname: str) -> nodes.row:
    about = [f"about-{title.lower()}" for title in claim.frameworks]
    where = nodes.paragraph("", claim.statement.place, classes=["ledger-section"])
    said: list[Node] = [nodes.paragraph("", "", *claims.words(claim)), where]
    if claim.statement.kind == original.CODE:
        code = nodes.literal_block("", claim.statement.words, language="python")
        said.append(claims.fold("", claims.fold_summary("", "As published"), code))
    told = nodes.inline("", "In the article")
    link = to_place(docname, f"{claim.docname}#{claims.place(claim)}", told)
    support: list[Node] = [claims.evidence_list(claim, docname)] if claim.findings else []
    cells: list[list[Node]] = [
        said,
        [nodes.paragraph("", "", claims.tag(claim.verdict))],
        [*claims.states(claim), claim.now.deepcopy(), nodes.paragraph("", "", link)],
        support or [nodes.paragraph("", claims.counted([]).capitalize())],
    ]
    entries = [nodes.entry("", *cell) for cell in cells]
    return nodes.row(
        "", *entries, ids=[claims.place(claim)], classes=[f"is-{claim.verdict}", *about]
    )


def _filters(known: list[Claim]) -> str:
    """Radio buttons, which work without a script; each with how many rows it leaves."""
    counts = count(known)
    verdicts = [(ALL, "All", counts[ALL])]
    verdicts += [(verdict, verdict.capitalize(), counts[verdict]) for verdict in VERDICTS]
    three = [title for module, title in TITLES.items() if module != "jax"]
    about = [(ALL, "All", counts[ALL])]
    about += [(t.lower(), t, len([c for c in known if t in c.frameworks])) for t in three]
    groups = (("verdict", "Verdict", verdicts), ("about", "About", about))
    return f'<div class="ledger-filters">{"".join(_group(*group) for group in groups)}</div>'


def _group(name: str, legend: str, choices: list[tuple[str, str, int]]) -> str:
    buttons = "".join(
        f'<label><input type="radio" name="ledger-{name}" id="ledger-{name}-{value}"'
        f"{' checked' if value == ALL else ''}> {html.escape(text)} ({number})</label> "
        for value, text, number in choices
    )
    return f"<fieldset><legend>{legend}</legend>{buttons}</fieldset>"


def account(claim: Claim, env: BuildEnvironment) -> dict[str, Any]:
    """One claim as ``claims.json`` tells of it."""
    return {
        "id": claim.id,
        "statement": claim.statement.words,
        "section": claim.statement.place,
        "frameworks": claim.frameworks,
        "verdict": claim.verdict,
        "now": plain(claim.now, env),
        "evidence": [finding.account() for finding in claim.findings],
        "not_checked": claim.not_checked,
        "problems": claim.problems,
        "checked_at": claim.checked_at,
        "page": f"{claim.docname}.html#{claims.place(claim)}",
    }


def plain(content: nodes.Element, env: BuildEnvironment) -> str:
    """Nodes as a line of text, with pages named by their titles."""
    copy = content.deepcopy()
    for link in list(copy.findall(addnodes.pending_xref)):
        page = link["reftarget"].lstrip("/")
        if link["reftype"] == "doc" and not link["refexplicit"] and page in env.titles:
            link.replace_self(nodes.Text(env.titles[page].astext()))
    blocks = copy.findall(lambda node: isinstance(node, (nodes.paragraph, nodes.literal_block)))
    return " ".join(block.astext().replace("\n", " ") for block in blocks)


def write_data(app: Sphinx, exception: Exception | None) -> None:
    """Write ``data/claims.json``, for an HTML build that came to its end."""
    known = claims_of(app.env).claims
    if exception is None and app.builder.format == "html" and known:
        told = [account(claim, app.env) for claim in known]
        text = json.dumps(told, indent=1, ensure_ascii=False)
        records.write_whole(app.outdir / "data" / "claims.json", text + "\n")


def setup(app: Sphinx) -> ExtensionMetadata:
    app.setup_extension("site_ext.claims.claims")
    app.add_node(ledger_table)
    app.add_node(verdict_count)
    app.add_directive("ledger", LedgerDirective)
    app.add_role("verdicts", VerdictsRole())
    app.add_post_transform(ShowLedger)
    app.connect("build-finished", write_data, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
