"""Execute examples for a build elsewhere: ``make worker CLUSTER=tcp://host:port``.

    python -m commands.worker tcp://host:port

joins the Dask cluster whose scheduler is at that address, with one thread, until it is stopped.
The scheduler is Dask's own: ``.venv/bin/dask scheduler``.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


async def join(address: str) -> None:
    from distributed import Nanny  # noqa: PLC0415 - in a group of its own

    # Nobody looks at a dashboard, and what one example takes is watched by its runner.
    async with Nanny(address, nthreads=1, memory_limit=0, dashboard_address=None) as nanny:
        await nanny.finished()


def main(address: str) -> None:
    os.chdir(ROOT)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(join(address))
    except (OSError, ValueError) as error:
        sys.exit(f"make worker: CLUSTER={address}: no scheduler answers there ({error})")


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1]:
        sys.exit("usage: make worker CLUSTER=tcp://host:port")
    main(sys.argv[1])
