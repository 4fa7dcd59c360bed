"""Costs, decisions and evidence (mirrors ``deployment.ecore``)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from .system import (
    BehaviourRef,
    ChannelRef,
    ComponentRef,
    ElementRef,
    EntryRef,
    LinkRef,
    ModeRef,
    OperatingPointRef,
    RegionRef,
    SystemRef,
    UnitRef,
)

# --- costs ------------------------------------------------------------------------------------------------


class Provenance(Enum):
    """Where a number comes from, best first."""

    ANNOTATED = "annotated"
    MEASURED = "measured"
    ESTIMATED = "estimated"
    ASSUMED = "assumed"


class CostKind(Enum):
    """Whether a time is a bound or was only observed."""

    BOUND = "bound"
    OBSERVED = "observed"


@dataclass(frozen=True, kw_only=True)
class Cost:
    """One entry, one variant, one unit, one operating point: time, energy and resources of a job.

    Transfers are excluded.  ``interval_ns`` is how soon the next job may start (pipelined circuits; else the
    WCET).  ``host_pre_ns`` and ``host_post_ns`` are CPU time that drives the device.  ``note`` says how the
    numbers came about, for the report.
    """

    entry: EntryRef
    unit: UnitRef
    operating_point: OperatingPointRef
    variant: BehaviourRef | None = None
    mode: ModeRef | None = None
    bcet_ns: int
    acet_ns: int
    wcet_ns: int
    interval_ns: int
    host_pre_ns: int = 0
    host_post_ns: int = 0
    energy_fj: int
    memory_bytes: int = 0
    lut: int = 0
    ff: int = 0
    bram: int = 0
    dsp: int = 0
    provenance: Provenance
    kind: CostKind = CostKind.BOUND
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why an entry cannot run on a unit: there is no ``Cost`` for the pair."""

    entry: EntryRef
    unit: UnitRef
    reason: str


@dataclass(frozen=True, kw_only=True)
class CostTable:
    """All costs of a system: what has no row here is not a possible placement."""

    costs: tuple[Cost, ...] = ()
    refusals: tuple[Refusal, ...] = ()

    def get(self, entry: str, unit: str, operating_point: str) -> Cost | None:
        """The cost of an entry at an operating point of a unit, if it can run there."""
        return self._by_key.get((entry, unit, operating_point))

    def refusal(self, entry: str, unit: str) -> str | None:
        """Why ``entry`` cannot run on ``unit``, if it cannot."""
        return next((r.reason for r in self.refusals if (r.entry, r.unit) == (entry, unit)), None)

    @cached_property
    def _by_key(self) -> dict[tuple[str, str, str], Cost]:
        return {(c.entry, c.unit, c.operating_point): c for c in reversed(self.costs)}


# --- decisions --------------------------------------------------------------------------------------------


class SolveStatus(Enum):
    """What is known about a deployment's objective."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where one component (one replica of it) runs: ``core`` of a CPU, ``region`` of an FPGA if declared."""

    component: ComponentRef
    unit: UnitRef
    core: int = 0
    region: RegionRef | None = None
    replica: int = 0
    priority: int | None = None
    variant: BehaviourRef | None = None


@dataclass(frozen=True, kw_only=True)
class UnitSetting:
    """The operating point of a unit in this configuration; an unused unit may be switched off."""

    unit: UnitRef
    operating_point: OperatingPointRef
    off: bool = False


@dataclass(frozen=True, kw_only=True)
class JobSlot:
    """Job number ``job`` (from 0) of an entry in the table: [start, end) from the hyperperiod's begin.

    A slot may end after the hyperperiod; the table repeats, so it then runs into the next round.
    """

    entry: EntryRef
    job: int
    unit: UnitRef
    core: int = 0
    start_ns: int
    end_ns: int


@dataclass(frozen=True, kw_only=True)
class TransferSlot:
    """The value that the producer's job ``job`` puts on ``channel`` occupies ``link`` in [start, end)."""

    channel: ChannelRef
    job: int
    link: LinkRef
    hop: int = 0
    start_ns: int
    end_ns: int


@dataclass(frozen=True, kw_only=True)
class Route:
    """The links a channel's values take, in order; none where both ends are on one unit."""

    channel: ChannelRef
    links: tuple[LinkRef, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Objective:
    """One optimised quantity: reached value, proved bound, both in ``unit``."""

    name: str
    value: int
    bound: int | None = None
    unit: str = ""

    @property
    def gap(self) -> float | None:
        """Relative distance between value and bound: 0 is proved optimal."""
        if self.bound is None:
            return None
        return 0.0 if self.value == self.bound else abs(self.value - self.bound) / max(abs(self.value), 1)


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A decision: who runs where, at which clock, when.  ``proposer`` says who found it."""

    id: str = "deployment"
    system: SystemRef
    hyperperiod_ns: int
    status: SolveStatus
    proposer: str = ""
    objectives: tuple[Objective, ...] = ()
    placements: tuple[Placement, ...] = ()
    settings: tuple[UnitSetting, ...] = ()
    routes: tuple[Route, ...] = ()
    jobs: tuple[JobSlot, ...] = ()
    transfers: tuple[TransferSlot, ...] = ()

    def placement(self, component: str) -> Placement:
        """The placement of a component's first replica."""
        return self._placements[component]

    def setting(self, unit: str) -> UnitSetting:
        """The operating point of a unit."""
        return self._settings[unit]

    @cached_property
    def _placements(self) -> dict[str, Placement]:
        return {p.component: p for p in reversed(self.placements)}

    @cached_property
    def _settings(self) -> dict[str, UnitSetting]:
        return {s.unit: s for s in self.settings}


# --- evidence ---------------------------------------------------------------------------------------------


class Verdict(Enum):
    """Outcome of one check."""

    PASS = "pass"
    ASSUMED = "assumed"
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One check of one property: the value found, the limit it is held against, what it speaks of."""

    check: str
    verdict: Verdict
    message: str
    value: int | None = None
    limit: int | None = None
    unit: str = ""
    elements: tuple[ElementRef, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What the independent analysis says of a deployment."""

    findings: tuple[Finding, ...] = ()

    @property
    def failures(self) -> tuple[Finding, ...]:
        """The findings that refuse the deployment."""
        return tuple(f for f in self.findings if f.verdict is Verdict.FAIL)

    @property
    def accepted(self) -> bool:
        """Whether nothing fails."""
        return not self.failures

    @property
    def verdict(self) -> Verdict:
        """FAIL if anything fails, ASSUMED if anything rests on an assumption, else PASS."""
        order = (Verdict.FAIL, Verdict.ASSUMED)
        return next((v for v in order if any(f.verdict is v for f in self.findings)), Verdict.PASS)
