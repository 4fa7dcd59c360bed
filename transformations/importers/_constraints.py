"""Constraints of a side-car: pins, forbidden units, groups, budgets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from aicompiler.metamodels.diagnostics import Diagnostic, Severity
from aicompiler.metamodels.system import (
    AveragePower,
    CoLocate,
    Constraint,
    EnergyBudget,
    Forbid,
    Isolate,
    PeakPower,
    Pin,
    Separate,
    System,
)

from ._matching import Names, suggestion
from ._sidecar import GROUPS, Setting, Sidecar

_GROUP_CLASSES: dict[str, type[Separate | Isolate | CoLocate]] = dict(
    zip(GROUPS, (Separate, Isolate, CoLocate), strict=True)
)


def without_platform(system: System) -> System:
    """The system without constraints that speak of its units or nodes; they go with its platform."""
    kept = tuple(
        c for c in system.constraints if not isinstance(c, (Pin, Forbid)) and getattr(c, "node", None) is None
    )
    return replace(system, constraints=kept)


def add_constraints(system: System, sidecar: Sidecar) -> tuple[System, list[Diagnostic]]:
    """The system with the constraints of a side-car; pins and budgets of the model give way."""
    diagnostics: list[Diagnostic] = []
    new = [
        *_pins(system, sidecar, diagnostics),
        *_groups(system, sidecar, diagnostics),
        *_budgets(sidecar),
    ]
    kept = tuple(c for c in system.constraints if not any(_replaces(n, c) for n in new))
    return replace(system, constraints=(*kept, *new)), diagnostics


def _replaces(new: Constraint, old: Constraint) -> bool:
    if isinstance(new, Pin) and isinstance(old, Pin):
        return new.component == old.component
    budget = isinstance(new, (AveragePower, PeakPower, EnergyBudget)) and type(new) is type(old)
    return budget and getattr(old, "node", None) is None


def _pins(system: System, sidecar: Sidecar, diagnostics: list[Diagnostic]) -> Iterator[Constraint]:
    names = {c.id: Names.of(c) for c in system.components}
    cores = {}
    pins: dict[str, tuple[Setting, str]] = {}
    for setting in sidecar.of("component"):
        components = [id_ for id_, candidate in names.items() if candidate.match(setting.pattern)]
        if setting.key == "core":
            cores.update(dict.fromkeys(components, setting))
        elif setting.key == "pin":
            units = _units(system, setting, setting.value, diagnostics)
            if len(units) == 1:
                pins.update(dict.fromkeys(components, (setting, units[0])))
            elif units:
                message = f"'{setting.value}' stands for {len(units)} units; a component runs on one"
                diagnostics.append(_error("sidecar-value", message, "name one of them", setting))
        elif setting.key == "forbid":
            for pattern in setting.value:
                for unit in _units(system, setting, pattern, diagnostics):
                    for id_ in components:
                        key = f"sidecar.forbid.{id_}.{unit}"
                        yield Forbid(id=key, name="side-car", source=setting.source, component=id_, unit=unit)
    for id_, (setting, unit) in pins.items():
        core = cores.pop(id_).value if id_ in cores else None
        key = f"sidecar.pin.{id_}"
        yield Pin(id=key, name="side-car", source=setting.source, component=id_, unit=unit, core=core)
    for setting in dict.fromkeys(cores.values()):
        diagnostics.append(
            _error("sidecar-value", "core without pin", "add pin = the name of a CPU", setting)
        )


def _units(system: System, setting: Setting, pattern: str, diagnostics: list[Diagnostic]) -> list[str]:
    names = {u.id: Names.of(u, system.node_of(u.id).name) for u in system.units}
    found = [id_ for id_, candidate in names.items() if candidate.match(pattern)]
    if not found:
        message = f"no unit of the platform matches '{pattern}'"
        step = suggestion(pattern, names.values())
        diagnostics.append(_error("sidecar-no-match", message, step, setting))
    return found


def _groups(system: System, sidecar: Sidecar, diagnostics: list[Diagnostic]) -> Iterator[Constraint]:
    names = {c.id: Names.of(c) for c in system.components}
    for section, cls in _GROUP_CLASSES.items():
        for setting in sidecar.of(section):
            members: dict[str, None] = {}
            for pattern in setting.value:
                found = [id_ for id_, candidate in names.items() if candidate.match(pattern)]
                members.update(dict.fromkeys(found))
                if not found:
                    message = f"no component of the model matches '{pattern}'"
                    step = suggestion(pattern, names.values())
                    diagnostics.append(_error("sidecar-no-match", message, step, setting))
            if len(members) > 1:
                key = f"sidecar.{section}.{setting.key}"
                yield cls(id=key, name=setting.key, source=setting.source, components=tuple(members))
            elif len(setting.value) == 1:
                message = f"{setting.key} names one component"
                diagnostics.append(_error("sidecar-value", message, "name two or more", setting))


def _budgets(sidecar: Sidecar) -> Iterator[Constraint]:
    for setting in {s.key: s for s in sidecar.of("budget")}.values():
        key, source = f"sidecar.budget.{setting.key}", setting.source
        if setting.key == "power":
            yield AveragePower(id=key, name="average power", source=source, limit_uw=setting.value)
        elif setting.key == "peak_power":
            yield PeakPower(id=key, name="peak power", source=source, limit_uw=setting.value)
        else:
            yield EnergyBudget(id=key, name="energy", source=source, limit_fj=setting.value)


def _error(rule: str, message: str, step: str, setting: Setting) -> Diagnostic:
    return Diagnostic(
        severity=Severity.ERROR, rule=rule, message=message, next_step=step, source=setting.source
    )
