"""The key ``split`` of a side-car: a component that is a network becomes one component a part of it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aicompiler.metamodels.diagnostics import Diagnostic, ModelError, Severity
from aicompiler.metamodels.system import (
    Behaviour,
    Channel,
    ChannelProtocol,
    Component,
    Element,
    Entry,
    Flow,
    OnData,
    Port,
    PortDirection,
    System,
)

from ._matching import Names, suggestion
from ._sidecar import Setting, Sidecar

if TYPE_CHECKING:
    from aicompiler.transformations.kernels import Parameter

LANGUAGE = "onnx"


def split_networks(
    system: System, sidecar: Sidecar, folder: Path | None
) -> tuple[System, Sidecar, list[Diagnostic]]:
    """The system with the networks of ``split`` cut at their tensors, and what is left of the side-car.

    The parts of ``Net`` are ``Net_1``, ``Net_2`` …, connected by QUEUE channels.  The first keeps the
    activation, all others run on data; each has an equal part of a deadline.  Pins and forbidden units of the
    model hold for each part; other settings of the side-car name the parts.  Gives errors for what cannot be
    split.
    """
    wanted: dict[str, Setting] = {}
    diagnostics: list[Diagnostic] = []
    for setting in sidecar.of("component"):
        if setting.key == "split":
            found = {c.id: setting for c in system.components if Names.of(c).match(setting.pattern)}
            wanted |= found
            diagnostics += [] if found else [_no_match(system, setting)]
    for component in system.components:
        if (given := wanted.get(component.id)) is None:
            continue
        try:
            system = _Split(system, component, given, folder).system_after()
        except ModelError as error:
            diagnostics += error.diagnostics
    rest = tuple(s for s in sidecar.settings if (s.section, s.key) != ("component", "split"))
    return system, replace(sidecar, settings=rest), diagnostics


def _no_match(system: System, setting: Setting) -> Diagnostic:
    names = [Names.of(c) for c in system.components]
    return Diagnostic(
        severity=Severity.ERROR,
        rule="sidecar-no-match",
        message=f"no component of the model matches '{setting.pattern}'",
        next_step=suggestion(setting.pattern, names),
        source=setting.source,
    )


@dataclass(frozen=True)
class _Split:
    system: System
    component: Component
    setting: Setting
    folder: Path | None

    def system_after(self) -> System:
        """The system with the parts in the place of the component."""
        self._refuse()
        bodies = [self._body(number) for number in range(1, len(self.setting.value) + 2)]
        parts = [self._part(n, body) for n, body in enumerate(bodies, 1)]
        ports, channels = self._connected([self._interface(b) for b in bodies])
        parts = [replace(part, ports=tuple(own)) for part, own in zip(parts, ports, strict=True)]
        application = self.system.application
        components = [p for c in application.components for p in (parts if c is self.component else [c])]
        return replace(
            self.system,
            application=replace(
                application,
                components=tuple(components),
                channels=application.channels + tuple(channels),
                flows=tuple(self._flow(f, parts) for f in application.flows),
            ),
            constraints=tuple(c for old in self.system.constraints for c in self._constraints(old, parts)),
            allocations=tuple(c for old in self.system.allocations for c in self._constraints(old, parts)),
        )

    # --- what can be split --------------------------------------------------------------------------------

    def _error(self, message: str, step: str) -> ModelError:
        text = f"'{self.component.name}' cannot be split: {message}"
        return ModelError(
            Diagnostic(
                severity=Severity.ERROR,
                rule="sidecar-split",
                message=text,
                next_step=step,
                source=self.setting.source,
            )
        )

    def _refuse(self) -> None:
        entries = self.component.entries
        if len(entries) != 1 or not entries[0].behaviours:
            raise self._error(
                "it has not one entry with a behaviour", "split components that are one network"
            )
        if entries[0].behaviours[0].language.strip().lower() != LANGUAGE:
            raise self._error("its behaviour is no network in ONNX", "remove the key split")
        if self.component.attributes or self.component.constants:
            raise self._error("it has attributes", "split networks without state")
        grouped = [c for c in self.system.constraints if self.component.id in getattr(c, "components", ())]
        if grouped:
            step = "say it of the parts, in the side-car"
            raise self._error("a constraint of the model groups it with others", step)
        ids = {self.component.id, self._entry.id, *(t.id for t in self._entry.times)}
        if any(_speaks_of(e, ids) for e in (*self.system.requirements, *self.system.stated_results)):
            raise self._error("a requirement or a result of the model is about it", "split it in the model")

    # --- parts --------------------------------------------------------------------------------------------

    @property
    def _entry(self) -> Entry:
        return self.component.entries[0]

    def _body(self, number: int) -> Behaviour:
        whole = self._entry.behaviours[0]
        lines = [whole.body.strip(), f"part {number} after splitting at", *self.setting.value]
        return replace(whole, id=f"{whole.id}.part{number}", body="\n".join(lines))

    def _part(self, number: int, body: Behaviour) -> Component:
        count = len(self.setting.value) + 1
        deadline = self._entry.deadline_ns
        entry = replace(
            self._entry,
            id=f"{self._entry.id}.part{number}",
            activation=self._entry.activation if number == 1 else OnData(),
            deadline_ns=None if deadline is None else deadline // count,
            behaviours=(body,),
            times=(),  # those of the whole are no part's
            ports=(),
        )
        id_, name = f"{self.component.id}.part{number}", f"{self.component.name}_{number}"
        return replace(self.component, id=id_, name=name, entries=(entry,), ports=())

    def _interface(self, body: Behaviour) -> tuple[Parameter, ...]:
        from aicompiler.transformations.kernels.frontends.onnx import interface_of

        return interface_of(body, self.folder)

    # --- ports and channels -------------------------------------------------------------------------------

    def _connected(self, interfaces: list[tuple[Parameter, ...]]) -> tuple[list[list[Port]], list[Channel]]:
        """The ports of each part: those of the component, and new ones for what goes from part to part."""
        own = {p.name: p for p in self.component.ports}
        ports: list[list[Port]] = [[] for _ in interfaces]
        channels: list[Channel] = []
        makers: dict[str, Port] = {}
        used: set[str] = set()
        for number, parameters in enumerate(interfaces, 1):
            for p in parameters:
                direction = PortDirection.IN if p.direction.value == "in" else PortDirection.OUT
                known = own.get(p.name)
                if known is not None and known.direction is direction and p.name not in used:
                    port = known
                    used.add(p.name)
                else:
                    port = self._port(p, direction, number)
                ports[number - 1].append(port)
                if direction is PortDirection.OUT:
                    makers[p.name] = port
                elif p.name in makers:
                    channels.append(self._channel(makers[p.name], port))
                elif port is not known:
                    channels += self._again(known, port)
        if missing := sorted(set(own) - used):
            step = "remove the port, or let the network use it"
            raise self._error(f"no part has the ports {', '.join(missing)}", step)
        return ports, channels

    def _port(self, parameter: Parameter, direction: PortDirection, number: int) -> Port:
        shape = parameter.shape
        while len(shape) > 1 and shape[0] == 1:  # the batch
            shape = shape[1:]
        id_ = f"{self.component.id}.part{number}.{parameter.name}.{direction.value.lower()}"
        return Port(
            id=id_, name=parameter.name, direction=direction, element_type=parameter.dtype, shape=shape
        )

    def _channel(self, source: Port, target: Port) -> Channel:
        return Channel(
            id=f"{source.id}->{target.id}",
            name=target.name,
            source_port=source.id,
            target_port=target.id,
            protocol=ChannelProtocol.QUEUE,
        )

    def _again(self, known: Port | None, port: Port) -> list[Channel]:
        """The channels of an in-port that a further part reads too."""
        if known is None:
            raise self._error(f"it has no port '{port.name}'", "give it the ports of the network")
        old = [c for c in self.system.application.channels if c.target_port == known.id]
        return [replace(c, id=f"{c.id}->{port.id}", target_port=port.id) for c in old]

    # --- what speaks of the component ---------------------------------------------------------------------

    def _flow(self, flow: Flow, parts: list[Component]) -> Flow:
        entries = [p.entries[0].id for p in parts]
        path = [e for old in flow.entries for e in (entries if old == self._entry.id else [old])]
        return replace(flow, entries=tuple(path))

    def _constraints(self, old: Any, parts: list[Component]) -> list[Any]:
        if getattr(old, "component", None) != self.component.id:
            return [old]
        return [replace(old, id=f"{old.id}.{p.id}", component=p.id) for p in parts]


def _speaks_of(element: Element, ids: set[str]) -> bool:
    """Whether a feature of ``element`` is one of some ids, or a list with one."""
    values = (getattr(element, f.name) for f in fields(element))
    return any(v in ids if isinstance(v, str) else isinstance(v, tuple) and bool(ids & {*v}) for v in values)
