"""Rules of meaning, each on a small drawing made for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from aicompiler.metamodels.diagnostics import Diagnostic, ModelError, Severity
from aicompiler.metamodels.system import Periodic, System
from aicompiler.sidecar import write_template
from aicompiler.transformations.importers import ImportOptions, load_system, validate
from aicompiler.transformations.importers.papyrus import Papyrus

NAMESPACES = {
    "xmi": "http://www.omg.org/spec/XMI/20131001",
    "uml": "http://www.eclipse.org/uml2/5.0.0/UML",
    "RT": "http://CHESS.Predictability/schemas/RTComponentModel/_x/1",
    **{p: f"http://www.eclipse.org/papyrus/{p}/1" for p in ("GQAM", "SAM", "GCM", "HwComputing", "HLAM")},
}
Draw = Callable[..., Path]
CPU = '<packagedElement xmi:type="uml:Device" xmi:id="_cpu" name="cpu"/>'


@pytest.fixture
def draw(tmp_path: Path) -> Draw:
    """Write a model of some elements and some stereotype applications."""

    def write(elements: str, stereotypes: str = "") -> Path:
        names = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
        path = tmp_path / "drawing.uml"
        path.write_text(
            f'<xmi:XMI {names}><uml:Model xmi:id="_m" name="m">\n{elements}\n{CPU}\n</uml:Model>\n'
            f'{stereotypes}\n<GQAM:GaExecHost xmi:id="_h" base_Classifier="_cpu"/></xmi:XMI>',
            encoding="utf-8",
        )
        return path

    return write


def read(path: Path, **options: object) -> tuple[System, list[Diagnostic]]:
    """The system and all that is said about it, complete or not."""
    found = Papyrus().load(path, ImportOptions(**options))  # type: ignore[arg-type]
    return found.system, list(found.diagnostics)


def packaged(metaclass: str, id_: str, name: str, body: str) -> str:
    """An element of a package."""
    return (
        f'<packagedElement xmi:type="uml:{metaclass}" xmi:id="{id_}" name="{name}">{body}</packagedElement>'
    )


def service(id_: str, name: str, *operations: str) -> str:
    """A class with operations; their ids are the class's and theirs."""
    own = "".join(f'<ownedOperation xmi:id="{id_}_{o}" name="{o}"/>' for o in operations)
    return packaged("Class", id_, name, own)


def step(base: str, *tags: str, kind: str = "GQAM:GaStep", more: str = "") -> str:
    """A step with child elements as tags, written TAG=VALUE."""
    children = "".join(f"<{t.partition('=')[0]}>{t.partition('=')[2]}</{t.partition('=')[0]}>" for t in tags)
    return f'<{kind} xmi:id="_s{base}" base_NamedElement="{base}" {more}>{children}</{kind}>'


def sequence(id_: str, roles: str, *messages: tuple[str, str, str], name: str = "") -> str:
    """An interaction: ``roles`` are NAME:TYPE (type may be empty), messages (sender, receiver, operation)."""
    body = ""
    for role in roles.split():
        label, _, type_ = role.partition(":")
        represents = f'represents="{id_}_p{label}"' if type_ else ""
        if type_:
            body += f'<ownedAttribute xmi:id="{id_}_p{label}" name="{label}" type="{type_}"/>'
        body += f'<lifeline xmi:id="{id_}_{label}" name="{label}" {represents}/>'
    for number, (sender, receiver, called) in enumerate(messages):
        event = '<fragment xmi:type="uml:MessageOccurrenceSpecification" xmi:id="{0}" covered="{1}"/>'
        body += event.format(f"{id_}_s{number}", f"{id_}_{sender}")
        body += event.format(f"{id_}_r{number}", f"{id_}_{receiver}")
        signature = f'signature="{called}"' if called.startswith("_") else f'name="{called}"'
        ends = f'sendEvent="{id_}_s{number}" receiveEvent="{id_}_r{number}"'
        body += f'<message xmi:id="{id_}_m{number}" {signature} {ends}/>'
    return packaged("Interaction", id_, name or id_, body)


