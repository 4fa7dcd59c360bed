"""The independent check of a deployment: every property recomputed from the model and the cost table.

``check`` runs all checks; ``CHECKS`` names the books they are written in.  A third party adds checks with a
``RuleBook`` of its own, entered under the entry point group ``aicompiler.checks``.
"""

from ._engine import CHECKS, all_checks, check, describe_checks
from ._facts import Facts
from ._rules import Check, RuleBook, assumed, at_most, failed, passed

__all__ = [
    "check",
    "CHECKS",
    "all_checks",
    "describe_checks",
    "Check",
    "RuleBook",
    "Facts",
    "passed",
    "assumed",
    "failed",
    "at_most",
]
