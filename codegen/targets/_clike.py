"""What C, OpenCL C and HLS C++ have in common; a target is a subclass whose attributes are its dialect."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from aicompiler.codegen._files import GeneratedFile
from aicompiler.metamodels.system import Unit
from aicompiler.transformations.kernels import Direction, Kernel, Parameter
from xdsl.dialects.builtin import MemRefType

from ._expressions import Expr, Spelling, compose
from ._lanes import SIZES
from ._memory import Array
from ._module import Module, unused
from ._reserved import safe_name
from ._statements import Statements
from ._types import BOOL, F32, CType, of_element, of_mlir

STDINT = {f"{s}{w}": f"{'' if s == 'i' else 'u'}int{w}_t" for s in "iu" for w in (8, 16, 32, 64)}
VECTORS = {f"f{w}x{n}": f"aic_f{w}x{n}" for w in (32, 64) for n in SIZES}
C_SPELLING = Spelling(
    {**STDINT, **VECTORS, "f32": "float", "f64": "double", "bool": "bool"}, "INT64_C({})", "UINT64_C({})"
)


class CLike(ABC):
    """A target whose text is C or close to it."""

    name: ClassVar[str]
    suffix: ClassVar[str]
    spelling: ClassVar[Spelling] = C_SPELLING
    spaces: ClassVar[Mapping[str, str]] = {}  # address space qualifiers
    restrict: ClassVar[str] = ""
    local_function: ClassVar[str] = "static "
    table_qualifier: ClassVar[str] = "static const "
    file_tables: ClassVar[bool] = False  # whether values of large tables can come from a file
    static_locals: ClassVar[bool] = False  # whether large local arrays need not lie on the stack
    vectors: ClassVar[bool] = False  # whether loops over lanes become GNU C vectors
    independent: ClassVar[str] = ""  # what to write before a loop whose iterations are independent
    f32_suffix: ClassVar[str] = "f"  # of functions of the math library
    bit_helpers: ClassVar[Mapping[str, str]] = {}

    @abstractmethod
    def emit(self, kernel: Kernel, unit: Unit | None) -> list[GeneratedFile]:
        """The source files of ``kernel`` for ``unit`` (``None``: no particular one)."""

    def unavailable(self) -> str | None:
        """What running the generated code on this host needs, if it is not there."""
        return None

    # --- spelling ---------------------------------------------------------------------------------------

    def math_name(self, function: str, type_: CType) -> str:
        """The name of a mathematical function for ``type_``."""
        return function + (self.f32_suffix if type_ == F32 else "")

    def pointer(self, name: str, element: CType, space: str, readonly: bool, restrict: str = "") -> str:
        """A pointer parameter."""
        const = "const " if readonly else ""
        return f"{self.spaces.get(space, '')}{const}{self.spelling.name(element)} *{restrict}{name}"

    def parameter(self, parameter: Parameter, restrict: str = "") -> str:
        """A parameter of the kernel function (the kernel ABI)."""
        element, name = of_element(parameter.dtype), safe_name(parameter.name)
        if parameter.direction is Direction.IN and not parameter.shape:
            return f"{self.spelling.name(element)} {name}"
        readonly = parameter.direction is Direction.IN
        return self.pointer(name, element, "global", readonly, restrict)

    def parameters(self, kernel: Kernel) -> str:
        """The parameter list of the kernel function."""
        return ", ".join(self.parameter(p, self.restrict) for p in kernel.signature.parameters) or "void"

    # --- shared parts -----------------------------------------------------------------------------------

    def bind_parameters(self, out: Statements, kernel: Kernel, buffers: Mapping[str, str]) -> None:
        """Tell the printer what the kernel's arguments are called; ``buffers`` stand for some arrays."""
        arguments = out.function.body.block.args
        for argument, parameter in zip(arguments, kernel.signature.parameters, strict=True):
            own = safe_name(parameter.name)
            out.names.add(own)
            element = of_element(parameter.dtype)
            if isinstance(argument.type, MemRefType):
                name = buffers.get(parameter.name, own)
                out.arrays[argument] = Array(
                    name=name,
                    element=element,
                    shape=tuple(argument.type.get_shape()),
                    flat=parameter.name not in buffers,
                    space="global",
                    token=name,
                    readonly=parameter.direction is Direction.IN,
                    truth=of_mlir(argument.type.element_type) == BOOL,
                )
            else:
                value = Expr(own, element)
                truth = of_mlir(argument.type) == BOOL
                out.bind(argument, compose(f"({own} != 0)", BOOL, 16, value) if truth else value)

    def body(self, out: Statements) -> list[str]:
        """The statements of a kernel that is one function."""
        out.block(out.function.body.block)
        return [*unused(out, out.function), *out.lines]

    def sequential_function(self, module: Module, head: str) -> str:
        """The kernel as one function."""
        out = Statements(module, module.function)
        self.bind_parameters(out, module.kernel, {})
        return "\n".join([head, "{", *self.body(out), "}", ""])

    def file(self, path: str, blocks: list[str]) -> GeneratedFile:
        """A file of text blocks, an empty line between them."""
        return GeneratedFile(path, "\n".join(block.rstrip("\n") + "\n" for block in blocks if block).encode())

    def banner(self, kernel: Kernel) -> str:
        """The first line of every file."""
        return f"/* Kernel {kernel.name}: generated by aicompiler, do not edit. */\n"


def header(target: CLike, kernel: Kernel, path: str) -> GeneratedFile:
    """``NAME.h``: the prototype, usable from C and C++."""
    guard = f"AIC_KERNEL_{kernel.name.upper()}_H"
    parameters = target.parameters(kernel).replace(target.restrict or "\0", "")  # C++ has no restrict
    blocks = [
        target.banner(kernel) + f"#ifndef {guard}\n#define {guard}\n",
        "#include <stdint.h>\n",
        '#ifdef __cplusplus\nextern "C" {\n#endif\n',
        f"void {kernel.name}({parameters});\n",
        "#ifdef __cplusplus\n}\n#endif\n",
        f"#endif /* {guard} */\n",
    ]
    return target.file(path, blocks)
