"""The one place where Sphinx-Gallery does otherwise than by itself.

It fills in its settings and makes pages, notebooks, downloads and thumbnails. For the time of
that, and no longer, some of its functions are others:

- a script is not executed but answered for from its record (:mod:`site_ext.gallery.replay`), the
  objects that its names stood for too;
- a page is noted as made (its ``.md5``) when it is, not before, so that one that was cut off is
  made again;
- a script is taken apart once a build, not three times (:mod:`site_ext.gallery.parser`), and one
  that has come since the build planned waits for the next one;
- matplotlib, which costs most of a second, is not imported: figures were drawn in the
  examples' own processes.

Settings about executing are taken from it meanwhile, since it executes nothing: ``parallel``,
``show_memory``, ``reset_modules``, ``image_scrapers``. They are honoured where a script runs
(:mod:`site_ext.gallery.surroundings`). Its summary of failed examples, which would count
replayed pages as executed, is left out: :func:`site_ext.run.report.raise_for_failed` stands for it.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sphinx_gallery
from sphinx_gallery import gen_gallery, gen_rst, py_source_parser
from sphinx_gallery.utils import get_md5sum

from site_ext.gallery import listing, parser, replay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager
    from types import ModuleType

    from sphinx.application import Sphinx
    from sphinx.config import Config

    from site_ext.run.plan import Entry

#: What makes pages from records, beside our own modules and the settings.
MADE_BY = sphinx_gallery.__version__


class _Answers:
    """Sphinx-Gallery's functions as they are meanwhile, and its own."""

    def __init__(self, entries: Iterable[Entry], made: Callable[[Entry], None]) -> None:
        self.entries = {str(entry.example.script): entry for entry in entries}
        self.made = made
        self.names: dict[str, Any] | None = None
        self.own_execute, self.own_generate = gen_rst.execute_script, gen_rst.generate_file_rst
        self.own_identify = gen_rst.identify_names

    def execute_script(
        self,
        script_blocks: list[Any],
        script_vars: dict[str, Any],
        gallery_conf: dict[str, Any],
        file_conf: dict[str, Any],
    ) -> tuple[list[str], float]:
        entry = self.entries.get(os.path.normpath(script_vars["src_file"]))
        self.names = entry.record.names if entry and entry.record else None
        if entry is not None:
            return replay.answer(entry, script_blocks, script_vars, gallery_conf, file_conf)
        # In another language, or not to be executed.
        answer: tuple[list[str], float] = self.own_execute(
            script_blocks, script_vars, gallery_conf, file_conf
        )
        return answer

    def generate_file_rst(
        self, fname: str, target_dir: str, src_dir: str, gallery_conf: dict[str, Any]
    ) -> tuple[Any, ...]:
        result: tuple[Any, ...] = self.own_generate(fname, target_dir, src_dir, gallery_conf)
        entry = self.entries.get(os.path.normpath(Path(src_dir, fname)))
        if entry is not None:
            target, text = Path(target_dir, fname), entry.example.script.read_bytes()
            # One that was edited meanwhile shows what was run, and is made again next time.
            if "formatted_exception" not in result[3] and text == entry.example.text:
                noted = Path(f"{target}.md5")
                noted.write_text(get_md5sum(str(target), mode="t"), encoding="utf-8")
            self.made(entry)
        return result

    def identify_names(self, *arguments: Any) -> Any:
        found, self.names = self.names, None
        return self.own_identify(*arguments) if found is None else found


@contextmanager
def answered(
    entries: Iterable[Entry], made: Callable[[Entry], None] = lambda entry: None
) -> Iterator[None]:
    """Have Sphinx-Gallery take outputs from ``entries``; it is as it was when this ends.

    ``made`` is called with each entry when its page is.
    """
    stand = _Answers(entries, made)
    with (
        _instead_of(gen_rst, "execute_script", stand.execute_script),
        _instead_of(gen_rst, "generate_file_rst", stand.generate_file_rst),
        _instead_of(gen_rst, "identify_names", stand.identify_names),
        _instead_of(gen_rst, "_collect_gallery_files", listing.collected),
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


@contextmanager
def _set_in(conf: dict[str, Any], **others: Any) -> Iterator[None]:
    original = {key: conf[key] for key in others if key in conf}
    conf.update(others)
    try:
        yield
    finally:
        conf.update(original)


def _without_matplotlib() -> AbstractContextManager[None]:
    return _instead_of(gen_gallery, "_import_matplotlib", lambda: (None, None))


@contextmanager
def _completing() -> Iterator[None]:
    """Have Sphinx-Gallery complete its settings without matplotlib, and without the packages
    for ``parallel`` and ``show_memory`` (joblib, memory_profiler), which nothing here uses."""
    own = gen_gallery._fill_gallery_conf_defaults

    def fill(conf: dict[str, Any], *arguments: Any, **more: Any) -> dict[str, Any]:
        asked = {key: conf[key] for key in ("parallel", "show_memory") if key in conf}
        filled: dict[str, Any] = own(conf | dict.fromkeys(asked, False), *arguments, **more)
        if asked.get("parallel") is True:  # as many as Sphinx has, by its option -j
            asked["parallel"] = more["app"].parallel if more.get("app") else 1
        return filled | asked

    with _without_matplotlib(), _instead_of(gen_gallery, "_fill_gallery_conf_defaults", fill):
        yield


def completed(conf: dict[str, Any]) -> dict[str, Any]:
    """Settings of Sphinx-Gallery's as it completes them, where there is no Sphinx."""
    with _completing():
        filled: dict[str, Any] = gen_gallery._fill_gallery_conf_defaults(conf)
        return filled


def fill_settings(app: Sphinx, config: Config) -> None:
    """Have Sphinx-Gallery complete its settings."""
    with _completing():
        gen_gallery.fill_gallery_conf_defaults(app, config)


def make_pages(app: Sphinx, entries: Iterable[Entry], made: Callable[[Entry], None]) -> None:
    """Have Sphinx-Gallery write the pages of ``entries``."""
    conf = app.config.sphinx_gallery_conf
    memory = _shown_memory if conf["show_memory"] else False
    with (
        answered(entries, made),
        _set_in(conf, parallel=False, show_memory=memory, reset_modules=(), image_scrapers=()),
    ):
        gen_gallery.generate_gallery_rst(app)


def _shown_memory(function: Callable[[], Any]) -> tuple[float, Any]:
    """Stands for Sphinx-Gallery's measuring: a record has what the example's process took."""
    return 0.0, function()


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
