"""Only execute what is out of date, without building pages.

    python -m commands.examples

reads PATTERN, SHARD, JOBS and STRICT as the build does. With SHARD=2/4 it executes the
second quarter of the examples; the records of the four, copied into one build/records/,
build the site without executing anything.
"""

import sys
from pathlib import Path

from site_ext.base.errors import SiteError
from site_ext.gallery import build, seam
from site_ext.run import report
from site_ext.run.plan import Options

ROOT = Path(__file__).resolve().parents[2]


def options() -> Options:
    """What the configuration says of this tree's examples."""
    config = build.configuration(ROOT / "conf")
    conf, docs = seam.completed(config.sphinx_gallery_conf), ROOT / "docs"
    pages = docs / conf["gallery_dirs"]
    return build.options(config, conf, docs, [pages], records=config.examples_records)


def main() -> None:
    strict = build.configuration(ROOT / "conf").examples_strict
    report.raise_for_failed(build.execute_and_tell(options(), strict=strict))


if __name__ == "__main__":
    try:
        main()
    except SiteError as error:
        sys.exit(f"make examples: {error}")
