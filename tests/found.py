"""The examples of this repository, as its build finds them."""

from __future__ import annotations

import os
from pathlib import Path

from site_ext.gallery import build, listing, seam, surroundings

ROOT = Path(__file__).resolve().parent.parent
CONFIG = build.configuration(ROOT / "conf")
CONF = seam.completed(CONFIG.sphinx_gallery_conf)
HERE = surroundings.of(CONFIG, CONF, ROOT / "docs")
FOUND = listing.examples(CONFIG, CONF, ROOT / "docs", ROOT)
environment = HERE.environment
#: The frameworks' settings for scripts that run side by side.
SINGLE_THREADED = dict.fromkeys(CONFIG.examples_share, "1")
#: How many of them a test may run at once: the other cores are other tests'.
AT_ONCE = max(1, (os.cpu_count() or 1) // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
