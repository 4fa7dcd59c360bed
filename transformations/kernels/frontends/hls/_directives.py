"""``#pragma HLS``: which of them are wishes for the schedule, and what becomes of the others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from aicompiler.metamodels.diagnostics import Diagnostic, Severity
from aicompiler.metamodels.system import Behaviour
from aicompiler.transformations.kernels._errors import body_error, place_in
from aicompiler.transformations.kernels._kernel import Partition, Pipeline, Schedule, Unroll
from aicompiler.transformations.kernels.frontends._trees import evaluate
from aicompiler.transformations.kernels.frontends.c import parse_definitions
from pycparser import c_ast
from xdsl.dialects import scf
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, StringAttr

from ._source import PRAGMA

_SILENT = {"INTERFACE", "INLINE", "LOOP_TRIPCOUNT", "STREAM", "BIND_STORAGE", "BIND_OP", "TOP", "RESOURCE"}
_NOTES = {
    "DATAFLOW": "the parts of a component run one after the other; split it into components to overlap them",
    "DEPENDENCE": "dependences are computed from the code",
    "LOOP_FLATTEN": "nests are scheduled as they are written",
    "LOOP_MERGE": "nests are scheduled as they are written",
    "ARRAY_RESHAPE": "use ARRAY_PARTITION",
    "ALLOCATION": "operators are shared as the unit's area asks for",
    "LATENCY": "latencies follow from the schedule",
}


@dataclass(frozen=True)
class Directive:
    """One pragma: its kind and options in upper and lower case, its line, the line of the loop around it."""

    kind: str
    options: Mapping[str, str]
    line: int
    loop: int | None

    def number(self, behaviour: Behaviour, option: str, constants: Mapping[str, int], default: int) -> int:
        """The value of an option that is a constant expression."""
        text = self.options.get(option)
        if text is None:
            return default
        value = None
        if re.fullmatch(r"[\w+*/ ()-]+", text):
            (declaration,) = parse_definitions(behaviour, f"int value = {text};")
            value = evaluate(declaration.init, constants)
        if value is None or value < 0:
            message = f"{option}={text} of {self.kind} is no constant"
            raise body_error(behaviour, self.line, message, "use a number or a constant of the component")
        return value


def take_directives(function: c_ast.FuncDef, pragmas: tuple[str, ...]) -> list[Directive]:
    """The pragmas of a function, taken out of its tree."""
    found: list[Directive] = []
    _take(function.body, None, pragmas, found)
    return found


def _take(node: c_ast.Node, loop: int | None, pragmas: tuple[str, ...], found: list[Directive]) -> None:
    if isinstance(node, c_ast.For | c_ast.While | c_ast.DoWhile):
        loop = node.coord.line
    if isinstance(node, c_ast.Compound):
        kept = []
        for item in node.block_items or ():
            if isinstance(item, c_ast.ID) and item.name.startswith(PRAGMA):
                found.append(_directive(pragmas[int(item.name.removeprefix(PRAGMA))], item.coord.line, loop))
            else:
                kept.append(item)
        node.block_items = kept
    for child in node:
        _take(child, loop, pragmas, found)


def _directive(text: str, line: int, loop: int | None) -> Directive:
    words = re.findall(r"[^\s=]+(?:\s*=\s*[^\s=]+)?", text)
    pairs = [word.partition("=") for word in words[1:]]
    options = {name.strip().lower(): value.strip() for name, _, value in pairs}
    return Directive(words[0].upper() if words else "", options, line, loop)


class Wishes:
    """The schedule that the pragmas of a text ask for, and notes on what they cannot have."""

    def __init__(self, behaviour: Behaviour, module: ModuleOp, constants: Mapping[str, int]) -> None:
        self.behaviour = behaviour
        self.constants = constants
        self.notes: list[Diagnostic] = []
        self._loops: dict[int, str] = {}
        for op in module.walk():
            line, name = op.attributes.get("aic.line"), op.attributes.get("aic.loop")
            if isinstance(op, scf.ForOp) and isinstance(line, IntegerAttr) and isinstance(name, StringAttr):
                self._loops.setdefault(line.value.data, name.data)

    def schedule(self, directives: list[Directive], shapes: Mapping[str, int]) -> Schedule:
        """The wishes; ``shapes`` says how many dimensions each array has."""
        pipelines: dict[str, Pipeline] = {}
        unrolls: dict[str, Unroll] = {}
        partitions: list[Partition] = []
        for directive in directives:
            if directive.kind == "PIPELINE":
                if "off" not in directive.options and (loop := self._loop(directive)) is not None:
                    interval = directive.number(self.behaviour, "ii", self.constants, 1)
                    pipelines[loop] = Pipeline(loop, max(1, interval))
            elif directive.kind == "UNROLL":
                if (loop := self._loop(directive)) is not None:
                    factor = directive.number(self.behaviour, "factor", self.constants, 0)
                    unrolls[loop] = Unroll(loop, factor)
            elif directive.kind == "ARRAY_PARTITION":
                partitions += self._partitions(directive, shapes)
            elif directive.kind not in _SILENT:
                reason = _NOTES.get(directive.kind, "it is not known")
                self._note(directive, reason)
        return Schedule(
            pipelines=tuple(pipelines.values()),
            unrolls=tuple(unrolls.values()),
            partitions=tuple(dict.fromkeys(partitions)),
        )

    def _loop(self, directive: Directive) -> str | None:
        name = self._loops.get(directive.loop or 0)
        if name is None:
            where = "outside all loops" if directive.loop is None else "in a loop that does not count"
            self._note(directive, f"it stands {where}")
        return name

    def _partitions(self, directive: Directive, shapes: Mapping[str, int]) -> list[Partition]:
        array = directive.options.get("variable", "")
        if array not in shapes:
            message = f"ARRAY_PARTITION of {array!r}, which is no array of the function"
            raise body_error(self.behaviour, directive.line, message, "name an array: variable=NAME")
        kind = directive.options.get("type", "")
        kind = kind or next(
            (k for k in ("complete", "cyclic", "block") if k in directive.options), "complete"
        )
        if kind == "block":
            self._note(directive, "arrays are split cyclically: write cyclic")
            return []
        dimension = directive.number(self.behaviour, "dim", self.constants, 1)
        factor = 0 if kind == "complete" else directive.number(self.behaviour, "factor", self.constants, 2)
        if dimension > shapes[array]:
            message = f"{array!r} has {shapes[array]} dimensions, not {dimension}"
            raise body_error(self.behaviour, directive.line, message, "dim counts from 1; 0 means all")
        if dimension == 0:
            return [Partition(array, d, factor) for d in range(shapes[array])]
        if factor == 0 and shapes[array] > 1:
            self._note(directive, "an array is split completely in all dimensions or in none: write dim=0")
            return []
        return [Partition(array, dimension - 1, factor)]

    def _note(self, directive: Directive, reason: str) -> None:
        self.notes.append(
            Diagnostic(
                severity=Severity.NOTE,
                rule="ignored-pragma",
                message=f"#pragma HLS {directive.kind} is ignored: {reason}",
                next_step="",
                source=place_in(self.behaviour, directive.line),
            )
        )