TWO = service("_a", "A", "get") + service("_b", "B", "put")
TIMED = step("_a_get", "execTime=(2,ms)") + step("_b_put", "execTime=(3,ms)")


def test_messages_join_the_classes_that_lifelines_represent(draw: Draw) -> None:
    """One channel a sender, receiver and signature, and a flow of the calls that hand over."""
    calls = ("u", "a", "_a_get"), ("a", "b", "_b_put"), ("a", "b", "_b_put")
    system, said = read(draw(TWO + sequence("_i", "u a:_a b:_b", *calls), TIMED))
    assert [(c.name, [e.name for e in c.entries]) for c in system.components] == [
        ("A", ["get"]),
        ("B", ["put"]),
    ]
    (channel,) = system.application.channels
    ends = [system.component_of(p).name for p in (channel.source_port, channel.target_port)]
    assert ends == ["A", "B"]
    (flow,) = system.application.flows
    assert list(flow.entries) == ["_a._a_get", "_b._b_put"]
    assert {d.rule for d in said if d.severity is Severity.ERROR} == set()


def test_two_roles_of_one_class_are_two_components(draw: Draw) -> None:
    """Parts are instances: each role executes with a state of its own."""
    calls = ("l", "r", "_a_get"), ("r", "l", "_a_get")
    system, _ = read(
        draw(
            service("_a", "A", "get") + sequence("_i", "l:_a r:_a", *calls),
            step("_i_m0", "execTime=(1,ms)") + step("_i_m1", "execTime=(4,ms)"),
        )
    )
    assert {c.name: [t.wcet_ns for e in c.entries for t in e.times] for c in system.components} == {
        "r": [1_000_000],
        "l": [4_000_000],
    }


def test_replies_carry_nothing(draw: Draw) -> None:
    """A reply returns to who waits for it: it is no channel, which would close a cycle of queues."""
    text = sequence("_i", "a:_a b:_b", ("a", "b", "_b_put"), ("b", "a", "_a_get"))
    reply = text.replace('xmi:id="_i_m1"', 'xmi:id="_i_m1" messageSort="reply"')
    system, _ = read(draw(TWO + reply, TIMED))
    assert [c.id for c in system.application.channels] == ["_i_m0"]


def test_values_of_a_tag_are_bounds(draw: Draw) -> None:
    """Of several values the least is the best case and the greatest the worst, whatever their order."""
    system, _ = read(draw(TWO, step("_a_get", "execTime=(5,ms)", "execTime=(9,ms)", "execTime=(2,ms)")))
    (time,) = system.entries[0].times
    assert (time.bcet_ns, time.acet_ns, time.wcet_ns) == (2_000_000, 5_000_000, 9_000_000)


@pytest.mark.parametrize(
    ("value", "deadline"),
    [("(value=7,unit=ms,source=req)", 7_000_000), ("(value=7,unit=ms,statQ=calc)", None), ("(7,ms)", None)],
)
def test_only_a_required_response_is_a_deadline(value: str, deadline: int | None, draw: Draw) -> None:
    """Results of an analysis are never inputs."""
    system, _ = read(draw(TWO, step("_a_get", "execTime=(2,ms)", f"respT={value}")))
    assert system.entries[0].deadline_ns == deadline


def test_a_calculated_time_is_no_time(draw: Draw) -> None:
    """statQ=calc on an execution time is a result, too."""
    system, _ = read(draw(TWO, step("_a_get", "execTime=(value=2,unit=ms,statQ=calc)")))
    assert system.entries[0].times == ()


def test_a_time_with_an_open_part_is_no_time(draw: Draw) -> None:
    """Where one of several values is open, the others are no bound: the side-car is asked."""
    system, said = read(draw(TWO, step("_a_get", "execTime=(2,ms)", "execTime=(expr=$x,unit=ms)")))
    assert system.entries[0].times == ()
    assert "unresolved-variable" in [d.rule for d in said]


