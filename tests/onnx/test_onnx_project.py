"""From a model whose bodies are networks to a built project whose self-checks pass."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from aicompiler.cache import Cache
from aicompiler.codegen import write_project
from aicompiler.metamodels.diagnostics import AicError
from aicompiler.metamodels.journal import journal
from aicompiler.metamodels.system import (
    Application,
    Behaviour,
    Channel,
    ChannelProtocol,
    Component,
    ElementType,
    Entry,
    Link,
    LinkKind,
    Node,
    OnData,
    OperatingPoint,
    Periodic,
    Platform,
    Port,
    PortDirection,
    System,
    Unit,
    UnitKind,
)
from aicompiler.metamodels.xmi import save
from aicompiler.pipeline import Build, build
from architectures import fully_connected

F32 = ElementType.F32


def port(owner: str, name: str, direction: PortDirection, *shape: int) -> Port:
    """A port for float32."""
    return Port(id=f"{owner}.{name}", name=name, direction=direction, element_type=F32, shape=shape)


def component(name: str, activation: Any, language: str, body: str, *ports: Port) -> Component:
    """A component of one entry."""
    behaviour = Behaviour(id=f"{name}.body", name=name, language=language, body=body)
    entry = Entry(id=f"{name}.step", name="step", activation=activation, behaviours=(behaviour,))
    return Component(id=name, name=name, entries=(entry,), ports=ports)


def unit(name: str, kind: UnitKind, **more: Any) -> Unit:
    """A unit that takes everything."""
    point = OperatingPoint(id=f"{name}.op", frequency_hz=1_000_000_000, dynamic_power_uw=1000)
    return Unit(
        id=name,
        name=name,
        kind=kind,
        operating_points=(point,),
        memory_bytes=1 << 30,
        memory_bandwidth_bytes_per_s=10**10,
        **more,
    )


def system(inputs: int, outputs: int, file: str = "nets/dense.onnx") -> System:
    """A sensor in C, and a network that it feeds."""
    in_, out = PortDirection.IN, PortDirection.OUT
    sensor = component(
        "sensor",
        Periodic(period_ns=100_000_000),
        "C",
        f"for (int i = 0; i < {inputs}; i++) {{ s[i] = (float)i * 0.25f - 1.0f; }}",
        port("sensor", "s", out, inputs),
    )
    ports = port("dense", "x", in_, inputs), port("dense", "y", out, outputs)
    dense = component("dense", OnData(), "ONNX", file, *ports)
    channel = Channel(
        id="link", source_port="sensor.s", target_port="dense.x", protocol=ChannelProtocol.QUEUE
    )
    node = Node(id="board", name="board", units=(unit("cpu", UnitKind.CPU, cores=2),))
    return System(
        id="classifier",
        name="classifier",
        application=Application(id="app", components=(sensor, dense), channels=(channel,)),
        platform=Platform(id="platform", nodes=(node,)),
    )


def saved(folder: Path, sizes: tuple[int, ...], made: System | None = None) -> Path:
    """A model file with its network beside it."""
    (folder / "nets").mkdir(parents=True, exist_ok=True)
    onnx.save(fully_connected(sizes), folder / "nets" / "dense.onnx")
    path = folder / "classifier.system.xmi"
    path.write_bytes(
        save({"classifier.system.xmi": made or system(sizes[0], sizes[-1])})["classifier.system.xmi"]
    )
    return path


def self_checks(made: Build, out: Path, *options: str) -> str:
    """Write, compile and test a project; what ctest says."""
    write_project(made.project, out)
    subprocess.run(["cmake", "-S", out, "-B", out / "build", *options], check=True, capture_output=True)
    subprocess.run(["cmake", "--build", out / "build", "-j2"], check=True, capture_output=True)
    ran = subprocess.run(["ctest", "--test-dir", out / "build"], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout
    return ran.stdout


@pytest.mark.parametrize(
    ("sizes", "options"),
    [
        ((64, 300, 8), ()),
        pytest.param((64, 300, 8), ("-DCPU_BACKEND=llvm",), marks=pytest.mark.long),
        pytest.param((12, 16, 4), (), marks=pytest.mark.long),
    ],
    ids=["large weights", "large weights, LLVM", "small weights"],
)
def test_a_network_is_built_and_checks_itself(
    sizes: tuple[int, ...], options: tuple[str, ...], tmp_path: Path
) -> None:
    """Import, build, compile, self-checks: weights as text, and from a binary file for either back end."""
    made = build(saved(tmp_path, sizes))
    assert "100% tests passed" in self_checks(made, tmp_path / "out", *options)
    binary = [f for f in made.project.files if f.path == "kernels/data/dense_step.bin"]
    assert bool(binary) == (sizes[0] == 64)
    assert not binary or len(binary[0].content) == sum(map(len, made.kernels["dense.step"].blobs.values()))


def test_a_network_with_large_weights_stays_on_the_cpu(tmp_path: Path) -> None:
    """The cost table says why no other unit can have it, and the build needs none."""
    plain = system(64, 8)
    gpu = unit("gpu", UnitKind.GPU, ops_per_cycle=256, launch_overhead_ns=10_000)
    node = replace(plain.platform.nodes[0], units=(*plain.platform.nodes[0].units, gpu))
    link = Link(
        id="bus", kind=LinkKind.BUS, ends=("cpu", "gpu"), bandwidth_bytes_per_s=10**9, latency_ns=1000
    )
    both = replace(plain, platform=replace(plain.platform, nodes=(node,), links=(link,)))
    made = build(saved(tmp_path, (64, 300, 8), both))
    reasons = {r.unit: r.reason for r in made.decision.costs.refusals if r.entry == "dense.step"}
    assert reasons == {"gpu": "its 87600 bytes of constant tables can be taken in by CPUs only"}
    assert made.decision.deployment.placement("dense").unit == "cpu"
    assert not [f for f in made.project.files if f.path.endswith("dense_step.cl")]


def test_a_changed_network_is_lowered_again(tmp_path: Path) -> None:
    """What the store has of a network is for this content of its file only."""
    store = Cache(tmp_path / "cache").of_stages
    path = saved(tmp_path, (12, 16, 4))
    first, again = (build(path, store=store) for _ in range(2))
    onnx.save(fully_connected((12, 9, 4)), tmp_path / "nets" / "dense.onnx")
    other = build(path, store=store)
    texts = [str(b.kernels["dense.step"].module) for b in (first, again, other)]
    assert texts[0] == texts[1] != texts[2]
    vectors = [next(f.content for f in b.project.files if "vectors/dense" in f.path) for b in (first, other)]
    assert vectors[0] != vectors[1]


def test_a_build_says_that_it_read_the_network(tmp_path: Path) -> None:
    """The journal, which the cache of whole builds goes by, has the file and its digest."""
    path = saved(tmp_path, (12, 16, 4))
    with journal() as files:
        build(path, store=Cache(tmp_path / "cache").of_stages)
    network = (tmp_path / "nets" / "dense.onnx").resolve()
    assert files[network] == hashlib.sha256(network.read_bytes()).hexdigest()


def test_a_missing_network_stops_the_build(tmp_path: Path) -> None:
    """The error names the file and what a body has to be."""
    path = saved(tmp_path, (12, 16, 4), system(12, 4, "nets/other.onnx"))
    with pytest.raises(
        AicError, match=r"nets/other.onnx: there is no such file .*relative to the model file"
    ):
        build(path)


SPLIT = '[component."dense"]\nsplit = ["t1", "t3"]\n\n[component."dense_2"]\npin = "cpu"\ncore = 1\n'


def split_model(folder: Path, sidecar: str = SPLIT, made: System | None = None) -> Path:
    """A model with a network of three layers, and a side-car that splits it."""
    path = saved(folder, (12, 16, 8, 4), made)
    (folder / "classifier.aic.toml").write_text(sidecar)
    return path


def test_a_side_car_splits_a_network_into_components(tmp_path: Path) -> None:
    """Three components, queues between them, each placed for itself; together they pass all checks."""
    made = build(split_model(tmp_path))
    application = made.model.system.application
    assert [c.name for c in application.components] == ["sensor", "dense_1", "dense_2", "dense_3"]
    ends = [(c.source_port.split(".")[0], c.target_port, c.protocol.name) for c in application.channels]
    assert ends == [
        ("sensor", "dense.x", "QUEUE"),
        ("dense", "dense.part2.t1.in", "QUEUE"),
        ("dense", "dense.part3.t3.in", "QUEUE"),
    ]
    ports = [{p.name: p.shape for p in c.ports} for c in application.components[1:]]
    assert ports == [{"x": (12,), "t1": (16,)}, {"t1": (16,), "t3": (8,)}, {"t3": (8,), "y": (4,)}]
    assert made.decision.deployment.placement("dense.part2").core == 1
    said = self_checks(made, tmp_path / "out")
    assert "100% tests passed" in said
    assert "reduced_dense_2_step.c" in said


def test_parts_give_the_results_of_the_whole(tmp_path: Path) -> None:
    """The kernels of the parts, one after the other, give the bits of the undivided network."""
    from aicompiler.transformations.kernels import interpret

    whole = build(saved(tmp_path / "whole", (12, 16, 8, 4))).kernels["dense.step"]
    parts = build(split_model(tmp_path / "parts")).kernels
    values = {"x": np.linspace(-2, 2, 12).astype(np.float32)}
    expected = interpret(whole, values)["y"]
    for number in (1, 2, 3):
        values = interpret(parts[f"dense.step.part{number}"], values)
    np.testing.assert_array_equal(values["y"], expected)


@pytest.mark.parametrize(
    ("pattern", "tensors", "message"),
    [
        ("dense", '["ghost"]', "no node makes the tensor 'ghost' to split at"),
        ("other", '["t1"]', "no component of the model matches 'other'"),
        ("sensor", '["t1"]', "'sensor' cannot be split: its behaviour is no network in ONNX"),
    ],
)
def test_what_cannot_be_split_is_an_error(pattern: str, tensors: str, message: str, tmp_path: Path) -> None:
    """The side-car's setting is never overlooked."""
    path = split_model(tmp_path, f'[component."{pattern}"]\nsplit = {tensors}\n')
    with pytest.raises(AicError, match=message):
        build(path)
