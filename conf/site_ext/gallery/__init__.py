"""Records into Sphinx-Gallery's pages, and what these show besides code and output.

::

    extensions = ["sphinx_gallery.gen_gallery", "site_ext.gallery"]

is all that a gallery needs whose examples are to run in processes of their own. README.md has
what this means for another project; what its scripts may lack and run under is configuration
(:mod:`site_ext.gallery.surroundings`). What only this site has (siblings, buttons, the table of
timings) are modules here that the site's own extension sets up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata


def setup(app: Sphinx) -> ExtensionMetadata:
    for name in ("base.state", "base.nodes", "gallery.build", "gallery.card", "gallery.data"):
        app.setup_extension(f"site_ext.{name}")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
