"""Published pages say what they may load and run: see :mod:`site_ext.base.policy`.

Only those of a versioned site, which are served. A page that is opened from a disk has no host of its
own, and a host that builds by itself, as Read the Docs does, adds scripts of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from site_ext.base.errors import SiteError, ending
from site_ext.base.policy import with_policy
from site_ext.base.state import publishes

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata


#: Whose scripts :data:`site_ext.base.policy.OF_THE_THEME` knows.
THEME = "pydata_sphinx_theme"


@ending
def guard(app: Sphinx, exception: Exception | None) -> None:
    """Put its policy into each page that has none yet."""
    if not publishes(app, exception) or not app.config.site_version:
        return
    if app.config.html_theme != THEME:
        return  # whose scripts nobody has looked at
    for path in Path(app.outdir).rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        if "Content-Security-Policy" in text[:2000]:
            continue
        try:
            path.write_text(with_policy(text), encoding="utf-8")
        except SiteError as error:
            raise SiteError(f"{path.relative_to(app.outdir)}: {error}") from error


def setup(app: Sphinx) -> ExtensionMetadata:
    # After all others have written theirs.
    app.connect("build-finished", guard, priority=700)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
