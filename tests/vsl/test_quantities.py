"""VSL values as quantities: dimensions, units, bounds, variables, spelling, arrival patterns."""

from __future__ import annotations

from fractions import Fraction

import pytest
from aicompiler.transformations.importers._dimensions import DIMENSIONS
from aicompiler.transformations.importers._patterns import PATTERNS, pattern_of
from aicompiler.transformations.importers._quantities import (
    AREA,
    COUNT,
    ENERGY,
    FREQUENCY,
    LENGTH,
    POWER,
    RATE,
    SHARE,
    SIZE,
    TIME,
    WEIGHT,
    Dimension,
    down,
    measure,
    up,
)
from aicompiler.transformations.importers._vsl import Expression, NoValue, VslError, parse
from hypothesis import given, settings
from hypothesis import strategies as st

US, MS = 10**3, 10**6


def variables(**texts: str) -> dict[str, Expression]:
    return {name: parse(text) for name, text in texts.items()}


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
        ("(5,ms,statQ=max)", None, None, 5 * MS),
        ("(value=5,unit=ms,statQ=min)", 5 * MS, None, None),
        ("(min=1,mean=2,max=3,unit=ms)", MS, 2 * MS, 3 * MS),
        ("(value=[1..5],unit=ms)", MS, None, 5 * MS),
        ("[1 ms..5 ms]", MS, None, 5 * MS),
        ("exp(17,ms)", None, 17 * MS, None),
        ("(uniform(1,3),ms)", MS, 2 * MS, 3 * MS),
        ("uniform(max=3,min=1,ms)", MS, 2 * MS, 3 * MS),
        ("normal(5,2,us)", None, 5 * US, None),
        ("(value=3,expr=$unknown,unit=ms)", None, 3 * MS, None),
        ("2*(3 ms + 0.5 ms) - 1 us/4", None, 7 * MS - 250, None),
        ("6 ms / (3 ms / 1 ms)", None, 2 * MS, None),
        ("(expr=1/3,unit=ns)", None, Fraction(1, 3), None),
    ],
)
def test_times_in_all_spellings(text: str, best: int | None, value: int | None, worst: int | None) -> None:
    """Best, typical and worst value in ns of tuples, intervals, distributions and arithmetic."""
    found = measure(text, TIME)
    assert (found.best, found.value, found.worst) == (best, value, worst)
    assert not found.assumed


def test_the_worst_value_wins_as_upper_bound() -> None:
    """Even where a smaller value or a greater best one stands beside it."""
    assert measure("(worst=5,value=3,unit=ms)", TIME).upper == 5 * MS
    assert measure("(worst=2,best=3,unit=ms)", TIME).upper == 2 * MS
    assert measure("(value=3,best=1,unit=ms)", TIME).upper == 3 * MS


def test_a_bare_number_says_that_its_unit_is_assumed() -> None:
    """The unit that is left out is the usual one, and marked so; counts and shares have none to leave out."""
    found = measure("25", TIME)
    assert found.typical == 25 * MS
    assert found.assumed
    assert measure("(value=25,unit='')", TIME).assumed
    assert not measure("25", COUNT).assumed
    assert not measure("0.25", SHARE).assumed


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("(value=1.5,unit=GHz)", FREQUENCY, 1_500_000_000),
        ("(100,kHz)", FREQUENCY, 100_000),
        ("120 rpm", FREQUENCY, 2),
        ("100 Mb/s", RATE, 12_500_000),
        ("100 Mbps", RATE, 12_500_000),
        ("8 b_per_s", RATE, 1),
        ("(4000,MB/s)", RATE, 4_000_000_000),
        ("1024 Byte", SIZE, 1024),
        ("1.5 KB", SIZE, 1536),
        ("8 Mb", SIZE, 1_000_000),
        ("(2,GB)", SIZE, 2 << 30),
        ("(9,W)", POWER, 9_000_000),
        ("1 KW", POWER, 10**9),
        ("1 KWh", ENERGY, 3_600_000 * 10**15),
        ("40 pJ", ENERGY, 40_000),
        ("2 hrs", TIME, 7200 * 10**9),
        ("2 NFPs::TimeUnitKind::min", TIME, 120 * 10**9),
        ("1 mm2", AREA, 10**6),
        ("1 m", LENGTH, 10**6),
        ("1 kg", WEIGHT, 10**6),
        ("50 %", SHARE, Fraction(1, 2)),
        ("1 WorkUnit", COUNT, 1),
        ("3 Read/Write", COUNT, 3),
    ],
)
def test_units_of_all_dimensions(text: str, dimension: Dimension, value: Fraction) -> None:
    """Literals of the MARTE library and what users write for them are exact in base units."""
    assert measure(text, dimension).typical == value


