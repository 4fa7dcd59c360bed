"""How the inputs and outputs of a network meet the parameters of a kernel."""

from __future__ import annotations

import re

from aicompiler.transformations.kernels._kernel import Direction, Parameter
from aicompiler.transformations.kernels._names import is_c_identifier
from xdsl.dialects import memref
from xdsl.dialects.builtin import MemRefType, StringAttr
from xdsl.ir import BlockArgument

from ._builder import View
from ._errors import Refusals, shown
from ._movement import reshaped
from ._program import Program, described, fits, is_input
from ._types import TensorType, value_type

NEXT = "_next"
"""An attribute ``a`` is the input ``a`` of the network and keeps what its output ``a_next`` is."""


def bind(program: Program) -> None:
    """Make the kernel's arguments, and let tensors of the network be them."""
    no, graph = program.no, program.graph
    arguments = [_argument(program, p) for p in program.signature.parameters]
    inputs = {
        p.name: (p, a) for p, a in zip(program.signature.parameters, arguments, strict=True) if is_input(p)
    }
    outputs = {
        p.name: (p, a)
        for p, a in zip(program.signature.parameters, arguments, strict=True)
        if p.direction is Direction.OUT
    }
    _all_met("input", list(graph.inputs), list(inputs), no)
    kept = [f"{p.name}{NEXT}" for p in program.signature.parameters if p.direction is Direction.STATE]
    _all_met("output", list(graph.outputs), [*outputs, *kept], no)
    for name, type_ in graph.inputs.items():
        parameter, argument = inputs[port_name(name)]
        _same(parameter, name, type_, no)
        program.views[name] = _read(program, parameter, argument, type_)
    produced = {name for node in graph.nodes for name in node.outputs}
    for name in graph.outputs:
        if port_name(name) in outputs:
            parameter, argument = outputs[port_name(name)]
            _same(parameter, name, graph.types[name], no)
            if name in produced:
                program.results[name] = View(argument, graph.types[name])


def leave(program: Program) -> None:
    """Copy what does not lie at its port yet: inputs and constants that are outputs, and the next state."""
    graph = program.graph
    block = program.body.block
    pairs = zip(program.signature.parameters, block.args, strict=True)
    places: dict[str, tuple[Parameter, BlockArgument]] = {p.name: (p, a) for p, a in pairs}
    waiting = []
    for name in graph.outputs:
        port, type_ = port_name(name), graph.types[name]
        if port in places and places[port][0].direction is Direction.OUT:
            if name not in program.results:
                reshaped(program, program.view(name), View(places[port][1], type_))
            continue
        parameter, argument = places[port.removesuffix(NEXT)]
        _same(parameter, name, type_, program.no)
        waiting.append((program.view(name), View(argument, type_)))
    moved = [(_aside(program, s, t), t) for s, t in waiting if s.memory is not t.memory]
    for source, target in moved:
        reshaped(program, source, target)


def _aside(program: Program, source: View, target: View) -> View:
    """``source``, or a copy of it where it is a parameter: two attributes may exchange their values."""
    if not isinstance(source.memory, BlockArgument):
        return source
    between = program.temporary(target.type, "next")
    reshaped(program, source, between)
    return between


def port_name(name: str) -> str:
    """How a port for the tensor ``name`` is called: a C identifier, with underscores for all else."""
    text = re.sub(r"\W", "_", name, flags=re.ASCII).lstrip("_")
    return text if is_c_identifier(text) else f"t_{text}"


def _argument(program: Program, p: Parameter) -> BlockArgument:
    by_value = p.direction is Direction.IN and not p.shape
    kind = value_type(p.dtype) if by_value else MemRefType(value_type(p.dtype), p.shape)
    argument = program.body.block.insert_arg(kind, len(program.body.block.args))
    argument.name_hint = p.name
    return argument


def _read(program: Program, parameter: Parameter, argument: BlockArgument, type_: TensorType) -> View:
    """A parameter as a tensor; a number that is passed by value is put into memory."""
    if isinstance(argument.type, MemRefType):
        return View(argument, type_)
    op = program.body.add(memref.AllocaOp.get(argument.type, shape=(1,)))
    op.attributes["aic.name"] = StringAttr(f"{parameter.name}_value")
    view = View(op.memref, type_)
    program.body.store(view, [0] * len(type_.shape), argument)
    return view


def _same(parameter: Parameter, name: str, type_: TensorType, no: Refusals) -> None:
    if not fits(parameter, type_):
        port = described(TensorType(parameter.dtype, parameter.shape))
        raise no.wrong(
            f"the tensor {shown(name)} is {described(type_)}, {parameter.name!r} of the component is {port}",
            "give both the same type and shape; leading dimensions of 1, such as the batch, may be left out",
        )


def _all_met(kind: str, tensors: list[str], ports: list[str], no: Refusals) -> None:
    """Every tensor needs a parameter of its name, and every parameter a tensor."""
    wanted = [port_name(t) for t in tensors]
    if sorted(wanted) != sorted(ports):
        raise no.wrong(
            f"the {kind}s of the network are {_list(wanted)}, those of the component {_list(ports)}",
            f"let ports and attributes have the names of the network's {kind}s; what the network gives for "
            f"an attribute a is called a{NEXT}",
        )


def _list(names: list[str]) -> str:
    return ", ".join(sorted(names)[:12])[:200] or "none"
