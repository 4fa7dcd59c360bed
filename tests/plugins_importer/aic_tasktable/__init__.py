"""Import of task tables: one line a task, ``name;period in us;worst case in us``, on one core."""

from __future__ import annotations

from pathlib import Path

from aicompiler.metamodels.diagnostics import Diagnostic, Severity, UnreadableInput
from aicompiler.metamodels.system import (
    Application,
    Component,
    Entry,
    ExecutionTime,
    Node,
    OperatingPoint,
    Periodic,
    Platform,
    Source,
    System,
    Unit,
    UnitKind,
)
from aicompiler.transformations.importers import Account, Fate, Imported, ImportOptions, Ledger


class TaskTable:
    """The importer that the entry point names."""

    def handles(self, path: Path) -> bool:
        """By the file's extension."""
        return path.suffix == ".tasktable"

    def load(self, path: Path, options: ImportOptions) -> Imported:  # noqa: ARG002
        """A component a line; a line that is no task is an error at its place, and is counted."""
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UnreadableInput(_error(f"it cannot be read: {error}", Source(file=path.name))) from error
        ledger, components, diagnostics = Ledger(), list[Component](), list[Diagnostic]()
        for number, line in enumerate(lines, start=1):
            source = Source(file=path.name, line=number, xml_id=f"line{number}", qualified_name=line[:40])
            name, *numbers = line.split(";")
            if len(numbers) == 2 and all(n.isascii() and n.isdigit() and len(n) < 10 for n in numbers):
                components.append(_component(name, int(numbers[0]) * 1000, int(numbers[1]) * 1000, source))
                ledger.enter(Account.ELEMENTS, Fate.USED)
            else:
                diagnostics.append(_error(f"'{line[:40]!a}' is no task", source))
                ledger.report(Account.ELEMENTS, "line", "it is no task", source)
        system = _system(path, tuple(components))
        return Imported(system, tuple(diagnostics), ledger.close({Account.ELEMENTS: len(lines)}))


def _component(name: str, period_ns: int, wcet_ns: int, source: Source) -> Component:
    time = ExecutionTime(id=f"{name}.cpu", unit_kind=UnitKind.CPU, acet_ns=wcet_ns, wcet_ns=wcet_ns)
    activation = Periodic(period_ns=period_ns)
    entry = Entry(id=f"{name}.run", name="run", source=source, activation=activation, times=(time,))
    return Component(id=name, name=name, source=source, entries=(entry,))


def _system(path: Path, components: tuple[Component, ...]) -> System:
    source = Source(file=path.name, line=1)
    clock = OperatingPoint(id="core.clock", frequency_hz=1_000_000_000)
    core = Unit(id="core", name="core", source=source, kind=UnitKind.CPU, operating_points=(clock,))
    platform = Platform(id="platform", nodes=(Node(id="node", name="node", units=(core,)),))
    application = Application(id="application", components=components)
    return System(id="system", name=path.stem, source=source, application=application, platform=platform)


def _error(message: str, source: Source) -> Diagnostic:
    step = "write name;period;worst case, both in us"
    return Diagnostic(
        severity=Severity.ERROR, rule="task-table", message=message, next_step=step, source=source
    )
