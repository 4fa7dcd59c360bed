"""From a kernel's tree to the statements of one job: loops over the index space around what an item does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aicompiler.metamodels.system import Behaviour
from aicompiler.transformations.kernels._errors import unsupported
from aicompiler.transformations.kernels._kernel import Direction, Kernel, Signature
from aicompiler.transformations.kernels.frontends._flat import split_subscripts
from aicompiler.transformations.kernels.frontends._parameters import (
    Interface,
    match_parameters,
    without_constants,
)
from aicompiler.transformations.kernels.frontends._ranges import Knowledge
from aicompiler.transformations.kernels.frontends._trees import (
    assigned_name,
    binary,
    called,
    cast,
    constant_declarations,
    counted,
    items_of,
    number,
    walk,
)
from aicompiler.transformations.kernels.frontends.c import Dialect as CDialect
from aicompiler.transformations.kernels.frontends.c import Unit, is_pure, lower, names_in
from pycparser import c_ast

from ._dialects import Dialect
from ._fission import Facts, Fission
from ._ids import AXES, Mark, mark_ids, replace_marks
from ._names import Names
from ._returns import Returns
from ._source import Source, is_shared, read_source
from ._space import Space, find_space


def lower_kernel(behaviour: Behaviour, signature: Signature, dialect: Dialect) -> Kernel:
    """One kernel function of ``dialect`` as a kernel; raises located errors."""
    source = read_source(behaviour, dialect, signature.name)
    _refuse_shared_parameters(behaviour, dialect, source)
    interface = Interface(source.name, source.kernel.coord.line, source.parameters, dialect.types)
    match_parameters(behaviour, interface, signature)
    statements = _Lowering(behaviour, signature, dialect, source).statements()
    declarations = tuple(without_constants(source.declarations, signature))
    unit = Unit(source.functions, declarations, c_ast.Compound(statements, source.kernel.coord))
    return lower(behaviour, signature, unit, CDialect(dialect.types, dialect.functions()))


def _refuse_shared_parameters(behaviour: Behaviour, dialect: Dialect, source: Source) -> None:
    for node in source.parameters:
        if is_shared(node):
            advice = f"declare it in the kernel: {dialect.shared_word} float {node.name}[64];"
            raise unsupported(behaviour, node.coord.line, f"the shared parameter {node.name!r}", advice)


class _Lowering:
    def __init__(self, behaviour: Behaviour, signature: Signature, dialect: Dialect, source: Source) -> None:
        self.behaviour = behaviour
        self.signature = signature
        self.dialect = dialect
        self.source = source
        known = {c.name: int(c.value) for c in signature.constants if not c.dtype.is_float}
        self.constants = constant_declarations(list(source.declarations), known)
        features = {p.name for p in signature.parameters} | {c.name for c in signature.constants}
        enumerators = (n for d in source.declarations for n in walk(d) if isinstance(n, c_ast.Enumerator))
        declared = (n for n in source.declarations if isinstance(n, c_ast.Decl) and n.name)
        self.tables = {n.name for n in (*declared, *enumerators)}
        self.names = Names(features | self.tables | set(source.functions))

    def statements(self) -> list[c_ast.Node]:
        """The statements of the whole index space."""
        body = self.source.kernel.body
        self.names.make_unique(body)
        marks = mark_ids(self.behaviour, self.source)
        nodes = list(walk(body))
        self._refuse_written_scalars(nodes)
        waits = any(called(n) in self.dialect.barriers for n in nodes) or any(map(is_shared, nodes))
        grouped = waits or any(kind in ("local", "group", "local_size", "groups") for kind, _ in marks)
        space = find_space(self.behaviour, self.source, marks, self.constants, grouped)
        returns = Returns(self.behaviour, self._knowledge(space))
        items = self.names.apart(returns.without(items_of(body)))
        guards = frozenset(returns.guards)
        return self._in_groups(items, space, guards) if waits else self._flat(items, space)

    # --- without barriers: every work-item for itself ------------------------------------------------------

    def _flat(self, items: list[c_ast.Node], space: Space) -> list[c_ast.Node]:
        ids = [self.names.fresh(f"item_{axis}") for axis in AXES[: len(space.size)]]

        def place(kind: str, d: int, coord: Any) -> c_ast.Node:
            index: c_ast.Node = c_ast.ID(ids[d], coord)
            if kind == "global":
                return index
            return binary("%" if kind == "local" else "/", index, number(space.group[d], coord))

        items = self._without_marks(items, space, place)
        known = Knowledge(self.constants, {i: (0, n - 1) for i, n in zip(ids, space.size, strict=True)})
        items = split_subscripts(items, self._shapes(), known)
        for name, extent in zip(ids, space.size, strict=True):
            items = [counted(name, extent, items, self.source.kernel.coord)]
        return items

    # --- with barriers: group by group ---------------------------------------------------------------------

    def _in_groups(self, items: list[c_ast.Node], space: Space, guards: frozenset[int]) -> list[c_ast.Node]:
        axes = AXES[: len(space.size)]
        groups = [self.names.fresh(f"group_{axis}") for axis in axes]
        ids = [self.names.fresh(f"local_{axis}") for axis in axes]

        def place(kind: str, d: int, coord: Any) -> c_ast.Node:
            group, local = c_ast.ID(groups[d], coord), c_ast.ID(ids[d], coord)
            if kind == "global":
                return binary("+", binary("*", group, number(space.group[d], coord)), local)
            return local if kind == "local" else group

        items = self._without_marks(items, space, place)
        known = Knowledge(self.constants, {i: (0, n - 1) for i, n in zip(ids, space.group, strict=True)})
        for name, extent in zip(groups, space.groups, strict=True):
            known = known.with_counter(name, (0, extent - 1))
        items = split_subscripts(items, self._shapes(), known)
        facts = Facts(
            behaviour=self.behaviour,
            space=space,
            local_ids=tuple(ids),
            uniform=frozenset({*self._never_written(), *self.constants, *self.tables, *groups}),
            barriers=self.dialect.barriers,
            returns=guards,
        )
        body = Fission(facts, self.names, items).group(items)
        for name, extent in zip(groups, space.groups, strict=True):
            body = [counted(name, extent, body, self.source.kernel.coord)]
        return body

    # --- shared --------------------------------------------------------------------------------------------

    def _without_marks(
        self, items: list[c_ast.Node], space: Space, place: Callable[[str, int, Any], c_ast.Node]
    ) -> list[c_ast.Node]:
        """Statements with the places of a work-item as expressions of the language's type for them."""

        def value(mark: Mark, node: c_ast.Node) -> c_ast.Node:
            kind, d = mark
            sizes = {
                "global_size": space.size,
                "local_size": space.group,
                "groups": space.groups if space.group else (),
            }
            if kind in sizes:
                size = sizes[kind][d] if d < len(sizes[kind]) else 1
                return cast(self.dialect.size_type, number(size, node.coord))
            if d >= len(space.size):
                return cast(self.dialect.size_type, number(0, node.coord))
            return cast(self.dialect.size_type, place(kind, d, node.coord))

        whole = c_ast.Compound(items, self.source.kernel.coord)
        replace_marks(whole, value)
        return list(whole.block_items)

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        by_value = [p for p in self.signature.parameters if p.direction is Direction.IN and not p.shape]
        return {p.name: p.shape for p in self.signature.parameters if p not in by_value}

    def _never_written(self) -> set[str]:
        return {p.name for p in self.signature.parameters if p.direction is Direction.IN}

    def _knowledge(self, space: Space) -> Knowledge:
        """What is known of the places of work-items while they are marks, and of what is made of them."""
        marks = {f"@global{d}": (0, n - 1) for d, n in enumerate(space.size)}
        marks |= {f"@local{d}": (0, n - 1) for d, n in enumerate(space.group)}
        known = Knowledge(self.constants, marks, unsigned=frozenset(marks))
        changed = {
            name for node in walk(self.source.kernel.body) if (name := assigned_name(node)) is not None
        }
        steady = set(marks) | set(self.constants)
        for item in items_of(self.source.kernel.body):
            if not isinstance(item, c_ast.Decl) or not isinstance(item.type, c_ast.TypeDecl):
                continue
            fixed = item.init is not None and item.name not in changed and is_pure(item.init)
            if fixed and set(names_in(item.init)) <= steady:
                known = known.with_definition(item)
                steady.add(item.name)
        return known

    def _refuse_written_scalars(self, nodes: list[c_ast.Node]) -> None:
        by_value = {p.name for p in self.signature.parameters if p.direction is Direction.IN and not p.shape}
        for node in nodes:
            if (name := assigned_name(node)) in by_value | set(self.constants):
                construct = f"an assignment to the parameter {name!r}"
                advice = f"copy it first, for every work-item its own: int my_{name} = {name};"
                raise unsupported(self.behaviour, node.coord.line, construct, advice)
