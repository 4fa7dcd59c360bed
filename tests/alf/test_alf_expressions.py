"""Random expressions have the value that a small evaluator of Alf, written apart, gives them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from aicompiler.transformations.kernels import InterpretationError
from aicompiler.transformations.kernels.interpreter import interpret
from bodies import Body, signature_of
from hypothesis import HealthCheck, given, settings

HEAD = "// in i32 a, in i32 b, in u8 c, in f64 x, in f64 y, in bool p, in bool q, out {kind} r"
SIGNATURES = {kind: signature_of(HEAD.format(kind=kind), "k") for kind in ("i32", "f64", "bool")}


class Undefined(ArithmeticError):
    """Alf gives no value, or one that no Integer of 32 bits holds."""


@dataclass(frozen=True)
class Node:
    """An expression with its text; ``value`` computes it from the inputs."""

    text: str
    value: Any


def whole(number: int) -> int:
    if not -(1 << 31) <= number < 1 << 31:
        raise Undefined
    return number


def quotient(left: int, right: int) -> int:
    if right == 0:
        raise Undefined
    return whole(int(math.copysign(1, left) * math.copysign(1, right)) * (abs(left) // abs(right)))


def remainder(left: int, right: int) -> int:
    return left - quotient(left, right) * right


def real_quotient(left: float, right: float) -> float:
    with np.errstate(all="ignore"):
        return float(np.float64(left) / np.float64(right))


INTEGER = {
    "+": lambda a, b: whole(a + b),
    "-": lambda a, b: whole(a - b),
    "*": lambda a, b: whole(a * b),
    "/": quotient,
    "%": remainder,
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
}
REAL = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": real_quotient,
}
COMPARE = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def pair(operators: dict[str, Any], operands: Any) -> Any:
    def make(op: str, left: Node, right: Node) -> Node:
        return Node(
            f"({left.text} {op} {right.text})", lambda v: operators[op](left.value(v), right.value(v))
        )

    return st.builds(make, st.sampled_from(sorted(operators)), operands, operands)


def choice(truths: Any, operands: Any) -> Any:
    def make(test: Node, left: Node, right: Node) -> Node:
        return Node(
            f"({test.text} ? {left.text} : {right.text})",
            lambda v: left.value(v) if test.value(v) else right.value(v),
        )

    return st.builds(make, truths, operands, operands)


def one(text: str, operands: Any, function: Any) -> Any:
    return operands.map(lambda n: Node(text.format(n.text), lambda v: function(n.value(v))))


def two(text: str, operands: Any, function: Any) -> Any:
    def make(left: Node, right: Node) -> Node:
        return Node(text.format(left.text, right.text), lambda v: function(left.value(v), right.value(v)))

    return st.builds(make, operands, operands)


def name(text: str) -> Any:
    return st.just(Node(text, lambda v: v[text]))


def expressions(depth: int) -> tuple[Any, Any, Any]:
    """Integers, Reals and truths of at most so many operators on a way."""
    small = st.integers(0, 40).map(lambda n: Node(str(n), lambda _: n))
    halves = st.integers(0, 40).map(lambda n: Node(repr(n / 2), lambda _: n / 2))
    integers = st.one_of(name("a"), name("b"), name("c"), small)
    reals = st.one_of(name("x"), name("y"), halves)
    truths = st.one_of(name("p"), name("q"), st.just(Node("true", lambda _: True)))
    for _ in range(depth):
        integers, reals, truths = (
            st.one_of(
                integers,
                pair(INTEGER, integers),
                choice(truths, integers),
                one("-({})", integers, lambda n: whole(-n)),
                one("~({})", integers, lambda n: ~n),
                one("Abs({})", integers, lambda n: whole(abs(n))),
                two("Max({}, {})", integers, max),
                two("Min({}, {})", integers, min),
            ),
            st.one_of(
                reals,
                pair(REAL, reals),
                choice(truths, reals),
                one("-({})", reals, lambda n: -n),
                one("Abs({})", reals, abs),
                one("ToReal({})", integers, float),
            ),
            st.one_of(
                truths,
                pair(COMPARE, integers),
                pair(COMPARE, reals),
                two("({} && {})", truths, lambda a, b: a and b),
                two("({} ^ {})", truths, lambda a, b: a != b),
                one("!({})", truths, lambda t: not t),
            ),
        )
    return integers, reals, truths


INTEGERS, REALS, TRUTHS = expressions(3)
INPUTS = st.fixed_dictionaries(
    {
        "a": st.integers(-50, 50) | st.sampled_from([-(1 << 31), (1 << 31) - 1]),
        "b": st.integers(-9, 9),
        "c": st.integers(0, 255),
        "x": st.integers(-8, 8).map(lambda n: n / 4),
        "y": st.sampled_from([0.0, -0.0, 1.5, math.inf, 1e300]),
        "p": st.booleans(),
        "q": st.booleans(),
    }
)
SLOW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def result(kind: str, node: Node, values: dict[str, Any]) -> Any:
    inputs = {n: int(v) if isinstance(v, bool) else v for n, v in values.items()}
    return interpret(Body(f"r = {node.text};", SIGNATURES[kind]).kernel(), inputs)["r"]


def lazily(node: Node, values: dict[str, Any]) -> Any:
    """The value, or ``None`` where Alf gives none."""
    try:
        return node.value(values)
    except Undefined:
        return None


@SLOW
@given(INTEGERS, INPUTS)
def test_integers(node: Node, values: dict[str, Any]) -> None:
    """Integers are exact; what does not fit into 32 bits, and division by zero, is an error."""
    expected = lazily(node, values)
    if expected is None:
        try:  # unused operands are not computed, and what nobody uses is not reported
            result("i32", node, values)
        except InterpretationError:
            return
    else:
        assert result("i32", node, values) == expected


@SLOW
@given(REALS, INPUTS)
def test_reals(node: Node, values: dict[str, Any]) -> None:
    """Reals are those of IEEE 754 in 64 bits, bit by bit."""
    expected = lazily(node, values)
    if expected is not None:
        np.testing.assert_array_equal(result("f64", node, values), np.float64(expected))


@SLOW
@given(TRUTHS, INPUTS)
def test_truths(node: Node, values: dict[str, Any]) -> None:
    """Comparisons and connectives; the second operand is not needed where the first decides."""
    expected = lazily(node, values)
    if expected is not None:
        assert bool(result("bool", node, values)) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3 - 4", 3),
        ("7 / 2 + -7 / 2", 0),
        ("-7 % 3", -1),
        ("1 << 2 + 1", 8),
        ("6 & 3 | 8 ^ 1", 11),
        ("5 - 3 - 1", 1),
        ("100 / 5 / 2", 10),
        ("true ? 1 : false ? 2 : 3", 1),
        ("1 < 2 == true ? 4 : 5", 4),
        ("0x1F + 0b11 + 010 + 1_000", 1042),
        ("(Integer)(-2.75) + ToInteger(2.75)", 0),
        ("Round(-2.5) + Round(2.5) * 10", 28),
        ("Floor(-0.5) + Ceil(0.5) * 10", 9),
        ("Rem(-7, 2) + Div(-7, 2) * 10", -31),
    ],
)
def test_precedence_and_literals(text: str, value: int) -> None:
    """Values that can be checked by hand."""
    got = interpret(
        Body(f"r = {text};", SIGNATURES["i32"]).kernel(),
        {"a": 0, "b": 0, "c": 0, "x": 0.0, "y": 0.0, "p": 0, "q": 0},
    )
    assert got["r"] == value
