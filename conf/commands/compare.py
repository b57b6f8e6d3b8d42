"""Say what moved between two versions: ``make compare OLD=v1.0 NEW=dev``; ``stable`` is the newest
release.

    python -m commands.compare v1.0 dev

Ends with status 1 where the verdict on a statement changed, for a bot that bumps versions,
and with 2 where it could not tell (make itself makes both of them 2). Published versions
come from ``SITE`` or ``BRANCH``; ``dev`` is the working tree, as `make html` built it last.
With ``--look`` before the versions it only sees whether they are to be had.
"""

from __future__ import annotations

import sys
from pathlib import Path

from commands.ending import UNUSABLE, exit_with
from publisher import changes, releases, root, wanted
from site_ext.base import versions
from site_ext.base.errors import SiteError

ROOT = Path(__file__).resolve().parents[2]

CHANGED = 1


def find(name: str) -> releases.Release:
    """The release of that name; raises :exc:`SiteError` where it is not to be had."""
    if name == versions.DEV:
        return releases.read_folder(ROOT / "build/html", name)
    there = wanted.place(ROOT)
    known = there.published()
    is_stable = name == root.STABLE and known
    version = versions.preferred(known) if is_stable else versions.normal(name)
    if version not in known:
        raise SiteError(
            f"version {version} is not among those published {there}, which are "
            f"{', '.join(versions.in_order(known)) or 'none'}; name another SITE= or BRANCH=, or "
            f"build it there with `make site RELEASES={version}`"
        )
    return known[version]


def look(*names: str) -> int:
    """Raise :exc:`SiteError` for what can't be compared, before anything is built for it."""
    for name in names:
        if name != versions.DEV:
            find(name)
    return 0


def main(old: str, new: str) -> int:
    found = changes.between(find(old), find(new))
    print(changes.as_text(found))
    return CHANGED if found.verdicts else 0


if __name__ == "__main__":
    *options, old, new = ["", "", *sys.argv[1:]]
    if not old or not new:
        print("usage: make compare OLD=v0.1 NEW=dev", file=sys.stderr)
        sys.exit(UNUSABLE)
    exit_with("compare", lambda: look(old, new) if "--look" in options else main(old, new))
