"""The grammar of VSL: every form that models use is read, printed and read again."""

from __future__ import annotations

import string
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction

import pytest
from aicompiler.transformations.importers._vsl import (
    MAX_DEPTH,
    MAX_LENGTH,
    Call,
    Collection,
    Declaration,
    Expression,
    Interval,
    Item,
    Name,
    NoValue,
    Number,
    Operation,
    Text,
    Tuple,
    Variable,
    VslError,
    parse,
    parse_declarations,
    parse_variables,
)
from hypothesis import given, settings
from hypothesis import strategies as st

FORMS = [
    ("25", "25"),
    ("1.296651373E8", "129665137.3"),
    ("7.712173224221003E-7", "0.0000007712173224221003"),
    ("(expr=$msgDelay2,unit=ms,statQ=mean,source=est)", None),
    ("(expr=$hashTime, unit=ms)", None),
    ("(worst=68.0,value=68.0,best=68.0,unit=ms)", "(worst=68,value=68,best=68,unit=ms)"),
    ("periodic(period=(value=350,unit=ms))", None),
    ("sporadic(minInterarrival=(value=125,unit=ms))", None),
    ("open(interArrT=(exp(17,ms)))", None),
    ("open(exp(0.0005))", None),
    ("open=(arrivalRate=(expr=$rate,unit=Hz))", "open(arrivalRate=(expr=$rate,unit=Hz))"),
    ("open(100)", None),
    ("open:3.4", "open(3.4)"),
    ("closed(population=30.0)", "closed(population=30)"),
    ("null", None),
    ("1024 Byte", "(value=1024,unit=Byte)"),
    ("100 Mb/s", "(value=100,unit=Mb/s)"),
    ("3 Read/Write", "(value=3,unit=Read/Write)"),
    ("1.5 KB", "(value=1.5,unit=KB)"),
    ("$load ms", "(expr=$load,unit=ms)"),
    ("(value = 5 , source = req)", "(value=5,source=req)"),
    ("(value=54.40,statQ=calc,mode='20111128124310')", "(value=54.4,statQ=calc,mode='20111128124310')"),
    ("(12.3,ms)", None),
    ("$nCores", None),
    ("in$arrRateP", "$arrRateP"),
    ("inout$x", "$x"),
    ("out$utilization", "$utilization"),
    ("(value=,statQ=calc,mode='2011%sw_system')", "(statQ=calc,mode='2011%sw_system')"),
    ("4.5,ms", "(4.5,ms)"),
    ("(wort=68.0,statq=min)", "(wort=68,statq=min)"),
    ("[(worst=0.95, unit=ms)]", "{(worst=0.95,unit=ms)}"),
    ("[1..256]", "[1..256]"),
    ("]1..$n+1[", "]1..$n+1["),
    ("[0..*]", "[0..*]"),
    ("fp(priority=(value=(value = 5), source=meas))", None),
    ("(tool=mast,options=(invoke=true,modeID=''))", None),
    ("{H,W}", None),
    ("{}", None),
    ("2\n", "2"),
    ("-5", None),
    ("NFPs::ms", None),
    ("$a*2-($b+1 ms)/3", "$a*2-($b+(value=1,unit=ms))/3"),
    ("$a-($b-$c)-$d", "$a-($b-$c)-$d"),
    ("($a*$b)+-$c", "$a*$b+-$c"),
    ('(mode="it\'s")', None),
]
"""Texts of models, and how their tree is printed without spaces (None: as it is)."""


@pytest.mark.parametrize(("text", "printed"), FORMS)
def test_each_form_of_models_is_read_and_printed(text: str, printed: str | None) -> None:
    """The tree holds all that the text says, and its print is read as the same tree."""
    tree = parse(text)
    assert str(tree).replace(" ", "") == (text if printed is None else printed).replace(" ", "")
    assert parse(str(tree)) == tree


def test_trees_have_their_parts_where_they_belong() -> None:
    """Choices, lists, intervals, precedence and brackets keep their structure."""
    pattern = parse("periodic(period=(value=350,unit=ms), jitter=(1,ms))")
    assert isinstance(pattern, Call)
    assert [i.key for i in pattern.arguments.items] == ["period", "jitter"]
    assert parse("{H,W}") == parse("[H,W]") == Collection((Name("H"), Name("W")))
    assert parse("]1..256]") == Interval(Number(Fraction(1)), Number(Fraction(256)), lower_open=True)
    a, b, c = Variable("a"), Variable("b"), Variable("c")
    assert parse("$a+$b*$c") == Operation("+", (a, Operation("*", (b, c))))
    assert parse("($a+$b)*$c") == Operation("*", (Operation("+", (a, b)), c))
    assert parse("$a-$b-$c") == Operation("-", (Operation("-", (a, b)), c))
    assert parse("($a)") == Tuple((Item("", a),))
    bare = parse("4.5,ms")
    assert isinstance(bare, Tuple)
    assert bare.bare


