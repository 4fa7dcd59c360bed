"""Pins, separations, budgets and requirements."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from aicompiler.metamodels.system import (
    AveragePower,
    CoLocate,
    Component,
    Constraint,
    EnergyBudget,
    Forbid,
    Isolate,
    Node,
    PeakPower,
    Pin,
    Requirement,
    Separate,
)
from aicompiler.transformations.importers._quantities import ENERGY, POWER, down

from ._resource import EObject
from ._structure import Instance
from ._view import UmlModel, is_a

_GROUPS: dict[str, type[Separate | Isolate | CoLocate]] = {
    "Separate": Separate,
    "Isolate": Isolate,
    "CoLocate": CoLocate,
}


class ConstraintBuilder:
    """Constraints over the components, units and nodes that were built."""

    def __init__(
        self,
        model: UmlModel,
        components: tuple[Component, ...],
        nodes: tuple[Node, ...],
        ids: dict[EObject, list[str]],
    ) -> None:
        self.model = model
        self.ids = ids
        self.components = {c.id for c in components}
        self.units = {u.id for n in nodes for u in n.units}
        self.nodes = {n.id for n in nodes}

    def build(self, platforms: list[Instance]) -> Iterator[Constraint]:
        """All constraints of the model, in file order of their stereotypes."""
        yield from self._allocations()
        for stereotype, cls in _GROUPS.items():
            for application in self.model.applications(stereotype):
                yield from self._group(application, cls)
        yield from self._budgets()
        yield from self._supplies(platforms)

    # --- placements ---------------------------------------------------------------------------------------

    def _allocations(self) -> Iterator[Constraint]:
        for application in self.model.applications("Pin", "Forbid"):
            components, units = self._sides(application.base)
            if not components or not units:
                message = f"{self.model.label(application.base)} names no component and unit"
                step = "draw it from a part of the application to a part of the platform"
                self.model.error("bad-pin", message, step, application)
                continue
            core = self.model.count(application, "core")
            for number, (component, unit) in enumerate((c, u) for c in components for u in units):
                id_ = self.model.id(application) + (f".{number + 1}" if number else "")
                source, name = self.model.source(application), getattr(application.base, "name", None) or ""
                if is_a(application, "Pin"):
                    yield Pin(id=id_, name=name, source=source, component=component, unit=unit, core=core)
                else:
                    yield Forbid(id=id_, name=name, source=source, component=component, unit=unit)
                self.ids.setdefault(application.base, []).append(id_)

    def _sides(self, element: EObject) -> tuple[list[str], list[str]]:
        assign = self.model.applied(element, "Assign")
        first = (
            list(assign.__getattribute__("from")) if assign is not None else getattr(element, "client", ())
        )
        second = list(assign.to) if assign is not None else getattr(element, "supplier", ())
        return self._known(first, self.components), self._known(second, self.units)

    def _known(self, elements: EObject, known: set[str]) -> list[str]:
        return [id_ for e in elements for id_ in self.ids.get(e, ()) if id_ in known]

    def _group(self, application: EObject, cls: type[Separate | Isolate | CoLocate]) -> Iterator[Constraint]:
        constraint = application.base
        components = self._known(getattr(constraint, "constrainedElement", ()), self.components)
        if len(components) < 2:
            message = f"{self.model.label(constraint)} constrains fewer than two components"
            self.model.error(
                "bad-group", message, "constrain two or more parts of the application", application
            )
            return
        id_ = self.model.id(constraint)
        self.ids.setdefault(constraint, []).append(id_)
        source = self.model.source(constraint)
        yield cls(id=id_, name=constraint.name or "", source=source, components=tuple(components))

    # --- budgets ------------------------------------------------------------------------------------------

    def _budgets(self) -> Iterator[Constraint]:
        for application in self.model.applications("PowerBudget"):
            node = next(iter(self._known([application.base], self.nodes)), None)
            average = self.model.quantity(application, "average", POWER)
            peak = self.model.quantity(application, "peak", POWER)
            make: list[tuple[str, Callable[..., Constraint], object]] = [
                ("average", AveragePower, average),
                ("peak", PeakPower, peak),
            ]
            for name, cls, limit in make:
                if limit is not None:
                    id_, source = f"{self.model.id(application)}.{name}", self.model.source(application)
                    yield cls(id=id_, name=f"{name} power", source=source, limit_uw=down(limit), node=node)  # type: ignore[arg-type]
        for application in self.model.applications("EnergyBudget"):
            energy = self.model.quantity(application, "energy", ENERGY)
            if energy is not None:
                id_, source = self.model.id(application), self.model.source(application)
                yield EnergyBudget(id=id_, name="energy", source=source, limit_fj=down(energy))

    def _supplies(self, platforms: list[Instance]) -> Iterator[Constraint]:
        for root in platforms:
            for instance in root.all():
                supply = self.model.applied(instance.part, "HwPowerSupply") or self.model.applied(
                    instance.type, "HwPowerSupply"
                )
                power = self.model.quantity(supply, "suppliedPower", POWER)
                if power is not None and instance.parent is not None:
                    holder = (instance.parent.part, instance.parent.type)
                    node = next(iter(self._known(holder, self.nodes)), None)
                    yield PeakPower(
                        id=instance.id,
                        name=instance.name,
                        source=self.model.source(instance.part),
                        limit_uw=down(power),
                        node=node,
                    )

    # --- requirements -------------------------------------------------------------------------------------

    def requirements(self) -> Iterator[Requirement]:
        """SysML requirements and the elements of the system that satisfy them."""
        satisfied: dict[EObject, list[str]] = {}
        for application in self.model.applications("Satisfy"):
            for requirement in getattr(application.base, "supplier", ()):
                for client in application.base.client:
                    satisfied.setdefault(requirement, []).extend(self.ids.get(client, ()))
        for application in self.model.applications("Requirement"):
            element = application.base
            yield Requirement(
                id=self.model.id(element),
                name=getattr(element, "name", None) or "",
                source=self.model.source(element),
                text=self.model.text(application, "text") or "",
                identifier=self.model.text(application, "id") or "",
                satisfied_by=tuple(dict.fromkeys(satisfied.get(element, ()))),
            )
