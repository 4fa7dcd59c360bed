"""Every target computes what the interpreter computes, on every component of the junction."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aicompiler.codegen.targets import TARGETS, UnsupportedOperation, UnsupportedSchedule
from aicompiler.metamodels.system import Component, System, Unit, UnitKind
from aicompiler.transformations.kernels import (
    Direction,
    Kernel,
    Parameter,
    initial_state,
    interpret,
    numpy_type,
    parse,
    signature_of,
)
from aicompiler.transformations.kernels.passes import default_schedule

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "targets"))

from batches import Run, Values, compiled, emitted

KINDS = {
    "c": UnitKind.CPU,
    "llvm": UnitKind.CPU,
    "opencl": UnitKind.GPU,
    "cuda": UnitKind.GPU,
    "hls": UnitKind.FPGA,
}
COMPONENTS = (
    *("camera", "debayer", "blur", "sobel", "background", "convolution", "flow", "blobs"),
    *("radar", "transform", "detector", "tracker", "button", "controller", "telemetry", "logger"),
)
SMALL = {"H": 21, "W": 34, "HC": 11, "WC": 17, "BY": 5, "BX": 7, "N": 80, "LENGTH": 37}
"""No multiples of a work-group or a bank, and still enough work for the grids of the full shapes."""
REFUSED: dict[tuple[str, str], str] = {}
"""(component, target) -> why the target cannot run it, in its own words: all of them run everywhere."""

TOLERANCE = {"float32": 1e-5, "float64": 1e-13}
"""Of a value's own size: what the semantics grant to a sum of one term, so the least that they grant."""
EXACT = ("c", "llvm", "cuda", "hls")
"""Where division and square root are correctly rounded, so that every float has the same bits."""

FLOATS = (-1000.0, 1000.0)
SPECIAL = (0.0, -0.0, 1.0, 1e-40, 1.5e-45, 1e-20, 3.4e18, -1e30, math.inf, -math.inf, math.nan)
"""Zeros, subnormal numbers, what overflows once it is squared, infinities and no number."""

LIMITS: Mapping[str, tuple[float, float]] = {  # beyond, the C body is undefined: 32 bits overflow
    "camera.left": (-(2**30), 2**30),
    "radar.position": (-(2**20), 2**20),
    "radar.velocity": (-(2**20), 2**20),
    "tracker.missed": (-(2**31), 2**31 - 3),
    "controller.smoothed": (-(2**28), 2**28),
    "controller.cycles": (-(2**31), 2**31 - 2),
    "telemetry.tracks": (-(2.0**22), 2.0**22),  # becomes an integer, in 1/256
}

Draw = Callable[[Parameter, float, float], Any]
Job = tuple[Values, Values]


@dataclass(frozen=True)
class Case:
    """A component's kernel at some extents, under a name of its own, and its jobs by the interpreter."""

    component: Component
    kernel: Kernel
    jobs: list[Job]


def log_uniform(seed: int, special: bool) -> Draw:
    """Numbers of all sizes between the limits, as many small ones as large ones; some floats special."""
    rng = np.random.default_rng(seed)

    def draw(p: Parameter, low: float, high: float) -> Any:
        if p.dtype.is_float:
            values = rng.uniform(low, high, p.shape) * 0.5 ** rng.integers(0, 24, p.shape)
            odd = special & (rng.integers(0, 8, p.shape) == 0)
            return np.where(odd, rng.choice(SPECIAL, p.shape), values).astype(numpy_type(p.dtype))
        wide = rng.integers(int(low), int(high), p.shape, dtype=np.int64, endpoint=True)
        return np.asarray(wide >> rng.integers(0, 8 * p.dtype.bytes, p.shape)).astype(numpy_type(p.dtype))

    return draw


def in_turns(*picks: Callable[[float, float], float]) -> Draw:
    """The limits themselves, in turns."""

    def draw(p: Parameter, low: float, high: float) -> Any:
        values = [picks[i % len(picks)](low, high) for i in range(p.elements)]
        return np.array(values, numpy_type(p.dtype)).reshape(p.shape)

    return draw


EDGES = (in_turns(min), in_turns(max), in_turns(min, max, max), in_turns(lambda *_: 0))


def inputs(component: Component, kernel: Kernel, draw: Draw, *directions: Direction) -> Values:
    """Values of the parameters of some directions, within the component's limits."""
    found = {}
    for p in kernel.signature.parameters:
        if p.direction in directions:
            known = FLOATS if p.dtype.is_float else _limits(p)
            found[p.name] = draw(p, *LIMITS.get(f"{component.name}.{p.name}", known))
    return found


def _limits(p: Parameter) -> tuple[int, int]:
    limits = np.iinfo(numpy_type(p.dtype))
    return int(limits.min), int(limits.max)


def starts(component: Component, kernel: Kernel) -> Values:
    """The initial state, cropped to the kernel's shapes."""
    full = initial_state(component)
    states = (p for p in kernel.signature.parameters if p.direction is Direction.STATE)
    return {p.name: full[p.name][tuple(slice(n) for n in p.shape)] for p in states}


def small_jobs(component: Component, kernel: Kernel) -> Iterator[Job]:
    """Two jobs from the initial state, two from each of three random states, and the edges of all types."""
    free = f"{component.name}.tracks" not in LIMITS  # every float is an input like another
    for seed in range(4):
        draw = log_uniform(seed, free and seed > 1)
        state = inputs(component, kernel, draw, Direction.STATE) if seed else starts(component, kernel)
        for _ in range(2):
            given = state | inputs(component, kernel, draw, Direction.IN)
            after = interpret(kernel, given)
            yield given, after
            state = {name: after[name] for name in state}
    for draw in EDGES:
        given = inputs(component, kernel, draw, Direction.IN, Direction.STATE)
        yield given, interpret(kernel, given)


