"""The default protocol of channels whose model states none: by the rates of both ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from aicompiler.metamodels.system import (
    Channel,
    ChannelProtocol,
    Component,
    OnData,
    Periodic,
    Sporadic,
    System,
)


def settle_protocols(system: System) -> System:
    """QUEUE between equal rates and into data-driven readers, else SAMPLE, where the protocol is assumed."""
    channels = system.application.channels
    owner = {p.id: c for c in system.components for p in c.ports}
    rates = _Rates(channels, owner)
    settled = tuple(
        replace(c, protocol=rates.protocol(c)) if c.protocol_assumed and _ends(c, owner) else c
        for c in channels
    )
    return replace(system, application=replace(system.application, channels=settled))


def _ends(channel: Channel, owner: Mapping[str, Component]) -> bool:
    return channel.source_port in owner and channel.target_port in owner


class _Rates:
    def __init__(self, channels: tuple[Channel, ...], owner: Mapping[str, Component]) -> None:
        self.owner = owner
        self.feeding: dict[str, list[Channel]] = {}
        for channel in channels:
            sampled = channel.protocol is not ChannelProtocol.QUEUE and not channel.protocol_assumed
            if _ends(channel, owner) and not sampled:
                self.feeding.setdefault(owner[channel.target_port].id, []).append(channel)

    def protocol(self, channel: Channel) -> ChannelProtocol:
        source, reader = self.owner[channel.source_port], self.owner[channel.target_port]
        if any(isinstance(e.activation, OnData) for e in reader.entries):
            return ChannelProtocol.QUEUE
        rate = self._period(source)
        equal = rate is not None and rate == self._period(reader)
        return ChannelProtocol.QUEUE if equal else ChannelProtocol.SAMPLE

    def _period(self, component: Component) -> int | None:
        """The effective period of a component's first entry; of a data-driven one, its producer's."""
        factor, seen = 1, set[str]()
        while component.id not in seen and component.entries:
            seen.add(component.id)
            activation = component.entries[0].activation
            if isinstance(activation, Periodic):
                return activation.period_ns * factor
            feeding = self.feeding.get(component.id)
            if isinstance(activation, Sporadic) or not feeding:
                return None
            factor *= feeding[0].consume
            component = self.owner[feeding[0].source_port]
        return None
