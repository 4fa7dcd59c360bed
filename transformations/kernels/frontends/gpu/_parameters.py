"""The kernel's own parameters against the ports, attributes and constants of the component."""

from __future__ import annotations

from aicompiler.metamodels.system import Behaviour, ElementType
from aicompiler.transformations.kernels._errors import body_error, unsupported
from aicompiler.transformations.kernels._kernel import Direction, Parameter, Signature
from aicompiler.transformations.kernels.frontends.c import type_of_names
from pycparser import c_ast

from ._dialects import Dialect
from ._source import Source, is_shared


def match_parameters(behaviour: Behaviour, dialect: Dialect, source: Source, signature: Signature) -> None:
    """Check that every parameter of the kernel is a feature of the component, by name and type."""
    features = {p.name: p for p in signature.parameters}
    constants = {c.name: c for c in signature.constants}
    seen: set[str] = set()
    for node in source.parameters:
        if is_shared(node):
            advice = f"declare it in the kernel: {dialect.shared_word} float {node.name}[64];"
            raise unsupported(behaviour, node.coord.line, f"the shared parameter {node.name!r}", advice)
        if node.name in features:
            _match(behaviour, dialect, node, features[node.name])
        elif node.name in constants:
            _same_type(behaviour, dialect, node, node.type, constants[node.name].dtype)
        else:
            known = ", ".join([*features, *constants]) or "none"
            message = (
                f"{source.name} has the parameter {node.name!r}, which is no port, attribute or constant"
            )
            raise body_error(behaviour, node.coord.line, message, f"name it like one of: {known}")
        seen.add(node.name)
    for name, feature in features.items():
        if feature.direction is Direction.OUT and name not in seen:
            message = f"{source.name} has no parameter for the out-port {name!r}"
            raise body_error(behaviour, source.kernel.coord.line, message, f"add {name!r} to its parameters")


def _match(behaviour: Behaviour, dialect: Dialect, node: c_ast.Decl, feature: Parameter) -> None:
    by_value = feature.direction is Direction.IN and not feature.shape
    kind = node.type
    if isinstance(kind, c_ast.PtrDecl | c_ast.ArrayDecl) == by_value:
        wanted = "a scalar, by value" if by_value else "a pointer"
        message = f"{node.name!r} is {feature.direction.value} {list(feature.shape)} in the model"
        raise body_error(behaviour, node.coord.line, message, f"declare the parameter as {wanted}")
    while isinstance(kind, c_ast.PtrDecl | c_ast.ArrayDecl):
        kind = kind.type
    _same_type(behaviour, dialect, node, kind, feature.dtype)


def _same_type(
    behaviour: Behaviour, dialect: Dialect, node: c_ast.Decl, kind: c_ast.Node, dtype: ElementType
) -> None:
    names = getattr(getattr(kind, "type", None), "names", [])
    own = dialect.types.get(names[0]) if len(names) == 1 else None
    own = own or type_of_names(names)
    if own is ElementType.BOOL or dtype is ElementType.BOOL:
        same = {own, dtype} <= {ElementType.BOOL, ElementType.U8, ElementType.I8}
    else:
        same = own is dtype
    if not same:
        message = f"{node.name!r} is {' '.join(names) or 'no scalar'} here and {dtype.value} in the model"
        raise body_error(behaviour, node.coord.line, message, "make the two types agree")
