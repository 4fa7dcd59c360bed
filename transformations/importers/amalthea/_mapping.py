"""Mapping model, schedulers and affinity: where tasks run today, and what must hold about where they run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import combinations, islice

from aicompiler.metamodels.system import Allocation, CoLocate, Constraint, Forbid, Isolate, Pin
from aicompiler.transformations.importers._sayings import shown

from ._hardware import Core, HardwareBuilder
from ._software import SoftwareBuilder
from ._view import AmaltheaModel, Xml, child, children, identity, kind, name_of, tag

_MOST_PAIRS = 10_000
_UNHELD = {
    "dataAgeConstraints": "the age of single data is not checked; state a flow",
    "dataCoherencyGroups": "that data change together is not guaranteed",
    "dataStabilityGroups": "a job reads all its inputs once; data are stable within one job only",
    "physicalSectionConstraints": "where data lie is not decided here",
    "mappingConstraints": "where data lie is not decided here",
    "executionCondition": "modes are not followed: it is executed always",
    "parentAssociation": "hierarchies of schedulers are not followed",
    "overhead": "the time that the operating system takes is not counted",
}


class MappingBuilder:
    """Builds allocations and constraints; every scheduler is replaced by a time table."""

    def __init__(self, model: AmaltheaModel, software: SoftwareBuilder, hardware: HardwareBuilder) -> None:
        self.model = model
        self.software = software
        self.hardware = hardware

    # --- schedulers ---------------------------------------------------------------------------------------

    def schedulers(self) -> None:
        """Say what is done instead of what each scheduler does."""
        for scheduler in self.model.of_kind("TaskScheduler", "InterruptController"):
            algorithm = child(scheduler, "schedulingAlgorithm")
            definition = self.model.ref(scheduler, "definition")
            stated = "" if algorithm is None else kind(algorithm)
            stated = stated or ("no algorithm" if definition is None else name_of(definition))
            message = (
                f"'{shown(name_of(scheduler))}' schedules by {shown(stated)}, which is not supported: "
                "jobs run without preemption by a time table instead, priorities do not count"
            )
            step = "nothing, if a time table is wanted; the report shows whether every deadline holds"
            self.model.warn("policy-replaced", message, step, scheduler)

    def unheld(self) -> None:
        """Report what says something about the system that nothing here decides or checks."""
        for element in self.model.elements:
            if (reason := _UNHELD.get(tag(element))) is not None:
                message = f"{tag(element)}: {reason}"
                self.model.leave(element, "constraint-left-out", message, "check it by hand")

    def sequences(self) -> None:
        """Orders of runnables: within one task the calls decide; between tasks none is kept."""
        for constraint in self.model.part("constraintsModel", "runnableSequencingConstraints"):
            groups = [self.model.refs(g, "runnables") for g in children(constraint, "runnableGroups")]
            wanted = [r for group in groups for r in group]
            callers = self.software.activations.callers.get(wanted[0], []) if wanted else []
            if not any(self._in_order(p, wanted) for p in callers):
                names = " before ".join(f"'{shown(name_of(r))}'" for r in wanted[:4])
                message = f"that {names} is executed is not kept: no task calls them in this order"
                step = "call them in this order in one task, or let one task trigger the other"
                self.model.leave(constraint, "order-left-out", message, step)

    def _in_order(self, process: Xml, wanted: list[Xml]) -> bool:
        places = {r: n for n, r in enumerate(self.software.run.runnables(process))}
        found = [places[r] for r in wanted if r in places]
        return len(found) == len(wanted) and found == sorted(found)

    # --- allocations --------------------------------------------------------------------------------------

    def allocations(self) -> Iterator[Allocation]:
        """Where the mapping model puts each process: by its affinity, else by its scheduler's cores."""
        cores = self._responsibility
        for feature, what, scheduler in (
            ("taskAllocation", "task", "scheduler"),
            ("isrAllocation", "isr", "controller"),
        ):
            for allocation in self.model.part("mappingModel", feature):
                process = self.model.ref(allocation, what)
                by = self.model.ref(allocation, scheduler)
                given = self.model.refs(allocation, "affinity") or ([] if by is None else cores.get(by, []))
                if process is None or process not in self.software.boxes:
                    continue
                yield from self._allocation(allocation, process, given)

    def _allocation(self, allocation: Xml, process: Xml, given: Sequence[Xml]) -> Iterator[Allocation]:
        units = list(dict.fromkeys(c.unit for p in given if (c := self.hardware.cores.get(p))))
        name = shown(name_of(process))
        if len(units) != 1:
            message = f"'{name}' is allocated to {len(units)} units: where it runs is left open"
            self.model.note("allocation-open", message, "state affinity to cores of one unit", allocation)
            return
        self.model.use(allocation)
        message = f"the model allocates '{name}' to '{shown(name_of(given[0]))}'; the partitioner may not"
        self.model.note("allocation-not-binding", message, "--keep-allocation keeps it", allocation)
        yield Allocation(
            id=identity("allocation", kind(process), name_of(process)),
            name=name_of(process),
            source=self.model.source(allocation),
            component=self.software.boxes[process].id,
            unit=units[0],
            by="ISRAllocation" if kind(process) == "ISR" else "TaskAllocation",
        )

    @cached_property
    def _responsibility(self) -> dict[Xml, list[Xml]]:
        """The cores that each scheduler is responsible for."""
        found: dict[Xml, list[Xml]] = {}
        for allocation in self.model.part("mappingModel", "schedulerAllocation"):
            scheduler = self.model.ref(allocation, "scheduler")
            cores = self.model.refs(allocation, "responsibility")
            cores += self.model.refs(allocation, "executingPU")
            self.model.use(allocation)
            if scheduler is not None:
                found.setdefault(scheduler, []).extend(cores)
        return found

    # --- constraints --------------------------------------------------------------------------------------

    def constraints(self) -> Iterator[Constraint]:
        """Affinity constraints and required or excluded kinds of cores."""
        for number, constraint in enumerate(self.model.part("constraintsModel", "affinityConstraints")):
            id_ = identity("affinity", str(number), name_of(constraint))
            if kind(constraint) in ("ProcessPairingConstraint", "RunnablePairingConstraint"):
                yield from self._paired(constraint, id_)
            elif kind(constraint) in ("ProcessSeparationConstraint", "RunnableSeparationConstraint"):
                yield from self._separated(constraint, id_)
            else:
                message = f"a {kind(constraint)} cannot be kept: where data lie is not decided here"
                self.model.leave(constraint, "constraint-left-out", message, "check it by hand")
        for number, constraint in enumerate(
            self.model.part("propertyConstraintsModel", "allocationConstraints")
        ):
            yield from self._classified(constraint, identity("classification", str(number)))

    def _members(self, group: Xml) -> list[str]:
        """The components of a group: its processes, the tasks that call its runnables, what its tag marks."""
        self.model.use(group)
        marked = self.model.ref(group, "tag")
        wanted = [*self.model.refs(group, "processes"), *self.model.refs(group, "runnables")]
        if marked is not None:
            every = self.model.of_kind("Task", "ISR", "Runnable")
            wanted += [e for e in every if marked in self.model.refs(e, "tags")]
        boxes = self.software.boxes
        callers = self.software.activations.callers
        members = [p for e in wanted for p in ([e] if e in boxes else callers.get(e, []))]
        return list(dict.fromkeys(boxes[p].id for p in members))

    def _paired(self, constraint: Xml, id_: str) -> Iterator[Constraint]:
        members = [m for group in children(constraint, "group") for m in self._members(group)]
        source, name = self.model.source(constraint), name_of(constraint)
        self.model.use(constraint)
        if len(members) > 1:
            yield CoLocate(id=id_, name=name, source=source, components=tuple(members))
        target = child(constraint, "target")
        if target is None:
            return
        cores = self._cores(target)
        units = list(dict.fromkeys(c.unit for c in cores))
        if len(units) != 1:
            message = f"the target of '{shown(name)}' stands for {len(units)} units: it is not kept"
            self.model.leave(target, "constraint-left-out", message, "name cores of one unit, or pin them")
            return
        self.model.use(target)
        core = cores[0].index if len(cores) == 1 else None
        for member in members:
            pin = f"{id_}.{member}"
            yield Pin(id=pin, name=name, source=source, component=member, unit=units[0], core=core)

    def _cores(self, target: Xml) -> list[Core]:
        processors = self.model.refs(target, "cores")
        responsible = self._responsibility
        for scheduler in self.model.refs(target, "schedulers"):
            processors += responsible.get(scheduler, [])
        return [c for p in dict.fromkeys(processors) if (c := self.hardware.cores.get(p))]

    def _separated(self, constraint: Xml, id_: str) -> Iterator[Constraint]:
        """Members of different groups share no core; with a target the constraint means less, and is left."""
        name = shown(name_of(constraint))
        if (target := child(constraint, "target")) is not None:
            message = f"'{name}' separates on a target only, which cannot be kept"
            self.model.leave(target, "constraint-left-out", message, "check it by hand, or forbid the unit")
            return
        groups = [self._members(g) for g in children(constraint, "groups")]
        every = ((a, b) for x, y in combinations(groups, 2) for a in x for b in y)
        pairs = list(islice(every, _MOST_PAIRS + 1))
        both = next((a for a, b in pairs if a == b), None)
        if both is not None or len(pairs) > _MOST_PAIRS:
            lack = "both are in one task" if both is not None else f"it has more than {_MOST_PAIRS} pairs"
            message = f"'{name}' cannot be kept: {lack}"
            self.model.leave(constraint, "constraint-left-out", message, "form other tasks")
            return
        self.model.use(constraint)
        for number, pair in enumerate(dict.fromkeys(pairs)):
            source = self.model.source(constraint)
            yield Isolate(id=f"{id_}.{number}", name=name_of(constraint), source=source, components=pair)

    def _classified(self, constraint: Xml, id_: str) -> Iterator[Constraint]:
        """Units whose cores lack a required classifier, or have an excluded one, are forbidden."""
        named = [p for f in ("process", "processPrototype") for p in self.model.refs(constraint, f)]
        process = next(iter(named), None)
        condition = child(constraint, "coreClassification", "coreClassifications")
        if process not in self.software.boxes or condition is None:
            message = f"a {kind(constraint)} cannot be kept: it speaks of no task"
            self.model.leave(constraint, "constraint-left-out", message, "state it for the task")
            return
        wanted = self.model.refs(condition, "classifiers")
        self.model.use(constraint, condition, *wanted)
        for unit, definition in self.hardware.definitions.items():
            held = [] if definition is None else self.model.refs(definition, "classifiers")
            matches = [w in held for w in wanted]
            fits = any(matches) if condition.get("grouping") == "atLeastOneOfThem" else all(matches)
            if fits == (condition.get("condition") == "excludes"):
                component = self.software.boxes[process].id
                source = self.model.source(constraint)
                yield Forbid(id=f"{id_}.{unit}", source=source, component=component, unit=unit)
