"""Examples that belong together.

The same subject in several frameworks, or on several backends, is a **family**: scripts
of one name, less the backend's. Each page names its family and the examples that share
most tags with it. The directive ``side-by-side`` puts a family's scripts beside each
other, section by section::

    .. side-by-side:: own_loop

Two columns, each with a tab for every framework. Choosing a framework in one section
chooses it in all (sphinx-design keeps the choice), so that a port is read across.
"""

from __future__ import annotations

import re
from itertools import zip_longest
from textwrap import indent
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from site_ext.base.frameworks import TITLES
from site_ext.base.links import to_page
from site_ext.gallery.build import examples_of
from site_ext.gallery.card import GALLERY

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.util.typing import ExtensionMetadata

    from site_ext.run.scripts import Example

#: The folders whose scripts are siblings, with the framework's module.
THEMES = {"tensorflow": "tensorflow", "pytorch": "torch", "keras": "keras"}
#: The framework that each column shows before the reader chooses.
COLUMNS = (("framework", "tensorflow"), ("framework-other", "pytorch"))
PAGES = "side_by_side/"
MOST_RELATED = 3
_BACKEND = re.compile(r"_(tensorflow|jax|torch|raw)$")
_HEADING = re.compile(r"^(.+)\n-{3,}\n+", re.MULTILINE)


def family(name: str) -> str:
    """``own_loop`` for ``pytorch/own_loop``, ``train_mlp`` for ``keras/train_mlp_jax``."""
    return _BACKEND.sub("", name.partition("/")[2])


def relatives(example: Example, others: Iterable[Example]) -> tuple[list[Example], list[Example]]:
    """``(its family, what shares most tags with it)``, without itself."""
    others = [other for other in others if other.name != example.name]
    kin = [other for other in others if family(other.name) == family(example.name)]
    shared = {o.name: len(set(o.tags) & set(example.tags)) for o in others if o not in kin}
    near = sorted(
        (other for other in others if shared.get(other.name)),
        key=lambda other: (-shared[other.name], other.name),
    )
    return kin, _one_a_family(near)[:MOST_RELATED]


def _one_a_family(examples: Iterable[Example]) -> list[Example]:
    first: dict[str, Example] = {}
    for example in examples:
        first.setdefault(family(example.name), example)
    return list(first.values())


def members(name: str, examples: Iterable[Example]) -> dict[str, Example]:
    """The scripts of one family by folder, one a framework."""
    found: dict[str, Example] = {}
    for example in examples:
        theme = example.name.partition("/")[0]
        if theme in THEMES and family(example.name) == name:
            found.setdefault(theme, example)
    return {theme: found[theme] for theme in THEMES if theme in found}


def sections(example: Example) -> list[tuple[str, list[tuple[str, str]]]]:
    """``(heading, [(prose in reST, code), ...])`` for each section of a script.

    What stands before the first heading is left out, but for its code: the imports.
    """
    found: list[tuple[str, list[tuple[str, str]]]] = [("Imports", [])]
    prose = ""
    for number, (kind, content) in enumerate(example.blocks):
        if kind == "text":
            heading = _HEADING.match(content)
            if heading and number:
                found.append((heading[1], []))
            prose = "" if not number else content[heading.end() if heading else 0 :].strip()
        else:
            found[-1][1].append((prose, content.strip("\n")))
            prose = ""
        if kind == "text" and prose and number == len(example.blocks) - 1:
            found[-1][1].append((prose, ""))
    return found


