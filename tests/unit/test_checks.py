"""Checks are comparisons, and nothing else gets through."""

from __future__ import annotations

import ast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from site_ext.claims.checks import CheckError, arithmetic, check

VALUES = {"a": 1.5, "b": 3, "yes": True, "word": "beta", "nan": float("nan")}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("a > 1.46", True),
        ("a < 1.46", False),
        ("b / a == 2", True),
        ("(a + b) * 2 - 1 >= 8", True),
        ("0 < a < b", True),
        ("a < b == 3", True),
        ("-a < +b", True),
        ("yes == 1", True),
        ('word == "beta"', True),
        ('word != "beta"', False),
        ("a > 1e-3", True),
    ],
)
def test_comparisons_are_taken(text: str, holds: bool) -> None:
    """Comparisons, chains, arithmetic, signs, text."""
    assert holds is check(text).value(VALUES)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a", "compares nothing"),
        ("a + b", "compares nothing"),
        ("a < b and b < 4", "joins several checks; write one a line"),
        ("a == a", "compares a side with itself"),
        ("not a < b", "compares nothing"),
        ("1 < 2", "names no measured value"),
        ("abs(a) < 1", "a Call"),
        ("__import__('os').system('true') == 0", "a Call"),
        ("a.real < 1", "an Attribute"),
        ("a[0] < 1", "a Subscript"),
        ("a ** 2 < 1", "a Pow"),
        ("9 ** 9 ** 9 > a", "a Pow"),
        ("a % 2 < 1", "a Mod"),
        ("a // 2 < 1", "a FloorDiv"),
        ("a << 99 > 1", "a LShift"),
        ("~b < 1", "an Invert"),
        ("a is b", "an Is"),
        ("a in b", "an In"),
        ("(a := 1) < 2", "a NamedExpr"),
        ("(lambda: a) == 1", "a Lambda"),
        ("[a for a in b] == 1", "a ListComp"),
        ("f'{a}' == 1", "a JoinedStr"),
        ("a if b else 1 < 2", "compares nothing"),
        ("(a if b else 1) < 2", "an IfExp"),
        ("(yield a) < 1", "a Yield"),
        ("a < None", "a Constant"),
        ("a < b'1'", "a Constant"),
        ("a < 1j", "a Constant"),
        ("a < 1e999", "too large"),
        ("a <", "can't be read"),
        ("a = 1", "can't be read"),
        ("a < 1; b < 1", "can't be read"),
        ("", "can't be read"),
        ("a < 1\0", "can't be read"),
        ("(" * 99 + "a" + ")" * 99 + "< 1", "characters|can't be read|"),
        ("a < " + "1" * 300, "characters"),
    ],
)
def test_all_else_is_refused(text: str, says: str) -> None:
    """Names alone, calls, attributes, powers and the rest: an error that says which it is."""
    if text.startswith("(((("):
        with pytest.raises(CheckError):
            check(text + " " * 200)
        return
    with pytest.raises(CheckError, match=says):
        check(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("gone < 1", r"there is no value 'gone'; there are: a, b, nan, word, yes"),
        ("word < 1", "one is text"),
        ('word < "c"', "compared by == or != only"),
        ("word + 1 < 2", "is the text 'beta', not a number"),
        ("-word == 1", "is the text 'beta', not a number"),
        ("a / (b - b) < 1", "division by zero"),
        ("a * 1e308 * 1e308 > 1", "nothing compares with"),
        ("nan < 1", "nan is nan"),
    ],
)
def test_values_that_cannot_be_compared(text: str, says: str) -> None:
    """Missing values, text among numbers, no number at all."""
    with pytest.raises(CheckError, match=says):
        check(text).value(VALUES)


@given(st.text(max_size=250))
@example("a" * 250)
def test_any_text_is_a_check_or_refused(text: str) -> None:
    """Nothing but CheckError comes out of a text, and nothing but a truth out of a check."""
    try:
        read = check(text)
    except CheckError:
        return
    try:
        assert isinstance(read.value(dict.fromkeys(read.names, 1.0)), bool)
    except CheckError:
        return


#: Pieces of Python from which texts are put together that are nearly checks.
PIECES = st.sampled_from(
    ["a", "b", "1", "2.5", "1e9", '"t"', "None", "True", "+", "-", "*", "/", "**", "%", "//", "@",
     "<", ">", "<=", "==", "!=", "is", "in", "not", "and", "or", "(", ")", "[", "]", "{", "}", ".",
     ",", ":", ":=", "lambda", "if", "else", "for", "await", "f", "()", ".x", "[0]", "~", "<<"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=12))
def test_what_gets_through_is_harmless(pieces: list[str]) -> None:
    """Whatever is taken has only comparisons, arithmetic, names and constants in it."""
    text = " ".join(pieces)
    try:
        read = check(text)
    except CheckError:
        return
    harmless = (
        ast.Compare, ast.BinOp, ast.UnaryOp, ast.Name, ast.Constant, ast.Load, ast.cmpop,
        ast.Add, ast.Sub, ast.Mult, ast.Div, ast.UAdd, ast.USub,
    )  # fmt: skip
    foreign = [node for node in ast.walk(read._tree) if not isinstance(node, harmless)]

    assert [] == foreign
    assert not any(isinstance(n, (ast.Is, ast.In, ast.NotIn)) for n in ast.walk(read._tree))


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_a_check_says_what_python_says(one: float, other: float) -> None:
    """On numbers, a comparison with arithmetic has Python's own answer."""
    measured = {"one": one, "other": other}

    assert (one * 2 - other < other + 1) is check("one * 2 - other < other + 1").value(measured)


def test_arithmetic_is_quoted() -> None:
    """A value or arithmetic with values may be quoted; what is not arithmetic may not."""
    assert 0.5 == arithmetic("a / b").value(VALUES)
    with pytest.raises(CheckError, match="a Call"):
        arithmetic("round(a)")


def test_what_was_found() -> None:
    """The values that a check was about, in its order, each once."""
    assert {"b": 3, "a": 1.5} == check("b / a + b > 1").found(VALUES)
