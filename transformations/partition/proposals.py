"""The plug-in point for whatever has ideas: heuristics and models propose, the solver decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from aicompiler.metamodels.plugins import PluginTable

from .jobs import JobId
from .problem import Choice, Problem
from .timetable import Miss, Table

PROPOSERS = PluginTable("aicompiler.proposers", {"heft": "aicompiler.transformations.partition.heft:Heft"})


@dataclass(frozen=True)
class Proposal:
    """A placement and the order in which its jobs are scheduled (least ``priority`` first), by ``proposer``.

    Nothing in it is believed: it is decoded into a table and checked like any other.
    """

    proposer: str
    choice: Choice
    priority: Mapping[JobId, float]


@dataclass(frozen=True)
class Outcome:
    """What became of a proposal: a table, or why there is none."""

    proposal: Proposal
    result: Table | Miss


class Proposer(Protocol):
    """What ``PROPOSERS`` stand for; constructed without arguments."""

    def propose(
        self, problem: Problem, incumbent: Table | None, feedback: Sequence[Outcome], budget: int
    ) -> Iterable[Proposal]:
        """At most ``budget`` proposals, given the best table so far and what became of earlier proposals."""
        ...
