"""The module under construction: the kernel's function, those of its different operations, its weights."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aicompiler.transformations.kernels._kernel import Direction, Parameter, Signature
from aicompiler.transformations.kernels._names import is_c_identifier
from aicompiler.transformations.kernels._numbers import wrap
from xdsl.dialects import func, memref, scf
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    FunctionType,
    MemRefType,
    ModuleOp,
    StringAttr,
    UnitAttr,
)
from xdsl.dialects.builtin import TensorType as MlirTensor
from xdsl.ir import Operation, Region, SSAValue

from ._builder import Body, View
from ._errors import Refusals, shape_text, shown
from ._graph import Graph, Node
from ._types import E, TensorType, squeezed, stored_shape, type_bytes, value_type

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

MOST_INLINE = 64 * 1024
"""Bytes of all constants up to which they are part of the module's text."""

_LEAST_BLOB = 1024  # smaller ones stay in the text
_LEAST_STATIC = 16 * 1024  # bytes from which a local array is kept off the stack

Write = Callable[[Body, list[View], View], None]


class Program:
    """One network on its way to one MLIR module."""

    def __init__(self, graph: Graph, signature: Signature, no: Refusals) -> None:
        self.graph = graph
        self.signature = signature
        self.no = no
        self.body = Body()
        self.blobs: dict[str, bytes] = {}
        self.views: dict[str, View] = {}
        self.results: dict[str, View] = {}  # tensors that are written where they leave the network
        self._functions: dict[tuple[object, ...], func.FuncOp] = {}
        self._symbols = {signature.name}
        self._constants: dict[str, Array] = {}  # symbol -> values
        self._labels: set[str] = set()
        self._free: dict[MemRefType[Any], list[SSAValue]] = {}
        self._living: dict[SSAValue, set[str]] = {}  # pooled memory -> tensors in it
        self._scratch: list[SSAValue] = []

    # --- tensors ----------------------------------------------------------------------------------------

    def view(self, name: str) -> View:
        """Where a tensor is."""
        if name not in self.views:
            self.views[name] = self.constant(name, self.graph.constants[name])
        return self.views[name]

    def inputs(self, node: Node) -> list[View]:
        """Where the given inputs of a node are."""
        return [self.view(name) for name in node.inputs if name]

    def values(self, node: Node, place: int, what: str) -> Array | None:
        """The constant at an input, ``None`` where it is left out; raises where it is computed."""
        if not node.has(place):
            return None
        name = node.inputs[place]
        if name not in self.graph.constants:
            raise self.no.unsupported(
                f"{node.title}, whose {what} {shown(name)} is computed,",
                f"export the network with a constant {what}",
            )
        return self.graph.constants[name]

    def output(self, node: Node, place: int = 0) -> View:
        """Memory for a result of a node: the port's where it leaves the network there."""
        name = node.outputs[place]
        if name in self.results:
            self.views[name] = self.results[name]
        else:
            self.views[name] = self._allocated(name, self.graph.types[name])
            self._living[self.views[name].memory] = {name}
        return self.views[name]

    def alias(self, node: Node, source: str) -> bool:
        """Let the node's result be the memory of ``source`` if it can; whether it was."""
        name = node.outputs[0]
        view, type_ = self.view(source), self.graph.types[name]
        if (
            name in self.results
            or squeezed(view.shape) != squeezed(type_.shape)
            or view.dtype is not type_.dtype
        ):
            return False
        self.views[name] = View(view.memory, type_)
        if view.memory in self._living:
            self._living[view.memory].add(name)
        return True

    def temporary(self, type_: TensorType, name: str = "temporary") -> View:
        """Memory that is free again after the node."""
        view = self._allocated(name, type_)
        self._scratch.append(view.memory)
        return view

    def _allocated(self, name: str, type_: TensorType) -> View:
        kind = MemRefType(value_type(type_.dtype), stored_shape(type_.shape))
        if free := self._free.get(kind):
            return View(free.pop(), type_)
        op = self.body.add(memref.AllocaOp.get(kind.element_type, shape=kind.get_shape()))
        label = self._label(name)
        op.attributes["aic.name"] = StringAttr(label)
        op.memref.name_hint = label
        return View(op.memref, type_)

    def _label(self, name: str) -> str:
        """A name of its own for a local array, readable where the tensor's is."""
        base = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")[:32].strip("_")
        base = base if is_c_identifier(base) else "t"
        label, number = base, 0
        while label in self._labels or any(p.name == label for p in self.signature.parameters):
            number += 1
            label = f"{base}_{number}"
        self._labels.add(label)
        return label

    def done(self, last: Sequence[str]) -> None:
        """After a node: memory of its temporaries, and of tensors that nobody reads again, is free."""
        for memory in self._scratch:
            self._release(memory)
        self._scratch = []
        for name in last:
            memory = self.views[name].memory
            if memory in self._living:
                self._living[memory].discard(name)
                if not self._living[memory]:
                    del self._living[memory]
                    self._release(memory)

    def _release(self, memory: SSAValue) -> None:
        assert isinstance(memory.type, MemRefType)
        self._free.setdefault(memory.type, []).append(memory)

    # --- constants --------------------------------------------------------------------------------------

    def constant(self, name: str, values: Array) -> View:
        """A constant tensor of the module; ``name`` is what messages call it."""
        from ._types import NUMPY

        if values.dtype.name not in NUMPY:
            raise self.no.unsupported(
                f"the element type {values.dtype.name} of the tensor {shown(name)}",
                "use float32, float64 or integers",
            )
        type_ = TensorType(NUMPY[values.dtype.name], tuple(values.shape))
        symbol = f"w{len(self._constants)}"
        self._constants[symbol] = values
        self._symbols.add(symbol)
        kind = MemRefType(value_type(type_.dtype), stored_shape(type_.shape))
        return View(self.body.add(memref.GetGlobalOp(symbol, kind)).memref, type_)

    def _globals(self) -> list[Operation]:
        inline = sum(v.nbytes for v in self._constants.values()) <= MOST_INLINE
        return [self._global(symbol, values, inline) for symbol, values in self._constants.items()]

    def _global(self, symbol: str, values: Array, inline: bool) -> memref.GlobalOp:
        from ._types import NUMPY

        dtype = NUMPY[values.dtype.name]
        element, shape = value_type(dtype), stored_shape(tuple(values.shape))
        kind = MemRefType(element, shape)
        if inline or values.nbytes < _LEAST_BLOB:
            signed = {1: E.I8, 2: E.I16, 4: E.I32, 8: E.I64}[dtype.bytes]
            flat = values.reshape(-1).tolist()
            numbers = flat if dtype.is_float else [wrap(int(n), signed) for n in flat]
            tensor: MlirTensor[Any] = MlirTensor(element, shape)
            initial = DenseIntOrFPElementsAttr.from_list(tensor, numbers)
            return memref.GlobalOp.get(StringAttr(symbol), kind, initial, constant=UnitAttr())
        content = values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()
        self.blobs[symbol] = content
        op = memref.GlobalOp.get(StringAttr(symbol), kind, UnitAttr(), constant=UnitAttr(), alignment=64)
        op.attributes["aic.blob"] = StringAttr(hashlib.sha256(content).hexdigest())
        return op

    # --- functions --------------------------------------------------------------------------------------

    def call(
        self,
        kind: str,
        inputs: Sequence[View],
        output: View,
        write: Write,
        attributes: Mapping[str, Any] | None = None,
        structured: bool = False,
    ) -> None:
        """Call the function that ``write`` writes for such operands and attributes, written once.

        ``structured``: the interpreter may execute it as a whole; it knows ``kind`` and the attributes.
        """
        views = [*inputs, output]
        known = dict(attributes or {})
        key = (kind, json.dumps(known, sort_keys=True), *((v.memory.type, v.type) for v in views))
        if key not in self._functions:
            self._functions[key] = self._function(kind, views, write)
            if structured:
                known |= {"op": kind, "shapes": [list(v.shape) for v in views]}
                self._functions[key].attributes["aic.structured"] = StringAttr(
                    json.dumps(known, sort_keys=True)
                )
        symbol = self._functions[key].sym_name.data
        self.body.add(func.CallOp(symbol, [v.memory for v in views], []))

    def _function(self, kind: str, views: list[View], write: Write) -> func.FuncOp:
        body = Body()
        own = []
        for number, view in enumerate(views):
            argument = body.block.insert_arg(view.memory.type, number)
            argument.name_hint = "y" if number == len(views) - 1 else f"x{number}"
            own.append(View(argument, view.type))
        write(body, own[:-1], own[-1])
        body.add(func.ReturnOp())
        symbol, number = kind, 0
        while symbol in self._symbols:
            number += 1
            symbol = f"{kind}_{number}"
        self._symbols.add(symbol)
        type_ = FunctionType.from_lists([v.memory.type for v in views], [])
        return func.FuncOp(symbol, type_, Region([body.block]), visibility="private")

    # --- the whole --------------------------------------------------------------------------------------

    def module(self) -> ModuleOp:
        """The module, after all nodes are lowered."""
        self.body.add(func.ReturnOp())
        block = self.body.block
        type_ = FunctionType.from_lists([a.type for a in block.args], [])
        step = func.FuncOp(self.signature.name, type_, Region([block]))
        functions = list(self._functions.values())
        module = ModuleOp([*self._globals(), *functions, step])
        for op in module.walk():
            if isinstance(op, memref.AllocaOp) and _bytes(op) >= _LEAST_STATIC:
                op.attributes["aic.static"] = UnitAttr()
        loops = [op for f in (step, *functions) for op in f.walk() if isinstance(op, scf.ForOp)]
        for number, loop in enumerate(loops):
            loop.attributes["aic.loop"] = StringAttr(f"L{number}")
        return module


def _bytes(op: memref.AllocaOp) -> int:
    type_ = op.memref.type
    assert isinstance(type_, MemRefType)
    size = type_bytes(type_.element_type)
    for extent in type_.get_shape():
        size *= extent
    return size


def fits(parameter: Parameter, type_: TensorType) -> bool:
    """Whether a port can hold a tensor: the same extents, up to leading ones of 1 on either side."""
    return parameter.dtype is type_.dtype and _core(parameter.shape) == _core(type_.shape)


def _core(shape: tuple[int, ...]) -> tuple[int, ...]:
    place = next((k for k, n in enumerate(shape) if n != 1), len(shape))
    return shape[place:]


def described(type_: TensorType) -> str:
    """``f32[1, 3, 224, 224]``."""
    return f"{type_.dtype.value}{shape_text(type_.shape)}"


def is_input(parameter: Parameter) -> bool:
    """Whether a parameter has a value before the job."""
    return parameter.direction is not Direction.OUT
