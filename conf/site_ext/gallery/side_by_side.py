"""The directive ``side-by-side``: a family's scripts beside each other, section by section.

::

    .. side-by-side:: own_loop

Two columns, each with a tab for every framework. Choosing a framework in one section
chooses it in all (sphinx-design keeps the choice), so that a port is read across.
"""

from __future__ import annotations

import re
from itertools import zip_longest
from textwrap import indent
from typing import TYPE_CHECKING

from sphinx.util.docutils import SphinxDirective

from site_ext.base import values
from site_ext.base.frameworks import TITLES
from site_ext.gallery.domain import examples_of
from site_ext.gallery.related import THEMES, family, members

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

    from site_ext.base.values import Value
    from site_ext.gallery.domain import ExamplesDomain
    from site_ext.run.scripts import Example

#: The framework that each column shows before the reader chooses.
COLUMNS = (("framework", "tensorflow"), ("framework-other", "pytorch"))
_HEADING = re.compile(r"^(.+)\n-{3,}\n+", re.MULTILINE)


def sections(example: Example) -> list[tuple[str, list[tuple[str, str]]]]:
    """``(heading, [(prose in reST, code), ...])`` for each section of a script.

    What stands before the first heading is left out, but for its code: the imports.
    """
    found: list[tuple[str, list[tuple[str, str]]]] = [("Imports", [])]
    prose = ""
    for number, block in enumerate(example.blocks):
        kind, content = block.kind, block.shown
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


def _measured(scripts: dict[str, Example], domain: ExamplesDomain) -> list[str]:
    """A table of what all of them measured."""
    records = {theme: domain.entries[e.name].record for theme, e in scripts.items()}
    taken = {t: r.measured for t, r in records.items() if r and r.measured}
    if len(taken) < len(scripts):
        return []
    first = next(iter(taken.values()))
    shared = [key for key in first if all(key in measured for measured in taken.values())]
    lines = ["What each measured in this build:", "", ".. list-table::", "   :header-rows: 1", ""]
    rows = [["Value", *(_title(theme) for theme in taken)]]
    rows += [
        [key.replace("_", " "), *(_plain(taken[t][key], scripts[t].tolerance(key)) for t in taken)]
        for key in shared
    ]
    for row in rows:
        lines += [f"   {'*' if not n else ' '} - {cell}" for n, cell in enumerate(row)]
    return [*lines, ""]


def _plain(value: Value, tolerance: float) -> str:
    """A value as text that means nothing else in reST: it may come from elsewhere."""
    text = " ".join(values.within(value, tolerance).split())
    return re.sub(r"([^\w\s])", r"\\\1", text)


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
    return lines if any(map(str.strip, lines)) else [f"{margin}(nothing here)"]


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_directive("side-by-side", SideBySideDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
