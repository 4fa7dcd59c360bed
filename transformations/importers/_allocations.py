"""Honour the deployment that a model already describes (``--keep-allocation``)."""

from __future__ import annotations

from dataclasses import replace

from aicompiler.metamodels.system import Pin, System


def pinned_where_allocated(system: System) -> System:
    """``system`` with a pin for each component that its model allocates, unless it is pinned already."""
    pinned = {c.component for c in system.constraints if isinstance(c, Pin)}
    kept = tuple(
        Pin(id=f"{a.id}.kept", name=a.name, source=a.source, component=a.component, unit=a.unit)
        for a in system.allocations
        if a.component not in pinned
    )
    return replace(system, constraints=system.constraints + kept)
