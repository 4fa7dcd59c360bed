"""Deployment diagrams: nodes, devices and hosts that are no part of a block, and what joins them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ._kinds import kind_in
from ._resource import EObject
from ._view import UmlModel, is_a

HOSTS = ("ComputingResource", "HwPLD", "HwASIC", "GaExecHost", "ProcessingUnit")
_DESIGN = ("HwResource", "ProcessingUnit")
MEDIA = ("HwMedia", "CommunicationMedia", "GaCommHost")


@dataclass(eq=False)
class Host:
    """One box of a deployment diagram: ``inside`` are the boxes in it, ``environments`` its software."""

    element: EObject
    type: EObject | None = None
    inside: list[Host] = field(default_factory=list)
    environments: list[EObject] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The name of the box, else that of its type."""
        return self.element.name or getattr(self.type, "name", None) or ""

    def all(self) -> Iterator[Host]:
        """This box and those in it."""
        yield self
        for host in self.inside:
            yield from host.all()


class Hosts:
    """The boxes of a model: UML nodes, and classes, components and instances that MARTE makes hosts.

    An instance stands for itself, and the types that instances of boxes have stand for none.
    """

    def __init__(self, model: UmlModel) -> None:
        self.model = model
        self._instances = {
            e: self._host_type(e) for e in model.elements("InstanceSpecification") if self._is_instance(e)
        }
        self._types = {t for t in self._instances.values() if t is not None}

    def tops(self) -> list[Host]:
        """The outermost boxes, in file order."""
        slots = {child for e in self._instances for child in self._slots(e)}
        found = []
        for element in self.model.elements("Class", "InstanceSpecification"):
            drawn = self.is_host(element) and element not in slots and element not in self._types
            if drawn and not self.is_host(element.eContainer()):
                found.append(self._host(element, ()))
        design = [h for h in found if self._is_design(h)]
        for host in found if design else ():
            if host not in design:
                message = f"{self.model.label(host.element)} is left out: it is a host of an analysis only,"
                message += " and the design draws hardware of its own"
                step = "make it a Device, or apply HwProcessor, to count it as hardware"
                self.model.note("host-left-out", message, step, host.element)
        return design or found

    def _is_design(self, host: Host) -> bool:
        """Whether a box is hardware by itself: GaExecHost on a plain class is what an analysis assumes."""
        bearers = [b for b in (host.element, host.type) if b is not None]
        return any(is_a(b, "Node") or self.model.applied(b, *_DESIGN) is not None for b in bearers)

    def is_host(self, element: EObject) -> bool:
        """Whether an element is a box by itself: not a medium, not software of a box."""
        if self.is_medium(element):
            return False
        if is_a(element, "InstanceSpecification"):
            return element in self._instances
        marked = is_a(element, "Class") and self.model.applied(element, *HOSTS) is not None
        return marked or is_a(element, "Node")

    def is_medium(self, element: EObject) -> bool:
        """Whether an element is drawn as a box, but carries values instead of executing."""
        types = [element, *getattr(element, "classifier", ())] if element is not None else []
        return any(self.model.applied(t, *MEDIA) is not None for t in types)

    def is_unit(self, host: Host) -> bool:
        """Whether a box in a box is one of its processing units, no machine of its own."""
        bearers = [b for b in (host.element, host.type) if b is not None]
        marked = any(self.model.applied(b, *HOSTS) is not None for b in bearers)
        return marked or any(is_a(b, "Device") for b in bearers) or kind_in(host.name) is not None

    def _is_instance(self, element: EObject) -> bool:
        if self.is_medium(element):
            return False
        return self.model.applied(element, *HOSTS) is not None or self._host_type(element) is not None

    def _host_type(self, element: EObject) -> EObject | None:
        """The classifier of an instance that makes it a box."""
        types = (t for t in element.classifier if is_a(t, "Class"))
        marked = (t for t in types if is_a(t, "Node") or self.model.applied(t, *HOSTS) is not None)
        return next(marked, None)

    def _slots(self, element: EObject) -> list[EObject]:
        """The boxes that the slots of an instance hold."""
        values = [getattr(v, "instance", None) for slot in element.slot for v in slot.value]
        return [v for v in values if v in self._instances and v is not element]

    def _host(self, element: EObject, above: tuple[EObject, ...]) -> Host:
        host = Host(element, self._instances.get(element))
        if is_a(element, "InstanceSpecification"):
            inside = self._slots(element)
        else:
            nested = [*getattr(element, "nestedNode", ()), *getattr(element, "nestedClassifier", ())]
            inside = [n for n in nested if self.is_host(n)]
        for child in dict.fromkeys(inside):
            if is_a(child, "ExecutionEnvironment"):
                host.environments.append(child)
            elif child not in above:  # slots of instances may form a circle
                host.inside.append(self._host(child, (*above, element)))
        return host
