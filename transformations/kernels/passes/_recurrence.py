"""The dependence graph of a loop body, its depth and the recurrence bound on the initiation interval."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import islpy as isl
from xdsl.dialects import scf
from xdsl.ir import Block, BlockArgument, Operation, SSAValue

from ._accesses import Access
from ._analysis import Analysis
from ._dependences import DependenceKind
from ._nests import inner_loops
from ._storage import Storage
from ._structure import constant_trips, surrounding_loops


@dataclass(frozen=True)
class Edge:
    """``sink`` starts at least ``delay`` cycles after ``source`` of ``distance`` iterations before."""

    source: Operation
    sink: Operation
    delay: int
    distance: int


class Body:
    """One iteration of ``loop`` as a circuit: its inner loops are unrolled.

    The delay of an operation is its latency (``_latency``) times the trips of those inner loops around it
    whose recurrences it is part of: there, and only there, its copies run one after the other.
    """

    def __init__(self, analysis: Analysis, loop: scf.ForOp, storage: Storage) -> None:
        self.analysis, self.loop, self.storage = analysis, loop, storage
        self._serial = {
            inner: Body(analysis, inner, storage).recurring() if analysis.carried(inner) else frozenset()
            for inner in inner_loops(loop)
        }
        self.operations = [op for op in loop.walk() if op is not loop]
        self._order = {op: place for place, op in enumerate(self.operations)}
        self.edges = [*self._value_edges(), *self._memory_edges()]

    def delay(self, op: Operation) -> int:
        """Cycles from the start of ``op`` to its result, over all copies that run one after the other."""
        cycles = self.storage.delay(self.analysis.kernel, op)
        for inner in surrounding_loops(op):
            if op in self._serial.get(inner, ()):
                cycles *= constant_trips(inner) or 1
        return cycles

    def depth(self) -> int:
        """Cycles from the start to the end of one iteration: the longest chain of delays, at least 1."""
        start = dict.fromkeys(self.operations, 0)
        forward = sorted((e for e in self.edges if not e.distance), key=lambda e: self._order[e.source])
        for edge in forward:
            start[edge.sink] = max(start[edge.sink], start[edge.source] + edge.delay)
        return max([1, *(start[op] + self.delay(op) for op in self.operations)])

    def recurring(self) -> frozenset[Operation]:
        """The operations on cycles of dependences: an iteration waits for those of an earlier one."""
        found: set[Operation] = set()
        onward: dict[Operation, list[Operation]] = {}
        backward: dict[Operation, list[Operation]] = {}
        for edge in self.edges:
            onward.setdefault(edge.source, []).append(edge.sink)
            backward.setdefault(edge.sink, []).append(edge.source)
        for edge in self.edges:
            if edge.distance:
                found |= _reached(edge.sink, onward) & _reached(edge.source, backward)
        return frozenset(found)

    def recurrence_interval(self) -> int:
        """recMII: the least II for which no cycle of dependences has Σ delay > II · Σ distance."""
        low, high = 1, max(1, sum(edge.delay for edge in self.edges))
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self._has_positive_cycle(middle) else (low, middle)
        return low

    def _has_positive_cycle(self, interval: int) -> bool:
        weights = [(e.source, e.sink, e.delay - interval * e.distance) for e in self.edges]
        longest = dict.fromkeys(self.operations, 0)
        for _ in range(len(longest) + 1):
            changed = False
            for source, sink, weight in weights:
                if longest[source] + weight > longest[sink]:
                    longest[sink], changed = longest[source] + weight, True
            if not changed:
                return False
        return True

    # --- edges through values ------------------------------------------------------------------------------

    def _value_edges(self) -> Iterator[Edge]:
        for op in self.operations:
            for operand in op.operands:
                yield from self._from_value(operand, op)
            parent = op.parent_op()
            if isinstance(parent, scf.IfOp):
                yield Edge(parent, op, 0, 0)

    def _from_value(self, value: SSAValue, sink: Operation) -> Iterator[Edge]:
        for producer, distance in self._producers(value, 0, frozenset(), set()):
            yield Edge(producer, sink, self.delay(producer), distance)

    def _producers(
        self,
        value: SSAValue,
        distance: int,
        seen: frozenset[SSAValue],
        visited: set[tuple[SSAValue, int]],
    ) -> Iterator[tuple[Operation, int]]:
        """The operations that make ``value``, through region boundaries, and how many iterations before.

        What was ``visited`` from the same use is not followed again: branches after branches join there.
        """
        if value in seen or (value, distance) in visited:
            return
        seen = seen | {value}
        visited.add((value, distance))
        owner = value.owner
        op = owner.parent_op() if isinstance(owner, Block) else owner
        if isinstance(op, scf.ForOp) and (isinstance(value, BlockArgument) or op in self._order):
            yield from self._loop_producers(op, value, distance, seen, visited)
        elif isinstance(op, scf.IfOp) and op in self._order:
            yield op, distance
            for region in (op.true_region, op.false_region):
                terminator = region.block.last_op
                assert terminator is not None and not isinstance(value, BlockArgument)
                yield from self._producers(
                    terminator.operands[op.results.index(value)], distance, seen, visited
                )
        elif op in self._order:
            yield op, distance

    def _loop_producers(
        self,
        loop: scf.ForOp,
        value: SSAValue,
        distance: int,
        seen: frozenset[SSAValue],
        visited: set[tuple[SSAValue, int]],
    ) -> Iterator[tuple[Operation, int]]:
        is_argument = isinstance(value, BlockArgument)
        position = value.index - 1 if isinstance(value, BlockArgument) else loop.results.index(value)
        terminator = loop.body.block.last_op
        assert terminator is not None
        if position < 0 or (loop is not self.loop and loop not in self._order):
            return
        if loop is self.loop:
            yield from self._producers(terminator.operands[position], distance + 1, seen, visited)
            return
        yield from self._producers(loop.iter_args[position], distance, seen, visited)
        if not is_argument:
            yield from self._producers(terminator.operands[position], distance, seen, visited)

    # --- edges through memory ------------------------------------------------------------------------------

    def _memory_edges(self) -> Iterator[Edge]:
        inside = [access for access in self.analysis.accesses if access.operation in self._order]
        for place, first in enumerate(inside):
            for second in inside[place + 1 :]:
                if (first.is_write or second.is_write) and self._same_iteration(first, second):
                    yield Edge(first.operation, second.operation, self._order_delay(first), 0)
        for dependence in self.analysis.carried(self.loop):
            if dependence.kind in (DependenceKind.FLOW, DependenceKind.OUTPUT, DependenceKind.ANTI):
                delay = 0 if dependence.kind is DependenceKind.ANTI else self.delay(dependence.source)
                yield Edge(dependence.source, dependence.sink, delay, dependence.distance)

    def _order_delay(self, first: Access) -> int:
        return self.delay(first.operation) if first.is_write else 0

    def _same_iteration(self, first: Access, second: Access) -> bool:
        """Whether one iteration of the pipelined loop may touch one element by both accesses."""
        if first.name != second.name and "?" not in (first.name, second.name):
            return False
        depth = first.loops.index(self.loop) + 1
        relations = [
            access.relation.project_out(isl.dim_type.in_, depth, len(access.loops) - depth)
            for access in (first, second)
        ]
        if relations[0].dim(isl.dim_type.out) != relations[1].dim(isl.dim_type.out):
            return True
        return not relations[0].intersect(relations[1]).is_empty()


def _reached(start: Operation, edges: Mapping[Operation, list[Operation]]) -> set[Operation]:
    """``start`` and whatever edges lead to from there."""
    found, waiting = {start}, [start]
    while waiting:
        for other in edges.get(waiting.pop(), ()):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found
