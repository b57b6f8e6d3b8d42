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

A claim that its evidence doesn't support is a warning that names page, line, claim and what
was found, so that the build fails (``-W``); on the page the note says so, too. What can't be
checked here, because a framework is not installed, is said and fails nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

from site_ext.claims import original, view
from site_ext.claims.domain import VERDICTS, Claim, claim_now, claims_of
from site_ext.claims.evidence import FORMS, examine

if TYPE_CHECKING:
    from docutils.nodes import Node
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata, OptionSpec

    from site_ext.claims.evidence import Finding
    from site_ext.claims.original import Statement


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
        try:
            number, statement = self._statement()
        except ValueError as error:
            raise self.error(f"claim {name}: {error}") from None
        docname, findings = self.env.current_document.docname, self._findings()
        claim = Claim(name, statement, number, verdict, findings, docname, self.lineno)
        if not findings and verdict != "opinion":
            claim.flaws.append(f"is judged {verdict!r} without evidence; give some ({FORMS})")
        now = claim_now("", *self.parse_content_to_nodes(), claim=claim, classes=["claim-now"])
        return [view.note(claim, now, folded="folded" in self.options)]

    def _findings(self) -> list[Finding]:
        lines = self.options.get("evidence", "").splitlines()
        return [examine(self.env, line) for line in lines if line.strip()]

    def _statement(self) -> tuple[int, Statement]:
        """``(its number, the original's statement)``; raises :exc:`ValueError` if it has none."""
        domain = claims_of(self.env)
        place, words = self.options["section"].strip(), self.options.get("words", "").strip()
        if domain.original_path is None:
            return 0, original.Statement(words, place, self.lineno)
        # A statement's number changes when others are put before it.
        self.env.note_dependency(domain.original_path)
        return original.find(domain.original, place, words)


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_directive("claim", ClaimDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
