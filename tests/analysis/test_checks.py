"""How checks are kept, told and extended; what is assumed; what any input may do to them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from aicompiler.metamodels.deployment import (
    CostKind,
    CostTable,
    Deployment,
    Finding,
    Provenance,
    Verdict,
)
from aicompiler.metamodels.plugins import PluginClash, PluginTable
from aicompiler.metamodels.system import (
    Periodic,
    Sporadic,
    System,
)
from aicompiler.transformations.analysis import (
    CHECKS,
    Facts,
    RuleBook,
    all_checks,
    check,
    describe_checks,
    failed,
)
from alter import (
    MS,
    application,
    both,
    constraint,
    cost,
    decided,
    entry,
    job,
    objective,
    setting,
    slot,
    unit,
    with_region,
)
from small_case import Case


def findings(case: Any, name: str) -> list[Finding]:
    """The findings of one check."""
    return [f for f in check(case.system, case.costs, case.deployment).findings if f.check == name]


def verdicts(case: Any, name: str) -> set[Verdict]:
    return {f.verdict for f in findings(case, name)}


# --- the registry -----------------------------------------------------------------------------------------


def test_every_check_has_a_kebab_case_name_a_category_and_a_reason() -> None:
    """What reports and documents show of a check is complete, and names are unique."""
    described = describe_checks()
    names = [name for name, _, _ in described]
    assert len(set(names)) == len(names) > 40
    for name, category, reason in described:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
        assert category and len(reason.split()) > 5


def test_every_check_leaves_a_finding(case: Case) -> None:
    """No check is silent: each one says at least what it found to hold."""
    told = {f.check for f in check(case.system, case.costs, case.deployment).findings}
    assert told == {name for name, _, _ in describe_checks()}
    assert all(f.message for f in check(case.system, case.costs, case.deployment).findings)


def test_a_check_can_be_run_alone(case: Case) -> None:
    """One check, one book and all checks give the same findings."""
    for one in all_checks():
        assert one(case.system, case.costs, case.deployment) == findings(case, one.name)
    books = [f for name in CHECKS for f in CHECKS.load(name)(case.system, case.costs, case.deployment)]
    assert tuple(books) == check(case.system, case.costs, case.deployment).findings


def test_a_book_refuses_a_second_rule_of_one_name() -> None:
    """A name stands for one rule."""
    book = RuleBook("demo")
    book.rule("one", holds="it holds", because="it must")(lambda _: ())
    with pytest.raises(PluginClash, match="check 'one'"):
        book.rule("one", holds="it holds", because="it must")(lambda _: ())


CLASHING = RuleBook("clashing")


@CLASHING.rule("deadline", holds="it holds", because="it must")
def _another_deadline(facts: Facts) -> list[Finding]:
    return []


def no_night_shift(system: System, costs: CostTable, deployment: Deployment) -> list[Finding]:
    """Nobody watches the system at night."""
    return [failed(message=f"{system.id} runs at night", value=len(costs.costs), elements=(deployment.id,))]


def _table(monkeypatch: pytest.MonkeyPatch, attribute: str) -> PluginTable:
    monkeypatch.setattr("aicompiler.transformations.analysis._demo", globals()[attribute], raising=False)
    path = "aicompiler.transformations.analysis:_demo"
    return PluginTable("aicompiler.checks", {**CHECKS.builtin, "demo": path})


def test_two_books_cannot_share_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plug-in cannot replace a check of ours."""
    with pytest.raises(PluginClash, match=r"check 'deadline' .* 'time table' and again in 'clashing'"):
        all_checks(_table(monkeypatch, "CLASHING"))


def test_any_callable_of_the_contract_is_a_check(monkeypatch: pytest.MonkeyPatch, case: Case) -> None:
    """A third party's function is told under its name in the table, with its docstring as the reason."""
    foreign = all_checks(_table(monkeypatch, "no_night_shift"))[-1]
    assert (foreign.name, foreign.because) == ("demo", "Nobody watches the system at night.")
    (finding,) = foreign(case.system, case.costs, case.deployment)
    assert (finding.check, finding.message) == ("demo", "sys runs at night")


def test_many_violations_of_one_kind_are_told_in_part(case: Case) -> None:
    """Twenty are told one by one, the others are counted."""
    ghosts = tuple(job("ghost", "cpu", 2, k) for k in range(100))
    case_ = decided(jobs=lambda d: (*d.jobs, *ghosts))(case)
    told = findings(case_, "known-references")
    assert len(told) == 21
    assert (told[-1].value, told[-1].message) == (80, "80 more violations of this kind")


