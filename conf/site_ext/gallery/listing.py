"""The examples of all galleries: what Sphinx-Gallery itself would execute.

Which files there are, which of them are executed and which are expected to fail is told by its
settings and found by its functions. Files that are not executed, or in other languages, are left
to it altogether.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx.errors import ExtensionError
from sphinx_gallery import gen_gallery, gen_rst, utils

from site_ext.base.errors import SiteError
from site_ext.gallery import parser, surroundings
from site_ext.run.scripts import Example

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.config import Config

#: All files of the galleries, as they were when this build planned.
_listed: set[str] = set()


def collected(folders: list[Path], gallery_conf: dict[str, Any], **more: Any) -> list[str]:
    """What Sphinx-Gallery's own function of this purpose returns, less what has come since this
    build planned: nothing is known of it, and Sphinx-Gallery would execute it itself."""
    found: list[str] = utils._collect_gallery_files(folders, gallery_conf, **more)
    return [name for name in found if os.path.realpath(Path(folders[0], name)) in _listed]


def examples(config: Config, gallery_conf: dict[str, Any], docs: Path, root: Path) -> list[Example]:
    """All examples, in the order of their names; ``docs`` is the folder of the pages' sources.

    An example's name is its path below its gallery; where there are several galleries, its page.
    Raises :exc:`SiteError` for a setting of another kind, before anything runs.
    """
    parser.forget()
    _listed.clear()
    around = surroundings.of(config, gallery_conf, docs)
    expected = {os.path.realpath(docs / path) for path in gallery_conf["expected_failing_examples"]}
    pairs = galleries(gallery_conf, docs)
    found: dict[str, Example] = {}
    for folder, pages in pairs:
        for script in scripts(folder, gallery_conf, docs):
            inside = Path(os.path.relpath(script, folder)).with_suffix("").as_posix()
            page = Path(os.path.normpath(f"{pages}/{inside}")).as_posix()
            path = Path(os.path.relpath(script, root)).as_posix()
            name = inside if len(pairs) == 1 else page
            known = os.path.realpath(script) in expected
            found[name] = Example(name, script, around, page, path, known)
            expected.discard(os.path.realpath(script))
    for example in found.values():
        _check(example)
    for left in sorted(expected):
        if re.search(gallery_conf["filename_pattern"], left):
            raise SiteError(f"{left}: expected_failing_examples names it, and no gallery has it")
    return [found[name] for name in sorted(found)]


def quotations(docs: Path, gallery_conf: dict[str, Any]) -> dict[str, int]:
    """How often the sources of the pages name each path like ``theme/script``: what is quoted most
    is missed most."""
    made = [docs / pages for _, pages in galleries(gallery_conf, docs)]
    found: Counter[str] = Counter()
    for page in docs.rglob("*"):
        if page.suffix in (".md", ".rst", ".txt") and not any(map(page.is_relative_to, made)):
            found.update(re.findall(r"[\w-]+(?:/[\w-]+)+", page.read_text(encoding="utf-8")))
    return dict(found)


def _check(example: Example) -> None:
    """Find now what is wrong with a script's settings, and whether it can be read at all."""
    try:
        example.settings  # noqa: B018
    except (UnicodeDecodeError, ExtensionError, AssertionError) as error:
        why = str(error) or "its first line is not a docstring; Sphinx-Gallery asks for one"
        raise SiteError(f"{example.script}: {why}") from None


def galleries(gallery_conf: dict[str, Any], docs: Path) -> list[tuple[Path, str]]:
    """The folder of each gallery, and that of its pages below ``docs``."""
    folders, pages = (
        [value] if isinstance(value, (str, os.PathLike)) else list(value)
        for value in (gallery_conf["examples_dirs"], gallery_conf["gallery_dirs"])
    )
    found = [(Path(os.path.normpath(docs / folder)), str(to)) for folder, to in zip(folders, pages)]  # noqa: B905 - as Sphinx-Gallery does
    for folder, _ in found:
        if not folder.is_dir():
            raise SiteError(
                f"{folder}: no such folder; examples_dirs in sphinx_gallery_conf names it"
            )
    return found


def scripts(folder: Path, gallery_conf: dict[str, Any], docs: Path) -> Iterator[Path]:
    """The scripts of one gallery that are executed."""
    try:
        header = gen_rst._get_gallery_header(folder, gallery_conf)
        below = gen_gallery.get_subsections(
            docs, folder, gallery_conf, check_for_header=header is not None
        )
    except ExtensionError as error:
        raise SiteError(str(error)) from None
    for part in (folder, *(folder / name for name in below)):
        for name in utils._collect_gallery_files([part], gallery_conf):
            _listed.add(os.path.realpath(part / name))
            script = part / name
            # Not by executable_script, which asks for plot_gallery too: what is not to be
            # executed in this build is shown as it was executed before.
            if script.suffix == ".py" and re.search(
                gallery_conf["filename_pattern"], os.path.normpath(script)
            ):
                yield script
