"""How drawings become systems: each rule on a small model that differs in one place."""

from __future__ import annotations

from pathlib import Path

import pytest
from aicompiler.metamodels.diagnostics import Diagnostic, ModelError
from aicompiler.metamodels.system import (
    AveragePower,
    ChannelProtocol,
    CoLocate,
    Forbid,
    Isolate,
    LinkKind,
    OnData,
    PeakPower,
    Periodic,
    Pin,
    Sporadic,
    System,
    UnitKind,
)
from aicompiler.transformations.importers import load_system

PART = '<ownedAttribute xmi:type="uml:Property" xmi:id="{0}" name="{1}" type="{2}" aggregation="composite"/>'
SMALL = Path(__file__).resolve().parents[1] / "errors" / "models" / "fine.uml"
END = "</xmi:XMI>"


class Edited:
    """A copy of a model with some text exchanged; every exchange must find its place."""

    def __init__(self, folder: Path, model: Path) -> None:
        self.path = folder / model.name
        self.text = model.read_text(encoding="utf-8")

    def put(self, old: str, new: str) -> Edited:
        """Exchange a text, which must occur."""
        assert old in self.text, old
        self.text = self.text.replace(old, new)
        return self

    def stereotypes(self, *lines: str) -> Edited:
        """Apply further stereotypes."""
        namespace = (
            'xmlns:aic="http://aicompiler/profile/1" xmlns:Alloc="http://www.eclipse.org/papyrus/Alloc/1"'
        )
        return self.put("<xmi:XMI ", f"<xmi:XMI {namespace} ").put(END, "\n".join((*lines, END)))

    def load(self) -> tuple[System, list[Diagnostic]]:
        """Import what is written so far."""
        self.path.write_text(self.text, encoding="utf-8")
        return load_system(self.path)


@pytest.fixture
def small(tmp_path: Path) -> Edited:
    """A source and a sink on one CPU."""
    return Edited(tmp_path, SMALL)


@pytest.fixture
def full(tmp_path: Path, example: Path) -> Edited:
    """The shipped example."""
    return Edited(tmp_path, example)


PERIOD = "periodic(period=(10,ms))"
SINK_PERIOD = '<HLAM:RtSpecification xmi:id="_s_take" occKind="periodic(period=({0},ms))" context="_take"/>'


def test_activation_patterns(small: Edited) -> None:
    """Sporadic and periodic patterns with jitter and phase; without a pattern, data activates."""
    system, _ = small.put(PERIOD, "periodic(period=(10,ms),jitter=(1,ms),phase=(2,ms))").load()
    assert [e.activation for e in system.entries] == [
        Periodic(period_ns=10_000_000, offset_ns=2_000_000, jitter_ns=1_000_000),
        OnData(),
    ]
    assert [e.deadline_ns for e in system.entries] == [5_000_000, None]


def test_sporadic_arrivals(small: Edited) -> None:
    """The minimum distance of sporadic arrivals is kept."""
    system, _ = small.put(PERIOD, "sporadic(minInterarrival=(value=125,unit=us))").load()
    assert system.entries[0].activation == Sporadic(min_interarrival_ns=125_000)


@pytest.mark.parametrize(("period", "protocol"), [(10, ChannelProtocol.QUEUE), (20, ChannelProtocol.SAMPLE)])
def test_default_protocols(small: Edited, period: int, protocol: ChannelProtocol) -> None:
    """Equal rates queue, different rates sample."""
    system, _ = small.stereotypes(SINK_PERIOD.format(period)).load()
    assert [c.protocol for c in system.application.channels] == [protocol]


def test_an_explicit_protocol_wins(small: Edited) -> None:
    """The tag of the connector decides over the default."""
    tag = '<aic:Channel xmi:id="_s_ch" protocol="QUEUE" capacity="6" consume="2" base_Connector="_link"/>'
    system, _ = small.stereotypes(SINK_PERIOD.format(20), tag).load()
    (channel,) = system.application.channels
    assert (channel.protocol, channel.capacity, channel.consume) == (ChannelProtocol.QUEUE, 6, 2)


def test_arrays_by_multiplicity(small: Edited) -> None:
    """A fixed multiplicity is a shape; defaults are padded with zeros as in C."""
    old = '<ownedAttribute xmi:type="uml:Property" xmi:id="_total" name="total" type="_f32"/>'
    bound = 'xmi:type="uml:{}" xmi:id="_total_{}" value="3"'
    new = (
        old.replace("/>", ">")
        + f"<lowerValue {bound.format('LiteralInteger', 'low')}/>"
        + f"<upperValue {bound.format('LiteralUnlimitedNatural', 'high')}/>"
        + '<defaultValue xmi:type="uml:LiteralString" xmi:id="_total_d" value="{1.5f}"/></ownedAttribute>'
    )
    system, _ = small.put(old, new).load()
    (total,) = system.components[1].attributes
    assert (total.shape, total.default) == ((3,), ("1.5f", "0", "0"))