def test_a_class_may_be_timed_itself(draw: Draw) -> None:
    """A step on a class is its entry."""
    system, _ = read(draw(service("_a", "A"), step("_a", "execTime=(2,ms)")))
    assert [(c.name, [e.name for e in c.entries]) for c in system.components] == [("A", ["A"])]


def test_a_class_may_run_a_behaviour_of_no_operation(draw: Draw) -> None:
    """An opaque behaviour that a class owns is an entry and the body of it, and each has its id."""
    body = '<ownedBehavior xmi:type="uml:OpaqueBehavior" xmi:id="_b" name="run"><body>;</body>'
    body += "</ownedBehavior>"
    part = '<ownedAttribute xmi:id="_p" name="p" type="_a" aggregation="composite"/>'
    system, _ = read(draw(packaged("Class", "_a", "A", body) + packaged("Class", "_top", "Top", part)))
    (entry,) = system.entries
    assert (entry.name, [b.body for b in entry.behaviours]) == ("run", [";"])
    assert not [d for d in validate(system) if d.rule == "duplicate-id"]


def test_a_timed_artifact_on_a_node_is_told_from_its_allocation(draw: Draw) -> None:
    """An artifact with a time, drawn inside a node, is a component, its entry and its place."""
    inside = '<nestedClassifier xmi:type="uml:Artifact" xmi:id="_a" name="A"/>'
    system, _ = read(draw(packaged("Device", "_n", "N", inside), step("_a", "execTime=(2,ms)")))
    assert [a.component for a in system.allocations] == [c.id for c in system.components]
    assert not [d for d in validate(system) if d.rule == "duplicate-id"]


def test_an_alternative_is_no_path(draw: Draw) -> None:
    """A scenario that is marked and branches is reported, and gives no flow."""
    fragment = '<fragment xmi:type="uml:CombinedFragment" xmi:id="_alt" interactionOperator="alt"/>'
    calls = ("u", "a", "_a_get"), ("a", "b", "_b_put")
    text = sequence("_i", "u a:_a b:_b", *calls).replace("<message", f"{fragment}<message", 1)
    system, said = read(draw(TWO + text, TIMED + step("_i", kind="GQAM:GaScenario")))
    assert system.application.flows == ()
    assert "flow-left-out" in [d.rule for d in said]


# --- workloads --------------------------------------------------------------------------------------------


def event(pattern: str) -> str:
    """A workload on the first message of ``_i``."""
    return f'<GQAM:GaWorkloadEvent xmi:id="_e" base_NamedElement="_i_m0" pattern="{pattern}"/>'


def test_a_workload_releases_the_first_step(draw: Draw) -> None:
    """A periodic pattern on a message activates the entry that receives it."""
    calls = ("u", "a", "_a_get"), ("a", "b", "_b_put")
    system, said = read(
        draw(TWO + sequence("_i", "u a:_a b:_b", *calls), TIMED + event("periodic(period=(20,ms))"))
    )
    assert system.entries[0].activation == Periodic(period_ns=20_000_000)
    assert "queueing-model" not in [d.rule for d in said]


def test_a_queueing_model_says_so(draw: Draw) -> None:
    """An open workload imports without an activation, and the diagnostic names the entry that needs one."""
    model = draw(TWO + sequence("_i", "u a:_a", ("u", "a", "_a_get")), TIMED + event("open(exp(17,ms))"))
    _, said = read(model)
    (found,) = [d for d in said if d.rule == "queueing-model"]
    assert "this is a queueing model" in found.message
    assert '[entry."A::get"]' in found.next_step
    with pytest.raises(ModelError, match="never activated"):
        load_system(model)
    sidecar = model.with_suffix(".toml")
    sidecar.write_text('[entry."*"]\nperiod = "20 ms"\n', encoding="utf-8")
    system, _ = load_system(model, sidecar)
    assert all(isinstance(e.activation, Periodic) for e in system.entries)


