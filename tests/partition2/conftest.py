"""The builder of small systems of tests/partition, and random systems made with it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from aicompiler.metamodels.deployment import CostTable
from aicompiler.metamodels.system import System

_PLACE = Path(__file__).resolve().parent.parent / "partition" / "conftest.py"
Pair = tuple[System, CostTable]


def _builder() -> Any:
    name = "partition_sketch"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, _PLACE)
        assert spec is not None and spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture
def sketch() -> Any:
    """The builder; call it for an empty system."""
    return _builder().Sketch


@pytest.fixture
def valid() -> Any:
    """Assert that a deployment is accepted by the checks and its table is one."""
    return _builder().assert_valid


@pytest.fixture
def random_pair() -> Callable[[int], Pair]:
    """A random system of a seed: chains of data on two or three units with slow and fast clocks."""

    def made(seed: int) -> Pair:
        random = Random(seed)
        system = _builder().Sketch()
        units = ["a", "b", "c"][: random.choice((2, 3))]
        for unit in units:
            system.unit(
                unit, static=random.randrange(2000), dynamic=random.randrange(800, 4000), slow=300, cores=1
            )
        system.link("bus", *units, latency=random.randrange(1, 40), energy=random.randrange(50))
        period = 1000
        for number in range(2):
            names = [f"{number}{stage}" for stage in "xyz"[: random.choice((2, 3))]]
            for name in names:
                times = {unit: random.randrange(20, 120) for unit in units}
                if name == names[0]:
                    system.component(name, times, period)
                else:
                    system.reader(name, times)
            for one, two in pairwise(names):
                system.channel(one, two, random.randrange(1, 30))
            system.flow(f"flow {number}", 4 * period, *names)
        pair: Pair = system.both()
        return pair

    return made
