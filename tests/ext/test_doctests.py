"""The snippets in the pages are really tested."""

from __future__ import annotations

from conftest import Site

SNIPPET = """
```{{doctest}}
>>> 1 + 1
{expected}
```
"""


def test_a_right_snippet_passes_and_a_wrong_one_fails(site: Site) -> None:
    """A wrong expected output fails the build, with the page and what was got."""
    page = site.folder / "docs/index.md"
    text = page.read_text()
    page.write_text(text + SNIPPET.format(expected=2))
    right = site.build("doctest")
    page.write_text(text + SNIPPET.format(expected=3))
    wrong = site.build("doctest")

    assert 0 == right.code, right.text
    assert 0 != wrong.code
    assert "Expected:\n    3\nGot:\n    2" in wrong.text


def test_a_snippet_of_an_absent_framework_is_skipped(site: Site) -> None:
    """`absent(...)`, which the pages use, skips where a module is not installed."""
    page = site.folder / "docs/index.md"
    page.write_text(
        page.read_text() + '\n```{doctest}\n:skipif: absent("no_such_framework")\n\n'
        ">>> import no_such_framework\n```\n"
    )
    build = site.build("doctest")

    assert 0 == build.code, build.text
