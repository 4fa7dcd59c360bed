"""Every way to allocate becomes the current deployment, and no constraint unless it is asked to be kept."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from aicompiler import cli
from aicompiler.metamodels.system import Pin, StatedResult
from aicompiler.transformations.importers import ImportOptions, load_system
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).resolve().parent))

from drawings import Drawn, placed, rules, write

Draw = Callable[..., Drawn]
NODES = (
    '<packagedElement xmi:type="uml:Node" xmi:id="_a" name="A"/>'
    '<packagedElement xmi:type="uml:Node" xmi:id="_b" name="B"/>'
)
LINE = '<packagedElement xmi:type="uml:Abstraction" xmi:id="{0}" client="{1}" supplier="{2}"/>'
ARTIFACT = (
    '<packagedElement xmi:type="uml:Artifact" xmi:id="_art" name="image">'
    '<manifestation xmi:type="uml:Manifestation" xmi:id="_man" utilizedElement="{0}"/></packagedElement>'
)
DEPLOYED = (
    '<packagedElement xmi:type="uml:Node" xmi:id="_b" name="B">'
    '<deployment xmi:type="uml:Deployment" xmi:id="_dep" deployedArtifact="_art"/></packagedElement>'
)
TO_BOARD = LINE.format("_l", "_p_source", "_cpu0")
SHARED_TYPE = '<packagedElement xmi:type="uml:Node" xmi:id="_a" name="A">{0}</packagedElement>'


@pytest.mark.parametrize(
    ("stereotype", "by"),
    [("Alloc:Allocate", "MARTE Allocate"), ("Allocations:Allocate", "SysML Allocate")],
)
def test_allocate_on_an_abstraction(draw: Draw, stereotype: str, by: str) -> None:
    """MARTE and SysML Allocate: from the client to the unit of the supplier; nothing is pinned by it."""
    applied = f'<{stereotype} xmi:id="_s" base_Abstraction="_l"/>'
    system, _ = draw(NODES + LINE.format("_l", "_p_source", "_b"), applied)
    assert placed(system) == {"source": ("B", by)}
    assert not [c for c in system.constraints if isinstance(c, Pin)]


def test_assign_on_a_comment(draw: Draw) -> None:
    """MARTE Assign names both ends itself; a type stands for its instances."""
    comment = '<ownedComment xmi:type="uml:Comment" xmi:id="_c"/>'
    applied = '<Alloc:Assign xmi:id="_s" base_Comment="_c" from="_p_sink _source" to="_a"/>'
    system, _ = draw(comment + NODES, applied)
    assert placed(system) == {"sink": ("A", "MARTE Assign"), "source": ("A", "MARTE Assign")}


def test_artifact_manifestation_and_deployment(draw: Draw) -> None:
    """The component that an artifact manifests is where the artifact is deployed."""
    system, _ = draw(NODES.split("/>", maxsplit=1)[0] + "/>" + ARTIFACT.format("_sink") + DEPLOYED)
    assert placed(system) == {"sink": ("B", "deployment")}


def test_an_artifact_inside_a_node(draw: Draw) -> None:
    """An artifact that is drawn inside a node is deployed on it."""
    inner = ARTIFACT.format("_source").replace("packagedElement", "nestedClassifier")
    system, _ = draw(SHARED_TYPE.format(inner))
    assert placed(system) == {"source": ("A", "deployment")}


def test_an_artifact_of_a_whole_system(draw: Draw) -> None:
    """What manifests the outermost block, or its package, takes all its parts along."""
    system, _ = draw(ARTIFACT.format("_system") + DEPLOYED)
    assert placed(system) == {"source": ("B", "deployment"), "sink": ("B", "deployment")}


def test_instances_of_the_application(draw: Draw) -> None:
    """Instances as CHESS writes them stand for the parts whose names end theirs."""
    drawn = 'xmi:type="uml:InstanceSpecification" xmi:id="_i" name="System_sink" classifier="_sink"'
    applied = '<Alloc:Assign xmi:id="_s" base_Comment="_c" from="_i" to="_b"/>'
    comment = '<ownedComment xmi:type="uml:Comment" xmi:id="_c"/>'
    system, _ = draw(comment + NODES + f"<packagedElement {drawn}/>", applied)
    assert placed(system) == {"sink": ("B", "MARTE Assign")}


def test_hosts_of_an_analysis(draw: Draw) -> None:
    """The host of a schedulable resource and the resources that a host lists are allocations, too."""
    hosts = (
        '<GQAM:GaExecHost xmi:id="_h" schedulableResources="_r" base_Class="_a"/>'
        '<GRM:SchedulableResource xmi:id="_r" base_Class="_source"/>'
    )
    assert placed(draw(NODES, hosts)[0]) == {"source": ("A", "schedulable resource")}
    step = (
        '<GQAM:GaExecHost xmi:id="_h" base_Class="_b"/>'
        '<GQAM:GaStep xmi:id="_g" host="_h" execTime="(1,ms)" base_Operation="_take"/>'
    )
    assert placed(draw(NODES, step)[0]) == {"sink": ("B", "host of a step")}


def test_a_mark_without_a_line_is_said(draw: Draw) -> None:
    """Allocated on an element says that it is, but not to what."""
    marks = '<Alloc:Allocated xmi:id="_s" base_Class="_source"/>'
    system, said = draw(NODES, marks)
    assert system.allocations == ()
    assert rules(said, "allocation-without-target") == [("allocation-without-target", "_source")]
    line, applied = LINE.format("_l", "_source", "_a"), '<Alloc:Allocate xmi:id="_t" base_Abstraction="_l"/>'
    system, said = draw(NODES + line, marks + applied)
    assert placed(system) == {"source": ("A", "MARTE Allocate")}
    assert rules(said, "allocation-without-target") == []


def test_conflicting_allocations(draw: Draw) -> None:
    """A component on two nodes: the first relation counts, the other one is reported where it stands."""
    lines = LINE.format("_l", "_p_source", "_a") + LINE.format("_k", "_p_source", "_b")
    applied = '<Alloc:Allocate base_Abstraction="_l"/><Alloc:Allocate base_Abstraction="_k"/>'
    system, said = draw(NODES + lines, applied)
    assert placed(system) == {"source": ("A", "MARTE Allocate")}
    assert rules(said, "allocation-conflict") == [("allocation-conflict", "_k")]


def test_the_same_allocation_twice_is_one(draw: Draw) -> None:
    """Two relations that agree are one edge and no conflict."""
    lines = LINE.format("_l", "_p_source", "_a") + LINE.format("_k", "_source", "_a")
    applied = (
        '<Alloc:Allocate xmi:id="_s" base_Abstraction="_l"/>'
        '<Allocations:Allocate xmi:id="_t" base_Abstraction="_k"/>'
    )
    system, said = draw(NODES + lines, applied)
    assert len(system.allocations) == 1
    assert rules(said, "allocation-conflict") == []


def test_an_allocation_to_no_unit(draw: Draw) -> None:
    """A supplier that is no hardware is reported at the relation."""
    line = LINE.format("_l", "_p_source", "_system")
    system, said = draw(NODES + line, '<Alloc:Allocate xmi:id="_s" base_Abstraction="_l"/>')
    assert system.allocations == ()
    assert rules(said, "allocation-left-out") == [("allocation-left-out", "_l")]


def test_a_node_with_several_units(draw: Draw) -> None:
    """An allocation to a board means its first CPU, and says so."""
    inside = (
        '<nestedNode xmi:type="uml:Device" xmi:id="_g" name="GPU"/>'
        '<nestedNode xmi:type="uml:Device" xmi:id="_c" name="CPU"/>'
    )
    line = LINE.format("_l", "_p_source", "_a")
    applied = '<Alloc:Allocate xmi:id="_s" base_Abstraction="_l"/>'
    system, said = draw(SHARED_TYPE.format(inside) + line, applied)
    assert placed(system) == {"source": ("CPU", "MARTE Allocate")}
    assert rules(said, "allocation-to-node") == [("allocation-to-node", "_l")]


def test_kept_allocations_are_pins(draw: Draw) -> None:
    """With keep_allocation each allocation pins; a pin of the model's own stays the only one."""
    applied = '<Alloc:Allocate xmi:id="_s" base_Abstraction="_l"/>'
    system, _ = draw(TO_BOARD, applied, board=True, keep=True)
    assert [(c.component, c.unit) for c in system.constraints if isinstance(c, Pin)] == [
        ("_p_source", "_cpu0")
    ]
    own = applied + '<aic:Pin xmi:id="_p" core="1" base_Abstraction="_l"/>'
    system, _ = draw(TO_BOARD, own, board=True, keep=True)
    assert [c.core for c in system.constraints if isinstance(c, Pin)] == [1]
    assert placed(system) == {"source": ("cpu0", "MARTE Allocate")}


