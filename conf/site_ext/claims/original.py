"""The original article, taken apart into its statements.

A statement is a title, a sentence, a cell of a table, an item of a list, a sample of code or
a line of a paragraph. Each has the words as they were written and a place, the headings
above it, by which two of the same words are told apart: ``Overview / PyTorch / Release``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml
from markdown_it import MarkdownIt

from site_ext.base.errors import SiteError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from markdown_it.token import Token

_FRONT_MATTER = re.compile(r"\A---\n(.*?\n)---\n", re.DOTALL)
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
CODE, CELL = "code", "cell"
#: Not of the original: a sentence of the site's own (:mod:`site_ext.claims.ours`).
OURS = "ours"


@dataclass(frozen=True)
class Statement:
    """One statement: its ``words`` verbatim, the headings above it, its line, what it is."""

    words: str
    place: str
    line: int
    kind: str = "text"
    #: Of a cell: what its row and its column are called.
    row: str = ""
    column: str = ""

    @property
    def plain(self) -> str:
        """The words without Markdown's marks."""
        return self.words if self.kind == CODE else _LINK.sub(r"\1", self.words).replace("**", "")


def read(path: Path) -> list[Statement]:
    """All statements of the article at ``path``, in its order."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SiteError(f"{path} is not there; `claims_original` names the article") from None
    except UnicodeDecodeError as error:
        raise SiteError(f"{path}: {error}") from None
    try:
        return list(statements(text))
    except yaml.YAMLError as error:
        raise SiteError(f"{path}: its front matter: {error}") from None


def statements(text: str) -> Iterator[Statement]:
    """The statements of an article in Markdown, front matter included."""
    front = _FRONT_MATTER.match(text)
    if front:
        told = yaml.safe_load(front[1])
        title = str(told.get("title") or "") if isinstance(told, dict) else ""
        if title:
            before = text[: max(text.find(title), 0)]
            yield Statement(title, "Title", 1 + before.count("\n"))
    skipped = front[0].count("\n") if front else 0
    body = text[front.end() :] if front else text
    yield from _Walk(skipped).over(MarkdownIt("commonmark").enable("table").parse(body))


class _Walk:
    """Goes through the tokens of a page, knowing the headings and the table it is in."""

    def __init__(self, skipped: int) -> None:
        self._skipped = skipped
        self._headings: list[str] = []
        self._columns: list[str] = []
        self._row: list[str] = []

    def over(self, tokens: list[Token]) -> Iterator[Statement]:
        for number, token in enumerate(tokens):
            parent = tokens[number - 1].type if number else ""
            if token.type == "hr":
                self._headings = ["Footer"]
            elif token.type == "fence":
                yield self._statement(token.content.rstrip("\n"), token, CODE)
            elif token.type == "table_open":
                self._columns = []
            elif token.type == "tr_open":
                self._row = []
            elif token.type == "inline":
                yield from self._inline(token, parent, tokens[number - 1])

    def _inline(self, token: Token, parent: str, opening: Token) -> Iterator[Statement]:
        words = token.content.strip()
        if parent == "heading_open":
            level = max(0, int(opening.tag[1]) - 2)
            self._headings = [*self._headings[:level], words]
        elif parent == "th_open":
            self._columns.append(words)
        elif parent == "td_open":
            self._row.append(words)
            if len(self._row) > 1:
                cell = (self._row[0], self._columns[len(self._row) - 1])
                yield self._statement(words, token, CELL, cell)
        elif not words.startswith("![") and not words.endswith(":"):
            for line, part in _parts(words):
                yield self._statement(part, token, line=line)

    def _statement(
        self,
        words: str,
        token: Token,
        kind: str = "text",
        cell: tuple[str, ...] = (),
        line: int = 0,
    ) -> Statement:
        assert token.map is not None
        headings = [*(self._headings or ["Introduction"]), *cell]
        first = token.map[0] + 1 + line + self._skipped
        return Statement(words, " / ".join(headings), first, kind, *cell)


def _parts(words: str) -> Iterator[tuple[int, str]]:
    """``(line, words)`` of each statement in a paragraph: its lines, sentences, halves."""
    for number, line in enumerate(words.split("\n")):
        whole = line.strip()
        if whole.startswith("*") and not whole.startswith("**"):
            whole = whole.strip("*")
        for sentence in re.split(r"(?<=\.)\s+(?=[A-Z])", whole):
            for part in sentence.split(" | "):
                yield number, part


def find(known: list[Statement], place: str, words: str) -> tuple[int, Statement]:
    """``(number, statement)`` of the one with these words at this place.

    Raises :exc:`ValueError` that says what there is instead.
    """
    there = [(n, s) for n, s in enumerate(known) if s.place == place]
    found = [(n, s) for n, s in there if not words or words == s.words]
    if len(found) == 1:
        return found[0]
    if not there:
        places = ", ".join(dict.fromkeys(s.place for s in known))
        raise ValueError(f"the original has no section {place!r}; it has: {places}")
    listed = "; ".join(repr(s.words) for _, s in there)
    if not words:
        raise ValueError(f"{place!r} has several statements; give the words of one: {listed}")
    if found:
        raise ValueError(f"the original says {words!r} more than once in {place!r}")
    raise ValueError(f"the original does not say {words!r} in {place!r}, but: {listed}")
