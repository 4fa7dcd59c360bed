"""The inputs of self-checks: as wide as the kernel is defined for, and never zeros without a word."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aicompiler import pipeline
from aicompiler.codegen.project import self_check_vectors
from aicompiler.metamodels.diagnostics import Severity
from aicompiler.metamodels.system import Component, ElementType, System
from aicompiler.transformations.kernels import parse_entry

Case = Any  # tests/project/conftest.py: a system with a decision, and generate()
FINE = Path(__file__).parent.parent / "errors" / "models" / "fine.uml"
ONLY_ZERO = "int table[1] = {7};\n"  # an element of it is defined for the index 0 alone


def with_body(system: System, name: str, body: str, dtype: ElementType | None = None) -> System:
    """``system`` with another body of one component, and another type of its first port."""

    def changed(component: Component) -> Component:
        (entry,) = component.entries
        entry = replace(entry, behaviours=(replace(entry.behaviours[0], body=body),))
        first, *others = component.ports
        first = replace(first, element_type=dtype or first.element_type)
        return replace(component, entries=(entry,), ports=(first, *others))

    components = tuple(changed(c) if c.name == name else c for c in system.components)
    return replace(system, application=replace(system.application, components=components))


def check_of(system: System, name: str) -> Any:
    (component,) = [c for c in system.components if c.name == name]
    (entry,) = component.entries
    (check,) = self_check_vectors(system, {entry.id: parse_entry(component, entry)})
    return check


@pytest.mark.parametrize(
    ("body", "low", "high"),
    [
        ("z[0] = y[0] ^ s;\nz[1] = 0;", -(2**63), 2**63 - 1),
        ("z[0] = y[0] * s;\nz[1] = y[1] * 3;", -32768, 32767),
        ("z[0] = 1 << (y[0] + s);\nz[1] = 2;", 0, 15),
        ("int table[1] = {7};\nz[0] = table[s - 1] + table[y[0] - 1];\nz[1] = 2;", 1, 1),
    ],
)
def test_the_widest_range_is_taken(small: System, body: str, low: int, high: int) -> None:
    """Zero alone is left out before the range is narrowed, and nothing is zero throughout."""
    check = check_of(with_body(small, "fast", body), "fast")
    assert (check.low, check.high, check.zero) == (low, high, ())


def test_truth_values_are_not_false_throughout(small: System) -> None:
    """A single truth value is drawn again if it was false in every job."""
    body = "z[0] = s ? 3 : 4;\nz[1] = y[0] ? 1 : 2;"
    check = check_of(with_body(small, "fast", body, ElementType.BOOL), "fast")
    assert check.zero == ()


def test_zeros_are_warned_of(spread: Case) -> None:
    """A kernel that is defined for zeros alone is checked with them, and a warning names what is zero."""
    system = with_body(spread.system, "fast", f"{ONLY_ZERO}z[0] = table[y[0]];\nz[1] = table[y[1]] + s;")
    component = system.components[3]
    kernels = dict(spread.kernels) | {"fast.step": parse_entry(component, component.entries[0])}
    case = replace(spread, system=system, kernels=kernels)
    (check,) = self_check_vectors(system, {"fast.step": kernels["fast.step"]})
    assert (check.low, check.high, check.zero) == (0, 0, ("y", "s"))
    (warning,) = case.generate(vectors=(check,)).diagnostics
    assert warning.severity is Severity.WARNING
    assert "'step' has inputs from 0 to 0 only, with nothing but zeros in y, s" in warning.message
    assert spread.generate().diagnostics == ()


def test_the_verdict_tells_of_zeros(tmp_path: Path) -> None:
    """The warning stands in the verdict, with the place in the model."""
    text = FINE.read_text(encoding="utf-8")
    body = "int32_t table[1] = {7};\ntotal = total + table[(int32_t)(in[0] * 1000.0f)];"
    path = tmp_path / "zeros.uml"
    path.write_text(text.replace("total = total + in[0];", body), encoding="utf-8")
    diagnostics = pipeline.verdict(pipeline.build(path))["diagnostics"]["items"]
    (warning,) = [d for d in diagnostics if d["rule"] == "self-check-inputs"]
    assert "zeros in in" in warning["message"]
