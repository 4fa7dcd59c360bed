"""The parameters of a whole function against the ports, attributes and constants of the component."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

from aicompiler.metamodels.system import Behaviour, ElementType
from aicompiler.transformations.kernels._errors import body_error
from aicompiler.transformations.kernels._kernel import Direction, Parameter, Signature
from pycparser import c_ast

from ._trees import constant_declarations, evaluate
from .c import type_of_names


@dataclass(frozen=True)
class Interface:
    """A function's name, line and parameters; ``types``: scalar types that its language has beyond C's."""

    name: str
    line: int
    parameters: Sequence[c_ast.Decl]
    types: Mapping[str, ElementType] = field(default_factory=dict)
    constants: Mapping[str, int] = field(default_factory=dict)


def parameters_of(function: c_ast.FuncDef) -> list[c_ast.Decl]:
    """The named parameters of a function."""
    listed = function.decl.type.args
    return [p for p in (listed.params if listed else ()) if isinstance(p, c_ast.Decl)]


def match_parameters(behaviour: Behaviour, interface: Interface, signature: Signature) -> None:
    """Check that every parameter is a feature of the component, by name and type; raises located errors."""
    features = {p.name: p for p in signature.parameters}
    constants = {c.name: c for c in signature.constants}
    seen = {node.name for node in interface.parameters}
    for node in interface.parameters:
        if node.name in features:
            _match(behaviour, interface, node, features[node.name])
        elif node.name in constants:
            _same_type(behaviour, interface, node, node.type, constants[node.name].dtype)
        else:
            known = ", ".join([*features, *constants]) or "none"
            what = (
                f"{interface.name} has the parameter {node.name!r}, which is no port, attribute or constant"
            )
            raise body_error(behaviour, node.coord.line, what, f"name it like one of: {known}")
    for name, feature in features.items():
        if feature.direction is Direction.OUT and name not in seen:
            message = f"{interface.name} has no parameter for the out-port {name!r}"
            raise body_error(behaviour, interface.line, message, f"add {name!r} to its parameters")


def scalar_names(kind: c_ast.Node) -> list[str]:
    """The words that name the element type of a declarator."""
    while isinstance(kind, c_ast.PtrDecl | c_ast.ArrayDecl):
        kind = kind.type
    return list(getattr(getattr(kind, "type", None), "names", []))


def element_type(kind: c_ast.Node, types: Mapping[str, ElementType]) -> ElementType | None:
    """The element type of a declarator; ``None`` for what is no scalar."""
    names = scalar_names(kind)
    return types[names[0]] if len(names) == 1 and names[0] in types else type_of_names(names)


def extents_of(kind: c_ast.Node, constants: Mapping[str, int]) -> tuple[int | None, ...]:
    """The extents of an array declarator; ``None`` for those that are not known."""
    found: list[int | None] = []
    while isinstance(kind, c_ast.ArrayDecl):
        found.append(evaluate(kind.dim, constants))
        kind = kind.type
    return tuple(found)


def without_constants(nodes: Sequence[c_ast.Node], signature: Signature) -> list[c_ast.Node]:
    """Declarations of file scope, less those that say again what a constant of the component is."""
    values = {c.name: c.value for c in signature.constants}
    known = constant_declarations(list(nodes), {})
    return [n for n in nodes if getattr(n, "name", None) not in values or known.get(n.name) != values[n.name]]


def _match(behaviour: Behaviour, interface: Interface, node: c_ast.Decl, feature: Parameter) -> None:
    by_value = feature.direction is Direction.IN and not feature.shape
    if isinstance(node.type, c_ast.PtrDecl | c_ast.ArrayDecl) == by_value:
        wanted = "a scalar, by value" if by_value else "a pointer or an array"
        message = f"{node.name!r} is {feature.direction.value} {list(feature.shape)} in the model"
        raise body_error(behaviour, node.coord.line, message, f"declare the parameter as {wanted}")
    _same_type(behaviour, interface, node, node.type, feature.dtype)
    extents = extents_of(node.type, interface.constants)
    sizes = [n for n in extents if n is not None]
    if sizes and len(sizes) == len(extents) and prod(sizes) != feature.elements:
        message = f"{node.name!r} has the extents {sizes} here and {list(feature.shape)} in the model"
        raise body_error(behaviour, node.coord.line, message, "make the two agree")


def _same_type(
    behaviour: Behaviour, interface: Interface, node: c_ast.Decl, kind: c_ast.Node, dtype: ElementType
) -> None:
    own = element_type(kind, interface.types)
    if own is ElementType.BOOL or dtype is ElementType.BOOL:
        same = {own, dtype} <= {ElementType.BOOL, ElementType.U8, ElementType.I8}
    else:
        same = own is dtype
    if not same:
        written = " ".join(scalar_names(kind)) or "no scalar"
        message = f"{node.name!r} is {written} here and {dtype.value} in the model"
        raise body_error(behaviour, node.coord.line, message, "make the two types agree")