def full_jobs(component: Component, kernel: Kernel) -> Iterator[Job]:
    """One job at the shapes of the model, from a random state."""
    given = inputs(component, kernel, log_uniform(9, False), Direction.IN, Direction.STATE)
    yield given, interpret(kernel, given)


@pytest.fixture(scope="module")
def cases(system: System) -> list[Case]:
    """Every entry with a behaviour: at reduced shapes, and once at the model's own."""
    found = []
    for component in system.components:
        for entry in component.entries:
            if not entry.behaviours:
                continue
            signature = signature_of(component, entry)
            reduced = signature.at(**{n: SMALL[n] for n in signature.shape_constants})
            small = parse(entry.behaviours[0], replace(reduced, name=f"{signature.name}_small"))
            full = parse(entry.behaviours[0], replace(signature, name=f"{signature.name}_full"))
            found.append(Case(component, small, list(small_jobs(component, small))))
            found.append(Case(component, full, list(full_jobs(component, full))))
    return found


@dataclass(frozen=True)
class Built:
    """A target's code for all cases: what is refused, and how to run the rest."""

    refused: dict[tuple[str, str], str]
    variants: dict[str, Kernel]
    run: Run


@pytest.fixture(scope="module")
def built(
    system: System, cases: list[Case], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Built]:
    """All cases compiled for a target, with the default schedule of the junction's unit of its kind."""
    known: dict[str, Built] = {}

    def build(target: str) -> Built:
        if target not in known:
            unit = next(u for u in system.units if u.kind is KINDS[target])
            known[target] = _build(target, unit, cases, tmp_path_factory.mktemp(target))
        return known[target]

    return build


def _build(target: str, unit: Unit, cases: list[Case], folder: Path) -> Built:
    refused, variants, sources = {}, {}, []
    for case in cases:
        variant = default_schedule(case.kernel, unit)
        try:
            sources += emitted(target, variant, folder, unit)
            variants[case.kernel.name] = variant
        except (UnsupportedOperation, UnsupportedSchedule) as error:
            refused[case.component.name, target] = str(error)
    return Built(refused, variants, compiled(target, list(variants.values()), sources, folder))


def assert_agrees(target: str, expected: Values, got: Values) -> None:
    """Integers exactly, floats within the least tolerance of the semantics, or by bits where promised."""
    assert expected.keys() == got.keys()
    for name, value in expected.items():
        relative = 0 if target in EXACT else TOLERANCE.get(value.dtype.name, 0)
        assert got[name].dtype == value.dtype
        np.testing.assert_allclose(got[name], value, rtol=relative, atol=0, err_msg=name)


def test_every_entry_and_every_target_is_compared(cases: list[Case]) -> None:
    """The lists of the comparison below are those of the model and of the table of targets."""
    assert sorted(COMPONENTS) == sorted({c.component.name for c in cases})
    assert len(cases) == 2 * len(COMPONENTS) == 32
    assert set(KINDS) == set(TARGETS)


@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize("component", COMPONENTS)
def test_component_gives_the_interpreters_results(
    component: str, target: str, cases: list[Case], built: Callable[[str], Built]
) -> None:
    """Random and extreme inputs and states at reduced shapes, random ones at the model's shapes."""
    code = built(target)
    mine = [c for c in cases if c.component.name == component and (component, target) not in REFUSED]
    for case in mine:
        for given, expected in case.jobs:
            assert_agrees(target, expected, code.run(code.variants[case.kernel.name], given))


def test_what_targets_refuse_is_known(built: Callable[[str], Built]) -> None:
    """What a target cannot run is listed above with its own words, and nothing is listed that it can."""
    assert {k: v for target in KINDS for k, v in built(target).refused.items()} == REFUSED


def test_reduced_kernels_run_in_the_phases_of_the_full_ones(built: Callable[[str], Built]) -> None:
    """On a GPU the reduced shapes exercise the same launches, grids and joins as the model's shapes."""
    variants = built("opencl").variants
    for name, variant in variants.items():
        full = variants[name.replace("_small", "_full")]
        assert variant.schedule.phases == full.schedule.phases, name


def test_jobs_write_what_they_should(cases: list[Case]) -> None:
    """No component's outputs are the same in all jobs: there is something to compare."""
    for case in cases:
        results = [tuple(v.tobytes() for v in after.values()) for _, after in case.jobs]
        assert len(case.jobs) == 1 or len(set(results)) > 1, case.kernel.name


@pytest.mark.parametrize(
    ("component", "right", "wrong"),
    [("blur", "(sum + 8) / 16", "(sum + 7) / 16"), ("tracker", "0.25f * Q", "0.2501f * Q")],
)
def test_a_planted_fault_is_noticed(
    component: str, right: str, wrong: str, cases: list[Case], tmp_path: Path
) -> None:
    """Code of another body does not pass the comparison: the jobs reach what was changed."""
    case = next(c for c in cases if c.component.name == component)
    behaviour = case.component.entries[0].behaviours[0]
    assert right in behaviour.body
    fault = parse(replace(behaviour, body=behaviour.body.replace(right, wrong)), case.kernel.signature)
    run = compiled("c", [fault], emitted("c", fault, tmp_path), tmp_path)
    with pytest.raises(AssertionError):
        for given, expected in case.jobs:
            assert_agrees("c", expected, run(fault, given))
