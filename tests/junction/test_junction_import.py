"""The traffic junction becomes the system it draws, and all of its behaviours become kernels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aicompiler.metamodels.system import Attribute, Component, OnData, Port, System
from aicompiler.models import EXAMPLES, example_path
from aicompiler.transformations.importers import load_system
from aicompiler.transformations.kernels import Direction, initial_state, interpret, numpy_type
from aicompiler.transformations.kernels.passes import Parallel, parallel_loops

COMPONENTS = (
    *("camera", "debayer", "blur", "sobel", "background", "convolution", "flow", "blobs"),
    *("radar", "transform", "detector", "tracker", "button", "controller", "telemetry", "logger"),
)
REDUCED = {"H": 13, "W": 17, "HC": 7, "WC": 9, "BY": 3, "BX": 4, "N": 16, "LENGTH": 13}


def summary(system: System) -> Iterator[str]:
    """A line an element."""
    for c in system.components:
        yield from _component(c)
    for channel in system.application.channels:
        yield f"channel {channel.name}: {channel.protocol.name}({channel.capacity})"
    names = {e.id: e.name for e in system.entries}
    for flow in system.application.flows:
        path = " -> ".join(names[e] for e in flow.entries)
        yield f"flow {flow.name}: {path} in {flow.deadline_ns} ns"
    for unit in system.units:
        clocks = ", ".join(f"{p.frequency_hz} Hz {p.dynamic_power_uw} uW" for p in unit.operating_points)
        yield f"unit {unit.name}: {unit.cores} x {unit.kind.name}, {unit.static_power_uw} uW, {clocks}"
    for link in system.platform.links:
        yield f"link {link.name}: {' - '.join(link.ends)} {link.bandwidth_bytes_per_s} bytes/s"
    for constraint in system.constraints:
        yield f"{type(constraint).__name__} {constraint.name}"
    for r in system.requirements:
        yield f"requirement {r.identifier} {r.name}: {r.text} <- {', '.join(r.satisfied_by)}"


def _component(component: Component) -> Iterator[str]:
    yield f"component {component.name}, criticality {component.criticality}"
    for e in component.entries:
        on_data = isinstance(e.activation, OnData)
        times = ", ".join(f"{t.bcet_ns} / {t.acet_ns} / {t.wcet_ns}" for t in e.times)
        activation = "on data" if on_data else str(e.activation)
        yield f"  {e.name}: {activation}, deadline {e.deadline_ns} ns, takes {times} ns"
    yield from (f"  {p.direction.value} {_typed(p)}" for p in component.ports)
    yield from (f"  state {_typed(a)}" for a in component.attributes)
    yield from (f"  {c.name} = {c.value}" for c in component.constants)


def _typed(element: Port | Attribute) -> str:
    extents = zip(element.shape, element.extents, strict=True)
    shape = "".join(f"[{f'{name}={n}' if name else n}]" for n, name in extents)
    return f"{element.element_type.value} {element.name}{shape}"


def test_junction_is_imported_completely(junction: Path, golden: Any) -> None:
    """Every component, channel, flow, unit, link, constraint and requirement of the drawing is there."""
    system, diagnostics = load_system(junction)
    assert diagnostics == []
    assert tuple(c.name for c in system.components) == COMPONENTS
    golden("junction/summary.txt", "\n".join(summary(system)) + "\n")


def test_every_requirement_is_satisfied_by_an_element(system: System) -> None:
    """All satisfy links lead to elements of the system."""
    known = {e.id for e in (*system.components, *system.application.flows, *system.constraints)}
    known |= {n.id for n in system.platform.nodes}
    for requirement in system.requirements:
        assert requirement.satisfied_by
        assert set(requirement.satisfied_by) <= known


def test_examples_are_listed() -> None:
    """Each shipped example is found by its name."""
    assert {name: example_path(name).is_file() for name in EXAMPLES} == dict.fromkeys(EXAMPLES, True)


@pytest.mark.parametrize("name", COMPONENTS)
def test_every_component_runs_at_reduced_shapes(
    name: str, components: dict[str, Component], kernel_of: Any
) -> None:
    """Lowered at its own shapes, run for three jobs at small odd ones: no undefined behaviour."""
    full = kernel_of(name).signature
    kernel = kernel_of(name, **{n: REDUCED[n] for n in full.shape_constants})
    rng = np.random.default_rng(1)
    first = initial_state(components[name])
    states = [p for p in kernel.signature.parameters if p.direction is Direction.STATE]
    state = {p.name: first[p.name][tuple(slice(n) for n in p.shape)] for p in states}
    for _ in range(3):
        given = [p for p in kernel.signature.parameters if p.direction is Direction.IN]
        inputs = {p.name: rng.integers(0, 100, p.shape).astype(numpy_type(p.dtype)) for p in given}
        results = interpret(kernel, inputs | state)
        state = {n: results[n] for n in state}
    assert set(results) == {p.name for p in kernel.signature.parameters if p.direction is not Direction.IN}


@pytest.mark.parametrize("name", ["camera", "debayer", "blur", "sobel", "background", "convolution", "flow"])
def test_pixel_loops_are_parallel(name: str, kernel_of: Any) -> None:
    """The loops over the rows and columns of a picture carry nothing: a GPU may run them side by side."""
    verdicts = parallel_loops(kernel_of(name))
    outer = {"camera": ("L1", "L2"), "convolution": ("L0", "L1", "L2")}.get(name, ("L0", "L1"))
    assert [type(verdicts[loop]) for loop in outer] == [Parallel] * len(outer)
