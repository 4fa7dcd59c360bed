"""Processing units from MARTE HRM stereotypes and the aic profile."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from aicompiler.metamodels.system import Area, OperatingPoint, Region, SchedulingPolicy, Unit, UnitKind
from aicompiler.transformations.importers._quantities import (
    COUNT,
    FREQUENCY,
    POWER,
    RATE,
    SIZE,
    TIME,
    Dimension,
    Measure,
    down,
    measure_of,
    up,
)
from aicompiler.transformations.importers._sayings import shown
from aicompiler.transformations.importers._vsl import Expression, Tuple, VslError, parse

from ._kinds import deduce
from ._resource import EObject
from ._view import UmlModel, is_a

_ASSUMED_HZ = 1_000_000_000
# What MARTE calls the policies that are known here (SchedPolicyKind).
_POLICIES = {
    "fixedpriority": SchedulingPolicy.FIXED_PRIORITY,
    "earliestdeadlinefirst": SchedulingPolicy.EDF,
    "timetabledriven": SchedulingPolicy.TIME_TABLE,
}
_RESOURCES = ("lut", "ff", "bram", "dsp")


class UnitBuilder:
    """Builds one unit from the stereotypes of ``bearers`` (a part and its type)."""

    def __init__(self, model: UmlModel, id_: str, name: str, bearers: tuple[EObject, ...]) -> None:
        self.model = model
        self.id = id_
        self.name = name
        self.bearers = tuple(b for b in bearers if b is not None)
        self.extra = self._find("ProcessingUnit")

    def build(self) -> Unit:
        """The unit; what is assumed about it is reported."""
        kind, points = self._kind(), self._points()
        return Unit(
            id=self.id,
            name=self.name,
            source=self.model.source(self.bearers[0]),
            kind=kind,
            cores=self._cores() if kind is UnitKind.CPU else 1,
            operating_points=points,
            policy=self._policy(),
            static_power_uw=self._up(self._quantity("HwComponent", "staticConsumption", POWER)) or 0,
            memory_bytes=self._memory("memorySize", SIZE),
            memory_bandwidth_bytes_per_s=self._memory("throughput", RATE),
            ops_per_cycle=self._per_cycle(max(p.frequency_hz for p in points)),
            launch_overhead_ns=self._up(self._quantity("ProcessingUnit", "launchOverhead", TIME)) or 0,
            speed_permille=self._permille("ProcessingResource", "speedFactor"),
            area=self._area() if kind is UnitKind.FPGA else None,
            regions=tuple(self._regions()) if kind is UnitKind.FPGA else (),
            fill_permille=self._permille("ProcessingUnit", "fillLimit"),
            failure_rate_fit=self._count("ProcessingUnit", "failureRate") or 0,
            can_fail=(self.model.text(self.extra, "canFail") or "true").lower() != "false",
            device=self.model.text(self.extra, "device") or "",
        )

    def _find(self, *names: str) -> EObject | None:
        return next((a for b in self.bearers if (a := self.model.applied(b, *names)) is not None), None)

    def _quantity(self, stereotype: str, tag: str, dimension: Dimension) -> Fraction | None:
        return self.model.quantity(self._find(stereotype), tag, dimension)

    def _count(self, stereotype: str, tag: str) -> int | None:
        return self.model.count(self._find(stereotype), tag)

    @staticmethod
    def _up(value: Fraction | None) -> int | None:
        return None if value is None else up(value)

    def _permille(self, stereotype: str, tag: str) -> int:
        # What does not state the tag, such as a host that an analysis speaks of, leaves it to the type.
        found = [a for b in self.bearers if (a := self.model.applied(b, stereotype)) is not None]
        stated = next((a for a in found if self.model.texts(a, tag)), None)
        value = self.model.quantity(stated, tag, COUNT)
        if value is not None and down(value * 1000) < 1:
            message = (
                f"{tag} of unit '{shown(self.name)}' is {float(value)}, less than a thousandth; 1 is taken"
            )
            self.model.warn("bad-factor", message, "correct the factor", self.bearers[0])
            return 1000
        return 1000 if value is None else down(value * 1000)

    # --- kind and cores -----------------------------------------------------------------------------------

    def _kind(self) -> UnitKind:
        if (text := self.model.text(self.extra, "kind")) is not None:
            if text.upper() in UnitKind.__members__:
                return UnitKind[text.upper()]
            message = f"the kind '{shown(text)}' of unit '{shown(self.name)}' is unknown"
            self.model.error(
                "bad-unit-kind", message, f"use one of {', '.join(UnitKind.__members__)}", self.extra
            )
        found = deduce(self.model, self.name, self.bearers)
        if found.rule:
            message = f"unit '{shown(self.name)}' is taken for a {found.kind.value} because {found.reason}"
            step = "state its kind (aic::ProcessingUnit, or kind in the side-car)"
            say = self.model.note if found.kind is UnitKind.CPU else self.model.warn
            say(found.rule, message, step, self.bearers[0])
        return found.kind

    def _cores(self) -> int:
        cores = self._count("HwProcessor", "nbCores") or self._count("Resource", "resMult") or 1
        return max(cores, 1)

    def _policy(self) -> SchedulingPolicy | None:
        """The policy of our profile, else the one of MARTE where a unit here can follow it."""
        if (text := self.model.text(self.extra, "policy")) is not None:
            if text.lower() in [p.value for p in SchedulingPolicy]:
                return SchedulingPolicy(text.lower())
            known = ", ".join(p.value for p in SchedulingPolicy)
            message = f"the policy '{shown(text)}' of unit '{shown(self.name)}' is unknown"
            self.model.error("bad-policy", message, f"use one of {known}", self.extra)
            return None
        bearer = self._find("GaExecHost")
        if self.model.text(bearer, "schedPolicy") is None:
            host = self._find("ProcessingResource")
            bearer = getattr(host, "mainScheduler", None)
        text = self.model.text(bearer, "schedPolicy")
        if text is None or (found := _POLICIES.get(text.lower())) is not None:
            return None if text is None else found
        message = f"unit '{shown(self.name)}' is scheduled by {shown(text)} in the model, for which nothing"
        message += " is built; the policy is left open"
        self.model.note("policy-left-open", message, "state policy in the side-car", bearer)
        return None

    # --- clocks -------------------------------------------------------------------------------------------

    def _points(self) -> tuple[OperatingPoint, ...]:
        texts = self.model.texts(self.extra, "operatingPoint")
        points = [p for text in texts if (p := self._declared_point(text)) is not None]
        if points:
            distinct = {p.frequency_hz: p for p in points}
            return tuple(distinct.values())
        clocks = self._clocks()
        if not clocks:
            clocks = (self._assumed_clock(),)
        power = self._service_power()  # stated for the unit as a whole: an upper bound at lower clocks
        return tuple(self._point(clock, power) for clock in clocks)

    def _clocks(self) -> tuple[int, ...]:
        """The stated clocks in Hz, each once; a clock below one hertz is none."""
        computing = self._find("HwComputingResource")
        given = [x for m in self.model.quantities(computing, "op_Frequencies", FREQUENCY) if (x := m.typical)]
        if not given and (single := self._quantity("HwResource", "frequency", FREQUENCY)):
            given = [single]
        return tuple(dict.fromkeys(down(clock) for clock in given if down(clock) >= 1))

    def _mips(self) -> Fraction | None:
        """Instructions a second of one core, from HwProcessor.mips."""
        mips = self._quantity("HwProcessor", "mips", COUNT)
        return mips * 10**6 / self._cores() if mips is not None and mips > 0 else None

    def _assumed_clock(self) -> int:
        """One instruction a cycle where mips is stated, at most 1 GHz; more is more instructions a cycle."""
        mips = self._mips()
        clock = min(_ASSUMED_HZ, down(mips)) if mips is not None and mips >= 1 else _ASSUMED_HZ
        shown_clock = "1 GHz" if clock == _ASSUMED_HZ else f"{float(Fraction(clock, 10**6)):g} MHz"
        message = f"unit '{shown(self.name)}' has no clock frequency; {shown_clock} is assumed"
        if mips is not None:
            message += f" and {self._per_cycle(clock)} instructions a cycle, after its mips"
        step = "give op_Frequencies or aic::ProcessingUnit operatingPoint"
        self.model.warn("clock-assumed", message, step, self.bearers[0])
        return clock

    def _per_cycle(self, clock: int) -> int:
        """Operations a cycle of one core: as stated, else what mips says at ``clock`` Hz, else one."""
        if (given := self._count("ProcessingUnit", "opsPerCycle")) is not None:
            return max(given, 1)
        mips = self._mips()
        return 1 if mips is None else max(down(mips / clock), 1)

    def _declared_point(self, text: str) -> OperatingPoint | None:
        try:
            given = parse(text)
            clock = _part(given, FREQUENCY, "frequency").typical
            power = _part(given, POWER, "dynamicPower").typical
            if not clock:
                raise VslError("its frequency is zero")
        except VslError as error:
            self.model.bad_value(self.extra, "operatingPoint", text, str(error))
            return None
        return self._point(down(clock), up(power or Fraction(0)))

    def _point(self, hertz: int, power: int) -> OperatingPoint:
        return OperatingPoint(
            id=f"{self.id}.{hertz}",
            name=f"{float(Fraction(hertz, 10**6)):g} MHz",
            source=self.model.source(self.extra if self.extra is not None else self.bearers[0]),
            frequency_hz=hertz,
            dynamic_power_uw=power,
        )

    def _service_power(self) -> int:
        resource = self._find("HwResource")
        services = list(resource.p_HW_Services) if resource is not None else []
        powers = [
            self.model.quantity(s, "consumption", POWER) for s in services if is_a(s, "HwResourceService")
        ]
        return up(max((p for p in powers if p is not None), default=Fraction(0)))

    # --- memory and area ----------------------------------------------------------------------------------

    def _memory(self, tag: str, dimension: Dimension) -> int | None:
        own = self.model.quantity(self.extra, {"throughput": "memoryBandwidth"}.get(tag, tag), dimension)
        if own is None and tag == "memorySize":
            own = self._quantity("GaExecHost", "memSize", dimension)
        resource = self._find("HwResource")
        owned = [m for m in resource.ownedHW if is_a(m, "HwMemory")] if resource is not None else []
        given = [q for m in owned if (q := self.model.quantity(m, tag, dimension)) is not None]
        own = own if own is not None else (sum(given, Fraction(0)) if given else None)
        return None if own is None else down(own)

    def _area(self) -> Area:
        logic = self._find("HwPLD")
        blocks = self._count("ProcessingUnit", "blockRams")
        if blocks is None and logic is not None:
            blocks = sum(self.model.count(m, "resMult") or 1 for m in logic.blocksRAM if is_a(m, "HwMemory"))
        return Area(
            id=f"{self.id}.area",
            name="area",
            source=self.model.source(logic if logic is not None else self.bearers[0]),
            lut=self._count("HwPLD", "nbLUTs") or 0,
            ff=self._count("HwPLD", "nbFlipFlops") or 0,
            bram=blocks or 0,
            dsp=self._count("ProcessingUnit", "dspSlices") or 0,
        )

    def _regions(self) -> Iterator[Region]:
        """Regions for partial reconfiguration: ``(lut=..., ff=..., bram=..., dsp=..., load=(...,ms))``."""
        for number, text in enumerate(self.model.texts(self.extra, "region"), 1):
            try:
                given = parse(text)
                counts = {r: _amount(given, r) for r in _RESOURCES}
                load = up(_part(given, TIME, "load").upper or Fraction(0))
            except VslError as error:
                self.model.bad_value(self.extra, "region", text, str(error))
                continue
            id_, source = f"{self.id}.region{number}", self.model.source(self.extra)
            area = Area(id=f"{id_}.area", name="area", source=source, **counts)
            yield Region(id=id_, name=f"region {number}", source=source, area=area, reconfiguration_ns=load)


def _amount(given: Expression, key: str) -> int:
    """A count inside a tuple, 0 where it is left out."""
    value = given.get(key) if isinstance(given, Tuple) else None
    return 0 if value is None else down(measure_of(value, COUNT).typical or Fraction(0))


def _part(given: Expression, dimension: Dimension, key: str) -> Measure:
    """One part of an operating point."""
    value = given.get(key) if isinstance(given, Tuple) else None
    if value is None:
        raise VslError(f"it gives no {key}")
    return measure_of(value, dimension)
