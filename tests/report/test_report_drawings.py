"""The drawings show what the deployment says, without overlaps, at any size."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import pytest
from aicompiler.codegen.report import BuildRecord, _timetable, render_report
from aicompiler.codegen.report._layout import Box, Node, layered
from aicompiler.metamodels.deployment import (
    Cost,
    CostTable,
    Deployment,
    Evidence,
    Finding,
    JobSlot,
    Placement,
    Provenance,
    SolveStatus,
    UnitSetting,
    Verdict,
)
from aicompiler.metamodels.system import (
    Application,
    Channel,
    ChannelProtocol,
    Component,
    ElementType,
    Entry,
    OperatingPoint,
    Periodic,
    Platform,
    Port,
    PortDirection,
    System,
    Unit,
    UnitKind,
)
from aicompiler.metamodels.system import Node as PlatformNode
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html

MS = 1_000_000


def page(record: BuildRecord) -> html.HtmlElement:
    return html.document_fromstring(render_report(record).decode("utf-8"))


def overlap(a: Box, b: Box) -> bool:
    return a.x < b.x + b.width and b.x < a.x + a.width and a.y < b.y + b.height and b.y < a.y + a.height


GRAPHS = st.integers(1, 12).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(0, 3), min_size=n, max_size=n),
        st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=24),
    )
)


@given(GRAPHS)
@settings(max_examples=150, deadline=None)
def test_boxes_never_overlap_and_stay_in_their_bands(graph: tuple[list[int], list[tuple[int, int]]]) -> None:
    """For any graph, with cycles and self-loops, boxes are apart and inside band and drawing."""
    bands, pairs = graph
    nodes = [Node(str(n), band) for n, band in enumerate(bands)]
    layout = layered(nodes, [(str(a), str(b)) for a, b in pairs], 4)
    assert len(layout.paths) == len(layout.tips) == len(pairs)
    boxes = [layout.boxes[n.id] for n in nodes]
    assert not any(overlap(a, b) for i, a in enumerate(boxes) for b in boxes[:i])
    for node, box in zip(nodes, boxes, strict=True):
        top, height = layout.bands[node.band]
        assert top <= box.y
        assert box.y + box.height <= top + height <= layout.height
        assert 0 <= box.x <= layout.width - box.width
    for path in layout.paths:
        assert all(0 <= int(x) <= layout.width for x in re.findall(r"[MLC ](-?\d+) -?\d+", path))


@given(GRAPHS)
@settings(max_examples=50, deadline=None)
def test_an_acyclic_graph_flows_from_left_to_right(graph: tuple[list[int], list[tuple[int, int]]]) -> None:
    """Every edge of a graph without cycles ends in a column to the right of its begin."""
    bands, pairs = graph
    nodes = [Node(str(n), band) for n, band in enumerate(bands)]
    edges = [(str(a), str(b)) for a, b in pairs if a < b]
    layout = layered(nodes, edges, 4)
    assert all(layout.boxes[a].x < layout.boxes[b].x for a, b in edges)


def test_every_slot_is_drawn_with_its_times(record: BuildRecord) -> None:
    """Each job and transfer has a bar whose place is its share of the hyperperiod, and a row in the table."""
    assert record.deployment is not None
    tree = page(record)
    bars = {(r.get("x"), r.get("width")) for r in tree.xpath("//g[contains(@class,'slot')]/rect[1]")}
    period = record.deployment.hyperperiod_ns
    for slot in (*record.deployment.jobs, *record.deployment.transfers):
        end = min(slot.end_ns, period)
        place, width = (f"{t * 100 / period:g}%" for t in (slot.start_ns, end - slot.start_ns))
        assert (place, width) in bars
    rows = tree.xpath("//table[caption='Slots by start']//tbody/tr")
    assert len(rows) == len(record.deployment.jobs) + len(record.deployment.transfers)


def test_a_slot_that_wraps_is_drawn_at_both_ends(record: BuildRecord) -> None:
    """A job from 99.8 ms to 100.1 ms of a table of 100 ms has a part at the end and a rest at the begin."""
    titles = page(record).xpath("//g[contains(@class,'slot')][title[contains(., 'signals.step')]]")
    assert [(g.xpath("string(./rect/@x)"), bool(g.xpath("./rect[@class='over']"))) for g in titles] == [
        ("0%", True),
        ("99.8%", False),
    ]


def test_deadlines_are_marked(record: BuildRecord) -> None:
    """Each job's deadline has a marker that says whose it is."""
    assert record.deployment is not None
    titles = page(record).xpath("//svg[@class='deadline']/title/text()")
    assert len(titles) == len(record.deployment.jobs)
    assert any(re.fullmatch(r"Deadline of telemetry\.step, job 1: 50\sms", t) for t in titles)


def test_components_stand_in_the_band_and_colour_of_their_unit(record: BuildRecord) -> None:
    """The blur on the FPGA has the FPGA's class, and lies between top and bottom of its band."""
    tree = page(record)
    (group,) = tree.xpath("//g[contains(@class,'component')][title='blur: Fabric']")
    assert "fpga0" in group.get("class")
    (band,) = tree.xpath("//g[contains(@class,'band')][contains(@class,'fpga0')]/rect")
    box = group.find("rect")
    assert int(band.get("y")) <= int(box.get("y")) < int(band.get("y")) + int(band.get("height"))


