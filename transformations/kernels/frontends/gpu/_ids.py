"""What asks for the place of a work-item: marks in the tree, whichever language they come from.

A mark is an identifier that no program can write, such as ``@global0``: kind and dimension.
"""

from __future__ import annotations

from collections.abc import Callable

from aicompiler.metamodels.system import Behaviour
from aicompiler.transformations.kernels._errors import unsupported
from aicompiler.transformations.kernels.frontends._trees import (
    arguments,
    called,
    evaluate,
    number,
    replace_nodes,
    walk,
)
from pycparser import c_ast

from ._source import Source

_OPENCL = {
    "get_global_id": "global",
    "get_local_id": "local",
    "get_group_id": "group",
    "get_global_size": "global_size",
    "get_local_size": "local_size",
    "get_num_groups": "groups",
    "get_global_offset": "offset",
}
_CUDA = {"threadIdx": "local", "blockIdx": "group", "blockDim": "local_size", "gridDim": "groups"}
AXES = "xyz"
"""What CUDA calls the dimensions 0, 1 and 2."""

Mark = tuple[str, int]


def marked(node: c_ast.Node | None) -> Mark | None:
    """(kind, dimension) of a mark; ``None`` for all other nodes."""
    if isinstance(node, c_ast.ID) and node.name.startswith("@"):
        return node.name[1:-1], int(node.name[-1])
    return None


def mark_ids(behaviour: Behaviour, source: Source) -> set[Mark]:
    """Put marks into the kernel; gives those that it has.  Helper functions may not ask for ids."""
    for name, function in source.functions.items():
        for node in walk(function.body):
            if _asked(behaviour, node) is not None:
                construct = f"an index of the work-item in the function {name!r}"
                raise unsupported(behaviour, node.coord.line, construct, "pass it as an argument")
    replace_nodes(source.kernel.body, lambda node: _combined(_marked(behaviour, node)))
    return {mark for node in walk(source.kernel.body) if (mark := marked(node)) is not None}


def replace_marks(node: c_ast.Node, value: Callable[[Mark, c_ast.Node], c_ast.Node]) -> c_ast.Node:
    """Put expressions in the places of marks; a declaration takes an int as it is, without a cast."""
    made: set[int] = set()

    def visit(inner: c_ast.Node) -> c_ast.Node:
        if (mark := marked(inner)) is not None:
            made.add(id(result := value(mark, inner)))
            kept.append(result)
            return result
        is_init = isinstance(inner, c_ast.Decl) and isinstance(inner.init, c_ast.Cast)
        if is_init and id(inner.init) in made and _holds_int(inner.type):
            inner.init = inner.init.expr
        return inner

    kept: list[c_ast.Node] = []  # so that no other node gets the identity of one of them
    return replace_nodes(node, visit)


def _holds_int(kind: c_ast.Node) -> bool:
    names = getattr(getattr(kind, "type", None), "names", [])
    return names in (["int"], ["int32_t"], ["long"], ["int64_t"])


def _marked(behaviour: Behaviour, node: c_ast.Node) -> c_ast.Node:
    asked = _asked(behaviour, node)
    if asked is None:
        return node
    kind, dimension = asked
    if kind == "offset":
        return number(0, node.coord)
    return c_ast.ID(f"@{kind}{dimension}", node.coord)


def _asked(behaviour: Behaviour, node: c_ast.Node) -> Mark | None:
    if isinstance(node, c_ast.StructRef) and isinstance(node.name, c_ast.ID) and node.name.name in _CUDA:
        axis = node.field.name
        if axis in AXES:
            return _CUDA[node.name.name], AXES.index(axis)
    if isinstance(node, c_ast.FuncCall) and (kind := _OPENCL.get(called(node) or "")) is not None:
        given = arguments(node)
        dimension = evaluate(given[0], {}) if len(given) == 1 else None
        if dimension is None or not 0 <= dimension <= 2:
            advice = "ask for dimension 0, 1 or 2 by its number"
            raise unsupported(behaviour, node.coord.line, f"this argument of {called(node)}", advice)
        return kind, dimension
    return None


def _combined(node: c_ast.Node) -> c_ast.Node:
    """``group * group size + local`` is the global id."""
    if not isinstance(node, c_ast.BinaryOp) or node.op != "+":
        return node
    for product, local in ((node.left, node.right), (node.right, node.left)):
        mark = marked(local)
        if mark is None or mark[0] != "local" or not isinstance(product, c_ast.BinaryOp):
            continue
        factors = {marked(product.left), marked(product.right)}
        if product.op == "*" and factors == {("group", mark[1]), ("local_size", mark[1])}:
            return c_ast.ID(f"@global{mark[1]}", node.coord)
    return node
