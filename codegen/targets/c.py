"""Target ``c``: portable C11, one translation unit and one header a kernel."""

from __future__ import annotations

from shutil import which
from typing import ClassVar

from aicompiler.codegen._files import GeneratedFile
from aicompiler.metamodels.system import Unit
from aicompiler.transformations.kernels import Kernel

from ._blobs import blob_files
from ._clike import CLike, header
from ._helpers import BITS_BY_COPY
from ._module import Module

PRELUDE = """\
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wtype-limits"
#pragma GCC diagnostic ignored "-Wtautological-compare"
#endif
"""


class C(CLike):
    """C11 for CPUs; compile with -ffp-contract=off, which ISO mode (-std=c11) of GCC implies."""

    name, suffix = "c", ".c"
    restrict: ClassVar[str] = "restrict "
    bit_helpers = BITS_BY_COPY
    prelude: ClassVar[str] = PRELUDE
    file_tables: ClassVar[bool] = True
    static_locals: ClassVar[bool] = True
    vectors: ClassVar[bool] = True
    independent: ClassVar[str] = "#pragma GCC ivdep"

    def emit(self, kernel: Kernel, unit: Unit | None) -> list[GeneratedFile]:  # noqa: ARG002
        """``kernels/c/NAME.c`` and ``NAME.h``; large tables are in ``kernels/data``."""
        module = Module(self, kernel)
        function = self.sequential_function(module, f"void {kernel.name}({self.parameters(kernel)})")
        include = f'#include "{kernel.name}.h"\n'
        blocks = [self.banner(kernel) + include, self.prelude, *module.definitions(), function]
        path = f"kernels/c/{kernel.name}"
        sources = [self.file(f"{path}{self.suffix}", blocks), header(self, kernel, f"{path}.h")]
        return [*sources, *blob_files(kernel)]

    def unavailable(self) -> str | None:
        """A C compiler is all it needs."""
        return None if which("cc") or which("gcc") else "no C compiler found: install gcc or clang"
