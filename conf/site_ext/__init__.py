"""The site's own machinery, in six wings, each leaning only on those before it.

===========  =====================================================================
``base``     what all lean on: errors, files, git, machine, versions, values, nodes
``run``      one example in a process of its own, its record, what is due
``stores``   records at rest: published, and taken from elsewhere
``gallery``  records into Sphinx-Gallery's pages
``claims``   statements, evidence, the ledger, quoted values, charts
``pages``    what each page says about itself: byline, banner, navigation
===========  =====================================================================

What puts finished builds beside each other into one site is in ``conf/publisher/``, what times
the frameworks in ``conf/bench/``, what ``make`` runs in ``conf/commands/``.
"""

from __future__ import annotations

import gc
import multiprocessing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata


def _leave_none_waiting(app: Sphinx, exception: Exception | None) -> None:
    """End the processes that Sphinx has started (``-j``): where a page can't be resolved, it waits for
    them at its own end without hearing what they tell, and so for ever."""
    if exception:
        for process in multiprocessing.active_children():
            process.terminate()


def setup(app: Sphinx) -> ExtensionMetadata:
    own = (
        "images", "related", "side_by_side", "launch", "timings", "head", "drawings", "files",
        "folds", "pictures", "thumbnails")  # fmt: skip
    for name in ("base.links", "gallery", *(f"gallery.{one}" for one in own), "claims", "pages"):
        app.setup_extension(f"{__name__}.{name}")
    # Millions of nodes live as long as a build: to look for garbage among them took a quarter of it.
    app.connect("builder-inited", lambda app: gc.disable(), priority=900)
    app.connect("build-finished", lambda app, exception: gc.enable(), priority=900)
    app.connect("build-finished", _leave_none_waiting)
    from sphinx_gallery._doctree_links import CodeLinksTransform  # noqa: PLC0415 - for pages only

    # After all others: it makes a node of each word of code, through which they would look in vain.
    CodeLinksTransform.default_priority = 800
    return {"parallel_read_safe": True, "parallel_write_safe": True}
