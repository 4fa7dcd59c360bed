"""The current deployment: each way to allocate in UML, MARTE and SysML becomes one edge to a unit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from aicompiler.metamodels.system import Allocation, Component
from aicompiler.transformations.importers._sayings import shown

from ._hosts import Hosts
from ._platform import PlatformBuilder, is_called
from ._resource import EObject
from ._structure import Instance
from ._view import UmlModel, is_a

_STEP_HOST, _RESOURCE = "host of a step", "schedulable resource"
_ANALYSIS = (_STEP_HOST, _RESOURCE)


@dataclass(frozen=True)
class _Edge:
    """One statement of the model: these elements are on those, as ``element`` says in the way ``by``."""

    element: EObject
    by: str
    clients: tuple[EObject, ...]
    suppliers: tuple[EObject, ...]


class AllocationBuilder:
    """Allocations of the components that were built to the units that were built.

    ``ids`` says what became of each element, ``software`` are the roots of the application.
    """

    def __init__(
        self,
        model: UmlModel,
        components: Iterable[Component],
        platform: PlatformBuilder,
        software: Iterable[Instance],
        ids: dict[EObject, list[str]],
    ) -> None:
        self.model = model
        self.hosts: Hosts = platform.hosts
        self.hosted = platform.hosted
        self.primary = platform.primary
        self.components = {c.id: c for c in components}
        self._owner = {e.id: c.id for c in self.components.values() for e in c.entries} | {
            c: c for c in self.components
        }
        self._ids = ids
        self._below: dict[EObject, list[str]] = {}
        for root in software:
            for instance in root.all():
                below = [i.id for i in instance.all() if i.id in self.components]
                for bearer in (instance.part, instance.type):
                    self._below.setdefault(bearer, []).extend(below)

    def build(self) -> Iterator[Allocation]:
        """One allocation for each component and unit; contradictions and loose ends are reported."""
        first: dict[str, Allocation] = {}
        loose: list[_Edge] = []
        # What speaks of one component counts more than what speaks of a package of them.
        edges = sorted(self._edges() if self.components else (), key=lambda e: len(self._components(e)) > 1)
        for edge in edges:
            components, units = self._components(edge), self._units(edge)
            if not components or not units:
                if edge.by in _ANALYSIS:
                    loose.append(edge)
                else:
                    self._loose(edge, components, units)
                continue
            unit = self._one(edge, units)
            for component in components:
                made = self._allocation(edge, component, unit)
                known = first.setdefault(component, made)
                if known is made:
                    yield made
                elif known.unit != unit and len(components) == 1:
                    self._conflict(edge, component, unit, known)
        if loose:
            # Analysis diagrams speak of steps that no design need have: worth knowing, nothing to repair.
            message = (
                f"{len(loose)} steps and resources of an analysis are hosted, but are none of the system's"
            )
            message += f" components (first: {self.model.label(loose[0].element)})"
            self.model.note("allocation-left-out", message, "", loose[0].element)

    def _allocation(self, edge: _Edge, component: str, unit: str) -> Allocation:
        return Allocation(
            id=f"{self.model.id(edge.element)}.{component}.allocation",
            name=getattr(edge.element, "name", None) or "",
            source=self.model.source(edge.element),
            component=component,
            unit=unit,
            by=edge.by,
        )

    # --- what the model says ------------------------------------------------------------------------------

    def _edges(self) -> Iterator[_Edge]:
        """All statements, those that only allocate before those of deployment and analysis diagrams."""
        yield from self._dependencies()
        yield from self._assigns()
        yield from self._marks()
        yield from self._deployments()
        yield from self._containments()
        yield from self._scheduled()

    def _dependencies(self) -> Iterator[_Edge]:
        for application in self.model.applications("Allocate", "SysMLAllocate"):
            base = application.base
            by = "SysML Allocate" if is_a(application, "SysMLAllocate") else "MARTE Allocate"
            clients, suppliers = tuple(_many(base, "client")), tuple(_many(base, "supplier"))
            if clients or suppliers or is_a(base, "Dependency"):
                yield _Edge(base, by, clients, suppliers)

    def _assigns(self) -> Iterator[_Edge]:
        for application in self.model.applications("Assign"):
            ends = tuple(_many(application, "from")), tuple(_many(application, "to"))
            yield _Edge(application, "MARTE Assign", *ends)

    def _marks(self) -> Iterator[_Edge]:
        """``Allocated`` on both ends; where neither says what the other is, nothing is known."""
        for application in self.model.applications("Allocated"):
            to = tuple(_bases(_many(application, "allocatedTo")))
            sources = tuple(_bases(_many(application, "allocatedFrom")))
            if to:
                yield _Edge(application.base, "MARTE Allocated", (application.base,), to)
            if sources:
                yield _Edge(application.base, "MARTE Allocated", sources, (application.base,))
            if not to and not sources and not self._spoken_of(application.base):
                message = (
                    f"{self.model.label(application.base)} is marked as allocated, but nothing says to what"
                )
                step = "draw an abstraction with Allocate from the component to the node"
                self.model.note("allocation-without-target", message, step, application.base)

    def _spoken_of(self, element: EObject) -> bool:
        """Whether some other relation allocates an element that is marked."""
        edges = (*self._dependencies(), *self._assigns(), *self._deployments())
        return any(element in (*e.clients, *e.suppliers) for e in edges)

    def _deployments(self) -> Iterator[_Edge]:
        """Artifacts on nodes, by a deployment or by being drawn inside, and what they manifest."""
        for deployment in self.model.elements("Deployment"):
            location = deployment.eContainer()
            artifacts = _many(deployment, "deployedArtifact") or _many(deployment, "supplier")
            targets = [location] if is_a(location, "Node", "InstanceSpecification") else []
            targets += [c for c in _many(deployment, "client") if c not in targets]
            for artifact in artifacts:
                yield _Edge(deployment, "deployment", tuple(_manifested(artifact)), tuple(targets[:1]))
        for artifact in self.model.elements("Artifact"):
            if is_a(holder := artifact.eContainer(), "Node"):
                yield _Edge(artifact, "deployment", tuple(_manifested(artifact)), (holder,))

    def _containments(self) -> Iterator[_Edge]:
        """Parts of a UML node that are components run on it."""
        for node in self.model.elements("Node"):
            for part in node.ownedAttribute:
                if part in self._below and self._below[part] and part not in self.hosted:
                    yield _Edge(part, "part of a node", (part,), (node,))

    def _scheduled(self) -> Iterator[_Edge]:
        """Hosts of steps and of schedulable resources, in analysis contexts."""
        for step in self.model.applications("GaStep"):
            resource = getattr(step, "concurRes", None)
            hosts = list(_bases([getattr(step, "host", None), getattr(resource, "host", None)]))
            if hosts:
                yield _Edge(step.base, _STEP_HOST, (step.base,), tuple(hosts[:1]))
        for host in self.model.applications("GaExecHost"):
            for resource in _bases(_many(host, "schedulableResources")):
                yield _Edge(resource, _RESOURCE, (resource,), (host.base,))
        for resource in self.model.applications("SchedulableResource"):
            if hosts := list(_bases([getattr(resource, "host", None)])):
                yield _Edge(resource.base, _RESOURCE, (resource.base,), tuple(hosts[:1]))

    # --- what is meant ------------------------------------------------------------------------------------

    def _components(self, edge: _Edge) -> list[str]:
        return list(dict.fromkeys(c for e in edge.clients for c in self._executed(e, ())))

    def _executed(self, element: EObject, above: tuple[EObject, ...]) -> list[str]:
        """The components that an element stands for: itself, what it contains, what it instantiates."""
        direct = [self._owner[i] for i in self._ids.get(element, ()) if i in self._owner]
        if found := direct or self._below.get(element, []):
            return found
        if element in above or element is None:
            return []
        if is_a(element, "InstanceSpecification"):
            return self._instantiated(element, (*above, element))
        if is_a(element, "Package"):
            members = list(element.packagedElement)
            return [c for e in members for c in self._executed(e, (*above, element))]
        return []

    def _instantiated(self, element: EObject, above: tuple[EObject, ...]) -> list[str]:
        """The components of an instance: of its name where its type has several, else those in its slots."""
        found = [c for t in element.classifier for c in self._executed(t, above)]
        if len(found) > 1:
            called = [c for c in found if is_called(element.name or "", self.components[c].name)]
            found = called or found
        if found:
            return found
        values = [getattr(v, "instance", None) for slot in element.slot for v in slot.value]
        return [c for v in values if v is not None for c in self._executed(v, above)]

    def _units(self, edge: _Edge) -> list[str]:
        return list(dict.fromkeys(u for e in edge.suppliers for u in self.hosted.get(e, ())))

    def _one(self, edge: _Edge, units: list[str]) -> str:
        """The one unit that an allocation to a node with several means: its first CPU."""
        unit = self.primary(units)
        if len(units) > 1:
            node = shown(getattr(edge.suppliers[0], "name", None))
            message = f"{self._said(edge)} allocates to '{node}', which has {len(units)} units; the first CPU"
            message += " of them is taken"
            self.model.note("allocation-to-node", message, "allocate to one of its units", edge.element)
        return unit

    def _said(self, edge: _Edge) -> str:
        base = getattr(edge.element, "base", None)
        return f"{edge.by} on {self.model.label(base if base is not None else edge.element)}"

    # --- what is wrong ------------------------------------------------------------------------------------

    def _loose(self, edge: _Edge, components: list[str], units: list[str]) -> None:
        missing = [
            ("from no component of the system", edge.clients, bool(components)),
            ("to no processing unit", edge.suppliers, bool(units)),
        ]
        reasons = [_with_names(text, ends) for text, ends, known in missing if not known]
        message = f"{self._said(edge)} is left out: it leads {' and '.join(reasons)}"
        step = "draw it from a component to a node or a unit of it"
        say = self.model.warn if units or components else self.model.note
        say("allocation-left-out", message, step, edge.element)

    def _conflict(self, edge: _Edge, component: str, unit: str, known: Allocation) -> None:
        name = shown(self.components[component].name)
        place = f" (line {known.source.line})" if known.source is not None and known.source.line else ""
        message = f"{self._said(edge)} allocates '{name}' to '{self._unit_name(unit)}', but {known.by}{place}"
        message += f" allocates it to '{self._unit_name(known.unit)}', which counts"
        self.model.warn("allocation-conflict", message, "delete one of them", edge.element)

    def _unit_name(self, unit: str) -> str:
        named = (e for e, units in self.hosted.items() if units == [unit])
        return shown(next((e.name for e in named if getattr(e, "name", None)), unit))


def _many(obj: EObject, feature: str) -> list[EObject]:
    """The values of a reference that the metamodel may lack, or that may hold one value or several."""
    value = getattr(obj, feature, None)
    if value is None:
        return []
    return list(value) if hasattr(value, "__iter__") and not hasattr(value, "eClass") else [value]


def _bases(applications: Iterable[EObject]) -> Iterator[EObject]:
    """The elements that stereotype applications speak of; elements stand for themselves."""
    for application in applications:
        element = getattr(application, "base", application)
        if element is not None:
            yield element


def _manifested(artifact: EObject) -> Iterator[EObject]:
    """What an artifact brings to a node: itself, the artifacts in it and the elements that they manifest."""
    yield artifact
    for manifestation in _many(artifact, "manifestation"):
        used = getattr(manifestation, "utilizedElement", None)
        yield from [used] if used is not None else _many(manifestation, "supplier")
    for inner in (*_many(artifact, "nestedArtifact"), *_many(artifact, "kept")):
        if is_a(inner, "Artifact"):
            yield from _manifested(inner)


def _with_names(text: str, ends: tuple[EObject, ...]) -> str:
    names = ", ".join(f"'{shown(n)}'" for e in ends[:3] if (n := getattr(e, "name", None)))
    return f"{text} ({names})" if names else text
