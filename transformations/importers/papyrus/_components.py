"""Leaf instances to components: ports, attributes, constants, entries with their behaviours."""

from __future__ import annotations

from collections.abc import Mapping

from aicompiler.metamodels.system import (
    Attribute,
    Behaviour,
    Component,
    Constant,
    ElementType,
    Entry,
    OnData,
    Port,
    PortDirection,
)

from ._resource import EObject
from ._structure import End, Instance, attributes_of, inherited, is_part
from ._timing import Timing, bearers_of
from ._types import Shape, default_of, element_type, padded, shape_of, type_name
from ._view import UmlModel, is_a, shown

_DIRECTIONS = {"in": PortDirection.IN, "out": PortDirection.OUT}
# A call carries its parameters from who requires a service to who provides it.
_SERVICES = {"provided": PortDirection.IN, "required": PortDirection.OUT}
_CONJUGATED = {PortDirection.IN: PortDirection.OUT, PortDirection.OUT: PortDirection.IN}


def entry_elements(type_: EObject, timing: Timing) -> list[EObject]:
    """The operations of a class that are executed, else its own behaviours; inherited ones first."""
    classes = inherited(type_)
    operations = [o for c in classes for o in c.ownedOperation]
    executed = [o for o in operations if _bodies(o) or timing.annotated(*bearers_of(o))]
    if executed:
        return executed
    behaviours = [b for c in classes for b in getattr(c, "ownedBehavior", ())]
    return [b for b in behaviours if is_a(b, "OpaqueBehavior") and b.specification is None]


def _bodies(element: EObject) -> list[EObject]:
    """The opaque behaviours that implement an operation, or the behaviour itself."""
    methods = element.method if is_a(element, "Operation") else [element]
    return [m for m in methods if is_a(m, "OpaqueBehavior")]


class ComponentBuilder:
    """Builds components; what they are made of is recorded in ``ids``: element -> ids in the system."""

    def __init__(self, model: UmlModel, timing: Timing) -> None:
        self.model = model
        self.timing = timing
        self.ids: dict[EObject, list[str]] = {}
        self.connected: set[End] = set()  # what connectors reach; set once they are followed

    def build(self, instance: Instance) -> Component:
        """The component of a leaf instance; an entry without an arrival pattern runs on data."""
        constants = self._constants(instance)
        values = {c.name: c.value for c in constants}
        attributes, ports = self._state(instance, values), self._ports(instance, values)
        elements = entry_elements(instance.type, self.timing)
        role = self.model.applied(instance.part, "Criticality") or self.model.applied(
            instance.type, "Criticality"
        )
        component = Component(
            id=instance.id,
            name=instance.name,
            source=self.model.source(instance.part),
            entries=tuple(self._entry(instance, e) for e in elements),
            ports=tuple(ports),
            attributes=tuple(attributes),
            constants=tuple(constants),
            criticality=self.model.count(role, "level") or 0,
            replicas=self.model.count(role, "replicas") or 1,
        )
        for element in (instance.part, instance.type):
            self._record(element, component.id)
        return component

    def _record(self, element: EObject, id_: str) -> None:
        self.ids.setdefault(element, []).append(id_)

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
            if self.model.applied(port, "ClientServerPort") is not None:
                if (instance, port) not in self.connected:
                    message = (
                        f"{self.model.label(port)} of '{shown(instance.name)}' is left out: nobody calls it"
                    )
                    self.model.note("port-left-out", message, "", port)
                    continue
                if type_ is None:
                    type_, shape = self._assumed_type(port)
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

    def _assumed_type(self, port: EObject) -> tuple[ElementType, Shape]:
        """What a call carries where its type is no number: 64 bytes."""
        kind = shown(type_name(port)) or "none"
        message = f"the type of {self.model.label(port)} ({kind}) is no element type; u8[64] is assumed"
        step = "state type and shape in the side-car"
        self.model.note("assumed-type", message, step, port)
        return ElementType.U8, Shape((64,), ("",))

    def direction(self, port: EObject) -> PortDirection | None:
        """The direction of a flow port; None (and a warning) for ports that carry no flow."""
        applied = self.model.applied(port, "FlowPort") or self.model.applied(
            port, "SysMLFlowPort", "FlowProperty"
        )
        text = self.model.text(applied, "direction")
        if (found := _DIRECTIONS.get(text or "")) is not None:
            return _CONJUGATED[found] if port.isConjugated else found
        service = self.model.applied(port, "ClientServerPort")
        if (found := _SERVICES.get(self.model.text(service, "kind") or "")) is not None:
            return _CONJUGATED[found] if port.isConjugated else found
        reason = f"the direction {shown(text)}" if text else "no direction"
        message = f"{self.model.label(port)} is left out: it has {reason}"
        self.model.warn("port-left-out", message, "apply GCM::FlowPort with direction in or out", port)
        return None

    # --- entries ------------------------------------------------------------------------------------------

    def _entry(self, instance: Instance, element: EObject) -> Entry:
        id_ = self._id(instance, element)
        bearers = bearers_of(element)
        activation = self.timing.activation(bearers, instance.part)
        for bearer in bearers:
            self._record(bearer, id_)
        return Entry(
            id=id_,
            name=element.name or "",
            source=self.model.source(element),
            activation=activation if activation is not None else OnData(),
            deadline_ns=self.timing.deadline(bearers, instance.part),
            behaviours=tuple(b for method in _bodies(element) for b in self._behaviours(instance, method)),
            times=self.timing.times(id_, bearers, instance.part),
        )

    def _behaviours(self, instance: Instance, method: EObject) -> list[Behaviour]:
        found = []
        lines = self.model.resource.text_lines.get((method, "body"), [])
        for number, body in enumerate(method.body):
            language = method.language[number].strip() if number < len(method.language) else ""
            if not body.strip():
                continue
            if not language:
                message = f"body {number + 1} of {self.model.label(method)} names no language; C is assumed"
                self.model.warn("language-assumed", message, "name its language", method)
            suffix = f".{number + 1}" if number else ""
            found.append(
                Behaviour(
                    id=f"{self._id(instance, method)}{suffix}",
                    name=method.name or "",
                    source=self.model.source(method, lines[number] if number < len(lines) else None),
                    language=language or "C",
                    body=body.replace("\r\n", "\n").replace("\r", "\n"),
                )
            )
        return found


def _is_constant(model: UmlModel, attribute: EObject) -> bool:
    scalar = attribute.upperValue is None and model.applied(attribute, "Shaped") is None
    return bool(attribute.isReadOnly) and scalar and not is_a(attribute, "Port") and not is_part(attribute)
