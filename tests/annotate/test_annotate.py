"""Annotated models: every other byte is as it was, they mean the same, a second run changes nothing."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from aicompiler import pipeline
from aicompiler.metamodels.diagnostics import ModelError
from aicompiler.metamodels.system import Source, System
from aicompiler.transformations.annotate import Annotated, annotate
from aicompiler.transformations.importers import load_system
from lxml import etree

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "models" / "smart_intersection" / "smart_intersection.uml"
NATIVE = ROOT / "models" / "capella_junction" / "level_crossing.system.xmi"


@cache
def decided(path: Path) -> tuple[pipeline.Model, pipeline.Decision]:
    model = pipeline.read(path)
    return model, pipeline.decide(model)


def annotated(path: Path, source: bytes | None = None, system: System | None = None) -> Annotated:
    model, decision = decided(path)
    return annotate(
        source if source is not None else path.read_bytes(),
        system or model.system,
        decision.costs,
        decision.deployment,
        decision.evidence,
    )


def meaning(value: Any) -> Any:
    """A system without what annotations may change: results, current deployment, lines."""
    if isinstance(value, System):
        value = replace(value, allocations=(), stated_results=())
    if isinstance(value, Source):
        return replace(value, line=0, file="")
    if is_dataclass(value) and not isinstance(value, type):
        return type(value)(**{f.name: meaning(getattr(value, f.name)) for f in fields(value)})
    return tuple(map(meaning, value)) if isinstance(value, tuple) else value


def is_subsequence(part: bytes, whole: bytes) -> bool:
    """Whether ``whole`` holds all lines of ``part`` in their order, as they are."""
    lines = iter(whole.splitlines(keepends=True))
    return all(line in lines for line in part.splitlines(keepends=True))


@pytest.mark.parametrize("path", [EXAMPLE, NATIVE], ids=lambda p: p.name)
def test_annotating_adds_lines_and_changes_none(path: Path, tmp_path: Path) -> None:
    """All lines of the source are there, the system is the same, allocations are those that were decided."""
    made = annotated(path)
    assert len(made.content) > len(path.read_bytes())
    assert is_subsequence(path.read_bytes(), made.content)
    copy = tmp_path / path.name
    copy.write_bytes(made.content)
    model, decision = decided(path)
    system, _ = load_system(copy)
    assert meaning(system) == meaning(model.system)
    placed = {p.component: p.unit for p in decision.deployment.placements}
    own = [a for a in system.allocations if a not in model.system.allocations]
    assert own and all(placed[a.component] == a.unit for a in own if "result" in a.id)
    responses = [r for r in system.stated_results if r.figure == "response_ns"]
    utilisations = [r for r in system.stated_results if r.figure == "utilisation_permille"]
    assert {r.subject for r in responses} >= {e.id for e in system.entries}
    assert {r.subject for r in utilisations} == {u.id for u in system.units}


@pytest.mark.parametrize("path", [EXAMPLE, NATIVE], ids=lambda p: p.name)
def test_a_second_run_changes_nothing(path: Path, tmp_path: Path) -> None:
    """Our own annotations are recognised and replaced, from the model as annotated as well."""
    once = annotated(path).content
    copy = tmp_path / path.name
    copy.write_bytes(once)
    assert annotated(path, once, load_system(copy)[0]).content == once


def test_stated_results_are_those_of_the_deployment(tmp_path: Path) -> None:
    """What is read back is what was written: worst response of each entry, busy share of each unit."""
    copy = tmp_path / NATIVE.name
    copy.write_bytes(annotated(NATIVE).content)
    system, _ = load_system(copy)
    _, decision = decided(NATIVE)
    stated = {(r.subject, r.figure): r.value for r in system.stated_results}
    round_ns = decision.deployment.hyperperiod_ns
    for unit in system.units:
        busy = sum(j.end_ns - j.start_ns for j in decision.deployment.jobs if j.unit == unit.id)
        assert stated[unit.id, "utilisation_permille"] == -(-busy * 1000 // (round_ns * unit.cores))
    for entry in system.entries:
        assert 0 < stated[entry.id, "response_ns"] <= round_ns
        assert stated[entry.id, "energy_fj"] > 0


def test_the_annotations_of_the_example_are_marte(tmp_path: Path) -> None:
    """Steps have one response and one energy in VSL, hosts a utilisation, each marked as calculated."""
    root = etree.fromstring(annotated(EXAMPLE).content)
    sam = "{http://www.eclipse.org/papyrus/SAM/1}"
    for step in root.iter(f"{sam}SaStep"):
        for tag in ("respT", "energy"):
            (text,) = [child.text for child in step if child.tag == tag]
            assert text.endswith(",statQ=calc,source=calc,mode='aicompiler')")
    hosts = root.findall(f"{sam}SaExecHost")
    assert {h.get("base_Property") for h in hosts} == {"_cpu0", "_cpu1", "_gpu0", "_fpga0"}
    (flow,) = root.iter(f"{sam}SaEndtoEndFlow")
    assert [c.tag for c in flow] == ["end2EndD", "end2EndT"]


def test_a_model_without_profiles_is_refused() -> None:
    """Annotating never applies a profile that the file does not apply."""
    source = EXAMPLE.read_bytes().replace(b"http://www.eclipse.org/papyrus/Alloc/1", b"http://x/Alloc/1")
    source = source.replace(b"http://www.eclipse.org/papyrus/SAM/1", b"http://x/SAM/1")
    with pytest.raises(ModelError, match="it applies none of MARTE's profiles SAM, GQAM and Alloc"):
        annotated(EXAMPLE, source)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (b'<am:Amalthea xmlns:am="http://app4mc.eclipse.org/amalthea/0.9.7"/>', "no place for results"),
        ("\ufeff<a/>".encode("utf-16"), "not written in an encoding that extends ASCII"),
        (b"<a>", "cannot be parsed again"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a/>', "declares a document type"),
    ],
)
def test_what_cannot_be_annotated_is_refused(source: bytes, reason: str) -> None:
    """AMALTHEA and what is no editable XML: a sentence says why."""
    with pytest.raises(ModelError, match=reason):
        annotated(EXAMPLE, source)


def test_line_ends_and_other_encodings_are_kept() -> None:
    """A file with CRLF stays one, bytes of Latin-1 stay as they are."""
    source = (
        EXAMPLE.read_bytes().replace(b"\n", b"\r\n").replace(b'encoding="UTF-8"', b'encoding="ISO-8859-1"')
    )
    source = source.replace(b'name="SmartIntersection"', b'name="Kreuzung \xe4"')
    made = annotated(EXAMPLE, source).content
    assert is_subsequence(source, made)
    assert made.count(b"\n") == made.count(b"\r\n")
    assert b"\xe4" in made and annotated(EXAMPLE, made).content == made


def test_a_capella_model_takes_property_values(shared: Path, tmp_path: Path) -> None:
    """Components of the in-flight entertainment sample get values; capellambse loads the result."""
    path = shared / "models" / "capella" / "IFE" / "In-Flight Entertainment System.capella"
    sidecar = ROOT / "tests" / "importers" / "sidecars" / "ife.aic.toml"
    before, _ = load_system(path, sidecar)
    system, costs, deployment, evidence = _by_hand(before)
    made = annotate(path.read_bytes(), system, costs, deployment, evidence)
    # An empty element has to be opened for its values.
    assert is_subsequence(path.read_bytes().replace(b"/>", b">"), made.content.replace(b"/>", b">"))
    copy = tmp_path / path.name
    copy.write_bytes(made.content)
    (tmp_path / f"{path.stem}.afm").write_bytes(path.with_suffix(".afm").read_bytes())
    after, _ = load_system(copy, sidecar)
    assert meaning(after) == meaning(before)
    assert annotate(made.content, after, costs, deployment, evidence).content == made.content
    tree = etree.fromstring(made.content)
    values = [v for v in tree.iter("ownedPropertyValues") if v.get("name") == "aic.result.unit"]
    assert {v.getparent().get("id") for v in values} == {
        c.source.xml_id for c in before.components if c.source
    }


def _by_hand(system: System) -> Any:
    """A deployment of all components on the first unit, without jobs: what is written needs no more."""
    from aicompiler.metamodels.deployment import CostTable, Deployment, Evidence, Placement, SolveStatus

    placements = tuple(Placement(component=c.id, unit=system.units[0].id) for c in system.components)
    deployment = Deployment(
        system=system.id, hyperperiod_ns=1000, status=SolveStatus.FEASIBLE, placements=placements
    )
    return system, CostTable(), deployment, Evidence()


def test_build_writes_a_copy_or_the_model_itself(tmp_path: Path) -> None:
    """--annotate leaves the model alone, --in-place replaces it; building that again changes nothing."""
    from aicompiler.commands import Order, build_model

    model, out = tmp_path / NATIVE.name, tmp_path / "out"
    model.write_bytes(NATIVE.read_bytes())
    build_model(Order(model, out, annotation="copy"), lambda _: None)
    copy = (out / "annotated" / model.name).read_bytes()
    assert model.read_bytes() == NATIVE.read_bytes() != copy
    for _ in range(2):
        build_model(Order(model, out, annotation="in place"), lambda _: None)
        assert model.read_bytes() == copy == (out / "annotated" / model.name).read_bytes()


@pytest.mark.parametrize(
    "name",
    [
        "papyrus-marte/artist_petstore_u2j.uml",
        "papyrus-marte/chess_grides_modelSchedulability.uml",
        "papyrus-marte/dice_dpim_sequence.uml",
        "papyrus-marte/seaa_train-ticket.uml",
    ],
)
def test_models_of_others_keep_their_meaning(name: str, shared: Path, tmp_path: Path) -> None:
    """Static and dynamic profiles of other tools: the same system after, a second run changes nothing."""
    from aicompiler.transformations.importers import draft_system

    path = shared / "models" / name
    before = draft_system(path).system
    system, costs, deployment, evidence = _by_hand(before)
    made = annotate(path.read_bytes(), system, costs, deployment, evidence)
    copy = tmp_path / path.name
    copy.write_bytes(made.content)
    after = draft_system(copy).system
    assert meaning(after) == meaning(before)
    assert is_subsequence(path.read_bytes().replace(b"/>", b">"), made.content.replace(b"/>", b">"))
    assert annotate(made.content, after, costs, deployment, evidence).content == made.content
