"""The default protocol of channels whose model states none: by the rates of both ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from aicompiler.metamodels.system import (
    Channel,
    ChannelProtocol,
    Component,
    Entry,
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
                for entry in self._users(channel.target_port):
                    self.feeding.setdefault(entry.id, []).append(channel)

    def _users(self, port: str) -> tuple[Entry, ...]:
        """Who uses a port; all entries of its component where none says so."""
        return self.owner[port].users_of(port) or self.owner[port].entries

    def protocol(self, channel: Channel) -> ChannelProtocol:
        readers = self._users(channel.target_port)
        if any(isinstance(e.activation, OnData) for e in readers):
            return ChannelProtocol.QUEUE
        rate = self._period(self._users(channel.source_port))
        equal = rate is not None and rate == self._period(readers)
        return ChannelProtocol.QUEUE if equal else ChannelProtocol.SAMPLE

    def _period(self, users: tuple[Entry, ...]) -> int | None:
        """The effective period of the first of these entries; of a data-driven one, its producer's."""
        factor, seen = 1, set[str]()
        while users and users[0].id not in seen:
            entry = users[0]
            seen.add(entry.id)
            if isinstance(entry.activation, Periodic):
                return entry.activation.period_ns * factor
            feeding = self.feeding.get(entry.id)
            if isinstance(entry.activation, Sporadic) or not feeding:
                return None
            factor *= feeding[0].consume
            users = self._users(feeding[0].source_port)
        return None
