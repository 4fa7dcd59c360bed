"""The time table drawing: one lane a core, queue, circuit and link, places in percent of the time shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from aicompiler.metamodels.deployment import Deployment, JobSlot, TransferSlot
from aicompiler.metamodels.system import Channel, Unit, UnitKind

from ._format import quantity
from ._index import Index, Ref

MOST_SLOTS = 6000
ZOOMS = (1, 2, 4, 8, 16)
_PIXELS = 900  # width of an unzoomed table on a desktop screen; only decides which labels fit
_LETTER = 6.6


@dataclass(frozen=True)
class Slot:
    """A piece of a job or transfer: it may be the head or the rest of one that runs into the next round."""

    x: str
    width: str
    colour: str
    label: str
    zoom: int  # the least zoom at which the label fits; 0: never
    beside: str  # where the label stands if it fits behind the slot earlier than into it; '' if not
    title: str
    rest: bool
    cut: bool


@dataclass(frozen=True)
class Lane:
    """A resource that does one thing at a time (a circuit: starts one job at a time)."""

    owner: Ref
    name: str
    colour: str
    slots: tuple[Slot, ...]
    deadlines: tuple[tuple[str, str], ...]  # position, title
    busy: str


@dataclass(frozen=True)
class Row:
    """One slot as a table row."""

    what: Ref
    number: int
    lane: str
    start_ns: int
    end_ns: int


@dataclass(frozen=True)
class TimeTable:
    """Lanes in the order of units, links last; ``shown_ns`` is less than the hyperperiod in large tables."""

    lanes: tuple[Lane, ...]
    ticks: tuple[tuple[str, str], ...]
    hyperperiod_ns: int
    shown_ns: int
    slots: int
    rows: tuple[Row, ...]


def time_table(index: Index, deployment: Deployment) -> TimeTable:
    """Draw the first hyperperiod, or as much of it as has ``MOST_SLOTS`` slots."""
    starts = sorted([*(j.start_ns for j in deployment.jobs), *(t.start_ns for t in deployment.transfers)])
    shown = deployment.hyperperiod_ns
    if len(starts) > MOST_SLOTS:
        shown = max(1, starts[MOST_SLOTS])
    scale = _Scale(deployment.hyperperiod_ns, shown)
    lanes = [*_job_lanes(index, deployment, scale), *_link_lanes(index, deployment, scale)]
    rows = tuple(_rows(index, deployment, shown))
    return TimeTable(tuple(lanes), scale.ticks(), deployment.hyperperiod_ns, shown, len(starts), rows)


@dataclass(frozen=True)
class _Scale:
    """From times to percent of the shown part of the table."""

    period: int
    shown: int

    def at(self, time: int) -> str:
        return f"{time * 100 / self.shown:.4f}".rstrip("0").rstrip(".") + "%"

    def pieces(self, start: int, end: int) -> Iterator[tuple[int, int, bool, bool]]:
        """Parts inside the shown time: (start, end, is it the rest of a slot, does it go on)."""
        first, length = start % self.period, end - start
        whole = ((first, first + length, False), (first - self.period, first + length - self.period, True))
        for a, b, rest in whole:
            left, right = max(a, 0), min(b, self.shown)
            if left < right:
                yield left, right, rest, b > self.shown

    def ticks(self) -> tuple[tuple[str, str], ...]:
        """About ten round times."""
        step = next(s for e in range(19) for m in (1, 2, 5) if (s := m * 10**e) * 12 >= self.shown)
        return tuple((self.at(t), quantity(t, "ns") if t else "0") for t in range(0, self.shown, step))


def _job_lanes(index: Index, deployment: Deployment, scale: _Scale) -> Iterator[Lane]:
    by_unit: dict[str, list[JobSlot]] = defaultdict(list)
    for job in deployment.jobs:
        by_unit[job.unit].append(job)
    for unit in index.system.units:
        lanes: dict[tuple[int, str], list[JobSlot]] = defaultdict(list)
        for job in by_unit.get(unit.id, ()):
            component = index.component_id(job.entry) or job.entry
            lanes[(0, component) if unit.kind is UnitKind.FPGA else (job.core, "")].append(job)
        for (core, component), jobs in sorted(lanes.items()):
            yield _job_lane(index, scale, unit, _lane_name(index, unit, core, component), jobs)


def _lane_name(index: Index, unit: Unit, core: int, component: str) -> str:
    if unit.kind is UnitKind.FPGA:
        return f"circuit {index.label(component)}"
    if unit.kind is UnitKind.CPU:
        return f"core {core}"
    return "queue"


def _job_lane(index: Index, scale: _Scale, unit: Unit, name: str, jobs: Sequence[JobSlot]) -> Lane:
    colour = index.colour(unit.id)
    pieces = [
        _Piece(*piece, index.label(index.component_id(j.entry) or j.entry), _job_title(index, j, name))
        for j in jobs
        for piece in scale.pieces(j.start_ns, j.end_ns)
    ]
    slots = _slots(scale, pieces, colour)
    busy = _busy(scale.period, ((j.start_ns, j.end_ns) for j in jobs))
    deadlines = tuple(_deadlines(index, scale, jobs))
    return Lane(index.ref(unit.id), name, colour, slots, deadlines, busy)


def _job_title(index: Index, job: JobSlot, lane: str) -> str:
    times = f"{quantity(job.start_ns, 'ns')} to {quantity(job.end_ns, 'ns')}"
    length = quantity(job.end_ns - job.start_ns, "ns")
    return f"{index.label(job.entry)}, job {job.job}: {times} ({length}) on {index.label(job.unit)}, {lane}"


@dataclass(frozen=True, order=True)
class _Piece:
    """A part of a slot within the time shown."""

    start: int
    end: int
    rest: bool
    cut: bool
    label: str
    title: str


def _slots(scale: _Scale, pieces: Iterable[_Piece], colour: str) -> tuple[Slot, ...]:
    ordered = sorted(pieces)
    ends = [p.start for p in ordered[1:]] + [scale.shown]
    return tuple(_slot(scale, p, free - p.end, colour) for p, free in zip(ordered, ends, strict=False))


def _slot(scale: _Scale, piece: _Piece, free: int, colour: str) -> Slot:
    """``free`` is the time behind the piece in which nothing else is drawn."""
    need = len(piece.label) * _LETTER + 8
    length = piece.end - piece.start
    inside, behind = (
        next((z for z in ZOOMS if time * _PIXELS * z >= need * scale.shown), 0) for time in (length, free)
    )
    beside = behind > 0 and (inside == 0 or behind < inside)
    title = f"{piece.title}; rest from the round before" if piece.rest else piece.title
    return Slot(
        x=scale.at(piece.start),
        width=scale.at(length),
        colour=colour,
        label=piece.label,
        zoom=behind if beside else inside,
        beside=scale.at(piece.end) if beside else "",
        title=title,
        rest=piece.rest,
        cut=piece.cut,
    )


def _busy(period: int, slots: Iterable[tuple[int, int]]) -> str:
    """Share of the hyperperiod in which at least one slot is active (circuits overlap their own jobs)."""
    pieces = sorted(p[:2] for a, b in slots for p in _Scale(period, period).pieces(a, b))
    total = reach = 0
    for start, end in pieces:
        total += max(0, end - max(start, reach))
        reach = max(reach, end)
    return f"{total * 100 / period:.1f} %"


def _deadlines(index: Index, scale: _Scale, jobs: Sequence[JobSlot]) -> Iterator[tuple[str, str]]:
    """Absolute deadlines of the lane's jobs; past the hyperperiod, where they fall in the next round."""
    for entry, job in dict.fromkeys((j.entry, j.job) for j in jobs):
        deadline = index.due(entry, job)
        if deadline is None:
            continue
        place = deadline % scale.period or scale.period
        if place <= scale.shown:
            title = f"Deadline of {index.label(entry)}, job {job}: {quantity(deadline, 'ns')}"
            yield scale.at(place), title


