"""When entries run and how long they take: RtFeature, RtSpecification, GaWorkloadEvent, SaStep and GaStep."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from aicompiler.metamodels.system import Activation, ExecutionTime, Periodic, Sporadic, UnitKind
from aicompiler.transformations.importers._quantities import ENERGY, TIME, Measure, down, measure_of, up
from aicompiler.transformations.importers._vsl import Call, VslError

from ._resource import EObject
from ._view import UmlModel, is_a, shown


class Timing:
    """Timing annotations of operations and behaviours, looked up by what they speak of."""

    def __init__(self, model: UmlModel) -> None:
        self.model = model
        self._specifications: dict[EObject, list[EObject]] = {}
        self._events: dict[EObject, list[EObject]] = {}
        for specification in model.resource.stereotypes:
            if not is_a(specification, "RtSpecification") or specification.context is None:
                continue  # its base is a mere comment: the context says what it speaks of
            self._specifications.setdefault(specification.context, []).append(specification)
        for feature in model.applications("RtFeature"):
            self._specifications.setdefault(feature.base, []).extend(feature.specification)
        for event in model.applications("GaWorkloadEvent"):
            target = getattr(event.effect, "base", event.effect) or event.base
            self._events.setdefault(target, []).append(event)

    def annotated(self, *bearers: EObject) -> bool:
        """Whether a bearer has any timing stereotype: it is then meant to be executed."""
        return any(
            b in self._specifications or b in self._events or self.model.applied(b, "GaStep") is not None
            for b in bearers
        )

    def _of(self, bearer: EObject, part: EObject | None) -> list[EObject]:
        """The specifications of a bearer; CHESS may give each part its own."""
        given = self._specifications.get(bearer, [])
        return [s for s in given if getattr(s, "partWithPort", None) in (None, part)]

    def activation(self, bearers: Iterable[EObject], part: EObject | None = None) -> Activation | None:
        """The arrival pattern of an operation (or its behaviour); None if none is given or understood."""
        for bearer in bearers:
            for specification in self._of(bearer, part):
                if (found := self._pattern(specification, "occKind")) is not None:
                    return found
            for event in self._events.get(bearer, ()):
                if (found := self._pattern(event, "pattern")) is not None:
                    return found
        return None

    def _pattern(self, application: EObject, tag: str) -> Activation | None:
        expression = self.model.expression(application, tag)
        if expression is None:
            return None
        try:
            if not isinstance(expression, Call):
                raise VslError("expected periodic(...) or sporadic(...)")
            return _activation(expression)
        except VslError as error:
            text = self.model.text(application, tag) or ""
            message = f"the arrival pattern '{shown(text[:80])}' is ignored: {error}"
            self.model.warn("pattern-not-understood", message, "write periodic(period=(50,ms))", application)
            return None

    def deadline(self, bearers: Iterable[EObject], part: EObject | None = None) -> int | None:
        """The relative deadline in ns, rounded down."""
        for bearer in bearers:
            tags = [(s, tag) for s in self._of(bearer, part) for tag in ("relDl", "rlDl")]
            tags.append((self.model.applied(bearer, "SaStep"), "deadline"))
            for application, tag in tags:
                value = self.model.quantity(application, tag, TIME)
                if value is not None:
                    return down(value)
        return None

    def times(
        self, entry: str, bearers: Iterable[EObject], part: EObject | None = None
    ) -> tuple[ExecutionTime, ...]:
        """Annotated execution times, which hold on CPUs (MARTE annotations name the host they speak of)."""
        for bearer in bearers:
            for specification in self._of(bearer, part):
                if given := self.model.quantities(specification, "WCET", TIME):
                    return (_execution_time(entry, _merged(given), None, self.model, specification),)
            step = self.model.applied(bearer, "GaStep")
            given = [m for tag in ("execTime", "hostDemand") for m in self.model.quantities(step, tag, TIME)]
            energy = self.model.quantity(step, "energy", ENERGY)
            if given:
                return (_execution_time(entry, _merged(given), energy, self.model, step),)
        return ()


def _activation(call: Call) -> Activation:
    def given(*keys: str) -> int | None:
        expression = call.arguments.get(*keys)
        typical = measure_of(expression, TIME).typical if expression is not None else None
        return None if typical is None else down(typical)

    name = call.name.lower()
    if name not in ("periodic", "sporadic"):
        raise VslError(f"{call.name!r} arrivals have no bound that a table could keep")
    length = (
        given("period", "") if name == "periodic" else given("minInterarrival", "minInterarrivalTime", "")
    )
    if not length:
        raise VslError("its period is missing or zero")
    jitter = given("jitter") or 0
    if name == "sporadic":
        return Sporadic(min_interarrival_ns=length, jitter_ns=jitter)
    return Periodic(period_ns=length, offset_ns=given("phase", "offset") or 0, jitter_ns=jitter)


def _merged(given: list[Measure]) -> Measure:
    """One measure of several values of a multi-valued tag: the extremes, and the first typical value."""
    best = [m.best for m in given if m.best is not None]
    worst = [m.worst for m in given if m.worst is not None]
    return Measure(
        min(best, default=None),
        next((m.value for m in given if m.value is not None), None),
        max(worst, default=None),
    )


def _execution_time(
    entry: str, time: Measure, energy: Fraction | None, model: UmlModel, step: EObject
) -> ExecutionTime:
    upper, typical = time.upper, time.typical
    assert upper is not None and typical is not None
    return ExecutionTime(
        id=f"{entry}.cpu",
        name="annotated",
        source=model.source(step),
        unit_kind=UnitKind.CPU,
        bcet_ns=up(time.best if time.best is not None else typical),
        acet_ns=up(typical),
        wcet_ns=up(upper),
        energy_fj=None if energy is None else up(energy),
    )


def bearers_of(operation: EObject) -> tuple[EObject, ...]:
    """What annotations of an operation may be applied to: it and its methods."""
    methods = tuple(operation.method) if is_a(operation, "Operation") else ()
    return (operation, *methods)
