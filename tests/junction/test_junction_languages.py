"""The junction is written in every language that there is a front end for."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest
from aicompiler import pipeline
from aicompiler.codegen.project import self_check_vectors
from aicompiler.metamodels.diagnostics import SelfCheckFailed
from aicompiler.metamodels.system import System
from aicompiler.transformations.kernels import parse_entry

LANGUAGES = {
    "debayer": ["C", "CUDA C++"],
    "blur": ["C", "HLS C++"],
    "sobel": ["C", "OpenCL C"],
    "convolution": ["C", "ONNX"],
    "button": ["Alf"],
    "controller": ["statemachine", "C"],
}


def test_every_front_end_is_used(system: System) -> None:
    """C everywhere else, and each other language at least once."""
    found = {c.name: [b.language for e in c.entries for b in e.behaviours] for c in system.components}
    assert found == {name: LANGUAGES.get(name, ["C"]) for name in found}


def test_the_network_is_what_its_script_writes(junction: Path) -> None:
    """``convolution.onnx`` holds what ``make_network.py`` makes, byte for byte."""
    specification = importlib.util.spec_from_file_location(
        "make_network", junction.parent / "make_network.py"
    )
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    written = module.network().SerializeToString(deterministic=True)
    assert (junction.parent / "convolution.onnx").read_bytes() == written


def test_the_network_is_an_input(junction: Path) -> None:
    """The report names the network with its digest, and a build depends on it."""
    assert [name for name, _ in pipeline.read(junction).inputs] == [
        "traffic_junction.uml",
        "convolution.onnx",
    ]


@pytest.mark.parametrize(
    ("component", "old", "new"),
    [
        ("blur", "(sum + 8) / 16", "(sum + 7) / 16"),
        ("sobel", "255u", "250u"),
        ("debayer", "+ 128) / 256", "+ 127) / 256"),
    ],
)
def test_variants_are_compared(junction: Path, system: System, component: str, old: str, new: str) -> None:
    """A small mistake in a variant of any language ends the build and names language, value and place."""
    owner = next(c for c in system.components if c.name == component)
    (entry,) = owner.entries
    reference, variant = entry.behaviours
    assert old in variant.body
    wrong = replace(variant, body=variant.body.replace(old, new))
    entry = replace(entry, behaviours=(reference, wrong))
    owner = replace(owner, entries=(entry,))
    application = replace(system.application, components=(owner,), channels=(), flows=())
    alone = replace(system, application=application, constraints=(), requirements=())
    with pytest.raises(
        SelfCheckFailed, match=r"variant in (HLS C\+\+|OpenCL C|CUDA C\+\+) leaves \w+\[0?\d+\]"
    ):
        self_check_vectors(alone, {entry.id: parse_entry(owner, entry)}, folder=junction.parent)
