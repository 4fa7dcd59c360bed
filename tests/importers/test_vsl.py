"""VSL texts as people write them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from aicompiler.transformations.importers._quantities import (
    FREQUENCY,
    POWER,
    RATE,
    SIZE,
    TIME,
    down,
    measure,
    up,
)
from aicompiler.transformations.importers._vsl import (
    Call,
    Collection,
    Name,
    Variable,
    VslError,
    parse,
)

MS = 10**6


@pytest.mark.parametrize(
    ("text", "best", "value", "worst"),
    [
        ("(worst=68.0,value=60.0,best=55.0,unit=ms)", 55 * MS, 60 * MS, 68 * MS),
        ("(value=125,unit=us)", None, 125_000, None),
        ("(12.3,ms)", None, 12_300_000, None),
        ("25 ms", None, 25 * MS, None),
        ("(worst=0.068000,best=0.068000,unit=s,statQ=max)", 68 * MS, None, 68 * MS),
        ("[(worst=0.95, unit=ms)]", None, None, 950_000),
        ("(value=(value = 5), source=meas, unit=ns)", None, 5, None),
        ("(wort=68.0,best=1e1,unit=ms)", 10 * MS, None, 68 * MS),
        ("(value=5, statQ=calc, mode='2011%sw_system', unit=ms)", None, 5 * MS, None),
    ],
)
def test_times_in_all_spellings(text: str, best: int | None, value: int | None, worst: int | None) -> None:
    """Named, positional, nested and misspelt tuples give best, typical and worst value in ns."""
    found = measure(text, TIME)
    assert (found.best, found.value, found.worst) == (best, value, worst)
    assert not found.assumed


def test_a_bare_number_says_that_its_unit_is_assumed() -> None:
    """The unit that is left out is the usual one, and marked so."""
    found = measure("25", TIME)
    assert found.typical == 25 * MS
    assert found.assumed


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("(value=1.5,unit=GHz)", FREQUENCY, 1_500_000_000),
        ("(100,kHz)", FREQUENCY, 100_000),
        ("100 Mb/s", RATE, 12_500_000),
        ("(4000,MB/s)", RATE, 4_000_000_000),
        ("1024 Byte", SIZE, 1024),
        ("(2,GB)", SIZE, 2 << 30),
        ("(9,W)", POWER, 9_000_000),
    ],
)
def test_units_of_other_dimensions(text: str, dimension: object, value: int) -> None:
    """Frequencies, rates, sizes and powers are exact in base units."""
    assert measure(text, dimension).typical == value  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("4.5,ms", "unexpected ',' after the value"),
        ("(value=,unit=ms)", "it gives no number"),
        ("(expr=$load,unit=ms)", "the variable $load has no value in the model"),
        (
            "(value=5,unit=MHz)",
            "'MHz' is no unit of time; known are ns, us, µs, ms, s, sec, min, hrs, h, day",
        ),
        ("(value=-5,unit=ms)", "a time cannot be negative"),
        ("(value=5,unit=ms", "expected ',' at the end"),
        ("periodic(period=(5,ms))", "expected a time"),
        ("1e999999999", "the number 1e999999999 is out of range"),
        ("(" * 5000, "nested deeper than 32 levels"),
        ("", "expected a value at the end"),
        ("#!", "unexpected '#!'"),
    ],
)
def test_what_is_no_time_says_why(text: str, message: str) -> None:
    """Malformed, unknown and hostile texts give a sentence."""
    with pytest.raises(VslError) as caught:
        measure(text, TIME)
    assert str(caught.value) == message


def test_patterns_lists_and_variables() -> None:
    """Choices, lists, intervals and variables keep their structure."""
    pattern = parse("periodic(period=(value=350,unit=ms), jitter=(1,ms))")
    assert isinstance(pattern, Call)
    assert [i.key for i in pattern.arguments.items] == ["period", "jitter"]
    assert parse("{H,W}") == Collection((Name("H"), Name("W")))
    assert isinstance(parse("[1..256]"), Collection)
    assert parse("in$rate") == Variable("rate")
    assert isinstance(parse("open=(arrivalRate=(expr=$r,unit=Hz))"), Call)


def test_rounding_is_never_in_ones_favour() -> None:
    """Costs round up, limits round down."""
    value = measure("(value=0.0000015,unit=ms)", TIME).typical
    assert value == Fraction(3, 2)
    assert (up(value), down(value)) == (2, 1)
