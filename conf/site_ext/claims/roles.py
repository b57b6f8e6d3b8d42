"""The roles that quote values and sources, name claims and count them.

::

    {measured}`pytorch/train_mlp.train_seconds:.1f s`
    {measured}`measurements/resnet.minutes_pytorch / minutes_tensorflow - 1:.1%`

reads ``measured["train_seconds"]`` from the record of ``gallery/pytorch/train_mlp.py``, or values
of ``docs/measurements/resnet.json`` (:mod:`site_ext.claims.quoting`), and links to the page that
shows where it comes from; hovering or focusing says so in a line. A value that this build could
not measure, because a framework is not installed, reads "not measured in this build".

::

    {source}`moved to the Linux Foundation <pytorch-foundation>`

links the words to the address that ``docs/sources.toml`` has under ``pytorch-foundation``.

::

    {claim}`runs on Theano <keras-backends>`
    {verdicts}`false`
    {verdict}`false`

names a claim inside a sentence, from any page, with the verdict behind it (without words of
one's own, by the original's), and counts the original's claims: those of a verdict, or ``all``;
``ours`` counts our own, which the first role makes where evidence stands in it
(:mod:`site_ext.claims.ours`). The last is a verdict as the ledger shows it.

What does not exist is an error of the build, or a warning where only all pages together tell.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

from site_ext.base import links
from site_ext.base.nodes import quoted
from site_ext.base.roles import CheckedRole
from site_ext.claims import ours, quoting, view
from site_ext.claims.domain import ORIGINAL, VERDICTS, claims_of
from site_ext.claims.evidence import like, read_source
from site_ext.claims.measurements import FOLDER
from site_ext.claims.original import OURS
from site_ext.gallery.domain import GALLERY

if TYPE_CHECKING:
    from docutils.nodes import Node
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

    from site_ext.claims.domain import Claim

logger = logging.getLogger(__name__)

ALL = "all"


class claim_mark(nodes.inline):
    """Stands for a claim named in a sentence until all verdicts are known."""


class verdict_count(nodes.inline):
    """Stands for a number of claims until all are known."""


class MeasuredRole(CheckedRole):
    """``{measured}``."""

    def node(self) -> Node:
        name, wanted, spec = quoting.parse(self.text)
        found = quoting.look_up(self.env, name, wanted, spec)
        classes = ["measured"] if found.text is not None else ["measured", "not-measured"]
        text = found.text if found.text is not None else quoting.NOT_MEASURED
        target = GALLERY + name
        if name.startswith(FOLDER):
            target = f"measurements#measurement-{name.removeprefix(FOLDER)}"
        return links.to(target, quoted("", text, origin=found.origin, classes=classes))


class SourceRole(CheckedRole):
    """``{source}``."""

    def node(self) -> Node:
        if not self.has_explicit_title:
            raise ValueError(f"{self.text!r} is not of the form words <key>")
        source = read_source(self.env, self.target)
        dated = f", {source.dated}" if source.dated else ""
        origin = f"{source.title}. {source.publisher}{dated}. Read {source.read}."
        words = quoted("", self.title, origin=origin, classes=["cited"])
        return nodes.reference("", "", words, refuri=str(source.address), internal=False)


class ClaimRole(CheckedRole):
    """``{claim}``: resolved when all pages have been read, or a claim of ours."""

    def node(self) -> Node:
        if ";" in self.text:
            return ours.mark(self.env, self.text, self.lineno)
        if not re.fullmatch(r"[\w-]+", self.target):
            raise ValueError(f"{self.text!r} is neither an id nor of the form words <id>")
        claims_of(self.env).note_reader()
        text = self.title if self.has_explicit_title else ""
        mark = claim_mark("", text, claim=self.target)
        self.set_source_info(mark)
        return mark


class VerdictsRole(CheckedRole):
    """``{verdicts}``: how many claims have a verdict, or how many there are."""

    def node(self) -> Node:
        if self.text not in (known := (*VERDICTS, ALL, OURS)):
            raise ValueError(f"{self.text!r} is none of {', '.join(known)}")
        claims_of(self.env).note_reader()
        return verdict_count(verdict=self.text)


class VerdictRole(CheckedRole):
    """``{verdict}``: a verdict in its frame."""

    def node(self) -> Node:
        if self.text not in VERDICTS:
            raise ValueError(f"{self.text!r} is none of {', '.join(VERDICTS)}")
        return view.tag(self.text)


def count(known: list[Claim]) -> dict[str, int]:
    """How many of the original's have each verdict, how many there are in all, and of ours."""
    theirs = [claim for claim in known if claim.kind == ORIGINAL]
    counts = {verdict: len([c for c in theirs if c.verdict == verdict]) for verdict in VERDICTS}
    return counts | {ALL: len(theirs), OURS: len(known) - len(theirs)}


class ShowMarks(SphinxPostTransform):
    """Put words, verdicts and numbers where sentences name and count claims."""

    default_priority = 6  # after the ledger, which may hold some

    def run(self, **kwargs: Any) -> None:
        domain = claims_of(self.env)
        numbers = list(self.document.findall(verdict_count))
        counts = count(domain.claims) if numbers else {}
        for number in numbers:
            number.replace_self(nodes.Text(str(counts[number["verdict"]])))
        marks = list(self.document.findall(claim_mark))
        known = domain.by_id if marks else {}
        for mark in marks:
            claim, text = known.get(mark["claim"]), mark.astext()
            if claim is None:
                logger.warning(
                    "there is no claim %r%s", mark["claim"], like(mark["claim"], known),
                    location=mark, type="claim", subtype="unknown",
                )  # fmt: skip
                mark.replace_self(nodes.Text(text or mark["claim"]))
                continue
            said = [nodes.inline("", text)] if text else view.words(claim)
            content = nodes.inline("", "", *said, nodes.Text(" "), view.tag(claim.verdict))
            mark.replace_self(links.to(f"{view.LEDGER}#{claim.place}", content))


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_node(claim_mark)
    app.add_node(verdict_count)
    app.add_role("measured", MeasuredRole())
    app.add_role("source", SourceRole())
    app.add_role("claim", ClaimRole())
    app.add_role("verdicts", VerdictsRole())
    app.add_role("verdict", VerdictRole())
    app.add_post_transform(ShowMarks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