# --- contexts and variables -------------------------------------------------------------------------------


def context(id_: str, base: str, *declared: str) -> str:
    """An analysis context on an interaction."""
    texts = "".join(f"<context>{text}</context>" for text in declared)
    return (
        f'<GQAM:GaAnalysisContext xmi:id="{id_}" base_NamedElement="{base}">{texts}</GQAM:GaAnalysisContext>'
    )


ALTERNATIVES = (
    TWO
    + sequence("_i", "u a:_a", ("u", "a", "_a_get"), name="slow")
    + sequence("_j", "u b:_b", ("u", "b", "_b_put"), name="fast")
)


def test_alternative_analyses_have_to_be_chosen(draw: Draw) -> None:
    """Two contexts that give times and none chosen: an error that lists both, each usable."""
    path = draw(
        ALTERNATIVES,
        step("_i_m0", "execTime=(2,ms)")
        + step("_j_m0", "execTime=(3,ms)")
        + context("_c", "_i")
        + context("_d", "_j"),
    )
    with pytest.raises(ModelError) as caught:
        load_system(path)
    (error,) = [d for d in caught.value.diagnostics if d.rule == "several-contexts"]
    assert "_i ('slow', line" in error.next_step
    assert "_j ('fast', line" in error.next_step
    for wanted in ("_j", "m::fast", "fast"):
        system, said = read(path, context=wanted)
        assert [e.name for e in system.entries] == ["put"]
        assert "several-contexts" not in [d.rule for d in said]
    _, said = read(path, context="faster")
    assert [d.rule for d in said if d.severity is Severity.ERROR] == ["no-such-context"]


def test_variables_come_from_the_context_and_then_from_the_user(draw: Draw) -> None:
    """in$x=5 of a context counts unless the user says otherwise; what is left open is asked for."""
    elements = TWO + sequence("_i", "u a:_a", ("u", "a", "_a_get"))
    timed = step("_a_get", "execTime=(expr=$x,unit=ms)")
    path = draw(elements, timed + context("_c", "_i", "in$x=5"))
    assert read(path)[0].entries[0].times[0].wcet_ns == 5_000_000
    assert read(path, variables={"x": "(7,ms)"})[0].entries[0].times[0].wcet_ns == 7_000_000
    _, said = read(draw(elements, timed + context("_c", "_i", "in$x")))
    (open_,) = [d for d in said if d.rule == "unresolved-variable"]
    assert "[variables] x =" in open_.next_step
    _, said = read(path, variables={"x": "(("})
    assert "bad-variable" in [d.rule for d in said]


# --- parts ------------------------------------------------------------------------------------------------


def block(id_: str, name: str, *parts: str, more: str = "") -> str:
    """A class with parts NAME:TYPE."""
    own = "".join(
        f'<ownedAttribute xmi:id="{id_}_{p.partition(":")[0]}" name="{p.partition(":")[0]}" '
        f'type="{p.partition(":")[2]}" aggregation="composite"/>'
        for p in parts
    )
    return packaged("Class", id_, name, own + more)


def test_one_of_several_systems_has_to_be_chosen(draw: Draw) -> None:
    """Without --root an error lists them with name, id and line; id, qualified name or name picks one."""
    path = draw(TWO + block("_x", "X", "one:_a") + "\n" + block("_y", "Y", "two:_b"), TIMED)
    _, said = read(path)
    (error,) = [d for d in said if d.rule == "several-roots"]
    assert "_x ('X', line 2)" in error.next_step
    assert "_y ('Y', line 3)" in error.next_step
    for wanted in ("_y", "m::Y", "Y"):
        assert [c.name for c in read(path, root=wanted)[0].components] == ["two"]
    _, said = read(path, root="Z")
    assert [d.rule for d in said if d.severity is Severity.ERROR] == ["no-such-root"]


