"""Images named by where they stand, not by the order in which pages were read.

Siblings share the names of their figures. Sphinx tells images of one name apart by numbers, in
the order in which it meets them, which differs from build to build when several processes read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sphinx.util._files import FilenameUniqDict  # where Sphinx 9 keeps it

if TYPE_CHECKING:
    from os import PathLike

    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata


class ImagesByPath(FilenameUniqDict):
    """Gives ``gallery/pytorch/images/loop.png`` the name ``gallery-pytorch-images-loop.png``."""

    def add_file(self, docname: str, newfile: str | PathLike[str]) -> str:
        name = str(newfile).replace("/", "-")
        if str(newfile) in self or name in self._existing:
            return super().add_file(docname, newfile)
        self._existing.add(name)
        self[str(newfile)] = ({docname}, name)
        return name


def name_by_path(app: Sphinx) -> None:
    if not isinstance(app.env.images, ImagesByPath):
        app.env.images = ImagesByPath()


def setup(app: Sphinx) -> ExtensionMetadata:
    app.connect("builder-inited", name_by_path)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
