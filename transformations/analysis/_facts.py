"""What the checks judge: the model's elements looked up by id, and the deployment brought into order.

Everything is looked up tolerantly: an id that nothing bears, a second slot of one job, a core that is not
there are left out here, because one check each (``known-references``, ``one-slot-per-job``, ...) refuses
them.  No claimed number is used; placements, settings, routes and slots are taken as the decision.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from aicompiler.metamodels.deployment import (
    Cost,
    CostTable,
    Deployment,
    JobSlot,
    Placement,
    TransferSlot,
    UnitSetting,
)
from aicompiler.metamodels.system import (
    Channel,
    Component,
    Entry,
    Link,
    Node,
    OperatingPoint,
    Port,
    PortDirection,
    System,
    Unit,
    UnitKind,
)

from ._timing import Timing, Timings, Wire, timings_of

Resource = tuple[str, int]
"""What runs one job at a time: a unit and, on a CPU, a core of it (else 0)."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """One system, its costs and one deployment, indexed."""

    system: System
    costs: CostTable
    deployment: Deployment

    # --- the model ---

    @cached_property
    def components(self) -> dict[str, Component]:
        """Components by id."""
        return {c.id: c for c in self.system.components}

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """Entries by id."""
        return {e.id: e for e in self.system.entries}

    @cached_property
    def owner(self) -> dict[str, Component]:
        """The component of each entry and of each port, by id."""
        return {x.id: c for c in self.system.components for x in (*c.entries, *c.ports)}

    @cached_property
    def units(self) -> dict[str, Unit]:
        """Units by id."""
        return {u.id: u for u in self.system.units}

    @cached_property
    def nodes(self) -> dict[str, Node]:
        """The node of each unit, by the unit's id."""
        return {u.id: n for n in self.system.platform.nodes for u in n.units}

    @cached_property
    def links(self) -> dict[str, Link]:
        """Links by id."""
        return {link.id: link for link in self.system.platform.links}

    @cached_property
    def channels(self) -> dict[str, Channel]:
        """Channels by id."""
        return {c.id: c for c in self.system.application.channels}

    @cached_property
    def labels(self) -> dict[str, str]:
        """By id, the names of elements that have one of their own; an entry is ``component.entry``."""
        app, platform = self.system.application, self.system.platform
        groups = (app.components, app.channels, app.flows, platform.nodes, platform.links, self.system.units)
        names = [(x.id, x.name) for group in groups for x in group]
        names += [
            (e.id, f"{c.name}.{e.name}") for c in app.components for e in c.entries if c.name and e.name
        ]
        names += [
            (p.id, f"{u.name}.{p.name}") for u in self.system.units for p in u.operating_points if p.name
        ]
        uses = Counter(name for _, name in names)
        return {id_: name for id_, name in names if name and uses[name] == 1}

    @cached_property
    def wires(self) -> dict[str, Wire]:
        """Channels, by id, that join an out-port to an in-port, each of which one entry uses."""
        ports = {p.id: p for c in self.system.components for p in c.ports}
        wires = {}
        for channel in self.system.application.channels:
            source, target = ports.get(channel.source_port), ports.get(channel.target_port)
            if source is None or target is None or not _fit(source, target):
                continue
            producers, readers = self.users[source.id], self.users[target.id]
            if len(producers) == len(readers) == 1:
                wires[channel.id] = Wire(channel, producers[0], readers[0], source.bytes)
        return wires

    @cached_property
    def users(self) -> dict[str, list[Entry]]:
        """By port, the entries of its component that use it: those that name it, or the only one there is."""
        users: dict[str, list[Entry]] = {p.id: [] for c in self.system.components for p in c.ports}
        for component in self.system.components:
            own = [p.id for p in component.ports]
            for entry in component.entries:
                used = own if len(component.entries) == 1 and not entry.ports else entry.ports
                for port in (p for p in own if p in used):
                    users[port].append(entry)
        return users

    @cached_property
    def joining(self) -> dict[tuple[str, str], list[Wire]]:
        """Wires by the entries at their ends."""
        joining: dict[tuple[str, str], list[Wire]] = {}
        for wire in self.wires.values():
            joining.setdefault((wire.producer.id, wire.reader.id), []).append(wire)
        return joining

    @cached_property
    def timings(self) -> Timings:
        """Releases, deadlines and periods of the entries."""
        return timings_of(self.system.entries, self.wires.values())

    @cached_property
    def hyperperiod(self) -> int:
        """Recomputed length of the table; 0 if nothing has a period."""
        return self.timings.hyperperiod_ns

    def timing(self, entry: str) -> Timing:
        """The timing of an entry that has one."""
        return self.timings.known[entry]

    def jobs_of(self, entry: str) -> int:
        """How many jobs of the entry one hyperperiod holds."""
        return self.hyperperiod // self.timing(entry).period_ns

    # --- the decision ---

    @cached_property
    def settings(self) -> dict[str, UnitSetting]:
        """The first setting of each known unit."""
        return {s.unit: s for s in reversed(self.deployment.settings) if s.unit in self.units}

    def is_on(self, unit: str) -> bool:
        """Whether the unit has power; a unit without a setting counts as on."""
        return unit not in self.settings or not self.settings[unit].off

    def point(self, unit: str) -> OperatingPoint | None:
        """The operating point chosen for a unit, if it is one of the unit's own."""
        setting = self.settings.get(unit)
        points = self.units[unit].operating_points if setting else ()
        return next((p for p in points if setting and p.id == setting.operating_point), None)

    @cached_property
    def placements(self) -> tuple[Placement, ...]:
        """The placements of known components on known units."""
        return tuple(
            p for p in self.deployment.placements if p.component in self.components and p.unit in self.units
        )

    @cached_property
    def placed(self) -> dict[str, list[Placement]]:
        """The placements of each component, replica 0 first."""
        placed: dict[str, list[Placement]] = {}
        for placement in sorted(self.placements, key=lambda p: p.replica):
            placed.setdefault(placement.component, []).append(placement)
        return placed

    def home(self, entry: str) -> str | None:
        """The unit of an entry's first replica."""
        places = self.placed.get(self.owner[entry].id)
        return places[0].unit if places else None

    def cost(self, entry: str, placement: Placement) -> Cost | None:
        """The cost row of an entry where it is placed: chosen operating point and variant."""
        point = self.point(placement.unit)
        rows = self._rows.get((entry, placement.unit, point.id if point else ""), [])
        own = {b.id for b in self.entries[entry].behaviours}
        if placement.variant in own:
            return next((r for r in rows if r.variant == placement.variant), None)
        return rows[0] if rows else None

    @cached_property
    def _rows(self) -> dict[tuple[str, str, str], list[Cost]]:
        rows: dict[tuple[str, str, str], list[Cost]] = {}
        for cost in self.costs.costs:
            if cost.mode is None:
                rows.setdefault((cost.entry, cost.unit, cost.operating_point), []).append(cost)
        return rows

    @cached_property
    def used(self) -> list[tuple[Entry, Placement, Cost]]:
        """Each entry of each replica with the cost row it uses, where there is one."""
        pairs = [(e, p) for p in self.placements for e in self.components[p.component].entries]
        return [(e, p, c) for e, p in pairs if (c := self.cost(e.id, p)) is not None]

    @cached_property
    def slots(self) -> dict[tuple[str, str], dict[int, JobSlot]]:
        """By entry and unit: the first slot of each job of the hyperperiod, in the order of the jobs."""
        slots: dict[tuple[str, str], dict[int, JobSlot]] = {}
        for slot in sorted(self.deployment.jobs, key=lambda s: s.job):
            if slot.entry in self.timings.known and 0 <= slot.job < self.jobs_of(slot.entry):
                slots.setdefault((slot.entry, slot.unit), {}).setdefault(slot.job, slot)
        return slots

    def has_all_slots(self, entry: str, unit: str | None) -> bool:
        """Whether each job of the entry has a slot on the unit."""
        return entry in self.timings.known and len(self.slots.get((entry, unit or ""), ())) == self.jobs_of(
            entry
        )

    def span(self, entry: str, unit: str, job: int) -> tuple[int, int]:
        """Start and end of a job, of any round of the table: job numbers go on, and may be negative."""
        rounds, number = divmod(job, self.jobs_of(entry))
        slot = self.slots[entry, unit][number]
        return slot.start_ns + rounds * self.hyperperiod, slot.end_ns + rounds * self.hyperperiod

    # --- what crosses links ---

    @cached_property
    def routes(self) -> dict[str, tuple[str, ...]]:
        """The links of the first route of each channel."""
        return {r.channel: r.links for r in reversed(self.deployment.routes)}

    @cached_property
    def crossings(self) -> dict[str, tuple[Wire, str, str]]:
        """By channel: wires whose ends are placed on different units, with both units."""
        homes = {c: (w, self.home(w.producer.id), self.home(w.reader.id)) for c, w in self.wires.items()}
        return {c: (w, a, b) for c, (w, a, b) in homes.items() if a is not None and b is not None and a != b}

    @cached_property
    def hops(self) -> dict[str, dict[int, dict[int, TransferSlot]]]:
        """By channel, value number and hop: the first such transfer."""
        hops: dict[str, dict[int, dict[int, TransferSlot]]] = {}
        for slot in self.deployment.transfers:
            hops.setdefault(slot.channel, {}).setdefault(slot.job, {}).setdefault(slot.hop, slot)
        return hops

    def transfer(self, channel: str, value: int, hop: int) -> TransferSlot | None:
        """The first transfer of a value of the hyperperiod over a hop."""
        return self.hops.get(channel, {}).get(value, {}).get(hop)

    def arrival(self, wire: Wire, job: int) -> int | None:
        """When the value of a producer's job is at the reader's unit; ``None`` if no slot says so."""
        unit = self.home(wire.producer.id)
        if unit is None or not self.has_all_slots(wire.producer.id, unit):
            return None
        if wire.channel.id not in self.crossings:
            return self.span(wire.producer.id, unit, job)[1]
        rounds, number = divmod(job, self.jobs_of(wire.producer.id))
        last = len(self.routes.get(wire.channel.id, ())) - 1
        slot = self.transfer(wire.channel.id, number, last)
        return slot.end_ns + rounds * self.hyperperiod if slot else None

    def resource(self, placement: Placement) -> Resource | None:
        """The core or queue that a placement shares with others; ``None`` on an FPGA."""
        kind = self.units[placement.unit].kind
        if kind is UnitKind.FPGA:
            return None
        return placement.unit, placement.core if kind is UnitKind.CPU else 0


def transfer_ns(link: Link, count: int) -> int | None:
    """Time that a link needs for ``count`` bytes: latency plus bytes over bandwidth, rounded up.

    ``None`` on a link without bandwidth, which carries nothing.
    """
    if link.bandwidth_bytes_per_s <= 0:
        return None
    whole, rest = divmod(count * 1_000_000_000, link.bandwidth_bytes_per_s)
    return link.latency_ns + whole + (1 if rest else 0)


def _fit(source: Port, target: Port) -> bool:
    return source.direction is PortDirection.OUT and target.direction is PortDirection.IN
