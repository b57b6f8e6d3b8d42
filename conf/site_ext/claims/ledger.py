"""The ledger: every statement of the original, in its order, with verdict and evidence, and ours.

The directive ``{ledger}`` is the table of the original's, below buttons that leave only the rows
of one verdict or one framework (by style sheet alone: ``:has()``); without styles it is a plain
table. ``{ledger} ours`` is the table of our own statements, page by page.
``data/claims.json`` has the same as data.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective, new_document
from sphinx.util.logging import suppress_logging

from site_ext.base import links
from site_ext.base.files import write_json
from site_ext.base.frameworks import TITLES
from site_ext.base.nodes import folded, table
from site_ext.base.state import publishes
from site_ext.claims import original, view
from site_ext.claims.domain import ORIGINAL, VERDICTS, claims_of
from site_ext.claims.original import OURS
from site_ext.claims.roles import ALL, count

if TYPE_CHECKING:
    from docutils.nodes import Node
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

    from site_ext.claims.domain import Claim

COLUMNS = {"The original said": 22, "Verdict": 10, "What is true now": 38, "Evidence": 30}
OUR_COLUMNS = {"We say": 45, "Evidence": 55}

#: More than a screen of them.
FIRST_ROWS = 8

#: What ledger.js searches with; without scripts it is not shown.
WORDS = (
    '<p class="ledger-search pst-js-only"><label for="ledger-words">Words: </label>'
    '<input type="search" id="ledger-words" autocomplete="off">'
    '<output for="ledger-words"></output></p>'
)


class ledger_table(nodes.container):
    """Stands for the table until all claims are known."""


class LedgerDirective(SphinxDirective):
    """``{ledger}``, of the original's claims or, with the argument ``ours``, of ours."""

    optional_arguments = 1

    def run(self) -> list[Node]:
        kind = self.arguments[0] if self.arguments else ORIGINAL
        if kind not in (ORIGINAL, OURS):
            raise self.error(f"ledger: {kind!r} is neither {ORIGINAL} nor {OURS}")
        claims_of(self.env).note_reader()
        return [ledger_table("", kind=kind)]


class ShowTable(SphinxPostTransform):
    """Put the table where it belongs."""

    default_priority = 4  # before marks, of which claims may hold some
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        for stand_in in list(self.document.findall(ledger_table)):
            known = _of_kind(claims_of(self.env).claims, stand_in["kind"])
            now = view.now_of(self.env, known)
            ours = stand_in["kind"] == OURS
            columns, row = (OUR_COLUMNS, _our_row) if ours else (COLUMNS, _row)
            rows = [row(claim, now.get(claim.id, [])) for claim in known]
            classes = ["ledger-of-ours" if ours else "ledger"]
            made = table(list(columns), rows, widths=list(columns.values()), classes=classes)
            if ours:
                stand_in.replace_self(made)
            else:
                _part(made)
                filters = nodes.raw("", _filters(known), format="html")
                stand_in.replace_self([filters, made])


class ShowList(SphinxPostTransform):
    """Where the medium is narrower than the table, a list of the same."""

    default_priority = 5

    def run(self, **kwargs: Any) -> None:
        for stand_in in list(self.document.findall(ledger_table)):
            known = _of_kind(claims_of(self.env).claims, stand_in["kind"])
            now = view.now_of(self.env, known)
            items = [_item(claim, now.get(claim.id, [])) for claim in known]
            stand_in.replace_self(nodes.definition_list("", *items))


def _part(made: nodes.container) -> None:
    """Give the rows that no phone shows at first a body of their own, which it draws when asked."""
    body = next(iter(made.findall(nodes.tbody)))  # there are tables in its cells, too
    first, rest = body.children[:FIRST_ROWS], body.children[FIRST_ROWS:]
    body.children = first
    if rest and body.parent:
        body.parent.append(nodes.tbody("", *rest))


def _of_kind(known: list[Claim], kind: str) -> list[Claim]:
    return [claim for claim in known if claim.kind == kind]


def _item(claim: Claim, now: list[Node]) -> nodes.definition_list_item:
    ours = claim.kind == OURS
    head = [*view.words(claim), *([] if ours else [nodes.Text(" "), view.tag(claim.verdict)])]
    support: list[Node] = [view.evidence_list(claim)] if claim.findings else []
    return nodes.definition_list_item(
        "",
        nodes.term("", "", *head, ids=[claim.place]),
        nodes.definition("", *view.states(claim), *([] if ours else now), *support),
    )


