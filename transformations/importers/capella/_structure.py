"""The relations of a Capella project that several builders follow, each read once."""

from __future__ import annotations

from functools import cached_property

from ._project import Obj, Project, kind_of

COMPONENTS = ("PhysicalComponent", "LogicalComponent", "PhysicalActor", "LogicalActor")
_PACKAGES = ("PhysicalComponentPkg", "LogicalComponentPkg")


class Structure:
    """Parts, allocations and ends; empty lists where the project says nothing."""

    def __init__(self, project: Project) -> None:
        self.project = project

    # --- components and parts -----------------------------------------------------------------------------

    def parts(self, component: Obj) -> list[Obj]:
        """The parts that a component types, in model order."""
        return self._parts.get(component, [])

    @cached_property
    def _parts(self) -> dict[Obj, list[Obj]]:
        found: dict[Obj, list[Obj]] = {}
        for part in self.project.of("Part"):
            if (type_ := self.project.ref(part, "abstractType")) is not None:
                found.setdefault(type_, []).append(part)
        return found

    @cached_property
    def _inside(self) -> dict[Obj, list[Obj]]:
        found: dict[Obj, dict[Obj, None]] = {}
        for type_, parts in self._parts.items():
            for part in parts:
                found.setdefault(self.project.parent(part), {})[type_] = None
        for component in self.project.of(*COMPONENTS):
            above = self.project.above(component)
            owner = next((one for one in above if kind_of(one) not in _PACKAGES), None)
            found.setdefault(owner, {}).setdefault(component)
        return {owner: list(types) for owner, types in found.items()}

    def inside(self, component: Obj) -> list[Obj]:
        """The components that are parts of a component, or that it owns."""
        return [c for c in self._inside.get(component, ()) if kind_of(c) in COMPONENTS]

    def holder(self, part: Obj) -> Obj | None:
        """The component or package that a part belongs to."""
        return self.project.parent(part)

    def templates(self) -> set[str]:
        """Ids of what a collection of replicable elements owns: templates, no parts of the system."""
        found: set[str] = set()
        for element in self.project.of("CatalogElement"):
            if element.get("kind", "REC") == "REC":
                for link in self.project.children(element, "CatalogElementLink"):
                    found.update(t.get("id", "") for t in self.project.refs(link, "target"))
        return found

    # --- functions ----------------------------------------------------------------------------------------

    def functions(self, component: Obj) -> list[Obj]:
        """The functions that are allocated to a component."""
        return [function for function, _ in self._functions.get(component, [])]

    def allocations(self, component: Obj) -> list[Obj]:
        """The elements that say so."""
        return [allocation for _, allocation in self._functions.get(component, [])]

    @cached_property
    def _functions(self) -> dict[Obj, list[tuple[Obj, Obj]]]:
        found: dict[Obj, list[tuple[Obj, Obj]]] = {}
        for allocation in self.project.of("ComponentFunctionalAllocation"):
            source = self.project.ref(allocation, "sourceElement")
            target = self.project.ref(allocation, "targetElement")
            if source is not None and target is not None:
                found.setdefault(source, []).append((target, allocation))
        return found

    # --- exchanges and links ------------------------------------------------------------------------------

    def exchange_ends(self, exchange: Obj, end: str) -> list[Obj]:
        """The ports, parts or components at one end of a component exchange."""
        found: list[Obj] = []
        for one in self.project.refs(exchange, end):
            if kind_of(one) == "ComponentExchangeEnd":
                found += self.project.refs(one, "part") or self.project.refs(one, "port")
            else:
                found.append(one)
        return found

    def exchange_parts(self, exchange: Obj) -> list[Obj]:
        """The ends of an exchange, for accounts."""
        return [one for end in ("source", "target") for one in self.project.refs(exchange, end)]

    def link_ends(self, link: Obj) -> list[Obj]:
        """The physical ports that a physical link joins."""
        found: list[Obj] = []
        for one in self.project.refs(link, "linkEnds"):
            if kind_of(one) == "PhysicalLinkEnd":
                found += self.project.refs(one, "port")
            else:
                found.append(one)
        return found

    def deployments(self, part: Obj) -> list[tuple[Obj, Obj]]:
        """What a part carries: the part deployed on it, and the link that says so."""
        links = self.project.children(part, "PartDeploymentLink", "InstanceDeploymentLink")
        return [(one, link) for link in links for one in self.project.refs(link, "deployedElement")]
