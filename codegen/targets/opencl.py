"""Target ``opencl``: OpenCL C 1.2, one ``__kernel`` for each phase of the schedule."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ctypes.util import find_library
from dataclasses import dataclass
from importlib.util import find_spec
from math import prod
from os import environ
from typing import ClassVar

from aicompiler.codegen._files import GeneratedFile
from aicompiler.metamodels.diagnostics import AicError, Diagnostic, Severity
from aicompiler.metamodels.system import Unit
from aicompiler.transformations.kernels import Kernel, Phase
from aicompiler.transformations.kernels.passes import rematerialisable
from xdsl.dialects import func, memref, scf
from xdsl.dialects.builtin import MemRefType, StringAttr
from xdsl.ir import Operation, SSAValue

from ._clike import CLike
from ._control import loop_bounds, loop_hint
from ._expressions import ADD, Expr, Spelling, compose, paren
from ._memory import Array
from ._module import Module
from ._reserved import safe_name
from ._statements import Statements
from ._values import constant

INTEGERS = {"8": "char", "16": "short", "32": "int", "64": "long"}
TYPES = {f"{s}{w}": f"{'' if s == 'i' else 'u'}{t}" for s in "iu" for w, t in INTEGERS.items()}


class UnsupportedSchedule(AicError):
    """A schedule that this target cannot follow: a defect of the pass that made it."""

    exit_code = 1

    def __init__(self, kernel: Kernel, problem: str, next_step: str) -> None:
        message = f"the schedule of kernel {kernel.name} {problem}"
        rule = "unsupported-schedule"
        super().__init__(Diagnostic(severity=Severity.ERROR, rule=rule, message=message, next_step=next_step))


@dataclass(frozen=True)
class Launch:
    """One kernel of the program: sizes per dimension (dimension 0 first), arguments by name in order.

    An argument is a parameter of the signature (IN scalars by value, all else a buffer) or a temporary.
    """

    kernel_name: str
    global_size: tuple[int, ...]
    local_size: tuple[int, ...]
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class OpenClProgram:
    """What the host does for one job: enqueue ``launches`` in order; ``temporaries`` are (name, bytes)."""

    launches: tuple[Launch, ...]
    temporaries: tuple[tuple[str, int], ...] = ()
    build_options: str = "-cl-std=CL1.2"


@dataclass(frozen=True)
class _Printed:
    launch: Launch
    text: str


class OpenCl(CLike):
    """OpenCL C 1.2 for GPUs (PoCL runs it on a CPU)."""

    name, suffix = "opencl", ".cl"
    spelling: ClassVar[Spelling] = Spelling(
        {**TYPES, "f32": "float", "f64": "double", "bool": "bool"}, "{}L", "{}UL"
    )
    spaces: ClassVar[Mapping[str, str]] = {"global": "__global ", "constant": "__constant ", "private": ""}
    restrict: ClassVar[str] = "restrict "
    table_qualifier: ClassVar[str] = "__constant "
    f32_suffix: ClassVar[str] = ""
    bit_helpers: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("float_of_bits", "bits_of_float"), "\n{q}{T} {name}({B} value)\n{{\n    return as_{T}(value);\n}}\n"
    )
    global_ids: ClassVar[tuple[str, ...]] = tuple(f"get_global_id({d})" for d in range(3))
    local_sizes: ClassVar[Mapping[int, tuple[int, ...]]] = {0: (1,), 1: (64,), 2: (16, 8), 3: (8, 4, 4)}

    def emit(self, kernel: Kernel, unit: Unit | None) -> list[GeneratedFile]:  # noqa: ARG002
        """``kernels/opencl/NAME.cl``."""
        texts = self.texts(kernel)
        double = any(re.search(r"\bdouble\b", text) for text in texts)
        prelude = (
            "#pragma OPENCL EXTENSION cl_khr_fp64 : enable\n" * double + "#pragma OPENCL FP_CONTRACT OFF\n"
        )
        blocks = [self.banner(kernel) + prelude, *texts]
        return [self.file(f"kernels/opencl/{kernel.name}{self.suffix}", blocks)]

    def texts(self, kernel: Kernel) -> list[str]:
        """Tables, functions and kernels, each a block of text."""
        module, printed, _ = self._print(kernel)
        return [*module.definitions(), *(p.text for p in printed)]

    def head(self, local: tuple[int, ...]) -> str:
        """What stands before the name of a kernel that runs in work-groups of ``local``."""
        work_group = ", ".join(str(s) for s in (*local, 1, 1)[:3])
        return f"__kernel __attribute__((reqd_work_group_size({work_group})))\nvoid"

    def unavailable(self) -> str | None:
        """An OpenCL loader and device: PoCL from PyPI is enough."""
        found = environ.get("AIC_OPENCL_LIB") or find_library("OpenCL") or find_spec("pyopencl")
        return None if found else "no OpenCL found: pip install pyopencl pocl-binary-distribution"

    def launches(self, kernel: Kernel) -> OpenClProgram:
        """How the host runs the text that ``emit`` gives for ``kernel``."""
        _, printed, temporaries = self._print(kernel)
        sizes = tuple((a.name, prod(a.shape) * a.element.bits // 8) for a in temporaries.values())
        return OpenClProgram(tuple(p.launch for p in printed), sizes)

    # --- phases -----------------------------------------------------------------------------------------

    def _print(self, kernel: Kernel) -> tuple[Module, list[_Printed], dict[SSAValue, Array]]:
        module = Module(self, kernel)
        ops = [op for op in module.function.body.block.ops if not isinstance(op, func.ReturnOp)]
        phases = kernel.schedule.phases or (Phase(0, len(ops)),)
        temporaries = _temporaries(module, ops, phases)
        printed = []
        for number, phase in enumerate(phases):
            name = kernel.name if len(phases) == 1 else f"{kernel.name}_p{number}"
            printed.append(self._phase(module, name, ops, phase, temporaries))
        return module, printed, temporaries

    def _phase(
        self,
        module: Module,
        name: str,
        ops: list[Operation],
        phase: Phase,
        temporaries: dict[SSAValue, Array],
    ) -> _Printed:
        out = Statements(module, module.function)
        self.bind_parameters(out, module.kernel, {})
        out.arrays.update(temporaries)
        out.names.update(a.name for a in temporaries.values())
        mine = [*_outside(module.kernel, ops, phase), *ops[phase.start : phase.stop]]
        extents: list[int] = []
        for op in mine:
            if phase.grid and _label(op) == phase.grid[0]:
                extents = self._grid(out, op, phase)
            elif not (isinstance(op, memref.AllocaOp) and op.memref in temporaries):
                out.operation(op)
        if phase.grid and not extents:
            raise UnsupportedSchedule(
                module.kernel, f"has no loop {phase.grid[0]} in its phase", "check the phases"
            )
        local = self.local_sizes[len(extents)]
        sizes = tuple(-(-e // s) * s for e, s in zip(extents or [1], local, strict=True))
        declared = self._declared(out, module.kernel, temporaries)
        head = self.head(local)
        text = "\n".join([f"{head} {name}({', '.join(declared.values())})", "{", *out.lines, "}", ""])
        return _Printed(Launch(name, sizes, local, tuple(declared)), text)

    def _declared(
        self, out: Statements, kernel: Kernel, temporaries: dict[SSAValue, Array]
    ) -> dict[str, str]:
        """The parameters that the printed lines mention, in signature order, temporaries last."""
        every = {p.name: self.parameter(p, self.restrict) for p in kernel.signature.parameters}
        for array in temporaries.values():
            every[array.name] = self.pointer(array.name, array.element, "global", False, self.restrict)
        body = "\n".join(out.lines)
        # A name after a dot is a member, such as threadIdx.x of CUDA.
        return {n: text for n, text in every.items() if re.search(rf"(?<!\.)\b{safe_name(n)}\b", body)}

    def _grid(self, out: Statements, op: Operation, phase: Phase) -> list[int]:
        """A nest of parallel loops as work-items; gives the extents, innermost loop first."""
        extents: list[int] = []
        for depth, label in enumerate(phase.grid):
            assert isinstance(op, scf.ForOp)
            if op.results or _label(op) != label:
                raise UnsupportedSchedule(
                    out.module.kernel,
                    f"takes {label} for a parallel loop",
                    "name the loops of a perfect nest",
                )
            extents.insert(0, self._work_item(out, op, len(phase.grid) - 1 - depth))
            if depth == len(phase.grid) - 1:
                out.block(op.body.block)
                break
            op = self._between(out, op, phase.grid[depth + 1])
        return extents

    def _work_item(self, out: Statements, loop: scf.ForOp, dimension: int) -> int:
        low, high, step = (constant(v) for v in (loop.lb, loop.ub, loop.step))
        if low is None or high is None or step is None:
            raise UnsupportedSchedule(
                out.module.kernel,
                f"spreads {_label(loop)}, whose bounds are no constants",
                "leave it sequential",
            )
        type_, first, end, stride = loop_bounds(out, loop)
        name = out.fresh(loop_hint(out, loop))
        index = Expr(f"({self.spelling.name(type_)}){self.global_ids[dimension]}", type_)
        if step != 1:
            index = compose(f"{index.text} * {stride.text}", type_, ADD, index)
        text = index.text if low == 0 else f"{paren(first, ADD)} + {index.text}"
        out.line(f"const {self.spelling.name(type_)} {name} = {text};", loop)
        out.line(f"if ({name} >= {end.text}) {{")
        out.line("    return;")
        out.line("}")
        out.bind(loop.body.block.args[0], Expr(name, type_))
        return max(0, -(-(high - low) // step))

    def _between(self, out: Statements, loop: scf.ForOp, label: str) -> Operation:
        """Print what stands between two loops of the nest (all work-items repeat it); gives the inner one."""
        inner: Operation | None = None
        for op in loop.body.block.ops:
            if _label(op) == label:
                inner = op
            elif op.regions or (not isinstance(op, scf.YieldOp) and not op.results):
                raise UnsupportedSchedule(
                    out.module.kernel,
                    f"spreads {label}, which is not alone in its loop",
                    "end the grid above it",
                )
            elif not isinstance(op, scf.YieldOp):
                out.operation(op)
        if inner is None:
            raise UnsupportedSchedule(out.module.kernel, f"has no loop {label} in its nest", "check the grid")
        return inner


def launches(kernel: Kernel) -> OpenClProgram:
    """How the host runs the OpenCL text of ``kernel``: launches in order, and temporary buffers."""
    return OpenCl().launches(kernel)


def _label(op: Operation) -> str:
    label = op.attributes.get("aic.loop")
    return label.data if isinstance(op, scf.ForOp) and isinstance(label, StringAttr) else ""


def _temporaries(module: Module, ops: list[Operation], phases: tuple[Phase, ...]) -> dict[SSAValue, Array]:
    """Local arrays that live from one launch to a later one become global buffers."""
    found: dict[SSAValue, Array] = {}
    taken = {safe_name(p.name) for p in module.kernel.signature.parameters}
    for op in ops:
        if not isinstance(op, memref.AllocaOp):
            continue
        users = {_phase_of(use.operation, ops, phases) for use in op.memref.uses}
        if len(users) > 1:
            label = op.attributes.get("aic.name")
            name = module.free_name(f"{label.data if isinstance(label, StringAttr) else 'tmp'}_global", taken)
            taken.add(name)
            assert isinstance(op.memref.type, MemRefType)
            shape = tuple(op.memref.type.get_shape())
            found[op.memref] = Array(name, module.element_type(op.memref), shape, True, "global", name)
    return found


def _phase_of(op: Operation, ops: list[Operation], phases: tuple[Phase, ...]) -> int:
    while op not in ops:
        parent = op.parent_op()
        assert parent is not None
        op = parent
    place = ops.index(op)
    return next((n for n, phase in enumerate(phases) if phase.start <= place < phase.stop), -1)


def _outside(kernel: Kernel, ops: list[Operation], phase: Phase) -> list[Operation]:
    """The operations before the phase whose results it uses: they are computed again."""
    inside = set(ops[phase.start : phase.stop])
    needed: set[Operation] = set()
    waiting: list[Operation] = [inner for op in inside for inner in op.walk()]
    while waiting:
        for operand in waiting.pop().operands:
            owner = operand.owner
            if not isinstance(owner, Operation) or owner in inside or owner in needed or owner not in ops:
                continue
            if not isinstance(owner, memref.AllocaOp) and not rematerialisable(kernel, owner):
                raise UnsupportedSchedule(
                    kernel,
                    f"carries the result of {owner.name} from one launch to another",
                    "join the two phases",
                )
            needed.add(owner)
            waiting.append(owner)
    return [op for op in ops if op in needed]
