"""All checks, in one order, on one deployment."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from aicompiler.metamodels.deployment import CostTable, Deployment, Evidence, Finding
from aicompiler.metamodels.plugins import PluginTable
from aicompiler.metamodels.system import System

from ._facts import Facts
from ._rules import Check, RuleBook, clash

Contract = Callable[[System, CostTable, Deployment], Iterable[Finding]]

_HERE = "aicompiler.transformations.analysis"

CHECKS = PluginTable(
    "aicompiler.checks",
    {
        "scope": f"{_HERE}._references:RULES",
        "placement": f"{_HERE}._placement:RULES",
        "time-table": f"{_HERE}._jobs:RULES",
        "turns": f"{_HERE}._turns:RULES",
        "channels": f"{_HERE}._channels:RULES",
        "transfers": f"{_HERE}._transfers:RULES",
        "flows": f"{_HERE}._flows:RULES",
        "budgets": f"{_HERE}._budgets:RULES",
        "constraints": f"{_HERE}._constraints:RULES",
        "claims": f"{_HERE}._claims:RULES",
    },
)
"""What judges a deployment, by name: a callable ``(system, costs, deployment) -> list[Finding]``.

Ours are ``RuleBook``s, whose checks are told one by one; an entry point of group ``aicompiler.checks`` may
name a book or any such callable, which then counts as one check.
"""


def all_checks(table: PluginTable = CHECKS) -> tuple[Check, ...]:
    """Every check, in table order; raises ``PluginClash`` for a name used twice."""
    checks: dict[str, Check] = {}
    for name in table:
        loaded = table.load(name)
        for item in loaded if isinstance(loaded, RuleBook) else (_foreign(name, loaded),):
            if item.name in checks:
                raise clash(item.name, checks[item.name].category, item.category)
            checks[item.name] = item
    return tuple(checks.values())


def describe_checks() -> list[tuple[str, str, str]]:
    """Name, category and reason of every check, in the order in which they run, for documents and reports."""
    return [(c.name, c.category, c.because) for c in all_checks()]


def check(system: System, costs: CostTable, deployment: Deployment) -> Evidence:
    """Judge a deployment: every check leaves at least one finding, and any FAIL among them refuses it.

    Nothing in ``deployment`` is believed but its decisions; no deployment makes this raise.
    """
    facts = Facts(system=system, costs=costs, deployment=deployment)
    return Evidence(findings=tuple(finding for item in all_checks() for finding in item.findings(facts)))


def _foreign(name: str, judge: Contract) -> Check:
    """A callable of a third party as one check; its docstring is the reason it gives."""
    because = " ".join((judge.__doc__ or "a plug-in asks for it").split())
    return Check(
        name=name,
        category="plug-in",
        holds=f"{name} has nothing to say",
        because=because,
        judge=lambda facts: judge(facts.system, facts.costs, facts.deployment),
    )
