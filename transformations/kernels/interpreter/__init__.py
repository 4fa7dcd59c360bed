"""The interpreter: MLIR as plain Python, executed with every check that C leaves to the programmer.

It defines what a kernel means: each target and each transformation is compared with it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from aicompiler.metamodels.system import ElementType
from aicompiler.transformations.kernels._binding import numpy_type
from aicompiler.transformations.kernels._kernel import Direction, Kernel, Parameter
from xdsl.dialects.builtin import ModuleOp

from ._emit import emit_module
from ._runtime import environment

Array = np.ndarray[Any, Any]

_CANONICAL = {1: "uint8", 2: "uint16", 4: "int32", 8: "int64"}
_compiled: WeakKeyDictionary[ModuleOp, PythonKernel] = WeakKeyDictionary()


@dataclass(frozen=True)
class PythonKernel:
    """A kernel as a Python function over flat lists, and the source it was made from."""

    kernel: Kernel
    source: str
    function: Callable[..., None]

    def __call__(self, inputs: Mapping[str, Any]) -> dict[str, Array]:
        """One job, as ``interpret``."""
        parameters = self.kernel.signature.parameters
        given = {p.name for p in parameters if p.direction is not Direction.OUT}
        if wrong := sorted(given ^ set(inputs)):
            raise ValueError(
                f"{self.kernel.name} takes the inputs {sorted(given)}; these do not fit: {wrong}"
            )
        arguments = [_argument(p, inputs.get(p.name)) for p in parameters]
        self.function(*arguments)
        pairs = zip(parameters, arguments, strict=True)
        return {p.name: _result(p, a) for p, a in pairs if p.direction is not Direction.IN}


def interpret(kernel: Kernel, inputs: Mapping[str, Any]) -> dict[str, Array]:
    """One job of a kernel: from IN and STATE parameters to all OUT and STATE ones, scalars as 0-d arrays.

    OUT memory starts as zeros.  Raises ``InterpretationError`` with the line of the body where C leaves the
    behaviour undefined, ``ValueError`` for inputs that do not fit the signature.  Schedules are ignored.
    """
    return compile_python(kernel)(inputs)


def compile_python(kernel: Kernel) -> PythonKernel:
    """The kernel as a Python function, made once per module."""
    if kernel.module not in _compiled:
        out = emit_module(kernel.module, kernel.blobs)
        source = "\n".join(out.lines)
        names = environment(kernel.name, out.memories) | out.table_values
        names |= {name: bound(names["unset"]) for name, bound in out.whole.items()}
        # The source holds generated names and numbers only, and runs without builtins.
        exec(compile(source, f"<kernel {kernel.name}>", "exec"), names)
        _compiled[kernel.module] = PythonKernel(kernel, source, names[out.functions[kernel.name]])
    return _compiled[kernel.module]


def _argument(parameter: Parameter, given: Any) -> Any:
    """A flat list of canonical numbers, or one number for an IN scalar."""
    dtype = numpy_type(parameter.dtype)
    if parameter.direction is Direction.OUT:
        return [0.0 if parameter.dtype.is_float else 0] * math.prod(parameter.shape)
    array = np.asarray(given)
    if array.shape != parameter.shape:
        raise ValueError(f"{parameter.name} has the shape {list(parameter.shape)}, not {list(array.shape)}")
    with np.errstate(invalid="ignore", over="ignore"):
        converted = np.array(array, dtype=dtype, order="C")
    if not parameter.dtype.is_float:
        legal = np.all(array <= 1) if parameter.dtype is ElementType.BOOL else True
        if array.dtype.kind not in "biu" or not np.array_equal(converted, array) or not legal:
            raise ValueError(
                f"{parameter.name} takes {parameter.dtype.value} values, not all of {array.dtype}"
            )
        converted = converted.view(_CANONICAL[parameter.dtype.bytes])
    values = converted.ravel().tolist()
    return values[0] if parameter.direction is Direction.IN and not parameter.shape else values


def _result(parameter: Parameter, values: list[Any]) -> Array:
    dtype = numpy_type(parameter.dtype)
    canonical = dtype if parameter.dtype.is_float else _CANONICAL[parameter.dtype.bytes]
    return np.array(values, dtype=canonical).view(dtype).reshape(parameter.shape)
