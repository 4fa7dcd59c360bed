"""Real AMALTHEA models: every one accounted for, one held against its file by hand, one built."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aicompiler.metamodels.diagnostics import Severity
from aicompiler.metamodels.system import Component, Periodic, Port, System
from aicompiler.transformations.importers import Account, ImportOptions, load_system
from aicompiler.transformations.importers.amalthea import Amalthea
from lxml import etree

NAMES = ["NXP_MPC5744P_BBW", "democar_energyefficient", "democar_example", "democar_mapping"]
SIDECAR = Path(__file__).parents[1] / "importers" / "sidecars" / "democar_example.aic.toml"
TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
HERTZ = 200_000_000

Golden = Callable[[str, str], None]


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    return shared / "models" / "amalthea"


@pytest.fixture(scope="module")
def democar(folder: Path) -> System:
    return load_system(folder / "democar_example.amxmi")[0]


@pytest.fixture(scope="module")
def file(folder: Path) -> Any:
    return etree.parse(folder / "democar_example.amxmi").getroot()


def summary(system: System) -> Iterator[str]:
    """What a reader of the file can check, with the line it stands in."""
    for component in system.components:
        (entry,) = component.entries
        times = ", ".join(f"{t.unit_kind.name} {t.bcet_ns}/{t.acet_ns}/{t.wcet_ns}" for t in entry.times)
        line = component.source.line if component.source else 0
        yield f"{component.name} (line {line}): {entry.activation}, deadline {entry.deadline_ns}, {times}"
        yield from (f"  keeps {a.name}: {a.bytes} bytes" for a in component.attributes)
    for channel in system.application.channels:
        ends = [system.component_of(p).name for p in (channel.source_port, channel.target_port)]
        size = system.element(Port, channel.source_port).bytes
        yield f"channel {channel.name}: {ends[0]} -> {ends[1]} {channel.protocol.name} {size} bytes"
    for flow in system.application.flows:
        path = " -> ".join(system.component_of(e).name for e in flow.entries)
        yield f"flow {flow.name}: {path} within {flow.deadline_ns}"
    for node in system.platform.nodes:
        for unit in node.units:
            cores = f"{unit.cores} cores of {unit.fastest.frequency_hz} Hz"
            yield f"{node.name}: {unit.kind.name} {unit.name}, {cores}, {unit.memory_bytes} bytes"
    for allocation in system.allocations:
        yield f"allocated: {allocation.name} by {allocation.by}"
    for result in system.stated_results:
        yield f"stated: {result.subject} {result.figure} {result.value}"


@pytest.mark.parametrize("name", NAMES)
def test_every_item_of_a_real_model_has_one_fate(name: str, folder: Path) -> None:
    """Accounts are exact, and what is reported has a line and a reason."""
    path = folder / f"{name}.amxmi"
    accounting = Amalthea().load(path, ImportOptions()).accounting
    assert accounting.exact
    root = etree.parse(path).getroot()
    tallies = accounting.tallies
    assert tallies[Account.ELEMENTS].total == sum(1 for _ in root.iter(etree.Element))
    text = path.read_text(encoding="utf-8")
    own_ids = text.count("xmi:id=")
    assert tallies[Account.REFERENCES].total == text.count("?type=") - own_ids
    assert tallies[Account.APPLICATIONS].total == 0
    for tally in tallies.values():
        assert all(item.source.line > 0 and item.reason and item.what for item in tally.reported)


@pytest.mark.parametrize("name", NAMES)
def test_every_reference_and_value_of_a_real_model_is_understood(name: str, folder: Path) -> None:
    """No reference dangles and no value fails to parse in the models at hand."""
    tallies = Amalthea().load(folder / f"{name}.amxmi", ImportOptions()).accounting.tallies
    assert not tallies[Account.REFERENCES].reported
    assert not tallies[Account.NFP_VALUES].reported


@pytest.mark.parametrize("name", NAMES)
def test_what_is_said_about_a_real_model_is_located(name: str, folder: Path) -> None:
    """Each diagnostic has a line; a model without hardware is refused with what to do."""
    from aicompiler.transformations.importers import examine

    draft = examine(folder / f"{name}.amxmi")
    assert all(d.source is not None and d.source.line > 0 for d in draft.diagnostics)
    errors = [d for d in draft.diagnostics if d.severity is Severity.ERROR]
    assert draft.failed == (name in ("democar_energyefficient", "democar_mapping"))
    assert all(d.next_step for d in errors)


@pytest.mark.parametrize("name", ["NXP_MPC5744P_BBW", "democar_example"])
def test_a_real_model_is_read_as_it_is_written(name: str, folder: Path, golden: Golden) -> None:
    """Tasks, times, deadlines, data, flows, hardware and mapping, held against the file by hand."""
    system, _ = load_system(folder / f"{name}.amxmi")
    golden(f"importers/amalthea_{name}.txt", "\n".join(summary(system)) + "\n")


# --- democar, counted and computed from the file alone ----------------------------------------------------


def test_democar_has_the_tasks_cores_and_chains_of_its_file(democar: System, file: Any) -> None:
    """3 tasks, 43 runnables, one core, no event chain; the system has a component a task."""
    assert len(file.findall("swModel/tasks")) == len(democar.components) == 3
    assert len(file.findall("swModel/runnables")) == 43
    cores = [m for m in file.iter("modules") if m.get(TYPE) == "am:ProcessingUnit"]
    assert len(cores) == sum(u.cores for u in democar.units) == 1
    assert not file.findall("constraintsModel/eventChains")
    assert not democar.application.flows


def test_democar_shares_the_labels_that_two_tasks_access(democar: System, file: Any) -> None:
    """Of 71 labels, 17 pass between tasks and 29 are kept by one; the rest lack a reader or a writer."""
    writes, reads = accesses(file, "write"), accesses(file, "read")
    labels = [label.get("name") for label in file.findall("swModel/labels")]
    assert len(labels) == 71
    shared = {n for n in labels if writes.get(n) and reads.get(n, set()) - writes[n]}
    kept = {n for n in labels if writes.get(n) and writes[n] == reads.get(n)}
    assert {c.name for c in democar.application.channels} == shared
    assert {a.name for c in democar.components for a in c.attributes} == kept
    assert (len(shared), len(kept)) == (17, 29)


def accesses(file: Any, access: str) -> dict[str, set[str]]:
    """Label -> the tasks that access it."""
    caller = {
        called(item): task.get("name")
        for task in file.findall("swModel/tasks")
        for item in task.iter("items")
        if item.get("runnable")
    }
    found: dict[str, set[str]] = {}
    for runnable in file.findall("swModel/runnables"):
        for item in runnable.iter("items"):
            if item.get("access") == access:
                label = item.get("data").removesuffix("?type=Label")
                found.setdefault(label, set()).add(caller[runnable.get("name")])
    return found


def called(item: Any) -> str:
    return str(item.get("runnable")).removesuffix("?type=Runnable")


@pytest.mark.parametrize(
    ("task", "ticks", "wcet_ns"),
    [
        # 33 x 88,000 ticks at 200 MHz
        ("Task_10MS", 33 * 88_000, 14_520_000),
        # 7 x 88,000 + 2 x 176,000 ticks at 200 MHz
        ("Task_5MS", 7 * 88_000 + 2 * 176_000, 4_840_000),
    ],
)
def test_worst_case_is_ticks_over_frequency(
    task: str, ticks: int, wcet_ns: int, democar: System, file: Any
) -> None:
    """The sum of the upper bounds of what a task calls, over the clock of its core."""
    upper = {
        r.get("name"): int(r.find("callGraph/items/default").get("upperBound"))
        for r in file.findall("swModel/runnables")
    }
    (drawn,) = [t for t in file.findall("swModel/tasks") if t.get("name") == task]
    assert sum(upper[called(i)] for i in drawn.iter("items") if i.get("runnable")) == ticks
    assert ticks * 1_000_000_000 // HERTZ == wcet_ns
    component = next(c for c in democar.components if c.name == task)
    assert [t.wcet_ns for t in component.entries[0].times] == [wcet_ns]


def test_periods_and_deadlines_are_those_of_the_file(democar: System, file: Any) -> None:
    """Each timer recurs as its name says; each response time limit is a deadline."""
    for component in democar.components:
        (entry,) = component.entries
        milliseconds = int(component.name.removeprefix("Task_").removesuffix("MS"))
        assert entry.activation == Periodic(period_ns=milliseconds * 1_000_000)
        assert entry.deadline_ns == milliseconds * 1_000_000
    limits = [int(v.get("value")) for v in file.iter("limitValue")]
    assert sorted(limits) == [5, 10, 20]


def test_democar_builds_on_a_faster_core(folder: Path) -> None:
    """With its side-car the deployment is checked; without, the core is too slow and the message says so."""
    from aicompiler import pipeline
    from aicompiler.metamodels.diagnostics import Infeasible

    made = pipeline.build(folder / "democar_example.amxmi", sidecar=SIDECAR)
    assert made.decision.evidence.accepted
    placed = {p.component for p in made.decision.deployment.placements}
    assert placed == {c.id for c in made.model.system.components if isinstance(c, Component)}
    with pytest.raises(Infeasible, match=r"14\.52 ms"):
        pipeline.build(folder / "democar_example.amxmi")


def test_allocation_is_kept_on_request(folder: Path) -> None:
    """The mapping model is no constraint, unless it is to be kept."""
    path = folder / "NXP_MPC5744P_BBW.amxmi"
    free, _ = load_system(path)
    kept, _ = load_system(path, options=ImportOptions(keep_allocation=True))
    assert len(free.allocations) == len(kept.constraints) == 11
    assert not free.constraints
