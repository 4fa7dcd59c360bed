"""Dataclass trees survive JSON exactly, and nothing but the wanted classes comes out of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from aicompiler.metamodels.deployment import Deployment
from aicompiler.metamodels.exact import from_data, to_data
from aicompiler.metamodels.store import content_key
from aicompiler.metamodels.system import Source, Unit, UnitKind
from aicompiler.transformations.kernels import Schedule, Signature
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CLASSES: list[type[Any]] = [Deployment, Schedule, Signature, Unit]


@pytest.mark.parametrize("cls", CLASSES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_trees_come_back_as_they_were(cls: type[Any], data: st.DataObject) -> None:
    """Equal, and of the same types down to every number, through JSON text."""
    value = data.draw(st.from_type(cls))
    back = from_data(cls, json.loads(json.dumps(to_data(value))))
    assert repr(back) == repr(value)


def test_numbers_keep_their_type() -> None:
    """True, 1 and 1.0 are three values."""
    keys = {content_key(value) for value in (True, 1, 1.0, "1", b"1", (1,))}
    assert len(keys) == 6


@dataclass(frozen=True)
class Whole:
    """A class with one field."""

    number: int


@pytest.mark.parametrize(
    "data", [["Part", 1], ["Whole", "1"], ["Whole", True], ["Whole"], ["Whole", 1, 2], 7]
)
def test_what_is_no_instance_is_refused(data: Any) -> None:
    """Another class, another type of a field, too few or too many fields."""
    with pytest.raises(ValueError, match=r"Whole|int|zip"):
        from_data(Whole, data)


def test_left_out_fields_are_not_in_the_key() -> None:
    """Where a unit stands in its file is not what it is."""
    here = Unit(id="u", kind=UnitKind.CPU, source=Source(file="a", line=1))
    there = Unit(id="u", kind=UnitKind.CPU, source=Source(file="a", line=2))
    assert content_key(here) != content_key(there)
    assert to_data(here, {"source"}) == to_data(there, {"source"})


def test_other_objects_have_no_exact_form() -> None:
    """What JSON does not know is refused instead of written in some way."""
    with pytest.raises(TypeError, match="set"):
        to_data({1})
