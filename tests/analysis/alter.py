"""Ways to alter one thing in a correct case; each mutation takes a case and gives the altered one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from aicompiler.metamodels.deployment import (
    CostTable,
    Deployment,
    JobSlot,
    Placement,
    SolveStatus,
    UnitSetting,
)
from aicompiler.metamodels.system import (
    Area,
    Attribute,
    Component,
    ElementType,
    Entry,
    LinkKind,
    Mode,
    OnData,
    Periodic,
    Region,
)

MS = 1_000_000

Mutation = Callable[[Any], Any]


def altered(items: tuple[Any, ...], change: dict[str, Any], **key: Any) -> tuple[Any, ...]:
    """The items, with ``change`` applied to the one that has the values in ``key``."""
    found = [i for i in items if all(getattr(i, k) == v for k, v in key.items())]
    assert len(found) == 1, f"{len(found)} items have {key}"
    return tuple(replace(i, **change) if i is found[0] else i for i in items)


def decided(**fields: Callable[[Deployment], Any]) -> Mutation:
    """A mutation of fields of the deployment."""
    return lambda c: replace(
        c, deployment=replace(c.deployment, **{k: f(c.deployment) for k, f in fields.items()})
    )


def slot(entry: str, number: int, on: str, start: float | None = None, **change: Any) -> Mutation:
    """Change a job's slot; ``start`` in milliseconds moves it."""

    def change_of(d: Deployment) -> dict[str, Any]:
        if start is None:
            return change
        old = next(s for s in d.jobs if (s.entry, s.job, s.unit) == (f"{entry}.step", number, on))
        begin = int(start * MS)
        return {"start_ns": begin, "end_ns": begin + old.end_ns - old.start_ns, **change}

    return decided(jobs=lambda d: altered(d.jobs, change_of(d), entry=f"{entry}.step", job=number, unit=on))


def transfer(of: str, number: int, at: int, start: float | None = None, **change: Any) -> Mutation:
    """Change a transfer; ``start`` in milliseconds moves it (all take one millisecond)."""
    if start is not None:
        change = {"start_ns": int(start * MS), "end_ns": int(start * MS) + MS, **change}
    return decided(transfers=lambda d: altered(d.transfers, change, channel=of, job=number, hop=at))


def place(component: str, number: int = 0, **change: Any) -> Mutation:
    """Change a placement."""
    return decided(placements=lambda d: altered(d.placements, change, component=component, replica=number))


def setting(of: str, **change: Any) -> Mutation:
    """Change the setting of a unit."""
    return decided(settings=lambda d: altered(d.settings, change, unit=of))


def cost(of: str, on: str, **change: Any) -> Mutation:
    """Change a row of the cost table, at the fast operating point."""
    key = {"entry": f"{of}.step", "unit": on, "operating_point": f"{on}.fast"}
    return lambda c: replace(c, costs=CostTable(costs=altered(c.costs.costs, change, **key)))


def objective(**change: Any) -> Mutation:
    """Change the claimed objective."""
    return decided(objectives=lambda d: (replace(d.objectives[0], **change),))


def application(field: str, change: dict[str, Any], **key: Any) -> Mutation:
    """Change a component, channel or flow of the model."""

    def mutate(c: Any) -> Any:
        app = c.system.application
        app = replace(app, **{field: altered(getattr(app, field), change, **key)})
        return replace(c, system=replace(c.system, application=app))

    return mutate


def entry(component: str, **change: Any) -> Mutation:
    """Change the entry of a component."""

    def mutate(c: Any) -> Any:
        old = next(x for x in c.system.components if x.id == component)
        return application("components", {"entries": (replace(old.entries[0], **change),)}, id=component)(c)

    return mutate


def unit(id_: str, **change: Any) -> Mutation:
    """Change a unit of the platform."""

    def mutate(c: Any) -> Any:
        nodes = c.system.platform.nodes
        nodes = tuple(
            replace(n, units=altered(n.units, change, id=id_)) if any(u.id == id_ for u in n.units) else n
            for n in nodes
        )
        return replace(c, system=replace(c.system, platform=replace(c.system.platform, nodes=nodes)))

    return mutate


def constraint(new: Any = None, id_: str = "", **change: Any) -> Mutation:
    """Add a constraint, or change one."""

    def mutate(c: Any) -> Any:
        old = c.system.constraints
        return replace(
            c, system=replace(c.system, constraints=altered(old, change, id=id_) if id_ else (*old, new))
        )

    return mutate


def both(*mutations: Mutation) -> Mutation:
    """Several mutations, one after the other."""

    def mutate(c: Any) -> Any:
        for mutation in mutations:
            c = mutation(c)
        return c

    return mutate


feasible = decided(status=lambda _: SolveStatus.FEASIBLE)
unclaimed = both(feasible, decided(objectives=lambda _: ()))


def extra(field: str, item: Any) -> Mutation:
    """One more placement, slot, ... in the deployment."""
    return decided(**{field: lambda d: (*getattr(d, field), item)})


