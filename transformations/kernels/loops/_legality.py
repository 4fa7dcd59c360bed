"""Proof, before anything is changed, that a new order of iterations keeps every dependence (islpy).

An order gives each access a map from its iterations to a vector of integers; vectors are executed in
lexicographic order.  A transformation is legal if no pair of accesses of one element, one of them a write,
that ran in some order before would run in the other one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import islpy as isl
from aicompiler.transformations.kernels.passes import Access, Values, accesses, loop_name, surrounding_loops
from xdsl.dialects import arith, memref, scf
from xdsl.ir import Operation

from ._draft import Draft
from ._errors import IllegalTransformation, Violation


@dataclass(frozen=True)
class Position:
    """The place of ``op`` among its siblings."""

    number: int
    op: Operation


Level = Position | scf.ForOp | isl.Map
Path = tuple[Level, ...]
Retime = Callable[[Access, Path], Sequence[Level]]


def path_of(access: Access, scope: Operation) -> Path:
    """Where an access stands inside ``scope``'s block: positions and loops, outermost first."""
    levels: list[Level] = []
    current: Operation = access.operation
    while True:
        block, parent = current.parent_block(), current.parent_op()
        assert block is not None and parent is not None
        levels.append(Position(block.get_operation_index(current), current))
        if block is scope.parent_block():
            break
        if isinstance(parent, scf.ForOp):
            levels.append(parent)
        else:
            region = block.parent_region()
            assert region is not None
            levels.append(Position(parent.get_region_index(region), current))
        current = parent
    return tuple(reversed(levels))


def iteration(values: Values, loop: scf.ForOp) -> isl.Map:
    """From iterations to the counter of ``loop``."""
    return values.of(loop.body.block.args[0]).relation


def block_start(draft: Draft, access: Access, loop: scf.ForOp, size: int) -> isl.Map:
    """From iterations to the first counter of the block of ``size`` counters they are in."""
    values = Values(access.loops)
    lower = values.of(loop.lb)
    if lower.reason:
        draft.refuse(f"the first value of {loop_name(loop)} is {lower.reason}", loop)
    pair = iteration(values, loop).flat_range_product(lower.relation)
    rule = f"exists t : v = l + {size} t and 0 <= i - v < {size}"
    return pair.apply_range(isl.Map(f"{{ [i, l] -> [v] : {rule} }}"))


def constant_map(access: Access, value: int) -> isl.Map:
    """The same number in every iteration."""
    names = ", ".join(f"i{k}" for k in range(len(access.loops)))
    return isl.Map(f"{{ [{names}] -> [c] : c = {value} }}")


def check(draft: Draft, scope: Sequence[Operation], retime: Retime, reassociate: bool = False) -> None:
    """Raise ``IllegalTransformation`` if the new order of what is in ``scope`` (siblings) breaks something.

    ``retime`` gives the new path of an access.  With ``reassociate``, the order of the terms that one
    statement adds to (or multiplies into) an element is free.
    """
    checker = _Checker(draft, scope, retime)
    free = reductions(checker.accesses) if reassociate else {}
    for source, sink in checker.pairs():
        group = free.get(source.operation)
        if group is not None and group is free.get(sink.operation):
            continue
        violation = checker.violation(source, sink)
        if violation is not None:
            raise IllegalTransformation(draft.kernel.name, draft.what, violation)


