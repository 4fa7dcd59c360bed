"""Models of other people with a filled-in side-car: read as drawn, decided and checked."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aicompiler.metamodels.diagnostics import AicError, ModelError, Severity
from aicompiler.metamodels.system import Component, Entry, System, Unit
from aicompiler.sidecar import write_template
from aicompiler.transformations.importers import load_system

SIDECARS = Path(__file__).parent / "sidecars"
MODELS = {
    "chess": "papyrus-marte/chess_grides_modelSchedulability.uml",
    "pvmt": "capella/pcm_pvmt/PVMTTest.capella",
    "ife": "capella/IFE/In-Flight Entertainment System.capella",
}
CAPELLA = [
    "IFE/In-Flight Entertainment System",
    "fragmented_sysmodel/sysmodel",
    "pcm_library_project/Library Project",
    "pcm_library_test/Library Test",
    "pcm_pvmt/PVMTTest",
    "pcm_test7_0/Model Test 7.0",
    "vp_mass/MassProject",
    "vp_perfo/PerfoProject",
]

Golden = Callable[[str, str], None]


def summary(system: System) -> Iterator[str]:
    """What a reader of the model can check: elements by name with the XML ids they rest on."""
    for component in system.components:
        for entry in component.entries:
            yield f"{component.name} / {entry.name} [{_xml(entry)}]: {_timing(entry)}"
    for channel in system.application.channels:
        ends = [system.component_of(p).name for p in (channel.source_port, channel.target_port)]
        rule = channel.protocol.name
        yield f"channel {channel.name!r} [{_xml(channel)}]: {ends[0]} -> {ends[1]} {rule}"
    for flow in system.application.flows:
        names = [system.component_of(e).name for e in flow.entries]
        yield f"flow {flow.name}: {' -> '.join(names)} {flow.deadline_ns}"
    for node in system.platform.nodes:
        yield f"node {node.name}"
        yield from (f"  {u.kind.name} {u.name} [{_xml(u)}]: {u.cores} cores" for u in node.units)
    for link in system.platform.links:
        yield f"link {link.name}: {', '.join(system.element(Unit, e).name for e in link.ends)}"


def _xml(element: object) -> str:
    source = getattr(element, "source", None)
    return source.xml_id if source is not None else ""


def _timing(entry: Entry) -> str:
    times = ", ".join(f"{t.unit_kind.name} {t.bcet_ns}/{t.wcet_ns} ns" for t in entry.times)
    return f"{entry.activation}, deadline {entry.deadline_ns}, {times}"


@pytest.mark.parametrize("name", MODELS)
def test_what_is_read_is_what_is_drawn(name: str, shared: Path, golden: Golden) -> None:
    """Components, times, channels, nodes and links of the model, held against the model by hand."""
    path = shared / "models" / MODELS[name]
    system, diagnostics = load_system(path, SIDECARS / f"{name}.aic.toml")
    rules = next(d.message for d in diagnostics if d.rule == "assumed")
    golden(f"importers/{name}.txt", "\n".join([*summary(system), rules]) + "\n")


@pytest.mark.parametrize("name", MODELS)
def test_without_its_sidecar_a_model_says_what_to_do(name: str, shared: Path, tmp_path: Path) -> None:
    """An incomplete model is refused with located errors, and its template lists as many gaps."""
    path = shared / "models" / MODELS[name]
    template = write_template(path, tmp_path / "new.aic.toml").read_text(encoding="utf-8")
    try:
        load_system(path)
    except ModelError as error:
        errors = [d for d in error.diagnostics if d.severity is Severity.ERROR]
        assert all("--write-sidecar" in d.next_step and d.source and d.source.line for d in errors)
        assert template.count("# period") == sum(d.rule == "no-activation" for d in errors)
        assert template.count("# wcet.cpu") == sum(d.rule == "no-time" for d in errors)
    else:
        assert "missing: the model cannot" not in template


def test_the_entertainment_sidecar_fills_in_what_its_template_lists(shared: Path, tmp_path: Path) -> None:
    """Each component, unit and link of the template has its table, and every line of it a value."""
    path = shared / "models" / MODELS["ife"]
    template = write_template(path, tmp_path / "new.aic.toml").read_text(encoding="utf-8")
    wanted = tomllib.loads(re.sub(r"(?m)^# (?=[a-z_.]+ = )", "", template))
    filled = tomllib.loads((SIDECARS / "ife.aic.toml").read_text(encoding="utf-8"))
    for section in ("component", "unit", "link"):
        assert filled[section].keys() == wanted[section].keys()
        for name, keys in wanted[section].items():
            assert filled[section][name].keys() >= keys.keys()


@pytest.mark.parametrize("name", ["chess", "pvmt"])
def test_a_build_gives_a_checked_deployment(name: str, shared: Path) -> None:
    """Every stage up to the project accepts the model; each entry has a stub that takes its time."""
    from aicompiler import pipeline

    made = pipeline.build(shared / "models" / MODELS[name], sidecar=SIDECARS / f"{name}.aic.toml")
    assert made.decision.evidence.accepted
    stubs = [f for f in made.project.files if f.path.startswith("user/") and f.path.endswith(".c")]
    assert len(stubs) == len(made.model.system.entries)
    assert all(b"take_time(" in f.content for f in stubs)
    placed = {p.component for p in made.decision.deployment.placements}
    assert placed == {c.id for c in made.model.system.components if isinstance(c, Component)}


@pytest.mark.long
def test_the_entertainment_system_builds(shared: Path) -> None:
    """23 components on 14 units: decided and checked."""
    from aicompiler import pipeline

    made = pipeline.build(shared / "models" / MODELS["ife"], sidecar=SIDECARS / "ife.aic.toml")
    assert made.decision.evidence.accepted


@pytest.mark.parametrize("name", CAPELLA)
def test_every_capella_project_ends_in_located_diagnostics(name: str, shared: Path) -> None:
    """Fragments, libraries, viewpoints, no .aird: there is a system or there are errors with a line."""
    path = shared / "models" / "capella" / f"{name}.capella"
    with pytest.raises(AicError) as caught:
        load_system(path)
    for diagnostic in caught.value.diagnostics:
        assert diagnostic.source is not None and diagnostic.source.file and diagnostic.source.line


def test_an_aird_leads_to_its_model(shared: Path) -> None:
    """The file that people double-click names the project too."""
    folder = shared / "models" / "capella" / "pcm_pvmt"
    sidecar = SIDECARS / "pvmt.aic.toml"
    by_aird, _ = load_system(folder / "PVMTTest.aird", sidecar)
    assert by_aird == load_system(folder / "PVMTTest.capella", sidecar)[0]
