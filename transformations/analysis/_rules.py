"""What a check is, and the books they are written in.

A rule is a small function from ``Facts`` to the findings worth telling: every violation, and every measured
value held against a limit.  What it does not tell, holds: a rule that yields nothing becomes one PASS finding
that states what was found to hold.  So each check leaves at least one finding, and none is silent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice

from aicompiler.metamodels.deployment import CostTable, Deployment, Finding, Verdict
from aicompiler.metamodels.diagnostics import Diagnostic, Severity
from aicompiler.metamodels.plugins import PluginClash
from aicompiler.metamodels.system import System

from ._facts import Facts

Judge = Callable[[Facts], Iterable[Finding]]

_QUOTED = re.compile(r"'([^']*)'")

MOST_FAILURES = 20
"""How many violations of one rule are told one by one; the rest is counted."""


@dataclass(frozen=True)
class Check:
    """One property: kebab-case ``name``, what ``holds`` when it passes, and the reason why it must."""

    name: str
    category: str
    holds: str
    because: str
    judge: Judge

    def __call__(self, system: System, costs: CostTable, deployment: Deployment) -> list[Finding]:
        """Judge a deployment by this rule alone."""
        return self.findings(Facts(system=system, costs=costs, deployment=deployment))

    def findings(self, facts: Facts) -> list[Finding]:
        """The same, on facts that several checks share."""
        told = [
            replace(f, check=self.name, message=named(f.message, facts.labels)) for f in self.judge(facts)
        ]
        if not told:
            return [passed(message=self.holds, check=self.name)]
        failures = (f for f in told if f.verdict is Verdict.FAIL)
        kept = set(map(id, islice(failures, MOST_FAILURES)))
        result = [f for f in told if f.verdict is not Verdict.FAIL or id(f) in kept]
        if left := len(told) - len(result):
            result.append(failed(message=f"{left} more violations of this kind", check=self.name, value=left))
        return result


@dataclass(frozen=True)
class RuleBook:
    """The rules of one category; a name is used once."""

    category: str
    checks: dict[str, Check] = field(default_factory=dict)

    def rule(self, name: str, *, holds: str, because: str) -> Callable[[Judge], Judge]:
        """Enter the decorated function under ``name``; raises ``PluginClash`` if the name is taken."""

        def enter(judge: Judge) -> Judge:
            if name in self.checks:
                raise clash(name, self.category, self.category)
            self.checks[name] = Check(name, self.category, holds, because, judge)
            return judge

        return enter

    def __call__(self, system: System, costs: CostTable, deployment: Deployment) -> list[Finding]:
        """Judge a deployment by all rules of the book (the contract of ``CHECKS``)."""
        facts = Facts(system=system, costs=costs, deployment=deployment)
        return [finding for check in self for finding in check.findings(facts)]

    def __iter__(self) -> Iterator[Check]:
        """The checks in the order in which they were written."""
        return iter(self.checks.values())


def named(message: str, labels: Mapping[str, str]) -> str:
    """The message with quoted ids, which rules write, replaced by the names that people gave."""
    return _QUOTED.sub(lambda quoted: repr(labels.get(quoted[1], quoted[1])), message)


def clash(name: str, first: str, second: str) -> PluginClash:
    """The error for two checks of one name."""
    return PluginClash(
        Diagnostic(
            severity=Severity.ERROR,
            rule="plugin",
            message=f"check {name!r} is defined in {first!r} and again in {second!r}",
            next_step="give one of the two another name",
        )
    )


failed = partial(Finding, check="", verdict=Verdict.FAIL)
"""A violation: it refuses the deployment (the rule's name is entered by ``Check``)."""

passed = partial(Finding, check="", verdict=Verdict.PASS)
"""A value that keeps its limit, told because the numbers are worth reading."""

assumed = partial(Finding, check="", verdict=Verdict.ASSUMED)
"""Something that holds only if what the message says is true."""


def at_most(message: str, value: int, limit: int, unit: str, elements: tuple[str, ...]) -> Finding:
    """``value`` held against ``limit``; the message says both in readable units."""
    judge = passed if value <= limit else failed
    return judge(message=message, value=value, limit=limit, unit=unit, elements=elements)
