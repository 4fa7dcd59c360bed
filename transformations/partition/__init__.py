"""Stage 5: which component runs where, at which clock, when; proposers propose, CP-SAT decides."""

from ._build import build_problem
from ._goals import OBJECTIVES
from ._pareto import Front, Point, pareto
from ._partition import PartitionOptions, partition
from ._recalled import recalled_partition
from .jobs import JobId
from .problem import Choice, Problem
from .proposals import PROPOSERS, Outcome, Proposal, Proposer
from .timetable import Miss, Table, decode

__all__ = [
    "partition",
    "pareto",
    "Front",
    "Point",
    "OBJECTIVES",
    "PartitionOptions",
    "PROPOSERS",
    "Proposer",
    "Proposal",
    "Outcome",
    "Problem",
    "Choice",
    "JobId",
    "Table",
    "Miss",
    "build_problem",
    "decode",
    "recalled_partition",
]
