"""Loop-carried dependences: which loops may run their iterations in any order, and why others may not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

import islpy as isl
from xdsl.dialects import memref, scf
from xdsl.ir import Operation, SSAValue

from ._accesses import Access
from ._structure import constant, line_of, loop_name


class DependenceKind(Enum):
    """What an iteration needs of an earlier one."""

    FLOW = "reads what an earlier iteration wrote"
    ANTI = "overwrites what an earlier iteration reads"
    OUTPUT = "overwrites what an earlier iteration wrote"
    VALUE = "uses a value that the previous iteration computed"
    LAST_VALUE = "leaves the value of the last iteration to the code after the loop"


@dataclass(frozen=True)
class Dependence:
    """An order between iterations of ``loop`` that must be kept.

    ``distance`` is the least number of iterations between source and sink.  ``reason`` is '' where the
    dependence certainly exists, else it says what the analysis could not follow.  ``source`` and ``sink`` are
    the operations (for loop values both are the loop).
    """

    kind: DependenceKind
    loop: str
    variable: str
    source_line: int
    sink_line: int
    distance: int
    reason: str
    source: Operation
    sink: Operation
    position: int = -1  # of the loop value

    def __str__(self) -> str:
        """One sentence for reports and messages."""
        lines = f"line {self.source_line}"
        if self.sink_line != self.source_line:
            lines += f" to line {self.sink_line}"
        text = f"loop {self.loop} {self.kind.value}: {self.variable}, {lines}, distance {self.distance}"
        return f"{text} (assumed: {self.reason})" if self.reason else text


@dataclass(frozen=True)
class Parallel:
    """No iteration depends on another one: any order and any overlap give the same result."""


@dataclass(frozen=True)
class Carried:
    """Iterations depend on each other."""

    dependences: tuple[Dependence, ...]

    def __str__(self) -> str:
        """The first dependence, and how many more there are."""
        more = f" and {len(self.dependences) - 1} more" if len(self.dependences) > 1 else ""
        return f"{self.dependences[0]}{more}"


LoopVerdict = Parallel | Carried


def carried_by(loop: scf.ForOp, known: Iterable[Access]) -> Iterator[Dependence]:
    """The dependences that ``loop`` carries: loop values first, then through memory, in program order."""
    yield from _loop_values(loop)
    arrays: dict[SSAValue | str | None, list[Access]] = {}
    for access in known:
        if access.within(loop):
            arrays.setdefault(_identity(access), []).append(access)
    anywhere = arrays.pop(None, [])
    for group in arrays.values():
        yield from _through_memory(loop, [*group, *anywhere])
    if not arrays and anywhere:
        yield from _through_memory(loop, anywhere)


def _identity(access: Access) -> SSAValue | str | None:
    """What tells arrays apart: a constant table goes by its name, however often it is fetched."""
    if access.name == "?":
        return None
    return access.name if isinstance(access.array.owner, memref.GetGlobalOp) else access.array


def _loop_values(loop: scf.ForOp) -> Iterator[Dependence]:
    for position, (argument, result) in enumerate(zip(loop.body.block.args[1:], loop.res, strict=True)):
        if argument.uses:
            kind = DependenceKind.VALUE
        elif result.uses:
            kind = DependenceKind.LAST_VALUE
        else:
            continue
        yield Dependence(
            kind=kind,
            loop=loop_name(loop),
            variable=argument.name_hint or f"local variable {position}",
            source_line=line_of(loop),
            sink_line=line_of(loop),
            distance=1,
            reason="",
            source=loop,
            sink=loop,
            position=position,
        )


def _through_memory(loop: scf.ForOp, group: list[Access]) -> Iterator[Dependence]:
    if not any(access.is_write for access in group):
        return
    for source in group:
        for sink in group:
            if source.is_write or sink.is_write:
                dependence = _between(loop, source, sink)
                if dependence is not None:
                    yield dependence


def _between(loop: scf.ForOp, source: Access, sink: Access) -> Dependence | None:
    """The dependence of a later iteration's ``sink`` on an earlier one's ``source``, if there may be one."""
    depth = source.loops.index(loop)
    distance: int | None = 1
    reason = source.reason or sink.reason
    if source.relation.dim(isl.dim_type.out) == sink.relation.dim(isl.dim_type.out):
        distance = _least_distance(loop, _outermost(source, depth), _outermost(sink, depth))
    else:
        reason = "arrays that cannot be told apart"
    if distance is None:
        return None
    if source.is_write:
        kind = DependenceKind.OUTPUT if sink.is_write else DependenceKind.FLOW
    else:
        kind = DependenceKind.ANTI
    return Dependence(
        kind=kind,
        loop=loop_name(loop),
        variable=source.name if source.name == sink.name else f"{source.name}/{sink.name}",
        source_line=source.line,
        sink_line=sink.line,
        distance=distance,
        reason=reason,
        source=source.operation,
        sink=sink.operation,
    )


def _outermost(access: Access, depth: int) -> isl.Map:
    """The relation of an access from the iterations of the loops down to ``depth`` only."""
    inner = access.relation.dim(isl.dim_type.in_) - depth - 1
    return access.relation.project_out(isl.dim_type.in_, depth + 1, inner)


def _least_distance(loop: scf.ForOp, source: isl.Map, sink: isl.Map) -> int | None:
    """Iterations of ``loop`` from a source to the next sink on one element, in equal outer iterations.

    The outer iterations are equal and the inner one is later: the dependences that exactly this loop carries.
    """
    depth = source.dim(isl.dim_type.in_) - 1
    before = [f"i{k}" for k in range(depth + 1)]
    after = [f"j{k}" for k in range(depth + 1)]
    same = "".join(f"i{k} = j{k} and " for k in range(depth))
    order = isl.Map(f"{{ [{', '.join(before)}] -> [{', '.join(after)}] : {same}i{depth} < j{depth} }}")
    pairs = source.apply_range(sink.reverse()).intersect(order)
    if pairs.is_empty():
        return None
    step = constant(loop.step) or 1
    least = pairs.deltas().dim_min_val(depth)
    return max(1, int(least.to_python()) // step) if least.is_int() else 1