class SideBySideDirective(SphinxDirective):
    """``side-by-side``, with the name of a family, in a reST page."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        domain = examples_of(self.env)
        known = [entry.example for entry in domain.entries.values()]
        scripts = members(self.arguments[0], known)
        if len(scripts) < 2:
            families = sorted(
                {family(e.name) for e in known if len(members(family(e.name), known)) > 1}
            )
            raise self.error(
                f"side-by-side: {self.arguments[0]!r} is in fewer than two frameworks; "
                f"there are: {', '.join(families)}"
            )
        for example in scripts.values():
            domain.use(example.name)
            self.env.note_dependency(str(example.script))
        text = "\n".join([*_links(scripts), *_measured(scripts, domain), *_columns(scripts)])
        return self.parse_text_to_nodes(text, allow_section_headings=True)


def _title(theme: str) -> str:
    return TITLES[THEMES[theme]]


def _links(scripts: dict[str, Example]) -> list[str]:
    named = [f":doc:`{_title(theme)} </gallery/{e.name}>`" for theme, e in scripts.items()]
    return [f"The scripts with what they print and draw: {', '.join(named)}.", ""]


def _measured(scripts: dict[str, Example], domain: Any) -> list[str]:
    """A table of what all of them measured."""
    records = {theme: domain.entries[e.name].record for theme, e in scripts.items()}
    values = {t: r.measured for t, r in records.items() if r and r.measured}
    if len(values) < len(scripts):
        return []
    first = next(iter(values.values()))
    shared = [key for key in first if all(key in measured for measured in values.values())]
    lines = ["What each measured in this build:", "", ".. list-table::", "   :header-rows: 1", ""]
    rows = [["", *(_title(theme) for theme in values)]]
    rows += [[f"``{key}``", *(_short(values[t][key]) for t in values)] for key in shared]
    for row in rows:
        lines += [f"   {'*' if not n else ' '} - {cell}" for n, cell in enumerate(row)]
    return [*lines, ""]


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _columns(scripts: dict[str, Example]) -> list[str]:
    """Every section as two columns of tabs."""
    lines: list[str] = []
    parts = {theme: sections(example) for theme, example in scripts.items()}
    for row in zip_longest(*parts.values(), fillvalue=("", [])):
        heading = next(title for title, _ in row if title)
        lines += ["", heading, "-" * len(heading), "", ".. grid:: 1 1 2 2"]
        lines += ["   :gutter: 2", "   :class-container: side-by-side", ""]
        for group, default in COLUMNS:
            lines += [
                "   .. grid-item::",
                "",
                "      .. tab-set::",
                f"         :sync-group: {group}",
                "",
            ]
            for theme, (_, cells) in zip(parts, row, strict=True):
                lines += [f"         .. tab-item:: {_title(theme)}", f"            :sync: {theme}"]
                lines += ["            :selected:"] if theme == default else []
                lines += ["", *_cells(cells, " " * 12), ""]
    return lines


def _cells(cells: list[tuple[str, str]], margin: str) -> list[str]:
    lines: list[str] = []
    for prose, code in cells:
        lines += [indent(prose, margin), ""]
        if code:
            lines += [f"{margin}.. code-block:: python", "", indent(code, margin + "   "), ""]
    return lines or [f"{margin}(nothing here)"]


def see_also(example: Example, examples: list[Example], pages: AbstractSet[str]) -> list[Any]:
    """``[(label, [(docname, text), ...]), ...]`` for a page; labels without links left out."""
    kin, near = relatives(example, examples)
    beside = PAGES + family(example.name)
    lines = [
        ("The same elsewhere", [(GALLERY + e.name, e.title) for e in kin]),
        ("Side by side", [(beside, "section by section")] if beside in pages else []),
        ("Near by", [(GALLERY + e.name, e.title) for e in near]),
    ]
    return [(label, links) for label, links in lines if links]


def add_see_also(app: Sphinx, doctree: nodes.document) -> None:
    """Put the links into the page of an example, before its card."""
    env = app.env
    docname = env.current_document.docname
    entries = examples_of(env).entries
    name = docname.removeprefix(GALLERY)
    if not docname.startswith(GALLERY) or name not in entries:
        return
    links = _links_of(env, name)
    box = nodes.container(classes=["see-also"])
    box += nodes.rubric("", "See also")
    for label, targets in links:
        line = nodes.paragraph("", "", nodes.strong("", f"{label}: "))
        for number, (target, text) in enumerate(targets):
            line += nodes.Text(" · ") if number else nodes.Text("")
            line += to_page(docname, target, text)
        box += line
    cards = [n for n in doctree.findall(nodes.container) if "provenance" in n["classes"]]
    if links and cards and cards[0].parent is not None:
        cards[0].parent.insert(cards[0].parent.index(cards[0]), box)


def _links_of(env: BuildEnvironment, name: str) -> list[Any]:
    entries = examples_of(env).entries
    examples = [entry.example for entry in entries.values()]
    return see_also(entries[name].example, examples, env.found_docs)


def pages_with_other_links(
    app: Sphinx,
    env: BuildEnvironment,
    added: AbstractSet[str],
    changed: AbstractSet[str],
    removed: AbstractSet[str],
) -> list[str]:
    """Pages whose links would differ now: an example came, went, or has other tags."""
    before = getattr(env, "site_see_also", {})
    now = {GALLERY + name: _links_of(env, name) for name in examples_of(env).entries}
    env.site_see_also = now  # type: ignore[attr-defined]
    return [
        page for page, links in now.items() if before.get(page) != links and page in env.found_docs
    ]


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_directive("side-by-side", SideBySideDirective)
    # After the card of provenance.py, before which it stands.
    app.connect("doctree-read", add_see_also, priority=600)
    app.connect("env-get-outdated", pages_with_other_links)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
