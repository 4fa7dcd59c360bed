"""Leaf instances to components: ports, attributes, constants, entries with their behaviours."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from aicompiler.metamodels.system import (
    Attribute,
    Component,
    Constant,
    ElementType,
    Entry,
    Port,
    PortDirection,
)
from aicompiler.transformations.importers._sayings import shown

from ._entries import EntryBuilder, entry_elements
from ._resource import EObject
from ._scenarios import several
from ._structure import End, Instance, attributes_of, is_part
from ._timing import Timing, parts_of_instances
from ._types import Shape, default_of, element_type, padded, shape_of, type_name
from ._view import UmlModel, is_a

_WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_DIRECTIONS = {"in": PortDirection.IN, "out": PortDirection.OUT}
# A call carries its parameters from who requires a service to who provides it.
_SERVICES = {"provided": PortDirection.IN, "required": PortDirection.OUT}
_CONJUGATED = {PortDirection.IN: PortDirection.OUT, PortDirection.OUT: PortDirection.IN}


class ComponentBuilder:
    """Builds components; what they are made of is recorded in ``ids``: element -> ids in the system."""

    def __init__(self, model: UmlModel, timing: Timing) -> None:
        self.model = model
        self.timing = timing
        self.ids: dict[EObject, list[str]] = {}
        self.connected: set[End] = set()  # what connectors reach; set once they are followed
        self.calls: dict[EObject, PortDirection] = {}  # ports whose direction a connector tells
        self.entries = EntryBuilder(model, timing, self.ids)
        self._specimens: dict[EObject, list[EObject]] = {}
        for specimen, part in parts_of_instances(model).items():
            self._specimens.setdefault(part, []).append(specimen)

    def build(self, instance: Instance) -> Component:
        """The component of a leaf instance; an entry without an arrival pattern runs on data."""
        constants, attributes = self.state(instance)
        ports = self._ports(instance, {c.name: c.value for c in constants})
        elements = entry_elements(instance.type, self.timing) or [instance.type]
        role = self.model.applied(instance.part, "Criticality") or self.model.applied(
            instance.type, "Criticality"
        )
        entries = tuple(self._entry(instance, e, tuple(ports)) for e in elements)
        if len(entries) == 1:  # it uses them all
            entries = (replace(entries[0], ports=()),)
        own = {a.name for a in attributes}
        kept = (a for a in self.entries.kept.get(instance.id, ()) if a.name not in own)
        component = Component(
            id=instance.id,
            name=instance.name,
            source=self.model.source(instance.part),
            entries=entries,
            ports=tuple(ports),
            attributes=(*attributes, *kept),
            constants=constants,
            criticality=self.model.count(role, "level") or 0,
            replicas=self.model.count(role, "replicas") or 1,
        )
        for element in (instance.part, instance.type, *self._specimens.get(instance.part, ())):
            self._record(element, component.id)
        return component

    def _entry(self, instance: Instance, element: EObject, ports: Sequence[Port]) -> Entry:
        """An entry that uses the ports which its parameters and bodies name."""
        entry = self.entries.build(instance.id, element, instance.part, ports=ports)
        names = {p.name for p in several(element, "ownedParameter")}
        for behaviour in entry.behaviours:
            names.update(_WORD.findall(behaviour.body))
        return replace(entry, ports=tuple(p.id for p in ports if p.name in names))

    def _record(self, element: EObject, id_: str) -> None:
        self.ids.setdefault(element, []).append(id_)

    def state(self, instance: Instance) -> tuple[tuple[Constant, ...], tuple[Attribute, ...]]:
        """The constants and the state of an instance."""
        constants = self._constants(instance)
        return tuple(constants), tuple(self._state(instance, {c.name: c.value for c in constants}))

    # --- features -----------------------------------------------------------------------------------------

    def _id(self, instance: Instance, element: EObject) -> str:
        return f"{instance.id}.{self.model.id(element)}"

    def _constants(self, instance: Instance) -> list[Constant]:
        found: list[Constant] = []
        for attribute in attributes_of(instance.type):
            if not _is_constant(self.model, attribute) or (type_ := element_type(attribute)) is None:
                continue
            value = default_of(self.model, attribute, {c.name: c.value for c in found})
            if not value or len(value) != 1:
                if value is not None:
                    message = f"the read-only {self.model.label(attribute)} has no value"
                    self.model.error("constant-without-value", message, "give it a default value", attribute)
                continue
            found.append(
                Constant(
                    id=self._id(instance, attribute),
                    name=attribute.name or "",
                    source=self.model.source(attribute),
                    element_type=type_,
                    value=value[0],
                )
            )
        return found

    def _state(self, instance: Instance, constants: Mapping[str, str]) -> list[Attribute]:
        found = []
        for attribute in attributes_of(instance.type):
            if is_a(attribute, "Port") or is_part(attribute) or _is_constant(self.model, attribute):
                continue
            if (type_ := element_type(attribute)) is None:
                kind = shown(type_name(attribute)) or "none"
                message = f"{self.model.label(attribute)} is left out: its type ({kind}) is no number"
                self.model.warn(
                    "attribute-left-out", message, "type it by a number such as int32_t", attribute
                )
                continue
            shape = shape_of(self.model, attribute, constants)
            default = default_of(self.model, attribute, constants)
            if shape is None or default is None:
                continue
            if len(default) > shape.elements:
                given = f"{len(default)} default values for {shape.elements} elements"
                message = f"{self.model.label(attribute)} has {given}"
                self.model.error("bad-default", message, "give at most one value an element", attribute)
                continue
            found.append(
                Attribute(
                    id=self._id(instance, attribute),
                    name=attribute.name or "",
                    source=self.model.source(attribute),
                    element_type=type_,
                    shape=shape.extents,
                    extents=shape.names,
                    default=padded(default, shape),
                )
            )
        return found

    def _ports(self, instance: Instance, constants: Mapping[str, str]) -> list[Port]:
        found = []
        for port in attributes_of(instance.type):
            if not is_a(port, "Port") or (direction := self.direction(port)) is None:
                continue
            type_ = element_type(port)
            shape: Shape | None = shape_of(self.model, port, constants)
            if port in self.calls or self.model.applied(port, "ClientServerPort") is not None:
                if (instance, port) not in self.connected:
                    message = (
                        f"{self.model.label(port)} of '{shown(instance.name)}' is left out: nobody calls it"
                    )
                    self.model.note("port-left-out", message, "", port)
                    continue
                if type_ is None:
                    type_, shape = self.assumed_type(port)
            if type_ is None:
                kind = shown(port.type.href if is_a(port.type, "External") else type_name(port)) or "none"
                message = f"the type of {self.model.label(port)} ({kind}) is no element type that can be read"
                self.model.error(
                    "port-type", message, "type it by a number such as uint8_t or a DataType of one", port
                )
            if type_ is None or shape is None:
                continue
            found.append(
                Port(
                    id=self._id(instance, port),
                    name=port.name or "",
                    source=self.model.source(port),
                    direction=direction,
                    element_type=type_,
                    shape=shape.extents,
                    extents=shape.names,
                )
            )
        return found

    def assumed_type(self, port: EObject) -> tuple[ElementType, Shape]:
        """What a call carries where its type is no number: 64 bytes."""
        kind = shown(type_name(port)) or "none"
        message = f"the type of {self.model.label(port)} ({kind}) is no element type; u8[64] is assumed"
        step = "state type and shape in the side-car"
        self.model.note("assumed-type", message, step, port)
        return ElementType.U8, Shape((64,), ("",))

    def direction(self, port: EObject) -> PortDirection | None:
        """The direction of a flow port; None (and a warning) for ports that carry no flow."""
        found = self.stated(port) or self.calls.get(port)
        if found is None:
            text = self.model.text(self._flow(port), "direction")
            reason = f"the direction {shown(text)}" if text else "no direction"
            message = f"{self.model.label(port)} is left out: it has {reason}"
            step = "apply GCM::FlowPort with direction in or out"
            self.model.warn("port-left-out", message, step, port)
        return found

    def stated(self, port: EObject) -> PortDirection | None:
        """The direction that the stereotypes of a port state."""
        found = _DIRECTIONS.get(self.model.text(self._flow(port), "direction") or "")
        if found is None:
            service = self.model.applied(port, "ClientServerPort")
            found = _SERVICES.get(self.model.text(service, "kind") or "")
        return _CONJUGATED[found] if found is not None and port.isConjugated else found

    def _flow(self, port: EObject) -> EObject | None:
        return self.model.applied(port, "FlowPort") or self.model.applied(
            port, "SysMLFlowPort", "FlowProperty"
        )


def _is_constant(model: UmlModel, attribute: EObject) -> bool:
    scalar = attribute.upperValue is None and model.applied(attribute, "Shaped") is None
    return bool(attribute.isReadOnly) and scalar and not is_a(attribute, "Port") and not is_part(attribute)
