"""The last touches on a module: what is never used goes, and loops get their names."""

from __future__ import annotations

from xdsl.dialects import func, memref, scf
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import Block, Operation

_UNREAD = (memref.LoadOp, memref.GetGlobalOp)


def clean(module: ModuleOp, public: str) -> None:
    """Drop results that nobody uses, then functions and tables that nobody reaches; name the loops.

    Dropping an unused operation drops its checks too: C leaves it undefined what they would have reported.
    """
    functions = {op.sym_name.data: op for op in module.ops if isinstance(op, func.FuncOp)}
    for function in functions.values():
        _drop_unused(function.body.block)
    reached = _reachable(functions, public)
    for op in list(module.ops):
        if isinstance(op, func.FuncOp | memref.GlobalOp) and op.sym_name.data not in reached:
            module.body.block.erase_op(op)
    ordered = [functions[public], *(f for name, f in functions.items() if name in reached and name != public)]
    loops = [op for f in ordered for op in f.walk() if isinstance(op, scf.ForOp)]
    for i, loop in enumerate(loops):
        loop.attributes["aic.loop"] = StringAttr(f"L{i}")


def _drop_unused(block: Block) -> None:
    for op in reversed(list(block.ops)):
        for region in op.regions:
            for inner in region.blocks:
                _drop_unused(inner)
        if _is_unused(op):
            block.erase_op(op)


def _is_unused(op: Operation) -> bool:
    """Whether an operation only computes, and nobody uses what."""
    computes = op.name.startswith("arith.") or isinstance(op, _UNREAD) or op.name.startswith("math.")
    return computes and all(result.first_use is None for result in op.results)


def _reachable(functions: dict[str, func.FuncOp], public: str) -> set[str]:
    """Symbols of the functions and tables that the public function needs."""
    reached, todo = {public}, [public]
    while todo:
        for op in functions[todo.pop()].walk():
            symbol = None
            if isinstance(op, func.CallOp):
                symbol = op.callee.root_reference.data
            elif isinstance(op, memref.GetGlobalOp):
                symbol = op.name_.root_reference.data
            if symbol is not None and symbol not in reached:
                reached.add(symbol)
                todo += [symbol] if symbol in functions else []
    return reached
