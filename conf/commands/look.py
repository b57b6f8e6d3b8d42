"""See whether the tree can be released or published as it is, before anything is installed for that.

    python -m commands.look site

Needs no package: nothing may be installed yet.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from publisher.clean import require_clean
from site_ext.base.errors import SiteError

ROOT = Path(__file__).resolve().parents[2]

if __name__ == "__main__":
    command = sys.argv[1]
    try:
        # Releases are built from their own commits, whatever is here.
        if command == "release" or not os.environ.get("RELEASES"):
            require_clean(ROOT)
    except SiteError as error:
        sys.exit(f"make {command}: {error}")
