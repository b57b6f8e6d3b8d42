"""The role ``{measured}``: quote a value that an example measured.

::

    {measured}`pytorch/train_mlp.accuracy:.1%`

reads ``measured["accuracy"]`` from the record of ``gallery/pytorch/train_mlp.py``,
formats it and links to the page that shows where it comes from. What follows the
colon is Python's format specification. An example, a value or a format that does not
exist is an error of the build. A value that this build could not measure, because a
framework is not installed, reads "not measured in this build".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sphinx.util.docutils import SphinxRole

from site_ext.gallery import examples_of
from site_ext.links import to_page

if TYPE_CHECKING:
    from docutils.nodes import Node, system_message
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

NOT_MEASURED = "not measured in this build"


def parse(text: str) -> tuple[str, str, str]:
    """Split ``example.key:format`` into its three parts.

    Raises :exc:`ValueError` that says what form is wanted.
    """
    form = re.fullmatch(r"([\w./-]+)\.(\w+)(?::([^`]*))?", text.strip())
    if not form:
        raise ValueError(f"{text!r} is not of the form theme/script.value:format")
    return form[1], form[2], form[3] or ""


def quote(value: Any, spec: str) -> str:
    """A value as text; with a real minus sign, as in print."""
    return format(value, spec).replace("-", "\N{MINUS SIGN}" if _is_number(value) else "-")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


class MeasuredRole(SphinxRole):
    """``{measured}`` itself."""

    def run(self) -> tuple[list[Node], list[system_message]]:
        try:
            name, key, spec = parse(self.text)
            text, known = self._look_up(name, key, spec)
        except ValueError as error:
            message = self.inliner.reporter.error(f"measured: {error}", line=self.lineno)
            return [self.inliner.problematic(self.rawtext, self.rawtext, message)], [message]
        classes = ["measured"] if known else ["measured", "not-measured"]
        docname = self.env.current_document.docname
        return [to_page(docname, f"gallery/{name}", text, *classes)], []

    def _look_up(self, name: str, key: str, spec: str) -> tuple[str, bool]:
        domain = examples_of(self.env)
        entry = domain.use(name)
        if entry is None:
            known = ", ".join(sorted(domain.entries)) or "none"
            raise ValueError(f"there is no example {name!r}; there are: {known}")
        if entry.record is None or entry.status in ("skipped", "failed"):
            return NOT_MEASURED, False
        values = entry.record.measured
        if key not in values:
            known = ", ".join(sorted(values)) or "nothing"
            raise ValueError(f"{name} measures no {key!r}; it measures: {known}")
        try:
            return quote(values[key], spec), True
        except ValueError as error:
            raise ValueError(f"{name}.{key} = {values[key]!r} as {spec!r}: {error}") from None


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_role("measured", MeasuredRole())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
