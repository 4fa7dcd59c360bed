"""A small platform and kernels to price."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from aicompiler.metamodels.system import (
    Application,
    Area,
    Behaviour,
    Component,
    ElementType,
    Entry,
    Node,
    OperatingPoint,
    Periodic,
    Platform,
    System,
    Unit,
    UnitKind,
)
from aicompiler.transformations.kernels import Direction, Kernel, Parameter, Signature, parse


def points(unit: str, **frequencies: int) -> tuple[OperatingPoint, ...]:
    """Operating points ``UNIT.NAME`` with a power that grows with the clock (1 mW a MHz)."""
    return tuple(
        OperatingPoint(id=f"{unit}.{name}", frequency_hz=hz, dynamic_power_uw=hz // 1000)
        for name, hz in frequencies.items()
    )


CPU = Unit(
    id="cpu",
    kind=UnitKind.CPU,
    cores=2,
    ops_per_cycle=2,
    memory_bandwidth_bytes_per_s=10**10,
    operating_points=points("cpu", slow=500_000_000, fast=1_000_000_000),
)
GPU = Unit(
    id="gpu",
    kind=UnitKind.GPU,
    ops_per_cycle=128,
    launch_overhead_ns=10_000,
    operating_points=points("gpu", only=500_000_000),
)
FPGA = Unit(
    id="fpga",
    kind=UnitKind.FPGA,
    area=Area(id="fpga.area", lut=50_000, ff=100_000, bram=200, dsp=100),
    fill_permille=800,
    operating_points=points("fpga", only=150_000_000),
)
NPU = Unit(id="npu", kind=UnitKind.NPU, operating_points=points("npu", only=10**9))


def system_of(entry: Entry, *units: Unit, memory_bytes: int = 0) -> System:
    """One component with one entry on one node with these units."""
    component = Component(id="component", name="Filter", entries=(entry,), memory_bytes=memory_bytes)
    return System(
        id="system",
        application=Application(id="application", components=(component,)),
        platform=Platform(id="platform", nodes=(Node(id="node", units=units),)),
    )


def entry_with(**features: object) -> Entry:
    """The entry ``step``, every 10 ms."""
    return replace(Entry(id="step", name="step", activation=Periodic(period_ns=10_000_000)), **features)


def kernel_of(body: str, *parameters: str) -> Kernel:
    """A kernel from a C body; a parameter is written ``"in i32 a[4][8]"``."""

    def parameter(text: str) -> Parameter:
        direction, kind, declared = text.split()
        name, *extents = declared.replace("]", "").split("[")
        return Parameter(name, ElementType(kind), tuple(int(e) for e in extents), Direction(direction))

    signature = Signature("filter_step", tuple(parameter(text) for text in parameters))
    return parse(Behaviour(id="behaviour", language="C", body=body), signature)


class Workbench:
    """What the tests of costs build systems from."""

    cpu, gpu, fpga, npu = CPU, GPU, FPGA, NPU
    points = staticmethod(points)
    system = staticmethod(system_of)
    entry = staticmethod(entry_with)
    kernel: Callable[..., Kernel] = staticmethod(kernel_of)


@pytest.fixture(scope="session")
def bench() -> Workbench:
    """The builders above."""
    return Workbench()
