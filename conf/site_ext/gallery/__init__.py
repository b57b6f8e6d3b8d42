"""Records into Sphinx-Gallery's pages, and what these show besides code and output.

::

    extensions = ["sphinx_gallery.gen_gallery", "site_ext.gallery"]

is all that a gallery needs whose examples are to run in processes of their own. Which files are
executed, which are expected to fail, how expressions and figures look: Sphinx-Gallery's settings
mean what they mean there. ``parallel`` (or ``examples_jobs``) is how many run side by side;
``reset_modules`` are called in the script's process, "matplotlib" and "seaborn" are needless in a
fresh one. Scrapers and resets are given by name or as objects of importable classes: what only
conf.py has is refused. In a script's comments may stand besides::

    # sphinx_gallery_time_limit = 300      seconds, default 120
    # sphinx_gallery_memory_limit = 4000   MiB, default 8192
    # sphinx_gallery_timed = True          runs alone, whatever the number of jobs
    # sphinx_gallery_tolerances = {"accuracy": 0.02}   what may differ on another machine

What differs from Sphinx-Gallery on purpose: a script sees what ``python script.py`` sees,
``__file__`` too and nothing that another script has left; what a failing cell printed before it
failed is shown; a script that changes pages or other scripts has failed. Records are kept in
``examples_records``, beside the pages if it is not set, and ``data/examples.json`` is published
with the pages. :mod:`site_ext.gallery.surroundings` has the settings for packages that a build may
lack and for the scripts' variables. What only this site has (siblings, buttons, the table of
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
