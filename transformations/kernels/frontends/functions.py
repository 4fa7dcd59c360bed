"""One behaviour by itself: its signature from the function's own declaration, without a model around it.

A whole function in C, OpenCL C, CUDA C++ or HLS C++ declares names, types and directions: a scalar by value
and a pointer to const are read, any other pointer is written, or is state where ``Choices.states`` names it.
What the declaration leaves open, the extents behind pointers, ``Choices.shapes`` says.  A network says all of
it; bodies in other languages need ``Choices.parameters``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aicompiler.metamodels.diagnostics import Diagnostic
from aicompiler.metamodels.system import Behaviour, ElementType
from aicompiler.transformations.kernels._errors import body_error, unsupported
from aicompiler.transformations.kernels._kernel import Direction, Kernel, NamedConstant, Parameter, Signature
from aicompiler.transformations.kernels._names import c_identifier, is_c_identifier
from pycparser import c_ast

from . import parse
from ._flat import split_subscripts
from ._parameters import Interface, element_type, extents_of, match_parameters, parameters_of, scalar_names
from ._ranges import Knowledge
from ._trees import called, constant_declarations, items_of, walk
from .c import Unit, lower, parse_definitions, preprocess

LANGUAGES = {
    ".c": "C",
    ".cl": "OpenCL C",
    ".cu": "CUDA C++",
    ".cpp": "HLS C++",
    ".cc": "HLS C++",
    ".cxx": "HLS C++",
    ".alf": "Alf",
    ".onnx": "ONNX",
}
"""Languages by the extension of a file."""
_GPU = {"opencl": "opencl", "opencl c": "opencl", "cuda": "cuda", "cuda c++": "cuda"}
_HLS = {"hls", "hls c++"}


@dataclass(frozen=True)
class Choices:
    """What a declaration does not say: which function, extents, what is state, values of scalars."""

    function: str = ""
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    states: frozenset[str] = frozenset()
    constants: Mapping[str, int | float] = field(default_factory=dict)
    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True)
class _Declared:
    """A function as it stands in the text."""

    interface: Interface
    body: c_ast.Compound
    functions: dict[str, c_ast.FuncDef] = field(default_factory=dict)
    declarations: tuple[c_ast.Node, ...] = ()


def signature_of_function(behaviour: Behaviour, choices: Choices, folder: Path | None = None) -> Signature:
    """The signature that a function declares; raises located errors for what is missing or unknown."""
    language = behaviour.language.strip().lower()
    if language == "onnx":
        from .onnx import interface_of

        name = c_identifier(choices.function or behaviour.name or "network")
        return Signature(name, interface_of(behaviour, folder), _own_constants(choices))
    if choices.parameters:
        name = c_identifier(choices.function or behaviour.name or "step")
        return Signature(name, choices.parameters, _own_constants(choices))
    declared = _declared(behaviour, choices.function)
    if declared is None:
        advice = "say what it takes and gives: --parameter 'in f32 x[64]', for each of them"
        raise body_error(behaviour, 1, f"a body in {behaviour.language} declares no parameters", advice)
    return _signature(behaviour, declared.interface, choices)


def parse_function(
    behaviour: Behaviour, signature: Signature, folder: Path | None = None, whole: bool = True
) -> tuple[Kernel, tuple[Diagnostic, ...]]:
    """Lower a whole function, with notes on what of it has no effect; in C it is a body if not ``whole``."""
    language = behaviour.language.strip().lower()
    if language in _HLS:
        from .hls import parse_with_notes

        return parse_with_notes(behaviour, signature)
    if whole and language == "c" and (declared := _c_function(behaviour, signature.name)) is not None:
        return _lower_c(behaviour, signature, declared), ()
    return parse(behaviour, signature, folder=folder), ()


# --- declarations -----------------------------------------------------------------------------------------


def _declared(behaviour: Behaviour, name: str) -> _Declared | None:
    language = behaviour.language.strip().lower()
    if language in _GPU:
        from .gpu import CUDA, OPENCL, read_source

        dialect = OPENCL if _GPU[language] == "opencl" else CUDA
        kernel = read_source(behaviour, dialect, name, heads_only=True)
        own = Interface(kernel.name, kernel.kernel.coord.line, kernel.parameters, dialect.types)
        return _Declared(own, kernel.kernel.body)
    if language in _HLS:
        from .hls import read_source as read_hls

        source = read_hls(behaviour, name)
        own = _interface(source.top, source.declarations)
        return _Declared(own, source.top.body)
    return _c_function(behaviour, name) if language == "c" else None


def _interface(function: c_ast.FuncDef, declarations: Sequence[c_ast.Node]) -> Interface:
    constants = constant_declarations(list(declarations), {})
    line = function.coord.line
    return Interface(function.decl.name, line, parameters_of(function), constants=constants)


def _c_function(behaviour: Behaviour, name: str) -> _Declared | None:
    """The function called ``name``, or the one that no other calls; ``None`` where the text has none."""
    nodes = parse_definitions(behaviour, preprocess(behaviour, behaviour.body))
    functions = {n.decl.name: n for n in nodes if isinstance(n, c_ast.FuncDef)}
    prototypes = [n for n in nodes if isinstance(n, c_ast.Decl) and isinstance(n.type, c_ast.FuncDecl)]
    declarations = tuple(n for n in nodes if not isinstance(n, c_ast.FuncDef) and n not in prototypes)
    if not functions:
        return None
    calls = {callee for f in functions.values() for n in walk(f.body) if (callee := called(n)) is not None}
    tops = [name] if name in functions else [f for f in functions if f not in calls]
    if len(tops) != 1:
        known = ", ".join(functions)
        raise body_error(
            behaviour, 1, f"which function is meant is not clear: {known}", "name one: --function"
        )
    top = functions.pop(tops[0])
    return _Declared(_interface(top, declarations), top.body, functions, declarations)


def _lower_c(behaviour: Behaviour, signature: Signature, declared: _Declared) -> Kernel:
    match_parameters(behaviour, declared.interface, signature)
    known = {c.name: int(c.value) for c in signature.constants if not c.dtype.is_float}
    constants = constant_declarations(list(declared.declarations), known)
    shapes = {p.name: p.shape for p in signature.parameters if p.shape or p.direction is not Direction.IN}
    items = split_subscripts(items_of(declared.body), shapes, Knowledge(constants))
    unit = Unit(declared.functions, declared.declarations, c_ast.Compound(items, declared.body.coord))
    return lower(behaviour, signature, unit)


# --- signatures -------------------------------------------------------------------------------------------


def _signature(behaviour: Behaviour, interface: Interface, choices: Choices) -> Signature:
    names = {node.name for node in interface.parameters}
    for what, given in (("--shape", choices.shapes), ("--state", choices.states)):
        if unknown := sorted(set(given) - names):
            message = f"{interface.name} has no parameter {unknown[0]!r}, which {what} names"
            raise body_error(behaviour, interface.line, message, f"it has: {', '.join(sorted(names))}")
    constants: list[NamedConstant] = []
    parameters: list[Parameter] = []
    for node in interface.parameters:
        if not is_c_identifier(node.name):
            advice = "use a C identifier that is no keyword and is not reserved (aic_)"
            raise body_error(behaviour, node.coord.line, f"the parameter name {node.name!r}", advice)
        dtype = element_type(node.type, interface.types)
        if dtype is None:
            kind = " ".join(scalar_names(node.type)) or "no scalar type"
            construct = f"the parameter {node.name!r} of type {kind}"
            advice = "use integers, float, double and arrays of them"
            raise unsupported(behaviour, node.coord.line, construct, advice)
        is_array = isinstance(node.type, c_ast.PtrDecl | c_ast.ArrayDecl)
        if node.name in choices.constants and not is_array:
            constants.append(NamedConstant(node.name, dtype, choices.constants[node.name]))
        else:
            parameters.append(_parameter(behaviour, interface, node, dtype, choices))
    own = [c for c in _own_constants(choices) if c.name not in names]
    return Signature(c_identifier(interface.name), tuple(parameters), (*constants, *own))


def _own_constants(choices: Choices) -> tuple[NamedConstant, ...]:
    kinds = {True: ElementType.F64, False: ElementType.I32}
    return tuple(NamedConstant(n, kinds[isinstance(v, float)], v) for n, v in choices.constants.items())


def _parameter(
    behaviour: Behaviour, interface: Interface, node: c_ast.Decl, dtype: ElementType, choices: Choices
) -> Parameter:
    if not isinstance(node.type, c_ast.PtrDecl | c_ast.ArrayDecl):
        return Parameter(node.name, dtype, (), Direction.IN)
    direction = Direction.IN if "const" in _qualifiers(node) else Direction.OUT
    if node.name in choices.states:
        direction = Direction.STATE
    shape = choices.shapes.get(node.name) or _extents(behaviour, interface, node, choices)
    return Parameter(node.name, dtype, shape, direction)


def _extents(
    behaviour: Behaviour, interface: Interface, node: c_ast.Decl, choices: Choices
) -> tuple[int, ...]:
    known = {**interface.constants, **{n: int(v) for n, v in choices.constants.items()}}
    extents = extents_of(node.type, known)
    sizes = tuple(n for n in extents if n is not None)
    if not extents or len(sizes) != len(extents) or min(sizes) < 1:
        message = f"the size of {node.name!r} is not known"
        advice = f"give it: --shape {node.name}=64 (or 64,64), or an array declarator with constant extents"
        raise body_error(behaviour, node.coord.line, message, advice)
    return sizes


def _qualifiers(node: c_ast.Decl) -> Iterator[str]:
    """Qualifiers of what a pointer or array declarator is made of."""
    kind = node.type
    while isinstance(kind, c_ast.PtrDecl | c_ast.ArrayDecl):
        kind = kind.type
    yield from getattr(kind, "quals", [])
