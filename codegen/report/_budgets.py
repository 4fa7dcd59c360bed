"""Values against limits: flows, power, energy, area, memory; and where energy and area go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from aicompiler.metamodels.deployment import Finding, Verdict
from aicompiler.metamodels.system import Channel, Constraint, Entry, Flow, Link, Port, UnitKind

from ._architecture import is_off
from ._format import percent, quantity
from ._index import Index, Ref

RESOURCES = ("lut", "ff", "bram", "dsp")


@dataclass(frozen=True)
class Bar:
    """A value against a limit; ``fill`` and ``mark`` are percents of the scale, the larger of both."""

    check: str
    elements: tuple[Ref, ...]
    message: str
    verdict: str
    value: int
    limit: int
    unit: str
    fill: str
    mark: str
    margin: str


@dataclass(frozen=True)
class FlowView:
    """A flow, its path and its bars; ``None`` as a deadline says that nothing bounds it."""

    ref: Ref
    deadline_ns: int | None
    bound: str
    path: tuple[Ref, ...]
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class EnergyRow:
    """Energy of one hyperperiod, and as average power."""

    ref: Ref
    note: str
    static_fj: int
    busy_fj: int
    total_fj: int
    power: str
    share: str


@dataclass(frozen=True)
class AreaRow:
    """One resource of one FPGA: who uses how much of what may be used."""

    unit: Ref
    resource: str
    used: int
    limit: int
    fill: str
    parts: tuple[tuple[Ref, int], ...]


def bar(index: Index, finding: Finding) -> Bar | None:
    """The finding as a bar, if it holds a value against a positive limit."""
    value, limit = finding.value, finding.limit
    if value is None or limit is None or limit <= 0 or value < 0:
        return None
    scale = max(value, limit)
    below, failed = value <= limit, finding.verdict is Verdict.FAIL
    words = {
        (True, False): "left",
        (False, True): "over",
        (False, False): "above the minimum",
        (True, True): "short",
    }
    gap = quantity(abs(limit - value), finding.unit)
    return Bar(
        check=finding.check,
        elements=tuple(index.ref(e) for e in finding.elements),
        message=finding.message,
        verdict=finding.verdict.value,
        value=value,
        limit=limit,
        unit=finding.unit,
        fill=f"{value * 100 / scale:.2f}%",
        mark=f"{limit * 100 / scale:.2f}%",
        margin=f"{gap} {words[below, failed]} ({percent(abs(limit - value), limit)})",
    )


def flows(index: Index) -> tuple[FlowView, ...]:
    """Every flow with the checks that measure it."""
    return tuple(
        FlowView(
            ref=index.ref(flow.id),
            deadline_ns=flow.deadline_ns,
            bound=flow.bound.value.replace("_", " "),
            path=tuple(index.ref(e) for e in flow.entries),
            bars=tuple(b for f in index.findings_of.get(flow.id, ()) if (b := bar(index, f))),
        )
        for flow in index.system.application.flows
    )


def entry_bars(index: Index) -> tuple[Bar, ...]:
    """Checks of a single entry that hold a value against a limit: its tightest job against its deadline."""
    found = (f for f in index.findings if len([e for e in f.elements if _is_entry(index, e)]) == 1)
    return tuple(b for f in found if not _of_flow(index, f) and (b := bar(index, f)))


def _is_entry(index: Index, element: str) -> bool:
    return isinstance(index.elements.get(element), Entry)


def _of_flow(index: Index, finding: Finding) -> bool:
    return any(isinstance(index.elements.get(e), Flow) for e in finding.elements)


def budgets(index: Index) -> tuple[Bar, ...]:
    """Checks of a constraint, a unit or a link that hold a value against a limit."""
    return tuple(b for f in index.findings if _is_budget(index, f) and (b := bar(index, f)))


def _is_budget(index: Index, finding: Finding) -> bool:
    elements = [index.elements.get(e) for e in finding.elements]
    if finding.check == "area" or any(isinstance(e, Flow | Entry | Channel) for e in elements):
        return False  # areas have a table of their own
    return any(isinstance(e, Constraint | Link) or (e is not None and e.id in index.units) for e in elements)


def energy(index: Index) -> tuple[EnergyRow, ...]:
    """Energy of a hyperperiod by unit and link, the total last; empty without a deployment."""
    deployment = index.record.deployment
    if deployment is None or deployment.hyperperiod_ns <= 0:
        return ()
    period = deployment.hyperperiod_ns
    busy: dict[str, int] = defaultdict(int)
    for entry, placement, cost in index.facts.used:
        busy[placement.unit] += cost.energy_fj * index.jobs.get(entry.id, 0)
    rows: list[tuple[Ref, str, int, int]] = []
    for unit in index.system.units:
        off = is_off(index, unit.id)
        static = 0 if off else unit.static_power_uw * period
        rows.append((index.ref(unit.id), "switched off" if off else "", static, busy[unit.id]))
    rows += [(index.ref(link), "transfers", 0, fj) for link, fj in _transfer_energy(index)]
    total = sum(static + work for _, _, static, work in rows)
    everything = Ref("", "Whole platform", "total", "")
    rows.append((everything, "", sum(r[2] for r in rows), sum(r[3] for r in rows)))
    return tuple(
        EnergyRow(ref, note, s, b, s + b, quantity((s + b) // period, "uw"), percent(s + b, total))
        for ref, note, s, b in rows
    )


def _transfer_energy(index: Index) -> Iterator[tuple[str, int]]:
    deployment = index.record.deployment
    used: dict[str, int] = defaultdict(int)
    for transfer in deployment.transfers if deployment else ():
        channel, link = index.elements.get(transfer.channel), index.elements.get(transfer.link)
        port = index.elements.get(channel.source_port) if isinstance(channel, Channel) else None
        if isinstance(port, Port) and isinstance(link, Link):
            used[link.id] += port.bytes * link.energy_fj_per_byte
    yield from ((link.id, used[link.id]) for link in index.system.platform.links if link.id in used)


def area(index: Index) -> tuple[AreaRow, ...]:
    """Resources of every FPGA against what its fill limit leaves."""
    return tuple(_area(index))


def _area(index: Index) -> Iterator[AreaRow]:
    for unit in index.system.units:
        if unit.kind is not UnitKind.FPGA or unit.area is None:
            continue
        for resource in RESOURCES:
            limit = getattr(unit.area, resource) * unit.fill_permille // 1000
            parts: dict[str, int] = defaultdict(int)
            for _, placement, cost in index.facts.used:
                if placement.unit == unit.id:
                    parts[placement.component] += getattr(cost, resource)
            used = sum(parts.values())
            fill = f"{min(used, limit) * 100 / limit:.2f}%" if limit else "0%"
            users = tuple((index.ref(c), n) for c, n in parts.items() if n)
            yield AreaRow(index.ref(unit.id), resource.upper(), used, limit, fill, users)
