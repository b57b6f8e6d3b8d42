"""What a page loads, and no more: scripts where they have something to do, styles that are used.

Extensions and the theme give every page all that they have. A page's own content says which of
the scripts it needs; and of the stylesheets, when all pages are written, the rules stay that some
page or script has a use for.
"""

from __future__ import annotations

import re
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tinycss2

from site_ext.pages.no_script import TARGET, apart

if TYPE_CHECKING:
    from collections.abc import Iterable

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
#: What comes when a page is drawn, by docs/_static/late.js: buttons that copy, where there are some; and
#: the theme's menus.
LATE = ("clipboard.min.js", "copybutton.js")
OF_THE_THEME = ("scripts/bootstrap.js", "scripts/pydata-sphinx-theme.js")
#: Stylesheets of others, from ``_static``, of which is left what is used; and all, in their order, of
#: which one file is made, since each that a page waits for costs a reader far away the way there.
OTHERS = (
    "basic.css", "styles/pydata-sphinx-theme.css", "copybutton.css", "sg_gallery.css",
    "sphinx-design.min.css",
)  # fmt: skip
ALL = (*OTHERS, "pygments.css", "palette.css", "site.css", TARGET)
TOGETHER = "all.css"
#: Files of others that no page asks for.
UNUSED = (
    "**/*.map", "**/fontawesome*", "vendor/fontawesome/**/*", "styles/theme.css", "sg-tags.js",
    "webpack-macros.html", "broken_example.png", "no_image.png", "*_badge_logo.svg", "file.png",
    "minus.png", "plus.png", "sg_gallery-*.css", "copybutton_funcs.js",
)  # fmt: skip
_CLASS = re.compile(r"\.((?:[\w-]|\\.)+)")
_ID = re.compile(r"#((?:[\w-]|\\.)+)")
_NOT = re.compile(r":not\([^()]*(\([^()]*\)[^()]*)*\)")
_NAMES = re.compile(r'\b(?:class|id)="([^"]*)"')
_WORD = re.compile(r"[A-Za-z_][\w-]*")
_ICON = re.compile(r"\.fa([srb]?$|-|[srb]?[:. ])")


def choose(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Leave a page the files that it has a use for."""
    if app.builder.name != "html":
        return
    body = context.get("body", "")

    def wanted(file: object) -> bool:
        name = str(getattr(file, "filename", file) or "").rpartition("/")[2].partition("?")[0]
        # Sphinx's page of a search needs all that search.html names, which is not listed here.
        return bool(name) and (name not in WANTED_BY or bool(_has(body, WANTED_BY[name])))

    files = [file for file in context.get("script_files", []) if wanted(file)]
    later = [
        name for name in LATE if pagename != "search" and any(_is(name, file) for file in files)
    ]
    files = [file for file in files if not any(_is(name, file) for name in later)]
    context["late_scripts"] = [f"_static/{name}" for name in (*later, *OF_THE_THEME)]
    # The page is drawn before its scripts come; those of the search wait for none.
    context["script_files"] = files if pagename == "search" else [_deferred(file) for file in files]
    context["css_files"] = []  # layout.html has the one of which they are parts


def _is(name: str, file: object) -> bool:
    return Path(str(getattr(file, "filename", file) or "").partition("?")[0]).name == name


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


def used_words(pages: Iterable[str], scripts: Iterable[str]) -> set[str]:
    """The classes and ids of pages, and every word of scripts, which may give some to a page."""
    found: set[str] = set()
    for text in pages:
        for names in set(_NAMES.findall(text)):
            found.update(names.split())
    for text in scripts:
        found.update(_WORD.findall(text))
    return found


def pruned(css: str, words: set[str]) -> str:
    """The stylesheet without rules for classes and ids that are not among ``words``."""
    rules = tinycss2.parse_stylesheet(css, skip_comments=False, skip_whitespace=True)
    return "".join(_kept(rules, words))


def _kept(rules: Iterable[Any], words: set[str]) -> Iterable[str]:
    for rule in rules:
        if rule.type == "qualified-rule":
            selectors = tinycss2.serialize(rule.prelude)
            left = [one for one in apart(selectors) if _matches(one, words)]
            if left:
                yield f"{','.join(left)}{{{tinycss2.serialize(rule.content).strip()}}}\n"
        elif rule.type == "at-rule" and rule.lower_at_keyword in ("media", "supports", "layer"):
            inside = tinycss2.parse_rule_list(rule.content or [], skip_whitespace=True)
            body = "".join(_kept(inside, words))
            if body:
                head = tinycss2.serialize(rule.prelude).strip()
                yield f"@{rule.at_keyword} {head}{{{body}}}\n"
        elif rule.type == "at-rule" and rule.lower_at_keyword == "font-face":
            continue  # the theme's fonts are its icons'
        elif rule.type == "comment" and "icense" not in rule.value:
            continue
        else:
            yield rule.serialize() + "\n"


def _matches(selector: str, words: set[str]) -> bool:
    """Whether something with the classes and ids of the selector may be on a page."""
    if _ICON.search(selector):
        return False
    asked = _NOT.sub("", selector)
    named = (*_CLASS.findall(asked), *_ID.findall(asked))
    return all(name.replace("\\", "") in words for name in named)


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
    pages = (path.read_text(encoding="utf-8") for path in out.rglob("*.html"))
    scripts = (path.read_text(encoding="utf-8") for path in static.rglob("*.js"))
    words = used_words(pages, scripts)
    for name in OTHERS:
        path = static / name
        if path.exists():
            path.write_text(pruned(path.read_text(encoding="utf-8"), words), encoding="utf-8")


def put_together(app: Sphinx, exception: Exception | None) -> None:
    """Make one stylesheet of all."""
    if exception is not None or app.builder.name != "html":
        return
    static = Path(app.outdir) / "_static"
    found = [static / name for name in ALL if (static / name).exists()]
    css = "\n".join(path.read_text(encoding="utf-8") for path in found)
    (static / TOGETHER).write_text(css.replace('@charset "UTF-8";', ""), encoding="utf-8")


def setup(app: Sphinx) -> ExtensionMetadata:
    # After all others have put theirs on a page.
    app.connect("html-page-context", choose, priority=950)
    # Before no_script.py takes the rules of the dark theme.
    app.connect("build-finished", lighten, priority=400)
    app.connect("build-finished", put_together, priority=600)  # after it
    return {"parallel_read_safe": True, "parallel_write_safe": True}
