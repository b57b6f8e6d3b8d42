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

from publisher import building, checking, places, repository, wanted
from publisher.clean import require_clean
from site_ext.base import versions
from site_ext.base.errors import SiteError
from site_ext.base.git import git, succeeds

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    there = wanted.place(ROOT)
    url = wanted.site_url(there)
    names = os.environ.get("RELEASES", "").split()
    as_dev = os.environ.get("DEV", "0") not in {"", "0"}
    if names and as_dev:
        raise SiteError("RELEASES and DEV: name one of the two")
    # All of them, before the first one is built.
    asked = {versions.normal(name): "" for name in names}
    for version in asked:
        if version == versions.DEV:
            raise SiteError("RELEASES is for releases; DEV=1 publishes the working tree as dev")
        repository.require_standing(ROOT, version)
        asked[version] = repository.commit_of(ROOT, version)
    with building.alone(ROOT):
        there.recover(url)
        if asked:
            for version, commit in asked.items():
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
    require_clean(ROOT)
    version = versions.DEV if as_dev else repository.version_of(ROOT)
    # Before minutes are spent on building what can't be published.
    known = there.published()
    places.require_new(known, version)
    if version == versions.DEV and version in known:
        _require_newer(known[version].commit)
    if version == versions.DEV:
        commit = git(ROOT, "rev-parse", "HEAD")
        _publish(there, building.working_tree(ROOT, version), version, commit, url)
    else:
        repository.require_standing(ROOT, version)
        _publish_release(there, version, repository.commit_of(ROOT, version), url)


def _require_newer(published: str) -> None:
    """Raise :exc:`SiteError` if dev is published from a commit that comes after this one: a run that is
    repeated must not put it back."""
    head = git(ROOT, "rev-parse", "HEAD")
    if head != published and succeeds(ROOT, "merge-base", "--is-ancestor", head, published):
        raise SiteError(
            f"dev is published from {published[:10]}, which comes after {head[:10]}; publish that or "
            "what came since, or take back by `git revert` what is to be taken back"
        )


def _publish(there: places.Place, built: Path, version: str, commit: str, url: str) -> None:
    there.publish(built, checking.check(built, version, commit), url)
    print(f"version {version} is published: {there}", flush=True)
    if refs := " ".join(there.refs(version)):
        print(f"push it with `git push --atomic origin {refs}`", flush=True)


if __name__ == "__main__":
    try:
        main()
    except SiteError as error:
        sys.exit(f"make site: {error}")
