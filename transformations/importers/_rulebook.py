"""All rules that an import can speak by, in one book: what reports and documents list."""

from __future__ import annotations

from functools import cache

from ._rules import Rule, RuleBook, declared
from ._validate import IDENTITY, SYSTEM


@cache
def rulebook() -> RuleBook:
    """The declared rules and those of the system; raises ``RuleClash`` if two have one name.

    An importer may say a rule of the system, too, where a file breaks it before there is a system.
    """
    book = RuleBook()
    for rule in declared():
        book.add(rule)
    for rule in (*IDENTITY, *SYSTEM):
        book.add(rule)
    return book


def describe_rules() -> tuple[Rule, ...]:
    """Every rule with its severity, reason and next step, for documents and reports."""
    return tuple(rulebook())
