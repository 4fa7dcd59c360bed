"""Which signless integers read best as unsigned.  Correctness never depends on it: casts do the rest.

Values that hold the same number (a variable's, a choice's, an array's elements, operands of bit operations)
form a group; operations that mind the sign vote on the groups of their operands and results.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from xdsl.dialects import arith, func, memref, scf
from xdsl.dialects.builtin import IndexType, IntegerType, MemRefType, ModuleOp
from xdsl.ir import Operation, SSAValue

from ._values import is_nsw

Node = SSAValue | str  # a global's elements go by its symbol
DECLARED = 1000  # the signature of a kernel outvotes everything

_SAME = (arith.AndIOp, arith.OrIOp, arith.XOrIOp)
_OPERANDS: dict[type[Operation], bool] = {  # whether an operation reads its operands as signed
    **dict.fromkeys((arith.ExtSIOp, arith.SIToFPOp, arith.DivSIOp, arith.RemSIOp, arith.ShRSIOp), True),
    **dict.fromkeys((arith.MinSIOp, arith.MaxSIOp), True),
    **dict.fromkeys((arith.ExtUIOp, arith.UIToFPOp, arith.DivUIOp, arith.RemUIOp, arith.ShRUIOp), False),
    **dict.fromkeys((arith.MinUIOp, arith.MaxUIOp), False),
}
_ARITHMETIC = (arith.AddiOp, arith.SubiOp, arith.MuliOp)
_RESULT_DIFFERS = (arith.ExtSIOp, arith.ExtUIOp, arith.SIToFPOp, arith.UIToFPOp)


class Signs:
    """The groups of one module; ``declared`` gives the signedness of values that the signature types."""

    def __init__(self, module: ModuleOp, declared: Mapping[SSAValue, bool]) -> None:
        self._parent: dict[Node, Node] = {}
        self._votes: dict[Node, int] = {}
        self._functions = {f.sym_name.data: f for f in module.walk() if isinstance(f, func.FuncOp)}
        ballots: list[tuple[Node, int]] = [(v, DECLARED if s else -DECLARED) for v, s in declared.items()]
        for op in module.walk():
            for left, right in self._links(op):
                self._parent[self._root(left)] = self._root(right)
            ballots += [(node, 1 if signed else -1) for node, signed in _ballots(op)]
        for node, weight in ballots:
            root = self._root(node)
            self._votes[root] = self._votes.get(root, 0) + weight

    def signed(self, node: Node) -> bool:
        """Whether an integer, or the elements of a memref or global, should be signed."""
        return self._votes.get(self._root(node), 0) >= 0

    def _root(self, node: Node) -> Node:
        while (parent := self._parent.get(node, node)) is not node:
            node = parent
        return node

    def _links(self, op: Operation) -> Iterator[tuple[Node, Node]]:
        match op:
            case memref.LoadOp():
                yield op.res, op.memref
            case memref.StoreOp():
                yield op.value, op.memref
            case memref.GetGlobalOp():
                yield op.memref, op.name_.root_reference.data
            case scf.ForOp():
                last = op.body.block.last_op
                for i, result in enumerate(op.results):
                    assert last is not None
                    argument = op.body.block.args[i + 1]
                    yield from ((result, argument), (op.iter_args[i], argument), (last.operands[i], argument))
            case scf.IfOp():
                for region in op.regions if op.results else ():
                    assert region.block.last_op is not None
                    yield from zip(region.block.last_op.operands, op.results, strict=True)
            case scf.WhileOp():
                before, after = op.before_region.block, op.after_region.block
                assert before.last_op is not None and after.last_op is not None
                yield from zip(op.arguments, before.args, strict=True)
                yield from zip(after.last_op.operands, before.args, strict=True)
                yield from zip(before.last_op.operands[1:], after.args, strict=True)
                yield from zip(op.results, after.args, strict=True)
            case arith.SelectOp():
                yield from ((op.lhs, op.result), (op.rhs, op.result))
            case func.CallOp():
                yield from self._call_links(op)
            case _ if isinstance(op, _SAME):
                yield from ((operand, op.results[0]) for operand in op.operands if not _constant(operand))
            case _:
                pass

    def _call_links(self, op: func.CallOp) -> Iterator[tuple[Node, Node]]:
        body = self._functions[op.callee.root_reference.data].body.block
        for given, taken in zip(op.arguments, body.args, strict=True):
            if not isinstance(given.type, MemRefType):  # arrays of both kinds may go through one parameter
                yield given, taken
        if op.results and body.last_op is not None:
            yield op.results[0], body.last_op.operands[0]


def _constant(value: SSAValue) -> bool:
    return isinstance(value.owner, arith.ConstantOp)


def _ballots(op: Operation) -> Iterator[tuple[Node, bool]]:
    match op:
        case arith.CmpiOp() if op.predicate.value.data >= 2:
            yield from ((v, op.predicate.value.data < 6) for v in op.operands if not _constant(v))
        case _ if isinstance(op, _ARITHMETIC):
            signed = is_nsw(op)
            yield from ((v, signed) for v in (*op.operands, op.results[0]) if not _constant(v))
        case arith.FPToSIOp() | arith.FPToUIOp():
            yield op.results[0], isinstance(op, arith.FPToSIOp)
        case arith.ExtUIOp() if op.input.type == IntegerType(1):
            return
        case arith.IndexCastOp() if isinstance(op.input.type, IndexType):
            yield op.results[0], True
        case arith.IndexCastOp():
            yield op.input, True
        case _ if type(op) in _OPERANDS:
            signed = _OPERANDS[type(op)]
            results = () if isinstance(op, _RESULT_DIFFERS) else op.results
            yield from ((v, signed) for v in (*op.operands, *results) if not _constant(v))
        case _:
            return
