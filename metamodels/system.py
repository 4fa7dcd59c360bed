"""The system: an application, the platform it may run on, and what must hold (mirrors ``system.ecore``).

Every number is an integer and its unit stands in the field's name: ``_ns``, ``_fj`` (1 µW x 1 ns), ``_uw``,
``_bytes``, ``_hz``.  A reference is the id of the element meant; ``System.element`` resolves it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import Enum
from functools import cached_property
from math import prod
from typing import Annotated, TypeVar

from ._features import Reference

ComponentRef = Annotated[str, Reference("Component", "system")]
EntryRef = Annotated[str, Reference("Entry", "system")]
PortRef = Annotated[str, Reference("Port", "system")]
ChannelRef = Annotated[str, Reference("Channel", "system")]
FlowRef = Annotated[str, Reference("Flow", "system")]
ModeRef = Annotated[str, Reference("Mode", "system")]
NodeRef = Annotated[str, Reference("Node", "system")]
UnitRef = Annotated[str, Reference("Unit", "system")]
RegionRef = Annotated[str, Reference("Region", "system")]
OperatingPointRef = Annotated[str, Reference("OperatingPoint", "system")]
LinkRef = Annotated[str, Reference("Link", "system")]
BehaviourRef = Annotated[str, Reference("Behaviour", "system")]
ConstraintRef = Annotated[str, Reference("Constraint", "system")]
ElementRef = Annotated[str, Reference("Element", "system")]
SystemRef = Annotated[str, Reference("System", "system")]

_E = TypeVar("_E", bound="Element")


class ElementType(Enum):
    """Element type of a port or attribute; the value is its spelling in kernels and generated names."""

    BOOL = "bool"
    I8 = "i8"
    I16 = "i16"
    I32 = "i32"
    I64 = "i64"
    U8 = "u8"
    U16 = "u16"
    U32 = "u32"
    U64 = "u64"
    F32 = "f32"
    F64 = "f64"

    @property
    def bytes(self) -> int:
        """Size of one value in memory."""
        return 1 if self is ElementType.BOOL else int(self.value[1:]) // 8

    @property
    def is_float(self) -> bool:
        """Whether values are IEEE 754 floating point."""
        return self.value[0] == "f"

    @property
    def is_signed(self) -> bool:
        """Whether integer values are two's complement signed."""
        return self.value[0] == "i"


class PortDirection(Enum):
    """Seen from the component that owns the port."""

    IN = "in"
    OUT = "out"


class ChannelProtocol(Enum):
    """How a reader's job finds its value."""

    QUEUE = "queue"
    SAMPLE = "sample"
    CALL = "call"


class FlowBound(Enum):
    """What the deadline of a flow bounds."""

    REACTION = "reaction"
    DATA_AGE = "data_age"


class UnitKind(Enum):
    """Kind of processing unit."""

    CPU = "CPU"
    GPU = "GPU"
    FPGA = "FPGA"
    NPU = "NPU"


class SchedulingPolicy(Enum):
    """How a unit orders the jobs of what is placed on it."""

    TIME_TABLE = "time_table"
    FIXED_PRIORITY = "fixed_priority"
    EDF = "edf"


