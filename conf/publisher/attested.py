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
#: Whoever can push another branch can change the workflow there.
BRANCH = "refs/heads/main"


def copied(store: str, folder: Path) -> Path:
    """A copy in ``folder`` of the archive that ``RECORDS=`` names, found to be one that CI attested;
    what is read later is what was verified. Raises :exc:`SiteError` for any other."""
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
    folder.mkdir(parents=True, exist_ok=True)
    copy = Path(shutil.copy(file, folder / pack.ARCHIVE))
    command = ["gh", "attestation", "verify", str(copy), "--repo", repository]
    command += ["--signer-workflow", f"{repository}/{WORKFLOW}", "--source-ref", BRANCH]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["gh failed"])[-1]
        raise SiteError(f"RECORDS={store}: not attested by {repository}: {said}")
    return copy
