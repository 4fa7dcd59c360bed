"""One name, one variable: what a kernel declares twice is renamed, so that declarations can be moved."""

from __future__ import annotations

from collections import Counter

from aicompiler.transformations.kernels.frontends._trees import assigned_name, copied, fields, walk
from pycparser import c_ast

_SCOPES = (c_ast.Compound, c_ast.For, c_ast.If, c_ast.While, c_ast.DoWhile, c_ast.Switch)


class Names:
    """Names that a kernel uses; gives further ones."""

    def __init__(self, taken: set[str]) -> None:
        self.taken = set(taken)

    def fresh(self, name: str) -> str:
        """``name``, or with a number behind it where that is taken."""
        found, n = name, 1
        while found in self.taken:
            n += 1
            found = f"{name}_{n}"
        self.taken.add(found)
        return found

    def make_unique(self, node: c_ast.Node) -> None:
        """Rename variables declared in ``node`` whose name is taken, in place."""
        self._visit(node, {})

    def apart(self, items: list[c_ast.Node]) -> list[c_ast.Node]:
        """Give each value of a variable that only statements of ``items`` themselves set a name of its own.

        Such variables then never change, which says more about the subscripts that they are in.
        """
        setters = Counter(
            name for item in items for n in walk(item) if (name := assigned_name(n)) is not None
        )
        plain = Counter(name for item in items if (name := _sets(item)) is not None)
        declared: dict[str, c_ast.Decl] = {}
        renamed: dict[str, str] = {}
        result: list[c_ast.Node] = []
        for item in items:
            name = _sets(item)
            if isinstance(item, c_ast.Decl) and isinstance(item.type, c_ast.TypeDecl):
                declared[item.name] = item
            if name is None or name not in declared or plain[name] != setters[name]:
                _rename(item, renamed)
                result.append(item)
                continue
            _rename(item.rvalue, renamed)
            renamed[name] = self.fresh(name)
            made = copied(declared[name])
            made.name = made.type.declname = renamed[name]
            made.init, made.coord = item.rvalue, item.coord
            result.append(made)
        return result

    def _visit(self, node: c_ast.Node, known: dict[str, str]) -> None:
        if isinstance(node, c_ast.ID):
            node.name = known.get(node.name, node.name)
        elif isinstance(node, c_ast.Decl) and node.name is not None:
            self._declare(node, known)
        elif isinstance(node, c_ast.Struct | c_ast.Union):
            return  # what it declares are members
        elif isinstance(node, c_ast.StructRef):
            self._visit(node.name, known)
        else:
            inner = dict(known) if isinstance(node, _SCOPES) else known
            for name in fields(node):
                child = getattr(node, name)
                for part in child if isinstance(child, list) else [child]:
                    if isinstance(part, c_ast.Node):
                        self._visit(part, inner)

    def _declare(self, node: c_ast.Decl, known: dict[str, str]) -> None:
        known[node.name] = self.fresh(node.name)
        node.name = known[node.name]
        kind = node.type
        while isinstance(kind, c_ast.ArrayDecl):
            if kind.dim is not None:
                self._visit(kind.dim, known)
            kind = kind.type
        if isinstance(kind, c_ast.TypeDecl):
            kind.declname = node.name
        if node.init is not None:
            self._visit(node.init, known)


def _sets(item: c_ast.Node) -> str | None:
    """The variable that a statement ``variable = value;`` sets."""
    is_plain = isinstance(item, c_ast.Assignment) and item.op == "=" and isinstance(item.lvalue, c_ast.ID)
    return str(item.lvalue.name) if is_plain else None


def _rename(node: c_ast.Node, names: dict[str, str]) -> None:
    for part in walk(node):
        if isinstance(part, c_ast.ID):
            part.name = names.get(part.name, part.name)
