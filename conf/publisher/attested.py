"""Records that a release may be made of: those that this project's CI attested.

Whatever a record says of itself anybody could have written. GitHub's artifact attestations say by
which workflow of which repository a file was made; ``gh attestation verify`` checks that.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from site_ext.base.errors import SiteError
from site_ext.stores import pack

WORKFLOW = ".github/workflows/site.yml"


def require(store: str) -> None:
    """Raise :exc:`SiteError` unless ``RECORDS=`` names an archive that CI attested."""
    repository, file = os.environ.get("REPOSITORY", ""), Path(store)
    if not file.is_file():
        raise SiteError(
            f"RECORDS={store}: a release takes only records that CI attested; name an archive of "
            f"them ({pack.ARCHIVE}), or let the release execute its examples"
        )
    if not repository:
        raise SiteError(f"RECORDS={store}: whose CI attested it? Give REPOSITORY=owner/name")
    if shutil.which("gh") is None:
        raise SiteError(f"RECORDS={store}: GitHub's command line `gh` is needed to verify it")
    command = ["gh", "attestation", "verify", str(file), "--repo", repository]
    command += ["--signer-workflow", f"{repository}/{WORKFLOW}"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["gh failed"])[-1]
        raise SiteError(f"RECORDS={store}: not attested by {repository}: {said}")
