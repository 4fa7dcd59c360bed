"""What a rule is: a name that diagnostics carry, why it exists, what to do, and for some a condition.

A rule with a condition is a small function from a system to its violations, entered under the function's
name; the others are declared in ``rules.toml`` and said where a file is read.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.resources import files

from aicompiler.metamodels.diagnostics import Diagnostic, Severity
from aicompiler.metamodels.system import Element, System


@dataclass(frozen=True)
class Violation:
    """One place where a rule does not hold; ``step`` where it is more than the general advice."""

    element: Element
    message: str
    step: str = ""


Condition = Callable[[System], Iterator[Violation]]


@dataclass(frozen=True)
class Rule:
    """``severity`` is the gravest that the rule is said with; ``because`` is its reason, ``step`` advice.

    ``group`` says who says it: files, sidecar, model, an importer, or system for those with a ``condition``.
    """

    name: str
    group: str
    severity: Severity
    because: str
    step: str
    condition: Condition | None = None

    def violations(self, system: System) -> Iterator[Diagnostic]:
        """What in a system breaks the rule; nothing if it has no condition."""
        for found in self.condition(system) if self.condition is not None else ():
            yield Diagnostic(
                severity=self.severity,
                rule=self.name,
                message=found.message,
                next_step=found.step or self.step,
                source=found.element.source,
            )


class RuleClash(ValueError):
    """Two rules have one name: a reader of a report could not tell which of them spoke."""


@dataclass(frozen=True)
class RuleBook:
    """Rules by name, in the order in which they were entered; a name is used once."""

    rules: dict[str, Rule] = field(default_factory=dict)

    def add(self, rule: Rule) -> None:
        """Enter a rule; raises ``RuleClash`` if its name is taken."""
        if rule.name in self.rules:
            groups = f"{self.rules[rule.name].group!r} and again in {rule.group!r}"
            raise RuleClash(f"the rule {rule.name!r} is in {groups}: give one of the two another name")
        self.rules[rule.name] = rule

    def rule(self, severity: Severity, *, because: str, step: str) -> Callable[[Condition], Condition]:
        """Enter the decorated function: ``def two_writers`` is the rule two-writers."""

        def enter(condition: Condition) -> Condition:
            name = condition.__name__.replace("_", "-")
            self.add(Rule(name, "system", severity, because, step, condition))
            return condition

        return enter

    def __iter__(self) -> Iterator[Rule]:
        """The rules in order."""
        return iter(self.rules.values())


def declared() -> Iterator[Rule]:
    """The rules of ``rules.toml``, in its order."""
    text = (files(__package__) / "rules.toml").read_text(encoding="utf-8")
    for group, rules in tomllib.loads(text).items():
        for name, entry in rules.items():
            yield Rule(name, group, Severity(entry["severity"]), entry["because"], entry["step"])
