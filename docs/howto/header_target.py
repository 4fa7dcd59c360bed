"""Target ``c_header``: a kernel as one header with a static inline function, for code without linking."""

from __future__ import annotations

from typing import ClassVar

from aicompiler.codegen import GeneratedFile
from aicompiler.codegen.targets import C, Module
from aicompiler.metamodels.system import Unit
from aicompiler.transformations.kernels import Kernel


class CHeader(C):
    """The C target, written into one header; what differs is data and where the text goes."""

    name, suffix = "c_header", ".h"
    local_function: ClassVar[str] = "static inline "

    def emit(self, kernel: Kernel, unit: Unit | None) -> list[GeneratedFile]:  # noqa: ARG002
        """``kernels/c_header/NAME.h``."""
        module = Module(self, kernel)
        head = f"static inline void {kernel.name}({self.parameters(kernel)})"
        function = self.sequential_function(module, head)
        blocks = [self.banner(kernel), "#pragma once\n", self.prelude, *module.definitions(), function]
        return [self.file(f"kernels/c_header/{kernel.name}{self.suffix}", blocks)]
