"""Buttons that open an example's notebook on Colab.

Colab opens a notebook from a repository on GitHub, so the button is there only where
the configuration names one (``site_repository``, as ``owner/name``). The notebooks are
those that Sphinx-Gallery copies for its own Binder buttons. What Binder installs, the build
pins as it was built itself.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from docutils import nodes

from site_ext.base import pins
from site_ext.base.errors import SiteError, ending
from site_ext.base.files import write_whole
from site_ext.base.state import publishes
from site_ext.gallery import card
from site_ext.gallery.domain import examples_of

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config
    from sphinx.util.typing import ExtensionMetadata

COLAB = "https://colab.research.google.com/github/"


def address(repository: str, branch: str, folders: str, docname: str) -> str:
    """Where Colab opens the notebook of page ``docname``."""
    return COLAB + quote(f"{repository}/blob/{branch}/{folders}/{docname}.ipynb")


@ending
def check_repository(app: Sphinx, config: Config) -> None:
    """Stop for a repository that no button could lead to."""
    repository = config.site_repository
    if repository and not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        raise SiteError(f"REPOSITORY={repository}: not of the form owner/name")


def add_button(app: Sphinx, doctree: nodes.document) -> None:
    """Put the button into the page's box of downloads."""
    docname = app.env.current_document.docname
    repository = app.config.site_repository
    if not repository or examples_of(app.env).on_page(docname) is None:
        return
    binder = app.config.sphinx_gallery_conf["binder"]
    folders = f"{binder['filepath_prefix']}/{binder['notebooks_dir']}"
    target = address(repository, binder["branch"], folders, docname)
    link = nodes.reference("", "Open in Colab", refuri=target, internal=False)
    if (box := card.downloads(doctree)) is not None:
        button = nodes.container(classes=["sphx-glr-download", "launch-colab"])
        button += nodes.paragraph("", "", link)
        box.insert(0, button)


def pin(app: Sphinx, exception: Exception | None) -> None:
    """Write ``data/requirements.txt``: what Binder is to install, as it is pinned here."""
    wanted = app.config.sphinx_gallery_conf.get("binder", {}).get("dependencies")
    if not publishes(app, exception) or not wanted or not app.config.examples_lock:
        return
    lock = pins.read(Path(app.srcdir, app.config.examples_lock))
    names = [line for line in Path(wanted[0]).read_text(encoding="utf-8").splitlines() if line]
    lines = [f"{name}=={lock[name]}" if name in lock else name for name in names]
    write_whole(Path(app.outdir, "data", "requirements.txt"), "\n".join(lines) + "\n")


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_config_value("site_repository", "", "env", str, "owner/name on GitHub")
    app.connect("config-inited", check_repository)
    app.connect("doctree-read", add_button, priority=650)
    app.connect("build-finished", pin)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
