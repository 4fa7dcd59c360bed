"""The command ``kernel``: one behaviour from a file to the text of one target, without a model."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from aicompiler.errors import as_data, print_diagnostics
from aicompiler.metamodels.diagnostics import AicError, Diagnostic, OutputFailed, Severity, UnreadableInput

if TYPE_CHECKING:
    from aicompiler.codegen import GeneratedFile
    from aicompiler.metamodels.system import Behaviour, Unit
    from aicompiler.transformations.kernels import Kernel, Parameter
    from aicompiler.transformations.kernels.frontends.functions import Choices

LARGEST_FILE = 64 << 20
MLIR = "mlir"
_KINDS = {"opencl": "GPU", "cuda": "GPU", "hls": "FPGA"}
_SIZES = re.compile(r"\d+(?:,\d+){0,3}")


class WrongUsage(AicError):
    """An option that makes no sense (exit 2)."""

    exit_code = 2


@dataclass(frozen=True)
class KernelOrder:
    """What the options of the command say, as they were written."""

    file: Path
    target: str
    language: str = ""
    function: str = ""
    shapes: Sequence[str] = ()
    states: Sequence[str] = ()
    constants: Sequence[str] = ()
    parameters: Sequence[str] = ()
    sizes: Mapping[str, str] = field(default_factory=dict)  # global_size, local_size
    out: Path | None = None


def compile_kernel(order: KernelOrder, as_json: bool) -> dict[str, Any]:
    """Compile one behaviour; prints its text unless it is written or JSON is asked for."""
    from aicompiler.transformations.kernels.frontends.functions import parse_function, signature_of_function

    behaviour = _behaviour(order)
    folder = order.file.resolve().parent
    signature = signature_of_function(behaviour, _choices(order), folder)
    kernel, notes = parse_function(behaviour, signature, folder, whole=not order.parameters)
    said = (*notes, *_unset(kernel, behaviour))
    print_diagnostics(said)
    kernel, files = _emitted(order.target, kernel)
    written = [] if order.out is None else _write(order.out, files, order.target)
    if order.out is None and not as_json:
        sys.stdout.write(_shown(files))
    return _summary(order, kernel, behaviour, said) | {"files": written} if as_json else {}


# --- input ------------------------------------------------------------------------------------------------


def _behaviour(order: KernelOrder) -> Behaviour:
    from aicompiler.metamodels.system import Behaviour, Source
    from aicompiler.transformations.kernels.frontends.functions import LANGUAGES

    language = order.language or LANGUAGES.get(order.file.suffix.lower(), "")
    if not language:
        known = ", ".join(LANGUAGES)
        raise _usage(f"{order.file}: no language has this extension", f"use one of {known}, or --language")
    place = Source(file=str(order.file), line=1)
    if language.strip().lower() == "onnx":
        if not order.file.is_file():
            raise UnreadableInput(_error("unreadable-input", f"{order.file}: there is no such file", ""))
        body = order.file.name
        place = Source(file=str(order.file))
    else:
        body = _text(order.file)
        sizes = "; ".join(f"{name} = {_checked_sizes(name, text)}" for name, text in order.sizes.items())
        body += f"\n// aic: {sizes}" if sizes else ""
    return Behaviour(id=order.file.name, name=order.file.stem, language=language, body=body, source=place)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise UnreadableInput(_error("unreadable-input", f"{path} is larger than 64 MiB", "split it"))
        return path.read_text(encoding="utf-8")
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise UnreadableInput(_error("unreadable-input", message, "name a file that exists")) from None
    except UnicodeDecodeError:
        message = f"{path} is no text in UTF-8"
        raise UnreadableInput(_error("unreadable-input", message, "convert it")) from None


def _choices(order: KernelOrder) -> Choices:
    from aicompiler.transformations.kernels.frontends.functions import Choices

    shapes = {name: _numbers("--shape", text) for name, text in _pairs("--shape", order.shapes)}
    return Choices(
        function=order.function,
        shapes=shapes,
        states=frozenset(order.states),
        constants={name: _number(text) for name, text in _pairs("--constant", order.constants)},
        parameters=tuple(_parameter(text) for text in order.parameters),
    )


def _pairs(option: str, texts: Sequence[str]) -> list[tuple[str, str]]:
    pairs = [text.partition("=") for text in texts]
    for name, equals, value in pairs:
        if not (name and equals and value):
            raise _usage(f"{option} {name}{equals}{value} is no NAME=VALUE", f"write {option} x=64")
    return [(name.strip(), value.strip()) for name, _, value in pairs]


def _numbers(option: str, text: str) -> tuple[int, ...]:
    numbers = tuple(int(n) for n in text.split(",")) if _SIZES.fullmatch(text) else (0,)
    if min(numbers) < 1:
        raise _usage(f"{option} takes up to four positive numbers, not {text!r}", f"write {option} x=64,64")
    return numbers


def _checked_sizes(name: str, text: str) -> str:
    return ",".join(str(n) for n in _numbers(f"--{name.replace('_', '-')}", text.replace(" ", "")))


def _number(text: str) -> int | float:
    try:
        return int(text, 0)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        raise _usage(f"--constant takes a number, not {text!r}", "write --constant n=64") from None


def _parameter(text: str) -> Parameter:
    """``in f32 x[64][64]`` as a parameter."""
    from aicompiler.metamodels.system import ElementType
    from aicompiler.transformations.kernels import Direction, Parameter

    match = re.fullmatch(r"(in|out|state) +(\w+) +([A-Za-z_]\w*)((?:\[\d+\]){0,4})", text.strip(), re.ASCII)
    kinds = [t.value for t in ElementType]
    if match is None or match[2] not in kinds:
        advice = f"write DIRECTION TYPE NAME[EXTENT]..., with in, out or state and one of: {', '.join(kinds)}"
        raise _usage(f"--parameter {text!r} cannot be read", advice)
    shape = tuple(int(n) for n in re.findall(r"\d+", match[4]))
    return Parameter(match[3], ElementType(match[2]), shape, Direction(match[1]))


# --- output -----------------------------------------------------------------------------------------------


def _emitted(target: str, kernel: Kernel) -> tuple[Kernel, list[GeneratedFile]]:
    """The kernel with the default schedule of the target's unit, and its files, the source first."""
    from aicompiler.codegen import GeneratedFile

    if target == MLIR:
        return kernel, [GeneratedFile(f"{kernel.name}.mlir", (str(kernel.module) + "\n").encode())]
    from aicompiler.codegen.targets import TARGETS

    emitter = TARGETS.load(target)()
    unit = _unit(target)
    if unit is not None:
        from aicompiler.transformations.kernels.passes import default_schedule

        kernel = default_schedule(kernel, unit)
    files = list(emitter.emit(kernel, unit))
    return kernel, sorted(files, key=lambda file: not file.path.endswith(emitter.suffix))