class LinkKind(Enum):
    """What a link physically is."""

    ON_CHIP = "on_chip"
    BUS = "bus"
    NETWORK = "network"


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where in the user's files an element comes from."""

    file: str = ""
    xml_id: str = ""
    qualified_name: str = ""
    line: int = 0

    def __str__(self) -> str:
        """``file:line: qualified name``, leaving out what is unknown."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (place, self.qualified_name) if part)


@dataclass(frozen=True, kw_only=True)
class Element:
    """Anything with an identity: ``id`` is unique in the system and matches across versions."""

    id: str
    name: str = ""
    source: Source | None = None

    @property
    def place(self) -> str:
        """Where to look for this element, for messages."""
        return str(self.source) if self.source else self.name or self.id


# --- application ------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Activation:
    """When jobs of an entry are released (abstract)."""


@dataclass(frozen=True, kw_only=True)
class Periodic(Activation):
    """A job every ``period_ns`` from ``offset_ns``, released at most ``jitter_ns`` late."""

    period_ns: int
    offset_ns: int = 0
    jitter_ns: int = 0


@dataclass(frozen=True, kw_only=True)
class Sporadic(Activation):
    """Jobs at least ``min_interarrival_ns`` apart."""

    min_interarrival_ns: int
    jitter_ns: int = 0


@dataclass(frozen=True, kw_only=True)
class OnData(Activation):
    """A job whenever each QUEUE input holds its ``consume`` values."""


@dataclass(frozen=True, kw_only=True)
class Port(Element):
    """A typed connection point; an empty shape is a scalar.

    ``extents`` names, per dimension, the constant that gives the extent ('' where it is a literal): kernels
    are tested at other extents by giving these constants other values.
    """

    direction: PortDirection
    element_type: ElementType
    shape: tuple[int, ...] = ()
    extents: tuple[str, ...] = ()

    @property
    def bytes(self) -> int:
        """Size of one value that passes through the port."""
        return self.element_type.bytes * prod(self.shape)


@dataclass(frozen=True, kw_only=True)
class Attribute(Element):
    """Private state of a component, kept from job to job, initialised with ``default`` (C literals)."""

    element_type: ElementType
    shape: tuple[int, ...] = ()
    extents: tuple[str, ...] = ()
    default: tuple[str, ...] = ()

    @property
    def bytes(self) -> int:
        """Size of the attribute in memory."""
        return self.element_type.bytes * prod(self.shape)


@dataclass(frozen=True, kw_only=True)
class Constant(Element):
    """A named compile-time value that bodies may use (a read-only attribute of the model)."""

    element_type: ElementType
    value: str


@dataclass(frozen=True, kw_only=True)
class Behaviour(Element):
    """One body in one language: the inside of ``void step(ports..., attributes...)``."""

    language: str
    body: str


@dataclass(frozen=True, kw_only=True)
class ExecutionTime(Element):
    """Annotated execution time of an entry: on ``unit``, else on every unit of ``unit_kind``.

    Without ``operating_point`` it holds at the unit's fastest point and scales with the frequency.
    """

    unit_kind: UnitKind
    unit: UnitRef | None = None
    operating_point: OperatingPointRef | None = None
    bcet_ns: int | None = None
    acet_ns: int | None = None
    wcet_ns: int | None = None
    energy_fj: int | None = None


@dataclass(frozen=True, kw_only=True)
class Entry(Element):
    """An operation of a component that jobs execute; the first behaviour is the reference variant.

    ``deadline_ns`` is relative to activation; ``None``: the period, or for OnData the producer's deadline.
    ``ports`` are those of its component that its jobs read and write; the only entry of a component that
    names none uses them all.
    """

    activation: Activation
    deadline_ns: int | None = None
    behaviours: tuple[Behaviour, ...] = ()
    times: tuple[ExecutionTime, ...] = ()
    ports: tuple[PortRef, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Component(Element):
    """The unit of placement: an instance, with entries that share its private state."""

    entries: tuple[Entry, ...]
    ports: tuple[Port, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    constants: tuple[Constant, ...] = ()
    criticality: int = 0
    replicas: int = 1
    memory_bytes: int = 0

    def ports_of(self, entry: Entry) -> tuple[Port, ...]:
        """The ports that jobs of ``entry`` read and write, in model order."""
        if not entry.ports and len(self.entries) == 1:
            return self.ports
        return tuple(p for p in self.ports if p.id in entry.ports)

    def users_of(self, port: str) -> tuple[Entry, ...]:
        """The entries that use a port of this component; in a sound model one where it is connected."""
        if len(self.entries) == 1 and not self.entries[0].ports:
            return self.entries
        return tuple(e for e in self.entries if port in e.ports)


@dataclass(frozen=True, kw_only=True)
class Channel(Element):
    """One out-port to one in-port; ``protocol_assumed`` says that the default rule chose the protocol."""

    source_port: PortRef
    target_port: PortRef
    protocol: ChannelProtocol
    capacity: int = 2
    consume: int = 1
    initial: tuple[str, ...] = ()
    protocol_assumed: bool = False


@dataclass(frozen=True, kw_only=True)
class Flow(Element):
    """An end-to-end flow along ``entries``; ``max_outage_ns`` bounds its silence in a reconfiguration."""

    entries: tuple[EntryRef, ...]
    deadline_ns: int | None = None
    bound: FlowBound = FlowBound.REACTION
    max_outage_ns: int | None = None


@dataclass(frozen=True, kw_only=True)
class ModeActivation(Element):
    """In its mode, ``entry`` has another activation."""

    entry: EntryRef
    activation: Activation


@dataclass(frozen=True, kw_only=True)
class Mode(Element):
    """An operational mode: entries not listed keep their activation."""

    activations: tuple[ModeActivation, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Requirement(Element):
    """A requirement of the model and what satisfies it."""

    text: str = ""
    identifier: str = ""
    satisfied_by: tuple[ElementRef, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Application(Element):
    """What is to be executed."""

    components: tuple[Component, ...] = ()
    channels: tuple[Channel, ...] = ()
    flows: tuple[Flow, ...] = ()
    modes: tuple[Mode, ...] = ()


# --- platform ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Where the value of ``feature`` comes from; ``assumed`` if no source states it."""

    feature: str
    origin: str
    assumed: bool = False


