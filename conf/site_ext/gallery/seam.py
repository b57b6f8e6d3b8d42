"""The one place where Sphinx-Gallery does otherwise than by itself.

It fills in its settings and makes pages, notebooks, downloads and thumbnails. For the time of
that, and no longer, three of its functions are others:

- a script is not executed but answered for from its record (:mod:`site_ext.gallery.replay`);
- a script is taken apart once a build, not three times (:mod:`site_ext.gallery.parser`);
- matplotlib is not imported: figures were drawn in the examples' own processes.

Its summary of failed examples, which would count replayed pages as executed, is left out:
:func:`site_ext.run.report.raise_for_failed` stands for it. What its settings mean here is
decided by what these do with them.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import sphinx_gallery
from sphinx_gallery import gen_gallery, gen_rst, py_source_parser

from site_ext.gallery import parser, replay

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sphinx.application import Sphinx

    from site_ext.run.plan import Entry

#: What makes pages from records, beside our own modules and the settings.
MADE_BY = sphinx_gallery.__version__


@contextmanager
def answered(entries: Iterable[Entry]) -> Iterator[None]:
    """Have Sphinx-Gallery take outputs from ``entries``; it is as it was when this ends."""
    by_script = {os.path.realpath(entry.example.script): entry for entry in entries}

    def execute_script(
        script_blocks: list[Any],
        script_vars: dict[str, Any],
        gallery_conf: dict[str, Any],
        file_conf: dict[str, Any],
    ) -> tuple[list[str], float]:
        entry = by_script[os.path.realpath(script_vars["src_file"])]
        return replay.answer(entry, script_blocks, script_vars, gallery_conf)

    with ExitStack() as others:
        for module, name, other in (
            (gen_rst, "execute_script", execute_script),
            (py_source_parser, "split_code_and_text_blocks", parser.split),
            (gen_gallery, "_import_matplotlib", lambda: (None, None)),
        ):
            others.enter_context(patch.object(module, name, other))
        yield


def make_pages(app: Sphinx, entries: Iterable[Entry]) -> None:
    """Have Sphinx-Gallery write the pages of ``entries``."""
    with answered(entries):
        gen_gallery.generate_gallery_rst(app)


def take_over(app: Sphinx) -> None:
    """Have Sphinx-Gallery wait for :func:`make_pages`, and leave its summary to us."""
    app.setup_extension("sphinx_gallery.gen_gallery")
    ours = (gen_gallery.generate_gallery_rst, gen_gallery.summarize_failing_examples)
    for event in ("builder-inited", "build-finished"):
        for listener in list(app.events.listeners[event]):
            if listener.handler in ours:
                app.disconnect(listener.id)
