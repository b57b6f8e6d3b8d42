"""Give the theme's folding navigation names that a screen reader can say.

pydata-sphinx-theme 0.24 folds the sections of its side navigation with ``<details>``, whose
``<summary>`` holds an icon only. Each gets the name of its section.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bs4 import BeautifulSoup

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata


def name_summaries(soup: BeautifulSoup) -> BeautifulSoup:
    """Label each summary by the link that stands beside its details."""
    for summary in soup.find_all("summary"):
        item = summary.find_parent("li")
        link = item.find("a") if item else None
        if link is not None:
            summary["aria-label"] = f"Pages of {link.get_text(strip=True)}"
    return soup


def wrap_toctree(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Have what the theme's templates call return labelled navigation."""
    original = context.get("generate_toctree_html")
    if original is None:
        return

    def labelled(*arguments: Any, **options: Any) -> Any:
        made = original(*arguments, **options)
        return name_summaries(made) if isinstance(made, BeautifulSoup) else made

    context["generate_toctree_html"] = labelled


def setup(app: Sphinx) -> ExtensionMetadata:
    # After the theme, which adds its function at the usual priority.
    app.connect("html-page-context", wrap_toctree, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
