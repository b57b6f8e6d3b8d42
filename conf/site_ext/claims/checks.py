"""Checks: comparisons over measured values, such as ``loss_floor > 1.46``.

A check has at least one comparison and names at least one measured value; around that
it may compute with ``+ - * /`` and parentheses. Python's parser reads the text, this module
takes the few forms that it knows and refuses all others, and nothing is ever evaluated
by Python: no call, no attribute, no power, no loop.
"""

from __future__ import annotations

import ast
import difflib
import math
import operator
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from site_ext.base import values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

#: Characters; nobody reads a longer check, and nesting is bounded by it.
LONGEST = 200
#: Values: of so many all are named to who asks for one that is not there.
MANY = 24

_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_SIGNS: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
_FORM = "a check compares measured values, as in `loss_floor > 1.46` or `a / b < 2`"


class CheckError(ValueError):
    """A text that is no check, or values that it cannot be applied to."""


@dataclass(frozen=True)
class Expression:
    """A text that was read and found harmless.

    ``names`` are the measured values that it asks for, in order.
    """

    text: str
    names: tuple[str, ...]
    _tree: ast.expr

    def value(self, measured: Mapping[str, Any]) -> Any:
        """Its value: a number or text for arithmetic, a truth for a check.

        Raises :exc:`CheckError` where a value is missing, is not of the kind that is
        computed with, or leads to no number.
        """
        return _value(self._tree, measured)

    def found(self, measured: Mapping[str, Any]) -> dict[str, Any]:
        """The values that it asks for, as far as they exist."""
        return {name: measured[name] for name in self.names if name in measured}


def check(text: str) -> Expression:
    """Read a check; raises :exc:`CheckError` that says what is wrong with it."""
    tree = _parsed(text)
    if isinstance(tree, ast.BoolOp):
        raise CheckError(f"{text!r} joins several checks; write one a line")
    if not isinstance(tree, ast.Compare):
        raise CheckError(f"{text!r} compares nothing; {_FORM}")
    sides = [ast.dump(side) for side in (tree.left, *tree.comparators)]
    if len(set(sides)) < len(sides):
        raise CheckError(f"{text!r} compares a side with itself")
    for part in (tree.left, *tree.comparators):
        _refuse_foreign(part, text)
    for sign in tree.ops:
        if type(sign) not in _COMPARISONS:
            raise CheckError(f"{text!r} has {_called(sign)}; {_FORM}")
    return _expression(tree, text)


def arithmetic(text: str) -> Expression:
    """Read a value or simple arithmetic with values, as ``{measured}`` quotes it."""
    tree = _parsed(text)
    _refuse_foreign(tree, text)
    return _expression(tree, text)


def _expression(tree: ast.expr, text: str) -> Expression:
    names = dict.fromkeys(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
    if not names:
        raise CheckError(f"{text!r} names no measured value; {_FORM}")
    return Expression(text.strip(), tuple(names), tree)


def _parsed(text: str) -> ast.expr:
    if len(text) > LONGEST:
        raise CheckError(
            f"{text[:40]!r}… has {len(text)} characters; shorten it to {LONGEST}, or write two"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes and such in a text that isn't code
            return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise CheckError(f"{text!r} can't be read; {_FORM}") from None


def _refuse_foreign(node: ast.expr, text: str) -> None:
    """Raise :exc:`CheckError` for anything but names, plain constants and arithmetic."""
    match node:
        case ast.Name():
            return
        case ast.Constant(value=value) if isinstance(value, (int, float, str)):
            if isinstance(value, float) and not math.isfinite(value):
                raise CheckError(f"{text!r} has a number that is too large")
            return
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            _refuse_foreign(left, text)
            _refuse_foreign(right, text)
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _SIGNS:
            _refuse_foreign(operand, text)
        case ast.BinOp(op=op) | ast.UnaryOp(op=op):
            raise CheckError(f"{text!r} has {_called(op)}; {_FORM}")
        case _:
            raise CheckError(f"{text!r} has {_called(node)}; {_FORM}")


def _called(node: ast.AST) -> str:
    """``a Call``: how Python's grammar calls what is refused."""
    name = type(node).__name__
    return f"a{'n' if name[0] in 'AEIOU' else ''} {name}"


def _known(name: str, measured: Mapping[str, Any]) -> str:
    """What there is: all of it, or of very much what looks most like ``name``."""
    if len(measured) <= MANY:
        return "there are: " + (", ".join(sorted(measured)) or "nothing")
    near = difflib.get_close_matches(name, measured, MANY // 4, 0)
    return f"of {len(measured)} that there are the nearest are: {', '.join(near)}"


def _value(node: ast.expr, measured: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            if name not in measured:
                raise CheckError(f"there is no value {name!r}; {_known(name, measured)}")
            return _finite(measured[name], name)
        case ast.UnaryOp(op=op, operand=operand):
            return _SIGNS[type(op)](_number(_value(operand, measured), operand))
        case ast.BinOp(left=left, op=op, right=right):
            one, other = _value(left, measured), _value(right, measured)
            try:
                result = _ARITHMETIC[type(op)](_number(one, left), _number(other, right))
                return _finite(result, ast.unparse(node))
            except (ZeroDivisionError, OverflowError) as error:
                raise CheckError(f"{ast.unparse(node)}: {error}") from None
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            return all(_compared(left, ops, comparators, measured))
    raise AssertionError(node)  # refused when it was read


def _compared(
    left: ast.expr, ops: list[ast.cmpop], comparators: list[ast.expr], measured: Mapping[str, Any]
) -> Iterator[bool]:
    one = _value(left, measured)
    for op, comparator in zip(ops, comparators, strict=True):
        other = _value(comparator, measured)
        if isinstance(one, str) != isinstance(other, str):
            raise CheckError(f"{one!r} can't be compared with {other!r}: one is text")
        if isinstance(one, str) and not isinstance(op, (ast.Eq, ast.NotEq)):
            raise CheckError(f"{one!r} is text, which is compared by == or != only")
        yield _COMPARISONS[type(op)](one, other)
        one = other


def _finite(value: Any, name: str) -> Any:
    if wrong := values.problem(value):
        raise CheckError(f"{name} {wrong}")
    return value


def _number(value: Any, node: ast.expr) -> Any:
    if isinstance(value, str):
        raise CheckError(f"{ast.unparse(node)} is the text {value!r}, not a number")
    return value
