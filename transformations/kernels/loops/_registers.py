"""Scalar replacement: elements that a loop reads and writes again and again stay in registers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import islpy as isl
from aicompiler.transformations.kernels._kernel import Kernel
from aicompiler.transformations.kernels.passes import (
    LANES,
    NAME,
    Access,
    Linear,
    Values,
    accesses,
    array_name,
    constant_trips,
    defined_in,
    linear,
    loop_name,
    surrounding_loops,
)
from xdsl.dialects import arith, memref, scf
from xdsl.dialects.builtin import (
    AnyFloat,
    FloatAttr,
    IndexType,
    IntegerAttr,
    IntegerType,
    MemRefType,
    StringAttr,
    UnitAttr,
)
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from ._draft import Draft, body_ops, end, index_constant, new_loop, replace_by, slice_of
from ._errors import IllegalTransformation, Violation

_ACCESS = (memref.LoadOp, memref.StoreOp)


@dataclass(frozen=True)
class ScalarReplace:
    """Keep the elements that all iterations of a loop share in local variables, or in lanes of registers.

    They are read before the loop and, if it writes them, written after it.  ``arrays`` (none: all that
    qualify) must qualify: an array that is also touched in a way that may be the same element is refused.
    """

    loop: str
    arrays: tuple[str, ...] = ()

    def apply(self, kernel: Kernel) -> Kernel:
        """The kernel with these elements in registers."""
        draft = Draft(kernel, self)
        loop = draft.loop(self.loop)
        known = [a for a in accesses(draft.kernel, [loop]) if a.within(loop)]
        groups = _groups(draft, loop, known)
        chosen = []
        for group in groups:
            rival = _rival(loop, group, known)
            if rival is not None and group.name in self.arrays:
                raise IllegalTransformation(draft.kernel.name, draft.what, rival)
            if rival is None and (not self.arrays or group.name in self.arrays):
                chosen.append(group)
        missing = sorted(set(self.arrays) - {g.name for g in chosen})
        if missing:
            draft.refuse(f"all iterations of {self.loop} share no element of {', '.join(missing)}", loop)
        if not chosen:
            draft.refuse(f"{self.loop} shares no elements between iterations", loop)
        runs = _runs(loop)
        if not runs:
            draft.without_values(loop)
        _Replacement(draft, loop, chosen).rebuild(guarded=not runs)
        return draft.finish()


@dataclass
class _Group:
    """Loads and stores of one element, or of one element a lane."""

    array: SSAValue
    name: str
    lanes: int
    operations: list[Operation] = field(default_factory=list)

    @property
    def writes(self) -> bool:
        return any(isinstance(op, memref.StoreOp) for op in self.operations)

    @property
    def element(self) -> Attribute:
        assert isinstance(self.array.type, MemRefType)
        element: Attribute = self.array.type.get_element_type()
        return element


def lane_count(op: Operation | None) -> int:
    """The lanes of a loop over lanes; 0 for everything else."""
    lanes = op.attributes.get(LANES) if isinstance(op, scf.ForOp) else None
    return lanes.value.data if isinstance(lanes, IntegerAttr) else 0


def _groups(draft: Draft, loop: scf.ForOp, known: Iterable[Access]) -> list[_Group]:
    found: dict[tuple[object, ...], _Group] = {}
    for access in known:
        op = access.operation
        parent = op.parent_op()
        lanes = lane_count(parent) if parent is not loop else 0
        if not isinstance(op, memref.LoadOp | memref.StoreOp) or not (parent is loop or lanes):
            continue
        if lanes and (parent is None or parent.parent_op() is not loop):
            continue
        sums = [linear(i) for i in op.indices]
        counter = parent.body.block.args[0] if lanes and isinstance(parent, scf.ForOp) else None
        if counter is not None:
            follows = any(s.factor(counter) for s in sums)
            if not follows and isinstance(op, memref.StoreOp):
                continue
            lanes = lanes if follows else 0
        if any(v is not counter and defined_in(v, loop) for s in sums for v, _ in s.terms):
            continue
        key = op.memref, lanes, tuple(_key(s, counter) for s in sums)
        group = found.setdefault(key, _Group(op.memref, array_name(draft.kernel, op.memref), lanes))
        group.operations.append(op)
    return [g for g in found.values() if g.lanes == 0 or g.writes or len(g.operations) > 0]


def _key(part: Linear, counter: SSAValue | None) -> tuple[object, ...]:
    own = part.factor(counter) if counter is not None else 0
    return own, frozenset((v, f) for v, f in part.terms if v is not counter), part.offset


def _rival(loop: scf.ForOp, group: _Group, known: list[Access]) -> Violation | None:
    """An access in the loop that may touch an element of the group in another way, one of them writing."""
    mine = [a for a in known if a.operation in group.operations]
    for other in known:
        if other.operation in group.operations or not (group.writes or other.is_write):
            continue
        if other.array is not group.array and "?" not in (other.name, group.name):
            continue
        for access in mine:
            if _meet(loop, access, other):
                return Violation(
                    array=group.name,
                    kind="flow" if other.is_write else "anti",
                    source_line=other.line,
                    sink_line=access.line,
                    loops=(loop_name(loop),),
                    distance=("*",),
                    reason=other.reason or access.reason,
                )
    return None


def _meet(loop: scf.ForOp, access: Access, other: Access) -> bool:
    """Whether two accesses may touch one element while the loop runs once."""
    if access.relation.dim(isl.dim_type.out) != other.relation.dim(isl.dim_type.out):
        return True
    if access.array is other.array and _apart(loop, access.operation, other.operation):
        return False
    depth = access.loops.index(loop)
    before = ", ".join(f"i{k}" for k in range(len(access.loops)))
    after = ", ".join(f"j{k}" for k in range(len(other.loops)))
    same = " and ".join(f"i{k} = j{k}" for k in range(depth)) or "true"
    pairs = access.relation.apply_range(other.relation.reverse())
    return not pairs.intersect(isl.Map(f"{{ [{before}] -> [{after}] : {same} }}")).is_empty()


def _apart(loop: scf.ForOp, first: Operation, second: Operation) -> bool:
    """Whether a subscript differs by a constant and by nothing that changes in the loop."""
    if not isinstance(first, _ACCESS) or not isinstance(second, _ACCESS):
        return False
    for one, two in zip(map(linear, first.indices), map(linear, second.indices), strict=True):
        if one.terms == two.terms and one.offset != two.offset:
            return not any(defined_in(v, loop) for v, _ in one.terms)
    return False


def _runs(loop: scf.ForOp) -> bool:
    """Whether the loop certainly has an iteration wherever it is reached."""
    trips = constant_trips(loop)
    if trips is not None:
        return trips > 0
    outer = Values(surrounding_loops(loop))
    bounds = outer.of(loop.lb), outer.of(loop.ub)
    if bounds[0].reason or bounds[1].reason:
        return False
    pair = bounds[0].relation.flat_range_product(bounds[1].relation).intersect_domain(outer.domain)
    return bool(pair.intersect_range(isl.Set("{ [l, u] : l >= u }")).is_empty())


@dataclass
class _Replacement:
    draft: Draft
    loop: scf.ForOp
    groups: list[_Group]

    def rebuild(self, guarded: bool) -> None:
        """The loop with reads before it and writes after it; ``guarded``: if it runs at all."""
        scratch = Block()
        loop = self.loop
        scalars = [g for g in self.groups if not g.lanes]
        carried = [g for g in scalars if g.writes]
        registers = {id(g): self._registers(g, scratch) for g in self.groups if g.lanes}
        first = {id(g): self._read(g, scratch) for g in scalars}
        starts = [*loop.iter_args, *(first[id(g)] for g in carried)]
        made = new_loop((loop.lb, loop.ub, loop.step), StringAttr(loop_name(loop)), loop, starts)
        scratch.add_op(made)
        inside = made.body.block
        mapping: dict[SSAValue, SSAValue] = dict(zip(loop.body.block.args, inside.args, strict=False))
        now = dict(first)
        for group, argument in zip(carried, inside.args[1 + len(loop.iter_args) :], strict=True):
            now[id(group)] = argument
            argument.name_hint = group.name
        for op in body_ops(loop):
            self._copy(op, inside, mapping, now, registers)
        terminator = loop.body.block.last_op
        assert terminator is not None
        end(made, [*(mapping.get(v, v) for v in terminator.operands), *(now[id(g)] for g in carried)])
        for group, result in zip(carried, made.results[len(loop.iter_args) :], strict=True):
            self._write(group, scratch, result)
        for group in self.groups:
            if group.lanes and group.writes:
                self._copy_lanes(group, scratch, registers[id(group)], back=True)
        if guarded:
            scratch.add_op(scf.YieldOp())
            scratch = _if_runs(loop, scratch)
        replace_by(loop, scratch, made.results[: len(loop.iter_args)])

    def _group_of(self, op: Operation) -> _Group | None:
        return next((g for g in self.groups if op in g.operations), None)

    def _copy(
        self,
        op: Operation,
        into: Block,
        mapping: dict[SSAValue, SSAValue],
        now: dict[int, SSAValue],
        registers: dict[int, SSAValue],
    ) -> None:
        if lane_count(op) and isinstance(op, scf.ForOp):
            bounds = tuple(mapping.get(v, v) for v in (op.lb, op.ub, op.step))
            made = new_loop((bounds[0], bounds[1], bounds[2]), StringAttr(loop_name(op)), op)
            into.add_op(made)
            mapping[op.body.block.args[0]] = made.body.block.args[0]
            for inner in body_ops(op):
                self._copy(inner, made.body.block, mapping, now, registers)
            end(made)
            return
        group = self._group_of(op)
        if group is None:
            into.add_op(op.clone(mapping))
        elif group.lanes:
            lane = into.args[0]
            if isinstance(op, memref.LoadOp):
                load = memref.LoadOp.get(registers[id(group)], [lane])
                into.add_op(load)
                mapping[op.res] = load.res
            elif isinstance(op, memref.StoreOp):
                value = mapping.get(op.value, op.value)
                into.add_op(memref.StoreOp.get(value, registers[id(group)], [lane]))
        elif isinstance(op, memref.LoadOp):
            mapping[op.res] = now[id(group)]
        elif isinstance(op, memref.StoreOp):
            now[id(group)] = mapping.get(op.value, op.value)

    def _indices(self, group: _Group, into: Block, lane: SSAValue | None = None) -> list[SSAValue]:
        """The subscripts of the group's element, computed outside the loop."""
        op = group.operations[0]
        assert isinstance(op, memref.LoadOp | memref.StoreOp)
        parent = op.parent_op()
        mapping: dict[SSAValue, SSAValue] = {}
        if lane is not None and isinstance(parent, scf.ForOp):
            mapping[parent.body.block.args[0]] = lane
        for index in op.indices:
            ops = slice_of(index, lambda v: v in mapping or not defined_in(v, self.loop))
            if ops is None:
                self.draft.refuse(f"a subscript of {group.name} cannot be computed before the loop", op)
            for part in ops:
                if part.results[0] not in mapping:
                    into.add_op(part.clone(mapping))
        return [mapping.get(i, i) for i in op.indices]

    def _read(self, group: _Group, into: Block) -> SSAValue:
        if isinstance(group.operations[0], memref.StoreOp):  # written before it is read
            kind = group.element
            zero: FloatAttr | IntegerAttr
            if isinstance(kind, AnyFloat):
                zero = FloatAttr(0.0, kind)
            else:
                assert isinstance(kind, IntegerType | IndexType)
                zero = IntegerAttr(0, kind)
            constant = arith.ConstantOp(zero)
            into.add_op(constant)
            return constant.result
        load = memref.LoadOp.get(group.array, self._indices(group, into))
        load.attributes.update(_line(group.operations[0]))
        into.add_op(load)
        return load.res

    def _write(self, group: _Group, into: Block, value: SSAValue) -> None:
        store = memref.StoreOp.get(value, group.array, self._indices(group, into))
        store.attributes.update(_line(group.operations[-1]))
        into.add_op(store)

    def _registers(self, group: _Group, into: Block) -> SSAValue:
        alloca = memref.AllocaOp.get(group.element, shape=[group.lanes])
        alloca.attributes[LANES] = UnitAttr()
        alloca.attributes[NAME] = StringAttr(f"{group.name}_registers")
        alloca.memref.name_hint = group.name
        into.add_op(alloca)
        if isinstance(group.operations[0], memref.LoadOp):
            self._copy_lanes(group, into, alloca.memref, back=False)
        return alloca.memref

    def _copy_lanes(self, group: _Group, into: Block, registers: SSAValue, back: bool) -> None:
        zero, high, one = (index_constant(into, v) for v in (0, group.lanes, 1))
        like = group.operations[0].parent_op()
        assert isinstance(like, scf.ForOp)
        name = self.draft.fresh(f"{loop_name(like)}_{'out' if back else 'in'}")
        made = new_loop((zero, high, one), name, like)
        into.add_op(made)
        inside = made.body.block
        lane = inside.args[0]
        indices = self._indices(group, inside, lane)
        source, target = (group.array, registers) if not back else (registers, group.array)
        load = memref.LoadOp.get(source, [lane] if back else indices)
        store = memref.StoreOp.get(load.res, target, indices if back else [lane])
        for op in (load, store):
            op.attributes.update(_line(group.operations[0]))
        inside.add_ops([load, store])
        end(made)


def _line(op: Operation) -> dict[str, Attribute]:
    return {k: v for k, v in op.attributes.items() if k == "aic.line"}


def _if_runs(loop: scf.ForOp, body: Block) -> Block:
    outer = Block()
    test = arith.CmpiOp(loop.lb, loop.ub, "slt")
    outer.add_ops([test, scf.IfOp(test.result, [], Region([body]))])
    return outer