def test_variants_keep_their_order(small: Edited) -> None:
    """Several bodies of one behaviour are variants, the first is the reference."""
    old = "<body>total = total + in[0];</body>"
    system, _ = small.put(old, f"<language>OpenCL</language>{old}<body>/* other */</body>").load()
    behaviours = system.entries[1].behaviours
    assert [(b.language, b.id) for b in behaviours] == [
        ("C", "_p_sink._take_body"),
        ("OpenCL", "_p_sink._take_body.2"),
    ]


def test_one_type_twice_is_two_components(small: Edited) -> None:
    """Components are instances: each part has its own entries, state and ids."""
    part = PART.format("_p_sink", "sink", "_sink")
    link = small.text[small.text.index("<ownedConnector") : small.text.index("</ownedConnector>")]
    second = link.replace("_link", "_link2").replace("_p_sink", "_p_sink2") + "</ownedConnector>"
    small.put(part, part + part.replace("_p_sink", "_p_sink2").replace('"sink"', '"sink2"'))
    system, _ = small.put("</ownedConnector>", "</ownedConnector>" + second).load()
    assert [c.id for c in system.components] == ["_p_source", "_p_sink", "_p_sink2"]
    sources = {c.source_port for c in system.application.channels}
    assert (len(system.application.channels), sources) == (2, {"_p_source._out"})


NESTED = f"""
    <packagedElement xmi:type="uml:Class" xmi:id="_box" name="Box">
      <ownedAttribute xmi:type="uml:Port" xmi:id="_box_in" name="way" type="_f32" aggregation="composite"/>
      {PART.format("_inner", "inner", "_sink")}
      <ownedConnector xmi:type="uml:Connector" xmi:id="_delegate" name="delegate">
        <end xmi:type="uml:ConnectorEnd" xmi:id="_delegate_a" role="_box_in"/>
        <end xmi:type="uml:ConnectorEnd" xmi:id="_delegate_b" partWithPort="_inner" role="_in"/>
      </ownedConnector>
    </packagedElement>
    <packagedElement xmi:type="uml:Class" xmi:id="_system" """


def test_composites_are_seen_through(small: Edited) -> None:
    """A channel leads from leaf to leaf, through the ports of the boxes around them."""
    small.put('name="sink" type="_sink"', 'name="box" type="_box"')
    small.put('partWithPort="_p_sink" role="_in"', 'partWithPort="_p_sink" role="_box_in"')
    small.put('<packagedElement xmi:type="uml:Class" xmi:id="_system" ', NESTED.strip() + " ")
    system, diagnostics = small.load()
    assert diagnostics == []
    assert [(c.id, c.name) for c in system.components] == [
        ("_p_source", "source"),
        ("_p_sink._inner", "box.inner"),
    ]
    (channel,) = system.application.channels
    assert (channel.source_port, channel.target_port) == ("_p_source._out", "_p_sink._inner._in")


def test_placement_constraints(full: Edited) -> None:
    """Pin, forbid, isolate, co-locate and budgets reach the system; a bare allocation does not bind."""
    full.put('<aic:Separate xmi:id="_st_separate"', '<aic:Isolate xmi:id="_st_separate"')
    full.put('<aic:Pin xmi:id="_st_pin"', '<aic:Pin xmi:id="_st_pin" core="3"')
    full.put('<aic:PowerBudget xmi:id="_st_budget"', '<aic:PowerBudget xmi:id="_st_budget" peak="(5,W)"')
    old = '<ownedRule xmi:type="uml:Constraint" xmi:id="_separate"'
    rule = old.replace("_separate", "_together") + ' constrainedElement="_part_blur _part_sobel"/>'
    full.put(old, rule + old)
    full.put("</xmi:XMI>", '<aic:CoLocate xmi:id="_st_together" base_Constraint="_together"/></xmi:XMI>')
    system, diagnostics = full.load()
    assert diagnostics == []
    kinds = [type(c) for c in system.constraints]
    assert kinds == [Pin, Isolate, CoLocate, AveragePower, PeakPower, PeakPower]
    pin, peak = system.constraints[0], system.constraints[4]
    assert isinstance(pin, Pin) and isinstance(peak, PeakPower)
    assert (pin.core, peak.limit_uw, peak.node) == (3, 5_000_000, "_cabinet")


