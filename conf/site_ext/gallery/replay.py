"""Sphinx-Gallery asks for a script to be executed; answer from its record.

Sphinx-Gallery makes the pages, notebooks, downloads and thumbnails with its own
code, in the Sphinx process. The one step that it does not take itself is running
the cells: :mod:`site_ext.gallery.seam` has :func:`answer` here stand for its own function,
which returns what the record of the example's own process holds.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Any

from sphinx_gallery import gen_rst, py_source_parser, scrapers

from site_ext.base.errors import SiteError
from site_ext.base.text import clean
from site_ext.gallery import shown
from site_ext.run.drawn import MIB
from site_ext.run.outcome import KEPT

if TYPE_CHECKING:
    from site_ext.run.outcome import CellOutput
    from site_ext.run.plan import Entry

#: Sphinx's own directive: it keeps images of one name in two folders apart, and siblings
#: share their names. Sphinx-Gallery's would let the last one win.
_IMAGE = """
.. image:: /{source}
   :alt: {alt}
   :class: {kind}

"""
#: A line that looks like a frame of a traceback, and isn't quite: so faulthandler writes them.
_ENDLESS = re.compile(r'^  File "[^"]+", line \d+(?!\d)(?!(?:, in .+)?(?:\n|\Z))', re.MULTILINE)


def answer(
    entry: Entry,
    script_blocks: list[Any],
    script_vars: dict[str, Any],
    gallery_conf: dict[str, Any],
    file_conf: dict[str, Any],
) -> tuple[list[str], float]:
    """The reST of each block's output and the seconds that the blocks took.

    ``script_vars`` is left as Sphinx-Gallery's own function leaves it; that the page is made is
    noted when it is (:mod:`site_ext.gallery.seam`).
    """
    record = entry.record
    target = Path(script_vars["target_file"])
    shown.remove_figures(target)
    script_vars["example_globals"] = {}
    tells = record is not None and gallery_conf["show_memory"]
    script_vars["memory_delta"] = record.peak_rss_mib if record and tells else 0.0
    outputs = iter(record.outputs if record else ())
    failure = record.failure if record and entry.status == "failed" else None
    cell, rendered = 0, []
    for block in script_blocks:
        if block.type == "text":
            rendered.append("")
            continue
        output = next(outputs, None)
        single = _stay_single(block, file_conf)
        rst = _output_rst(output, entry, script_vars, gallery_conf, single) if output else ""
        if failure and failure.cell == cell:
            rst += _error_rst(failure.text, failure.what)
        rendered.append(rst)
        cell += 1
    if failure:
        script_vars["formatted_exception"] = clean(failure.text) or failure.what
        script_vars["execute_script"] = False
    elif entry.status != "skipped":
        script_vars["passing"] = True
    # Of what took no time at all, Sphinx-Gallery says nothing; a record counts milliseconds.
    return rendered, max(record.run_seconds, 0.001) if record else 0.0


def _stay_single(block: Any, file_conf: dict[str, Any]) -> bool:
    """Whether several figures of one cell are to be shown in full width."""
    own = py_source_parser.extract_file_config(block.content).get("multi_image_block")
    return (own or file_conf.get("multi_image")) == "single"


def _output_rst(
    output: CellOutput,
    entry: Entry,
    script_vars: dict[str, Any],
    gallery_conf: dict[str, Any],
    single: bool,
) -> str:
    images = _others(output, script_vars, gallery_conf) if output.rst else ""
    images += _figures(output, script_vars, gallery_conf, single)
    method, text = output.shown
    # The docstring stands on the page already.
    printed = clean(output.text.removeprefix(f"{entry.example.doc}\n")).expandtabs()
    if method in ("__repr__", "__str__") and text:
        printed = f"{printed}\n{clean(text)}"
    if output.left_out:
        printed += (
            f"\n[{output.left_out:,} bytes more were printed: of what an example prints, the first "
            f"{KEPT // MIB} MiB are kept]"
        )
    told = gen_rst.CODE_OUTPUT.format(indent(printed, " " * 4)) if printed.strip() else ""
    html = gen_rst.HTML_HEADER.format(indent(text, " " * 4)) if method == "_repr_html_" else ""
    return f"\n{images}\n\n{told}\n{html}\n\n\n"


def _others(output: CellOutput, script_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """What scrapers of others made of a cell; their files go where their text says."""
    docs = Path(gallery_conf["src_dir"])
    known = Path(script_vars["target_file"]).parent / "images"
    stem = re.compile(rf"sphx_glr_{re.escape(Path(script_vars['src_file']).stem)}_\d{{3,}}\.\w+")
    for name, content in output.files.items():
        path = Path(os.path.normpath(docs / name))
        if not path.is_relative_to(docs):
            raise SiteError(f"{name}: a figure can't stand outside of {docs}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        if path.parent == known and stem.fullmatch(path.name):
            next(script_vars["image_path_iterator"])  # thumbnails may count from the last
    return output.rst


def _figures(
    output: CellOutput, script_vars: dict[str, Any], gallery_conf: dict[str, Any], single: bool
) -> str:
    """The figures of a cell, as Sphinx-Gallery lays them out."""
    made = []
    many = len(output.figures) > 1
    kind = "sphx-glr-multi-img" if many and not single else "sphx-glr-single-img"
    for figure in output.figures:
        path = Path(next(script_vars["image_path_iterator"]))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(figure.png)
        source = path.relative_to(gallery_conf["src_dir"]).as_posix()
        # Without titles, the script's name, as Sphinx-Gallery has it.
        alt = " ".join(clean(figure.alt).split()) or re.sub(r"[-,_]", " ", path.stem[9:-4])
        made.append(_IMAGE.format(source=source, alt=alt, kind=kind))
    if not many:
        return "".join(made)
    listed = (scrapers.HLIST_IMAGE_MATPLOTLIB + indent(image, " " * 6) for image in made)
    return f"{scrapers.HLIST_HEADER}{''.join(listed)}"


def _error_rst(text: str, what: str) -> str:
    # Pygments' lexer of tracebacks never ends on some texts that are none, or have others in them.
    traceback = text.startswith("Traceback") and not _ENDLESS.search(text)
    told = text if traceback else "\n".join(filter(None, (what, text.strip())))
    box = gen_rst.codestr2rst(clean(told), lang="pytb" if traceback else "none")
    return f"\n.. rst-class:: sphx-glr-script-out\n\n{box}\n\n\n"
