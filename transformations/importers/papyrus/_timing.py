"""When entries run and how long they take: RtFeature, RtSpecification, GaWorkloadEvent, SaStep and GaStep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from aicompiler.metamodels.system import Activation, ExecutionTime, Periodic, Sporadic, UnitKind
from aicompiler.transformations.importers._patterns import Pattern, pattern_of
from aicompiler.transformations.importers._quantities import ENERGY, TIME, Measure, down, measure_of, up
from aicompiler.transformations.importers._sayings import shown
from aicompiler.transformations.importers._vsl import Expression, VslError

from ._resource import EObject
from ._scenarios import several
from ._textual import textual_bodies
from ._view import UmlModel, is_a

_STOCHASTIC = ("open", "closed")
_DEMANDS = ("execTime", "hostDemand")
_DEADLINES = ("relDl", "rlDl")


class Timing:
    """Timing annotations of operations, behaviours and steps, looked up by what they speak of.

    ``queueing`` are the workloads that were met which say how often on average, and not how soon at the
    earliest, jobs arrive.
    """

    def __init__(self, model: UmlModel) -> None:
        self.model = model
        self.queueing: dict[EObject, str] = {}
        self._specifications: dict[EObject, list[EObject]] = {}
        self._events: dict[EObject, list[EObject]] = {}
        self._parts = _slotted(model)
        self.textual = textual_bodies(model)
        for specification in model.resource.stereotypes:
            if not is_a(specification, "RtSpecification") or specification.context is None:
                continue  # its base is a mere comment: the context says what it speaks of
            self._specifications.setdefault(specification.context, []).append(specification)
        for feature in model.applications("RtFeature"):
            self._specifications.setdefault(feature.base, []).extend(feature.specification)
        for event in model.applications("GaWorkloadEvent"):
            target = getattr(event.effect, "base", event.effect) or event.base
            self._events.setdefault(target, []).append(event)
            if event.base is not target:
                self._events.setdefault(event.base, []).append(event)

    def annotated(self, *bearers: EObject) -> bool:
        """Whether a bearer has any timing stereotype: it is then meant to be executed."""
        return any(
            b in self._specifications or b in self._events or self.model.applied(b, "GaStep") is not None
            for b in bearers
        )

    def _of(self, bearer: EObject, part: EObject | None) -> list[EObject]:
        """The specifications of a bearer; CHESS may give each part its own, by itself or by a port slot."""
        given = self._specifications.get(bearer, [])
        return [s for s in given if self._part(s) in (None, part)]

    def _part(self, specification: EObject) -> EObject | None:
        part: EObject | None = getattr(specification, "partWithPort", None)
        return part if part is not None else self._parts.get(specification)

    # --- activation ---------------------------------------------------------------------------------------

    def activation(self, bearers: Iterable[EObject], part: EObject | None = None) -> Activation | None:
        """The arrival pattern of an operation (or its behaviour); None if none is given or understood."""
        for bearer in bearers:
            for specification in self._of(bearer, part):
                if (found := self._pattern(specification, "occKind")) is not None:
                    return found
            for event in self._events.get(bearer, ()):
                if (found := self._event(event)) is not None:
                    return found
        return None

    def _event(self, event: EObject) -> Activation | None:
        if (population := self.model.text(event.generator, "pop")) is not None:
            self.queueing[event] = f"closed(population={population})"
        return self._pattern(event, "pattern")

    def _pattern(self, application: EObject, tag: str) -> Activation | None:
        expression = self.model.expression(application, tag)
        if expression is None:
            return None
        text = self.model.text(application, tag) or ""
        try:
            pattern = pattern_of(expression)
            for correction in pattern.corrections:
                message = f"the arrival pattern '{shown(text[:80])}' is misspelt: {correction}"
                self.model.warn("spelling-corrected", message, "correct the spelling", application)
            if pattern.name in _STOCHASTIC:
                self.queueing[application] = text
                return None
            return _activation(pattern, self.model.variables)
        except VslError as error:
            message = f"the arrival pattern '{shown(text[:80])}' is ignored: {error}"
            self.model.warn("pattern-not-understood", message, "write periodic(period=(50,ms))", application)
            return None

    def workloads(self) -> Iterator[EObject]:
        """All workload events; each is looked at, so that ``queueing`` knows the stochastic ones."""
        for event in self.model.applications("GaWorkloadEvent"):
            self._event(event)
            yield event

    # --- deadlines ----------------------------------------------------------------------------------------

    def deadline(self, bearers: Iterable[EObject], part: EObject | None = None) -> int | None:
        """The relative deadline in ns, rounded down; a required response time is one, too."""
        for bearer in bearers:
            tags = [(s, tag) for s in self._of(bearer, part) for tag in _DEADLINES]
            tags.append((self.model.applied(bearer, "SaStep"), "deadline"))
            for application, tag in tags:
                given = [m for m in self.model.quantities(application, tag, TIME) if not m.calculated]
                if given and (value := given[0].typical) is not None:
                    return down(value)
            if (required := self.required(self.model.applied(bearer, "GaStep"), "respT")) is not None:
                return required
        return None

    def required(self, application: EObject | None, tag: str) -> int | None:
        """What a tag demands (source=req), in ns; None where it states results or nothing."""
        if not any("req" in text for text in self.model.texts(application, tag)):
            return None  # results are not asked for their values
        given = self.model.quantities(application, tag, TIME)
        uppers = [m.upper for m in given if m.source == "req" and m.upper is not None]
        return down(min(uppers)) if uppers else None

    # --- execution times ----------------------------------------------------------------------------------

    def times(
        self,
        entry: str,
        bearers: Iterable[EObject],
        part: EObject | None = None,
        drawn: Sequence[Sequence[EObject]] = (),
    ) -> tuple[ExecutionTime, ...]:
        """Annotated execution times, which hold on CPUs (MARTE annotations name the host they speak of).

        Where ``bearers`` give none, the steps that are ``drawn`` do: what annotates one step adds up, and of
        several steps that run the entry the longest counts.
        """
        for bearer in bearers:
            for specification in self._of(bearer, part):
                for tag in ("WCET", "localWCET"):
                    if given := self._inputs(specification, tag):
                        return (self._time(entry, _merged(given), None, specification),)
            if (found := self._demand(bearer)) is not None:
                step, measure = found
                return (self._time(entry, measure, self._energy(step), step),)
        steps = [self._sum(group) for group in drawn]
        timed = [found for found in steps if found is not None]
        if not timed:
            return ()
        place, _ = max(timed, key=lambda found: found[1].upper or Fraction(0))
        return (self._time(entry, _merged([m for _, m in timed]), self._energy(place), place),)

    def _energy(self, step: EObject) -> Fraction | None:
        return self.model.quantity(step, "energy", ENERGY)

    def _inputs(self, application: EObject | None, tag: str) -> list[Measure]:
        given = self.model.quantities(application, tag, TIME)
        return [m for m in given if not m.calculated and m.typical is not None]

    def _demand(self, bearer: EObject) -> tuple[EObject, Measure] | None:
        step = self.model.applied(bearer, "GaStep")
        given = [m for tag in _DEMANDS for m in self._inputs(step, tag)]
        if self._open(step):
            return None  # what is known of it is no bound
        if not given:  # CHESS generates steps that only name the operations they use, one after the other
            used = [u for u in several(step, "subUsage") if getattr(u, "base", None) not in (None, bearer)]
            each = [[m for tag in _DEMANDS for m in self._inputs(u, tag)] for u in used]
            given = [_added([_merged(one) for one in each])] if each and all(each) else []
        return (step, _merged(given)) if given and step is not None else None

    def _open(self, step: EObject | None) -> bool:
        """Whether some of the times of a step are stated, but not known: a variable, a slip of the pen."""
        return any(
            len(self.model.quantities(step, tag, TIME)) < len(self.model.texts(step, tag)) for tag in _DEMANDS
        )

    def _sum(self, group: Sequence[EObject]) -> tuple[EObject, Measure] | None:
        found = [d for bearer in group if (d := self._demand(bearer)) is not None]
        if not found or any(self._open(self.model.applied(bearer, "GaStep")) for bearer in group):
            return None
        if len(found) > 1:
            message = f"the times of {self.model.label(group[0])} and its execution are added"
            self.model.note("times-added", message, "", found[0][0])
        return found[-1][0], _added([m for _, m in found])

    def _time(self, entry: str, time: Measure, energy: Fraction | None, step: EObject) -> ExecutionTime:
        upper, typical = time.upper, time.typical
        assert upper is not None and typical is not None
        return ExecutionTime(
            id=f"{entry}.cpu",
            name="annotated",
            source=self.model.source(step),
            unit_kind=UnitKind.CPU,
            bcet_ns=up(_least(time)),
            acet_ns=up(typical),
            wcet_ns=up(upper),
            energy_fj=None if energy is None else up(energy),
        )


def _slotted(model: UmlModel) -> dict[EObject, EObject]:
    """The part that each CHRtSpecification of a port slot speaks of."""
    found: dict[EObject, EObject] = {}
    parts = parts_of_instances(model)
    for application in model.applications("CHRtPortSlot"):
        part = parts.get(application.base.eContainer())
        for specification in several(application, "cH_RtSpecification"):
            if part is not None:
                found[specification] = part
    return found


def parts_of_instances(model: UmlModel) -> dict[EObject, EObject]:
    """The part that each instance specification stands for: the feature of the slot that holds it."""
    found: dict[EObject, EObject] = {}
    for holder in model.elements("InstanceSpecification"):
        for slot in holder.slot:
            for value in slot.value:
                instance = getattr(value, "instance", None)
                if instance is not None and not is_a(slot.definingFeature, "Port"):
                    found.setdefault(instance, slot.definingFeature)
    return found


def _activation(pattern: Pattern, variables: dict[str, Expression]) -> Activation:
    def given(part: str) -> int | None:
        expression = pattern.parts.get(part)
        typical = measure_of(expression, TIME, variables).typical if expression is not None else None
        return None if typical is None else down(typical)

    if pattern.name not in ("periodic", "sporadic"):
        raise VslError(f"{pattern.name!r} arrivals have no bound that a table could keep")
    length = given("period" if pattern.name == "periodic" else "minInterarrival")
    if not length:
        raise VslError("its period is missing or zero")
    jitter = given("jitter") or 0
    if pattern.name == "sporadic":
        return Sporadic(min_interarrival_ns=length, jitter_ns=jitter)
    return Periodic(period_ns=length, offset_ns=given("phase") or 0, jitter_ns=jitter)


def _least(measure: Measure) -> Fraction:
    given = [x for x in (measure.best, measure.value, measure.worst) if x is not None]
    return measure.best if measure.best is not None else min(given, default=Fraction(0))


def _merged(given: list[Measure]) -> Measure:
    """One measure of several values of a multi-valued tag: the extremes, and the first typical value."""
    return Measure(
        min(_least(m) for m in given),
        next((m.typical for m in given if m.typical is not None), None),
        max((m.upper for m in given if m.upper is not None), default=None),
    )


def _added(given: Sequence[Measure]) -> Measure:
    return Measure(
        sum((_least(m) for m in given), Fraction(0)),
        sum((m.typical or Fraction(0) for m in given), Fraction(0)),
        sum((m.upper or Fraction(0) for m in given), Fraction(0)),
    )


def bearers_of(operation: EObject) -> tuple[EObject, ...]:
    """What annotations of an operation may be applied to: it and its methods."""
    methods = tuple(operation.method) if is_a(operation, "Operation") else ()
    return (operation, *methods)
