"""What each page says about itself, and the names in its navigation."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata


def setup(app: Sphinx) -> ExtensionMetadata:
    for name in (
        "about", "byline", "banner", "cards", "folding", "guarded", "images", "light", "navigation",
        "no_script", "search_words",
    ):  # fmt: skip
        app.setup_extension(f"{__name__}.{name}")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
