"""How a command ends whose status tells more than that it failed."""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING, NoReturn

from site_ext.base.errors import SiteError

if TYPE_CHECKING:
    from collections.abc import Callable

#: It could not tell.
UNUSABLE = 2


def exit_with(name: str, work: Callable[[], int]) -> NoReturn:
    """End with the status that ``work`` comes to, or with :data:`UNUSABLE`, and say why."""
    try:
        status = work()
    except SiteError as error:
        print(f"make {name}: {error}", file=sys.stderr)
        status = UNUSABLE
    except BaseException:  # noqa: BLE001 - nothing may end with Python's own status
        # That is 1, which is an answer here.
        traceback.print_exc()
        status = UNUSABLE
    sys.exit(status)
