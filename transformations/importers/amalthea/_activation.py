"""Stimuli and activations: when jobs of a task are released, and which task triggers it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from aicompiler.metamodels.system import Activation, OnData, Periodic, Sporadic
from aicompiler.transformations.importers._quantities import down, up
from aicompiler.transformations.importers._sayings import shown

from ._execution import Execution
from ._values import Values
from ._view import AmaltheaModel, Xml, child, children, kind, name_of

_GIVE = "give the task a stimulus that recurs, or state period in the side-car"


@dataclass(frozen=True)
class Trigger:
    """A process that activates another one, once for ``prescaler`` of its own jobs."""

    producer: Xml
    prescaler: int
    stimulus: Xml


class Activations:
    """Reads when each process is released."""

    def __init__(self, model: AmaltheaModel, values: Values, run: Execution, processes: list[Xml]) -> None:
        self.model = model
        self.values = values
        self.run = run
        self.processes = processes
        self.raised: dict[Xml, list[Xml]] = {}
        for process in processes:
            for raised in run.triggers(process):
                self.raised.setdefault(raised, []).append(process)

    def stimulus(self, process: Xml) -> Xml | None:
        """The stimulus that counts: the first; others are reported."""
        features = ("stimuli", "activation", "activations")
        given = [s for feature in features for s in self.model.refs(process, feature)]
        for other in given[1:]:
            names = f"'{shown(name_of(process))}' has several stimuli"
            message = f"{names}: '{shown(name_of(given[0]))}' counts, '{shown(name_of(other))}' is left out"
            self.model.warn("several-stimuli", message, "give each stimulus a task of its own", process)
        if given:
            self.model.use(given[0])
        return next(iter(given), None)

    def of(self, process: Xml) -> tuple[Activation, tuple[Trigger, ...]]:
        """The activation of a process; where others trigger it, also by which."""
        stimulus = self.stimulus(process)
        if stimulus is None:
            return OnData(), ()
        of = kind(stimulus)
        if of in ("InterProcessStimulus", "InterProcess", "EventStimulus", "EventActivation"):
            return OnData(), tuple(self._triggers(process, stimulus))
        return self._timed(stimulus, of), ()

    def _timed(self, stimulus: Xml, of: str) -> Activation:
        if of in ("PeriodicStimulus", "Periodic", "PeriodicActivation"):
            return self._periodic(stimulus)
        found = self._distance(stimulus, of)
        if found is None:
            message = f"the stimulus '{shown(name_of(stimulus))}' ({of or 'without a kind'}) does not recur"
            self.model.warn("activation-left-out", message, _GIVE, stimulus)
            return OnData()
        if found < 1:
            message = f"the least distance of jobs of '{shown(name_of(stimulus))}' is {float(found):g} ns"
            self.model.error("bad-period", message, "give a positive time", stimulus)
        return Sporadic(min_interarrival_ns=down(found))

    @cached_property
    def callers(self) -> dict[Xml, list[Xml]]:
        """The processes that call each runnable, directly or through others."""
        found: dict[Xml, list[Xml]] = {}
        for process in self.processes:
            for runnable in self.run.runnables(process):
                found.setdefault(runnable, []).append(process)
        return found

    @cached_property
    def stimulated(self) -> dict[Xml, list[Xml]]:
        """The processes that each stimulus releases."""
        found: dict[Xml, list[Xml]] = {}
        for process in self.processes:
            for stimulus in self.model.refs(process, "stimuli"):
                found.setdefault(stimulus, []).append(process)
        return found

    @cached_property
    def touched(self) -> dict[Xml, set[tuple[Xml, bool]]]:
        """What each process reads (false) and writes (true)."""
        return {p: {(datum, writes) for datum, writes, _ in self.run.accesses(p)} for p in self.processes}

    # --- recurring ----------------------------------------------------------------------------------------

    def _time(self, element: Xml, feature: str) -> Fraction | None:
        return self.values.quantity(child(element, feature), "time")

    def _periodic(self, stimulus: Xml) -> Activation:
        period = self._time(stimulus, "recurrence")
        if period is None and kind(stimulus) == "PeriodicActivation":
            period = self._bounds(stimulus)
        if period is None or period < 1:
            said = "no recurrence" if period is None else f"the recurrence {float(period):g} ns"
            place = child(stimulus, "recurrence")
            message = f"the stimulus '{shown(name_of(stimulus))}' has {said}"
            where = stimulus if place is None else place
            self.model.error("bad-period", message, "give a positive recurrence", where)
            return Periodic(period_ns=1)
        jitter = self.values.spread(child(stimulus, "jitter"), "time")
        return Periodic(
            period_ns=down(period),
            offset_ns=down(self._time(stimulus, "offset") or Fraction(0)),
            jitter_ns=0 if jitter is None else up(jitter.worst),
        )

    def _bounds(self, activation: Xml) -> Fraction | None:
        """The period of an activation of the design phase: the least one that it allows."""
        low, high = self._time(activation, "min"), self._time(activation, "max")
        return low or high

    def _distance(self, stimulus: Xml, of: str) -> Fraction | None:
        """The least time between two jobs; ``None`` where there is no such time."""
        readers = {
            "RelativePeriodicStimulus": self._relative,
            "PeriodicSyntheticStimulus": self._synthetic,
            "PeriodicBurstStimulus": self._burst,
            "VariableRateStimulus": self._variable,
            "VariableRateActivation": self._variable,
            "ArrivalCurveStimulus": self._arrival,
            "SporadicStimulus": self._relative,
            "SporadicActivation": self._relative,
        }
        reader = readers.get(of)
        return None if reader is None else reader(stimulus)

    def _relative(self, stimulus: Xml) -> Fraction | None:
        for feature in ("nextOccurrence", "stimulusDeviation", "occurrence"):
            if (found := self.values.spread(child(stimulus, feature), "time")) is not None:
                return found.best
        return None

    def _synthetic(self, stimulus: Xml) -> Fraction | None:
        period = self._time(stimulus, "recurrence")
        times = [self.values.quantity(t, "time") for t in children(stimulus, "occurrenceTimes")]
        ordered = sorted(t for t in times if t is not None)
        if not period or not ordered:
            return None
        gaps = [b - a for a, b in zip(ordered, [*ordered[1:], ordered[0] + period], strict=True)]
        return min(gaps)

    def _burst(self, stimulus: Xml) -> Fraction | None:
        return self._time(stimulus, "occurrenceMinDistance")

    def _variable(self, stimulus: Xml) -> Fraction | None:
        step = self._time(stimulus, "step")
        rate = self.values.spread(child(stimulus, "occurrencesPerStep"))
        return step / rate.worst if step is not None and rate is not None and rate.worst > 0 else None

    def _arrival(self, stimulus: Xml) -> Fraction | None:
        """How close two jobs may come: the lower border of the entry for two occurrences."""
        for entry in children(stimulus, "entries"):
            if entry.get("numberOfOccurrences") == "2":
                return self._time(entry, "lowerTimeBorder")
        return None

    # --- triggered ----------------------------------------------------------------------------------------

    def _triggers(self, process: Xml, stimulus: Xml) -> list[Trigger]:
        """The first process that triggers; a queue waits for all its producers, so others are reported."""
        if kind(stimulus) in ("EventStimulus", "EventActivation"):
            events = self.model.refs(stimulus, "triggeringEvents")
            producers = [p for event in events for p in self.producers(event)]
        else:
            producers = self.raised.get(stimulus, [])
        producers = [p for p in dict.fromkeys(producers) if p in self.processes]
        for other in producers[1:]:
            message = (
                f"'{shown(name_of(process))}' is activated by '{shown(name_of(producers[0]))}' or by "
                f"'{shown(name_of(other))}': only the first counts"
            )
            self.model.warn("several-triggers", message, "give each producer a task to activate", stimulus)
        if not producers:
            message = f"no task triggers '{shown(name_of(stimulus))}'"
            self.model.warn("activation-left-out", message, _GIVE, stimulus)
        return [Trigger(p, self._prescaler(stimulus), stimulus) for p in producers[:1]]

    def _prescaler(self, stimulus: Xml) -> int:
        counter = child(stimulus, "counter")
        text = "1" if counter is None else counter.get("prescaler", "1")
        if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
            message = f"the prescaler is '{shown(text[:40])}'"
            self.model.error("value-not-understood", message, "give a whole number of at least 1", stimulus)
            return 1
        self.model.use(counter)
        return int(text)

    def producers(self, event: Xml) -> list[Xml]:
        """The processes at which an event occurs."""
        of, entity = kind(event), self.model.ref(event, "entity")
        process = self.model.ref(event, "process")
        self.model.use(event)
        if of == "CustomEvent":
            return self.raised.get(event, [])
        if of == "StimulusEvent":
            return self.stimulated.get(entity, [])
        if process is not None or entity is None:
            return [] if process is None else [process]
        if of == "ProcessEvent":
            return [entity]
        if of == "RunnableEvent":
            return self.callers.get(entity, [])
        return self._accessing(event, entity)

    def _accessing(self, event: Xml, entity: Xml) -> list[Xml]:
        """Who writes (or reads) the datum of a label or channel event."""
        reading = event.get("eventType", "") in ("read", "receive")
        runnable = self.model.ref(event, "runnable")
        return [
            p
            for p in (self.processes if runnable is None else self.callers.get(runnable, []))
            if (entity, not reading) in self.touched[p]
        ]
