"""The traffic junction through the whole flow: placed, checked, generated, executed."""

from __future__ import annotations

from pathlib import Path

import pytest
from aicompiler import pipeline
from aicompiler.codegen import write_project
from aicompiler.metamodels.deployment import SolveStatus
from aicompiler.metamodels.system import System, Unit
from aicompiler.run import RunOptions, run_project

JOBS = {33: 8, 50: 4, 100: 3, 165: 1}  # period in ms: entries; the button is polled every 165 ms
HYPERPERIOD_MS = 3300


@pytest.fixture(scope="module")
def decision(junction: Path) -> pipeline.Decision:
    """Costs, deployment and evidence, once."""
    return pipeline.decide(pipeline.read(junction))


def test_junction_is_placed_and_accepted(decision: pipeline.Decision, system: System) -> None:
    """A table of 1,183 jobs is found and passes every check; its energy is within 2 % of the proved bound."""
    deployment = decision.deployment
    assert decision.evidence.accepted
    assert deployment.status in (SolveStatus.OPTIMAL, SolveStatus.FEASIBLE)
    assert len(deployment.jobs) == sum(HYPERPERIOD_MS // period * n for period, n in JOBS.items()) == 1183
    (energy,) = deployment.objectives
    assert energy.bound is not None and energy.value <= 1.02 * energy.bound
    kinds = {system.element(Unit, p.unit).kind.value for p in deployment.placements}
    assert kinds == {"CPU", "GPU", "FPGA"}


@pytest.mark.long
def test_generated_junction_runs(junction: Path, tmp_path: Path) -> None:
    """The project compiles, every kernel passes its self-checks, and two hyperperiods are executed."""
    write_project(pipeline.build(junction).project, tmp_path)
    result = run_project(tmp_path, 2, RunOptions())
    assert result.self_checks and all(c.passed for c in result.self_checks)
    assert result.outputs
