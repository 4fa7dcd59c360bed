"""The traffic junction's components as functions: one job, by the interpreter or by gcc from emitted C."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aicompiler.codegen.targets import TARGETS
from aicompiler.metamodels.system import Component, System, Unit, UnitKind
from aicompiler.transformations.importers import load_system
from aicompiler.transformations.kernels import (
    Direction,
    Kernel,
    initial_state,
    interpret,
    numpy_type,
    parse,
    signature_of,
)

MODEL = Path(__file__).resolve().parents[2] / "models" / "traffic_junction" / "traffic_junction.uml"
FLAGS = ["-std=c11", "-O1", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
Values = Mapping[str, Any]


@pytest.fixture(scope="session")
def junction() -> Path:
    """The model."""
    return MODEL


@pytest.fixture(scope="session")
def system(junction: Path) -> System:
    """The model, imported."""
    return load_system(junction)[0]


@pytest.fixture(scope="session")
def components(system: System) -> dict[str, Component]:
    """Components by name."""
    return {c.name: c for c in system.components}


@pytest.fixture(scope="session")
def kernel_of(components: dict[str, Component]) -> Callable[..., Kernel]:
    """The kernel of a component, at other extents if wanted; each is lowered once."""
    known: dict[Any, Kernel] = {}

    def make(name: str, **extents: int) -> Kernel:
        key = (name, tuple(extents.items()))
        if key not in known:
            (entry,) = components[name].entries
            signature = signature_of(components[name], entry).at(**extents)
            known[key] = parse(entry.behaviours[0], signature)
        return known[key]

    return make


@pytest.fixture(scope="session")
def native(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Kernel, Values], dict[str, Any]]:
    """One job of a kernel as C that gcc compiled without a warning."""
    folder = tmp_path_factory.mktemp("native")
    built: dict[int, tuple[Kernel, Any]] = {}

    def run(kernel: Kernel, inputs: Values) -> dict[str, Any]:
        if id(kernel) not in built:
            built[id(kernel)] = kernel, _compiled(kernel, folder / str(len(built)))
        return _call(kernel, built[id(kernel)][1], inputs)

    return run


def _compiled(kernel: Kernel, folder: Path) -> Any:
    sources = []
    for file in TARGETS.load("c")().emit(kernel, Unit(id="cpu", kind=UnitKind.CPU)):
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
        sources += [path] if path.suffix == ".c" else []
    library = folder / "kernel.so"
    subprocess.run(["gcc", *FLAGS, "-o", library, *sources, "-lm"], check=True)
    return getattr(ctypes.CDLL(str(library)), kernel.name)


def _call(kernel: Kernel, function: Any, inputs: Values) -> dict[str, Any]:
    arrays, arguments = {}, []
    for p in kernel.signature.parameters:
        given = inputs.get(p.name, np.zeros(p.shape))
        array = arrays[p.name] = np.array(given, dtype=numpy_type(p.dtype)).reshape(p.shape)
        by_value = p.direction is Direction.IN and not p.shape
        kind = np.ctypeslib.as_ctypes_type(array.dtype)
        arguments.append(kind(array.item()) if by_value else ctypes.c_void_p(array.ctypes.data))
    function.restype = None
    function(*arguments)
    return {p.name: arrays[p.name] for p in kernel.signature.parameters if p.direction is not Direction.IN}


class Instance:
    """A component that runs job after job and keeps its state; ``extents`` resize it."""

    def __init__(self, kernel: Kernel, state: Values, execute: Callable[..., Values]) -> None:
        self.kernel = kernel
        self.state = dict(state)
        self._execute = execute

    def __call__(self, **inputs: Any) -> dict[str, Any]:
        """One job: the outputs, and the state after it."""
        results = dict(self._execute(self.kernel, {**inputs, **self.state}))
        self.state = {name: results[name] for name in self.state}
        return results


@pytest.fixture(params=["interpreter", "c"])
def instance(
    request: pytest.FixtureRequest, components: dict[str, Component], kernel_of: Callable[..., Kernel]
) -> Callable[..., Instance]:
    """An instance of a component: ``instance("flow", H=24, W=32)``; the whole test runs both ways."""
    if request.param == "c" and shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    execute = interpret if request.param == "interpreter" else request.getfixturevalue("native")

    def make(name: str, **extents: int) -> Instance:
        kernel = kernel_of(name, **extents)
        full = initial_state(components[name])
        states = [p for p in kernel.signature.parameters if p.direction is Direction.STATE]
        state = {p.name: full[p.name][tuple(slice(n) for n in p.shape)] for p in states}
        return Instance(kernel, state, execute)

    return make
