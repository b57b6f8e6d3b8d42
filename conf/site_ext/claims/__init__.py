"""Statements, their evidence, what is quoted, and the charts drawn from records."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata


def setup(app: Sphinx) -> ExtensionMetadata:
    for name in (
        "domain",
        "directive",
        "roles",
        "ours",
        "ledger",
        "recorded",
        "reproductions",
        "charts",
        "matrix",
        "hours",
    ):
        app.setup_extension(f"{__name__}.{name}")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
