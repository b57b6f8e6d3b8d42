"""How old the evidence is: ``make freshness``.

    python -m commands.freshness

Lists sources and recorded measurements, the oldest first, with those that are due to be read
or measured again; then, where a package index can be reached, sources that are releases with
another day or a successor there, and the releases that are newer than the pins. Ends with 1 if
something is due.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from site_ext.base.errors import SiteError
from site_ext.claims import age, sources, uploads
from site_ext.claims.sources import DATED_DAYS, READ_DAYS

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    found = age.items(ROOT / "docs", datetime.now(UTC).date())
    print(
        f"Sources and measurements; a fact about today is due {DATED_DAYS} days after the date of "
        f"its source, or {READ_DAYS} after that was read, if it has none"
    )
    for item in found:
        print(age.line(item))
    due = [item.name for item in found if item.overdue]
    print(f"\nDue: {', '.join(due) or 'none'}\n\nReleases that are sources:", flush=True)
    moved = list(uploads.moved(sources.read(ROOT / "docs" / sources.FILE).values()))
    print(*(f"  {one}" for one in moved or ["as they were"]), sep="\n")
    print("\nNewer than the pins in constraints.txt:", flush=True)
    newer = list(uploads.newer(age.pinned(ROOT)))
    for one in newer:
        print(f"  {one.name} {one.pinned} -> {one.newest}" if one else f"  {uploads.OUT_OF_REACH}")
    if not newer:
        print("  none")
    elif newer[0]:
        print("\nTo take them: `make lock html`, then `make compare`")
    return 1 if due else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SiteError as error:
        sys.exit(f"make freshness: {error}")
