"""From components to kernels: parameters, constants, first state and names."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from aicompiler.metamodels.diagnostics import ModelError
from aicompiler.metamodels.system import (
    Attribute,
    Behaviour,
    Component,
    Constant,
    ElementType,
    Entry,
    Periodic,
    Port,
    PortDirection,
)
from aicompiler.transformations.kernels import (
    Direction,
    c_identifier,
    initial_state,
    interpret,
    is_c_identifier,
    parse_entry,
    signature_of,
)
from aicompiler.transformations.kernels._names import kernel_name
from hypothesis import given
from hypothesis import strategies as st

ENTRY = Entry(
    id="e",
    name="sum",
    activation=Periodic(period_ns=1000),
    behaviours=(Behaviour(id="b", language="c", body="total = total + a[W - 1];\ndone = total > LIMIT;"),),
)
COMPONENT = Component(
    id="c",
    name="adder",
    entries=(ENTRY,),
    ports=(
        Port(
            id="p1",
            name="a",
            direction=PortDirection.IN,
            element_type=ElementType.U8,
            shape=(4,),
            extents=("W",),
        ),
        Port(id="p2", name="done", direction=PortDirection.OUT, element_type=ElementType.BOOL),
    ),
    attributes=(Attribute(id="s", name="total", element_type=ElementType.I32, default=("-3",)),),
    constants=(
        Constant(id="k1", name="W", element_type=ElementType.I32, value="4"),
        Constant(id="k2", name="LIMIT", element_type=ElementType.I32, value="0x0A"),
    ),
)


def test_parameters_are_the_ports_in_model_order_then_the_state() -> None:
    """In-ports and out-ports as drawn, attributes after them, constants by name."""
    signature = signature_of(COMPONENT, ENTRY)
    assert signature.name == "adder_sum"
    found = [(p.name, p.direction, p.shape) for p in signature.parameters]
    assert found == [("a", Direction.IN, (4,)), ("done", Direction.OUT, ()), ("total", Direction.STATE, ())]
    assert [(c.name, c.value) for c in signature.constants] == [("W", 4), ("LIMIT", 10)]


def test_an_entry_runs_from_its_initial_state() -> None:
    """The reference behaviour, interpreted, with the attributes' defaults as state."""
    outputs = interpret(
        parse_entry(COMPONENT, ENTRY), {"a": np.full(4, 14, np.uint8), **initial_state(COMPONENT)}
    )
    assert (outputs["total"], outputs["done"]) == (11, 1)


@pytest.mark.parametrize(
    ("shape", "default", "want"),
    [((), (), 0), ((2, 2), (), [[0, 0], [0, 0]]), ((3,), ("7",), [7, 7, 7]), ((2,), ("1", "-2"), [1, -2])],
)
def test_defaults_fill_the_shape(shape: tuple[int, ...], default: tuple[str, ...], want: object) -> None:
    """None are zeros, one fills all, else one a value."""
    attribute = Attribute(id="s", name="s", element_type=ElementType.I16, shape=shape, default=default)
    state = initial_state(replace(COMPONENT, attributes=(attribute,)))["s"]
    assert (state.tolist(), state.dtype) == (want, np.dtype("int16"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"default": ("1", "2", "3")}, "'total' has 3 defaults for 1 values"),
        ({"default": ("4000000000",)}, "outside -2147483648..2147483647"),
        ({"default": ("seven",)}, "'seven', which is no i32 literal"),
    ],
)
def test_defaults_that_do_not_fit_are_refused(change: dict[str, tuple[str, ...]], message: str) -> None:
    """The message names the attribute, the value and what fits."""
    with pytest.raises(ModelError, match=re.escape(message)):
        initial_state(replace(COMPONENT, attributes=(replace(COMPONENT.attributes[0], **change),)))


@pytest.mark.parametrize("name", ['a"; system("x', "while", "aic_lock", "__x", "größe", "", "a b"])
def test_names_that_c_cannot_hold_are_refused(name: str) -> None:
    """A port reaches a body by its name, so it must be an identifier; nothing is mangled silently."""
    broken = replace(COMPONENT, ports=(replace(COMPONENT.ports[0], name=name),))
    with pytest.raises(ModelError, match="cannot be used in a C body"):
        signature_of(broken, ENTRY)


def test_one_name_for_two_features_is_refused() -> None:
    """A body could not tell them apart."""
    twice = replace(COMPONENT, attributes=(replace(COMPONENT.attributes[0], name="a"),))
    with pytest.raises(ModelError, match="two features called 'a'"):
        signature_of(twice, ENTRY)


def test_an_entry_without_behaviour_is_refused() -> None:
    """There is nothing to lower."""
    with pytest.raises(ModelError, match="'sum' has no behaviour"):
        parse_entry(COMPONENT, replace(ENTRY, behaviours=()))


@given(st.text())
def test_any_text_has_one_safe_c_name(text: str) -> None:
    """ASCII identifier, not reserved, always the same; identifiers stay as they are."""
    name = c_identifier(text)
    assert is_c_identifier(name) and c_identifier(text) == name and len(name) <= 64
    assert name == text or re.search(r"_x[0-9a-f]{10}\Z", name)


def test_different_texts_have_different_names() -> None:
    """What the mangler drops lives on in the hash, also where a name imitates one."""
    texts = [
        "a b",
        "a_b",
        "a-b",
        "a  b",
        "A b",
        "while",
        "aic_x",
        "x" * 60,
        "x" * 61,
        "",
        "1a",
        "n_1a",
        "é",
        "_a",
        "a_",
    ]
    texts += [c_identifier(t) for t in texts if c_identifier(t) != t]
    assert len({c_identifier(t) for t in texts}) == len(set(texts))
    assert kernel_name("a_b", "c") != kernel_name("a", "b_c")


@pytest.mark.parametrize("library", ["libc.so.6", "libm.so.6"])
def test_no_kernel_takes_the_place_of_a_function_of_the_c_library(library: str) -> None:
    """For no name that the C library exports is there a component and an entry whose kernel has it."""
    path = subprocess.run(
        ["gcc", f"-print-file-name={library}"], capture_output=True, text=True, check=True
    ).stdout.strip()
    listed = subprocess.run(
        ["nm", "-D", "--defined-only", path], capture_output=True, text=True, check=True
    ).stdout
    symbols = [line.split() for line in listed.splitlines()]
    exported = {name.partition("@")[0] for *_, kind, name in symbols if kind != "A"}  # A: a version's tag
    assert {"pthread_create", "clock_gettime"} < exported or "fma" in exported
    for name in exported:
        parts = name.split("_")
        for i in range(1, len(parts)):
            assert kernel_name("_".join(parts[:i]), "_".join(parts[i:])) not in exported, name
    assert kernel_name("blur", "step") == "blur_step"
