"""Where whoever publishes wants the site: what ``SITE``, ``BRANCH`` and ``SITE_URL`` say."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from publisher import root
from publisher.branch import Branch
from publisher.places import Folder
from site_ext.base.errors import SiteError
from site_ext.base.git import succeeds

if TYPE_CHECKING:
    from publisher.places import Place


def place(repo: Path) -> Place:
    """Where ``SITE`` or ``BRANCH`` say."""
    site, branch = os.environ.get("SITE", ""), os.environ.get("BRANCH", "")
    if site and branch:
        raise SiteError(f"SITE={site} and BRANCH={branch}: name one of the two")
    if branch:
        return Branch(repo, branch)
    path = Path(site).resolve() if site else repo / "build" / "site"
    if path.is_relative_to(repo) and not succeeds(repo, "check-ignore", "-q", str(path)):
        raise SiteError(
            f"SITE={site}: in this repository, and not ignored by git, so that the tree would "
            "never be clean again; name a folder elsewhere or below build/"
        )
    return Folder(path)


def site_url(there: Place) -> str:
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