def test_a_design_and_its_specialisation_are_one_system(draw: Draw) -> None:
    """The special one is the system, with the parts that it inherits."""
    special = block("_y", "Y", more='<generalization xmi:id="_g" general="_x"/>')
    system, said = read(draw(TWO + block("_x", "X", "one:_a") + special, TIMED))
    assert [c.name for c in system.components] == ["one"]
    assert "several-roots" not in [d.rule for d in said]


def test_a_port_slot_says_whose_times_they_are(draw: Draw) -> None:
    """A specification without partWithPort speaks of the part that the instance of its slot stands for."""
    typed = service("_a", "A", "get").replace(
        "</packagedElement>",
        '<ownedAttribute xmi:type="uml:Port" xmi:id="_port" name="p"/></packagedElement>',
    )
    instances = "".join(
        f'<packagedElement xmi:type="uml:InstanceSpecification" xmi:id="_i{n}" name="i{n}" classifier="_a">'
        f'<slot xmi:id="_slot{n}" definingFeature="_port"/></packagedElement>'
        for n in ("l", "r")
    )
    values = "".join(
        f'<slot xmi:id="_v{n}" definingFeature="_x_{n}"><value xmi:type="uml:InstanceValue" xmi:id="_w{n}" '
        f'instance="_i{n}"/></slot>'
        for n in ("l", "r")
    )
    top = packaged("InstanceSpecification", "_t", "t", values)
    times = "".join(
        f'<RT:CHRtSpecification xmi:id="_q{n}" base_Comment="_m" context="_a_get" WCET="({t},ms)"/>'
        f'<RT:CHRtPortSlot xmi:id="_ps{n}" base_Slot="_slot{n}" cH_RtSpecification="_q{n}"/>'
        for n, t in (("l", 3), ("r", 8))
    )
    system, _ = read(draw(typed + block("_x", "X", "l:_a", "r:_a") + instances + top, times))
    assert {c.name: c.entries[0].times[0].wcet_ns for c in system.components} == {
        "l": 3_000_000,
        "r": 8_000_000,
    }


def test_entries_of_one_component_use_the_ports_of_their_own_messages(draw: Draw) -> None:
    """The sender of a message was asked to `get` before: that entry owns the port, and a table is found."""
    from aicompiler import pipeline

    elements = service("_a", "A", "get", "set") + service("_b", "B", "put") + service("_c", "C", "ask")
    timed = TIMED + step("_a_set", "execTime=(1,ms)") + step("_c_ask", "execTime=(1,ms)")
    steps = sequence("_i", "a:_a b:_b c:_c", ("c", "a", "_a_get"), ("a", "b", "_b_put"))
    path = draw(elements + steps, timed)
    sidecar = path.with_suffix(".toml")
    sidecar.write_text(
        '[component."[AC]"]\nperiod = "20 ms"\n[component.B]\nactivation = "on data"\n', encoding="utf-8"
    )
    made = pipeline.build(path, sidecar=sidecar)
    ports = {e.name: [p.name for p in c.ports_of(e)] for c in made.model.system.components for e in c.entries}
    assert ports["get"] == ["get", "put"] and ports["set"] == []
    assert made.decision.evidence.accepted