def test_messages_speak_of_names_and_elements_of_ids(case: Case) -> None:
    """A person reads the name, a program the id; a name that two elements share stays an id."""
    late = slot("dog", 0, "remote", start=20)
    called = both(application("components", {"name": "Watchdog"}, id="dog"), entry("dog", name="bark"), late)(
        case
    )
    (finding,) = [f for f in findings(called, "deadline") if f.verdict is Verdict.FAIL]
    assert finding.message == "job 0 of 'Watchdog.bark' on 'remote' ends at 21 ms, due at 20 ms"
    assert finding.elements == ("dog.step", "remote")
    same = both(*(application("flows", {"name": "f"}, id=x) for x in ("brake", "alive")))(case)
    assert findings(same, "reaction-time")[0].message.startswith("flow 'brake' answers")


# --- assumptions ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "weak",
    [{"provenance": Provenance.ESTIMATED}, {"provenance": Provenance.ASSUMED}, {"kind": CostKind.OBSERVED}],
)
def test_a_guessed_cost_makes_the_verdict_assumed(case: Case, weak: dict[str, Any]) -> None:
    """Accepted, but the verdict says on what it rests; a measured bound is no assumption."""
    weak_case = cost("blur", "gpu", **weak)(case)
    evidence = check(weak_case.system, weak_case.costs, weak_case.deployment)
    assert evidence.accepted and evidence.verdict is Verdict.ASSUMED
    assert [f.elements for f in evidence.findings if f.verdict is Verdict.ASSUMED] == [("blur.step", "gpu")]
    measured = cost("blur", "gpu", provenance=Provenance.MEASURED)(case)
    assert check(measured.system, measured.costs, measured.deployment).verdict is Verdict.PASS


def test_a_weak_cost_that_is_not_used_is_no_assumption(case: Case) -> None:
    """Only rows in use count."""
    weak = cost("blur", "cpu", provenance=Provenance.ASSUMED)(case)
    assert check(weak.system, weak.costs, weak.deployment).verdict is Verdict.PASS


def test_a_queue_that_an_early_end_would_overflow_is_assumed_to_wait(case: Case) -> None:
    """The table holds, but a job that takes its best case must wait for room: the verdict says so."""
    late = both(slot("show", 0, "remote", start=15), slot("rec", 0, "remote", start=25))(case)
    evidence = check(late.system, late.costs, late.deployment)
    assert evidence.accepted, evidence.failures
    assert verdicts(late, "queue-early-commit") == {Verdict.ASSUMED}


def test_an_fpga_without_area_and_an_unknown_objective_are_assumed(case: Case) -> None:
    """What cannot be recomputed is told."""
    assert verdicts(unit("fpga", area=None)(case), "area") == {Verdict.ASSUMED}
    assert verdicts(objective(name="beauty")(case), "objective-value") == {Verdict.ASSUMED}


@pytest.mark.parametrize(("name", "value"), [("peak_power", 7950), ("average-power", 1882)])
def test_other_objectives_are_recomputed_too(case: Case, name: str, value: int) -> None:
    """Peak and average power, in microwatts."""
    assert verdicts(objective(name=name, value=value)(case), "objective-value") == {Verdict.PASS}
    assert verdicts(objective(name=name, value=value - 1)(case), "objective-value") == {Verdict.FAIL}


# --- what is legal passes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "mutation",
    [
        constraint(id_="k-average", limit_uw=1882),
        constraint(id_="k-average-far", limit_uw=201),
        constraint(id_="k-peak", limit_uw=7950),
        constraint(id_="k-energy", limit_fj=37_627 * MS),
        constraint(id_="k-reliable", minimum_ppb=999_550_101),
        unit("cpu", memory_bytes=11_000),
        application("flows", {"deadline_ns": 60 * MS}, id="fresh"),
        both(
            entry("dog", activation=Sporadic(min_interarrival_ns=20 * MS), deadline_ns=40 * MS),
            slot("dog", 0, "remote", start=19),
        ),
        entry("show", activation=Periodic(period_ns=20 * MS, jitter_ns=7 * MS)),
        setting("spare", operating_point="spare.slow"),
        with_region(),
    ],
)
def test_a_limit_that_is_just_met_is_met(case: Case, mutation: Any) -> None:
    """Equality keeps every limit."""
    met = mutation(case)
    assert check(met.system, met.costs, met.deployment).failures == ()


def test_a_slower_operating_point_changes_times_and_energy(case: Case) -> None:
    """The row at the chosen point decides, not the fastest one."""
    slow = setting("remote", operating_point="remote.slow")(case)
    refused = {f.check for f in check(slow.system, slow.costs, slow.deployment).failures}
    assert refused == {"slot-length", "objective-value"}
