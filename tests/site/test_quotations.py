"""What pages quote of measured values: only what another machine would give, too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT
from found import FOUND
from site_ext.base import values
from site_ext.claims import checks, quoting
from site_ext.run import records
from site_ext.run.scripts import Example

EXAMPLES = {example.name: example for example in FOUND}
_ROLE = re.compile(r"\{measured\}`([^`]+)`|:measured:`([^`]+)`")
_BARS = re.compile(r"```\{bars\}.*?\n(.*?)```", re.DOTALL)


@dataclass(frozen=True)
class Quoted:
    """One quotation: where, of which example, which values, in which format."""

    where: str
    example: Example
    wanted: checks.Expression
    spec: str


def quotations(docs: Path = ROOT / "docs") -> Iterator[Quoted]:
    """All quotations of examples' values in the sources of the pages."""
    for page in sorted([*docs.glob("*.md"), *docs.glob("side_by_side/*")]):
        text, name = page.read_text(encoding="utf-8"), page.relative_to(docs)
        found = [one for pair in _ROLE.findall(text) for one in pair if one]
        for box in _BARS.findall(text):
            spec = next(iter(re.findall(r":format: (.*)", box)), "")
            lines = [
                line.split("|")[1].strip() for line in box.splitlines() if line.count("|") == 2
            ]
            found += [f"{line}:{spec}" for line in lines]
        for one in found:
            example, key, spec = quoting.parse(one)
            if example in EXAMPLES:
                yield Quoted(f"{name}: {one}", EXAMPLES[example], checks.arithmetic(key), spec)


def step(spec: str) -> float:
    """The last digit's unit of a number in a format: 0.001 for ``.1%``; 0 where it is not fixed."""
    form = re.match(r"[^.]*(?:\.(\d+))?([f%])", spec.partition(" ")[0])
    if not form:
        return 0.0
    return 10.0 ** -(int(form[1] or 6) + (2 if form[2] == "%" else 0))


def spread(quoted: Quoted, measured: dict[str, Any]) -> float:
    """By how much the value may differ on another machine, by its script's tolerances."""
    value, total = quoted.wanted.value(measured), 0.0
    for name in quoted.wanted.names:
        if most := quoted.example.tolerance(name):
            total += max(
                abs(quoted.wanted.value({**measured, name: measured[name] + sign * most}) - value)
                for sign in (1, -1)
            )
    return total


def test_the_pages_quote() -> None:
    assert 50 < len(list(quotations()))


def test_a_quoted_time_is_of_an_example_that_is_timed() -> None:
    """What a page quotes in seconds was taken by a script that ran alone."""
    untimed = [
        quoted.where
        for quoted in quotations()
        if any(name.endswith(values.TIMES) for name in quoted.wanted.names)
        and not quoted.example.timed
    ]

    assert [] == untimed


def test_no_page_quotes_a_digit_beyond_a_tolerance() -> None:
    """The unit of the last digit is not smaller than what may differ on another machine."""
    wrong = []
    for quoted in quotations():
        record = records.read(ROOT / "build/records", quoted.example.name)
        assert record is not None, "run `make html` first"
        if record.status != "passed" or not any(map(quoted.example.tolerance, quoted.wanted.names)):
            continue
        most, unit = spread(quoted, record.measured), step(quoted.spec)
        if unit < most * 0.999:
            wrong.append(f"{quoted.where} shows {unit:g}, may differ by {most:g}")

    assert [] == wrong


@pytest.mark.parametrize(
    ("spec", "unit"), [(".1%", 0.001), (".0%", 0.01), (".2f", 0.01), (",.0f MiB", 1.0), ("", 0.0)]
)
def test_the_last_digit_of_a_format(spec: str, unit: float) -> None:
    assert unit == pytest.approx(step(spec))


def test_tolerances_are_of_values_that_are_measured() -> None:
    """A tolerance of a value that no script measures is a slip of the pen."""
    from fnmatch import fnmatchcase

    unused = []
    for example in FOUND:
        record = records.read(ROOT / "build/records", example.name)
        if record is None or record.status != "passed":
            continue
        unused += [
            f"{example.name}: {name}"
            for name in example.tolerances
            if not any(fnmatchcase(key, name) for key in record.measured)
        ]

    assert [] == unused
