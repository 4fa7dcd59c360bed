"""Measured execution times, keyed by the device they really ran on."""

from __future__ import annotations

from dataclasses import dataclass

from aicompiler.metamodels.system import EntryRef, Unit, UnitKind


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One observed job of ``entry``: ``ns`` on ``device`` with ``driver`` at ``clock_hz`` (0: unknown)."""

    entry: EntryRef
    unit_kind: UnitKind
    device: str
    driver: str = ""
    clock_hz: int = 0
    ns: int


@dataclass(frozen=True)
class Profile:
    """What runs of generated code have measured so far."""

    rows: tuple[Measurement, ...] = ()

    def on(self, entry: str, unit: Unit) -> tuple[Measurement, ...]:
        """The rows that speak of ``unit``: taken on its declared device; those of a host never count."""
        return tuple(
            row
            for row in self.rows
            if row.entry == entry and unit.device and row.device == unit.device and row.unit_kind is unit.kind
        )
