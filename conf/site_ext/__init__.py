"""The site's own machinery, in the order in which data flows through it.

=====================  ===========================================================
``child``              runs one script, cell by cell, in a process of its own
``process``            starts that process, watches it, says how it ended
``examples``           the scripts: their cells, settings and imports
``packages``           what has to be installed for an example
``frameworks``         what is compared: names, and which versions are installed
``machine``            what a build runs on
``records``            the JSON account of an execution
``staleness``          whether an example is out of date, and why
``runner``             executes what is due and keeps the records
``replay``             gives Sphinx-Gallery the recorded outputs for its pages
``gallery``            joins runner, Sphinx-Gallery and the pages that use entries
``usage``              which page shows what, so that it follows when that changes
``roles``              what all roles have in common
``links``              from a page to another, or to a place on it
``sources``            what others published, and when it was read
``measurements``       figures that were taken elsewhere, as JSON
``checks``             comparisons over measured values, read and never evaluated by Python
``evidence``           what supports a claim, and whether it does so in this build
``original``           the original article, taken apart into its statements
``claims``             the directive that judges a statement, and the role that names one
``ledger``             the table of all claims, their numbers, ``data/claims.json``
``freshness``          what is due to be read or measured again
``measured``           the role that quotes a measured value
``cited``              the role that links to a source
``recorded``           the page of recorded measurements, ``data/benchmarks.json``
``provenance``         the card at the foot of each example
``siblings``           "see also", and the scripts of a family side by side
``launch``             buttons that open a notebook on Colab
``timings``            the table of all examples
``charts``             figures drawn from records
``byline``             date, categories, level and computed reading time
``published``          ``data/examples.json``
``versions``           names of versions and their order
``release``            which release a build is: switcher, banner, ``data/release.json``
``navigation``         names for the theme's folding navigation
=====================  ===========================================================

What puts finished builds beside each other into one site is in ``conf/publisher/``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

_EXTENSIONS = (
    "gallery.build",
    "claims.evidence",
    "claims.claims",
    "claims.ledger",
    "claims.measured",
    "claims.cited",
    "claims.recorded",
    "gallery.card",
    "gallery.siblings",
    "gallery.launch",
    "gallery.timings",
    "claims.charts",
    "pages.byline",
    "gallery.data",
    "pages.banner",
    "pages.navigation",
)


def setup(app: Sphinx) -> ExtensionMetadata:
    for name in _EXTENSIONS:
        app.setup_extension(f"{__name__}.{name}")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