def _row(claim: Claim, now: list[Node]) -> nodes.row:
    about = [f"about-{title.lower()}" for title in claim.frameworks]
    where = nodes.paragraph("", claim.statement.place, classes=["ledger-section"])
    said: list[Node] = [nodes.paragraph("", "", *view.words(claim)), where]
    if claim.statement.kind == original.CODE:
        code = nodes.literal_block("", claim.statement.words, language="python")
        said.append(folded([nodes.Text("As published")], [code]))
    link = links.to(f"{claim.docname}#{claim.place}", "In the article")
    support: list[Node] = [view.evidence_list(claim)] if claim.findings else []
    told = nodes.container("", *now, classes=["claim-now"])
    cells: list[list[Node]] = [
        said,
        [nodes.paragraph("", "", view.tag(claim.verdict))],
        [*view.states(claim), told, nodes.paragraph("", "", link)],
        support or [nodes.paragraph("", view.counted([]).capitalize())],
    ]
    entries = [nodes.entry("", *cell) for cell in cells]
    return nodes.row("", *entries, ids=[claim.place], classes=[f"is-{claim.verdict}", *about])


def _our_row(claim: Claim, now: list[Node]) -> nodes.row:
    link = links.to(f"{claim.docname}#{claim.place}", claim.statement.place)
    where = nodes.paragraph("", "", link, classes=["ledger-section"])
    cells: list[list[Node]] = [
        [*view.states(claim), nodes.container("", *now, classes=["claim-now"]), where],
        [view.evidence_list(claim)],
    ]
    entries = [nodes.entry("", *cell) for cell in cells]
    return nodes.row("", *entries, ids=[claim.place], classes=["is-ours"])


def _filters(known: list[Claim]) -> str:
    """A field for words, of ledger.js, and radio buttons, which work without a script; each with
    how many rows it leaves."""
    counts = count(known)
    verdicts = [(ALL, "All", counts[ALL])]
    verdicts += [(verdict, verdict.capitalize(), counts[verdict]) for verdict in VERDICTS]
    three = [title for module, title in TITLES.items() if module != "jax"]
    about = [(ALL, "All", counts[ALL])]
    about += [(t.lower(), t, len([c for c in known if t in c.frameworks])) for t in three]
    groups = (("verdict", "Verdict", verdicts), ("about", "About", about))
    return f'{WORDS}<div class="ledger-filters">{"".join(_group(*group) for group in groups)}</div>'


def _group(name: str, legend: str, choices: list[tuple[str, str, int]]) -> str:
    buttons = "".join(
        f'<label><input type="radio" name="ledger-{name}" id="ledger-{name}-{value}"'
        f"{' checked' if value == ALL else ''}> {html.escape(text)} ({number})</label> "
        for value, text, number in choices
    )
    return f"<fieldset><legend>{legend}</legend>{buttons}</fieldset>"


def account(claim: Claim, now: str, page: str) -> dict[str, Any]:
    """One claim as ``claims.json`` tells of it; ``page`` is the address of its page."""
    return {
        "id": claim.id,
        "kind": claim.kind,
        "statement": now if claim.kind == OURS else claim.statement.words,
        "section": claim.statement.place,
        "frameworks": claim.frameworks,
        "verdict": claim.verdict,
        "now": now,
        "evidence": [finding.account() for finding in claim.findings],
        "not_checked": claim.not_checked,
        "problems": claim.problems,
        "checked_at": claim.checked_at,
        "page": f"{page}#{claim.place}",
    }


def plain(app: Sphinx, known: list[Claim]) -> dict[str, str]:
    """What is true now of each claim as a line of text, in the words of its page."""
    now = view.now_of(app.env, known)
    document = new_document("claims.json")
    document.settings.env = app.env
    document.extend(nodes.container("", *content, claim=name) for name, content in now.items())
    with suppress_logging():  # the pages have said it
        app.env.apply_post_transforms(document, app.config.root_doc)
    return {
        content["claim"]: " ".join(_lines(content))
        for content in document.children
        if isinstance(content, nodes.Element)
    }


def _lines(content: nodes.Element) -> list[str]:
    blocks = content.findall(lambda node: isinstance(node, (nodes.paragraph, nodes.literal_block)))
    return [block.astext().replace("\n", " ") for block in blocks]


def write_data(app: Sphinx, exception: Exception | None) -> None:
    """Write ``data/claims.json``, for an HTML build that came to its end."""
    path, domain = app.outdir / "data" / "claims.json", claims_of(app.env)
    known = domain.claims
    if publishes(app, exception) and not known:
        path.unlink(missing_ok=True)
    elif publishes(app, exception) and (domain.any_read or not path.exists()):
        now, address = plain(app, known), app.builder.get_target_uri
        told = [account(claim, now.get(claim.id, ""), address(claim.docname)) for claim in known]
        write_json(path, told)


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_node(ledger_table)
    app.add_directive("ledger", LedgerDirective)
    app.add_post_transform(ShowTable)
    app.add_post_transform(ShowList)
    app.connect("build-finished", write_data, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