def without(field: str, **key: Any) -> Mutation:
    """The deployment without the item that has the values in ``key``."""

    def kept(d: Deployment) -> tuple[Any, ...]:
        items = getattr(d, field)
        left = tuple(i for i in items if any(getattr(i, k) != v for k, v in key.items()))
        assert len(left) == len(items) - 1
        return left

    return decided(**{field: kept})


def component(new: Component, places: tuple[Placement, ...], **costs: Any) -> Mutation:
    """One more component of the model, placed, with cost rows like those of ``dog`` on the same unit."""

    def mutate(c: Any) -> Any:
        app = replace(c.system.application, components=(*c.system.components, new))
        like = next(r for r in c.costs.costs if r.entry == "dog.step" and r.operating_point == "remote.fast")
        rows = tuple(
            replace(like, entry=e.id, unit=p.unit, operating_point=f"{p.unit}.fast", **costs)
            for e in new.entries
            for p in places
        )
        deployment = replace(c.deployment, placements=(*c.deployment.placements, *places))
        system = replace(c.system, application=app)
        return replace(
            c, system=system, costs=CostTable(costs=(*c.costs.costs, *rows)), deployment=deployment
        )

    return both(unclaimed, mutate)


def job(entry_: str, unit_: str, core: int, start: int, number: int = 0, length: int = 1) -> JobSlot:
    """A slot, in milliseconds."""
    return JobSlot(
        entry=entry_, job=number, unit=unit_, core=core, start_ns=start * MS, end_ns=(start + length) * MS
    )


def with_mode(c: Any) -> Any:
    """Give the model a mode."""
    app = replace(c.system.application, modes=(Mode(id="night"),))
    return replace(c, system=replace(c.system, application=app))


def copy_of_transfer(**change: Any) -> Mutation:
    """A changed copy of the first transfer of ``blobs``, at a time when the link is free."""

    def mutate(c: Any) -> Any:
        first = next(t for t in c.deployment.transfers if t.channel == "blobs")
        return extra("transfers", replace(first, start_ns=13 * MS, end_ns=14 * MS, **change))(c)

    return mutate


def without_bandwidth(c: Any) -> Any:
    """The network link carries nothing."""
    platform = c.system.platform
    links = altered(platform.links, {"bandwidth_bytes_per_s": 0}, id="eth")
    return replace(c, system=replace(c.system, platform=replace(platform, links=links)))


def radio_through_hub(c: Any) -> Any:
    """Send the log over a hub that is off instead of over the CPU."""
    platform = c.system.platform
    spare = next(u for u in c.system.units if u.id == "spare")
    point = replace(spare.operating_points[0], id="hub.fast")
    hub = replace(spare, id="hub", operating_points=(point,))
    bus, eth = platform.links
    radio = replace(eth, id="radio", kind=LinkKind.NETWORK, ends=("hub", "remote"))
    links = (replace(bus, ends=(*bus.ends, "hub")), eth, radio)
    nodes = (replace(platform.nodes[0], units=(*platform.nodes[0].units, hub)), platform.nodes[1])
    c = replace(c, system=replace(c.system, platform=replace(platform, nodes=nodes, links=links)))
    return both(
        extra("settings", UnitSetting(unit="hub", operating_point="hub.fast", off=True)),
        decided(routes=lambda d: altered(d.routes, {"links": ("bus", "radio")}, channel="log")),
        transfer("log", 0, 1, link="radio"),
        transfer("log", 1, 1, link="radio"),
    )(c)


TWIN = Component(
    id="twin",
    entries=tuple(Entry(id=f"twin.{x}", activation=Periodic(period_ns=20 * MS)) for x in "ab"),
)
LONE = Component(id="lone", entries=(Entry(id="lone.step", activation=OnData()),))
REGION = Region(id="r1", area=Area(id="r1.area", lut=100, ff=100, bram=1, dsp=2))
ON_FPGA = (Placement(component="twin", unit="fpga", region="r1"),)
SEQUENTIAL = (job("twin.a", "fpga", 0, 0), job("twin.b", "fpga", 0, 1))


def with_region(**costs: Any) -> Mutation:
    """The component ``twin`` in a region of the FPGA, which has room for it."""
    room = Area(id="fpga.area", lut=1100, ff=2100, bram=11, dsp=22)
    return both(
        unit("fpga", regions=(REGION,), area=room),
        component(TWIN, ON_FPGA, **costs),
        decided(jobs=lambda d: (*d.jobs, *SEQUENTIAL)),
    )


STATE = Attribute(id="twin.n", name="n", element_type=ElementType.I32)
STATEFUL_TWIN = component(replace(TWIN, attributes=(STATE,)), (Placement(component="twin", unit="fpga"),))
"""The component ``twin`` with state, its entries ``a`` and ``b`` on the FPGA, without slots."""


def twin_slots(*starts: tuple[str, int]) -> Mutation:
    """Slots of a millisecond for entries of ``twin``."""
    return decided(jobs=lambda d: (*d.jobs, *(job(f"twin.{e}", "fpga", 0, at) for e, at in starts)))
