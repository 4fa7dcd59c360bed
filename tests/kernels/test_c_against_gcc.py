"""The front end and the interpreter together mean what gcc means, undefined behaviour included."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aicompiler.metamodels.system import ElementType
from aicompiler.transformations.kernels import InterpretationError, Kernel, compile_python

CORPUS = Path(__file__).parent / "corpus" / "accepted"
C_TYPES = [
    "int8_t",
    "uint8_t",
    "int16_t",
    "uint16_t",
    "int",
    "unsigned",
    "int64_t",
    "uint64_t",
    "_Bool",
    "float",
    "double",
]
TYPES = list(ElementType)


def outcome(kernel: Kernel, inputs: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the interpreter gives, ``None`` for undefined behaviour: the form of the reference's answer."""
    try:
        return compile_python(kernel)(inputs)
    except InterpretationError:
        return None


def assert_same(got: dict[str, Any] | None, want: dict[str, Any] | None, context: object) -> None:
    assert (got is None) == (want is None), f"undefined behaviour: {got} against {want} for {context}"
    for name, array in (got or {}).items():
        np.testing.assert_array_equal(array, (want or {})[name], err_msg=f"{name} for {context}")


@pytest.mark.parametrize("name", sorted(p.stem for p in CORPUS.glob("*.c")))
def test_a_body_computes_what_gcc_does(name: str, body_of: Any, reference: Any, inputs_for: Any) -> None:
    """For every accepted body: equal outputs on random inputs, errors exactly where gcc's checks report."""
    body = body_of((CORPUS / f"{name}.c").read_text(encoding="utf-8"))
    kernel, expected = body.kernel(), reference(body)
    rng = np.random.default_rng(7)
    defined = 0
    for _ in range(150):
        inputs = inputs_for(body.signature, rng)
        want = expected(inputs)
        assert_same(outcome(kernel, inputs), want, inputs)
        defined += want is not None
    assert defined >= 15, "hardly any input is defined: the comparison says too little"


class Expressions:
    """Random expressions over one parameter of each type; tracks only whether the value is a float."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def make(self, depth: int) -> tuple[str, bool]:
        """A random expression and whether it is a float."""
        makers: list[Callable[[int], tuple[str, bool]]] = [self.leaf]
        if depth > 0:
            makers = [
                self.arithmetic,
                self.arithmetic,
                self.bits,
                self.compare,
                self.logic,
                self.unary,
                self.cast,
                self.choice,
            ]
        return self.random.choice(makers)(depth - 1)

    def leaf(self, _: int) -> tuple[str, bool]:
        """A parameter or a literal."""
        if self.random.random() < 0.7:
            dtype = self.random.choice(TYPES)
            return f"p_{dtype.value}", dtype.is_float
        literals = [
            "0",
            "1",
            "3",
            "7u",
            "255",
            "-2",
            "0x80",
            "2147483647",
            "4294967295u",
            "1L",
            "9ull",
            "'a'",
            "0.5f",
            "2.0",
        ]
        text = self.random.choice(literals)
        return f"KEEP({text})", "." in text

    def arithmetic(self, depth: int) -> tuple[str, bool]:
        """A sum, product, quotient or remainder."""
        (a, x), (b, y) = self.make(depth), self.make(depth)
        operators = ["+", "-", "*", "/"] if x or y else ["+", "-", "*", "/", "%"]
        return f"KEEP({a} {self.random.choice(operators)} {b})", x or y

    def bits(self, depth: int) -> tuple[str, bool]:
        """A bit operation or shift."""
        a, b = self.whole(depth), self.whole(depth)
        operator = self.random.choice(["&", "|", "^", "<<", ">>"])
        return f"KEEP({a} {operator} ({b} & 31))" if operator in (
            "<<",
            ">>",
        ) else f"KEEP({a} {operator} {b})", False

    def whole(self, depth: int) -> str:
        """An expression that is no float."""
        text, is_float = self.make(depth)
        return f"KEEP({text} > 1)" if is_float else text

    def compare(self, depth: int) -> tuple[str, bool]:
        """A comparison."""
        operator = self.random.choice(["<", "<=", ">", ">=", "==", "!="])
        return f"KEEP({self.make(depth)[0]} {operator} {self.make(depth)[0]})", False

    def logic(self, depth: int) -> tuple[str, bool]:
        """A conjunction or disjunction."""
        return f"KEEP({self.varying(depth)} {self.random.choice(['&&', '||'])} {self.varying(depth)})", False

    def varying(self, depth: int) -> str:
        """An expression that depends on a parameter: beside a constant the other side's checks are unused."""
        text = self.make(depth)[0]
        return text if "p_" in text else f"(p_i8 > {text})"

    def unary(self, depth: int) -> tuple[str, bool]:
        """A sign, negation or complement."""
        operator = self.random.choice(["-", "+", "!", "~"])
        if operator == "~":
            return f"KEEP(~{self.whole(depth)})", False
        text, is_float = self.make(depth)
        return f"KEEP({operator}{text})", is_float and operator != "!"

    def cast(self, depth: int) -> tuple[str, bool]:
        """A conversion to any type."""
        kind = self.random.choice(C_TYPES)
        return f"KEEP(({kind}){self.make(depth)[0]})", kind in ("float", "double")

    def choice(self, depth: int) -> tuple[str, bool]:
        """A conditional expression."""
        (a, x), (b, y) = self.make(depth), self.leaf(depth)
        return f"KEEP({self.varying(depth)} ? {a} : {b} + p_bool)", x or y


@pytest.mark.parametrize("dtype", TYPES, ids=lambda t: t.value)
def test_random_expressions_agree(dtype: ElementType, body_of: Any, reference: Any, inputs_for: Any) -> None:
    """Promotions, conversions and all operators, in random trees, assigned to each type."""
    expressions = Expressions(TYPES.index(dtype))
    parameters = ", ".join(f"in {t.value} p_{t.value}" for t in TYPES)
    trees = [expressions.make(depth)[0] for depth in (1, 2, 2, 3, 3, 4) for _ in range(8)]
    cases = "\n".join(f"if (which == {i}) r = {text};" for i, text in enumerate(trees))
    body = body_of(f"// {parameters}, in u8 which, out {dtype.value} r\n// step\n{cases}\n")
    kernel, expected = body.kernel(), reference(body)
    rng = np.random.default_rng(11)
    defined = 0
    for i, text in enumerate(trees):
        for _ in range(8):
            inputs = inputs_for(body.signature, rng) | {"which": np.uint8(i)}
            want = expected(inputs)
            assert_same(outcome(kernel, inputs), want, (text, inputs))
            defined += want is not None
    assert defined > 100