def test_a_message_of_nobody_asks_the_sidecar_for_its_entry(draw: Draw) -> None:
    """What a component with two entries sends before it is asked for anything is of neither."""
    elements = service("_a", "A", "get", "set") + service("_b", "B", "put")
    timed = TIMED + step("_a_set", "execTime=(1,ms)")
    path = draw(elements + sequence("_i", "a:_a b:_b", ("a", "b", "_b_put")), timed)
    sidecar = path.with_suffix(".toml")
    said = '[component.A]\nperiod = "20 ms"\n[component.B]\nactivation = "on data"\n'
    sidecar.write_text(said, encoding="utf-8")
    with pytest.raises(ModelError) as caught:
        load_system(path, sidecar)
    (error,) = [d for d in caught.value.diagnostics if d.rule == "port-user"]
    assert "'A' has 2 entries and the connected port 'put'" in error.message
    assert '[entry."A::get"] ports = ["put", ...]' in error.next_step
    assert error.source is not None and error.source.line
    template = write_template(path, path.with_name("new.toml")).read_text(encoding="utf-8")
    assert template.count('# ports = ["put"]  # keep those that this entry uses') == 2
    sidecar.write_text(said + '[entry."A::get"]\nports = ["put"]\n', encoding="utf-8")
    system, _ = load_system(path, sidecar)
    (users,) = [c.users_of(p.id) for c in system.components if c.name == "A" for p in c.ports]
    assert [e.name for e in users] == ["get"]
    sidecar.write_text(said + '[entry."A::get"]\nports = ["putt"]\n', encoding="utf-8")
    with pytest.raises(ModelError, match="'A' has no port 'putt'"):
        load_system(path, sidecar)


def test_conjugated_ports_call_the_others(draw: Draw) -> None:
    """Connected parts without times are components; a connector of two equal ports carries nothing."""
    port = '<ownedAttribute xmi:type="uml:Port" xmi:id="{0}" name="{1}" type="_k" isConjugated="{2}"/>'
    caller = block("_a", "A", more=port.format("_o", "ask", "true") + port.format("_n", "peer", "false"))
    callee = block("_b", "B", more=port.format("_p", "answer", "false"))
    ends = (
        '<ownedConnector xmi:id="{0}"><end xmi:id="{0}1" role="{1}" partWithPort="_x_a"/>'
        '<end xmi:id="{0}2" role="{2}" partWithPort="_x_b"/></ownedConnector>'
    )
    lines = ends.format("_c1", "_o", "_p") + ends.format("_c2", "_n", "_p")
    system, said = read(
        draw(caller + callee + service("_k", "K", "ask") + block("_x", "X", "a:_a", "b:_b", more=lines))
    )
    assert [c.name for c in system.components] == ["a", "b"]
    assert [c.id for c in system.application.channels] == ["_c1"]
    assert [d.rule for d in said].count("drawn-component") == 2


def test_a_port_of_a_part_is_of_the_entry_with_a_parameter_or_a_body_of_its_name(draw: Draw) -> None:
    """One operation names the port as its parameter, the other has a body that reads it."""
    port = '<ownedAttribute xmi:type="uml:Port" xmi:id="{0}" name="{1}" type="_k" isConjugated="{2}"/>'
    operation = '<ownedOperation xmi:id="{0}" name="{1}" {2}>{3}</ownedOperation>'
    asking = operation.format("_a_one", "one", "", '<ownedParameter xmi:id="_q" name="ask"/>')
    asking += operation.format("_a_two", "two", "", "")
    answering = operation.format("_b_go", "go", 'method="_f"', "") + operation.format(
        "_b_idle", "idle", "", ""
    )
    answering += (
        '<ownedBehavior xmi:type="uml:OpaqueBehavior" xmi:id="_f" specification="_b_go">'
        "<language>C</language><body>int answered = answer[0];</body></ownedBehavior>"
    )
    caller = block("_a", "A", more=port.format("_o", "ask", "true") + asking)
    callee = block("_b", "B", more=port.format("_p", "answer", "false") + answering)
    line = (
        '<ownedConnector xmi:id="_c"><end xmi:id="_c1" role="_o" partWithPort="_x_a"/>'
        '<end xmi:id="_c2" role="_p" partWithPort="_x_b"/></ownedConnector>'
    )
    timed = "".join(step(o, "execTime=(1,ms)") for o in ("_a_one", "_a_two", "_b_idle"))
    whole = block("_x", "X", "a:_a", "b:_b", more=line)
    system, _ = read(draw(caller + callee + service("_k", "K", "ask") + whole, timed))
    used = {e.name: [p.name for p in c.ports_of(e)] for c in system.components for e in c.entries}
    assert used == {"one": ["ask"], "two": [], "go": ["answer"], "idle": []}
