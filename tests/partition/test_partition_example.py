"""The shipped example, with its estimated costs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from aicompiler.metamodels.deployment import CostTable, SolveStatus
from aicompiler.metamodels.diagnostics import Infeasible
from aicompiler.metamodels.system import System
from aicompiler.transformations.analysis import check
from aicompiler.transformations.costs import estimate_costs
from aicompiler.transformations.importers import load_system
from aicompiler.transformations.kernels import parse_entry
from aicompiler.transformations.kernels.passes import schedule
from aicompiler.transformations.partition import partition

Given = tuple[System, CostTable]


@pytest.fixture(scope="module")
def given(example: Path) -> Given:
    system, _ = load_system(example)
    kernels = {e.id: parse_entry(system.component_of(e.id), e) for e in system.entries}
    return system, estimate_costs(system, schedule(system, kernels))


def test_example_is_solved_to_optimality(given: Given) -> None:
    """The example's deployment is proved optimal, accepted by the check, and the same every time."""
    system, costs = given
    found = partition(system, costs)
    assert found.status is SolveStatus.OPTIMAL
    assert [f.message for f in check(system, costs, found).failures] == []
    assert partition(system, costs) == found


def test_impossible_deadline_names_the_flow(given: Given) -> None:
    """With a deadline shorter than any reaction the example's flow is named, with its place in the model."""
    system, costs = given
    flows = tuple(replace(f, deadline_ns=50_000_000) for f in system.application.flows)
    application = replace(system.application, flows=flows)
    with pytest.raises(Infeasible) as caught:
        partition(replace(system, application=application), costs)
    (diagnostic,) = caught.value.diagnostics
    assert "cameraToOperator" in diagnostic.message
    assert "deadline of 50 ms, but it takes at least" in diagnostic.message
    assert diagnostic.source == flows[0].source
