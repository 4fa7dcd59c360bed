"""Apply a side-car to a system: it adds or overrides what the model lacks; the model stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from aicompiler.metamodels.diagnostics import Diagnostic, Severity
from aicompiler.metamodels.system import (
    Activation,
    Channel,
    Component,
    Element,
    Entry,
    ExecutionTime,
    Flow,
    Link,
    OnData,
    OperatingPoint,
    Periodic,
    Port,
    Source,
    Sporadic,
    System,
    Unit,
    UnitKind,
)

from ._constraints import add_constraints, without_platform
from ._library import library_platform
from ._matching import Names, suggestion
from ._networks import split_networks
from ._sidecar import Setting, Sidecar

Settings = dict[str, Setting]  # key -> the last setting for it


def apply_sidecar(
    system: System, sidecar: Sidecar, folder: Path | None = None
) -> tuple[System, list[Diagnostic]]:
    """The system with all settings of ``sidecar``; of two settings for one feature the later one counts.

    Gives an error for each setting that matches nothing, and a note for each number that the model lacks and
    the side-car supplies: it is an assumption about the model, which the report counts.  ``folder`` is the
    model's, where networks are that are split.
    """
    system, sidecar, unsplit = split_networks(system, sidecar, folder)
    task = _Task(sidecar)
    system = task.use_platform(system)
    system = task.hardware(system)
    system = task.application(system)
    system, diagnostics = add_constraints(system, sidecar)
    return system, [*unsplit, *task.diagnostics, *diagnostics]


class _Task:
    def __init__(self, sidecar: Sidecar) -> None:
        self.sidecar = sidecar
        self.diagnostics: list[Diagnostic] = []

    # --- what matches -------------------------------------------------------------------------------------

    def _matches(self, section: str, names: Mapping[str, Names]) -> dict[str, Settings]:
        """Element id -> the settings whose glob matches it."""
        found: dict[str, Settings] = {}
        unmatched: dict[str, Setting] = {}
        for setting in self.sidecar.of(section):
            ids = [id_ for id_, candidate in names.items() if candidate.match(setting.pattern)]
            if not ids:
                unmatched.setdefault(setting.pattern, setting)
            for id_ in ids:
                given = found.setdefault(id_, {})
                given.pop(setting.key, None)  # so that the order stays that of the file
                given[setting.key] = setting
        for pattern, setting in unmatched.items():
            if section == "flow" and self._new_flow(pattern):
                continue
            message = f"no {section} of the model matches '{pattern}'"
            self._error("sidecar-no-match", message, suggestion(pattern, names.values()), setting.source)
        return found

    def _new_flow(self, pattern: str) -> bool:
        return any(s.pattern == pattern and s.key == "entries" for s in self.sidecar.of("flow"))

    def _error(self, rule: str, message: str, step: str, source: Source) -> None:
        self._say(Severity.ERROR, rule, message, step, source)

    def _say(self, severity: Severity, rule: str, message: str, step: str, source: Source | None) -> None:
        self.diagnostics.append(
            Diagnostic(severity=severity, rule=rule, message=message, next_step=step, source=source)
        )

    def _assume(self, what: str, element: Element, owner: str, setting: Setting) -> None:
        """Note that a number is the side-car's, not the model's."""
        origin = f"{setting.source.file}:{setting.source.line}"
        message = f"the {what} of '{owner}' is not in the model: {origin} gives it"
        self._say(Severity.NOTE, f"assumed-{what}", message, "", element.source)

    # --- platform -----------------------------------------------------------------------------------------

    def use_platform(self, system: System) -> System:
        """Replace the platform by one of the library, if the side-car names one."""
        for setting in self.sidecar.of("platform"):
            platform, problem = library_platform(setting.value)
            if platform is None:
                self._error("unknown-platform", *problem, setting.source)
                continue
            dropped = len(system.units)
            system = without_platform(system)
            system = replace(system, platform=platform)
            if dropped:
                message = f"{setting.value} takes the place of the {dropped} units of the model"
                self._say(Severity.NOTE, "platform-replaced", message, "", setting.source)
            elements: list[Unit | Link] = [*system.units, *platform.links]
            for element in elements:
                if features := [f.feature for f in element.figures if f.assumed]:
                    message = (
                        f"figures of '{element.name}' in {setting.value} are assumed: {', '.join(features)}"
                    )
                    self._say(Severity.NOTE, "assumed-figure", message, "", setting.source)
        return system

    def hardware(self, system: System) -> System:
        """Override units and links."""
        units = self._matches("unit", {u.id: Names.of(u) for u in system.units})
        links = self._matches("link", {k.id: Names.of(k) for k in system.platform.links})
        nodes = tuple(
            replace(n, units=tuple(_unit(u, units[u.id]) if u.id in units else u for u in n.units))
            for n in system.platform.nodes
        )
        new = tuple(_link(k, links[k.id]) if k.id in links else k for k in system.platform.links)
        return replace(system, platform=replace(system.platform, nodes=nodes, links=new))

    # --- application --------------------------------------------------------------------------------------

    def application(self, system: System) -> System:
        """Override components, entries, ports, channels and flows."""
        components = self._matches("component", {c.id: Names.of(c) for c in system.components})
        entries = self._matches(
            "entry", {e.id: Names.of(e, c.name) for c in system.components for e in c.entries}
        )
        ports = self._matches("port", {p.id: Names.of(p, c.name) for c in system.components for p in c.ports})
        channels = self._matches(
            "channel", {k.id: channel_names(system, k) for k in system.application.channels}
        )
        for channel in system.application.channels:
            for key, setting in channels.get(channel.id, {}).items():
                if key in ("type", "shape"):
                    for port in (channel.source_port, channel.target_port):
                        ports.setdefault(port, {})[key] = setting
        new = tuple(self._component(c, components.get(c.id, {}), entries, ports) for c in system.components)
        application = replace(
            system.application,
            components=new,
            channels=tuple(_channel(k, channels.get(k.id, {})) for k in system.application.channels),
        )
        return self._flows(replace(system, application=application))

    def _component(
        self,
        component: Component,
        given: Settings,
        entries: Mapping[str, Settings],
        ports: Mapping[str, Settings],
    ) -> Component:
        keys = {"criticality": "criticality", "replicas": "replicas", "memory": "memory_bytes"}
        return replace(
            component,
            **_features(given, keys),
            entries=tuple(
                self._entry(component, e, given | entries.get(e.id, {})) for e in component.entries
            ),
            ports=tuple(_port(p, ports.get(p.id, {})) for p in component.ports),
        )

    def _entry(self, component: Component, entry: Entry, given: Settings) -> Entry:
        name = f"{component.name}::{entry.name}"
        activation = self._activation(entry, given, name)
        deadline = given["deadline"].value if "deadline" in given else entry.deadline_ns
        times = self._times(entry, given)
        if times and not entry.times and not entry.behaviours:
            self._assume("time", entry, name, next(s for k, s in given.items() if _is_time(k)))
        ports = self._ports(component, given["ports"]) if "ports" in given else entry.ports
        return replace(entry, activation=activation, deadline_ns=deadline, times=times, ports=ports)

    def _ports(self, component: Component, given: Setting) -> tuple[str, ...]:
        """The ports of a component that an entry is said to use."""
        names = {p.id: Names.of(p, component.name) for p in component.ports}
        found: set[str] = set()
        for pattern in given.value:
            matching = [id_ for id_, candidate in names.items() if candidate.match(pattern)]
            found.update(matching)
            if not matching:
                message = f"'{component.name}' has no port '{pattern}'"
                step = suggestion(pattern, names.values())
                self._error("sidecar-no-match", message, step, given.source)
        return tuple(p.id for p in component.ports if p.id in found)

    def _activation(self, entry: Entry, given: Settings, name: str) -> Activation:
        old = entry.activation
        jitter = given["jitter"].value if "jitter" in given else getattr(old, "jitter_ns", 0)
        offset = given["offset"].value if "offset" in given else getattr(old, "offset_ns", 0)
        # The last of the three in the file decides, as everywhere in a side-car.
        key = next((k for k in reversed(given) if k in ("period", "min_interarrival", "activation")), "")
        if key and isinstance(old, OnData) and key != "activation":
            self._assume("period", entry, name, given[key])
        if key == "period":
            return Periodic(period_ns=given[key].value, offset_ns=offset, jitter_ns=jitter)
        if key == "min_interarrival":
            return Sporadic(min_interarrival_ns=given[key].value, jitter_ns=jitter)
        if key == "activation":
            return OnData()
        if isinstance(old, Periodic):
            return replace(old, offset_ns=offset, jitter_ns=jitter)
        return replace(old, jitter_ns=jitter) if isinstance(old, Sporadic) else old

    def _times(self, entry: Entry, given: Settings) -> tuple[ExecutionTime, ...]:
        times = {(t.unit_kind, t.unit, t.operating_point): t for t in entry.times}
        for kind in UnitKind:
            suffix = kind.value.lower()
            keys = {f"{t}.{suffix}": f"{t}_ns" for t in ("bcet", "acet", "wcet")} | {
                f"energy.{suffix}": "energy_fj"
            }
            if not (features := _features(given, keys)):
                continue
            source = next(given[k].source for k in keys if k in given)
            old = times.get((kind, None, None))
            if old is None:
                old = ExecutionTime(id=f"{entry.id}.{suffix}", name="side-car", source=source, unit_kind=kind)
            times[kind, None, None] = replace(old, **features)
        return tuple(times.values())

    def _flows(self, system: System) -> System:
        names = {f.id: Names.of(f) for f in system.application.flows}
        matched = self._matches("flow", names)
        keys = {"deadline": "deadline_ns", "bound": "bound", "max_outage": "max_outage_ns"}
        flows = [
            replace(f, **_features(given, keys), entries=self._path(system, given) or f.entries)
            if (given := matched.get(f.id))
            else f
            for f in system.application.flows
        ]
        fresh: dict[str, Settings] = {}
        for setting in self.sidecar.of("flow"):
            if not any(candidate.match(setting.pattern) for candidate in names.values()):
                fresh.setdefault(setting.pattern, {})[setting.key] = setting
        for name, given in fresh.items():
            if entries := self._path(system, given):
                id_, source = f"sidecar.flow.{name}", given["entries"].source
                flows.append(
                    Flow(id=id_, name=name, source=source, entries=entries, **_features(given, keys))
                )
        return replace(system, application=replace(system.application, flows=tuple(flows)))

    def _path(self, system: System, given: Settings) -> tuple[str, ...]:
        if (setting := given.get("entries")) is None:
            return ()
        names = {e.id: Names.of(e, c.name) for c in system.components for e in c.entries}
        found: list[str] = []
        for pattern in setting.value:
            ids = [id_ for id_, candidate in names.items() if candidate.match(pattern)]
            owned = [c for c in system.components if Names.of(c).match(pattern) and len(c.entries) == 1]
            ids = ids or [c.entries[0].id for c in owned]
            if len(ids) != 1:
                message = f"'{pattern}' of the flow '{setting.pattern}' stands for {len(ids)} entries"
                step = suggestion(pattern, names.values()) if not ids else "name one of them"
                self._error("sidecar-no-match", message, step, setting.source)
                return ()
            found += ids
        return tuple(found)


# --- elements ---------------------------------------------------------------------------------------------


def _features(given: Settings, keys: Mapping[str, str]) -> dict[str, Any]:
    return {feature: given[key].value for key, feature in keys.items() if key in given}


def _is_time(key: str) -> bool:
    return key.split(".", maxsplit=1)[0] in ("wcet", "acet", "bcet")


def channel_names(system: System, channel: Channel) -> Names:
    """A channel is called by its name or by its ends: ``source -> target``."""
    source = system.component_of(channel.source_port).name
    target = system.component_of(channel.target_port).name
    return Names.of(channel).plus(f"{source} -> {target}")


def _port(port: Port, given: Settings) -> Port:
    new = replace(port, **_features(given, {"type": "element_type", "shape": "shape"}))
    return replace(new, extents=("",) * len(new.shape)) if "shape" in given else new


def _channel(channel: Channel, given: Settings) -> Channel:
    keys = {key: key for key in ("protocol", "capacity", "consume", "initial")}
    return replace(
        channel,
        **_features(given, keys),
        protocol_assumed=channel.protocol_assumed and "protocol" not in given,
    )


def _link(link: Link, given: Settings) -> Link:
    keys = {
        "kind": "kind",
        "bandwidth": "bandwidth_bytes_per_s",
        "latency": "latency_ns",
        "energy_per_byte": "energy_fj_per_byte",
    }
    return replace(link, **_features(given, keys))


_UNIT_KEYS = {
    "kind": "kind",
    "cores": "cores",
    "static_power": "static_power_uw",
    "memory": "memory_bytes",
    "memory_bandwidth": "memory_bandwidth_bytes_per_s",
    "ops_per_cycle": "ops_per_cycle",
    "launch_overhead": "launch_overhead_ns",
    "policy": "policy",
    "can_fail": "can_fail",
    "device": "device",
}


def _unit(unit: Unit, given: Settings) -> Unit:
    new = replace(unit, **_features(given, _UNIT_KEYS))
    if "frequency" in given:
        hertz = given["frequency"].value
        power = unit.fastest.dynamic_power_uw if unit.operating_points else 0
        point = OperatingPoint(
            id=f"{unit.id}.{hertz}",
            name=f"{hertz / 1e6:g} MHz",
            source=given["frequency"].source,
            frequency_hz=hertz,
            dynamic_power_uw=power,
        )
        new = replace(new, operating_points=(point,))
    if "dynamic_power" in given:
        power = given["dynamic_power"].value
        new = replace(
            new, operating_points=tuple(replace(p, dynamic_power_uw=power) for p in new.operating_points)
        )
    return new