@dataclass(frozen=True, kw_only=True)
class OperatingPoint(Element):
    """A clock of a unit; ``dynamic_power_uw`` when busy (per core on a CPU)."""

    frequency_hz: int
    dynamic_power_uw: int = 0


@dataclass(frozen=True, kw_only=True)
class Area(Element):
    """An amount of FPGA resources."""

    lut: int = 0
    ff: int = 0
    bram: int = 0
    dsp: int = 0


@dataclass(frozen=True, kw_only=True)
class Region(Element):
    """A region for partial reconfiguration: one module at a time."""

    area: Area
    reconfiguration_ns: int = 0


@dataclass(frozen=True, kw_only=True)
class Unit(Element):
    """One failure, clock and memory domain on a node.

    ``ops_per_cycle`` is per core on a CPU and of the whole device elsewhere; ``speed_permille`` scales
    annotated times (MARTE speedFactor, 1000 = as annotated); ``fill_permille`` is how much of ``area`` may be
    used; ``failure_rate_fit`` counts failures in 10^9 hours.
    """

    kind: UnitKind
    cores: int = 1
    operating_points: tuple[OperatingPoint, ...] = ()
    policy: SchedulingPolicy | None = None
    static_power_uw: int = 0
    memory_bytes: int | None = None
    memory_bandwidth_bytes_per_s: int | None = None
    ops_per_cycle: int = 1
    launch_overhead_ns: int = 0
    speed_permille: int = 1000
    area: Area | None = None
    fill_permille: int = 1000
    regions: tuple[Region, ...] = ()
    failure_rate_fit: int = 0
    can_fail: bool = True
    device: str = ""
    figures: tuple[Figure, ...] = ()

    @property
    def fastest(self) -> OperatingPoint:
        """The operating point with the highest clock (the first of equals)."""
        return max(self.operating_points, key=lambda p: p.frequency_hz)


