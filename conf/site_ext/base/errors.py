"""The error with a text for who builds, and the end that it makes of a build."""

from __future__ import annotations

import sys
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class SiteError(Exception):
    """Something that the person who builds can repair; the text says where and how."""


def ending(handler: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Have a handler of Sphinx's events end the build with the text of a :exc:`SiteError`.

    Sphinx itself would wrap it into a report of versions, messages and a plea to report a bug.
    """

    @wraps(handler)
    def ended(*arguments: _Arguments.args, **options: _Arguments.kwargs) -> _Result:
        try:
            return handler(*arguments, **options)
        except SiteError as error:
            sys.exit(f"\nThe build stopped: {error}")

    return ended
