"""What a script may give to the site."""

from __future__ import annotations

import pytest

from site_ext.run import published


def test_files_of_known_kinds_are_kept() -> None:
    """Names to bytes."""
    assert ({"a.onnx": b"1", "b-2.json": b"{}"}, "") == published.kept(
        [("a.onnx", b"1"), ("b-2.json", b"{}")]
    )


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ("list", "`published` is a list"),
        ([("a.onnx", "str")], "published['a.onnx'] is a str"),
        ([("a.html", b"<script>")], "published['a.html']"),
        ([("../a.onnx", b"")], "published['../a.onnx']"),
        ([("a.svg", b"")], "published['a.svg']"),
        ([("a.onnx", b"0" * (published.MOST + 1))], "are the most"),
    ],
)
def test_others_are_refused_by_name(sent: object, words: str) -> None:
    """The name, what is wrong, and what it should be."""
    files, wrong = published.kept(sent)

    assert {} == files
    assert words in wrong
