"""The rules; each gives located diagnostics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from aicompiler.metamodels.diagnostics import Diagnostic, Severity
from aicompiler.metamodels.system import Source as Place
from aicompiler.transformations.kernels import Schedule

from ._intervals import port_intervals, recurrence_interval
from ._iteration import Iteration, Memory, NotUnrollable, constant_range
from ._syntax import parse
from ._tree import (
    Assignment,
    Condition,
    Declaration,
    Function,
    Loop,
    NotUnderstood,
    Pragma,
    Source,
    Statement,
)


def check_hls(text: str, path: str = "", schedule: Schedule | None = None) -> tuple[Diagnostic, ...]:
    """What is wrong with an emitted file; nothing, if it may be believed.

    With ``schedule``, the pragmas must also be exactly those that it asks for: a loop goes by its label, an
    array by its name, its on-chip copy ``buf_NAME`` or a table ``KERNEL_NAME``.
    """
    try:
        source = parse(text)
    except NotUnderstood as error:
        return (_diagnostic(path, error.line, "hls-syntax", str(error), "emit the file again"),)
    found: list[Diagnostic] = []
    for function in source.functions:
        found += _Checker(path, source, function).run()
    if schedule is not None:
        found += _against(path, source, schedule)
    return tuple(found)


def _diagnostic(path: str, line: int, rule: str, message: str, next_step: str) -> Diagnostic:
    place = Place(file=path or "HLS text", line=line)
    return Diagnostic(severity=Severity.ERROR, rule=rule, message=message, next_step=next_step, source=place)


@dataclass
class _Scope:
    memories: dict[str, Memory]
    types: dict[str, str]
    counters: tuple[str, ...] = ()


@dataclass
class _Checker:
    path: str
    source: Source
    function: Function
    found: list[Diagnostic] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)

    def run(self) -> list[Diagnostic]:
        memories = {t.name: Memory(t.name, t.type, t.dims, written=False) for t in self.source.tables}
        types = {}
        for type_, name, pointer in self.function.parameters:
            if pointer:
                memories[name] = Memory(name, type_, ())
            else:
                types[name] = type_
        self._interfaces(memories)
        self._block(self.function.body, _Scope(memories, types), None)
        return self.found

    def refuse(self, line: int, rule: str, message: str, next_step: str) -> None:
        self.found.append(_diagnostic(self.path, line, rule, message, next_step))

    # --- structure --------------------------------------------------------------------------------------

    def _interfaces(self, memories: dict[str, Memory]) -> None:
        names = {name: pointer for _, name, pointer in self.function.parameters}
        for pragma in (s for s in self.function.body if isinstance(s, Pragma) and s.name == "INTERFACE"):
            port = pragma.options.get("port", "")
            if port != "return" and port not in names:
                self.refuse(pragma.line, "hls-port", f"no parameter is called {port!r}", "name a parameter")
            elif "m_axi" in pragma.options and not names[port]:
                self.refuse(
                    pragma.line, "hls-port", f"{port!r} is no pointer, m_axi needs one", "use s_axilite"
                )
            elif "m_axi" in pragma.options:
                memories[port] = replace(memories[port], dims=(int(pragma.options["depth"]),), outside=True)

    def _block(self, body: list[Statement], scope: _Scope, loop: Loop | None) -> None:
        head = True
        for statement in body:
            match statement:
                case Pragma():
                    self._pragma(statement, scope, loop if head else None)
                case Declaration(dims=()):
                    scope.types[statement.name] = statement.type
                case Declaration():
                    scope.memories[statement.name] = Memory(statement.name, statement.type, statement.dims)
                case Condition():
                    self._block(statement.then, replace(scope), None)
                    self._block(statement.other, replace(scope), None)
                case Loop():
                    self._loop(statement, scope)
                case Assignment():
                    pass
            head = head and isinstance(statement, Pragma)

    def _loop(self, loop: Loop, scope: _Scope) -> None:
        if loop.label in self.labels:
            line = self.labels[loop.label]
            self.refuse(
                loop.line, "hls-label", f"label {loop.label} is already on line {line}", "use another label"
            )
        if loop.label:
            self.labels[loop.label] = loop.line
        inner = _Scope(dict(scope.memories), dict(scope.types), (*scope.counters, loop.counter))
        self._block(loop.body, inner, loop)
        for pragma in loop.body:
            if isinstance(pragma, Pragma) and pragma.name == "PIPELINE":
                self._interval(pragma, loop, scope)

    def _pragma(self, pragma: Pragma, scope: _Scope, loop: Loop | None) -> None:
        match pragma.name:
            case "PIPELINE" | "UNROLL":
                if loop is None or not loop.counter:
                    text = f"{pragma.name} does not stand at the head of a counted loop"
                    self.refuse(pragma.line, "hls-place", text, "put it first in the loop that it is for")
                elif not loop.label:
                    text = f"the loop that {pragma.name} stands in has no label"
                    self.refuse(pragma.line, "hls-label", text, "label the loop")
                elif pragma.name == "UNROLL":
                    self._unroll(pragma, loop)
            case "ARRAY_PARTITION":
                self._partition(pragma, scope)
            case "INTERFACE":  # those at the head of the function were held against its parameters before
                if scope.counters:
                    text = "INTERFACE stands in a loop, where it speaks of no parameter"
                    self.refuse(pragma.line, "hls-place", text, "put it at the head of the function")
            case name:
                self.refuse(
                    pragma.line, "hls-pragma", f"pragma {name} is not known", "use one that is checked"
                )

    def _unroll(self, pragma: Pragma, loop: Loop) -> None:
        values = constant_range(loop)
        factor = int(pragma.options.get("factor", "0"))
        if values is None:
            self.refuse(pragma.line, "hls-unroll", f"{loop.label} has no constant bounds", "do not unroll it")
        elif factor and (factor > len(values) or len(values) % factor):
            text = f"{factor} copies do not divide the {len(values)} iterations of {loop.label}"
            self.refuse(pragma.line, "hls-unroll", text, "use a divisor")

    def _partition(self, pragma: Pragma, scope: _Scope) -> None:
        name, dimension = pragma.options.get("variable", ""), int(pragma.options.get("dim", "0"))
        memory = scope.memories.get(name)
        if memory is None or memory.outside or not memory.dims:
            text = f"{name!r} is no on-chip array in scope"
            self.refuse(pragma.line, "hls-array", text, "name a local array declared above, or a table")
            return
        if not 1 <= dimension <= len(memory.dims):
            text = f"{name} has dimensions 1 to {len(memory.dims)}, not {dimension}"
            self.refuse(pragma.line, "hls-array", text, "use a dimension that it has")
            return
        if "complete" in pragma.options:
            split = replace(memory, complete=memory.complete | {dimension - 1})
        else:
            factor, extent = int(pragma.options.get("factor", "0")), memory.dims[dimension - 1]
            if not 2 <= factor <= extent:
                text = f"{factor} banks of dimension {dimension} of {name}, whose extent is {extent}"
                self.refuse(pragma.line, "hls-array", text, f"use 2 to {extent} banks")
                return
            split = replace(memory, cyclic=(*memory.cyclic, (dimension - 1, factor)))
        scope.memories[name] = split

    # --- intervals --------------------------------------------------------------------------------------

    def _interval(self, pragma: Pragma, loop: Loop, scope: _Scope) -> None:
        asked = int(pragma.options.get("II", "1"))
        types = dict(scope.types)
        iteration = Iteration(loop, dict(scope.memories), types, _assigned(loop.body) & set(scope.types))
        try:
            iteration.run(loop.body)
        except NotUnrollable as error:
            text = f"{loop.label} is pipelined; the loop on line {error.loop.line} in it has no fixed bounds"
            self.refuse(pragma.line, "hls-unroll", text, "pipeline the inner loop instead")
            return
        values = constant_range(loop)
        trip = len(values) if values is not None else 1 << 62
        least = recurrence_interval(iteration, trip, asked + 1)
        if least > asked:
            text = f"{loop.label} cannot start every {asked} cycles: what an iteration hands on takes longer"
            self.refuse(pragma.line, "hls-recurrence", text, "raise II")
        for name, ports in port_intervals(iteration).items():
            if ports > asked:
                text = f"{loop.label} needs {ports} cycles an iteration for the ports of {name}, not {asked}"
                self.refuse(pragma.line, "hls-ports", text, "raise II or partition the array")


def _assigned(body: list[Statement]) -> set[str]:
    names = set()
    for statement in body:
        match statement:
            case Assignment(target=target) if target is not None and target.operator == "name":
                names.add(target.text)
            case Condition():
                names |= _assigned(statement.then) | _assigned(statement.other)
            case Loop():
                names |= _assigned(statement.body)
            case _:
                pass
    return names


# --- against the schedule -----------------------------------------------------------------------------------


def _loops(body: list[Statement]) -> Iterator[Loop]:
    for statement in body:
        match statement:
            case Loop():
                yield statement
                yield from _loops(statement.body)
            case Condition():
                yield from _loops([*statement.then, *statement.other])
            case _:
                pass


def _against(path: str, source: Source, schedule: Schedule) -> Iterator[Diagnostic]:
    kernel = source.functions[-1]
    loops = {loop.label: loop for loop in _loops(kernel.body)}
    wanted = [(p.loop, "PIPELINE", "II", p.interval) for p in schedule.pipelines]
    wanted += [(u.loop, "UNROLL", "factor", u.factor) for u in schedule.unrolls]
    for label, name, option, number in wanted:
        if (loop := loops.get(label)) is None:
            text = f"the schedule wants {name} on {label}, and no loop has that label"
            yield _diagnostic(path, kernel.line, "hls-label", text, "label the loop as the schedule names it")
            continue
        given = [
            int(p.options.get(option, "0")) for p in loop.body if isinstance(p, Pragma) and p.name == name
        ]
        if given != [number]:
            text = f"{label} has {name} {option} {given or 'nowhere'}, the schedule says {number}"
            yield _diagnostic(path, loop.line, "hls-schedule", text, "emit what the schedule says")
    yield from _partitions(path, kernel, schedule)


def _partitions(path: str, kernel: Function, schedule: Schedule) -> Iterator[Diagnostic]:
    given = {}
    for pragma in _pragmas(kernel.body):
        if pragma.name == "ARRAY_PARTITION":
            key = pragma.options.get("variable", ""), int(pragma.options.get("dim", "0"))
            given[key] = (int(pragma.options.get("factor", "0")), pragma.line)
    for partition in schedule.partitions:
        names = (partition.array, f"buf_{partition.array}", f"{kernel.name}_{partition.array}")
        matches = [given.pop((n, partition.dimension + 1), None) for n in names]
        factors = [m[0] for m in matches if m is not None]
        if factors != [partition.factor]:
            split = f"{partition.factor} banks" if partition.factor else "registers"
            place = f"dimension {partition.dimension + 1} of {partition.array}"
            text = f"the schedule splits {place} into {split}, the text has {factors or 'no such pragma'}"
            yield _diagnostic(path, kernel.line, "hls-schedule", text, "emit what the schedule says")
    for (name, dimension), (_, line) in given.items():
        text = f"the schedule does not split dimension {dimension} of {name}"
        yield _diagnostic(path, line, "hls-schedule", text, "emit what the schedule says")


def _pragmas(body: list[Statement]) -> Iterator[Pragma]:
    for statement in body:
        match statement:
            case Pragma():
                yield statement
            case Loop():
                yield from _pragmas(statement.body)
            case Condition():
                yield from _pragmas([*statement.then, *statement.other])
            case _:
                pass
