"""Which of the drawn systems is meant: the one asked for, else the only one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aicompiler.transformations.importers._sayings import shown

from ._contexts import listed, names
from ._resource import EObject
from ._structure import Instance, Structure, inherited
from ._view import UmlModel, is_a


def pick_root(
    model: UmlModel,
    structure: Structure,
    candidates: Sequence[Instance],
    has_components: Sequence[Callable[[Instance], bool]],
    wanted: str,
) -> list[Instance]:
    """The root that counts, or none after an error.

    ``wanted`` names any class with parts, first those that ``has_components`` tells, surest first; without
    it there must be one that the first of them tells.  A design and what specialises it are one system: the
    special one.
    """
    if wanted:
        called = [c for c in candidates if wanted in names(model, c.type)]
        for fills in has_components:
            if len(meant := _special([c for c in called if fills(c)])) == 1:
                return meant
        if len(called) == 1:
            return called
    special = _special([c for c in candidates if has_components[0](c)])
    if wanted:
        return _wanted(model, structure, wanted, [c.type for c in special])
    if len(special) < 2:
        return special
    elements = [c.type for c in special]
    message = f"the model draws {len(special)} systems, and none of them is chosen"
    model.error("several-roots", message, f"say --root with one of {listed(model, elements)}", elements[0])
    return []


def _special(roots: Sequence[Instance]) -> list[Instance]:
    return [r for r in roots if not any(r is not o and r.type in inherited(o.type) for o in roots)]


def _wanted(model: UmlModel, structure: Structure, wanted: str, offered: list[EObject]) -> list[Instance]:
    classes = [c for c in model.elements("Class") if not is_a(c, "Behavior")]
    found = [c for c in classes if wanted in names(model, c)]
    exact = [c for c in found if wanted in (model.id(c), model.qualified_name(c))]
    rooted = [root for c in exact or found if (root := structure.root(c)) is not None and root.children]
    if len(rooted) == 1:
        return rooted
    elements = [r.type for r in rooted] or offered or [c for c in classes if c in structure.owners]
    how_many = f"{len(rooted)} systems are" if rooted else "no system is"
    message = f"{how_many} called '{shown(wanted)}'"
    step = f"say --root with one of {listed(model, elements)}" if elements else "leave --root out"
    place = elements[0] if elements else model.resource.models[0]
    model.error("several-roots" if rooted else "no-such-root", message, step, place)
    return []
