"""What the runner is told of a gallery's scripts: from the configuration, ours and
Sphinx-Gallery's.

Ours, all empty by default:

``examples_frameworks``   the packages that are compared: titles by the module that is imported
``examples_optional``     packages that a build may lack: by module, the distribution that brings
                          it, or those that may
``examples_chosen``       a regular expression; its group is a module that a script's text asks for
``examples_environment``  variables of the scripts; None takes one away, ``{home}`` is an empty
                          folder of the script's own
``examples_share``        variables that hold a script that runs beside others to its share of the
                          cores, by the packages' own settings; ``{cores}`` is their number
``examples_lock``         a file of constraints: the versions in it stand in for those of packages
                          that are not installed, where a record made elsewhere is shown
"""

from __future__ import annotations

import os
import pickle
import re
import sys
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx_gallery import gen_rst
from sphinx_gallery.py_source_parser import extract_file_config

from site_ext.base import pins
from site_ext.base.errors import SiteError
from site_ext.gallery.parser import parse
from site_ext.run.inputs import digest
from site_ext.run.surroundings import (
    Inside,
    Manner,
    Surroundings,
    installed_folders,
    plain_environment,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sphinx.config import Config

    from site_ext.run.scripts import Example

INSIDE = Path(__file__).with_name("inside.py")
#: Resets that a fresh process makes needless, and the scraper that the child has itself.
NEEDLESS, BY_ITSELF = {"matplotlib", "seaborn"}, ("matplotlib",)
#: What Sphinx-Gallery's own code inside a script reads of the settings.
_READ_INSIDE = (
    "image_scrapers", "image_srcset", "matplotlib_animations", "compress_images", "compress_images_args",
    "thumbnail_size", "reset_modules", "reset_modules_order", "default_role", "builder_name",
    "plot_gallery", "example_extensions", "examples_dirs", "gallery_dirs", "abort_on_example_error",
)  # fmt: skip


def of(config: Config, gallery_conf: dict[str, Any], docs: Path) -> Surroundings:
    """What is told of the scripts of the galleries that ``config`` has, for the pages in ``docs``.

    Raises :exc:`SiteError` for what can't be honoured.
    """
    form = re.compile(config.examples_chosen) if config.examples_chosen else None
    inside = _Inside(gallery_conf)
    named = {name: Path(value) for name, value in config.examples_environment.items() if value}
    named = {name: path for name, path in named.items() if path.is_file()}
    reprs = gallery_conf.get("capture_repr", ())
    return Surroundings(
        parse=partial(parse, capture_repr=(reprs,) if isinstance(reprs, str) else tuple(reprs)),
        titles=config.examples_frameworks,
        optional={
            module: (names,) if isinstance(names, str) else tuple(names)
            for module, names in config.examples_optional.items()
        },
        chosen=lambda text: set(form.findall(text)) if form else set(),
        environment=partial(_environment, config.examples_environment),
        variables={
            name: f"{named[name].name} {digest(named[name])}" if name in named else value
            for name, value in sorted(config.examples_environment.items())
        },
        named=frozenset(path.resolve() for path in named.values()),
        manner=inside.manner,
        settings=inside.settings,
        pins=pins.read(docs / config.examples_lock) if config.examples_lock else {},
        share=config.examples_share,
    )


def _environment(wanted: Mapping[str, str | None], home: Path) -> dict[str, str]:
    """The variables of a script, from the configured ones."""
    variables = plain_environment(home)
    for name, value in wanted.items():
        if value is None:
            variables.pop(name, None)
        else:
            variables[name] = value.replace("{home}", str(home))
    return variables


class _Inside:
    """What Sphinx-Gallery's settings ask for of a script's own process."""

    def __init__(self, conf: dict[str, Any]) -> None:
        self.conf = conf
        # What resets modules after a script has nothing to do in a process that ends with it.
        before = conf["reset_modules_order"] != "after"
        resets = _listed(conf["reset_modules"]) if before else []
        self.resets = [one for one in resets if one not in NEEDLESS]
        self.draws = (
            tuple(_listed(conf["image_scrapers"])) != BY_ITSELF
            or bool(conf["image_srcset"])
            or conf["matplotlib_animations"][0]
            or "images" in conf["compress_images"]
        )
        self.tells = conf["inspect_global_variables"]
        self.pickled = self._pickled()

    def _pickled(self) -> dict[str, Any]:
        """The settings that go inside, each found to be one that can."""
        kept = {key: self.conf[key] for key in _READ_INSIDE if key in self.conf}
        kept["reset_modules"] = tuple(self.resets)
        for key in ("image_scrapers", "reset_modules"):
            for one in _listed(kept[key]):
                try:
                    pickle.loads(pickle.dumps(one))  # noqa: S301 - our own
                except Exception as error:  # noqa: BLE001 - whatever an object says to that
                    raise SiteError(
                        f"sphinx_gallery_conf[{key!r}] has {one!r}, which can't be used in the "
                        f"scripts' own processes ({error}); put it into a module and give its "
                        'name, "module.name"'
                    ) from None
        return kept

    def manner(self, example: Example) -> Manner:
        """How ``example`` is run."""
        return Manner(
            argv=self.argv(example),
            paths=_added_paths(),
            unshown=self.conf["ignore_repr_types"],
            inside=self._work(example),
        )

    def argv(self, example: Example) -> tuple[str, ...]:
        (reset,) = gen_rst._get_callables(self.conf, "reset_argv")
        try:
            return tuple(map(str, reset(self.conf, {"src_file": str(example.script)})))
        except Exception as error:
            raise SiteError(f"{example.script}: reset_argv raised {error!r} for it") from error

    def _work(self, example: Example) -> Inside | None:
        if not (self.draws or self.tells or self.resets):
            return None
        given = {
            "conf": self.pickled,
            "script": str(example.script),
            "fname": example.script.name,
            "target": f"{example.page}{example.script.suffix}",
            "file_conf": example.comments,
            "resets": bool(self.resets),
            "cells": [
                (cell.source, cell.line, extract_file_config(cell.source).get("multi_image_block"))
                for cell in example.cells
            ],
            "blocks": [(block.kind, block.content, block.line) for block in example.blocks],
            "text": example.source if self.tells else "",
        }
        return Inside(str(INSIDE), pickle.dumps(given), bool(self.draws), bool(self.tells))

    def settings(self, example: Example) -> dict[str, Any]:
        """What an execution depends on of all this, where it is other than plain."""
        drawn = {
            key: _spelled(self.conf[key])
            for key in (
                "image_scrapers",
                "image_srcset",
                "matplotlib_animations",
                "compress_images",
            )
            if self.draws and self.conf[key]
        }
        found = {
            "argv": list(self.argv(example)),
            "reprs": sorted({"|".join(b.reprs) for b in example.blocks if b.reprs}),
            "unshown": self.conf["ignore_repr_types"],
            "resets": [_spelled(one) for one in self.resets],
            "names": bool(self.tells),
        }
        return drawn | {key: value for key, value in found.items() if value}


def _spelled(value: Any) -> str:
    """A setting in words that are the same in every build."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (tuple, list)) else [value]


@cache
def _added_paths() -> tuple[str, ...]:
    """The folders that conf.py has modules imported from, which a script may count on.

    Not what a fresh interpreter has by itself, nor what ``PYTHONPATH`` or the way in which Sphinx
    was started has put there.
    """
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    # `python -m sphinx` has put the working folder first; conf.py may have named it besides.
    started = {"-m", "-c"} & set(sys.orig_argv[1:3]) and not sys.flags.safe_path
    here = str(Path.cwd())
    start = [here] if started and sys.path.count(here) < 2 else []
    own = {os.path.realpath(path) for path in [*filter(None, given), *start]}
    inside = tuple(os.path.realpath(path) + os.sep for path in installed_folders())
    found = [str(Path(path).absolute()) for path in sys.path if path and Path(path).is_dir()]
    return tuple(
        path
        for path in dict.fromkeys(found)
        if os.path.realpath(path) not in own
        and not f"{os.path.realpath(path)}{os.sep}".startswith(inside)
    )
