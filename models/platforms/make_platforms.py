"""Write the platform library from ``facts.toml``: run ``python models/platforms/make_platforms.py``.

A test makes the library again and compares it, byte by byte, with what is committed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aicompiler.metamodels.system import (
    Application,
    Area,
    Figure,
    Link,
    LinkKind,
    Node,
    OperatingPoint,
    Platform,
    System,
    Unit,
    UnitKind,
)
from aicompiler.metamodels.xmi import save

HERE = Path(__file__).resolve().parent
FACTS = HERE / "facts.toml"


class Figures:
    """The numbers of one unit or link; each one that is read leaves a note of where it comes from."""

    def __init__(
        self, stated: Mapping[str, Any], assumed: Mapping[str, Any], sources: Mapping[str, str]
    ) -> None:
        self.given = {**assumed, **stated}
        self.sources = sources
        self.notes: list[Figure] = []

    def read(self, key: str, feature: str = "", default: Any = None) -> Any:
        """The value under ``key``, or ``default`` where nothing is said; ``feature`` is what it becomes."""
        if (fact := self.given.get(key)) is None:
            return default
        assumed = "source" not in fact
        origin = f"assumed: {fact['why']}" if assumed else self.sources[fact["source"]]
        origin += f" ({fact['note']})" if "note" in fact else ""
        self.notes.append(Figure(feature=feature or key, origin=origin, assumed=assumed))
        return fact["value"]


def platform_system(key: str, board: Mapping[str, Any], facts: Mapping[str, Any]) -> System:
    """The system of one board: one node, its units, and the memory that they share as a bus."""
    units = tuple(_unit(f"{key}.{u['name'].lower()}", u, facts) for u in board["unit"])
    node = Node(id=f"{key}.board", name=board["name"], units=units)
    platform = Platform(
        id=f"{key}.platform", name=board["name"], nodes=(node,), links=(_memory(key, units, facts),)
    )
    application = Application(id=f"{key}.application", name="application")
    return System(id=key, name=board["name"], application=application, platform=platform)


def _unit(id_: str, board: Mapping[str, Any], facts: Mapping[str, Any]) -> Unit:
    kind = UnitKind(board["kind"])
    stated = {k: v for k, v in board.items() if k not in ("name", "kind")}
    figures = Figures(stated, facts["assumed"][kind.value.lower()], facts["sources"])
    clocks = figures.read("clocks_hz", "frequency_hz") or [figures.read("frequency_hz")]
    power = figures.read("dynamic_power_uw")
    area = None
    if kind is UnitKind.FPGA:
        parts = {k: figures.read(k, f"area.{k}") for k in ("lut", "ff", "bram", "dsp")}
        area = Area(id=f"{id_}.area", name="area", **parts)
        figures.notes.append(Figure(feature="fill_permille", origin=facts["sources"]["finn_limits"]))
    values = {
        feature: value
        for feature in (
            "static_power_uw",
            "ops_per_cycle",
            "launch_overhead_ns",
            "memory_bandwidth_bytes_per_s",
        )
        if (value := figures.read(feature)) is not None
    }
    return Unit(
        id=id_,
        name=board["name"],
        kind=kind,
        cores=figures.read("cores", default=1),
        operating_points=tuple(_point(id_, hertz, power * hertz // max(clocks)) for hertz in clocks),
        area=area,
        fill_permille=500 if kind is UnitKind.FPGA else 1000,
        figures=tuple(figures.notes),
        **values,
    )


def _point(unit: str, hertz: int, power: int) -> OperatingPoint:
    name = f"{hertz / 1e6:g} MHz"
    return OperatingPoint(id=f"{unit}.{hertz}", name=name, frequency_hz=hertz, dynamic_power_uw=power)


def _memory(key: str, units: tuple[Unit, ...], facts: Mapping[str, Any]) -> Link:
    figures = Figures({}, facts["assumed"]["link"], facts["sources"])
    values = {feature: figures.read(feature) for feature in facts["assumed"]["link"]}
    ends = tuple(u.id for u in units)
    return Link(
        id=f"{key}.memory",
        name="memory",
        kind=LinkKind.BUS,
        ends=ends,
        figures=tuple(figures.notes),
        **values,
    )


def library() -> dict[str, bytes]:
    """File name -> content of the whole library."""
    facts = tomllib.loads(FACTS.read_text(encoding="utf-8"))
    boards = {k: v for k, v in facts.items() if k not in ("sources", "assumed")}
    made: dict[str, bytes] = {}
    for key, board in boards.items():
        name = f"{key}.system.xmi"
        made[name] = save({name: platform_system(key, board, facts)})[name]
    return made


if __name__ == "__main__":
    for name, content in library().items():
        (HERE / name).write_bytes(content)
