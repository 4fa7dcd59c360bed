"""Tasks, ISRs and process prototypes to components; the data they share to ports and channels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from aicompiler.metamodels.system import (
    Attribute,
    Channel,
    ChannelProtocol,
    Component,
    ElementType,
    Entry,
    ExecutionTime,
    Port,
    PortDirection,
    UnitKind,
)
from aicompiler.transformations.importers._quantities import down, up
from aicompiler.transformations.importers._sayings import shown

from ._activation import Activations, Trigger
from ._execution import Execution
from ._hardware import HardwareBuilder
from ._values import Spread, Values
from ._view import AmaltheaModel, Xml, child, identity, kind, name_of

_NS = 10**9
_TYPES = {1: ElementType.U8, 2: ElementType.U16, 4: ElementType.U32, 8: ElementType.U64}
_MOST_BYTES = 2**31


@dataclass
class Box:
    """A component in the making."""

    element: Xml
    id: str
    triggers: tuple[Trigger, ...] = ()
    fed: bool = False  # data of the process that triggers it activate it
    ports: list[Port] = field(default_factory=list)
    attributes: list[Attribute] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    @property
    def entry(self) -> str:
        """The id of its entry."""
        return f"{self.id}.step"


class SoftwareBuilder:
    """Builds components and channels; ``deadlines`` are those of ``DeadlineReader``, by process."""

    def __init__(self, model: AmaltheaModel, values: Values, hardware: HardwareBuilder) -> None:
        self.model = model
        self.values = values
        self.hardware = hardware
        self.run = Execution(model, values)
        self.processes = self._processes()
        self.activations = Activations(model, values, self.run, self.processes)
        self.boxes = {p: Box(p, identity(kind(p), name_of(p))) for p in self.processes}
        self.channels: list[Channel] = []

    def _processes(self) -> list[Xml]:
        """Tasks and ISRs; before tasks were formed, process prototypes; before those, runnables."""
        for kinds in (("Task", "ISR"), ("ProcessPrototype",), ("Runnable",)):
            if found := self.model.of_kind(*kinds):
                break
        if found and kind(found[0]) not in ("Task", "ISR"):
            message = f"the model has no tasks: its {len(found)} elements of kind {kind(found[0])} stand in"
            step = "form tasks from them, or state the periods in the side-car"
            self.model.warn("assumed-component", message, step, found[0])
        return found

    def build(self, deadlines: dict[Xml, int]) -> tuple[Component, ...]:
        """The components; ``channels`` is complete afterwards."""
        activations = {}
        for process, box in self.boxes.items():
            self.model.use(process)
            activations[process], box.triggers = self.activations.of(process)
        if self.boxes and not self.hardware.clocks:
            message = "ticks have no duration: the file has no processing unit that says how long one takes"
            step = "give one file that holds the hardware too, or state wcet.cpu in the side-car"
            self.model.warn("ticks-without-clock", message, step, self.model.root)
        self._data()
        for box in self.boxes.values():
            self._triggered(box)
        return tuple(
            Component(
                id=box.id,
                name=name_of(process),
                source=self.model.source(process),
                entries=(
                    Entry(
                        id=box.entry,
                        name="step",
                        source=self.model.source(process),
                        activation=activations[process],
                        deadline_ns=deadlines.get(process),
                        times=tuple(self._times(box)),
                    ),
                ),
                ports=tuple(box.ports),
                attributes=tuple(box.attributes),
                memory_bytes=self._memory(process),
            )
            for process, box in self.boxes.items()
        )

    def _memory(self, process: Xml) -> int:
        """The sizes of a process and of the runnables it calls."""
        sizes = [
            self.values.quantity(child(e, "size"), "size") for e in (process, *self.run.runnables(process))
        ]
        return up(sum((s for s in sizes if s is not None), Fraction(0)))

    # --- times --------------------------------------------------------------------------------------------

    def _times(self, box: Box) -> Iterator[ExecutionTime]:
        """Ticks over frequency: one figure a kind where all units of it agree, else one a unit."""
        found: dict[UnitKind, dict[str, Spread]] = {}
        definitions = dict.fromkeys(self.hardware.definitions.values())
        costs = {d: self.run.cost(box.element, d) for d in definitions}
        for unit, clock in self.hardware.clocks.items():
            ticks = costs[self.hardware.definitions[unit]]
            if ticks is not None and ticks.worst > 0:
                found.setdefault(self.hardware.kinds[unit], {})[unit] = ticks.times(_NS / clock)
        for of, times in found.items():
            units = [u for u, k in self.hardware.kinds.items() if k is of]
            if len(times) == len(units) and len(set(times.values())) == 1:
                yield self._time(box, of, None, next(iter(times.values())))
            else:
                yield from (self._time(box, of, unit, time) for unit, time in times.items())

    def _time(self, box: Box, of: UnitKind, unit: str | None, time: Spread) -> ExecutionTime:
        return ExecutionTime(
            id=f"{box.entry}.{unit or of.value.lower()}",
            name="ticks",
            source=self.model.source(box.element),
            unit_kind=of,
            unit=unit,
            bcet_ns=down(time.best),
            acet_ns=up(time.mean),
            wcet_ns=up(time.worst),
        )

    # --- data ---------------------------------------------------------------------------------------------

    def _data(self) -> None:
        """A channel from each writer of a datum to each other reader; what one task keeps is its state."""
        writers: dict[Xml, dict[Xml, None]] = {}
        readers: dict[Xml, dict[Xml, None]] = {}
        for process in self.processes:
            for datum, writes, _ in self.run.accesses(process):
                (writers if writes else readers).setdefault(datum, {})[process] = None
        for datum, writing in writers.items():
            others = [r for r in readers.get(datum, {}) if any(w is not r for w in writing)]
            if len(writing) > 1 and others:
                self._several(datum, list(writing))
            if others:
                self._share(datum, list(writing), others)
            elif list(writing) == list(readers.get(datum, {})):
                self._keep(datum, self.boxes[next(iter(writing))])

    def _several(self, datum: Xml, writing: list[Xml]) -> None:
        names = ", ".join(f"'{shown(name_of(w))}'" for w in writing[:8])
        message = f"'{shown(name_of(datum))}' is written by {len(writing)} tasks, {names}"
        step = "a reader gets one in-port a writer; let one task write, or choose in the behaviour"
        self.model.warn("several-writers", message, step, datum)

    def _type(self, datum: Xml) -> tuple[ElementType, tuple[int, ...]]:
        """An unsigned integer of the size of a datum, else as many bytes."""
        size = self.values.quantity(self._size(datum), "size")
        self.model.use(datum)
        bytes_ = 4 if size is None else max(1, up(size))
        if bytes_ > _MOST_BYTES:
            message = f"'{shown(name_of(datum))}' has {bytes_} bytes"
            self.model.error("value-not-understood", message, "give a size below 2 GiB", datum)
            bytes_ = 4
        element = _TYPES.get(bytes_, ElementType.U8)
        shape = () if bytes_ in _TYPES else (bytes_,)
        said = "no size" if size is None else f"a size of {bytes_} bytes but no type"
        kind_of = element.value + "".join(f"[{n}]" for n in shape)
        message = f"'{shown(name_of(datum))}' has {said}; {kind_of} is assumed"
        self.model.note("assumed-type", message, "state type and shape in the side-car", datum)
        return element, shape

    def _size(self, datum: Xml) -> Xml | None:
        if (own := child(datum, "size")) is not None:
            return own
        typed = child(datum, "elementType", "dataType")
        definition = None if typed is None else self.model.ref(typed, "typeDef")
        return child(definition, "size")

    def _keep(self, datum: Xml, box: Box) -> None:
        element, shape = self._type(datum)
        name = self._free_name(box, name_of(datum))
        id_ = f"{box.id}.state.{identity(kind(datum), name_of(datum))}"
        source = self.model.source(datum)
        extents = ("",) * len(shape)
        box.attributes.append(
            Attribute(id=id_, name=name, source=source, element_type=element, shape=shape, extents=extents)
        )

    def _share(self, datum: Xml, writing: list[Xml], reading: list[Xml]) -> None:
        typed = self._type(datum)
        base = identity(kind(datum), name_of(datum))
        for writer in writing:
            targets = [r for r in reading if r is not writer]
            if not targets:
                continue
            suffix = f"_{name_of(writer)}" if len(writing) > 1 else ""
            out = self._port(self.boxes[writer], datum, base, "", PortDirection.OUT, typed)
            for reader in targets:
                into = self._port(self.boxes[reader], datum, base, suffix, PortDirection.IN, typed)
                id_ = f"{base}.{self.boxes[writer].id}.{self.boxes[reader].id}"
                self._channel(id_, datum, out, into, self._consumed(writer, self.boxes[reader]))

    def _consumed(self, writer: Xml, reader: Box) -> int:
        """1 where the reader is activated by each job of the writer: then it waits for its values."""
        for trigger in reader.triggers:
            if trigger.producer is writer and trigger.prescaler == 1:
                reader.fed = True
                return 1
        return 0

    def _port(
        self,
        box: Box,
        datum: Xml,
        base: str,
        suffix: str,
        direction: PortDirection,
        typed: tuple[ElementType, tuple[int, ...]],
    ) -> Port:
        element, shape = typed
        port = Port(
            id=f"{box.id}.{direction.value}.{base}{suffix and '.' + identity('from', suffix[1:])}",
            name=self._free_name(box, f"{name_of(datum)}{suffix}_{direction.value}"),
            source=self.model.source(datum),
            direction=direction,
            element_type=element,
            shape=shape,
            extents=("",) * len(shape),
        )
        box.ports.append(port)
        return port

    def _free_name(self, box: Box, name: str) -> str:
        """An identifier of C that the component does not use yet."""
        base = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_") or "data"
        base = f"v{base}" if base[0].isdigit() else base
        number, found = 1, base
        while found in box.names:
            number += 1
            found = f"{base}{number}"
        box.names.add(found)
        return found

    def _channel(self, id_: str, datum: Xml, out: Port, into: Port, consume: int = 0) -> None:
        """Read by SAMPLE, as shared memory is; ``consume`` values at once where they activate the reader."""
        sampled = consume < 1
        self.channels.append(
            Channel(
                id=id_,
                name=name_of(datum),
                source=self.model.source(datum),
                source_port=out.id,
                target_port=into.id,
                protocol=ChannelProtocol.SAMPLE if sampled else ChannelProtocol.QUEUE,
                consume=max(1, consume),
                capacity=max(2, 2 * consume),
            )
        )

    def _triggered(self, box: Box) -> None:
        """A process that another one activates, and gets no data from, waits for a byte of it."""
        for trigger in () if box.fed else box.triggers:
            base = identity(kind(trigger.stimulus), name_of(trigger.stimulus))
            typed = (ElementType.U8, ())
            producer = self.boxes[trigger.producer]
            suffix = f"_{name_of(box.element)}"
            out = self._port(producer, trigger.stimulus, base, suffix, PortDirection.OUT, typed)
            into = self._port(box, trigger.stimulus, base, "", PortDirection.IN, typed)
            id_ = f"{base}.{producer.id}.{box.id}"
            self._channel(id_, trigger.stimulus, out, into, consume=trigger.prescaler)
