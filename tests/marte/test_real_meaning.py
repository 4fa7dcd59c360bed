"""What people drew, held against the XML: what is expected is looked up by other code than the importer's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aicompiler.metamodels.system import OnData, System
from aicompiler.sidecar import write_template
from aicompiler.transformations.importers import ImportOptions
from aicompiler.transformations.importers.papyrus import Papyrus
from lxml import etree

Golden = Callable[[str, str], None]


class Drawing:
    """A model as plain XML."""

    def __init__(self, path: Path) -> None:
        self.root = etree.parse(path).getroot()
        self.by_id = {self.id(e): e for e in self.root.iter() if isinstance(e.tag, str)}

    @staticmethod
    def id(element: Any) -> str:
        """The xmi:id, whatever the XMI version."""
        return next((str(v) for k, v in element.attrib.items() if k.endswith("}id")), "")

    def bases(self, *names: str) -> list[str]:
        """The ids that stereotypes of these names are applied to, in file order."""
        return [base for a in self.applications(*names) if (base := self.base(a))]

    def applications(self, *names: str) -> Iterator[Any]:
        """Stereotype applications by name, in file order."""
        for element in self.root:
            if isinstance(element.tag, str) and etree.QName(element).localname in names:
                yield element

    @staticmethod
    def base(application: Any) -> str:
        """The id of what a stereotype is applied to."""
        return next((str(v) for k, v in application.attrib.items() if k.startswith("base_")), "")

    def is_port(self, id_: str) -> bool:
        """Whether an element is a port."""
        return any(v == "uml:Port" for v in self.by_id[id_].attrib.values())

    def owner(self, id_: str) -> str:
        """The id of the element that contains another."""
        return self.id(self.by_id[id_].getparent())

    def ends(self, message: str) -> list[str]:
        """What the lifelines that a message joins represent: the types of their properties, or themselves."""
        found = []
        for event in ("sendEvent", "receiveEvent"):
            occurrence = self.by_id[self.by_id[message].get(event)]
            lifeline = self.by_id[occurrence.get("covered")]
            role = self.by_id.get(lifeline.get("represents"))
            found.append(role.get("type") if role is not None else self.id(lifeline))
        return found


def imported(path: Path, **options: Any) -> System:
    """The system that a model draws, complete or not."""
    return Papyrus().load(path, ImportOptions(**options)).system


def rules(path: Path, **options: Any) -> list[str]:
    """The rules of all that is said about a model."""
    return [d.rule for d in Papyrus().load(path, ImportOptions(**options)).diagnostics]


def summary(system: System) -> str:
    """Components, entries, channels, flows, units and allocations by name, with the XML ids they rest on."""
    return "\n".join(_lines(system)) + "\n"


def _lines(system: System) -> Iterator[str]:
    names = {c.id: c.name for c in system.components} | {u.id: u.name for u in system.units}
    names |= {e.id: e.name for e in system.entries}
    owner = {p.id: c.name for c in system.components for p in c.ports}
    for component in system.components:
        yield f"component {component.name} [{_xml(component)}]"
        for entry in component.entries:
            times = ", ".join(f"{t.bcet_ns} / {t.acet_ns} / {t.wcet_ns} ns [{_xml(t)}]" for t in entry.times)
            deadline = "" if entry.deadline_ns is None else f", deadline {entry.deadline_ns} ns"
            yield f"  {entry.name} [{_xml(entry)}]: {entry.activation}{deadline}; {times or 'no time'}"
    for channel in system.application.channels:
        ends = f"{owner[channel.source_port]} -> {owner[channel.target_port]}"
        yield f"channel {channel.name} [{_xml(channel)}]: {ends}"
    for flow in system.application.flows:
        path = " -> ".join(names[e] for e in flow.entries)
        yield f"flow {flow.name} [{_xml(flow)}]: {path}, deadline {flow.deadline_ns}"
    for unit in system.units:
        yield f"unit {unit.name} [{_xml(unit)}]: {unit.kind.value}, {unit.cores} cores"
    for a in system.allocations:
        yield f"allocation {names[a.component]} -> {names[a.unit]} by {a.by} [{_xml(a)}]"


def _xml(element: Any) -> str:
    return element.source.xml_id if element.source is not None else ""


@pytest.fixture(scope="session")
def marte(shared: Path) -> Path:
    """The folder of outside MARTE models."""
    return shared / "models" / "papyrus-marte"


def test_chess_parts_have_the_times_of_their_specifications(marte: Path, golden: Golden) -> None:
    """Each CHRtSpecification times the operation it names in the part it names; Assign says where it runs."""
    path = marte / "chess_grides_modelSchedulability.uml"
    system, drawing = imported(path), Drawing(path)
    golden("marte/chess_grides.txt", summary(system))
    stated = {
        (a.get("partWithPort"), a.get("context"), a.get("occKind").partition("(")[0])
        for a in drawing.applications("CHRtSpecification")
    }
    read = {
        (_xml(c), _xml(e), type(e.activation).__name__.lower()) for c in system.components for e in c.entries
    }
    assert read == stated
    assert len(read) == 3
    assert [e.deadline_ns for e in system.entries] == [125_000_000] * 3
    # from and to of Assign are instances; the slots of two further ones say which parts they stand for
    part = {
        v.get("instance"): v.getparent().get("definingFeature")
        for v in drawing.root.iter("value")
        if v.get("instance") is not None and not drawing.is_port(v.getparent().get("definingFeature"))
    }
    assigned = {(part[a.get("from")], part[a.get("to")]) for a in drawing.applications("Assign")}
    units = {u.id: _xml(u) for u in system.units}
    assert {(a.component, units[a.unit]) for a in system.allocations} == assigned


def test_results_of_an_earlier_analysis_are_kept_apart(marte: Path) -> None:
    """statQ=calc values state responses and utilisations; no deadline and no time comes from them."""
    system = imported(marte / "chess_grides_modelSchedulability.uml")
    names = {e.id: e.name for e in system.entries} | {u.id: u.name for u in system.units}
    stated = {(names.get(r.subject, ""), r.figure, r.value) for r in system.stated_results}
    assert {
        ("InterferenceAnalyze", "response_ns", 68_000_000),
        ("Send", "response_ns", 80_000_000),
        ("Receiver", "response_ns", 68_000_000),
        ("BoardSystem", "utilisation_permille", 544),
        ("PC", "utilisation_permille", 229),
    } <= stated


def test_an_analysis_context_takes_the_place_of_the_design(marte: Path) -> None:
    """With --context the tasks that a context schedules are the components, released as its events say."""
    path = marte / "chess_grides_modelSchedulability.uml"
    system, drawing = imported(path, context="model_analysisContext"), Drawing(path)
    tasks = {drawing.base(a) for a in drawing.applications("SchedulableResource")}
    assert {_xml(c) for c in system.components} == tasks
    released = [e for e in system.entries if not isinstance(e.activation, OnData)]
    assert len(released) == len(drawing.bases("GaWorkloadEvent")) == 3
    steps = {i for i in drawing.bases("SaStep") if "OpaqueAction" in str(drawing.by_id[i].attrib)}
    assert {_xml(e) for e in system.entries} == steps


def test_every_step_of_the_petstore_is_an_entry(marte: Path, golden: Golden) -> None:
    """17 operations of five services and three steps of the customer; orphans speak of nothing."""
    path = marte / "artist_petstore_u2j.uml"
    system, drawing = imported(path), Drawing(path)
    golden("marte/artist_petstore.txt", summary(system))
    steps = drawing.bases("GaStep", "PaStep")
    assert len(steps) == 20
    assert {_xml(e) for e in system.entries} == set(steps)
    for component in system.components[:5]:
        assert {drawing.owner(_xml(e)) for e in component.entries} == {_xml(component)}
    timed = {i: [int(t.text) for t in a.iter("execTime")] for a in drawing.applications("GaStep")
             for i in (drawing.base(a),)}  # fmt: skip
    for entry in (e for e in system.entries if timed.get(_xml(e))):
        (time,) = entry.times
        given = [t * 1_000_000 for t in timed[_xml(entry)]]
        assert (time.bcet_ns, time.acet_ns, time.wcet_ns) == (min(given), given[0], max(given))
    calls = {c.name for c in system.application.channels}
    assert calls == {"login", "findItem", "addItemToCart", "confirmOrder"}  # between the two partitions


def test_the_services_of_the_train_ticket_shop(marte: Path, golden: Golden) -> None:
    """Run-time instances with timed operations; messages among them are channels, those of actors are not."""
    path = marte / "seaa_train-ticket.uml"
    system, drawing = imported(path), Drawing(path)
    golden("marte/seaa_train_ticket.txt", summary(system))
    assert {_xml(c) for c in system.components} == set(drawing.bases("PaRunTInstance"))
    operations = {b for b in drawing.bases("GaStep") if drawing.by_id[b].tag == "ownedOperation"}
    assert len(operations) == 16
    assert {_xml(e) for e in system.entries} == operations
    components = {_xml(c) for c in system.components}
    calls = [m for m in drawing.root.iter("message") if m.get("messageSort") != "reply"]
    joining = {
        drawing.id(m)
        for m in calls
        if len(set(ends := drawing.ends(drawing.id(m)))) == 2 and components.issuperset(ends)
    }
    assert {_xml(c) for c in system.application.channels} == joining
    assert len(joining) == 2
    assert rules(path).count("queueing-model") == len(drawing.bases("GaWorkloadEvent")) == 2
    deployed = {}  # a container holds an artifact, which manifests a component
    for deployment in drawing.root.iter("deployment"):
        artifact = drawing.by_id[deployment.get("deployedArtifact")]
        for manifestation in artifact.iter("manifestation"):
            deployed[manifestation.get("utilizedElement")] = drawing.id(deployment.getparent())
    units = {u.id: _xml(u) for u in system.units}
    allocated = {a.component: units[a.unit] for a in system.allocations}
    assert {c: deployed.get(c) for c in allocated if c in deployed} == {
        c: allocated[c] for c in allocated if c in deployed
    }
    assert len(allocated) == 11


def test_lifelines_of_the_port_sequence(marte: Path, golden: Golden) -> None:
    """Steps on messages and executions run on the receiving lifelines and follow each other as one flow."""
    path = marte / "dice_dpim_sequence.uml"
    system, drawing = imported(path), Drawing(path)
    golden("marte/dice_dpim_sequence.txt", summary(system))
    instances = [drawing.by_id[b].get("name") for b in drawing.bases("PaRunTInstance")]
    assert sorted(c.name for c in system.components) == sorted(instances)
    messages = [b for b in drawing.bases("GaStep", "GaWorkloadEvent") if drawing.by_id[b].tag == "message"]
    assert {_xml(e) for e in system.entries} == set(messages)
    assert len(messages) == 6
    (flow,) = system.application.flows
    assert [system.entries[i].id for i in range(6)] != list(flow.entries)  # file order is not the order
    order = [drawing.id(m) for m in drawing.root.iter("message")][:6]
    assert [e.rpartition(".")[2] for e in flow.entries] == order


def test_variables_give_the_times_of_the_port_sequence(marte: Path) -> None:
    """$names get their values from the user; what annotates a message and its execution adds up."""
    path = marte / "dice_dpim_sequence.uml"
    asked = [r for r in rules(path) if r == "unresolved-variable"]
    assert len(asked) == 8  # each hostDemand; responses and throughputs are out$ variables
    values = {"parser": "4", "adapt": "3", "postProc": "2.5", "msgDelay1": "1", "msgDelay2": "(0.5, ms)"}
    system = imported(path, variables=values)
    times = {
        e.name: e.times[0].wcet_ns for c in system.components for e in c.entries if c.name != "StationManager"
    }
    assert times == {
        "NMEAstream": 4_000_000,
        "adapt(ais_nmea)": 3_500_000,
        "postProcessing(ais_sentence)": 3_000_000,
    }
    assert "unresolved-variable" not in rules(path, variables=values)


def test_a_template_asks_for_variables_once(marte: Path, tmp_path: Path) -> None:
    """The side-car of a model with open variables lists each once, where it is first used."""
    model = marte / "dice_dpim_sequence.uml"
    lines = write_template(model, tmp_path / "new.aic.toml").read_text(encoding="utf-8").splitlines()
    section = lines[lines.index("[variables]") + 1 :]
    asked = [line.split()[1] for line in section[: section.index("")] if " = " in line]
    assert sorted(asked) == ["adapt", "msgDelay1", "msgDelay2", "parser", "postProc"]


def test_steps_of_a_storm_topology_run_where_they_are_deployed(marte: Path) -> None:
    """A partition of a node places its actions: each is the artifact on that node that has its name."""
    path = marte / "dice_dtsm_storm.uml"
    system, drawing = imported(path), Drawing(path)
    nested = {drawing.id(a) for a in drawing.root.iter("nestedClassifier")}
    assert {_xml(c) for c in system.components} == nested
    ends = {p.id: c.name for c in system.components for p in c.ports}
    joined = {(ends[c.source_port], ends[c.target_port]) for c in system.application.channels}
    assert joined == {
        ("spout_1", "bolt1_1"), ("spout_2", "bolt1_1"), ("bolt1_1", "bolt2_1"), ("bolt1_1", "bolt2_3"),
        ("bolt2_1", "bolt2_2"), ("bolt2_1", "bolt2_4"), ("bolt2_3", "bolt2_2"), ("bolt2_3", "bolt2_4"),
    }  # fmt: skip


def test_connected_parts_of_the_city_block(shared: Path, golden: Golden) -> None:
    """Parts without times are components where calls join them: from the conjugated port to the other."""
    path = shared / "models" / "papyrus-sysml" / "arrowhead_smartcity.uml"
    system, drawing = imported(path), Drawing(path)
    golden("marte/arrowhead_smartcity.txt", summary(system))
    joined = set()
    for connector in drawing.root.iter("ownedConnector"):
        ends = connector.findall("end")
        ports = [drawing.by_id.get(e.get("role")) for e in ends]
        conjugated = [p is not None and p.get("isConjugated") == "true" for p in ports]
        if None not in ports and sorted(conjugated) == [False, True]:
            caller = conjugated.index(True)
            parts = ends[caller].get("partWithPort"), ends[1 - caller].get("partWithPort")
            joined.add((drawing.id(connector), *parts))
    owner = {p.id: _xml(c) for c in system.components for p in c.ports}
    assert joined == {
        (_xml(c), owner[c.source_port], owner[c.target_port]) for c in system.application.channels
    }
    assert len(joined) == 6
    assert {_xml(c) for c in system.components} == {part for _, *parts in joined for part in parts}


def test_the_example_states_what_it_draws(example: Path, golden: Golden) -> None:
    """Every part with a step is a component; the flow calls each operation once, along its edges."""
    system, drawing = imported(example), Drawing(example)
    golden("marte/smart_intersection.txt", summary(system))
    assert {_xml(e) for e in system.entries} == set(drawing.bases("SaStep"))
    calls = [n.get("operation") for n in drawing.root.iter("node") if n.get("operation")]
    (flow,) = system.application.flows
    assert sorted(e.rpartition(".")[2] for e in flow.entries) == sorted(calls)


SIDECARS = Path(__file__).resolve().parent.parent / "importers" / "sidecars"


@pytest.mark.parametrize(
    ("model", "sidecar"),
    [
        ("papyrus-marte/chess_grides_modelSchedulability", "chess"),
        ("papyrus-sysml/arrowhead_smartcity", "arrowhead_smartcity"),
        ("papyrus-marte/artist_petstore_u2j", "petstore"),
        ("papyrus-marte/seaa_train-ticket", "train-ticket"),
        ("papyrus-marte/dice_dpim_sequence", "dpim"),
    ],
)
def test_a_filled_in_sidecar_gives_a_checked_deployment(model: str, sidecar: str, shared: Path) -> None:
    """What the template asked for is enough to build: decided, and accepted by the independent check."""
    from aicompiler import pipeline

    path = shared / "models" / f"{model}.uml"
    made = pipeline.build(path, sidecar=SIDECARS / f"{sidecar}.aic.toml")
    assert made.decision.evidence.accepted
    placed = {p.component for p in made.decision.deployment.placements}
    assert placed == {c.id for c in made.model.system.components}


def test_who_sends_and_who_receives_uses_the_ports_of_a_message(marte: Path) -> None:
    """A message belongs to what its sender was asked last, and to the entry that it calls."""
    system = Papyrus().load(marte / "dice_dpim_sequence.uml", ImportOptions()).system
    used = {
        f"{c.name}::{e.name}": [p.name for p in c.ports_of(e)] for c in system.components for e in c.entries
    }
    assert used == {
        "ParsingTask::postProcessing(ais_sentence)": ["postProcessing_ais_sentence", "replay"],
        "Parser::NMEAstream": ["adapt_ais_nmea"],
        "StationManager::adapt(ais_nmea)": ["adapt_ais_nmea", "adapt_ais_nmea_2"],
        "StationManager::ais_sentence": ["ais_sentence", "postProcessing_ais_sentence"],
        "StationManager::replay": ["replay"],
        "StationProcesses::adapt(ais_nmea)": ["adapt_ais_nmea", "ais_sentence"],
    }
