"""The examples of this repository, as its build finds them."""

from __future__ import annotations

from pathlib import Path

from site_ext.gallery import build, listing, seam, surroundings

ROOT = Path(__file__).resolve().parent.parent
CONFIG = build.configuration(ROOT / "conf")
CONF = seam.completed(CONFIG.sphinx_gallery_conf)
HERE = surroundings.of(CONFIG, CONF, ROOT / "docs")
FOUND = listing.examples(CONFIG, CONF, ROOT / "docs", ROOT)
environment = HERE.environment
