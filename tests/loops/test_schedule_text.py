"""A schedule's text: read what was written, and say where it is wrong and what was meant."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, get_type_hints

import pytest
from aicompiler.transformations.kernels.loops import (
    PASSES,
    Cse,
    Interchange,
    ScheduleError,
    Tile,
    parse_schedule,
    print_schedule,
)
from hypothesis import given, settings
from hypothesis import strategies as st

VALUES: dict[object, st.SearchStrategy[Any]] = {
    str: st.text(max_size=8),
    int: st.integers(-(10**8), 10**8),
    bool: st.booleans(),
    tuple[str, ...]: st.lists(st.text(max_size=4), max_size=3).map(tuple),
    tuple[int, ...]: st.lists(st.integers(-99, 99), max_size=3).map(tuple),
}


def steps_of(kind: type) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind)
    return st.builds(kind, **{f.name: VALUES[hints[f.name]] for f in fields(kind)})


ANY_STEP = st.one_of([steps_of(kind) for kind in PASSES.values()])
TEXT = print_schedule([Interchange(("L0", "L1"), ("L1", "L0")), Tile(("L1",), (4,)), Cse()])


@settings(max_examples=150, deadline=None)
@given(st.lists(ANY_STEP, max_size=6))
def test_schedules_survive_their_text(schedule: list[Any]) -> None:
    """Every schedule, with any names in it, is read back as it was."""
    assert parse_schedule(print_schedule(schedule)) == tuple(schedule)


def test_comments_and_line_breaks_are_free() -> None:
    """The layout is the author's."""
    assert parse_schedule("// by hand\n" + TEXT.replace(" to ", "\n  // to what\n to ")) == parse_schedule(
        TEXT
    )


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("aic-cse", "aic-cze", 6, "did you mean 'aic-cse'"),
        ('"order"', '"ordre"', 4, "did you mean 'order'"),
        ('"sizes" = [4]', '"sizes" = ["4"]', 5, "sizes takes a list"),
        (', "sizes" = [4]', "", 5, "needs the option 'sizes'"),
        ('"sizes" = [4]', '"sizes" = [4], "sizes" = [4]', 5, "twice"),
        ("to %1", "to %0", 5, "%0 is used where %1 is expected"),
        ("transform.yield", "transform.yeild", 7, "no value"),
        ('"L0"', '"\\FF"', 4, "no UTF-8"),
        ("[4]", "[99999999999999]", 5, "no value|expected"),
        ("[4]", "[4;]", 5, "no part of a schedule"),
    ],
)
def test_mistakes_are_located(old: str, new: str, line: int, message: str) -> None:
    """An unknown pass or option, a wrong value or a slip of syntax has its line and what was expected."""
    with pytest.raises(ScheduleError, match=message) as caught:
        parse_schedule(TEXT.replace(old, new, 1), "kernel.mlir")
    assert f"kernel.mlir:{line}:" in str(caught.value)


def test_a_text_that_ends_early_is_refused() -> None:
    """Every prefix of a schedule is an error, never a shorter schedule."""
    for length in range(0, len(TEXT.rstrip()), 7):
        with pytest.raises(ScheduleError):
            parse_schedule(TEXT[:length])
