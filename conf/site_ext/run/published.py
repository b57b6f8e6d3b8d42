"""The files that a script gives to the site: its dictionary ``published``, of names to bytes.

They are kept in its record, and served beside its page as they are: so they are few, small, and of
kinds that no browser runs.
"""

from __future__ import annotations

import re
from typing import Any

MOST = 4 * 2**20
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}\.(onnx|tflite|json)")


def problem(files: dict[str, bytes]) -> str:
    """What is wrong with files, in one line; empty if nothing is."""
    for name in files:
        if not _NAME.fullmatch(name):
            return (
                f"published[{name[:60]!r}]: files are called like digits.onnx, and are of .onnx, "
                ".tflite or .json"
            )
    size = sum(map(len, files.values()))
    return f"published holds {size:,} bytes; {MOST:,} are the most" if size > MOST else ""


def kept(sent: Any) -> tuple[dict[str, bytes], str]:
    """The files that a process sent, and what is wrong with them."""
    if isinstance(sent, str):
        return {}, f"`published` is a {sent}; make it a dict of names to bytes"
    for name, content in sent:
        if not isinstance(content, bytes):
            return {}, f"published[{name[:60]!r}] is a {content[:60]}; files are bytes"
    files = dict(sent)
    wrong = problem(files)
    return ({}, wrong) if wrong else (files, "")
