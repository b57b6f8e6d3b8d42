"""Sphinx-Gallery asks for a script to be executed; answer from its record.

Sphinx-Gallery makes the pages, notebooks, downloads and thumbnails with its own
code, in the Sphinx process. The one step that it does not take itself is running
the cells: :func:`sphinx_gallery.gen_rst.execute_script` is replaced for the time of
a build by :func:`execute_script` here, which returns what the record of the
example's own process holds. A record that is not the one shown by a page makes the
page stale; an unchanged one leaves it alone.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Any

import sphinx_gallery
from sphinx_gallery import gen_rst, py_source_parser
from sphinx_gallery.utils import get_md5sum

from site_ext.run.scripts import split

if TYPE_CHECKING:
    from collections.abc import Mapping

    from site_ext.run.execute import Entry
    from site_ext.run.process import CellOutput

#: Sphinx's own directive: it keeps images of one name in two folders apart, and siblings
#: share their names. Sphinx-Gallery's would let the last one win.
_IMAGE = """
.. image:: /{source}
   :alt: {alt}
   :class: sphx-glr-single-img

"""
#: What turns a record into a page; when it changes, so do the pages.
_RENDERED_BY = (sphinx_gallery.__version__, Path(__file__).read_bytes())
_ORIGINAL = gen_rst.execute_script
_ORIGINAL_SPLIT = py_source_parser.split_code_and_text_blocks
#: The settings that show on a page, from :func:`start`.
_settings = ""
_ANSI_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


def start(entries: Mapping[str, Entry], gallery_dir: Path, settings: str = "") -> None:
    """From now on Sphinx-Gallery takes outputs from ``entries``, keyed by script path.

    ``gallery_dir`` is where it writes its pages; those that show another record than
    today's, or were made under other ``settings``, are made stale.
    """
    global _settings  # noqa: PLW0603 - one build at a time, like the function it replaces
    _settings = settings

    def execute_script(
        script_blocks: list[Any],
        script_vars: dict[str, Any],
        gallery_conf: dict[str, Any],
        file_conf: dict[str, Any],
    ) -> tuple[list[str], float]:
        entry = entries[os.path.realpath(script_vars["src_file"])]
        return answer(entry, script_blocks, script_vars, gallery_conf)

    _remove_pages_of_others({entry.example.name for entry in entries.values()}, gallery_dir)
    for entry in entries.values():
        target = gallery_dir / f"{entry.example.name}.py"
        shown = shown_by(target)
        if not shown.exists() or shown.read_text(encoding="utf-8") != fingerprint(entry):
            Path(f"{target}.md5").unlink(missing_ok=True)
    gen_rst.execute_script = execute_script
    py_source_parser.split_code_and_text_blocks = split


def stop() -> None:
    """Give Sphinx-Gallery its own functions back."""
    gen_rst.execute_script = _ORIGINAL
    py_source_parser.split_code_and_text_blocks = _ORIGINAL_SPLIT


def answer(
    entry: Entry,
    script_blocks: list[Any],
    script_vars: dict[str, Any],
    gallery_conf: dict[str, Any],
) -> tuple[list[str], float]:
    """The reST of each block's output and the seconds that the blocks took.

    ``script_vars`` is left as Sphinx-Gallery's own function leaves it.
    """
    record = entry.record
    target = Path(script_vars["target_file"])
    _remove_figures(target)
    script_vars["example_globals"] = {}
    script_vars["memory_delta"] = 0.0
    outputs = iter(record.outputs if record else ())
    failure = record.failure if record and entry.status == "failed" else None
    cell, rendered = 0, []
    for block in script_blocks:
        if block.type == "text":
            rendered.append("")
            continue
        output = next(outputs, None)
        rst = _output_rst(output, script_vars, gallery_conf) if output else ""
        if failure and failure.cell == cell:
            rst += _error_rst(failure.text)
        rendered.append(rst)
        cell += 1
    if failure:
        script_vars["formatted_exception"] = failure.what
        script_vars["execute_script"] = False
    else:
        script_vars["passing"] = True
        Path(f"{target}.md5").write_text(get_md5sum(str(target), mode="t"), encoding="utf-8")
    shown_by(target).write_text(fingerprint(entry), encoding="utf-8")
    return rendered, record.run_seconds if record else 0.0


def fingerprint(entry: Entry) -> str:
    """A name for what a page shows of an entry; it differs when the page must."""
    record = entry.record
    # Not the key alone: a record may have been edited, and what it says now is what counts.
    shown = (entry.status, *((record.key, record.executed_at, record.measured) if record else ()))
    reason = "" if record else entry.reason
    return hashlib.sha256(repr((shown, reason, _RENDERED_BY, _settings)).encode()).hexdigest()[:16]


def shown_by(target: Path) -> Path:
    """The file beside a generated page that names what it shows."""
    return target.with_suffix(".shown")


def _remove_pages_of_others(names: set[str], gallery_dir: Path) -> None:
    """Remove what was generated for examples, and themes, that are gone."""
    for shown in list(gallery_dir.glob("*/*.shown")):
        if shown.relative_to(gallery_dir).with_suffix("").as_posix() not in names:
            _remove_figures(shown)
            for generated in shown.parent.glob(f"{shown.stem}.*"):
                generated.unlink()
    for theme in gallery_dir.glob("*/"):
        themes = {name.partition("/")[0] for name in names}
        if (theme / "index.rst").exists() and theme.name not in themes:
            shutil.rmtree(theme)


def _remove_figures(target: Path) -> None:
    images = target.parent / "images"
    for pattern in (f"sphx_glr_{target.stem}_[0-9]*.png", f"thumb/sphx_glr_{target.stem}_thumb.*"):
        for old in images.glob(pattern):
            old.unlink()


def _output_rst(
    output: CellOutput, script_vars: dict[str, Any], gallery_conf: dict[str, Any]
) -> str:
    images = ""
    for figure in output.figures:
        path = next(script_vars["image_path_iterator"])
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(figure.png)
        source = Path(path).relative_to(gallery_conf["src_dir"]).as_posix()
        images += _IMAGE.format(source=source, alt=" ".join(figure.alt.split()))
    text = ""
    if output.text.strip():
        printed = _ANSI_ESCAPE.sub("", output.text).expandtabs()
        text = gen_rst.CODE_OUTPUT.format(indent(printed, " " * 4))
    return f"\n{images}\n\n{text}\n\n\n"


def _error_rst(text: str) -> str:
    # Pygments' lexer of tracebacks never ends on some texts that are none.
    lang = "pytb" if text.startswith("Traceback") else "none"
    shown = gen_rst.codestr2rst(text, lang=lang)
    return f"\n.. rst-class:: sphx-glr-script-out\n\n{shown}\n\n\n"
