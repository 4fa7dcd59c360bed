"""The three metamodels as sets of dataclasses: which classes each Ecore package holds, in order."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from types import ModuleType

from . import deployment, plan, system


@dataclass(frozen=True)
class MetamodelPackage:
    """One Ecore package: its name, namespace, and what its module defines."""

    name: str
    module: ModuleType
    root: type

    @property
    def uri(self) -> str:
        """Namespace URI of the package."""
        return f"http://aicompiler/{self.name}/1"

    @property
    def file(self) -> str:
        """File name of the metamodel."""
        return f"{self.name}.ecore"

    @property
    def classes(self) -> tuple[type, ...]:
        """The dataclasses of the package, in the order of the module."""
        return tuple(c for c in self._defined() if hasattr(c, "__dataclass_fields__"))

    @property
    def enums(self) -> tuple[type[Enum], ...]:
        """The enumerations of the package, in the order of the module."""
        return tuple(c for c in self._defined() if issubclass(c, Enum))

    def _defined(self) -> list[type]:
        values = vars(self.module).values()
        return [v for v in values if isinstance(v, type) and v.__module__ == self.module.__name__]


PACKAGES = (
    MetamodelPackage("system", system, system.System),
    MetamodelPackage("deployment", deployment, deployment.Deployment),
    MetamodelPackage("plan", plan, plan.ReconfigurationPlan),
)


def package_of(cls: type) -> MetamodelPackage:
    """The package that defines ``cls``; ``LookupError`` if none does."""
    for package in PACKAGES:
        if cls.__module__ == package.module.__name__:
            return package
    raise LookupError(f"{cls.__name__} is in no metamodel")


ABSTRACT = frozenset({system.Activation, system.Constraint, system.Element})
