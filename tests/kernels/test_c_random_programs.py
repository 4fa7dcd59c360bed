"""SSA construction: random structured programs over scalars compute what gcc computes."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from aicompiler.transformations.kernels import interpret

VARIABLES = ["a", "b", "c", "d", "e"]


class Programs:
    """Random programs in unsigned arithmetic, so that everything is defined; every loop ends."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.loops = 0
        self.jumps: list[str] = []

    def expression(self) -> str:
        """A small expression without side effects over the variables, the memory and a call."""
        pick, other = self.random.choice(VARIABLES), self.random.choice(VARIABLES)
        number = self.random.randint(0, 9)
        forms = [
            f"{pick} + {number}u",
            f"{pick} * {other} ^ {number}u",
            f"({pick} >> {number}) + memory[{other} % 4]",
            f"{pick} < {number}u || memory[{number % 4}] > 3 ? {pick} : {other} - {number}u",
            f"mix({pick}, {other})",
        ]
        return self.random.choice(forms)

    def condition(self) -> str:
        """A condition, sometimes with a short circuit around a side effect."""
        left, right = self.random.choice(VARIABLES), self.random.choice(VARIABLES)
        forms = [
            f"{left} < {right}",
            f"{left} & {self.random.randint(1, 7)}",
            f"{left} % 3 == 1 && {right}++ > 4",
        ]
        return self.random.choice([*forms, f"{left} % 2 == 0 || (memory[{right} % 4] ^= 5) > 9"])

    def block(self, depth: int) -> str:
        """A few statements in braces."""
        return "{ " + " ".join(self.statement(depth) for _ in range(self.random.randint(1, 4))) + " }"

    def statement(self, depth: int) -> str:
        """An assignment, or above the deepest level a branch or loop."""
        deep = ["branch", "branch", "for", "while", "do", "local", "switch"]
        kind = self.random.choice(["set", "set", "store", *deep] if depth else ["set", "store", "leave"])
        return self.loop(kind, depth) if kind in ("for", "while", "do") else getattr(self, kind)(depth)

    def set(self, _: int) -> str:
        """An assignment to a variable, or to two."""
        target = self.random.choice(VARIABLES)
        if self.random.random() < 0.2:
            return f"{target} = {self.random.choice(VARIABLES)} = {self.expression()};"
        return f"{target} {self.random.choice(['=', '+=', '^=', '-='])} {self.expression()};"

    def store(self, _: int) -> str:
        """An assignment to memory."""
        return f"memory[{self.random.choice(VARIABLES)} % 4] = {self.expression()};"

    def local(self, depth: int) -> str:
        """A block with a variable that hides another."""
        target = self.random.choice(VARIABLES)
        inner = f"{target} += memory[1]; memory[2] ^= {target}; {self.statement(depth - 1)}"
        return f"{{ uint32_t {target} = {self.random.randint(0, 9)}; {inner} }}"

    def branch(self, depth: int) -> str:
        """An ``if``."""
        other = f" else {self.block(depth - 1)}" if self.random.random() < 0.6 else ""
        return f"if ({self.condition()}) {self.block(depth - 1)}{other}"

    def leave(self, _: int) -> str:
        """A jump from an ``if``."""
        return f"if ({self.condition()}) {{ {self.random.choice(VARIABLES)}++; {self.jump()} }}"

    def jump(self) -> str:
        """A jump that is allowed here; outside a loop a return."""
        return self.random.choice(["return;", *self.jumps, *self.jumps, *self.jumps])

    def switch(self, depth: int) -> str:
        """Some cases, one with two labels, with or without a default in some place."""
        outer, self.jumps = self.jumps, [*self.jumps, "break;"]
        cases = [f"case {i}: {self.block(depth - 1)} break;" for i in (0, 3)]
        cases.append(f"case 1: case 2: {self.statement(depth - 1)} {self.jump()}")
        cases.append(f"{self.random.choice(['default', 'case 7'])}: {self.block(depth - 1)} break;")
        self.jumps = outer
        self.random.shuffle(cases)
        return f"switch ({self.random.choice(VARIABLES)} % 6u) {{ {' '.join(cases)} }}"

    def loop(self, kind: str, depth: int) -> str:
        """A loop with a counter of its own."""
        self.loops += 1
        outer, self.jumps = self.jumps, ["break;", "continue;"]
        counter, body, times = f"n{self.loops}", self.block(depth - 1), self.random.randint(0, 4)
        self.jumps = outer
        if kind == "for":
            down = f"for (int {counter} = {times}; {counter} > 0; {counter} -= 2)"
            up = f"for (int {counter} = 0; {counter} < (int)(e % {times + 1}); {counter}++)"
            return f"{self.random.choice([up, down])} {body}"
        condition = f"{counter}++ < {times} && ({self.condition()})"
        loop = f"while ({condition}) {body}" if kind == "while" else f"do {body} while ({condition});"
        return f"{{ int {counter} = 0; {loop} }}"


@pytest.mark.parametrize("seed", range(12))
def test_random_programs_agree_with_gcc(seed: int, body_of: Any, reference: Any, inputs_for: Any) -> None:
    """Branches in loops in branches, with variables that change in any of them."""
    text = " ".join(Programs(seed).statement(4) for _ in range(6)).replace("; ", ";\n")
    locals_ = "\n".join(f"uint32_t {v} = start[{i}];" for i, v in enumerate(VARIABLES))
    # Results are kept from time to time: what a return skips stays as it was.
    results = "\n".join(f"result[{i}] = {v};" for i, v in enumerate(VARIABLES))
    text = text.replace("return;", f"{{ {results} return; }}")
    head = "// in u32 start[5], state u32 memory[4], out u32 result[5]\n"
    helper = "static uint32_t mix(uint32_t x, uint32_t y) { if (x > y) return x - y; return (x << 3) + y; }\n"
    body = body_of(f"{head}{helper}// step\n{locals_}\n{text}\n{results}\n")
    kernel, expected = body.kernel(), reference(body)
    rng = np.random.default_rng(seed)
    for _ in range(10):
        inputs = inputs_for(body.signature, rng)
        got, want = interpret(kernel, inputs), expected(inputs)
        assert want is not None
        for name, array in want.items():
            np.testing.assert_array_equal(got[name], array, err_msg=f"{name} for {inputs} in {text}")