@dataclass(frozen=True, kw_only=True)
class Node(Element):
    """A board or machine with its own address space: one generated executable."""

    units: tuple[Unit, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Link(Element):
    """An exclusive communication resource between the units in ``ends`` (a bus has many)."""

    kind: LinkKind
    ends: tuple[UnitRef, ...]
    latency_ns: int = 0
    bandwidth_bytes_per_s: int
    energy_fj_per_byte: int = 0
    failure_rate_fit: int = 0
    figures: tuple[Figure, ...] = ()

    def transfer_ns(self, size: int) -> int:
        """Time to carry ``size`` bytes, rounded up."""
        return self.latency_ns - (-size * 1_000_000_000 // self.bandwidth_bytes_per_s)


@dataclass(frozen=True, kw_only=True)
class Platform(Element):
    """What there is to execute on."""

    nodes: tuple[Node, ...] = ()
    links: tuple[Link, ...] = ()


# --- constraints ------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Constraint(Element):
    """Something a deployment must respect (abstract)."""


@dataclass(frozen=True, kw_only=True)
class Pin(Constraint):
    """``component`` runs on ``unit``, on ``core`` of it if that is given."""

    component: ComponentRef
    unit: UnitRef
    core: int | None = None


@dataclass(frozen=True, kw_only=True)
class Forbid(Constraint):
    """``component`` does not run on ``unit``."""

    component: ComponentRef
    unit: UnitRef


@dataclass(frozen=True, kw_only=True)
class Separate(Constraint):
    """No two of ``components`` on the same unit."""

    components: tuple[ComponentRef, ...]


@dataclass(frozen=True, kw_only=True)
class Isolate(Constraint):
    """No two of ``components`` on the same core."""

    components: tuple[ComponentRef, ...]


@dataclass(frozen=True, kw_only=True)
class CoLocate(Constraint):
    """All of ``components`` on the same unit."""

    components: tuple[ComponentRef, ...]


@dataclass(frozen=True, kw_only=True)
class AveragePower(Constraint):
    """Energy of a hyperperiod over its length, of ``node`` or of the whole platform."""

    limit_uw: int
    node: NodeRef | None = None


@dataclass(frozen=True, kw_only=True)
class PeakPower(Constraint):
    """Static power plus the dynamic power of all that may be busy at once."""

    limit_uw: int
    node: NodeRef | None = None


@dataclass(frozen=True, kw_only=True)
class EnergyBudget(Constraint):
    """Energy of one hyperperiod."""

    limit_fj: int


@dataclass(frozen=True, kw_only=True)
class ReliabilityGoal(Constraint):
    """``flow`` survives ``mission_ns`` with probability at least ``minimum_ppb`` in 10^9."""

    flow: FlowRef
    mission_ns: int
    minimum_ppb: int


# --- what the model already says about the result ---------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Allocation(Element):
    """Where the model puts ``component`` today; ``by`` names the relation that says so.  No constraint."""

    component: ComponentRef
    unit: UnitRef
    by: str = ""


@dataclass(frozen=True, kw_only=True)
class StatedResult(Element):
    """A result of an earlier analysis that the model keeps (``statQ=calc``): compared, never an input.

    ``figure`` names the quantity with its unit, as fields do: ``response_ns``, ``utilisation_permille``.
    """

    subject: ElementRef
    figure: str
    value: int


# --- the root ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class System(Element):
    """One model, understood."""

    application: Application
    platform: Platform
    constraints: tuple[Constraint, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    allocations: tuple[Allocation, ...] = ()
    stated_results: tuple[StatedResult, ...] = ()

    def element(self, cls: type[_E], id_: str) -> _E:
        """The element of class ``cls`` with this id; ``KeyError`` if there is none."""
        found = self._index[id_]
        if not isinstance(found, cls):
            raise KeyError(f"{id_!r} is a {type(found).__name__}, not a {cls.__name__}")
        return found

    def owner(self, id_: str) -> Element:
        """The element that directly contains the element with this id."""
        return self._owners[id_]

    @property
    def components(self) -> tuple[Component, ...]:
        """All components, in model order."""
        return self.application.components

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All entries, in model order."""
        return tuple(e for c in self.components for e in c.entries)

    @property
    def units(self) -> tuple[Unit, ...]:
        """All units of all nodes, in model order."""
        return tuple(u for n in self.platform.nodes for u in n.units)

    def component_of(self, id_: str) -> Component:
        """The component that owns an entry, port, attribute or behaviour."""
        element: Element = self._index[id_]
        while not isinstance(element, Component):
            element = self._owners[element.id]
        return element

    def node_of(self, unit: str) -> Node:
        """The node that a unit sits on."""
        owner = self._owners[unit]
        assert isinstance(owner, Node)
        return owner

    @cached_property
    def _index(self) -> dict[str, Element]:
        return {e.id: e for e, _ in _walk(self, self)}

    @cached_property
    def _owners(self) -> dict[str, Element]:
        return {e.id: owner for e, owner in _walk(self, self)}


def _walk(element: Element, owner: Element) -> Iterator[tuple[Element, Element]]:
    yield element, owner
    for field in fields(element):
        value = getattr(element, field.name)
        for child in value if isinstance(value, tuple) else (value,):
            if isinstance(child, Element):
                yield from _walk(child, element)
