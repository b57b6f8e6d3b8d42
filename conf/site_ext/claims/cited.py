"""The role ``{source}``: a link to a source, which says on hovering whose it is and how old.

::

    {source}`moved to the Linux Foundation <pytorch-foundation>`

links the words to the address that ``docs/sources.toml`` has under ``pytorch-foundation``.
A key that is not there, or a source that lacks what makes it one, is an error of the
build; a source that no page leans on is a warning.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.util import logging

from site_ext.base.roles import CheckedRole
from site_ext.claims.evidence import EvidenceError, evidence_of, read_source
from site_ext.claims.measured import quoted_value
from site_ext.claims.sources import FILE

if TYPE_CHECKING:
    from docutils.nodes import Node
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.util.typing import ExtensionMetadata

logger = logging.getLogger(__name__)


class SourceRole(CheckedRole):
    """``{source}`` itself."""

    def node(self) -> Node:
        form = re.fullmatch(r"(.+?)\s*<([\w-]+)>", self.text.strip(), re.DOTALL)
        if form is None:
            raise EvidenceError(f"{self.text!r} is not of the form words <key>")
        source = read_source(self.env, form[2])
        dated = f", {source.dated}" if source.dated else ""
        origin = f"{source.title}. {source.publisher}{dated}. Read {source.read}."
        words = quoted_value("", form[1], origin=origin, classes=["cited"])
        return nodes.reference("", "", words, refuri=str(source.address), internal=False)


def tell_unused(app: Sphinx, env: BuildEnvironment) -> None:
    """Warn of sources that nothing leans on: nobody would see them go stale."""
    domain = evidence_of(env)
    used = domain.sources_used() | {m.source for m in domain.measurements.values()}
    path = app.srcdir / FILE
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    for key in sorted(set(domain.sources) - used):
        logger.warning(
            "source %r is cited by no page; cite it or delete it", key,
            location=f"{path}:{text.partition(f'[{key}]')[0].count(chr(10)) + 1}", type="source", subtype="unused",
        )  # fmt: skip


def setup(app: Sphinx) -> ExtensionMetadata:
    app.setup_extension("site_ext.claims.evidence")
    app.setup_extension("site_ext.claims.measured")
    app.add_role("source", SourceRole())
    app.connect("env-check-consistency", tell_unused)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
