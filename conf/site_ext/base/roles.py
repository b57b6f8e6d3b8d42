"""What the site's roles have in common: a mistake is an error of the build, with its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sphinx.util.docutils import ReferenceRole

if TYPE_CHECKING:
    from docutils.nodes import Node, system_message


class CheckedRole(ReferenceRole):
    """A role that is one node, or an error where :meth:`node` raises :exc:`ValueError`."""

    def node(self) -> Node:
        """The node that stands for ``self.title`` and ``self.target``."""
        raise NotImplementedError

    def run(self) -> tuple[list[Node], list[system_message]]:
        try:
            return [self.node()], []
        except ValueError as error:
            message = self.inliner.reporter.error(f"{self.name}: {error}", line=self.lineno)
            return [self.inliner.problematic(self.rawtext, self.rawtext, message)], [message]
