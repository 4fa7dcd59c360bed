"""Runs the LLVM code of a kernel in this process."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes.util import find_library
from typing import Any

import llvmlite.binding as llvm
from aicompiler.codegen.targets._blobs import blob_symbol
from aicompiler.transformations.kernels import Direction, Kernel, Parameter

from ._module import lower
from ._objects import optimised, verified


def jit(kernel: Kernel) -> Callable[..., None]:
    """A function of one numpy array a parameter, in signature order; outputs and state change in place.

    IN scalars are arrays without a dimension.  Bools are arrays of uint8.
    """
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    if (library := find_library("m")) is not None:
        llvm.load_library_permanently(library)
    machine = llvm.Target.from_default_triple().create_target_machine(opt=3, jit=True)
    module = optimised(verified(lower(kernel)), machine)
    engine = llvm.create_mcjit_compiler(module, machine)
    tables = {blob_symbol(kernel, s): ctypes.create_string_buffer(b, len(b)) for s, b in kernel.blobs.items()}
    for table in module.global_variables:
        if table.name in tables:
            engine.add_global_mapping(table, ctypes.addressof(tables[table.name]))
    engine.finalize_object()
    parameters = kernel.signature.parameters
    address = engine.get_function_address(kernel.name)

    def call(*arrays: Any) -> None:
        arguments = [_argument(p, a) for p, a in zip(parameters, arrays, strict=True)]
        ctypes.CFUNCTYPE(None, *(type(a) for a in arguments))(address)(*arguments)

    call.engine = engine, tables  # type: ignore[attr-defined] # the code lives as long as the function
    return call


def _argument(parameter: Parameter, array: Any) -> Any:
    if parameter.direction is Direction.IN and not parameter.shape:
        import numpy as np

        return np.ctypeslib.as_ctypes_type(array.dtype)(array.item())
    return ctypes.c_void_p(array.ctypes.data)