def test_declarations_of_a_context() -> None:
    """Directions, types and values, as lists, in braces or alone; a variable without value has none."""
    assert parse_declarations("in$a,out$b") == (Declaration("a", "in"), Declaration("b", "out"))
    assert parse_declarations("{inout$a:NFP_Duration=(5,ms); $b=3}") == (
        Declaration("a", "inout", parse("(5,ms)")),
        Declaration("b", "", Number(Fraction(3))),
    )
    assert parse_variables("in$a=5 ms, out$b, in$c=") == {"a": parse("5 ms")}
    with pytest.raises(VslError, match=r"^the variable \$a has two values$"):
        parse_variables("in$a=5,out$a=6")


# --- bad input --------------------------------------------------------------------------------------------

MALFORMED = [
    "(value=5,unit=ms",
    "(value=5,",
    "(value==5)",
    "(a b)",
    "5 5",
    ")",
    "{1,",
    "[1..",
    "[1..2",
    "periodic(period=",
    "#!",
    "'open",
    "4 €",
    "--5",
    "$",
    "5 *",
    "x=",
    "",
    " \n",
    "1e31",
    "1" * 65,
    "(" * (MAX_DEPTH + 1) + "1" + ")" * (MAX_DEPTH + 1),
    "+".join("1" * (MAX_DEPTH + 2)),
]


def test_malformed_texts_say_what_was_expected_where(golden: Callable[[str, str], None]) -> None:
    """Each planted fault has its own sentence."""
    lines = []
    for text in MALFORMED:
        with pytest.raises(VslError) as caught:
            parse(text)
        lines.append(f"{text[:40]!r}: {caught.value}\n")
    for text in ("5", "in$a in$b", "in$a:", "{in$a"):
        with pytest.raises(VslError) as caught:
            parse_declarations(text)
        lines.append(f"{text!r} declared: {caught.value}\n")
    golden("vsl/malformed.txt", "".join(lines))


@pytest.mark.parametrize(
    "text", ["(" * 60_000, "1+" * 30_000 + "1", "{" * 30_000 + "}" * 30_000, "-" * 60_000, "9" * 60_000]
)
def test_hostile_texts_are_refused(text: str) -> None:
    """Depth, length and digits are bounded: no recursion error, no long computation."""
    with pytest.raises(VslError):
        parse(text)


def test_long_texts_are_refused_unread() -> None:
    """The limit is 64 KiB; just below it a long list is fine."""
    with pytest.raises(VslError, match="longer than 64 KiB"):
        parse("1," * MAX_LENGTH)
    assert isinstance(parse("{" + "1," * 5_000 + "1}"), Collection)
    with pytest.raises(NoValue):
        parse("")


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="()[]{}=,:;.$+-*/'\"% \n0159eEabms€²", max_size=30))
def test_no_text_does_anything_but_parse_or_say_why(text: str) -> None:
    """Whatever is written, it is a tree that prints as itself, or a ``VslError``."""
    try:
        tree = parse(text)
    except VslError as error:
        assert str(error)
    else:
        assert parse(str(tree)) == tree


# --- round trip -------------------------------------------------------------------------------------------

words = st.text(string.ascii_letters + "_", min_size=1, max_size=8)
decimals = st.decimals(-(10**6), 10**6, places=6, allow_nan=False).map(Fraction)
leaves = st.one_of(
    decimals.map(Number),
    words.map(Name),
    st.builds("{}/{}".format, words, words).map(Name),
    words.map(Variable),
    st.text(string.printable.replace("'", "").replace('"', ""), max_size=8).map(Text),
)


def _inner(values: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    tuples = st.lists(st.builds(Item, st.just("") | words, values), max_size=4).map(tuple).map(Tuple)
    return st.one_of(
        tuples,
        st.builds(Call, words, tuples),
        st.lists(values, max_size=4).map(tuple).map(Collection),
        st.builds(Interval, values, values, st.booleans(), st.booleans()),
        st.builds(Operation, st.sampled_from("+-*/"), st.tuples(values.map(_operand), values.map(_operand))),
        values.map(_operand).filter(lambda v: not isinstance(v, Number)).map(lambda v: Operation("-", (v,))),
    )


def _operand(value: Expression) -> Expression:
    """As the reader has it: brackets around an operation only group it."""
    if isinstance(value, Tuple) and len(value.items) == 1 and not value.items[0].key:
        inner = value.items[0].value
        return inner if isinstance(inner, Operation) else value
    return value


@settings(max_examples=200, deadline=None)
@given(st.recursive(leaves, _inner, max_leaves=12))
def test_every_tree_is_read_from_its_print(tree: Expression) -> None:
    """Printing and reading are inverse on all trees."""
    assert parse(str(tree)) == tree


# --- cost -------------------------------------------------------------------------------------------------


def test_the_grammar_is_built_only_where_a_value_is_read() -> None:
    """Importing the package neither loads the parser generator nor builds a parser."""
    code = "import sys, aicompiler.transformations.importers; print('lark' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