def _unit(target: str) -> Unit | None:
    """A unit without limits of the kind that a target is for; none for targets of CPUs."""
    from aicompiler.metamodels.system import Unit, UnitKind

    return Unit(id=target, kind=UnitKind[_KINDS[target]]) if target in _KINDS else None


def _shown(files: Sequence[GeneratedFile]) -> str:
    if len(files) > 1:
        others = ", ".join(PurePosixPath(f.path).name for f in files[1:])
        print(f"there is also {others}: write all of it with -o FOLDER", file=sys.stderr)
    return files[0].content.decode()


def _write(out: Path, files: Sequence[GeneratedFile], target: str) -> list[str]:
    """To ``out``: a file where there is one only or ``out`` has an extension, else a folder."""
    single = (len(files) == 1 and not out.is_dir()) or bool(out.suffix)
    places = [(out, files[0])] if single else [(out / PurePosixPath(f.path).name, f) for f in files]
    try:
        for path, file in places:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.content)
    except OSError as error:
        message = f"{out} cannot be written: {error.strerror}"
        raise OutputFailed(_error("output", message, f"choose another place for {target}")) from None
    print("\n".join(f"wrote {path}" for path, _ in places), file=sys.stderr)
    return [str(path) for path, _ in places]


def _unset(kernel: Kernel, behaviour: Behaviour) -> list[Diagnostic]:
    """Notes on what is written and read too: its first value matters only if it is state."""
    from xdsl.dialects import func, memref

    from aicompiler.transformations.kernels import Direction

    entry = next(
        op for op in kernel.module.ops if isinstance(op, func.FuncOp) and op.sym_name.data == kernel.name
    )
    found = []
    for argument, parameter in zip(entry.body.block.args, kernel.signature.parameters, strict=False):
        loads = any(isinstance(use.operation, memref.LoadOp) for use in argument.uses)
        if parameter.direction is Direction.OUT and loads:
            message = f"{parameter.name!r} is written and read"
            advice = f"if its value from before matters, it is state: --state {parameter.name}"
            note = Severity.NOTE
            found.append(
                Diagnostic(
                    severity=note,
                    rule="read-output",
                    message=message,
                    next_step=advice,
                    source=behaviour.source,
                )
            )
    return found


def _summary(
    order: KernelOrder, kernel: Kernel, behaviour: Behaviour, said: Sequence[Diagnostic]
) -> dict[str, Any]:
    """Signature, loops and counts."""
    from dataclasses import asdict

    from aicompiler.transformations.kernels.passes import Parallel, operation_counts, parallel_loops

    counts = operation_counts(kernel)
    loops = {
        name: {"parallel": isinstance(verdict, Parallel)}
        | ({} if isinstance(verdict, Parallel) else {"reason": str(verdict)})
        for name, verdict in parallel_loops(kernel).items()
    }
    return {
        "ok": True,
        "kernel": kernel.name,
        "language": behaviour.language,
        "target": order.target,
        "signature": [
            {"name": p.name, "type": p.dtype.value, "shape": list(p.shape), "direction": p.direction.value}
            for p in kernel.signature.parameters
        ],
        "constants": {c.name: c.value for c in kernel.signature.constants},
        "loops": loops,
        "schedule": asdict(kernel.schedule),
        "counts": asdict(counts),
        "diagnostics": as_data(said),
    }


def _usage(message: str, advice: str) -> WrongUsage:
    return WrongUsage(_error("usage", message, advice))


def _error(rule: str, message: str, advice: str) -> Diagnostic:
    return Diagnostic(severity=Severity.ERROR, rule=rule, message=message, next_step=advice)