def test_forbid_and_proposals(full: Edited) -> None:
    """A forbidden placement is a constraint, an allocation without Pin is the current deployment alone."""
    system, _ = full.put("<aic:Pin ", "<aic:Forbid ").load()
    assert isinstance(system.constraints[0], Forbid)
    full.text = full.text.replace('<aic:Forbid xmi:id="_st_pin" base_Abstraction="_camera_on_cpu0"/>', "")
    system, diagnostics = full.load()
    assert not any(isinstance(c, (Pin, Forbid)) for c in system.constraints)
    assert [(a.component, a.unit) for a in system.allocations] == [("_part_camera", "_cpu0")]
    assert diagnostics == []


def test_kinds_of_units(full: Edited) -> None:
    """SIMD instruction sets make a GPU, programmable logic an FPGA; a name alone is only an assumption."""
    system, _ = full.load()
    kinds = [u.kind for u in system.units]
    assert kinds == [UnitKind.CPU, UnitKind.CPU, UnitKind.GPU, UnitKind.FPGA]
    system, diagnostics = full.put('kind="GPU" ', "").load()
    assert system.units[2].kind is UnitKind.GPU
    assert [d.rule for d in diagnostics] == ["kind-assumed", "assumed"]
    system, diagnostics = full.put('ownedISAs="_st_simd" ', "").load()
    assert (system.units[2].kind, [d.rule for d in diagnostics]) == (UnitKind.GPU, ["kind-from-name"])


def test_a_bus_may_be_a_part(full: Edited) -> None:
    """What is connected to a part that is a bus shares one link."""
    bus = (
        PART.format("_bus", "bus", "_bus_t")
        + '<ownedConnector xmi:type="uml:Connector" xmi:id="_b1"><end xmi:id="_b1a" role="_cpu0"/>'
        '<end xmi:id="_b1b" role="_bus"/></ownedConnector>'
        '<ownedConnector xmi:type="uml:Connector" xmi:id="_b2"><end xmi:id="_b2a" role="_bus"/>'
        '<end xmi:id="_b2b" role="_gpu0"/></ownedConnector>'
        '<ownedConnector xmi:type="uml:Connector" xmi:id="_b3"><end xmi:id="_b3a" role="_fpga0"/>'
        '<end xmi:id="_b3b" role="_bus"/></ownedConnector>'
    )
    cabinet = '<packagedElement xmi:type="uml:Class" xmi:id="_cabinet" name="Cabinet">'
    full.put(cabinet, f'<packagedElement xmi:type="uml:Class" xmi:id="_bus_t" name="Bus"/>{cabinet}{bus}')
    applied = '<HwCommunication:HwBus xmi:id="_s_bus" bandWidth="(100,Mb/s)" base_Classifier="_bus_t"/>'
    system, _ = full.put(END, applied + END).load()
    link = next(x for x in system.platform.links if x.id == "_bus")
    assert (link.kind, link.ends) == (LinkKind.BUS, ("_cpu0", "_gpu0", "_fpga0"))
    assert link.bandwidth_bytes_per_s == 12_500_000


def test_assumptions_are_said(small: Edited) -> None:
    """A missing unit of measure, a missing clock and a missing language are assumed, and said so."""
    small.put('relDl="(5,ms)"', 'relDl="5"').put('op_Frequencies="(value=1,unit=GHz)" ', "")
    small.put("<language>C</language>\n          <body>total", "<body>total")
    system, diagnostics = small.load()
    assert system.entries[0].deadline_ns == 5_000_000
    assert {d.rule for d in diagnostics} == {"unit-assumed", "clock-assumed", "language-assumed", "assumed"}


def test_a_flow_that_is_no_path_is_reported(full: Edited) -> None:
    """A branching flow is left out with a warning that names it."""
    full.put('source="_flow_blur" target="_flow_sobel"', 'source="_flow_camera" target="_flow_sobel"')
    system, diagnostics = full.load()
    assert system.application.flows == ()
    assert [d.rule for d in diagnostics] == ["flow-left-out"]


def test_an_open_input_is_an_error(full: Edited) -> None:
    """An in-port without a channel has no values to read."""
    start = full.text.index('<ownedConnector xmi:type="uml:Connector" xmi:id="_c_blobs_telemetry"')
    stop = full.text.index("</ownedConnector>", start) + len("</ownedConnector>")
    full.text = full.text[:start] + full.text[stop:]
    full.text = full.text.replace('base_Connector="_c_blobs_telemetry"', "")
    with pytest.raises(ModelError, match="in-port 'statistics' of 'telemetry' is not connected"):
        full.load()
