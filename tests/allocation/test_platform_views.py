"""How drawings of hardware become nodes, units and links."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from aicompiler.metamodels.system import LinkKind, SchedulingPolicy, UnitKind

sys.path.insert(0, str(Path(__file__).resolve().parent))

from drawings import Drawn, rules, units_of

Draw = Callable[..., Drawn]
NODE = '<packagedElement xmi:type="uml:{0}" xmi:id="{1}" name="{2}">{3}</packagedElement>'
NESTED = '<nestedNode xmi:type="uml:{0}" xmi:id="{1}" name="{2}"/>'
TWO = NODE.format("Node", "_a", "Server", "") + NODE.format("Device", "_b", "Panel", "")
PATH = (
    '<packagedElement xmi:type="uml:{0}" xmi:id="_path" name="wire" memberEnd="_e1 _e2">'
    '<ownedEnd xmi:type="uml:Property" xmi:id="_e1" type="_a" association="_path"/>'
    '<ownedEnd xmi:type="uml:Property" xmi:id="_e2" type="_b" association="_path"/></packagedElement>'
)


def test_bare_nodes_are_cpus_joined_by_their_path(draw: Draw) -> None:
    """A UML node or device without any stereotype is a node with one CPU, a path between two a network."""
    system, said = draw(TWO + PATH.format("CommunicationPath"))
    assert units_of(system) == {"Server": ["Server CPU"], "Panel": ["Panel CPU"]}
    (link,) = system.platform.links
    assert (link.kind, link.name, link.ends) == (LinkKind.NETWORK, "wire", ("_a.unit", "_b.unit"))
    assert rules(said, "kind-assumed", "clock-assumed", "assumed-bandwidth") == [
        ("kind-assumed", "_a"), ("clock-assumed", "_a"), ("kind-assumed", "_b"), ("clock-assumed", "_b"),
        ("assumed-bandwidth", "_path"),
    ]  # fmt: skip


def test_a_plain_association_joins_nodes_too(draw: Draw) -> None:
    """Not only communication paths: any association between two nodes is a line between them."""
    system, _ = draw(TWO + PATH.format("Association"))
    assert [link.ends for link in system.platform.links] == [("_a.unit", "_b.unit")]


def test_a_path_without_a_name_is_called_after_its_ends(draw: Draw) -> None:
    """Papyrus names no path by itself; reports and side-cars need to call it something."""
    system, _ = draw(TWO + PATH.format("CommunicationPath").replace('name="wire"', ""))
    assert [link.name for link in system.platform.links] == ["Server - Panel"]


def test_nodes_that_nothing_joins_share_an_assumed_network(draw: Draw) -> None:
    """Without any line between nodes no value could move: one network is assumed, and said so."""
    system, said = draw(TWO)
    (link,) = system.platform.links
    assert (link.kind, set(link.ends)) == (LinkKind.NETWORK, {"_a.unit", "_b.unit"})
    assert rules(said, "assumed-link") == [("assumed-link", "_a")]


def test_devices_in_a_node_are_its_units(draw: Draw) -> None:
    """Nested devices share the node; an environment is software; kinds come from names, and are said."""
    inside = NESTED.format("Device", "_x", "Main processor") + NESTED.format("Device", "_y", "GPU")
    inside += NESTED.format("ExecutionEnvironment", "_os", "Linux")
    system, said = draw(NODE.format("Node", "_n", "Board", inside))
    assert units_of(system) == {"Board": ["Main processor CPU", "GPU GPU"]}
    assert rules(said, "kind-from-name", "kind-assumed") == [("kind-from-name", "_y")]
    (link,) = system.platform.links
    assert (link.kind, link.ends) == (LinkKind.BUS, ("_x", "_y"))


def test_nodes_in_a_rack_are_nodes(draw: Draw) -> None:
    """Machines in a machine room stay machines of their own."""
    inside = NESTED.format("Node", "_x", "left") + NESTED.format("Node", "_y", "right")
    system, _ = draw(NODE.format("Node", "_n", "Rack", inside))
    assert units_of(system) == {"left": ["left CPU"], "right": ["right CPU"]}


def test_processors_in_a_processor_are_cores(draw: Draw) -> None:
    """Two processors drawn in one are its cores."""
    inside = NESTED.format("Device", "_x", "core 0") + NESTED.format("Device", "_y", "core 1")
    stereotypes = '<HwComputing:HwProcessor xmi:id="_s" base_Classifier="_n"/>'
    system, _ = draw(NODE.format("Device", "_n", "Quad", inside), stereotypes)
    assert [(u.name, u.cores) for u in system.units] == [("Quad", 2)]


@pytest.mark.parametrize(
    ("stereotypes", "kind", "rule"),
    [
        ('<HwComputing:HwPLD xmi:id="_s" nbLUTs="100" base_Class="_n"/>', UnitKind.FPGA, []),
        ('<HwComputing:HwASIC xmi:id="_s" base_Class="_n"/>', UnitKind.NPU, ["kind-assumed"]),
        ('<HwComputing:HwProcessor xmi:id="_s" ownedISAs="_isa" base_Class="_n"/>'
         '<HwComputing:HwISA xmi:id="_isa" type="SIMD"/>', UnitKind.GPU, ["kind-assumed"]),
        ('<HwComputing:HwProcessor xmi:id="_s" ownedISAs="_isa" base_Class="_n"/>'
         '<HwComputing:HwISA xmi:id="_isa" family="CUDA" type="RISC"/>', UnitKind.GPU, ["kind-assumed"]),
        ('<HwComputing:HwProcessor xmi:id="_s" description="graphics" base_Class="_n"/>',
         UnitKind.GPU, ["kind-assumed"]),
        ('<HwComputing:HwProcessor xmi:id="_s" base_Class="_n"/>', UnitKind.CPU, []),
        ('<HwComputing:HwPLD xmi:id="_s" base_Class="_n"/>'
         '<aic:ProcessingUnit xmi:id="_u" kind="NPU" base_Class="_n"/>', UnitKind.NPU, []),
    ],
)  # fmt: skip
def test_kinds_from_stereotypes_and_tags(
    draw: Draw, stereotypes: str, kind: UnitKind, rule: list[str]
) -> None:
    """The stereotype decides, then tags; our profile decides over both."""
    system, said = draw(NODE.format("Device", "_n", "Thing", ""), stereotypes)
    assert system.units[0].kind is kind
    assert [r for r, _ in rules(said, "kind-assumed", "kind-from-name")] == rule


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("mygpu0", UnitKind.GPU), ("Graphics", UnitKind.GPU), ("eFPGA", UnitKind.FPGA),
        ("NPU", UnitKind.NPU), ("inputStage", UnitKind.CPU), ("output", UnitKind.CPU),
        ("basic", UnitKind.CPU),
    ],
)  # fmt: skip
def test_kinds_from_names(draw: Draw, name: str, kind: UnitKind) -> None:
    """Words of a name tell the kind; "npu" in "input" and "tpu" in "output" are none."""
    system, _ = draw(NODE.format("Node", "_n", name, ""))
    assert system.units[0].kind is kind


def test_a_side_car_settles_the_kind(draw: Draw, tmp_path: Path) -> None:
    """What is said about a guessed kind is gone once the side-car states it."""
    (tmp_path / "model.aic.toml").write_text('[unit."GPU"]\nkind = "CPU"\n')
    system, said = draw(NODE.format("Node", "_n", "GPU", ""))
    assert system.units[0].kind is UnitKind.CPU
    assert rules(said, "kind-from-name") == []


def test_tags_of_hosts_are_honoured(draw: Draw) -> None:
    """Cores, speed, memory, clocks and policy come from MARTE."""
    stereotypes = (
        '<HwComputing:HwProcessor xmi:id="_s" nbCores="4" speedFactor="0.5" base_Class="_n">'
        "<op_Frequencies>(value=600,unit=MHz)</op_Frequencies></HwComputing:HwProcessor>"
        '<GQAM:GaExecHost memSize="(value=2,unit=GB)" schedPolicy="FixedPriority" base_Class="_n"/>'
    )
    system, said = draw(NODE.format("Node", "_n", "Host", ""), stereotypes)
    (unit,) = system.units
    assert (unit.cores, unit.speed_permille, unit.memory_bytes) == (4, 500, 2 << 30)
    assert [p.frequency_hz for p in unit.operating_points] == [600_000_000]
    assert unit.policy is SchedulingPolicy.FIXED_PRIORITY
    assert rules(said, "clock-assumed", "kind-assumed", "policy-left-open") == []


def test_multiplicity_counts_cores(draw: Draw) -> None:
    """resMult of a host says how many of it there are."""
    system, _ = draw(NODE.format("Node", "_n", "Host", ""), '<GQAM:GaExecHost resMult="3" base_Class="_n"/>')
    assert [u.cores for u in system.units] == [3]


def test_a_policy_that_is_not_built_is_left_open(draw: Draw) -> None:
    """FIFO scheduling is said and left open, not taken for something else."""
    host = '<GQAM:GaExecHost xmi:id="_g" schedPolicy="FIFO" base_Class="_n"/>'
    system, said = draw(NODE.format("Node", "_n", "Host", ""), host)
    assert system.units[0].policy is None
    assert rules(said, "policy-left-open") == [("policy-left-open", "_g")]


@pytest.mark.parametrize(("mips", "clock", "per_cycle"), [("200000", 10**9, 33), ("1200", 2 * 10**8, 1)])
def test_mips_keep_the_throughput(draw: Draw, mips: str, clock: int, per_cycle: int) -> None:
    """Six cores of 200,000 MIPS together are 33 instructions a cycle each at the assumed 1 GHz."""
    applied = f'<HwComputing:HwProcessor mips="{mips}" nbCores="6" base_Class="_n"/>'
    system, _ = draw(NODE.format("Node", "_n", "Host", ""), applied)
    (unit,) = system.units
    assert (unit.fastest.frequency_hz, unit.ops_per_cycle, unit.cores) == (clock, per_cycle, 6)


def test_regions_of_an_fpga(draw: Draw) -> None:
    """The profile declares regions for partial reconfiguration; a region without a load time is reported."""
    applied = (
        '<HwComputing:HwPLD xmi:id="_s" nbLUTs="50000" base_Class="_n"/>'
        '<aic:ProcessingUnit xmi:id="_u" base_Class="_n">'
        "<region>(lut=8000,dsp=40,load=(6,ms))</region><region>(lut=8000)</region></aic:ProcessingUnit>"
    )
    system, said = draw(NODE.format("Device", "_n", "Thing", ""), applied)
    (region,) = system.units[0].regions
    assert (region.area.lut, region.area.dsp, region.reconfiguration_ns) == (8000, 40, 6_000_000)
    assert rules(said, "value-not-understood") == [("value-not-understood", "_u")]


def test_a_bus_joins_what_it_touches(draw: Draw) -> None:
    """A box with HwBus is no unit: what has a line to it shares one link with its bandwidth."""
    boxes = TWO.replace('"_b" name="Panel"', '"_c" name="Panel"') + NODE.format("Node", "_b", "Ring", "")
    lines = PATH.format("Association")
    lines += (
        PATH.format("Association")
        .replace("_e1", "_f1")
        .replace("_e2", "_f2")
        .replace('type="_a"', 'type="_c"')
    )
    lines = lines.replace('"_path" name="wire" memberEnd="_f1', '"_path2" name="wire" memberEnd="_f1')
    bus = '<HwCommunication:HwBus bandWidth="(value=10,unit=MB/s)" blockT="(3,us)" base_Class="_b"/>'
    system, _ = draw(boxes + lines, bus)
    (link,) = system.platform.links
    assert (link.name, set(link.ends)) == ("Ring", {"_a.unit", "_c.unit"})
    assert (link.kind, link.bandwidth_bytes_per_s, link.latency_ns) == (LinkKind.BUS, 10_000_000, 3000)


def test_instances_stand_for_themselves(draw: Draw) -> None:
    """Two instances of one node type are two nodes, the type is none."""
    instance = (
        '<packagedElement xmi:type="uml:InstanceSpecification" xmi:id="{0}" name="{1}" classifier="_t"/>'
    )
    drawn = (
        NODE.format("Node", "_t", "Host", "") + instance.format("_a", "left") + instance.format("_b", "right")
    )
    system, _ = draw(drawn)
    assert units_of(system) == {"left": ["left CPU"], "right": ["right CPU"]}


def test_the_design_view_counts(draw: Draw) -> None:
    """Hosts of an analysis beside drawn hardware are left out, with a note where nothing names them."""
    drawn = NODE.format("Class", "_h", "Host", "")
    system, _ = draw(drawn, '<GQAM:GaExecHost xmi:id="_g" base_Classifier="_h"/>', board=True)
    assert units_of(system) == {"Board": ["cpu0 CPU"]}
    system, said = draw(drawn + NODE.format("Device", "_d", "Box", ""), '<GQAM:GaExecHost base_Class="_h"/>')
    assert units_of(system) == {"Box": ["Box CPU"]}
    assert rules(said, "host-left-out") == [("host-left-out", "_h")]
