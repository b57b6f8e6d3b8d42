"""Sphinx-Gallery asks for a script to be executed; answer from its record.

Sphinx-Gallery makes the pages, notebooks, downloads and thumbnails with its own
code, in the Sphinx process. The one step that it does not take itself is running
the cells: :mod:`site_ext.gallery.seam` has :func:`answer` here stand for its own function,
which returns what the record of the example's own process holds.
"""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Any

from sphinx_gallery import gen_rst
from sphinx_gallery.utils import get_md5sum

from site_ext.gallery import shown

if TYPE_CHECKING:
    from site_ext.run.outcome import CellOutput
    from site_ext.run.plan import Entry

#: Sphinx's own directive: it keeps images of one name in two folders apart, and siblings
#: share their names. Sphinx-Gallery's would let the last one win.
_IMAGE = """
.. image:: /{source}
   :alt: {alt}
   :class: sphx-glr-single-img

"""
_ANSI_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


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
    shown.remove_figures(target)
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
    return rendered, record.run_seconds if record else 0.0


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