def test_no_unit_has_two_meanings() -> None:
    """A unit belongs to one dimension only, and messages propose only units that exist."""
    named = [unit for dimension in DIMENSIONS for unit in dimension.units if unit]
    assert len(named) == len(set(named))
    assert all(set(dimension.shown) <= set(dimension.units) for dimension in DIMENSIONS)


@pytest.mark.parametrize(
    ("text", "dimension", "message"),
    [
        ("(value=5,unit=Hz)", TIME, "'Hz' is a unit of frequency, not of time"),
        ("(expr=$n,unit=kHz)", TIME, "'kHz' is a unit of frequency, not of time"),
        ("(expr=$RTCep,unit=Hz,source=calc)", TIME, "'Hz' is a unit of frequency, not of time"),
        ("5 ms", COUNT, "'ms' is a unit of time, not of number"),
        ("5 MB", RATE, "'MB' is a unit of size, not of transfer rate"),
        ("5 mss", TIME, "'mss' is no unit of time; did you mean 'ms'?"),
        ("5 MS", TIME, "'MS' is no unit of time; did you mean 'ms'?"),
        ("5 parsec", TIME, "'parsec' is no unit of time; known are ns, us, ms, s, min, hrs, day"),
        ("5 tick", TIME, "a tick has no fixed length (ns, us, ms, s, min, hrs, day)"),
        ("(value=-5,unit=ms)", TIME, "a time cannot be negative"),
        ("-5 ms", TIME, "a time cannot be negative"),
        ("periodic(period=(5,ms))", TIME, "expected a time"),
        ("FIFO", FREQUENCY, "expected a frequency"),
        ("{1 ms, 2 ms}", TIME, "expected a time"),
        ("1 ms + 1", TIME, "a number with a unit is added to one without"),
        ("[1 ms..5]", TIME, "a number with a unit is bounded by one without"),
        ("(best=1 ms,worst=5)", TIME, "some of its numbers have a unit and others have none"),
        ("1 ms * 1 ms", TIME, "two numbers with units are multiplied"),
        ("1 / 1 ms", TIME, "a number is divided by one with a unit"),
        ("1 / ($n - 3)", TIME, "it divides by zero"),
        ("*".join(["1e30"] * 6), TIME, "its numbers grow out of range"),
    ],
)
def test_what_is_no_quantity_says_why(text: str, dimension: Dimension, message: str) -> None:
    """Wrong dimensions, unknown units and senseless arithmetic have a sentence."""
    with pytest.raises(VslError) as caught:
        measure(text, dimension, variables(n="3"))
    assert str(caught.value).startswith(message)
    assert not isinstance(caught.value, NoValue)


@pytest.mark.parametrize("text", ["(value=,unit=ms)", "(unit=ms)", "()", "(value=,statQ=calc)", "exp(ms)"])
def test_a_text_without_a_number_is_told_from_a_wrong_one(text: str) -> None:
    """It is understood: there is merely no number in it."""
    with pytest.raises(NoValue):
        measure(text, TIME)


def test_words_of_a_value_and_results_of_an_analysis() -> None:
    """Source and statistic are kept; statQ=calc marks a result, source=calc does not."""
    found = measure("(value=54.40,statQ=calc,source=meas,mode='2011')", SHARE)
    assert (found.statistic, found.source, found.calculated) == ("calc", "meas", True)
    assert not measure("(value=5,unit=ms,source=calc)", TIME).calculated
    assert measure("(5,ms,est)", TIME).source == "est"
    assert measure("exp(17,ms)", TIME).distribution == "exp"


def test_misspelt_keys_are_read_and_named() -> None:
    """What is read as something else says so; what is spelt well does not."""
    found = measure("(wort=68.0,value=60,bset=55,unit=ms,statq=mean)", TIME)
    assert (found.worst, found.best, found.statistic) == (68 * MS, 55 * MS, "mean")
    assert found.corrections == (
        "'wort' is read as 'worst'",
        "'bset' is read as 'best'",
        "'statq' is read as 'statQ'",
    )
    assert measure("4.5,ms", TIME).corrections == ("'4.5, ms' is read as '(4.5, ms)'",)
    assert measure("(worst=68,unit=ms,mode='x')", TIME).corrections == ()


# --- variables --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "best", "value", "worst"),
    [
        ("$plain", None, 3 * MS, None),
        ("(expr=$plain,unit=us)", None, 3 * US, None),
        ("$plain us", None, 3 * US, None),
        ("(expr=$own,unit=us)", None, 4 * MS, None),
        ("in$own", None, 4 * MS, None),
        ("$own + 1 ms", None, 5 * MS, None),
        ("$own * $plain", None, 12 * MS, None),
        ("$chain", None, 8 * MS, None),
        ("(expr=chain, unit=ms)", None, 8 * MS, None),
        ("$bounded", 1 * MS, None, 3 * MS),
        ("$own - $bounded", 1 * MS, 1 * MS, 3 * MS),
        ("-$bounded + $own", 1 * MS, 1 * MS, 3 * MS),
    ],
)
def test_variables_have_the_values_of_their_context(
    text: str, best: int | None, value: int | None, worst: int | None
) -> None:
    """A variable's own unit counts, else the one beside it; bounds go through arithmetic."""
    known = variables(plain="3", own="4 ms", chain="$own*2", bounded="(best=1,worst=3,unit=ms)")
    found = measure(text, TIME, known)
    assert (found.best, found.value, found.worst) == (best, value, worst)


