"""The navigation at the side of pages: whole, and with names that a screen reader can say.

pydata-sphinx-theme 0.24 folds the sections of its side navigation with ``<details>``, whose
``<summary>`` holds an icon only. Each gets the name of its section. And since every page lists the
others at its side, all are written again where one came, went or has another title, which Sphinx
does not see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bs4 import BeautifulSoup

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.util.typing import ExtensionMetadata

#: Where the environment keeps the pages' titles from build to build.
LISTED = "site_navigation"


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


def pages_beside(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """All pages, if what is listed at their side is not what it was."""
    listed = sorted((name, title.astext()) for name, title in env.titles.items())
    before = getattr(env, LISTED, listed)
    setattr(env, LISTED, listed)
    return sorted(env.found_docs) if before != listed else []


def setup(app: Sphinx) -> ExtensionMetadata:
    app.connect("env-updated", pages_beside)
    # After the theme, which adds its function at the usual priority.
    app.connect("html-page-context", wrap_toctree, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
