"""The versions that a file of constraints pins, as pip reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from pathlib import Path


def read(path: Path) -> dict[str, str]:
    """Version by distribution of each line ``name==version`` that is for this platform; nothing
    where there is no such file."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            one = Requirement(line.partition("#")[0].partition("--hash")[0].rstrip(" \\"))
        except InvalidRequirement:  # an empty line, an option, a hash
            continue
        exact = [spec.version for spec in one.specifier if spec.operator == "=="]
        if exact and (one.marker is None or one.marker.evaluate()):
            found[str(canonicalize_name(one.name))] = exact[0]
    return found
