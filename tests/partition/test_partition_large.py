"""Long tables: a junction of many components at rates whose hyperperiod holds a thousand jobs."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from aicompiler.metamodels.deployment import SolveStatus
from aicompiler.metamodels.system import Area, AveragePower, Sporadic, UnitKind
from aicompiler.transformations.analysis import check
from aicompiler.transformations.partition import partition

Valid = Callable[..., None]
MS = 1_000_000
US = 1_000


def junction(sketch: Any) -> Any:
    """Cameras at 33 ms, radar at 50 ms, signals at 100 ms, a sporadic call: 3.3 s, some thousand jobs."""
    build = sketch()
    build.unit("big", cores=4, static=800_000, dynamic=1_500_000, slow=600_000, failure_rate_fit=100)
    build.unit("small", cores=2, static=100_000, dynamic=300_000, slow=120_000)
    build.unit("gpu", UnitKind.GPU, static=4_000_000, dynamic=20_000_000)
    area = Area(id="area", lut=53_200, ff=106_400, bram=140, dsp=220)
    build.unit("fpga", UnitKind.FPGA, static=600_000, dynamic=1_800_000, area=area, fill_permille=800)
    build.link("noc", "big", "small", latency=2 * US, rate=4_000_000_000, energy=20)
    build.link("pcie", "big", "gpu", latency=15 * US, rate=6_000_000_000, energy=150)
    build.link("axi", "big", "small", "fpga", latency=3 * US, rate=1_200_000_000, energy=60)

    def times(big: int, small: int, gpu: int | None = None, fpga: int | None = None) -> dict[str, int]:
        given = {"big": big, "small": small, "gpu": gpu, "fpga": fpga}
        return {unit: us * US + 137 for unit, us in given.items() if us is not None}

    camera, radar, signal = 33 * MS, 50 * MS, 100 * MS
    build.component("camera", times(900, 4000), camera)
    build.reader("debayer", times(3100, 15_000, 240, 700), area={"lut": 4000, "bram": 12})
    build.reader("blur", times(5200, 26_000, 260, 720), area={"lut": 5000, "dsp": 30})
    build.reader("sobel", times(3900, 19_000, 230, 690), area={"lut": 4500, "dsp": 16})
    build.reader("background", times(2600, 12_500, 210, 650), area={"lut": 3500, "bram": 30})
    build.reader("blobs", times(1900, 8800, 900))
    build.reader("conv", times(11_500, 61_000, 700, 3100), area={"lut": 14_000, "dsp": 140})
    build.reader("matching", times(9800, 48_000, 800, 4100), area={"lut": 16_000, "dsp": 60})
    build.component("radar", times(700, 3100), radar)
    build.reader("fft", times(2300, 11_000, 250, 400), area={"lut": 8000, "dsp": 48})
    build.reader("cfar", times(1200, 5600, 220, 380), area={"lut": 3000, "dsp": 12})
    build.component("tracker", times(800, 3600), signal, criticality=1)
    build.component("controller", times(90, 400), signal, criticality=2)
    build.component("telemetry", times(1500, 6900, None, 500), signal, area={"lut": 6000})
    build.component("logger", times(400, 1700), signal)
    build.component("call", times(60, 250), Sporadic(min_interarrival_ns=200 * MS), criticality=1)
    frame = 640 * 480
    for a, b, size in (
        ("camera", "debayer", frame),
        ("debayer", "blur", frame),
        ("blur", "sobel", frame),
        ("debayer", "background", frame),
        ("background", "blobs", frame),
        ("sobel", "conv", frame // 4),
        ("blur", "matching", frame),
        ("radar", "fft", 65_536),
        ("fft", "cfar", 65_536),
    ):
        build.channel(a, b, size)
    for a, b, size in (
        ("blobs", "tracker", 512),
        ("conv", "tracker", 2048),
        ("matching", "tracker", 2048),
        ("cfar", "tracker", 1024),
        ("tracker", "controller", 256),
        ("call", "controller", 4),
        ("controller", "telemetry", 64),
        ("tracker", "logger", 256),
    ):
        build.sample(a, b, size)
    build.flow("vision", 500 * MS, "camera", "debayer", "background", "blobs", "tracker", "controller")
    build.flow("targets", 450 * MS, "radar", "fft", "cfar", "tracker", "controller")
    build.flow("calls", 400 * MS, "call", "controller")
    return build.given(AveragePower(id="power", limit_uw=12_000_000))


def two_dozen(sketch: Any, seed: int) -> Any:
    """24 components on four units, 40 jobs, chains across links, tight enough that placements matter."""
    dice = random.Random(seed)
    build = sketch()
    build.unit("big", cores=4, static=800, dynamic=1500, slow=600)
    build.unit("small", cores=2, static=100, dynamic=400, slow=150)
    build.unit("gpu", UnitKind.GPU, static=1500, dynamic=9000)
    area = Area(id="area", lut=100, ff=100, bram=100, dsp=100)
    build.unit("fpga", UnitKind.FPGA, static=400, dynamic=900, area=area)
    build.link("noc", "big", "small", latency=2 * US, energy=20)
    build.link("pcie", "big", "gpu", latency=15 * US, energy=150)
    build.link("axi", "big", "fpga", latency=3 * US, energy=60)
    for n in range(24):
        time = dice.randint(400, 6000) * US + dice.randint(0, 999)
        times = {"big": time, "small": 4 * time}
        if dice.random() < 0.5:
            times["gpu"] = time // 6
        if dice.random() < 0.5:
            times["fpga"] = time // 4
        more = {"area": {"lut": dice.randint(10, 50)}, "criticality": int(n > 20)}
        if n % 3:
            build.reader(f"c{n}", times, **more).channel(f"c{n - 1}", f"c{n}", dice.randint(100, 200_000))
        else:
            build.component(f"c{n}", times, (20 if n < 15 else 40) * MS, **more)
    build.flow("first", 60 * MS, "c0", "c1", "c2").flow("last", 110 * MS, "c21", "c22", "c23")
    return build


def test_a_thousand_jobs(sketch: Any) -> None:
    """A junction of 16 components and 1,163 jobs gets a checked deployment of proved least energy."""
    system, costs = junction(sketch).both()
    found = partition(system, costs)
    assert (len(found.jobs), found.hyperperiod_ns) == (1163, 3_300 * MS)
    assert check(system, costs, found).failures == ()
    assert found.status is SolveStatus.OPTIMAL
    assert found == partition(system, costs)


@pytest.mark.parametrize("seed", [2])
def test_two_dozen_components(sketch: Any, valid: Valid, seed: int) -> None:
    """24 components with 40 jobs are decided to within 1 % of the least energy."""
    system, costs = two_dozen(sketch, seed).both()
    found = partition(system, costs)
    assert (len(found.placements), len(found.jobs)) == (24, 39)
    valid(system, costs, found)
    gap = found.objectives[0].gap
    assert gap is not None and gap < 0.01
