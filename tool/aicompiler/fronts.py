"""A front of deployments in words and as data."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from aicompiler.metamodels.system import Component, System, Unit

if TYPE_CHECKING:
    from aicompiler.transformations.partition import Front


def front_text(front: Front) -> list[str]:
    """The front as a table, a line a deployment, the balanced one marked."""
    first, second = (f"{o.name} ({o.unit})" for o in front.choice.objectives)
    rows = [["", first, "gap", second, "gap", "found by"]]
    for number, point in enumerate(front.points):
        cells = [text for o in point.deployment.objectives for text in (str(o.value), _gap(o.gap))]
        rows.append(["*" if number == front.chosen else "", *cells, point.deployment.proposer])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(t.ljust(w) for t, w in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [*lines, "* the nearest to the least of both, shown below"]


def front_summary(system: System, front: Front) -> dict[str, Any]:
    """The points with their objectives and placements; ``chosen`` is the number of the balanced one."""
    points = [
        {
            "status": point.deployment.status.value,
            "proposer": point.deployment.proposer,
            "at_most": point.at_most,
            "objectives": [asdict(o) | {"gap": o.gap} for o in point.deployment.objectives],
            "placements": {
                system.element(Component, p.component).name: system.element(Unit, p.unit).name
                for p in point.deployment.placements
            },
        }
        for point in front.points
    ]
    return {"front": {"objectives": list(front.objectives), "chosen": front.chosen, "points": points}}


def _gap(gap: float | None) -> str:
    return "unknown" if gap is None else f"{gap:.2%}"
