"""Where there is no deployment, the annotations at odds are named, with numbers and a next step."""

from __future__ import annotations

from typing import Any

import pytest
from aicompiler.metamodels.diagnostics import AicError, Infeasible, ModelError, Severity
from aicompiler.metamodels.system import (
    Area,
    AveragePower,
    ChannelProtocol,
    EnergyBudget,
    Forbid,
    OnData,
    PeakPower,
    Periodic,
    Pin,
    SchedulingPolicy,
    Separate,
    Sporadic,
    UnitKind,
)
from aicompiler.transformations.partition import partition


def refusal(build: Any, kind: type[AicError] = Infeasible) -> str:
    """What the user reads."""
    with pytest.raises(kind) as caught:
        partition(*build.both())
    return f"{caught.value}\n"


def pipeline(sketch: Any) -> Any:
    """Camera -> blur -> detect on one core at 100 ns."""
    return (
        sketch()
        .unit("cpu")
        .component("camera", {"cpu": 10}, 100)
        .reader("blur", {"cpu": 30})
        .reader("detect", {"cpu": 20})
        .channel("camera", "blur")
        .channel("blur", "detect")
    )


def test_impossible_flow(sketch: Any, golden: Any) -> None:
    """A flow that even free units would miss is named with its shortest possible reaction."""
    golden(
        "partition/impossible_flow.txt",
        refusal(pipeline(sketch).flow("detection", 120, "camera", "blur", "detect")),
    )


def test_contended_flow(sketch: Any, golden: Any) -> None:
    """Two flows that only together are impossible are both named, and nothing else."""
    build = pipeline(sketch).flow("detection", 165, "camera", "blur", "detect")
    build.component("alarm", {"cpu": 35}, 100).flow("alarms", 140, "alarm")
    golden("partition/contended_flow.txt", refusal(build))


def test_impossible_entry(sketch: Any, golden: Any) -> None:
    """An entry that is slower than its deadline on every unit is named."""
    build = sketch().unit("cpu").component("slow", {"cpu": 30}, 100, deadline=20)
    golden("partition/impossible_entry.txt", refusal(build))


def test_pin_against_deadline(sketch: Any, golden: Any) -> None:
    """A pin to a unit that is too slow is named together with the deadline it breaks."""
    build = sketch().unit("cpu").unit("gpu", UnitKind.GPU)
    build.component("filter", {"cpu": 50, "gpu": 5}, 100, deadline=20)
    build.given(Pin(id="pin1", name="pin1", component="filter", unit="cpu"))
    golden("partition/pin_against_deadline.txt", refusal(build))


def test_budgets(sketch: Any, golden: Any) -> None:
    """Budgets below what the cheapest placement needs are named with that need."""
    build = sketch().unit("cpu", static=10).component("a", {"cpu": 50}, 100)
    build.given(
        AveragePower(id="average", name="average", limit_uw=300),
        EnergyBudget(id="energy", name="energy", limit_fj=1000),
        PeakPower(id="peak", name="peak", limit_uw=900),
    )
    text = refusal(build)
    build.constraints = build.constraints[2:]
    golden("partition/budgets.txt", text + refusal(build))


def test_area(sketch: Any, golden: Any) -> None:
    """Circuits that do not fit on the FPGA together are named by the resource that runs out."""
    build = sketch().unit("fpga", UnitKind.FPGA, area=Area(id="area", lut=100, ff=100, bram=1, dsp=1))
    for name in ("a", "b"):
        build.component(name, {"fpga": 5}, 100, area={"lut": 60})
    golden("partition/area.txt", refusal(build))


def test_overload(sketch: Any, golden: Any) -> None:
    """More work than a hyperperiod has time for is reported as such, with the work."""
    build = sketch().unit("cpu")
    for name in ("a", "b", "c"):
        build.component(name, {"cpu": 40}, 100, deadline=1000)
    golden("partition/overload.txt", refusal(build))


def test_no_unit(sketch: Any, golden: Any) -> None:
    """A component without a cost on any unit is named, with the reason for every unit."""
    golden("partition/no_unit.txt", refusal(sketch().unit("cpu").component("a", {}, 100)))