def test_a_variable_without_value_is_named() -> None:
    """Its name is a field of the error, so that a side-car can be proposed."""
    with pytest.raises(NoValue, match=r"^the variable \$load has no value in the model$") as caught:
        measure("(expr=$load*2,unit=ms)", TIME)
    assert caught.value.variable == "load"


def test_circular_and_endless_definitions_are_refused() -> None:
    """A cycle is shown as a path; long chains and repeated doubling end soon."""
    with pytest.raises(VslError, match=r"^the variable \$a is defined by itself: \$a -> \$b -> \$a$"):
        measure("$c + 1", TIME, variables(a="$b", b="$a+1", c="$a"))
    long = variables(**{f"v{n}": f"$v{n + 1}" for n in range(100)}, v100="1")
    with pytest.raises(VslError, match="leads through more than 32 others"):
        measure("$v0", TIME, long)
    doubled = variables(**{f"v{n}": f"$v{n + 1} + $v{n + 1}" for n in range(30)}, v30="1")
    assert measure("$v0", COUNT, doubled).value == 2**30


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("+*"), st.integers(0, 50), st.integers(0, 50)), max_size=6))
def test_bounds_hold_whatever_the_operands_are(steps: list[tuple[str, int, int]]) -> None:
    """Any value within the operands' bounds gives a result within the result's bounds."""
    known, text, low, high = {"v": parse("[0..7]")}, "$v", 0, 7
    for number, (operator, first, second) in enumerate(steps):
        known[f"o{number}"] = parse(f"[{min(first, second)}..{max(first, second)}]")
        text = f"({text}) {operator} $o{number}"
        pair = min(first, second), max(first, second)
        low = low + pair[0] if operator == "+" else low * pair[0]
        high = high + pair[1] if operator == "+" else high * pair[1]
    found = measure(text, COUNT, known)
    assert (min(x for x in (found.best, found.value) if x is not None), found.upper) == (low, high)


def test_rounding_is_never_in_ones_favour() -> None:
    """Costs round up, limits round down."""
    value = measure("(value=0.0000015,unit=ms)", TIME).typical
    assert value == Fraction(3, 2)
    assert (up(value), down(value)) == (2, 1)


# --- arrival patterns -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "parts"),
    [
        ("periodic(period=(value=350,unit=ms))", "periodic", ["period"]),
        ("periodic((5,ms),1)", "periodic", ["period", "jitter"]),
        ("sporadic(minInterarrivalTime=(value=125,unit=ms))", "sporadic", ["minInterarrival"]),
        ("aperiodic", "aperiodic", []),
        ("bursty(minInterarrival=5,burstSize=3)", "burst", ["minInterarrival", "burstSize"]),
        ("irregular(phase=1,interarrivals={1,2})", "irregular", ["phase", "interarrivals"]),
        ("open(interArrT=(exp(17,ms)))", "open", ["interArrivalTime"]),
        ("open=(arrivalRate=(expr=$r,unit=Hz))", "open", ["arrivalRate"]),
        ("open(exp(0.0005))", "open", [""]),
        ("open:3.4", "open", [""]),
        ("closed(population=30.0)", "closed", ["population"]),
    ],
)
def test_arrival_patterns_have_their_standard_names(text: str, name: str, parts: list[str]) -> None:
    """Each pattern and each part; what ``open(100)`` means is left open."""
    found = pattern_of(parse(text))
    assert (found.name, list(found.parts)) == (name, parts)
    assert found.name in PATTERNS
    assert found.corrections == ()


def test_misspelt_patterns_are_read_and_others_refused() -> None:
    """A near miss is named; what is no pattern gets the list."""
    found = pattern_of(parse("perodic(Period=5 ms)"))
    assert found.corrections == ("'perodic' is read as 'periodic'", "'Period' is read as 'period'")
    for text, message in [
        ("fifo(3)", "'fifo' is no arrival pattern; known are periodic, sporadic, aperiodic"),
        ("periodic(size=3)", "periodic has no part 'size'; known are period, jitter, phase, occurrences"),
        ("(5,ms)", "expected an arrival pattern: periodic, sporadic"),
    ]:
        with pytest.raises(VslError) as caught:
            pattern_of(parse(text))
        assert str(caught.value).startswith(message)
