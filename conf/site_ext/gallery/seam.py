"""The one place where Sphinx-Gallery does otherwise than by itself.

It fills in its settings and makes pages, notebooks, downloads and thumbnails. For the time of
that, and no longer, three of its functions are others:

- a script is not executed but answered for from its record (:mod:`site_ext.gallery.replay`);
- a script is taken apart once a build, not three times (:mod:`site_ext.gallery.parser`);
- matplotlib, which costs most of a second, is not imported: figures were drawn in the
  examples' own processes.

Its summary of failed examples, which would count replayed pages as executed, is left out:
:func:`site_ext.run.report.raise_for_failed` stands for it. What its settings mean here is
decided by what these do with them.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sphinx_gallery
from sphinx_gallery import gen_gallery, gen_rst, py_source_parser

from site_ext.gallery import parser, replay

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager
    from types import ModuleType

    from sphinx.application import Sphinx
    from sphinx.config import Config

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

    with (
        _instead_of(gen_rst, "execute_script", execute_script),
        _instead_of(py_source_parser, "split_code_and_text_blocks", parser.split),
        _without_matplotlib(),
    ):
        yield


@contextmanager
def _instead_of(module: ModuleType, name: str, other: object) -> Iterator[None]:
    original = getattr(module, name)
    setattr(module, name, other)
    try:
        yield
    finally:
        setattr(module, name, original)


def _without_matplotlib() -> AbstractContextManager[None]:
    return _instead_of(gen_gallery, "_import_matplotlib", lambda: (None, None))


def fill_settings(app: Sphinx, config: Config) -> None:
    """Have Sphinx-Gallery complete its settings."""
    with _without_matplotlib():
        gen_gallery.fill_gallery_conf_defaults(app, config)


def make_pages(app: Sphinx, entries: Iterable[Entry]) -> None:
    """Have Sphinx-Gallery write the pages of ``entries``."""
    with answered(entries):
        gen_gallery.generate_gallery_rst(app)


def take_over(app: Sphinx) -> None:
    """Have Sphinx-Gallery wait for the two functions above, and leave its summary to us."""
    app.setup_extension("sphinx_gallery.gen_gallery")
    for event, handler in (
        ("config-inited", gen_gallery.fill_gallery_conf_defaults),
        ("builder-inited", gen_gallery.generate_gallery_rst),
        ("build-finished", gen_gallery.summarize_failing_examples),
    ):
        [its] = [one for one in app.events.listeners[event] if one.handler is handler]
        app.disconnect(its.id)
    app.connect("config-inited", fill_settings, priority=10)
