"""Small systems whose best deployment can be worked out by hand."""

from __future__ import annotations

from typing import Any

from aicompiler.metamodels.deployment import SolveStatus
from aicompiler.metamodels.system import UnitKind
from aicompiler.transformations.partition import PartitionOptions, partition


def test_two_units_exact_energy(sketch: Any) -> None:
    """Least energy is found and equals the sum worked out by hand, static power and transfers included."""
    system, costs = (
        sketch()
        .unit("cpu", static=10, dynamic=1000)
        .unit("gpu", UnitKind.GPU, static=50, dynamic=3000)
        .link("pcie", "cpu", "gpu", latency=2, energy=7)
        .component("camera", {"cpu": 10}, 100)
        .reader("blur", {"cpu": 60, "gpu": 5})
        .channel("camera", "blur", 8)
        .both()
    )
    found = partition(system, costs)
    # on the gpu: 10*1000 + 5*3000 + 100*(10+50) + 8*7; all on the cpu: 70*1000 + 100*10
    assert found.objectives[0].value == 10_000 + 15_000 + 6_000 + 56
    assert found.objectives[0].bound == found.objectives[0].value
    assert found.status is SolveStatus.OPTIMAL
    assert found.placement("blur").unit == "gpu"
    assert [t.end_ns - t.start_ns for t in found.transfers] == [10]


def test_idle_unit_is_off(sketch: Any) -> None:
    """A unit that nothing runs on is off and costs no static power."""
    system, costs = (
        sketch()
        .unit("cpu", static=10)
        .unit("gpu", UnitKind.GPU, static=5000)
        .link("pcie", "cpu", "gpu")
        .component("a", {"cpu": 10, "gpu": 1}, 100)
        .both()
    )
    found = partition(system, costs)
    assert found.setting("gpu").off and not found.setting("cpu").off
    assert found.objectives[0].value == 10 * 1000 + 10 * 100


def test_slow_point_saves_energy(sketch: Any) -> None:
    """The slow clock is taken where deadlines allow it, and the table has its longer slots."""
    build = sketch().unit("cpu", dynamic=1000, slow=300).component("a", {"cpu": 10}, 100)
    found = partition(*build.both())
    assert found.setting("cpu").operating_point == "cpu.slow"
    assert found.jobs[0].end_ns - found.jobs[0].start_ns == 20
    assert found.objectives[0].value == 20 * 300


def test_heuristic_alone(sketch: Any) -> None:
    """Without solver time the heuristic's table is returned, as feasible, with no bound."""
    build = sketch().unit("cpu").component("a", {"cpu": 10}, 100)
    found = partition(*build.both(), options=PartitionOptions(deterministic_time=0))
    assert (found.status, found.proposer, found.objectives[0].bound) == (SolveStatus.FEASIBLE, "heft", None)
