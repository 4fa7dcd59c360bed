"""VSL in a whole import: variables of the user, misspelt patterns, values of the wrong dimension."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from aicompiler.metamodels.diagnostics import Diagnostic
from aicompiler.metamodels.system import Periodic
from aicompiler.transformations.importers import ImportOptions, examine

Change = Callable[..., tuple[set[int], list[Diagnostic]]]

PERIOD = "periodic(period=(value=100,unit=ms))"
DEADLINE = 'relDl="(value=15,unit=ms)"'


@pytest.fixture
def changed(example: Path, tmp_path: Path) -> Change:
    """The periods of the example with one text of its model replaced, and what is said about it by a rule."""

    def change(old: str, new: str, rule: str, **variables: str) -> tuple[set[int], list[Diagnostic]]:
        text = example.read_text(encoding="utf-8")
        assert old in text
        model = tmp_path / example.name
        model.write_text(text.replace(old, new), encoding="utf-8")
        draft = examine(model, options=ImportOptions(variables=variables))
        activations = [e.activation for e in draft.system.entries]
        periods = {a.period_ns for a in activations if isinstance(a, Periodic)}
        return periods, [d for d in draft.diagnostics if d.rule == rule]

    return change


def test_a_variable_of_the_user_gives_a_period(changed: Change) -> None:
    """The same system as with the number in the model; without a value the model asks for one."""
    wanted, _ = changed(PERIOD, PERIOD, "unresolved-variable")
    period = PERIOD.replace("value=100,unit=ms", "expr=$p*2,unit=ms")
    assert changed(PERIOD, period, "unresolved-variable", p="50 ms") == (wanted, [])
    periods, said = changed(PERIOD, period, "pattern-not-understood")
    assert 10**8 in wanted - periods
    assert "the variable $p has no value in the model" in said[0].message


def test_a_misspelt_pattern_is_read_and_said(changed: Change) -> None:
    """The period counts, and a warning at the stereotype says what was read as what."""
    wanted, none = changed(PERIOD, PERIOD, "spelling-corrected")
    periods, said = changed(PERIOD, PERIOD.replace("periodic(", "perodic("), "spelling-corrected")
    assert none == []
    assert periods == wanted
    assert {d.message for d in said} == {
        "the arrival pattern 'perodic(period=(value=100,unit=ms))' is misspelt: "
        "'perodic' is read as 'periodic'"
    }
    assert all(d.source is not None and d.source.line for d in said)


def test_a_frequency_is_no_deadline(changed: Change) -> None:
    """The diagnostic names both dimensions; the value is left out."""
    _, said = changed(DEADLINE, DEADLINE.replace("ms", "Hz"), "value-not-understood")
    assert said
    assert all("'Hz' is a unit of frequency, not of time" in d.message for d in said)
