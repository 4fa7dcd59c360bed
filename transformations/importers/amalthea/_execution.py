"""What a task executes: the ticks of its call graph on a kind of core, the data and events it touches."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from aicompiler.transformations.importers._sayings import shown

from ._values import Spread, Values
from ._view import AmaltheaModel, Xml, child, children, kind, name_of

GRAPHS = ("callGraph", "activityGraph")
_ITEMS = ("items", "calls", "runnableItems", "runnableCalls")
_GROUPS = ("", "Group", "CallSequence", "RunnableGroup")
_CALLS = ("RunnableCall", "TaskRunnableCall", "SynchronousServerCall")
_SWITCHES = ("ModeSwitch", "RunnableModeSwitch", "Switch", "ProbabilitySwitch", "RunnableProbabilitySwitch")
_ACCESSES = {
    "LabelAccess": "data",
    "ModeLabelAccess": "data",
    "ChannelSend": "data",
    "ChannelReceive": "data",
    "SenderReceiverRead": "label",
    "SenderReceiverWrite": "label",
}
_WRITES = ("ChannelSend", "SenderReceiverWrite")
_TRIGGERS = {"InterProcessTrigger": "stimulus", "InterProcessActivation": "stimulus"} | {
    "CustomEventTrigger": "event"
}
# Neither takes time in the system nor moves data.
_WITHOUT_TIME = (*_ACCESSES, *_TRIGGERS, "SchedulePoint", "TerminateProcess", "EventChainItem")


class Execution:
    """Walks call graphs (``activityGraph`` since 0.9.6); of a runnable called twice its ticks count twice."""

    def __init__(self, model: AmaltheaModel, values: Values) -> None:
        self.model = model
        self.values = values
        self._costs: dict[Xml | None, dict[Xml, Spread | None]] = {}
        self._reached: dict[Xml, list[Xml]] = {}
        self._accessed: dict[Xml, list[tuple[Xml, bool, Xml]]] = {}

    # --- structure ----------------------------------------------------------------------------------------

    def graph(self, owner: Xml) -> list[Xml]:
        """The items of what a task, a process prototype or a runnable executes."""
        graph = child(owner, *GRAPHS)
        return children(owner if graph is None else graph, *_ITEMS)

    def items(self, owner: Xml) -> Iterator[Xml]:
        """All items below a task or runnable, those of groups and switches included."""
        stack = list(reversed(self.graph(owner)))
        while stack:
            item = stack.pop()
            yield item
            inner = [i for e in (item, *_alternatives(item)) for i in children(e, *_ITEMS)]
            stack += reversed(inner)

    def runnables(self, process: Xml) -> list[Xml]:
        """The runnables that a process calls, directly or through others, each once, in order of calls."""
        if process not in self._reached:
            self._reached[process] = self._reach(process)
        return self._reached[process]

    def _reach(self, process: Xml) -> list[Xml]:
        found: dict[Xml, None] = {}
        stack = list(reversed(self._calls(process)))
        while stack:
            if (called := stack.pop()) not in found:
                found[called] = None
                stack += reversed(self._calls(called))
        return list(found)

    def _calls(self, owner: Xml) -> list[Xml]:
        if kind(owner) == "Runnable" and owner in self._called:
            return self._called[owner]
        return [c for item in self.items(owner) if (c := self._callee(item)) is not None]

    def _callee(self, item: Xml) -> Xml | None:
        if kind(item) not in _CALLS:
            return None
        for feature in ("runnable", "serverRunnable"):
            if (called := self.model.ref(item, feature)) is not None and kind(called) == "Runnable":
                self.model.use(item, called)
                return called
        return None

    @cached_property
    def _called(self) -> dict[Xml, list[Xml]]:
        """The callees of each runnable, callees first; runnables that call each other are an error."""
        edges: dict[Xml, list[Xml]] = {}
        for runnable in self.model.of_kind("Runnable"):
            edges[runnable] = [c for item in self.items(runnable) if (c := self._callee(item)) is not None]
        try:
            order = list(TopologicalSorter(edges).static_order())
        except CycleError as error:
            members: list[Xml] = error.args[1]
            path = " -> ".join(f"'{shown(name_of(m))}'" for m in members)
            message = f"runnables call each other, {path}: a job would never end"
            self.model.error("call-cycle", message, "remove one of the calls", members[0])
            return {runnable: [] for runnable in edges}
        return {runnable: edges[runnable] for runnable in order}

    # --- time ---------------------------------------------------------------------------------------------

    def cost(self, process: Xml, definition: Xml | None) -> Spread | None:
        """The ticks of a process on cores of a definition; ``None`` where a runnable states none for it."""
        if definition not in self._costs:
            costs = self._costs[definition] = {}
            for runnable in self._called:  # callees first: no chain of calls is walked recursively
                costs[runnable] = self._sum(self.graph(runnable), definition)
        return self._sum(self.graph(process), definition)

    def _sum(self, items: list[Xml], definition: Xml | None) -> Spread | None:
        total = Spread()
        for item in items:
            if (one := self._item(item, definition)) is None:
                return None
            total += one
        return total

    def _item(self, item: Xml, definition: Xml | None) -> Spread | None:
        of = kind(item)
        if of in _CALLS:
            called = self._callee(item)
            return Spread() if called is None else self._costs[definition].get(called)
        if of in _SWITCHES:
            return self._switch(item, definition)
        if of in ("Ticks", "RunnableInstructions", "ExecutionNeed"):
            return self._ticks(item, definition)
        if of in _WITHOUT_TIME:
            return Spread()
        if of in _GROUPS:
            self.model.use(item)
            return self._sum(children(item, *_ITEMS), definition)
        reason = f"{of} in a call graph is not supported: it counts neither for time nor for data"
        self.model.leave(item, "item-left-out", reason, "add what it takes to the ticks of its runnable")
        return Spread()

    def _switch(self, item: Xml, definition: Xml | None) -> Spread | None:
        """The least of the best and the greatest of the worst; means by probability, else the greatest."""
        self.model.use(item)
        branches = [(e, self._sum(children(e, *_ITEMS), definition)) for e in _alternatives(item)]
        costs = [cost for _, cost in branches if cost is not None]
        if not costs or len(costs) < len(branches):
            return Spread() if not branches else None
        self.model.use(*(e for e, _ in branches))
        worst, best = max(c.worst for c in costs), min(c.best for c in costs)
        if children(item, "defaultEntry") == [] and "Probability" not in kind(item):
            best = Fraction(0)  # no condition may hold
        weights = [self._weight(e) for e, _ in branches]
        if "Probability" in kind(item) and sum(weights) > 0:
            mean = sum((c.mean * w for c, w in zip(costs, weights, strict=True)), Fraction(0)) / sum(weights)
        else:
            mean = max(c.mean for c in costs)
        return Spread(best, mean, worst)

    def _weight(self, entry: Xml) -> Fraction:
        text = entry.get("probability", "0")
        try:
            return max(Fraction(0), Fraction(text[:40]))
        except (ValueError, ZeroDivisionError):
            message = f"'{shown(text[:40])}' is no probability"
            self.model.error("value-not-understood", message, "give a number from 0 to 1", entry)
            return Fraction(0)

    # --- ticks --------------------------------------------------------------------------------------------

    def _ticks(self, item: Xml, definition: Xml | None) -> Spread | None:
        if kind(item) == "ExecutionNeed":
            return self._need(item, definition)
        found = self._entry(item, definition)
        if found is None:
            return None
        self.model.use(item, found.getparent())
        read = self.values.spread(found)
        if read is not None and kind(item) == "RunnableInstructions":
            return read.times(1 / self._per_cycle(definition))
        return read

    def _entry(self, item: Xml, definition: Xml | None) -> Xml | None:
        """The extended value for a definition of cores, else the default."""
        for extended in children(item, "extended"):
            if self.model.ref(extended, "key") is definition and definition is not None:
                return child(extended, "value")
        return child(item, "default")

    def _need(self, item: Xml, definition: Xml | None) -> Spread | None:
        """Instructions over the instructions a cycle of the core; other needs have no duration."""
        found = [n for n in (*children(item, "needs"), *children(item, "default")) if n.get("key")]
        for need in found:
            if need.get("key") == "Instructions":
                self.model.use(item, need)
                read = self.values.spread(child(need, "value"))
                return None if read is None else read.times(1 / self._per_cycle(definition))
        reason = "an execution need without Instructions has no duration"
        self.model.leave(item, "item-left-out", reason, "state ticks")
        return Spread()

    def _per_cycle(self, definition: Xml | None) -> Fraction:
        features = [] if definition is None else self.model.refs(definition, "features")
        for feature in features:
            given = self.values.number(feature) if name_of(feature).lower().startswith("ipc") else None
            if given is not None and given > 0:
                return given
        if definition is not None:
            message = (
                f"the instructions a cycle of '{shown(name_of(definition))}' are not stated; 1 is assumed"
            )
            self.model.warn(
                "ipc-assumed", message, "give its definition a feature Instructions/IPC", definition
            )
        return Fraction(1)

    # --- data and triggers --------------------------------------------------------------------------------

    def accesses(self, process: Xml) -> list[tuple[Xml, bool, Xml]]:
        """What a process accesses: the datum, whether it writes, and the item that says so."""
        if process not in self._accessed:
            self._accessed[process] = list(self._accesses(process))
        return self._accessed[process]

    def _accesses(self, process: Xml) -> Iterator[tuple[Xml, bool, Xml]]:
        for owner in (process, *self.runnables(process)):
            for item in self.items(owner):
                if (feature := _ACCESSES.get(kind(item))) is None:
                    continue
                if (datum := self.model.ref(item, feature)) is not None:
                    self.model.use(item)
                    yield datum, _writes(item), item

    def triggers(self, process: Xml) -> Iterator[Xml]:
        """The inter-process stimuli and custom events that a process raises."""
        for owner in (process, *self.runnables(process)):
            for item in self.items(owner):
                feature = _TRIGGERS.get(kind(item))
                if feature is not None and (raised := self.model.ref(item, feature)) is not None:
                    self.model.use(item)
                    yield raised


def _alternatives(item: Xml) -> list[Xml]:
    return children(item, "entries", "defaultEntry") if kind(item) in _SWITCHES else []


def _writes(item: Xml) -> bool:
    return kind(item) in _WRITES or item.get("access", "") in ("write", "set", "increment", "decrement")
