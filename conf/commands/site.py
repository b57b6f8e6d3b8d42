"""Put a version of the site beside those already published: ``make site``.

    python -m commands.site

reads ``SITE`` (a folder, default build/site) or ``BRANCH`` (such as gh-pages), ``SITE_URL``
(the address that the site is served at), ``RELEASES`` (build these, each from its own
commit, instead of the working tree) and ``DEV=1`` (the commit that is checked out is dev,
whatever it is).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from sphinx.errors import SphinxError

from publisher import building, checking, places, repository, root
from site_ext.base import versions
from site_ext.base.errors import SiteError

ROOT = Path(__file__).resolve().parents[2]


def place() -> places.Place:
    """Where ``SITE`` or ``BRANCH`` say, with what an earlier run left undone done."""
    site, branch = os.environ.get("SITE", ""), os.environ.get("BRANCH", "")
    if site and branch:
        raise SiteError(f"SITE={site} and BRANCH={branch}: name one of the two")
    if branch:
        return places.Branch(ROOT, branch)
    path = Path(site).resolve() if site else ROOT / "build" / "site"
    if path.is_relative_to(ROOT) and not repository.succeeds(ROOT, "check-ignore", "-q", str(path)):
        raise SiteError(
            f"SITE={site}: in this repository, and not ignored by git, so that the tree would "
            "never be clean again; name a folder elsewhere or below build/"
        )
    return places.Folder(path)


def site_url(there: places.Place) -> str:
    """The address that ``SITE_URL`` gives, or else the one that the site had; it may be empty.

    Builds read it from the environment.
    """
    url = root.checked_url(os.environ.get("SITE_URL", "")) or there.address()
    if not url:
        print(
            "SITE_URL is not given: canonical links and the sitemap will be relative, in a "
            "release for good",
            flush=True,
        )
    os.environ["SITE_URL"] = url
    return url


def main() -> None:
    there = place()
    url = site_url(there)
    names = os.environ.get("RELEASES", "").split()
    as_dev = os.environ.get("DEV", "0") not in {"", "0"}
    if names and as_dev:
        raise SiteError("RELEASES and DEV: name one of the two")
    # All of them, before the first one is built.
    wanted = {versions.normal(name): "" for name in names}
    for version in wanted:
        if version == versions.DEV:
            raise SiteError("RELEASES is for releases; DEV=1 publishes the working tree as dev")
        wanted[version] = repository.commit_of(ROOT, version)
    with building.alone(ROOT):
        there.recover()
        if wanted:
            for version, commit in wanted.items():
                if version in there.published():
                    print(f"version {version} is published already, and stays as it is", flush=True)
                else:
                    _publish_release(there, version, commit, url)
        else:
            _publish_tree(there, url, as_dev=as_dev)


def _publish_release(there: places.Place, version: str, commit: str, url: str) -> None:
    built = building.of_tree(ROOT, building.check_out(ROOT, commit, version), version)
    _publish(there, built, version, commit, url)


def _publish_tree(there: places.Place, url: str, *, as_dev: bool) -> None:
    repository.require_clean(ROOT)
    version = versions.DEV if as_dev else repository.version_of(ROOT)
    # Before minutes are spent on building what can't be published.
    places.require_new(there.published(), version)
    if version == versions.DEV:
        commit = repository.git(ROOT, "rev-parse", "HEAD")
        _publish(there, building.working_tree(ROOT, version), version, commit, url)
    else:
        _publish_release(there, version, repository.commit_of(ROOT, version), url)


def _publish(there: places.Place, built: Path, version: str, commit: str, url: str) -> None:
    there.publish(built, checking.check(built, version, commit), url)
    print(f"version {version} is published: {there}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except SphinxError as error:
        sys.exit(f"make site: {error}")
