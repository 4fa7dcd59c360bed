"""Target ``llvm``: LLVM IR, and objects of it for x86-64, AArch64 and RISC-V 64."""

from __future__ import annotations

from importlib.util import find_spec

from aicompiler.codegen._files import GeneratedFile
from aicompiler.metamodels.system import Unit
from aicompiler.transformations.kernels import Kernel

from ._jit import jit
from ._module import lower
from ._objects import MACHINES, object_code, optimised, verified

__all__ = ["MACHINES", "Llvm", "jit", "lower", "object_code", "optimised", "verified"]


class Llvm:
    """The C target's functions without a C compiler: same ABI, same arithmetic, no fast-math flags."""

    name, suffix = "llvm", ".ll"

    def emit(self, kernel: Kernel, unit: Unit | None) -> list[GeneratedFile]:  # noqa: ARG002
        """``kernels/llvm/NAME.ll`` as lowered, and ``NAME.<machine>.o`` optimised for generic processors."""
        text = verified(lower(kernel))
        path = f"kernels/llvm/{kernel.name}"
        objects = [GeneratedFile(f"{path}.{machine}.o", object_code(text, machine)) for machine in MACHINES]
        return [GeneratedFile(f"{path}{self.suffix}", text.encode()), *objects]

    def unavailable(self) -> str | None:
        """The LLVM library that makes the objects also runs the code in this process."""
        return None if find_spec("llvmlite") else "no LLVM found: pip install 'aicompiler[llvm]'"
