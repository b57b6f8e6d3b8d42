"""Claims of our own: a sentence of a page with its evidence, marked where it ends.

::

    Keras takes the least code.{claim}`keras-least-code; article/as_written: tokens_keras < tokens_pytorch; source: keras-readme`

The role stands behind the sentence and has its id and, after semicolons, its evidence
(:mod:`site_ext.claims.evidence`). The sentence is what stands in the paragraph, the item or the
cell since the last sentence ended. It is judged at every build as the original's claims are,
and listed in the ledger beside them; on its page it only gets a small mark that leads there,
and that says on hovering or focus what it leans on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.transforms import SphinxTransform

from site_ext.base import links, values
from site_ext.base.nodes import quoted
from site_ext.claims.domain import Claim, claim_sentence
from site_ext.claims.evidence import FORMS, SOURCE, examine
from site_ext.claims.original import OURS, Statement

if TYPE_CHECKING:
    from typing import Any

    from docutils.nodes import Element, Node
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.util.typing import ExtensionMetadata
    from sphinx.writers.html5 import HTML5Translator

    from site_ext.claims.evidence import Finding

#: Between two sentences.
_BOUNDARY = re.compile(r"(?<=[.!?])[”\")]*\s+")
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MARKS = {True: "✓", None: "?", False: "✗"}
#: How site.css draws each, so that a screen reader hears a word instead of a sign.
DRAWN = {"✓": "ours-holds", "?": "ours-unknown", "✗": "ours-fails"}


class our_mark(nodes.inline):
    """Stands behind a sentence until that is found; has the ``claim``, without its words."""


class evidence_sign(quoted):
    """The sign of a mark, and in ``origin`` what it leans on."""


def mark(env: BuildEnvironment, text: str, line: int) -> our_mark:
    """The mark that the role's text asks for; raises :exc:`ValueError` if it is of another form."""
    name, *evidence = (" ".join(part.split()) for part in text.split(";"))
    evidence = [one for one in evidence if one]
    if not _ID.fullmatch(name):
        raise ValueError(f"the id {name!r} is not of the form keras-least-code")
    if not evidence:
        raise ValueError(f"{name} has no evidence; give some ({FORMS}), each after a semicolon")
    unknown = Statement("", "", line, OURS)  # until FindSentences has it
    findings = [examine(env, one) for one in evidence]
    docname = env.current_document.docname
    claim = Claim(name, unknown, -1, "holds", findings, docname, line)
    return our_mark("", "", claim=claim)


class FindSentences(SphinxTransform):
    """Put each sentence that has a mark into a node of its own, and the mark's link behind it."""

    default_priority = 840  # before the domains look at the page

    def apply(self, **kwargs: Any) -> None:
        for found in list(self.document.findall(our_mark)):
            claim: Claim = found["claim"]
            sentence = claim_sentence("", "", claim=claim, classes=["ours"], ids=[claim.place])
            for node in _before(found):
                del node.parent[_at(node)]
                sentence += node
            words = " ".join(sentence.astext().split())
            claim.statement = Statement(words, _place(found), claim.line, OURS)
            if not words:
                claim.flaws.append("stands behind no sentence; put it at the end of one")
            found.replace_self([sentence, _link(claim)])


def _before(found: our_mark) -> list[Node]:
    """The nodes of the sentence that ends at the mark; text is split where that begins."""
    parent = found.parent
    taken: list[Node] = []
    for node in reversed(parent.children[: parent.index(found)]):
        if isinstance(node, links.page_link) and "ours-link" in node["classes"]:
            break
        taken.append(node)
        if isinstance(node, nodes.Text):
            ends = [0, *(end.end() for end in _BOUNDARY.finditer(node.astext()))]
            if at := ends[-1]:
                taken[-1:] = _split(node, at)
                break
            if _ends_before(node):
                break
    if taken and isinstance(first := taken[-1], nodes.Text):
        text = first.astext()
        taken[-1:] = _split(first, len(text) - len(text.lstrip()))
    return taken[::-1]


def _ends_before(node: nodes.Text) -> bool:
    """Whether a sentence ended in bold or in a link before the text; what leads an item is no
    sentence of its own."""
    number, text = _at(node), node.astext()
    before = node.parent.children[number - 1] if number else None
    if before is None or not text[:1].isspace() or not before.astext().endswith((".", "!", "?")):
        return False
    leads = isinstance(before, nodes.strong) and not any(
        one.astext() for one in node.parent.children[: number - 1]
    )
    return not (leads and isinstance(node.parent.parent, nodes.list_item))


def _split(node: nodes.Text, at: int) -> list[Node]:
    """What is behind ``at``, in a node of its own, if there is anything."""
    left, right = node.astext()[:at], node.astext()[at:]
    parts: list[Node] = [nodes.Text(text) for text in (left, right) if text]
    parent, number = node.parent, _at(node)
    del parent[number]
    for part in reversed(parts):
        parent.insert(number, part)
    return parts[-1:] if right else []


def _at(node: Node) -> int:
    """Where a node stands; its parent's own methods take any text that is equal for it."""
    return next(n for n, one in enumerate(node.parent.children) if one is node)


def _place(node: Node) -> str:
    """The headings above a node, the page's first; in a table its row's as well."""
    titles: list[str] = []
    while node.parent is not None:
        node = node.parent
        if isinstance(node, (nodes.section, nodes.row)):  # a row is called by its first cell
            titles.append(" ".join(node[0].astext().split()))
    return " / ".join(titles[::-1])


def _link(claim: Claim) -> Element:
    holds = False if claim.problems else None if claim.not_checked else True
    origin = " · ".join(map(_told, claim.findings))
    shown = evidence_sign("", MARKS[holds], origin=origin, classes=["ours-mark"])
    link = links.to(f"ledger#{claim.place}", shown)
    link["classes"].append("ours-link")
    return link


def _told(finding: Finding) -> str:
    """A piece of evidence in a few words."""
    if finding.kind == SOURCE:
        source = finding.source
        return f"{source.title} ({source.dated or source.read})" if source else finding.reason
    found = ", ".join(f"{key} = {values.short(value)}" for key, value in finding.found.items())
    return f"{finding.name}: {found or finding.reason}"


def _visit_sign(self: HTML5Translator, node: evidence_sign) -> None:
    classes = " ".join([*node["classes"], DRAWN[node.astext()]])
    self.body.append(
        self.starttag(node, "span", "", CLASS=classes, **{"data-origin": node["origin"]})
    )
    self.body.append('<span class="visually-hidden">evidence</span></span>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_node(our_mark)
    app.add_node(evidence_sign, html=(_visit_sign, None))
    app.add_transform(FindSentences)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
