"""Which system of a project is imported: a layer, a component at its top, and what belongs to that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aicompiler.metamodels.diagnostics import Severity
from aicompiler.transformations.importers._sayings import shown

from ._open import Role
from ._project import Obj, Project, kind_of
from ._structure import Structure

PHYSICAL, LOGICAL = "PhysicalArchitecture", "LogicalArchitecture"
_LAYERS = (PHYSICAL, LOGICAL)
_COMPONENTS = ("PhysicalComponent", "LogicalComponent")
_PACKAGES = ("PhysicalComponentPkg", "LogicalComponentPkg")


@dataclass(frozen=True)
class Scope:
    """What is imported: the components below ``tops`` of ``layer``."""

    layer: Obj
    tops: tuple[Obj, ...]

    @property
    def physical(self) -> bool:
        """Whether behaviour is what says so; of the logical layer everything is."""
        return kind_of(self.layer) == PHYSICAL


def is_actor(component: Obj) -> bool:
    """Whether a component is outside of the system."""
    return bool(component.get("actor") == "true") or kind_of(component) in ("PhysicalActor", "LogicalActor")


def is_behaviour(component: Obj) -> bool:
    """Whether a component says that it is behaviour: by its nature, kind is not reliable."""
    return bool(component.get("nature") == "BEHAVIOR")


def is_node(component: Obj) -> bool:
    """Whether a component says that it is hardware of the system."""
    return component.get("nature") == "NODE" and not is_actor(component)


class Scopes:
    """The systems of a project, and the choice among them."""

    def __init__(self, project: Project, structure: Structure) -> None:
        self.project, self.structure = project, structure
        self.layers = [
            layer
            for kind in _LAYERS
            for layer in project.of(kind)
            if project.document(layer).role is not Role.LIBRARY
        ]

    def choose(self, root: str) -> Scope | None:
        """The system called ``root``, else the only one there is; ``None`` after an error was said."""
        if root:
            return self._called(root)
        physical = self._systems(PHYSICAL)
        if (found := physical or self._systems(LOGICAL)) == []:
            return None
        if len(found) > 1:
            self._several([scope.tops[0] for scope in found], "there are several systems")
            return None
        if not physical:
            message = "no physical component is behaviour; the logical architecture is imported"
            step = "set the nature of physical components to BEHAVIOR, or keep it so"
            self.project.say(Severity.NOTE, "logical-layer", message, step, found[0].layer)
        return found[0]

    def _systems(self, kind: str) -> list[Scope]:
        layers = [layer for layer in self.layers if kind_of(layer) == kind]
        scopes = [Scope(layer, (top,)) for layer in layers for top in self._tops(layer)]
        return [s for s in scopes if kind == LOGICAL or any(is_behaviour(c) for c in self.components(s))]

    def _tops(self, layer: Obj) -> list[Obj]:
        """The components at the top of a layer that are no actors."""
        found, packages = [], list(self.project.children(layer, *_PACKAGES, *_COMPONENTS))
        seen: set[Obj] = set()
        while packages:
            one = packages.pop(0)
            if one in seen:
                continue
            seen.add(one)
            if kind_of(one) in _PACKAGES:
                packages += self.project.children(one, *_PACKAGES, *_COMPONENTS)
            elif not is_actor(one):
                found.append(one)
        return found

    def components(self, scope: Scope) -> list[Obj]:
        """The components of a system that are no actors, at any depth, in model order."""
        found, waiting = set[Obj](), list(scope.tops)
        while waiting:
            one = waiting.pop()
            if one not in found and not is_actor(one):
                found.add(one)
                waiting += self.structure.inside(one)
        return [c for c in self.project.of(*_COMPONENTS) if c in found]

    # --- by name ------------------------------------------------------------------------------------------

    def _called(self, root: str) -> Scope | None:
        choices = [*self.project.of("SystemEngineering", *_LAYERS, *_COMPONENTS)]
        found = [e for e in choices if root in (e.get("id"), self.project.qualified_name(e))]
        found = found or [e for e in choices if root == e.get("name")]
        found = [e for e in found if kind_of(e) == "SystemEngineering" or self._layer(e) is not None]
        if len(found) > 1:
            self._several(found, f"'{shown(root)}' is the name of several elements")
            return None
        if not found:
            tops = [t for layer in self.layers for t in (layer, *self._tops(layer))]
            message = f"the project has no system '{shown(root)}'"
            step = f"give --root one of: {self._listed(tops)}"
            self.project.say(Severity.ERROR, "unknown-root", message, step, self.project.documents[0].root)
            return None
        return self._scope(found[0])

    def _scope(self, element: Obj) -> Scope | None:
        if kind_of(element) == "SystemEngineering":
            self.layers = [layer for layer in self.layers if element in self.project.above(layer)]
            return self.choose("")
        layer = self._layer(element)
        return Scope(layer, tuple(self._tops(layer)) if element is layer else (element,))

    def _layer(self, element: Obj) -> Obj | None:
        inside = (element, *self.project.above(element))
        return next((one for one in inside if one in self.layers), None)

    def _several(self, elements: Iterable[Obj], message: str) -> None:
        found = list(elements)
        step = f"pick one with --root: {self._listed(found)}"
        self.project.say(Severity.ERROR, "several-roots", f"{message}: {self._listed(found)}", step, found[0])

    def _listed(self, elements: Iterable[Obj]) -> str:
        return ", ".join(f"'{self.project.qualified_name(e) or shown(e.get('name'))}'" for e in elements)