class _Checker:
    def __init__(self, draft: Draft, scope: Sequence[Operation], retime: Retime) -> None:
        self.scope = scope
        self.depth = len(surrounding_loops(scope[0]))
        self.accesses = accesses(draft.kernel, scope)
        self.paths = {id(a): path_of(a, scope[0]) for a in self.accesses}
        self.new = {id(a): list(retime(a, self.paths[id(a)])) for a in self.accesses}
        levels = [*self.paths.values(), *self.new.values()]
        self.length = max((len(p) for p in levels), default=0)
        self._maps: dict[tuple[int, bool], isl.Map] = {}

    def pairs(self) -> Iterator[tuple[Access, Access]]:
        for source in self.accesses:
            for sink in self.accesses:
                if (source.is_write or sink.is_write) and _may_overlap(source, sink):
                    yield source, sink

    def _time(self, access: Access, new: bool) -> isl.Map:
        key = id(access), new
        if key not in self._maps:
            levels: list[Level] = list((self.new if new else self.paths)[id(access)])
            values = Values(access.loops)
            parts = [_component(access, values, level) for level in levels]
            parts += [constant_map(access, 0)] * (self.length - len(parts))
            result = parts[0]
            for part in parts[1:]:
                result = result.flat_range_product(part)
            self._maps[key] = result
        return self._maps[key]

    def violation(self, source: Access, sink: Access) -> Violation | None:
        if source.relation.dim(isl.dim_type.out) == sink.relation.dim(isl.dim_type.out):
            pairs = source.relation.apply_range(sink.relation.reverse())
        else:  # arrays that cannot be told apart
            whole = source.relation.domain(), sink.relation.domain()
            pairs = isl.Map.from_domain_and_range(*whole)
        shared = self._shared(source, sink)
        pairs = pairs.intersect(_equal(source, sink, shared))
        if pairs.is_empty():
            return None
        before = self._time(source, new=False).lex_lt_map(self._time(sink, new=False))
        after = self._time(source, new=True).lex_ge_map(self._time(sink, new=True))
        broken = pairs.intersect(before).intersect(after)
        if broken.is_empty():
            return None
        return _describe(source, sink, broken)

    def _shared(self, source: Access, sink: Access) -> int:
        """Loops whose iterations are equal: those around the scope and around a local array."""
        owner = source.array.owner
        if source.array is sink.array and isinstance(owner, memref.AllocaOp):
            return max(self.depth, len(surrounding_loops(owner)))
        return self.depth


def _may_overlap(source: Access, sink: Access) -> bool:
    if "?" in (source.name, sink.name):
        return True
    if isinstance(source.array.owner, memref.GetGlobalOp):
        return False  # constant tables are never written
    return source.array is sink.array


def _component(access: Access, values: Values, level: Level) -> isl.Map:
    if isinstance(level, Position):
        return constant_map(access, level.number)
    return iteration(values, level) if isinstance(level, scf.ForOp) else level


def _equal(source: Access, sink: Access, depth: int) -> isl.Map:
    before = ", ".join(f"i{k}" for k in range(len(source.loops)))
    after = ", ".join(f"j{k}" for k in range(len(sink.loops)))
    same = " and ".join(f"i{k} = j{k}" for k in range(depth)) or "true"
    return isl.Map(f"{{ [{before}] -> [{after}] : {same} }}")


def _describe(source: Access, sink: Access, broken: isl.Map) -> Violation:
    common = 0
    while common < min(len(source.loops), len(sink.loops)) and source.loops[common] is sink.loops[common]:
        common += 1
    kind = "anti" if not source.is_write else "output" if sink.is_write else "flow"
    outer = broken.project_out(isl.dim_type.in_, common, len(source.loops) - common)
    outer = outer.project_out(isl.dim_type.out, common, len(sink.loops) - common)
    deltas = outer.deltas()
    return Violation(
        array=source.name if source.name == sink.name else f"{source.name}/{sink.name}",
        kind=kind,
        source_line=source.line,
        sink_line=sink.line,
        loops=tuple(loop_name(loop) for loop in source.loops[:common]),
        distance=tuple(_distance(deltas, k) for k in range(common)),
        reason=source.reason or sink.reason,
    )


def _distance(deltas: isl.Set, dim: int) -> int | str:
    low, high = deltas.dim_min_val(dim), deltas.dim_max_val(dim)
    if low.is_int() and high.is_int() and low == high:
        return int(low.to_python())
    if low.is_int() and low.to_python() > 0:
        return "<"
    return ">" if high.is_int() and high.to_python() < 0 else "*"


_ASSOCIATIVE = (arith.AddfOp, arith.MulfOp, arith.AddiOp, arith.MuliOp)


def reductions(known: Sequence[Access]) -> dict[Operation, Operation]:
    """Loads and stores of statements ``a[e] = a[e] + x`` (or ``*``), each with the store as its group."""
    found: dict[Operation, Operation] = {}
    for access in known:
        store = access.operation
        if not isinstance(store, memref.StoreOp) or not isinstance(store.value.owner, _ASSOCIATIVE):
            continue
        for operand in store.value.owner.operands:
            load = operand.owner
            if (
                isinstance(load, memref.LoadOp)
                and load.memref is store.memref
                and list(load.indices) == list(store.indices)
                and len(list(load.res.uses)) == 1
                and len(list(store.value.uses)) == 1
            ):
                found[load] = found[store] = store
    return found
