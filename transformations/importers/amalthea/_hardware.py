"""Hardware structures to nodes, processing units to units, connections and access paths to links."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from aicompiler.metamodels.system import Node, OperatingPoint, Platform, Unit, UnitKind
from aicompiler.transformations.importers._quantities import down
from aicompiler.transformations.importers._sayings import shown

from ._links import Links
from ._values import Values
from ._view import AmaltheaModel, Xml, child, identity, kind, name_of

ASSUMED_HZ = 1_000_000_000
_BOARDS = ("ECU", "Microcontroller", "SoC", "System")  # the nearest of the first kind that there is
_KINDS = {"CPU": UnitKind.CPU, "GPU": UnitKind.GPU}
_BY_NAME = (
    (re.compile("fpga|pld", re.IGNORECASE), UnitKind.FPGA),
    (re.compile("gpu|graphic", re.IGNORECASE), UnitKind.GPU),
)


@dataclass
class Core:
    """Where a processing unit went: its unit and its place among the cores of it."""

    unit: str
    index: int


@dataclass
class _Group:
    """Processing units that make one unit: identical cores of one structure on one clock."""

    structure: Xml
    kind: UnitKind
    members: list[Xml] = field(default_factory=list)
    id: str = ""
    name: str = ""


class HardwareBuilder:
    """Builds the platform, and says at what clock and by what definition each unit runs."""

    def __init__(self, model: AmaltheaModel, values: Values) -> None:
        self.model = model
        self.values = values
        self.cores: dict[Xml, Core] = {}
        self.definitions: dict[str, Xml | None] = {}  # unit -> definition of its cores
        self.clocks: dict[str, Fraction] = {}  # unit -> Hz
        self.kinds: dict[str, UnitKind] = {}
        self._groups_in: Counter[Xml] = Counter()  # structure -> units in it
        self._names: set[str] = set()

    def build(self) -> Platform:
        """The platform; structures without processing units are no nodes."""
        processors = [p for p in self.model.of_kind("ProcessingUnit") if kind(p.getparent()) == "HwStructure"]
        boards: dict[Xml, list[_Group]] = {}
        for group in self._groups(processors):
            boards.setdefault(self._board(group.structure), []).append(group)
        nodes = tuple(self._node(board, groups) for board, groups in boards.items())
        links = Links(self.model, self.values, {p: c.unit for p, c in self.cores.items()})
        hardware = self.model.part("hwModel")
        source = self.model.source(hardware[0] if hardware else self.model.root)
        return Platform(
            id="platform", name="platform", source=source, nodes=nodes, links=tuple(links.build(nodes))
        )

    # --- units --------------------------------------------------------------------------------------------

    def _groups(self, processors: list[Xml]) -> list[_Group]:
        """CPUs of one structure, definition and clock are cores of one unit; all else stands alone."""
        groups: dict[tuple[Xml | None, ...], _Group] = {}
        for processor in processors:
            structure = processor.getparent()
            definition = self.model.ref(processor, "definition")
            domain = self.model.ref(processor, "frequencyDomain")
            of = self._kind(processor, definition)
            alike = (structure, definition, domain, None if of is UnitKind.CPU else processor)
            groups.setdefault(alike, _Group(structure, of)).members.append(processor)
            self.model.use(processor, definition, domain, structure)
        self._groups_in = Counter(g.structure for g in groups.values())
        for (_, definition, domain, _), group in groups.items():
            self._settle(group, definition, domain)
        return list(groups.values())

    def _settle(self, group: _Group, definition: Xml | None, domain: Xml | None) -> None:
        first = group.members[0]
        names = [name_of(p) for p in self._path(group.structure)]
        group.id = identity("ProcessingUnit", *names, name_of(first))
        alone = self._groups_in[group.structure] == 1
        several = len(group.members) > 1
        group.name = name_of(group.structure) if several and alone else name_of(first)
        if group.name in self._names:
            group.name = f"{name_of(group.structure)} {group.name}"
        self._names.add(group.name)
        for index, member in enumerate(group.members):
            self.cores[member] = Core(group.id, index)
        self.definitions[group.id], self.kinds[group.id] = definition, group.kind
        self.clocks[group.id] = self._clock(first, domain)

    def _kind(self, processor: Xml, definition: Xml | None) -> UnitKind:
        stated = "" if definition is None else definition.get("puType", "")
        if stated in _KINDS:
            return _KINDS[stated]
        names = f"{name_of(processor)} {'' if definition is None else name_of(definition)}"
        other = UnitKind.NPU if stated == "Accelerator" else UnitKind.CPU
        found = next((k for pattern, k in _BY_NAME if pattern.search(names)), other)
        said = f"puType is {shown(stated)}" if stated else "no puType is stated"
        message = f"'{shown(name_of(processor))}' is taken for a {found.value}: {said}"
        self.model.warn("kind-assumed", message, "state kind in the side-car", processor)
        return found

    def _clock(self, processor: Xml, domain: Xml | None) -> Fraction:
        value = None if domain is None else child(domain, "defaultValue")
        given = self.values.quantity(value, "frequency")
        if given is not None and given >= 1:
            return given
        name = shown(name_of(processor))
        if given is not None:
            self.model.error("bad-frequency", f"the clock of '{name}' is 0 Hz", "give its frequency", value)
        message = f"unit '{name}' has no clock frequency; 1 GHz is assumed, also for the time of its ticks"
        self.model.warn("clock-assumed", message, "give it a frequencyDomain with a defaultValue", processor)
        return Fraction(ASSUMED_HZ)

    # --- nodes --------------------------------------------------------------------------------------------

    def _path(self, structure: Xml) -> list[Xml]:
        chain = [structure, *structure.iterancestors()]
        return [e for e in reversed(chain) if kind(e) == "HwStructure"]

    def _board(self, structure: Xml) -> Xml:
        """The board that a structure belongs to: the nearest ECU around it, else microcontroller, …"""
        above = list(reversed(self._path(structure)))
        for wanted in _BOARDS:
            for candidate in above:
                if candidate.get("structureType", "") == wanted:
                    return candidate
        return structure

    def _node(self, board: Xml, groups: list[_Group]) -> Node:
        self.model.use(board)
        id_ = identity("HwStructure", *(name_of(p) for p in self._path(board)))
        units = tuple(self._unit(g) for g in groups)
        return Node(id=id_, name=name_of(board), source=self.model.source(board), units=units)

    def _unit(self, group: _Group) -> Unit:
        alone = self._groups_in[group.structure] == 1
        hertz = down(self.clocks[group.id])
        point = OperatingPoint(id=f"{group.id}.clock", name=f"{hertz / 1e6:g} MHz", frequency_hz=hertz)
        return Unit(
            id=group.id,
            name=group.name,
            source=self.model.source(group.members[0]),
            kind=group.kind,
            cores=len(group.members),
            operating_points=(point,),
            memory_bytes=self._memory(group.structure) if alone else None,
        )

    def _memory(self, structure: Xml) -> int | None:
        """The sizes of the memories beside the cores, but not of FLASH; ``None`` if none is stated."""
        sizes = list(self._sizes(structure))
        return down(sum(sizes, Fraction(0))) if sizes else None

    def _sizes(self, structure: Xml) -> Iterator[Fraction]:
        for module in structure:
            if kind(module) != "Memory":
                continue
            definition = self.model.ref(module, "definition")
            if definition is None or definition.get("memoryType") == "FLASH":
                continue
            if (size := self.values.quantity(child(definition, "size"), "size")) is not None:
                self.model.use(module, definition)
                yield size
