"""What changed between two deployments: elements match by XML id, then by qualified name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from aicompiler.metamodels.diagnostics import Diagnostic, Severity, UnreadableInput
from aicompiler.metamodels.system import Component, Element, OperatingPoint, Unit, UnitKind

if TYPE_CHECKING:
    from aicompiler.metamodels.deployment import Deployment
    from aicompiler.metamodels.system import System

E = TypeVar("E", bound=Element)


@dataclass(frozen=True)
class Change:
    """One difference: ``kind`` (placement, clock, objective) of what, before and after ('' for none)."""

    kind: str
    subject: str
    before: str
    after: str


@dataclass(frozen=True)
class _Side:
    system: System
    deployment: Deployment

    def place(self, component: Component) -> str:
        placement = self.deployment.placement(component.id)
        unit = self.system.element(Unit, placement.unit)
        return f"{unit.name}.{placement.core}" if unit.kind is UnitKind.CPU and unit.cores > 1 else unit.name

    def clock(self, unit: Unit) -> str:
        setting = self.deployment.setting(unit.id)
        return "off" if setting.off else self.system.element(OperatingPoint, setting.operating_point).name


def compare(old: Path, new: Path) -> tuple[Change, ...]:
    """The changes from the build in folder ``old`` to that in ``new``.

    Raises ``UnreadableInput`` where a folder holds no ``system.xmi`` and ``deployment.xmi``.
    """
    before, after = _load(old), _load(new)
    return (*_components(before, after), *_clocks(before, after), *_objectives(before, after))


def _load(folder: Path) -> _Side:
    from aicompiler.metamodels.xmi import load

    for name in ("system.xmi", "deployment.xmi"):
        if not (folder / name).is_file():
            raise UnreadableInput(
                Diagnostic(
                    severity=Severity.ERROR,
                    rule="no-build",
                    message=f"{folder} holds no {name}",
                    next_step="give two folders that `aicompiler build` wrote",
                )
            )
    return _Side(load(folder / "system.xmi"), load(folder / "deployment.xmi"))


def _components(before: _Side, after: _Side) -> Iterable[Change]:
    for old, new in _matched(before.system.components, after.system.components):
        name = (new or old).name  # type: ignore[union-attr]
        places = (before.place(old) if old else "", after.place(new) if new else "")
        if places[0] != places[1]:
            yield Change("placement", name, *places)


def _clocks(before: _Side, after: _Side) -> Iterable[Change]:
    for old, new in _matched(before.system.units, after.system.units):
        name = (new or old).name  # type: ignore[union-attr]
        clocks = (before.clock(old) if old else "", after.clock(new) if new else "")
        if clocks[0] != clocks[1]:
            yield Change("clock", name, *clocks)


def _objectives(before: _Side, after: _Side) -> Iterable[Change]:
    old = {o.name: o for o in before.deployment.objectives}
    new = {o.name: o for o in after.deployment.objectives}
    for name in dict.fromkeys([*old, *new]):
        values = [
            f"{side[name].value} {side[name].unit}".strip() if name in side else "" for side in (old, new)
        ]
        if values[0] != values[1]:
            yield Change("objective", name, *values)


def _matched(old: Iterable[E], new: Iterable[E]) -> Iterable[tuple[E | None, E | None]]:
    """Pairs of the same element on both sides, then those on one side only."""
    left, right = list(old), list(new)
    pairs: list[tuple[E | None, E | None]] = []
    for identity in (lambda e: e.id, _qualified_name):
        index: Mapping[Any, E] = {identity(e): e for e in right if identity(e)}
        for element in list(left):
            if (other := index.get(identity(element))) is not None and other in right:
                pairs.append((element, other))
                left.remove(element)
                right.remove(other)
    return [*pairs, *((e, None) for e in left), *((None, e) for e in right)]


def _qualified_name(element: Element) -> str:
    return element.source.qualified_name if element.source else ""
