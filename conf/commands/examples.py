"""Only execute what is out of date, without building pages.

    python -m commands.examples

reads PATTERN, SHARD, JOBS and STRICT as the build does. With SHARD=2/4 it executes the
second quarter of the examples; the records of the four, copied into one build/records/,
build the site without executing anything.
"""

import os
import sys
from pathlib import Path

from site_ext.base.errors import SiteError
from site_ext.gallery.build import execute_and_tell
from site_ext.gallery.surroundings import HERE
from site_ext.run import report
from site_ext.run.plan import Options

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    options = Options(
        gallery=ROOT / "gallery",
        records=ROOT / "build" / "records",
        root=ROOT,
        surroundings=HERE,
        pattern=os.environ.get("PATTERN", ""),
        shard=os.environ.get("SHARD", ""),
        jobs=os.environ.get("JOBS") or "1",
    )
    entries = execute_and_tell(options, strict=bool(os.environ.get("STRICT")))
    report.raise_for_failed(entries)


if __name__ == "__main__":
    try:
        main()
    except SiteError as error:
        sys.exit(f"make examples: {error}")
