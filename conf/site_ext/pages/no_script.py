"""The theme's colours until a script has set the theme, and for readers without JavaScript.

pydata-sphinx-theme sets ``data-theme`` to light or dark by a script; without it the attribute stays
``auto``, for which no colour is defined. Every rule of the built stylesheets that is for one of
the two is written once more, for ``auto`` where the reader's system asks for that one.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

STYLES = ("styles/pydata-sphinx-theme.css", "pygments.css", "palette.css", "site.css")
TARGET = "no-script.css"
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def for_auto(css: str) -> str:
    """The rules of both themes, each within its media query."""
    found: dict[str, list[str]] = {"light": [], "dark": []}
    for selectors, body in _RULE.findall(_COMMENT.sub("", css)):
        for theme, rules in found.items():
            named = re.compile(rf"\[data-theme=\"?{theme}\"?\]")
            own = [one for one in apart(selectors) if named.search(one)]
            if own:
                turned = ",".join(named.sub('[data-theme="auto"]', one) for one in own)
                rules.append(f"{turned}{{{body}}}")
    return "\n".join(
        f"@media (prefers-color-scheme: {theme}) {{\n{chr(10).join(rules)}\n}}"
        for theme, rules in found.items()
    )


def apart(selectors: str) -> list[str]:
    """Selectors between commas, less those commas that stand within parentheses."""
    return [one.strip() for one in re.split(r",(?![^(]*\))", selectors)]


def write(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None or app.builder.name != "html":
        return
    static = Path(app.outdir) / "_static"
    found = [static / name for name in STYLES if (static / name).exists()]
    if found:
        css = "\n".join(path.read_text(encoding="utf-8") for path in found)
        (static / TARGET).write_text(for_auto(css), encoding="utf-8")


def setup(app: Sphinx) -> ExtensionMetadata:
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
