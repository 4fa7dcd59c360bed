"""Several behaviours of one entry: the first is the reference, the others have to do the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from aicompiler.codegen.project import SelfCheck, self_check_vectors
from aicompiler.metamodels.diagnostics import SelfCheckFailed
from aicompiler.metamodels.system import Behaviour, System
from aicompiler.transformations.importers import load_system
from aicompiler.transformations.kernels import parse_entry


@pytest.fixture(scope="module")
def system(example: Path) -> System:
    """The shipped example."""
    return load_system(example)[0]


def checked(system: System, name: str, *bodies: tuple[str, str]) -> SelfCheck:
    """The self-check of a component whose entry has, after its own, these bodies (language, text)."""
    component = next(c for c in system.components if c.name == name)
    (entry,) = component.entries
    added = [Behaviour(id=f"v{n}", language=language, body=text) for n, (language, text) in enumerate(bodies)]
    entry = replace(entry, behaviours=(*entry.behaviours, *added))
    component = replace(component, entries=(entry,))
    application = replace(system.application, components=(component,), channels=(), flows=())
    alone = replace(system, application=application, constraints=(), requirements=())
    (check,) = self_check_vectors(alone, {entry.id: parse_entry(component, entry)})
    return check


def body(system: System, name: str) -> str:
    """The C body of a component."""
    return next(c for c in system.components if c.name == name).entries[0].behaviours[0].body


def test_an_equal_variant_changes_nothing(system: System) -> None:
    """A second body that does the same leaves the recorded jobs as they were."""
    same = ("C", f"{{ {body(system, 'controller')} }}")
    assert checked(system, "controller", same).vectors == checked(system, "controller").vectors


def test_a_variant_that_differs_is_refused(system: System) -> None:
    """A body that does something else in any job names itself, the value and the place."""
    text = body(system, "sobel")
    assert "> 255 ? 255" in text
    with pytest.raises(SelfCheckFailed, match=r"the variant in C leaves \w+\[\d+\]\[\d+\] = \d+ in job \d"):
        checked(system, "sobel", ("C", text.replace("> 255 ? 255", "> 250 ? 250")))


def test_every_variant_is_compared(system: System) -> None:
    """The last of several variants is held against the first body, too."""
    text = body(system, "sobel")
    with pytest.raises(SelfCheckFailed, match="variants-differ"):
        checked(system, "sobel", ("C", text), ("C", text.replace("> 255 ? 255", "> 250 ? 250")))
