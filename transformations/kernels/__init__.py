"""Kernels: from behaviours to MLIR, and what it means."""

from __future__ import annotations

from ._binding import initial_state, literal, numpy_type, parse_entry, parse_variants, signature_of
from ._codec import kernel_key, pack_kernel, unpack_kernel
from ._errors import BodyError, InterpretationError, UnsupportedConstruct
from ._kernel import (
    Direction,
    Kernel,
    NamedConstant,
    Parameter,
    Partition,
    Phase,
    Pipeline,
    Schedule,
    Signature,
    Unroll,
)
from ._names import c_identifier, is_c_identifier
from .frontends import FRONTENDS, behaviour_key, parse
from .interpreter import PythonKernel, compile_python, interpret

__all__ = [
    "FRONTENDS",
    "BodyError",
    "Direction",
    "InterpretationError",
    "Kernel",
    "NamedConstant",
    "Parameter",
    "Partition",
    "Phase",
    "Pipeline",
    "PythonKernel",
    "Schedule",
    "Signature",
    "UnsupportedConstruct",
    "Unroll",
    "behaviour_key",
    "c_identifier",
    "compile_python",
    "initial_state",
    "interpret",
    "is_c_identifier",
    "kernel_key",
    "literal",
    "numpy_type",
    "pack_kernel",
    "parse",
    "parse_entry",
    "parse_variants",
    "signature_of",
    "unpack_kernel",
]
