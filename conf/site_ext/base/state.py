"""What Sphinx can't see for itself of why pages are to be made again.

It reads a page again when its source is newer, or a file that the page has noted as a
dependency, and all pages when a setting has changed. Two things are added here. The
machinery's own text is such a setting. And the environment that a build has saved counts only
if the build came to its end without a warning: it is put aside before the first page is
written, as Sphinx deletes it after an error. So a page that was cut off is made again, and no
build is green only because it did not look.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx.application import ENV_PICKLE_FILENAME

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.builders import Builder
    from sphinx.util.typing import ExtensionMetadata


def digest_of(package: Path) -> str:
    """A name for the text of all modules of a package."""
    sources = sorted(package.rglob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


def publishes(app: Sphinx, exception: Exception | None) -> bool:
    """Whether this is the end of a build whose pages are a site, beside which data can stand."""
    return exception is None and app.builder.format == "html" and app.builder.name != "epub"


def _saved(app: Sphinx) -> tuple[Path, Path]:
    """Where the environment is saved, and where it is put aside."""
    saved = Path(app.doctreedir) / ENV_PICKLE_FILENAME
    return saved, saved.with_suffix(".unfinished")


def put_aside(app: Sphinx, builder: Builder) -> None:
    """From here on pages are written."""
    saved, aside = _saved(app)
    if saved.exists():
        saved.replace(aside)


def put_back(app: Sphinx, exception: Exception | None) -> None:
    """The build came to its end."""
    saved, aside = _saved(app)
    if exception is None and not app._warncount and aside.exists():
        aside.replace(saved)
    aside.unlink(missing_ok=True)
    if app._warncount:
        saved.unlink(missing_ok=True)


def setup(app: Sphinx) -> ExtensionMetadata:
    machinery = digest_of(Path(__file__).parents[1])
    app.add_config_value("site_machinery", machinery, "env", str, "the text of what makes pages")
    app.connect("write-started", put_aside)
    # After whatever may still warn.
    app.connect("build-finished", put_back, priority=950)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
