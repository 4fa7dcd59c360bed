"""Texts that are no machine, or not ours, are told with line, name and advice."""

from __future__ import annotations

import pytest
from aicompiler.metamodels.system import Behaviour, ElementType, Source
from aicompiler.transformations.kernels import Direction, Parameter, Signature, parse
from aicompiler.transformations.kernels._errors import BodyError

E = ElementType
SIGNATURE = Signature(
    "k",
    (
        Parameter("go", E.BOOL, (), Direction.IN),
        Parameter("x", E.I32, (), Direction.IN),
        Parameter("r", E.I32, (), Direction.OUT),
        Parameter("m_state", E.I32, (), Direction.STATE),
    ),
)
CASES = [
    ("machine m\nstate A\n", 1, "no initial transition"),
    ("machine m\ninitial -> A\nstate A\ntransition A -> B\n", 4, "no vertex 'B'"),
    ("machine m\ninitial -> A\nstate A {\n", 3, "not closed"),
    ("machine m\ninitial -> A\nstate A\nhistory h\n", 4, "history state"),
    ("machine m\ninitial -> A\nstate A {\n do blink\n}\n", 4, "do activity"),
    ("machine m\ninitial -> A\nstate A\nregion second\n", 4, "orthogonal region"),
    ("machine m\ninitial -> A\nstate A\ntransition A -> A\n on y\n", 5, "'y' is no in-port"),
    ("machine m\ninitial -> A\nstate A\ntransition A -> A\n on after 5 ms\n", 5, "'after 5 ms'"),
    ("machine m\ninitial -> A\nstate A\ntransition A -> A\n on after 5\n", 1, "m_time"),
    ("machine m\ninitial -> A\nstate A\ntransition A -> A\n", 3, "never end"),
    ("machine m\ninitial -> A\nstate A\nstate B\ntransition A -> B\ntransition B -> A\n", 3, "A and B never"),
    ("machine m\ninitial -> A\nstate A\nchoice c\ntransition c -> A\n guard C: x > 1\n", 4, "no way out"),
    ("machine m\ninitial -> A\nstate A\ntransition A -> A\n on go\n guard C: x >\n", 6, "syntax error"),
    ("machine m\ninitial -> A\nstate A\ntransition A -> A\n on go\n guard Alf: x\n", 6, "must be Boolean"),
    ("machine m\ninitial -> A\nstate A {\n entry C:\n | r = 1;\n | r = q;\n}\n", 6, "'q' is not declared"),
    ("machine m\ninitial -> A\nstate A {\n entry OCL: r\n}\n", 4, "in C or Alf"),
    ("machine m\ninitial -> A\n@40\nstate A {\n entry C: r = q;\n}\n", 41, "'q' is not declared"),
    ("machine m\nkeep x\ninitial -> A\nstate A\n", 2, "no out-port"),
    ("state A\n", 1, "does not begin with the machine"),
    ("machine m\nstates A\n", 2, "begins with 'states'"),
]


@pytest.mark.parametrize(("text", "line", "words"), CASES, ids=[c[2] for c in CASES])
def test_what_is_wrong_is_said_at_its_line(text: str, line: int, words: str) -> None:
    """Line of the model, what is wrong, and what to write instead."""
    place = Source(file="model.uml", qualified_name="Model::m", line=100)
    with pytest.raises(BodyError) as caught:
        parse(Behaviour(id="b", language="statemachine", body=text, source=place), SIGNATURE)
    (diagnostic,) = caught.value.diagnostics
    assert words in str(caught.value)
    assert diagnostic.source is not None
    assert diagnostic.source.line == 99 + line
    assert diagnostic.next_step