TIMES = (
    '<SAM:SaStep xmi:id="_t1" execTime="(1,ms)" base_Operation="_emit"/>'
    '<SAM:SaStep xmi:id="_t2" execTime="(1,ms)" base_Operation="_take"/>'
)


def test_partition_keeps_and_shows_the_deployment(tmp_path: Path) -> None:
    """partition --json names the model's own places; with --keep-allocation it decides for them."""
    clocks = '<HwComputing:HwProcessor op_Frequencies="(1,GHz)" base_Class="{}"/>'
    applied = (
        TIMES + clocks.format("_a") + clocks.format("_b")
        + '<Alloc:Allocate base_Abstraction="_l"/><Alloc:Allocate base_Abstraction="_k"/>'
    )  # fmt: skip
    lines = LINE.format("_l", "_p_source", "_b") + LINE.format("_k", "_p_sink", "_b")
    path = write(tmp_path / "model.uml", NODES + lines, applied)
    today = [{"component": name, "unit": "B", "by": "MARTE Allocate"} for name in ("source", "sink")]
    places = {}
    for options in ((), ("--keep-allocation",)):
        ran = CliRunner().invoke(cli.app, ["partition", str(path), "--json", *options])
        assert ran.exit_code == 0, ran.output
        document = json.loads(ran.stdout)
        assert document["current"] == today
        places[options] = {p["component"]: p["unit"] for p in document["placements"]}
    assert places["--keep-allocation",] == {"source": "B", "sink": "B"}


