"""Execution times of one entry at one operating point, with where they come from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aicompiler.metamodels.deployment import CostKind, Provenance
from aicompiler.metamodels.system import Entry, ExecutionTime, OperatingPoint, Unit

from ._profile import Measurement


@dataclass(frozen=True)
class Times:
    """bcet <= acet <= wcet in ns; ``interval_ns`` where it is not the wcet, ``energy_fj`` if annotated."""

    bcet_ns: int
    acet_ns: int
    wcet_ns: int
    provenance: Provenance
    kind: CostKind
    note: str
    interval_ns: int | None = None
    energy_fj: int | None = None


def ceil_div(numerator: int, denominator: int) -> int:
    """Quotient rounded up."""
    return -(-numerator // denominator)


def annotated(entry: Entry, unit: Unit, point: OperatingPoint) -> Times | None:
    """The model's own times for ``entry``, if it has any for this unit.

    An annotation for the point wins over one for the unit, that over one for the unit's kind, and that over
    one for another point of the unit.  Times of another clock scale with the frequency (the reference of an
    annotation without a point is the unit's fastest point), and all are divided by the unit's speed factor
    (MARTE: a time is given for a host of speed 1).  Missing values are taken from those given.
    """
    found = _applicable(entry.times, unit, point)
    if found is None:
        return None
    reference = next((p for p in unit.operating_points if p.id == found.operating_point), unit.fastest)
    given = {"wcet": found.wcet_ns, "acet": found.acet_ns, "bcet": found.bcet_ns}
    known = {name: value for name, value in given.items() if value is not None}
    worst = known.get("wcet", max(known.values()))
    usual = min(known.get("acet", worst), worst)
    best = min(known.get("bcet", usual), usual)

    def scaled(ns: int) -> int:
        return ceil_div(ns * reference.frequency_hz * 1000, point.frequency_hz * unit.speed_permille)

    same = reference.id == point.id and unit.speed_permille == 1000
    return Times(
        scaled(best),
        scaled(usual),
        scaled(worst),
        provenance=Provenance.ANNOTATED,
        kind=CostKind.BOUND if found.wcet_ns is not None else CostKind.OBSERVED,
        note=_annotation_note(found, unit, reference, point, list(known)),
        energy_fj=found.energy_fj if same else None,
    )


def _applicable(times: Iterable[ExecutionTime], unit: Unit, point: OperatingPoint) -> ExecutionTime | None:
    points = {p.id for p in unit.operating_points}

    def rank(time: ExecutionTime) -> int | None:
        speaks_of = time.unit == unit.id or (time.unit is None and time.unit_kind is unit.kind)
        if not speaks_of or (time.wcet_ns is None and time.acet_ns is None and time.bcet_ns is None):
            return None
        if time.operating_point == point.id:
            return 0
        if time.operating_point is None:
            return 1 if time.unit == unit.id else 2
        return 3 if time.operating_point in points else None

    ranked = [(order, place, time) for place, time in enumerate(times) if (order := rank(time)) is not None]
    return min(ranked, key=lambda item: item[:2])[2] if ranked else None


def _annotation_note(
    time: ExecutionTime, unit: Unit, reference: OperatingPoint, point: OperatingPoint, given: list[str]
) -> str:
    text = f"{', '.join(given)} annotated for {time.unit or time.unit_kind.value}"
    if reference.id != point.id:
        text += f", scaled from {reference.frequency_hz} Hz"
    if unit.speed_permille != 1000:
        text += f", divided by the speed factor {unit.speed_permille / 1000:g}"
    if "wcet" not in given:
        text += "; without an annotated wcet the largest value stands for it and is no bound"
    return text


def measured(rows: tuple[Measurement, ...], point: OperatingPoint) -> Times | None:
    """Least, mean (rounded up) and largest of what was observed, scaled from the clock of the measurement."""
    if not rows:
        return None
    values = [ceil_div(row.ns * (row.clock_hz or point.frequency_hz), point.frequency_hz) for row in rows]
    first = rows[0]
    return Times(
        min(values),
        ceil_div(sum(values), len(values)),
        max(values),
        provenance=Provenance.MEASURED,
        kind=CostKind.OBSERVED,
        note=f"{len(rows)} jobs measured on {first.device}, driver {first.driver or 'unknown'}",
    )