def test_separate_on_one_unit(sketch: Any) -> None:
    """Separating two components that can only run on one unit is refused by the constraint's text."""
    build = sketch().unit("cpu", cores=2).component("a", {"cpu": 1}, 100).component("b", {"cpu": 1}, 100)
    text = refusal(build.given(Separate(id="s", name="s", components=("a", "b"))))
    assert "components 'a', 'b' must be on different units" in text


def test_all_units_forbidden(sketch: Any) -> None:
    """Forbidding the only unit names the constraint."""
    build = (
        sketch().unit("cpu").component("a", {"cpu": 1}, 100).given(Forbid(id="f", component="a", unit="cpu"))
    )
    assert "component 'a' is forbidden on unit 'cpu', but no placement allows it" in refusal(build)


def test_conflict_has_one_error(sketch: Any) -> None:
    """A conflict of several annotations is one error; its other parts are notes."""
    build = pipeline(sketch).flow("detection", 165, "camera", "blur", "detect")
    build.component("alarm", {"cpu": 35}, 100).flow("alarms", 140, "alarm")
    with pytest.raises(Infeasible) as caught:
        partition(*build.both())
    assert [d.severity for d in caught.value.diagnostics] == [Severity.ERROR, Severity.NOTE]
    assert all(d.source and d.next_step for d in caught.value.diagnostics)


def test_wrong_models(sketch: Any, golden: Any) -> None:
    """What no time table can express is a model error that says where and what to change."""
    two = sketch().unit("cpu").component("a", {"cpu": 1}, 100)
    cases = {
        "rates": sketch()
        .unit("cpu")
        .component("a", {"cpu": 1}, 100)
        .component("b", {"cpu": 1}, 50)
        .channel("a", "b"),
        "inputs at different rates": sketch()
        .unit("cpu")
        .component("a", {"cpu": 1}, 100)
        .component("b", {"cpu": 1}, 50)
        .reader("c", {"cpu": 1})
        .channel("a", "c")
        .channel("b", "c"),
        "cycle": sketch()
        .unit("cpu")
        .component("a", {"cpu": 1}, OnData())
        .component("b", {"cpu": 1}, OnData())
        .channel("a", "b")
        .channel("b", "a"),
        "no queue": sketch().unit("cpu").reader("a", {"cpu": 1}),
        "replicas": sketch().unit("cpu").component("a", {"cpu": 1}, 100, replicas=2),
        "call": two.reader("b", {"cpu": 1})
        .channel("a", "b")
        .channel("a", "b", protocol=ChannelProtocol.CALL),
        "period": sketch().unit("cpu").component("a", {"cpu": 1}, Periodic(period_ns=0)),
        "table": sketch().unit("cpu").component("a", {"cpu": 1}, 9999).component("b", {"cpu": 1}, 10000),
        "policy": sketch().unit("cpu", policy=SchedulingPolicy.EDF).component("a", {"cpu": 1}, 100),
        "capacity": pipeline(sketch).channel("camera", "detect", capacity=1, consume=2),
        "flow": pipeline(sketch).flow("f", 500, "camera", "detect"),
    }
    golden(
        "partition/wrong_models.txt",
        "".join(f"{name}: {refusal(b, ModelError)}" for name, b in cases.items()),
    )


def test_sporadic_without_time_to_poll(sketch: Any) -> None:
    """A sporadic entry whose deadline leaves no time for its slot, or for a poll, is named."""
    build = sketch().unit("cpu").component("a", {"cpu": 5}, 100)
    build.component("alarm", {"cpu": 50}, Sporadic(min_interarrival_ns=100), deadline=50)
    assert "entry 'alarm.run' has a deadline of 50 ns, but it takes at least 75 ns" in refusal(build)
    build = sketch().unit("cpu").component("a", {"cpu": 5}, 9_999_991)  # a prime number
    build.component("alarm", {"cpu": 5}, Sporadic(min_interarrival_ns=100))
    text = "sporadic entry 'alarm.run' has to be polled every 50 ns or more often, which no division of"
    assert text in refusal(build, ModelError)
