"""Only execute what is out of date, without building pages.

    python -m commands.examples

reads RECORDS, PATTERN, SHARD, JOBS, BUDGET, CLUSTER and STRICT as the build does. With SHARD=2/4
it executes the second quarter of the examples; the records of the four, copied into one
build/records/, build the site without executing anything.
"""

import sys
from pathlib import Path

from site_ext.base.errors import SiteError
from site_ext.gallery import build
from site_ext.run import report

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    config = build.configuration(ROOT / "conf")
    entries = build.execute_and_tell(
        build.options_in(ROOT), strict=config.examples_strict, store=config.examples_store
    )
    report.raise_for_failed(entries)


if __name__ == "__main__":
    try:
        main()
    except SiteError as error:
        sys.exit(f"make examples: {error}")
