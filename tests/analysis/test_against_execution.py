"""The checks agree with a naive execution of the table: correct case, perturbed cases, random ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from aicompiler.metamodels.deployment import Evidence
from aicompiler.transformations.analysis import check
from executor import Execution
from hypothesis import given, settings
from hypothesis import strategies as st
from random_case import STEP, random_case
from small_case import MS, Case, small_case

CASE = small_case()
EXAMPLES = settings(max_examples=150, deadline=None, derandomize=True)


def judged(case: Any) -> Evidence:
    return check(case.system, case.costs, case.deployment)


def flow_values(case: Any) -> dict[str, int | None]:
    """The reaction times and data ages that the checks compute, by flow."""
    findings = judged(case).findings
    return {
        f.elements[0]: f.value for f in findings if f.check in ("reaction-time", "data-age") and f.elements
    }


def moved(case: Any, index: int, by: int) -> Any:
    """The case with its job slot or transfer number ``index`` moved by ``by`` nanoseconds."""
    d = case.deployment
    jobs, transfers = list(d.jobs), list(d.transfers)
    slots: list[Any] = jobs if index < len(jobs) else transfers
    index = index if index < len(jobs) else index - len(jobs)
    old = slots[index]
    slots[index] = replace(old, start_ns=old.start_ns + by, end_ns=old.end_ns + by)
    return replace(case, deployment=replace(d, jobs=tuple(jobs), transfers=tuple(transfers)))


def test_the_correct_case_runs_without_violation() -> None:
    """The execution finds nothing wrong with it, and reaches the computed reaction times and ages."""
    run = Execution(CASE)
    assert run.violations == []
    observed = {f.id: run.observed(f) for f in CASE.system.application.flows}
    assert observed == flow_values(CASE) == {"brake": 65 * MS, "fresh": 60 * MS, "alive": 31 * MS}


SLOTS = len(CASE.deployment.jobs) + len(CASE.deployment.transfers)


@EXAMPLES
@given(index=st.integers(0, SLOTS - 1), steps=st.integers(-24, 24))
def test_a_moved_slot_is_refused_exactly_where_execution_goes_wrong(index: int, steps: int) -> None:
    """Moving one slot by half milliseconds: refused if and only if an execution shows a violation."""
    case = moved(CASE, index, steps * MS // 2)
    assert judged(case).accepted == (Execution(case, rounds=8).violations == [])


@EXAMPLES
@given(seed=st.integers(0, 10**6))
def test_a_random_legal_table_is_accepted_and_its_flow_times_are_reached(seed: int) -> None:
    """Greedy tables without a violation in execution pass, and reaction time and data age are met exactly."""
    case = random_case(seed)
    if case is None:
        return
    run = Execution(case)
    evidence = judged(case)
    assert evidence.accepted == (run.violations == []), (run.violations, evidence.failures)
    assert {f.id: run.observed(f) for f in case.system.application.flows} == flow_values(case)


@EXAMPLES
@given(seed=st.integers(0, 10**6), data=st.data())
def test_a_perturbed_random_table_is_judged_as_its_execution(seed: int, data: st.DataObject) -> None:
    """The same for random tables with one slot moved."""
    case = random_case(seed)
    if case is None:
        return
    count = len(case.deployment.jobs) + len(case.deployment.transfers)
    case = moved(case, data.draw(st.integers(0, count - 1)), STEP * data.draw(st.integers(-30, 30)))
    run = Execution(case, rounds=8)
    assert judged(case).accepted == (run.violations == []), run.violations


def test_the_random_cases_are_worth_something() -> None:
    """Most seeds give a table, among them pipelines over links, two rates, and both protocols."""
    cases = [c for c in map(random_case, range(200)) if c is not None]
    assert len(cases) > 60
    assert sum(bool(c.deployment.transfers) for c in cases) > 30
    assert len({c.deployment.hyperperiod_ns for c in cases}) > 1
    assert {ch.protocol for c in cases for ch in c.system.application.channels}.__len__() == 2


@pytest.mark.long
def test_many_random_tables() -> None:
    """Three thousand random tables agree with their execution."""
    for seed in range(3000):
        if (case := random_case(seed)) is not None:
            run = Execution(case)
            assert judged(case).accepted == (run.violations == []), seed
            assert {f.id: run.observed(f) for f in case.system.application.flows} == flow_values(case), seed


def test_case_is_shared(case: Case) -> None:
    """The fixture and the module's own case are equal: nothing in the builder is random."""
    assert case == CASE
