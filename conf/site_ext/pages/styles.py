"""Stylesheets without what no page uses: rules for classes that none has, custom properties that
nothing asks for, remarks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import tinycss2

from site_ext.pages.no_script import apart

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Those that the theme offers to others stay, asked for or not.
OFFERED = "--pst-color-"
_CLASS = re.compile(r"\.((?:[\w-]|\\.)+)")
_ID = re.compile(r"#((?:[\w-]|\\.)+)")
_NOT = re.compile(r":not\([^()]*(\([^()]*\)[^()]*)*\)")
_NAMES = re.compile(r'\b(?:class|id)="([^"]*)"')
_WORD = re.compile(r"[A-Za-z_][\w-]*")
_ICON = re.compile(r"\.fa([srb]?$|-|[srb]?[:. ])")
_ASKED = re.compile(r"var\(\s*(--[\w-]+)")
_NAMED = re.compile(r"[\"'](--[\w-]+)")
_NESTED = ("media", "supports", "layer")


def used_words(pages: Iterable[str], scripts: Iterable[str]) -> set[str]:
    """The classes and ids of pages, and every word of scripts, which may give some to a page."""
    found: set[str] = set()
    for text in pages:
        for names in set(_NAMES.findall(text)):
            found.update(names.split())
    for text in scripts:
        found.update(_WORD.findall(text))
    return found


def pruned(css: str, words: set[str]) -> str:
    """The stylesheet without rules for classes and ids that are not among ``words``."""
    rules = tinycss2.parse_stylesheet(css, skip_comments=False, skip_whitespace=True)
    return "".join(_kept(rules, words))


def _kept(rules: Iterable[Any], words: set[str]) -> Iterable[str]:
    for rule in rules:
        if rule.type == "qualified-rule":
            selectors = tinycss2.serialize(rule.prelude)
            left = [one for one in apart(selectors) if _matches(one, words)]
            if left:
                yield f"{','.join(left)}{{{tinycss2.serialize(rule.content).strip()}}}\n"
        elif rule.type == "at-rule" and rule.lower_at_keyword in ("media", "supports", "layer"):
            inside = tinycss2.parse_rule_list(rule.content or [], skip_whitespace=True)
            body = "".join(_kept(inside, words))
            if body:
                head = tinycss2.serialize(rule.prelude).strip()
                yield f"@{rule.at_keyword} {head}{{{body}}}\n"
        elif rule.type == "at-rule" and rule.lower_at_keyword == "font-face":
            continue  # the theme's fonts are its icons'
        elif rule.type == "comment" and "icense" not in rule.value:
            continue
        else:
            yield rule.serialize() + "\n"


def _matches(selector: str, words: set[str]) -> bool:
    """Whether something with the classes and ids of the selector may be on a page."""
    if _ICON.search(selector):
        return False
    asked = _NOT.sub("", selector)
    named = (*_CLASS.findall(asked), *_ID.findall(asked))
    return all(name.replace("\\", "") in words for name in named)


def trimmed(css: str, texts: Iterable[str]) -> str:
    """The stylesheet without remarks that are no licence, and without custom properties for which
    neither it nor one of ``texts``, pages and scripts, asks."""
    rules = tinycss2.parse_stylesheet(css.replace('@charset "UTF-8";', ""), skip_whitespace=True)
    asked: set[str] = set()
    for text in texts:
        asked.update(_ASKED.findall(text), _NAMED.findall(text))
    lead: dict[str, set[str]] = {}
    for part in _parts(rules):
        wanted, name = set(_ASKED.findall(tinycss2.serialize(part))), _property(part)
        if name:
            lead.setdefault(name, set()).update(wanted)
        else:
            asked |= wanted
    todo = [*asked, *(name for name in lead if name.startswith(OFFERED))]
    used: set[str] = set()
    while todo:
        if (name := todo.pop()) not in used:
            used.add(name)
            todo.extend(lead.get(name, ()))
    return "".join(_left(rules, used))


def _declarations(content: list[Any]) -> Iterator[list[Any]]:
    """The tokens between semicolons."""
    part: list[Any] = []
    for token in content:
        if token.type == "literal" and token.value == ";":
            yield part
            part = []
        elif token.type != "comment":
            part.append(token)
    yield part


def _property(part: list[Any]) -> str:
    """The custom property that a declaration sets, if it sets one."""
    first = next((token for token in part if token.type != "whitespace"), None)
    return first.value if first and first.type == "ident" and first.value[:2] == "--" else ""


def _parts(rules: Iterable[Any]) -> Iterator[list[Any]]:
    """All declarations; what is no rule of this kind, whole."""
    for rule in rules:
        if rule.type == "qualified-rule":
            yield from _declarations(rule.content)
        elif rule.type == "at-rule" and rule.lower_at_keyword in _NESTED:
            yield from _parts(tinycss2.parse_rule_list(rule.content or [], skip_whitespace=True))
        else:
            yield [rule]


def _left(rules: Iterable[Any], used: set[str]) -> Iterator[str]:
    for rule in rules:
        if rule.type == "qualified-rule":
            parts = [
                p for p in _declarations(rule.content) if not _property(p) or _property(p) in used
            ]
            body = ";".join(filter(None, (tinycss2.serialize(p).strip() for p in parts)))
            if body:
                yield f"{tinycss2.serialize(rule.prelude).strip()}{{{body}}}\n"
        elif rule.type == "at-rule" and rule.lower_at_keyword in _NESTED:
            inside = tinycss2.parse_rule_list(rule.content or [], skip_whitespace=True)
            if body := "".join(_left(inside, used)):
                yield f"@{rule.at_keyword} {tinycss2.serialize(rule.prelude).strip()}{{{body}}}\n"
        elif rule.type != "comment" or "icense" in rule.value:
            yield rule.serialize() + "\n"
