"""The instance tree: parts of blocks as paths, and which ports of them are connected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ._resource import EObject
from ._view import UmlModel, is_a

MAX_INSTANCES = 10_000
MAX_DEPTH = 100
MAX_GENERALS = 200

_UNITS = ("ComputingResource", "HwPLD", "HwASIC", "GaExecHost")
_MEDIA = ("HwMedia", "CommunicationMedia", "GaCommHost")


@dataclass(frozen=True, eq=False)
class Instance:
    """One part on its path from the root; ``id`` joins the XML ids of the path."""

    id: str
    name: str
    part: EObject
    type: EObject
    parent: Instance | None = None
    children: list[Instance] = field(default_factory=list)

    def all(self) -> Iterator[Instance]:
        """This instance and all below it, in model order."""
        yield self
        for child in self.children:
            yield from child.all()


def inherited(type_: EObject) -> list[EObject]:
    """A classifier and all it specialises (the nearest 200, more is an error), the most general first."""
    order: dict[EObject, None] = {}
    pending = [type_]
    while pending and len(order) < MAX_GENERALS:
        classifier = pending.pop()
        if classifier not in order and is_a(classifier, "Classifier"):
            order[classifier] = None
            pending += [g.general for g in reversed(list(classifier.generalization))]
    return list(order)[::-1]


def attributes_of(type_: EObject) -> list[EObject]:
    """All properties and ports of a classifier, inherited ones first."""
    return [a for c in inherited(type_) for a in c.ownedAttribute]


def is_part(attribute: EObject) -> bool:
    """Whether a property is a part: composite, and typed by a class."""
    return (
        is_a(attribute, "Property")
        and not is_a(attribute, "Port")
        and attribute.aggregation == "composite"
        and is_a(attribute.type, "Class")
        and not is_a(attribute.type, "Behavior")
    )


def adopt_parts(model: UmlModel) -> None:
    """Take properties for parts that connectors or CHESS specifications use so, composite or not."""
    used = [e.partWithPort for c in model.elements("Connector") for e in c.end]
    used += [s.partWithPort for s in model.applications("CHRtSpecification")]
    for part in dict.fromkeys(used):
        if not is_a(part, "Property") or is_a(part, "Port") or part.aggregation == "composite":
            continue
        if is_a(part.type, "External"):
            message = f"{model.label(part)} is left out: its type is {part.type.href}, which cannot be read"
            model.warn("part-left-out", message, "put the type into this model if the part matters", part)
            continue
        part.aggregation = "composite"
        message = f"{model.label(part)} is used as a part and taken for one, though it is not composite"
        model.note("part-adopted", message, "set its aggregation to composite", part)


class Structure:
    """Root blocks of the model and the instances below them."""

    def __init__(self, model: UmlModel) -> None:
        self.model = model
        self._count = 0
        self.owners: set[EObject] = set()  # the classes that have parts

    def roots(self) -> list[Instance]:
        """An instance for every class that has parts and is no part itself."""
        classes = [c for c in self.model.elements("Class") if not is_a(c, "Behavior")]
        parts = [a for c in classes for a in c.ownedAttribute if is_part(a)]
        used = {general for part in parts for general in inherited(part.type)}
        own = self.owners = {c for part in parts for c in [part.eContainer()]}
        tops = [c for c in classes if c not in used and (c in own or any(g in own for g in inherited(c)))]
        return [found for c in tops if (found := self.root(c)) is not None]

    def root(self, type_: EObject) -> Instance | None:
        """An instance of a class with all below it; None after an error."""
        return self._instance(None, type_, None)

    def _instance(self, part: EObject | None, type_: EObject, parent: Instance | None) -> Instance | None:
        holder, depth = parent, 0
        while holder is not None:
            if holder.type is type_:
                self._refuse("cyclic-containment", f"{self.model.label(type_)} contains itself", part)
                return None
            holder, depth = holder.parent, depth + 1
        if depth > MAX_DEPTH:
            message = f"{self.model.label(type_)} is more than {MAX_DEPTH} levels below its root"
            self._refuse("too-deep", message, part)
            return None
        self._count += 1
        if self._count > MAX_INSTANCES:
            self._refuse(
                "too-many-instances", f"the model has more than {MAX_INSTANCES} instances", part or type_
            )
            return None
        element = part if part is not None else type_
        # The root is left out of paths: a model has one, and ids then are those of its parts.
        prefix = f"{parent.id}." if parent is not None and parent.parent is not None else ""
        name = element.name or type_.name or ""
        path = f"{parent.name}.{name}" if prefix and parent is not None else name
        instance = Instance(f"{prefix}{self.model.id(element)}", path, part, type_, parent)
        for attribute in attributes_of(type_):
            if is_part(attribute):
                self._check_part(attribute)
                child = self._instance(attribute, attribute.type, instance)
                instance.children.extend([child] if child is not None else [])
            elif (
                is_a(attribute, "Property")
                and not is_a(attribute, "Port")
                and attribute.aggregation == "composite"
            ):
                self._check_missing(attribute)
        return instance

    def _check_part(self, part: EObject) -> None:
        upper = part.upperValue
        if upper is not None and upper.value not in (None, "1"):
            message = f"{self.model.label(part)} stands for several instances and is taken as one"
            self.model.warn("part-multiplicity", message, "draw one part for each instance", part)

    def _check_missing(self, part: EObject) -> None:
        if is_a(part.type, "External"):
            message = f"the type of {self.model.label(part)} is {part.type.href}, which cannot be read"
            self.model.error(
                "missing-type", message, "put the type into this model or correct the reference", part
            )

    def _refuse(self, rule: str, message: str, obj: EObject) -> None:
        self.model.error(rule, message, "break the containment into a finite tree of parts", obj)

    # --- kinds --------------------------------------------------------------------------------------------

    def unit_stereotype(self, instance: Instance) -> EObject | None:
        """The stereotype that makes an instance a processing unit, on the part or on its type."""
        return self._either(instance, *_UNITS) or self._either(instance, "ProcessingUnit")

    def media_stereotype(self, instance: Instance) -> EObject | None:
        """The stereotype that makes an instance a bus or network."""
        return self._either(instance, *_MEDIA)

    def _either(self, instance: Instance, *names: str) -> EObject | None:
        return self.model.applied(instance.part, *names) or self.model.applied(instance.type, *names)


# --- connections ------------------------------------------------------------------------------------------

End = tuple[Instance, EObject]  # an instance and a port of it (the instance itself: a part without port)


@dataclass(frozen=True)
class Connection:
    """A path of connectors from a port of a leaf to another; ``connector`` is the last of them."""

    source: End
    target: End
    connector: EObject


def connector_ends(owner: Instance, connector: EObject, model: UmlModel) -> list[End]:
    """The ends of a connector that are ports or parts below ``owner`` (or ports of ``owner``)."""
    found: list[End] = []
    for end in connector.end:
        role, part = end.role, end.partWithPort
        holder = part if part is not None else (role if role is not None and not is_a(role, "Port") else None)
        instance = owner if holder is None else next((c for c in owner.children if c.part is holder), None)
        if role is None or instance is None:
            message = f"an end of {model.label(connector)} leads to nothing"
            model.warn("loose-connector", message, "connect it to a port of a part", connector)
            continue
        found.append((instance, role))
    return found


def connectors(root: Instance, model: UmlModel) -> Iterator[tuple[Instance, EObject, list[End]]]:
    """All connectors below a root, with their ends."""
    for instance in root.all():
        for classifier in inherited(instance.type):
            for connector in getattr(classifier, "ownedConnector", ()):
                yield instance, connector, connector_ends(instance, connector, model)
