"""Only execute what is out of date, without building pages.

    python -m commands.examples

reads PATTERN, SHARD, JOBS and STRICT as the build does. With SHARD=2/4 it executes the
second quarter of the examples; the records of the four, copied into one build/records/,
build the site without executing anything.
"""

import os
import sys
from pathlib import Path

from sphinx.errors import SphinxError

from site_ext.gallery import build as gallery
from site_ext.run import execute as runner

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    options = runner.Options(
        gallery=ROOT / "gallery",
        records=ROOT / "build" / "records",
        root=ROOT,
        pattern=os.environ.get("PATTERN", ""),
        shard=os.environ.get("SHARD", ""),
        jobs=os.environ.get("JOBS") or "1",
    )
    entries = gallery.execute_and_tell(options, strict=bool(os.environ.get("STRICT")))
    gallery.raise_for_failed(entries)


if __name__ == "__main__":
    try:
        main()
    except SphinxError as error:
        sys.exit(f"{error.category}: {error}")
