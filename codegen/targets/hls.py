"""Target ``hls``: C++ with the pragmas of AMD Vitis HLS; without a tool it compiles as a C simulation."""

from __future__ import annotations

from math import prod
from shutil import which
from typing import ClassVar

from aicompiler.codegen._files import GeneratedFile
from aicompiler.metamodels.system import Unit, UnitKind
from aicompiler.transformations.kernels import Direction, Kernel, Parameter, Partition
from aicompiler.transformations.kernels.passes import storage_of

from ._clike import CLike, header
from ._expressions import Expr
from ._helpers import BITS_BY_COPY
from ._memory import Array
from ._module import Module, unused
from ._reserved import safe_name
from ._statements import Statements
from ._types import I32, of_element
from .hls_tools import tool_files

PRELUDE = """\
#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__) && !defined(__SYNTHESIS__)
#pragma GCC diagnostic ignored "-Wunused-label"
#pragma GCC diagnostic ignored "-Wtype-limits"
#pragma GCC diagnostic ignored "-Wtautological-compare"
#endif
"""

UNLIMITED = Unit(id="any", kind=UnitKind.FPGA)


class Hls(CLike):
    """C++17 with HLS pragmas: one circuit a kernel, arrays over AXI, on-chip copies ``buf_NAME``."""

    name, suffix = "hls", ".cpp"
    bit_helpers = BITS_BY_COPY
    copy_interval: ClassVar[int] = 1

    def emit(self, kernel: Kernel, unit: Unit | None) -> list[GeneratedFile]:
        """``kernels/hls/NAME.cpp``, ``NAME.h`` and what AMD's tools want beside them."""
        module = Module(self, kernel)
        module.labels = True
        module.loops = _loop_pragmas(kernel)
        module.array_notes = _array_pragmas(kernel)
        function = self._function(
            module, f'extern "C" void {kernel.name}({self.parameters(kernel)})', _buffered(kernel, unit)
        )
        include = f'#include "{kernel.name}.h"\n'
        blocks = [self.banner(kernel) + include, PRELUDE, *module.definitions(), function]
        path = f"kernels/hls/{kernel.name}"
        sources = [self.file(f"{path}{self.suffix}", blocks), header(self, kernel, f"{path}.h")]
        return [*sources, *tool_files(kernel, unit)]

    def unavailable(self) -> str | None:
        """The C simulation needs a C++ compiler."""
        return None if which("c++") or which("g++") else "no C++ compiler found: install g++ or clang++"

    # --- the circuit ------------------------------------------------------------------------------------

    def _function(self, module: Module, head: str, buffered: tuple[Parameter, ...]) -> str:
        kernel = module.kernel
        out = Statements(module, module.function)
        out.names.update(safe_name(p.name) for p in kernel.signature.parameters)
        buffers = {p.name: out.fresh(f"buf_{p.name}") for p in buffered}
        self.bind_parameters(out, kernel, buffers)
        for parameter in buffered:
            out.line(f"{self._buffer(parameter, buffers).declaration(self.spelling)};")
            for pragma in module.array_pragmas(parameter.name, buffers[parameter.name]):
                out.line(pragma)
        for parameter in buffered:
            self._copy(out, parameter, buffers, inward=True)
        out.block(module.function.body.block)
        for parameter in (p for p in buffered if p.direction is not Direction.IN):
            self._copy(out, parameter, buffers, inward=False)
        pragmas = [*_interfaces(kernel), *module.table_pragmas()]
        return "\n".join([head, "{", *pragmas, *unused(out, module.function), *out.lines, "}", ""])

    def _buffer(self, parameter: Parameter, buffers: dict[str, str]) -> Array:
        name, element = buffers[parameter.name], of_element(parameter.dtype)
        return Array(name, element, parameter.shape, flat=False, space="private", token=name)

    def _copy(self, out: Statements, parameter: Parameter, buffers: dict[str, str], inward: bool) -> None:
        """A pipelined loop nest between the outside array and its on-chip copy."""
        label = f"{'load' if inward else 'store'}_{parameter.name}"
        element = of_element(parameter.dtype)
        port = safe_name(parameter.name)
        outside = Array(port, element, parameter.shape, flat=True, space="global", token=port)
        inside = self._buffer(parameter, buffers)
        depth, names = out.depth, set(out.names)
        counters = []
        for dimension, extent in enumerate(parameter.shape):
            name = out.fresh("ijkl"[dimension])
            counters.append(Expr(name, I32))
            out.line(f"{label}_{dimension}: for (int32_t {name} = 0; {name} < {extent}; ++{name}) {{")
            out.depth += 1
        out.line(f"#pragma HLS PIPELINE II={self.copy_interval}")
        pair = [a.at(list(counters), self.spelling).text for a in (inside, outside)]
        target, source = pair if inward else reversed(pair)
        out.line(f"{target} = {source};")
        while out.depth > depth:
            out.depth -= 1
            out.line("}")
        out.names = names


def _buffered(kernel: Kernel, unit: Unit | None) -> tuple[Parameter, ...]:
    """The array parameters that are copied on chip: what the schedule splits, and what fits the unit."""
    wanted = {p.array for p in kernel.schedule.partitions}
    if kernel.schedule.pipelines:
        wanted |= storage_of(kernel, unit or UNLIMITED).on_chip
    return tuple(p for p in kernel.signature.parameters if p.shape and p.name in wanted)


def _interfaces(kernel: Kernel) -> list[str]:
    lines = []
    for parameter in kernel.signature.parameters:
        name = safe_name(parameter.name)
        if parameter.shape:
            options = f"offset=slave bundle=gmem_{name} depth={prod(parameter.shape)}"
            lines.append(f"#pragma HLS INTERFACE m_axi port={name} {options}")
        lines.append(f"#pragma HLS INTERFACE s_axilite port={name}")
    return [*lines, "#pragma HLS INTERFACE s_axilite port=return"]


def _loop_pragmas(kernel: Kernel) -> dict[str, tuple[str, ...]]:
    pragmas: dict[str, tuple[str, ...]] = {}
    for pipeline in kernel.schedule.pipelines:
        text = f"#pragma HLS PIPELINE II={pipeline.interval}"
        pragmas[pipeline.loop] = (*pragmas.get(pipeline.loop, ()), text)
    for unroll in kernel.schedule.unrolls:
        text = f"#pragma HLS UNROLL factor={unroll.factor}" if unroll.factor else "#pragma HLS UNROLL"
        pragmas[unroll.loop] = (*pragmas.get(unroll.loop, ()), text)
    return pragmas


def _array_pragmas(kernel: Kernel) -> dict[str, tuple[str, ...]]:
    pragmas: dict[str, tuple[str, ...]] = {}
    for partition in kernel.schedule.partitions:
        pragmas[partition.array] = (*pragmas.get(partition.array, ()), _partition(partition))
    return pragmas


def _partition(partition: Partition) -> str:
    kind = f"cyclic factor={partition.factor}" if partition.factor else "complete"
    return f"#pragma HLS ARRAY_PARTITION variable={{name}} {kind} dim={partition.dimension + 1}"
