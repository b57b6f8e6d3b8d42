"""What a page loads, and no more: scripts where they have something to do, styles that are used.

Extensions and the theme give every page all that they have. A page's own content says which of
the scripts it needs; and of the stylesheets, when all pages are written, the rules stay that some
page or script has a use for.
"""

from __future__ import annotations

from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from site_ext.pages import styles
from site_ext.pages.no_script import TARGET

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

#: Scripts that only pages with these words in them need; none does without words.
WANTED_BY = {
    "sg-tags.js": "",
    "design-tabs.js": "sd-tab-set",
    "sortable.js": 'class="sortable',
    "tables.js": 'class="sortable',
    "hours.js": 'class="hours"',
    "live.js": 'class="live"',
    "ledger.js": 'class="ledger',
    "columns.js": "side-by-side",
    "gallery.js": "gallery-filters",
    "choose.js": "chooser-result",
    "copybutton.js": "highlight",
    "clipboard.min.js": "highlight",
    "copybutton_funcs.js": "",
}
#: Scripts that change what a reader sees first, or without which a button does nothing. All others come
#: when a page is drawn, by docs/_static/late.js, and the theme's menus after them.
AT_ONCE = (
    "choose.js", "columns.js", "design-tabs.js", "gallery.js", "hours.js", "sortable.js", "tables.js",
)  # fmt: skip
OF_THE_THEME = ("_static/scripts/bootstrap.js", "_static/scripts/pydata-sphinx-theme.js")
#: Stylesheets of others, from ``_static``, of which is left what is used; and all, in their order, of
#: which one file is made, since each that a page waits for costs a reader far away the way there.
OTHERS = (
    "basic.css", "styles/pydata-sphinx-theme.css", "copybutton.css", "sg_gallery.css",
    "sphinx-design.min.css",
)  # fmt: skip
ALL = (*OTHERS, "pygments.css", "palette.css", "site.css", TARGET)
TOGETHER = "all.css"
#: The theme's library of widgets names the classes of many that no page has; and what it gives those
#: that some do.
WORDY = "bootstrap.js"
GIVEN = "collapse collapsing collapsed dropup fade hiding show showing active"
#: Files of others that no page asks for.
UNUSED = (
    "**/*.map", "**/fontawesome*", "vendor/fontawesome/**/*", "styles/theme.css", "sg-tags.js",
    "webpack-macros.html", "broken_example.png", "no_image.png", "*_badge_logo.svg", "file.png",
    "minus.png", "plus.png", "sg_gallery-*.css", "copybutton_funcs.js",
)  # fmt: skip


def choose(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Leave a page the files that it has a use for."""
    if app.builder.name != "html":
        return
    body = context.get("body", "")

    def wanted(file: object) -> bool:
        name = Path(_name(file)).name
        # Sphinx's page of a search needs all that search.html names, which is not listed here.
        return bool(name) and (name not in WANTED_BY or bool(_has(body, WANTED_BY[name])))

    files = [file for file in context.get("script_files", []) if wanted(file)]
    files.sort(key=lambda file: getattr(file, "priority", 500))  # as Sphinx does, but later
    later: list[Any] = []
    if pagename != "search":  # whose scripts wait for none
        later = [file for file in files if _waits(file)]
        files = [_deferred(file) for file in files if file not in later]
    context["late_scripts"] = [*map(_name, later), *OF_THE_THEME]
    context["script_files"] = files
    context["css_files"] = []  # layout.html has the one of which they are parts


def _name(file: object) -> str:
    """The file of a script, without what follows it in an address."""
    return str(getattr(file, "filename", file) or "").partition("?")[0]


def _waits(file: object) -> bool:
    """Whether a script can come when its page was drawn. One with attributes reads them from its
    element, or is a module."""
    asked = set(getattr(file, "attributes", None) or ()) - {"defer"}
    return Path(_name(file)).name not in AT_ONCE and not asked


def _deferred(file: Any) -> Any:
    """The same file, for a page that does not wait for it; all pages share what they are given."""
    attributes = getattr(file, "attributes", None)
    if not isinstance(attributes, dict) or attributes.get("type") == "module":
        return file
    mine = copy(file)
    object.__setattr__(mine, "attributes", {**attributes, "defer": ""})
    return mine


def _has(body: str, words: str) -> bool:
    return bool(words) and words in body


def lighten(app: Sphinx, exception: Exception | None) -> None:
    """Prune the stylesheets of others, and take away the files that nobody loads."""
    if exception is not None or app.builder.name != "html":
        return
    out = Path(app.outdir)
    static = out / "_static"
    for pattern in UNUSED:
        for path in static.glob(pattern):
            if path.is_file():
                path.unlink()
    pages, scripts = _texts(out)
    speak = [text for name, text in scripts.items() if name != WORDY]
    words = styles.used_words(pages, [*speak, GIVEN])
    for name in OTHERS:
        path = static / name
        if path.exists():
            text = path.read_text(encoding="utf-8")
            path.write_text(styles.pruned(text, words), encoding="utf-8")


def _texts(out: Path) -> tuple[list[str], dict[str, str]]:
    """All pages, and all scripts by their names."""
    pages = [path.read_text(encoding="utf-8") for path in out.rglob("*.html")]
    scripts = (out / "_static").rglob("*.js")
    return pages, {path.name: path.read_text(encoding="utf-8") for path in scripts}


def put_together(app: Sphinx, exception: Exception | None) -> None:
    """Make one stylesheet of all."""
    if exception is not None or app.builder.name != "html":
        return
    out = Path(app.outdir)
    static = out / "_static"
    found = [static / name for name in ALL if (static / name).exists()]
    css = "\n".join(path.read_text(encoding="utf-8") for path in found)
    pages, scripts = _texts(out)
    (static / TOGETHER).write_text(
        styles.trimmed(css, [*pages, *scripts.values()]), encoding="utf-8"
    )


def setup(app: Sphinx) -> ExtensionMetadata:
    # After all others have put theirs on a page.
    app.connect("html-page-context", choose, priority=950)
    # Before no_script.py takes the rules of the dark theme.
    app.connect("build-finished", lighten, priority=400)
    app.connect("build-finished", put_together, priority=600)  # after it
    return {"parallel_read_safe": True, "parallel_write_safe": True}
