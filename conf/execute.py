"""Only execute what is out of date, without building pages.

    python conf/execute.py

reads PATTERN, SHARD, JOBS and STRICT as the build does. With SHARD=2/4 it executes the
second quarter of the examples; the records of the four, copied into one build/records/,
build the site without executing anything.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "conf"))

from sphinx.errors import SphinxError  # noqa: E402 - the path comes first

from site_ext import gallery, runner  # noqa: E402


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