def test_a_link_without_transfers_has_no_lane(record: BuildRecord) -> None:
    """Without transfers the time table has lanes for jobs only."""
    assert record.deployment is not None
    still = replace(record, deployment=replace(record.deployment, transfers=()))
    lanes = page(still).xpath("//div[@class='lane-names']/p")
    assert [p.get("class") for p in lanes] == ["cpu0", "cpu0", "gpu0", "fpga0"]


def large(count: int) -> BuildRecord:
    """Chains of ten components over sixteen CPUs, each with costs on three of them."""
    points = (OperatingPoint(id="p", frequency_hz=10**9, dynamic_power_uw=10**6),)
    units = tuple(
        Unit(
            id=f"u{n}",
            name=f"CPU {n}",
            kind=UnitKind.CPU,
            cores=8,
            operating_points=(replace(points[0], id=f"p{n}"),),
        )
        for n in range(16)
    )
    components, channels = [], []
    for n in range(count):
        ports = tuple(
            Port(id=f"c{n}.{d.value}", name=d.value, direction=d, element_type=ElementType.F32, shape=(64,))
            for d in PortDirection
        )
        entry = Entry(id=f"e{n}", name="step", activation=Periodic(period_ns=100 * MS))
        components.append(Component(id=f"c{n}", name=f"component {n}", entries=(entry,), ports=ports))
        if n % 10:
            channels.append(
                Channel(
                    id=f"ch{n}",
                    source_port=f"c{n - 1}.out",
                    target_port=f"c{n}.in",
                    protocol=ChannelProtocol.SAMPLE,
                )
            )
    rows = (
        Cost(
            entry=f"e{n}",
            unit=f"u{(n + k) % 16}",
            operating_point=f"p{(n + k) % 16}",
            bcet_ns=1,
            acet_ns=2,
            wcet_ns=MS // 10,
            interval_ns=MS // 10,
            energy_fj=10**9,
            provenance=Provenance.ESTIMATED,
            note="made up",
        )
        for n in range(count)
        for k in range(3)
    )
    deployment = Deployment(
        system="large",
        hyperperiod_ns=100 * MS,
        status=SolveStatus.FEASIBLE,
        placements=tuple(
            Placement(component=f"c{n}", unit=f"u{n % 16}", core=n // 16 % 8) for n in range(count)
        ),
        settings=tuple(UnitSetting(unit=u.id, operating_point=f"p{n}") for n, u in enumerate(units)),
        jobs=tuple(
            JobSlot(
                entry=f"e{n}",
                job=0,
                unit=f"u{n % 16}",
                core=n // 16 % 8,
                start_ns=n // 128 * MS,
                end_ns=n // 128 * MS + MS // 10,
            )
            for n in range(count)
        ),
    )
    findings = tuple(
        Finding(
            check="deadline",
            verdict=Verdict.PASS,
            value=n,
            limit=100 * MS,
            unit="ns",
            elements=(f"e{n}",),
            message=f"'e{n}' is in time",
        )
        for n in range(count)
    )
    application = Application(id="a", components=tuple(components), channels=tuple(channels))
    platform = Platform(id="p", nodes=(PlatformNode(id="n", units=units),))
    return BuildRecord(
        system=System(id="large", application=application, platform=platform), tool_version="0",
        costs=CostTable(costs=tuple(rows)), deployment=deployment, evidence=Evidence(findings=findings),
    )  # fmt: skip


def test_large_systems_are_complete() -> None:
    """Nothing is left out of the report of 300 components."""
    tree = page(large(300))
    assert len(tree.xpath("//g[contains(@class,'component')]")) == 300
    assert len(tree.xpath("//article[contains(@class,'decision')]")) == 300
    assert len(tree.xpath("//table[contains(@class,'costs')]/tbody/tr")) == 900


@pytest.mark.long
def test_a_thousand_components_are_rendered_within_seconds() -> None:
    """The report of 1,000 components takes at most 5 s of processor time."""
    record = large(1000)
    start = time.process_time()
    render_report(record)
    assert time.process_time() - start < 5


def test_a_table_of_many_slots_says_what_it_leaves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit of drawn slots the begin of the table is shown, and the report says so."""
    monkeypatch.setattr(_timetable, "MOST_SLOTS", 60)
    record = large(10)
    assert record.deployment is not None
    jobs = tuple(
        JobSlot(entry=f"e{n % 10}", job=n // 10, unit=f"u{n % 10}", start_ns=n * MS, end_ns=n * MS + 9)
        for n in range(70)
    )
    tree = page(replace(record, deployment=replace(record.deployment, jobs=jobs)))
    section = tree.get_element_by_id("timetable").text_content()
    assert re.search(r"Only the first 60\sms are drawn and listed: the whole table has 70 slots", section)
    assert len(tree.xpath("//table[caption='Slots by start']//tbody/tr")) == 60
