"""The snippets in the pages of this site."""

from __future__ import annotations

from conftest import ROOT
from published import make


def test_the_snippets_in_the_pages_are_right() -> None:
    """`make doctest` is green."""
    done = make(ROOT, "doctest")

    assert 0 == done.returncode, done.stdout
