"""One build record, indexed: names, anchors, colours, rates and the costs that the deployment rests on."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property

from aicompiler.metamodels.deployment import (
    Cost,
    CostKind,
    Deployment,
    Finding,
    Placement,
    Provenance,
    SolveStatus,
)
from aicompiler.metamodels.system import (
    Channel,
    CoLocate,
    Component,
    Constraint,
    Element,
    Entry,
    Flow,
    Forbid,
    Isolate,
    Link,
    Mode,
    Node,
    OperatingPoint,
    Pin,
    Port,
    Requirement,
    Separate,
    System,
    Unit,
)
from aicompiler.transformations.analysis import Facts

from ._record import BuildRecord

_LISTED = (System, Component, Entry, Channel, Flow, Mode, Node, Unit, Link, Constraint, Requirement)
_SHADES = 4
_QUOTED = re.compile("'([^']*)'")


@dataclass(frozen=True)
class Ref:
    """An element as the report shows it: label, kind and the anchor of its row ('' if it has none)."""

    id: str
    label: str
    kind: str
    anchor: str
    colour: str = ""


@dataclass(frozen=True)
class Index:
    """Look-ups over a record; everything is computed once and in model order."""

    record: BuildRecord

    @property
    def system(self) -> System:
        """The system of the record."""
        return self.record.system

    # --- names and anchors -----------------------------------------------------------------------------

    @cached_property
    def elements(self) -> dict[str, Element]:
        """Every element of the model by id."""
        return {e.id: e for e, _ in _walk(self.system, self.system)}

    @cached_property
    def _owner(self) -> dict[str, str]:
        return {e.id: owner.id for e, owner in _walk(self.system, self.system)}

    @cached_property
    def listed(self) -> tuple[Element, ...]:
        """The elements that have a row (and an anchor) of their own."""
        return tuple(e for e in self.elements.values() if isinstance(e, _LISTED))

    @cached_property
    def _anchors(self) -> dict[str, str]:
        return {e.id: f"el-{n}" for n, e in enumerate(self.listed)}

    def anchor(self, id_: str) -> str:
        """Anchor of the element's row, or of the nearest owner that has one; '' for an unknown id."""
        while id_ in self._owner:
            if id_ in self._anchors:
                return self._anchors[id_]
            id_ = self._owner[id_]
        return ""

    def label(self, id_: str) -> str:
        """A name for readers: entries carry their component's; the id where there is no name."""
        element = self.elements.get(id_)
        if element is None:
            return id_
        if isinstance(element, Entry | Port):
            return f"{self.label(self._owner[id_])}.{element.name or id_}"
        return element.name or self._described(element) or id_

    def ref(self, id_: str) -> Ref:
        """The element as a link target; unknown ids are shown as they are."""
        if (known := self._refs.get(id_)) is not None:
            return known
        element = self.elements.get(id_)
        kind = kind_name(element) if element is not None else "unknown element"
        colour = self.colour(id_) if isinstance(element, Unit) else self.component_colour(id_)
        return self._refs.setdefault(id_, Ref(id_, self.label(id_), kind, self.anchor(id_), colour))

    def _described(self, element: Element) -> str:
        """What a nameless element is, in words."""
        match element:
            case Channel(source_port=source, target_port=target):
                return f"{self.label(source)} → {self.label(target)}"
            case Pin(component=component, unit=unit):
                return f"{self.label(component)} on {self.label(unit)}"
            case Forbid(component=component, unit=unit):
                return f"{self.label(component)} not on {self.label(unit)}"
            case (
                Separate(components=components)
                | Isolate(components=components)
                | CoLocate(components=components)
            ):
                return f"{kind_name(element)} {', '.join(self.label(c) for c in components)}"
            case Constraint():
                return kind_name(element)
        return ""

    @cached_property
    def _refs(self) -> dict[str, Ref]:
        return {}

    def component_id(self, id_: str) -> str | None:
        """The component that the element is or belongs to."""
        while id_ in self.elements:
            if isinstance(self.elements[id_], Component):
                return id_
            owner = self._owner[id_]
            if owner == id_:
                return None
            id_ = owner
        return None

    def named(self, text: str) -> str:
        """A message of another stage with quoted ids replaced by the labels of what they mean."""
        return _QUOTED.sub(lambda m: f"'{self.label(m[1])}'" if m[1] in self.elements else m[0], text)

    # --- units and colours -----------------------------------------------------------------------------

    @cached_property
    def units(self) -> dict[str, Unit]:
        """Units by id, in model order."""
        return {u.id: u for u in self.system.units}

    @cached_property
    def _colours(self) -> dict[str, str]:
        seen: Counter[str] = Counter()
        colours = {}
        for unit in self.system.units:
            kind = unit.kind.value.lower()
            colours[unit.id] = f"{kind}{seen[kind] % _SHADES}"
            seen[kind] += 1
        return colours

    def colour(self, unit: str) -> str:
        """CSS class of a unit: its kind and a shade."""
        return self._colours.get(unit, "none")

    def component_colour(self, id_: str) -> str:
        """CSS class of the unit that runs the element, '' where none does."""
        component = self.component_id(id_)
        placement = self.placements.get(component) if component else None
        return self.colour(placement.unit) if placement else ""

    @cached_property
    def placements(self) -> dict[str, Placement]:
        """First replica of every placed component."""
        deployment = self.record.deployment
        return {p.component: p for p in reversed(deployment.placements)} if deployment else {}

    def where(self, placement: Placement) -> str:
        """The place in words: unit, and the core of a CPU with several."""
        unit = self.units.get(placement.unit)
        label = self.label(placement.unit)
        return f"{label}, core {placement.core}" if unit and unit.cores > 1 else label

    def point(self, unit: Unit) -> OperatingPoint | None:
        """The unit's operating point in the deployment, else its fastest."""
        deployment = self.record.deployment
        settings = {s.unit: s for s in deployment.settings} if deployment else {}
        chosen = settings[unit.id].operating_point if unit.id in settings else ""
        named = next((p for p in unit.operating_points if p.id == chosen), None)
        return named or (unit.fastest if unit.operating_points else None)

    # --- rates and costs -------------------------------------------------------------------------------

    @cached_property
    def facts(self) -> Facts:
        """The record as the checker sees it; without a deployment nothing is placed."""
        empty = Deployment(system=self.system.id, hyperperiod_ns=0, status=SolveStatus.FEASIBLE)
        deployment = self.record.deployment or empty
        return Facts(system=self.system, costs=self.record.costs, deployment=deployment)

    def due(self, entry: str, job: int) -> int | None:
        """Absolute deadline of a job, ``None`` where the model gives the entry no times."""
        timing = self.facts.timings.known.get(entry)
        return timing.due(job) if timing else None

    def window(self, entry: str) -> int | None:
        """The longest that a job of an entry may take: its deadline counts from its static release."""
        timing = self.facts.timings.known.get(entry)
        return max(timing.period_ns, timing.due_ns - timing.release_ns) if timing else None

    def period(self, component: str) -> int | None:
        """The shortest distance of two jobs of one entry of a component."""
        element = self.elements.get(component)
        entries = element.entries if isinstance(element, Component) else ()
        known = self.facts.timings.known
        return min((known[e.id].period_ns for e in entries if e.id in known), default=None)

    @cached_property
    def jobs(self) -> dict[str, int]:
        """Jobs per hyperperiod of every entry that has a period."""
        hyperperiod = self.facts.hyperperiod
        return {e: hyperperiod // t.period_ns for e, t in self.facts.timings.known.items()}

    @cached_property
    def costs_by_entry(self) -> dict[tuple[str, str], list[Cost]]:
        """Cost rows by (entry, unit), in table order."""
        rows: dict[tuple[str, str], list[Cost]] = defaultdict(list)
        for cost in self.record.costs.costs:
            rows[cost.entry, cost.unit].append(cost)
        return dict(rows)

    def cost(self, entry: str, unit: Unit) -> Cost | None:
        """The cost of an entry on a unit at the unit's operating point, else the first one there is."""
        rows = self.costs_by_entry.get((entry, unit.id), [])
        point = self.point(unit)
        exact = (c for c in rows if point is not None and c.operating_point == point.id)
        return next(exact, rows[0] if rows else None)

    @cached_property
    def used_costs(self) -> tuple[Cost, ...]:
        """The rows that the deployment rests on: each placed entry at its unit's operating point."""
        return tuple(cost for _, _, cost in self.facts.used)

    @cached_property
    def used_keys(self) -> frozenset[tuple[str, str, str]]:
        """Keys of ``used_costs``."""
        return frozenset((c.entry, c.unit, c.operating_point) for c in self.used_costs)

    # --- findings --------------------------------------------------------------------------------------

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All checks, none where nothing was checked."""
        return self.record.evidence.findings if self.record.evidence else ()

    @cached_property
    def findings_of(self) -> dict[str, list[Finding]]:
        """Checks by each element they speak of."""
        found: dict[str, list[Finding]] = defaultdict(list)
        for finding in self.findings:
            for element in dict.fromkeys(finding.elements):
                found[element].append(finding)
        return dict(found)

    def findings_below(self, id_: str) -> list[Finding]:
        """Checks of an element or of anything inside it, each once, in order."""
        inside = {id_}
        if element := self.elements.get(id_):
            inside |= {e.id for e, _ in _walk(element, element)}
        wanted = {id(f) for e in inside for f in self.findings_of.get(e, ())}
        return [f for f in self.findings if id(f) in wanted]


def is_soft(cost: Cost) -> bool:
    """Whether a number is no bound that somebody vouches for."""
    return cost.provenance in (Provenance.ESTIMATED, Provenance.ASSUMED) or cost.kind is CostKind.OBSERVED


def kind_name(element: Element) -> str:
    """The class of an element in words: ``AveragePower`` is 'average power'."""
    name = type(element).__name__
    return "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()


def _walk(element: Element, owner: Element) -> Iterator[tuple[Element, Element]]:
    yield element, owner
    for field in fields(element):
        value = getattr(element, field.name)
        for child in value if isinstance(value, tuple) else (value,):
            if isinstance(child, Element):
                yield from _walk(child, element)
