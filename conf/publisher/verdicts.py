"""The verdicts that stand in the pages of a commit, and which of them changed.

They are read from the text of the pages, not from a build, since a release's changelog is a
part of the commit that gets built.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from publisher import repository

if TYPE_CHECKING:
    from pathlib import Path

_CLAIM = re.compile(
    r"^(?P<fence>:{3,}|`{3,})\{claim\}\s+(?P<id>\S+)\s*\n(?P<options>.*?)^(?P=fence)\s*$",
    re.MULTILINE | re.DOTALL,
)
_VERDICT = re.compile(r"^:?verdict:\s*[\"']?(\w+)", re.MULTILINE)


def told_in(text: str) -> dict[str, str]:
    """The verdict of each claim in a page, by its id."""
    found = {}
    for claim in _CLAIM.finditer(text):
        if verdict := _VERDICT.search(claim["options"]):
            found[claim["id"]] = verdict[1]
    return found


def at(root: Path, commit: str) -> dict[str, str]:
    """The verdicts in all pages of a commit."""
    names = repository.git(root, "ls-tree", "-r", "--name-only", commit, "--", "docs").splitlines()
    pages = repository.blobs(root, commit, [name for name in names if name.endswith(".md")])
    return {
        name: verdict
        for page in pages.values()
        for name, verdict in told_in(page.decode("utf-8", "replace")).items()
    }


def changelog(old: dict[str, str], new: dict[str, str]) -> str:
    """The section of a changelog that tells which verdicts changed; empty without claims."""
    if not new and not old:
        return ""
    lines = [
        f"- `{name}`: {new[name]}, was {old[name]}"
        for name in sorted(set(old) & set(new))
        if old[name] != new[name]
    ]
    lines += [f"- `{name}`: {new[name]}, new" for name in sorted(set(new) - set(old)) if old]
    lines += [f"- `{name}`: gone, was {old[name]}" for name in sorted(set(old) - set(new))]
    if not old:
        lines = [f"- The first with a ledger: {len(new)} statements judged."]
    return "### Verdicts that changed\n\n" + ("\n".join(lines) or "- None.") + "\n"