def test_results_of_an_earlier_analysis(draw: Draw) -> None:
    """statQ=calc values of entries and hosts are stated results in our units, never inputs."""
    applied = (
        '<SAM:SaStep xmi:id="_t1" execTime="(1,ms)" base_Operation="_emit">'
        "<respT>(worst=3,best=1,unit=ms,statQ=calc)</respT></SAM:SaStep>"
        '<SAM:SaExecHost xmi:id="_h" schedUtiliz="(value=54.40,statQ=calc)" base_Class="_a"/>'
        '<GQAM:GaExecHost xmi:id="_k" utilization="(value=0.25,statQ=calc)" base_Class="_b"/>'
    )
    system, _ = draw(NODES, applied)
    entry = system.entries[0].id
    assert _figures(system.stated_results) == [
        (entry, "response_ns", 3_000_000),
        ("_b.unit", "utilisation_permille", 250),
        ("_a.unit", "utilisation_permille", 544),
    ]


def _figures(results: tuple[StatedResult, ...]) -> list[tuple[str, str, int]]:
    return [(r.subject, r.figure, r.value) for r in results]


def test_chess_grides(shared: Path) -> None:
    """The three Assigns of the file (lines 917 to 919) through its instances, and the results it keeps."""
    path = shared / "models" / "papyrus-marte" / "chess_grides_modelSchedulability.uml"
    system, _ = load_system(path, options=ImportOptions())
    assert placed(system) == {
        "Receiver_impl_inst": ("BoardSystem", "MARTE Assign"),
        "Analyzer_impl_inst": ("PC", "MARTE Assign"),
        "Sender_impl_inst": ("PC", "MARTE Assign"),
    }
    assert [n.name for n in system.platform.nodes] == ["BoardSystem", "PC"]
    assert [(link.name, len(link.ends)) for link in system.platform.links] == [("SerailCable", 2)]
    # CHRtSpecification respT (lines 885, 888, 892); utilization of the hosts (lines 989 to 994) in percent.
    names = {e.id: e.name for e in (*system.entries, *system.units)}
    assert [(names[r.subject], r.figure, r.value) for r in system.stated_results] == [
        ("Send", "response_ns", 80_000_000),
        ("InterferenceAnalyze", "response_ns", 68_000_000),
        ("Receiver", "response_ns", 68_000_000),
        ("BoardSystem", "utilisation_permille", 544),
        ("PC", "utilisation_permille", 229),
    ]
