"""Put a version of the site beside those already published: ``make site``.

    python conf/publish.py

reads ``SITE`` (a folder, default build/site) or ``BRANCH`` (such as gh-pages), ``SITE_URL``
(the address that the site is served at) and ``RELEASES`` (build these, each from its own
commit, instead of the working tree).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "conf"))

from sphinx.errors import SphinxError  # noqa: E402 - the path comes first

from publisher import building, checking, places, repository, root  # noqa: E402
from site_ext import versions  # noqa: E402
from site_ext.errors import SiteError  # noqa: E402


def place() -> places.Place:
    """Where ``SITE`` or ``BRANCH`` say."""
    site, branch = os.environ.get("SITE", ""), os.environ.get("BRANCH", "")
    if site and branch:
        raise SiteError(f"SITE={site} and BRANCH={branch}: name one of the two")
    if branch:
        return places.Branch(ROOT, branch)
    return places.Folder(Path(site).resolve() if site else ROOT / "build" / "site")


def site_url() -> str:
    """The address that ``SITE_URL`` gives, checked; empty without one."""
    return root.checked_url(os.environ.get("SITE_URL", ""))


def main() -> None:
    there, url = place(), site_url()
    wanted = os.environ.get("RELEASES", "").split()
    if wanted:
        for name in wanted:
            _publish_release(there, versions.normal(name), url)
    else:
        _publish_tree(there, url)


def _publish_release(there: places.Place, version: str, url: str) -> None:
    if version == versions.DEV:
        raise SiteError("RELEASES is for releases; the working tree is published without it")
    if version in there.published():
        print(f"version {version} is published already, and stays as it is", flush=True)
        return
    _publish(there, building.release(ROOT, version), version, url)


def _publish_tree(there: places.Place, url: str) -> None:
    repository.require_clean(ROOT)
    version = repository.version_of(ROOT)
    # Before minutes are spent on building what can't be published.
    places.require_new(there.published(), version)
    _publish(there, building.working_tree(ROOT, version), version, url)


def _publish(there: places.Place, built: Path, version: str, url: str) -> None:
    release = checking.check(built, version)
    there.publish(built, release, url)
    print(f"version {version} is published: {there}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except SphinxError as error:
        sys.exit(f"make site: {error}")
