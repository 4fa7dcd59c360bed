"""What a build writes: the same bytes each time, models that stock pyecore opens, kernels that are right."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from aicompiler import pipeline
from aicompiler.codegen import GeneratedProject
from aicompiler.codegen.hls_check import check_hls
from aicompiler.metamodels import xmi
from aicompiler.metamodels.system import Component
from aicompiler.transformations.kernels import Direction, initial_state, interpret
from pyecore.resources import URI, ResourceSet


@pytest.fixture(scope="module")
def made(example: Path) -> pipeline.Build:
    """One build of the example, shared and never changed."""
    return pipeline.build(example)


@pytest.fixture(scope="module")
def tree(made: pipeline.Build) -> GeneratedProject:
    return pipeline.report(made)


def test_two_builds_give_the_same_bytes(example: Path, tree: GeneratedProject) -> None:
    """Building the unchanged model again gives the same files with the same bytes."""
    again = pipeline.report(pipeline.build(example))
    assert {f.path: hashlib.sha256(f.content).hexdigest() for f in tree.files} == {
        f.path: hashlib.sha256(f.content).hexdigest() for f in again.files
    }


def test_output_holds_what_is_promised(tree: GeneratedProject) -> None:
    """Report, verdicts, EMF instances with their metamodels, sources, kernels, runtime, tests, user."""
    paths = {f.path for f in tree.files}
    assert {
        *("report.html", "verdict.json", "verdict.sarif", "verdict.junit.xml"),
        *("system.xmi", "deployment.xmi", "plan.xmi", "system.ecore", "deployment.ecore", "plan.ecore"),
        *("CMakeLists.txt", "README.md"),
    } <= paths
    folders = {"src", "kernels", "runtime", "tests", "user"}
    assert folders <= {p.partition("/")[0] for p in paths}
    assert {"c", "opencl", "hls"} <= {p.split("/")[1] for p in paths if p.startswith("kernels/")}


def test_stock_pyecore_opens_the_output(tree: GeneratedProject, made: pipeline.Build, tmp_path: Path) -> None:
    """Given the output alone, stock pyecore loads all three instances and follows references between them."""
    for file in tree.files:
        if Path(file.path).suffix in {".xmi", ".ecore"}:
            (tmp_path / file.path).write_bytes(file.content)
    resources = ResourceSet()
    for metamodel in ("system", "deployment", "plan"):
        package = resources.get_resource(URI(str(tmp_path / f"{metamodel}.ecore"))).contents[0]
        resources.metamodel_registry[package.nsURI] = package
    names = ("system", "deployment", "plan")
    roots = {n: resources.get_resource(URI(str(tmp_path / f"{n}.xmi"))).contents[0] for n in names}
    assert {p.component.name: p.unit.name for p in roots["deployment"].placements} == {
        made.model.system.element(Component, p.component).name: p.unit.lstrip("_")
        for p in made.decision.deployment.placements
    }
    assert roots["plan"].configurations[0].deployment.system.name == roots["system"].name


def test_the_written_models_are_the_build(
    tree: GeneratedProject, made: pipeline.Build, tmp_path: Path
) -> None:
    """Loading the XMI of the output gives the dataclasses of the build."""
    expected = {
        "system.xmi": made.model.system,
        "deployment.xmi": made.decision.deployment,
        "plan.xmi": made.plan,
    }
    for file in tree.files:
        if file.path in expected:
            (tmp_path / file.path).write_bytes(file.content)
            assert xmi.load(tmp_path / file.path) == expected[file.path]


def test_every_hls_kernel_of_the_output_is_provable(tree: GeneratedProject) -> None:
    """Each pragma of the generated HLS C++ names something live, and its numbers follow from the text."""
    sources = [f for f in tree.files if f.path.startswith("kernels/hls/") and f.path.endswith(".cpp")]
    assert sources
    assert {f.path: list(check_hls(f.content.decode(), f.path)) for f in sources} == {
        f.path: [] for f in sources
    }


def test_every_placement_is_traced_to_a_line(tree: GeneratedProject, made: pipeline.Build) -> None:
    """Each entry of the model leads to at least one generated file and a line that exists in it."""
    traced = {link.element for file in tree.files for link in file.trace}
    assert {e.id for e in made.model.system.entries} <= traced
    for file in tree.files:
        lines = file.content.count(b"\n") + 1
        assert all(1 <= link.line <= lines for link in file.trace), file.path


def test_verdict_says_what_is_assumed(tree: GeneratedProject) -> None:
    """Estimated times make the verdict 'ready with assumptions', never plain 'ready'."""
    verdict = json.loads(next(f.content for f in tree.files if f.path == "verdict.json"))
    assert verdict["verdict"] == "ready with assumptions"


def test_telemetry_encrypts_as_fips_197(made: pipeline.Build) -> None:
    """The telemetry's keystream for the key and counter block of FIPS-197 appendix C.1 is its ciphertext."""
    system = made.model.system
    component = next(c for c in system.components if c.name == "telemetry")
    kernel = made.model.kernels[component.entries[0].id]
    inputs = dict(initial_state(component))
    for parameter in kernel.signature.parameters:
        if parameter.direction is not Direction.OUT:
            inputs.setdefault(parameter.name, np.zeros(parameter.shape, dtype=np.int32))
    inputs["key"] = np.arange(16, dtype=np.uint8)
    inputs["counter"] = np.arange(0, 256, 17, dtype=np.uint8)
    packet = interpret(kernel, inputs)["packet"]
    expected = bytes.fromhex("69c4e0d86a7b0430d8cdb78070b4c55a")
    assert expected in bytes(packet.astype(np.uint8))
