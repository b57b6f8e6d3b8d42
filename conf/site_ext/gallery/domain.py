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
        self._on_pages: dict[str, Entry] = {}
        #: What each one's page links to, by name; see :mod:`site_ext.gallery.related`.
        self.see_also: dict[str, Links] = {}

    def put(self, entries: list[Entry]) -> None:
        """These are the entries of this build."""
        self.entries = {entry.example.name: entry for entry in entries}
        self._on_pages = {entry.example.page: entry for entry in entries}

    def use(self, name: str) -> Entry | None:
        """The entry of example ``name``; the current page depends on what is shown of it.

        Of an example that does not exist, on its coming to be.
        """
        entry = self.entries.get(name)
        folder, page = (self.env.srcdir, entry.example.page) if entry else (self.pages, name)
        self.env.note_dependency(shown.by(folder, page))
        return entry

    def use_all(self) -> list[Entry]:
        """All entries; the current page depends on them all."""
        self.env.note_dependency(shown.by_all(self.pages))
        return list(self.entries.values())

    def on_page(self, docname: str) -> Entry | None:
        """The entry whose page this is."""
        return self._on_pages.get(docname)

    @property
    def pages(self) -> Path:
        """Where Sphinx-Gallery writes the pages of the first gallery."""
        return self.env.srcdir / self.page_folders[0]

    @property
    def page_folders(self) -> list[str]:
        """The folders that Sphinx-Gallery writes to, one a gallery."""
        folders = self.env.config.sphinx_gallery_conf["gallery_dirs"]
        return folders if isinstance(folders, list) else [folders]

    def merge_domaindata(self, docnames: AbstractSet[str], otherdata: dict[str, Any]) -> None:
        """Nothing is found while pages are read."""

    def resolve_any_xref(self, *_: object) -> list[Any]:
        return []


def examples_of(env: BuildEnvironment) -> ExamplesDomain:
    """The domain, typed."""
    domain = env.domains["examples"]
    assert isinstance(domain, ExamplesDomain)
    return domain
