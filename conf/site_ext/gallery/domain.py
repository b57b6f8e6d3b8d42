"""The examples of this build, and which page shows which.

A page that shows an example depends on the file that names what is shown of it
(:func:`site_ext.gallery.shown.note`), so that Sphinx reads it again when that changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from sphinx.domains import Domain

from site_ext.gallery import shown

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from sphinx.environment import BuildEnvironment

    from site_ext.run.plan import Entry

GALLERY = "gallery/"
#: ``[(label, [(page, text), ...]), ...]``
Links: TypeAlias = list[tuple[str, list[tuple[str, str]]]]


class ExamplesDomain(Domain):
    """The entries of this build; nothing of it is kept between builds."""

    name = "examples"
    label = "Examples"
    initial_data: ClassVar[dict[str, Any]] = {}

    def __init__(self, env: BuildEnvironment) -> None:
        super().__init__(env)
        self.entries: dict[str, Entry] = {}
        #: What each one's page links to, by name; see :mod:`site_ext.gallery.related`.
        self.see_also: dict[str, Links] = {}

    def use(self, name: str) -> Entry | None:
        """The entry of example ``name``; the current page depends on what is shown of it.

        Of an example that does not exist, on its coming to be.
        """
        self.env.note_dependency(shown.by(self.pages, name))
        return self.entries.get(name)

    def use_all(self) -> list[Entry]:
        """All entries; the current page depends on them all."""
        self.env.note_dependency(shown.by_all(self.pages))
        return list(self.entries.values())

    def on_page(self, docname: str) -> Entry | None:
        """The entry whose page this is."""
        return (
            self.entries.get(docname.removeprefix(GALLERY)) if docname.startswith(GALLERY) else None
        )

    @property
    def pages(self) -> Path:
        """Where Sphinx-Gallery writes."""
        folder: str = self.env.config.sphinx_gallery_conf["gallery_dirs"]
        return self.env.srcdir / folder

    def merge_domaindata(self, docnames: AbstractSet[str], otherdata: dict[str, Any]) -> None:
        """Nothing is found while pages are read."""

    def resolve_any_xref(self, *_: object) -> list[Any]:
        return []


def examples_of(env: BuildEnvironment) -> ExamplesDomain:
    """The domain, typed."""
    domain = env.domains["examples"]
    assert isinstance(domain, ExamplesDomain)
    return domain
