"""The front end for HLS C++: a whole function, whose pragmas are the start of its schedule.

The text is rewritten into C word by word, no line moved, and lowered by the front end for C.  Wishes for
loops and arrays are kept in ``Kernel.schedule``; the default schedule of an FPGA starts from them.
"""

from __future__ import annotations

from dataclasses import replace

from aicompiler.metamodels.diagnostics import Diagnostic
from aicompiler.metamodels.system import Behaviour
from aicompiler.transformations.kernels._kernel import Direction, Kernel, Signature
from aicompiler.transformations.kernels.frontends._flat import split_subscripts
from aicompiler.transformations.kernels.frontends._overloads import cxx_functions
from aicompiler.transformations.kernels.frontends._parameters import (
    Interface,
    match_parameters,
    parameters_of,
    without_constants,
)
from aicompiler.transformations.kernels.frontends._ranges import Knowledge
from aicompiler.transformations.kernels.frontends._trees import constant_declarations, items_of, walk
from aicompiler.transformations.kernels.frontends.c import Dialect, Unit, lower
from pycparser import c_ast

from ._directives import Wishes, take_directives
from ._source import STREAM, Source, read_source
from ._streams import Streams

__all__ = ["Source", "parse_hls", "parse_with_notes", "read_source"]


def parse_hls(behaviour: Behaviour, signature: Signature) -> Kernel:
    """Lower a text with one top function; raises ``UnsupportedConstruct`` or ``BodyError`` with the line."""
    return parse_with_notes(behaviour, signature)[0]


def parse_with_notes(behaviour: Behaviour, signature: Signature) -> tuple[Kernel, tuple[Diagnostic, ...]]:
    """As ``parse_hls``, with a note on each pragma that has no effect."""
    source = read_source(behaviour, signature.name)
    declarations = without_constants(source.declarations, signature)
    known = {c.name: int(c.value) for c in signature.constants if not c.dtype.is_float}
    constants = constant_declarations(declarations, known)
    parameters = parameters_of(source.top)
    interface = Interface(source.top.decl.name, source.top.coord.line, parameters, constants=constants)
    match_parameters(behaviour, interface, signature)
    directives = [
        directive
        for function in (source.top, *source.functions.values())
        for directive in take_directives(function, source.pragmas)
    ]
    shapes = {p.name: p.shape for p in signature.parameters if p.shape or p.direction is not Direction.IN}
    streams = {p.name: shapes[p.name] for p in parameters if STREAM in p.storage and p.name in shapes}
    Streams(behaviour, streams, constants).to_arrays(source.top, source.functions)
    items = split_subscripts(items_of(source.top.body), shapes, Knowledge(constants))
    unit = Unit(source.functions, tuple(declarations), c_ast.Compound(items, source.top.coord))
    kernel = lower(behaviour, signature, unit, Dialect(builtins=cxx_functions()))
    wishes = Wishes(behaviour, kernel.module, constants)
    ranks = {name: len(shape) for name, shape in shapes.items()} | _local_ranks(source)
    schedule = wishes.schedule(directives, ranks)
    return replace(kernel, schedule=schedule), tuple(wishes.notes)


def _local_ranks(source: Source) -> dict[str, int]:
    """How many dimensions the arrays have that a text declares itself."""
    functions = [f.body for f in (source.top, *source.functions.values())]
    nodes = [n for part in (*source.declarations, *functions) for n in walk(part)]
    found = {}
    for node in nodes:
        if isinstance(node, c_ast.Decl) and isinstance(node.type, c_ast.ArrayDecl):
            found[node.name] = sum(isinstance(n, c_ast.ArrayDecl) for n in walk(node.type))
    return found
