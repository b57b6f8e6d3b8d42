"""Measured values: which can be published and computed with, and how they are shown."""

from __future__ import annotations

import math
from typing import TypeAlias

Value: TypeAlias = bool | int | float | str

NO_BREAK = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
#: Characters of a text, and bits of an integer, that can be published: more is no value to quote.
LONGEST, WIDEST = 10_000, 1023
#: How the names of measured values end that are times, which a busy machine spoils, and that
#: differ at each run besides: sizes of memory.
TIMES = ("_seconds", "_ms", "_us", "_per_second")
UNSTEADY = (*TIMES, "_mib")


def problem(value: object) -> str:
    """Why a value can be neither published nor compared, with the repair; empty for a good one."""
    if not isinstance(value, (bool, int, float, str)):
        return unfit(type(value).__name__)
    if isinstance(value, float) and not math.isfinite(value):
        return (
            f"is {value}, which JSON can't hold and nothing compares with; publish a finite number"
        )
    if isinstance(value, int) and value.bit_length() > WIDEST:
        return f"is an integer of {value.bit_length():,} bits; publish one of at most {WIDEST:,}"
    if isinstance(value, str) and len(value) > LONGEST:
        return f"is a text of {len(value):,} characters; publish one of at most {LONGEST:,}"
    if isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
        return "has half of a character (a surrogate), which no file can hold; publish whole ones"
    return ""


def unfit(kind: str) -> str:
    """The same for a value of that kind, where the value itself can't be had."""
    return f"is a {kind}; publish a number, a string or a bool"


def is_number(value: object) -> bool:
    """Whether arithmetic means something: a truth is no number here."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def formatted(value: Value, spec: str) -> str:
    """A value by Python's format specification, a unit behind it after a space.

    With a real minus sign, as in print. Raises :exc:`ValueError` for what is no format.
    """
    spec, _, unit = spec.partition(" ")
    text = format(value, spec)
    if is_number(value):
        text = text.replace("-", MINUS)
    return f"{text}{NO_BREAK}{unit}" if unit else text


def short(value: Value, digits: int | None = 4) -> str:
    """A value as tables and lists show it: a float to so many significant digits, or whole."""
    if isinstance(value, float) and digits:
        return f"{value:.{digits}g}"
    return f"{value:,}" if is_number(value) else str(value)


def within(value: Value, tolerance: float) -> str:
    """The same to the digits of the tolerance, which is told with it: ``0.91 ± 0.05``."""
    if not tolerance or not is_number(value):
        return short(value)
    assert isinstance(value, (int, float))
    if abs(value) < tolerance:
        return f"0 ± {tolerance:g}"
    digits = max(0, math.ceil(-math.log10(tolerance) - 1e-9))
    return f"{value:.{digits}f} ± {tolerance:g}"


def apart(old: Value | None, new: Value | None) -> tuple[str, str]:
    """Two values, each with as many digits as it takes to tell it from the other."""
    for digits in (4, 6, 9, None):
        one, other = ("absent" if v is None else short(v, digits) for v in (old, new))
        if one != other:
            break
    return one, other
