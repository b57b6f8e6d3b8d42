"""Which page shows what, so that a page is read again when what it shows has changed.

Sphinx compares the times of sources. What a page takes from elsewhere, the records of
examples, measurements, sources, is noted here under a name with a fingerprint; a
page whose names have other fingerprints in the next build is out of date.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from sphinx.domains import Domain

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet


class UsageDomain(Domain):
    """A domain that keeps, between builds, which page shows which of its things."""

    data_version = 1
    #: docname -> {name: fingerprint}
    initial_data: ClassVar[dict[str, Any]] = {"used": {}}

    def shown(self, name: str) -> str:
        """Today's fingerprint of what is called ``name``; empty if there is no such thing."""
        raise NotImplementedError

    def note(self, docname: str, name: str) -> None:
        """Remember that the page shows it as it is today."""
        self.data["used"].setdefault(docname, {})[name] = self.shown(name)

    def outdated(self) -> list[str]:
        """The pages that show something else than what there is today."""
        return [
            docname
            for docname, used in self.data["used"].items()
            if any(self.shown(name) != shown for name, shown in used.items())
        ]

    def clear_doc(self, docname: str) -> None:
        self.data["used"].pop(docname, None)

    def merge_domaindata(self, docnames: AbstractSet[str], otherdata: dict[str, Any]) -> None:
        for docname in docnames:
            if docname in otherdata["used"]:
                self.data["used"][docname] = otherdata["used"][docname]

    def resolve_any_xref(self, *_: object) -> list[Any]:
        return []
