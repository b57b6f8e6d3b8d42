"""What Sphinx can't see for itself of why pages are to be made again.

It reads a page again when its source is newer, or a file that the page has noted as a
dependency, and all pages when a setting has changed. Two things are added here. The
machinery's own text is such a setting. And a build that did not come to its end, or failed
under ``-W``, leaves a mark, and the next one reads all pages: so a page that was cut off is made
again, and no build is green only because it did not look.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from site_ext.base.files import digest_of

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.util.typing import ExtensionMetadata


def publishes(app: Sphinx, exception: Exception | None) -> bool:
    """Whether this is the end of a build whose pages are a site, beside which data can stand."""
    return exception is None and app.builder.format == "html" and app.builder.name != "epub"


def _unfinished(app: Sphinx) -> Path:
    """The mark, in the doctree folder, which each builder has for itself."""
    return Path(app.doctreedir) / ".unfinished"


def begin(
    app: Sphinx,
    env: BuildEnvironment,
    added: AbstractSet[str],
    changed: AbstractSet[str],
    removed: AbstractSet[str],
) -> list[str]:
    """Set the mark; all pages are to be read again if it is there from the last build."""
    mark = _unfinished(app)
    left = mark.exists()
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()
    return sorted(env.found_docs) if left else []


def end(app: Sphinx, exception: Exception | None) -> None:
    """The build came to its end."""
    if exception is None and not (app._warncount and app._fail_on_warnings):
        _unfinished(app).unlink(missing_ok=True)


def setup(app: Sphinx) -> ExtensionMetadata:
    machinery = digest_of(Path(__file__).parents[1])
    app.add_config_value("site_machinery", machinery, "env", str, "the text of what makes pages")
    app.connect("env-get-outdated", begin)
    # After whatever may still warn.
    app.connect("build-finished", end, priority=950)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