def _link_lanes(index: Index, deployment: Deployment, scale: _Scale) -> Iterator[Lane]:
    by_link: dict[str, list[TransferSlot]] = defaultdict(list)
    for transfer in deployment.transfers:
        by_link[transfer.link].append(transfer)
    for link in index.system.platform.links:
        transfers = by_link.get(link.id, [])
        pieces = [
            _Piece(*piece, _carried(index, t), _transfer_title(index, t))
            for t in transfers
            for piece in scale.pieces(t.start_ns, t.end_ns)
        ]
        slots = _slots(scale, pieces, "link")
        if slots:
            busy = _busy(scale.period, ((t.start_ns, t.end_ns) for t in transfers))
            yield Lane(index.ref(link.id), "transfers", "link", slots, (), busy)


def _carried(index: Index, transfer: TransferSlot) -> str:
    channel = index.elements.get(transfer.channel)
    if not isinstance(channel, Channel):
        return transfer.channel
    ends = (index.component_id(channel.source_port), index.component_id(channel.target_port))
    return " → ".join(index.label(e) if e else "?" for e in ends)


def _transfer_title(index: Index, transfer: TransferSlot) -> str:
    times = f"{quantity(transfer.start_ns, 'ns')} to {quantity(transfer.end_ns, 'ns')}"
    length = quantity(transfer.end_ns - transfer.start_ns, "ns")
    what = f"{_carried(index, transfer)}, value {transfer.job}"
    return f"{what}: {times} ({length}) on {index.label(transfer.link)}"


def _rows(index: Index, deployment: Deployment, shown: int) -> Iterator[Row]:
    rows = [
        *(
            Row(index.ref(j.entry), j.job, _job_place(index, j), j.start_ns, j.end_ns)
            for j in deployment.jobs
        ),
        *(
            Row(index.ref(t.channel), t.job, index.label(t.link), t.start_ns, t.end_ns)
            for t in deployment.transfers
        ),
    ]
    kept = (r for r in rows if r.start_ns < shown)
    yield from sorted(kept, key=lambda r: (r.start_ns, r.end_ns, r.what.id, r.number))


def _job_place(index: Index, job: JobSlot) -> str:
    unit = index.units.get(job.unit)
    if unit is None:
        return job.unit
    component = index.component_id(job.entry) or job.entry
    return f"{index.label(job.unit)}, {_lane_name(index, unit, job.core, component)}"
