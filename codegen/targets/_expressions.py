"""Typed C expressions: text, precedence, and what a later statement could change under them.

The invariant that keeps conversions right: the C value of an expression for an SSA integer of width w is
congruent to that integer modulo 2^w, and the expression's ``type`` is the C type the text evaluates to.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import isinf, isnan
from struct import pack, unpack

from ._types import BOOL, F32, I32, I64, U32, CType

PRIMARY, POSTFIX, UNARY, MUL, ADD, SHIFT, REL, EQ, AND, XOR, OR, LAND, LOR, COND = range(16, 2, -1)
LEVEL = {
    **dict.fromkeys(("*", "/", "%"), MUL),
    **dict.fromkeys(("+", "-"), ADD),
    **dict.fromkeys(("<<", ">>"), SHIFT),
    **dict.fromkeys(("<", "<=", ">", ">="), REL),
    **dict.fromkeys(("==", "!="), EQ),
    "&": AND,
    "^": XOR,
    "|": OR,
    "&&": LAND,
    "||": LOR,
}


@dataclass(frozen=True)
class Expr:
    """One expression, the mutable ``variables`` and arrays it reads, its ``value`` if it is a literal.

    ``inner`` is what an integer-to-integer cast converts: a cast to something no wider may skip it.
    """

    text: str
    type: CType
    level: int = PRIMARY
    variables: frozenset[str] = field(default_factory=frozenset)
    value: int | None = None
    inner: Expr | None = None

    @property
    def atom(self) -> bool:
        """Whether repeating the text costs nothing: a name or a literal."""
        simple = self.text.isidentifier() or self.text[0].isdigit()
        return self.value is not None or (self.level == PRIMARY and simple)

    @property
    def volatile(self) -> bool:
        """Whether a later statement can change what the text evaluates to."""
        return bool(self.variables)


def compose(text: str, type_: CType, level: int, *parts: Expr) -> Expr:
    """An expression made of ``parts``: it depends on all that they depend on."""
    variables = frozenset[str]().union(*(p.variables for p in parts))
    return Expr(text, type_, level, variables)


def paren(expr: Expr, level: int) -> str:
    """The text, in parentheses if it binds less tightly than ``level``."""
    return expr.text if expr.level >= level else f"({expr.text})"


@dataclass(frozen=True)
class Spelling:
    """How a dialect writes types, 64-bit literals (format with one hole) and special floats."""

    types: dict[str, str]
    i64: str
    u64: str

    def name(self, type_: CType) -> str:
        """The spelling of a type."""
        return self.types[type_.key]

    # --- literals ---------------------------------------------------------------------------------------

    def literal(self, value: int, type_: CType, typed: bool = True) -> Expr:
        """An integer literal; ``typed`` ones have exactly the (promoted) type, others the value alone."""
        target = type_.promoted
        value = type_.wrap(value)
        if target.bits == 32 and not target.signed and (typed or value > I32.limits[1]):
            return Expr(f"{value}U", U32, PRIMARY, value=value)
        if target.bits == 64 and (typed or not I32.limits[0] <= value <= I32.limits[1]):
            form = self.i64 if target.signed else self.u64
            if value == I64.limits[0]:
                return Expr(f"({form.format(value + 1)} - 1)", target, PRIMARY, value=value)
            return Expr(form.format(value), target, UNARY if value < 0 else PRIMARY, value=value)
        if value == I32.limits[0]:
            return Expr("(-2147483647 - 1)", I32, PRIMARY, value=value)
        return Expr(str(value), I32, UNARY if value < 0 else PRIMARY, value=value)

    def floating(self, value: float, type_: CType) -> Expr:
        """A floating literal that reads back to the same bits (shortest decimal), or INFINITY, NAN."""
        if isnan(value) or isinf(value):
            text, suffix = ("NAN" if isnan(value) else "INFINITY"), ""
        else:
            text, suffix = _shortest(abs(value), type_), "f" if type_ == F32 else ""
        negative = unpack("<Q", pack("<d", value))[0] >> 63 and not isnan(value)
        body = Expr(text + suffix, type_, PRIMARY)
        if not suffix and "." not in text and "e" not in text:  # INFINITY and NAN are floats in C
            body = Expr(text, F32, PRIMARY)
            body = body if type_ == F32 else self.cast(body, type_)
        return Expr(f"-{paren(body, UNARY)}", type_, UNARY) if negative else body

    # --- conversions ------------------------------------------------------------------------------------

    def cast(self, expr: Expr, type_: CType) -> Expr:
        """``expr`` converted explicitly, whatever its type."""
        if expr.value is not None and type_.kind == "int" and type_.bits >= 32:
            return self.literal(expr.value, type_)
        if expr.inner is not None and type_.kind == "int" and type_.bits <= expr.type.bits:
            expr = expr.inner
        result = compose(f"({self.name(type_)}){paren(expr, UNARY)}", type_, UNARY, expr)
        return replace(result, inner=expr) if {type_.kind, expr.type.kind} == {"int"} else result

    def exact(self, expr: Expr, type_: CType) -> Expr:
        """An expression whose C value is the integer as ``type_`` reads it; its C type may be narrower."""
        if expr.value is not None:
            return self.literal(expr.value, type_, typed=False)
        if expr.type.kind == "float" or type_.kind == "float":
            return expr
        return expr if type_.holds(expr.type) else self.cast(expr, type_)

    def converted(self, expr: Expr, type_: CType) -> Expr:
        """For initialisers, arguments and assignments, where C converts by itself: casts only if needed."""
        if type_ == BOOL:
            return expr
        if expr.value is not None and type_.kind == "int":
            return self.literal(expr.value, type_, typed=False)
        return self.exact(expr, type_)

    def operands(self, left: Expr, right: Expr, type_: CType) -> tuple[Expr, Expr]:
        """Both operands such that C computes in ``type_`` (32 bits or more)."""
        if type_.kind == "float":
            return left, right
        left, right = self.exact(left, type_), self.exact(right, type_)
        literal_left, literal_right = left.value is not None, right.value is not None
        if (not literal_left and left.type.promoted == type_) or (
            not literal_right and right.type.promoted == type_
        ):
            return left, right
        return (left, self.cast(right, type_)) if literal_left else (self.cast(left, type_), right)

    # --- operators --------------------------------------------------------------------------------------

    def binary(self, operator: str, left: Expr, right: Expr, type_: CType) -> Expr:
        """``left operator right`` computed in ``type_``; parentheses where C or -Wparentheses wants them."""
        left, right = self.operands(left, right, type_)
        level = LEVEL[operator]
        return compose(
            f"{_left(left, operator)} {operator} {_right(right, operator)}",
            BOOL if level in (REL, EQ, LAND, LOR) else type_,
            level,
            left,
            right,
        )

    def shift(self, operator: str, left: Expr, amount: Expr, type_: CType) -> Expr:
        """A shift of ``left`` as ``type_``; only the left operand's type matters in C."""
        left = self.exact(left, type_)
        if left.value is not None or left.type.promoted != type_:
            left = self.cast(left, type_)
        text = f"{paren(left, UNARY)} {operator} {paren(amount, UNARY)}"
        return compose(text, type_, SHIFT, left, amount)

    def logical(self, operator: str, left: Expr, right: Expr) -> Expr:
        """``&&`` or ``||`` of two conditions."""
        parts = [e.text if e.level == LEVEL[operator] else paren(e, EQ) for e in (left, right)]
        return compose(f" {operator} ".join(parts), BOOL, LEVEL[operator], left, right)

    def negation(self, condition: Expr) -> Expr:
        """``!condition``."""
        return compose(f"!{paren(condition, UNARY)}", BOOL, UNARY, condition)

    def choice(self, condition: Expr, yes: Expr, no: Expr, type_: CType) -> Expr:
        """``condition ? yes : no`` of type ``type_``."""
        if type_ == BOOL and (no.text == "false" or yes.text == "true"):
            return (
                self.logical("&&", condition, yes)
                if no.text == "false"
                else self.logical("||", condition, no)
            )
        target = type_.promoted if type_.kind == "int" else type_
        if type_.kind == "int":
            yes, no = self.operands(self.exact(yes, type_), self.exact(no, type_), target)
        text = f"{paren(condition, LOR)} ? {paren(yes, LOR)} : {paren(no, LOR)}"
        return compose(text, target, COND, condition, yes, no)

    def negative(self, expr: Expr) -> Expr:
        """``-expr``."""
        text = expr.text if expr.level >= UNARY and not expr.text.startswith("-") else f"({expr.text})"
        return compose(f"-{text}", expr.type.promoted, UNARY, replace(expr, value=None))


def _left(expr: Expr, operator: str) -> str:
    level = LEVEL[operator]
    if operator in ("&", "|", "^"):  # mixed bit operations always get parentheses
        return expr.text if expr.level >= UNARY or (expr.level == level) else f"({expr.text})"
    return paren(expr, ADD if level in (REL, EQ) else level)


def _right(expr: Expr, operator: str) -> str:
    level = LEVEL[operator]
    if operator in ("&", "|", "^"):
        return paren(expr, UNARY)
    text = paren(expr, ADD if level in (REL, EQ) else level + 1)
    return f"({text})" if text.startswith("-") and operator in ("-", "+") else text


def _shortest(value: float, type_: CType) -> str:
    if type_ != F32:
        return repr(value)
    for digits in range(1, 10):
        text = f"{value:.{digits}g}"
        try:
            same = unpack("<f", pack("<f", float(text)))[0] == value
        except OverflowError:  # rounded up beyond the largest float
            continue
        if same:
            return repr(float(text))
    raise AssertionError(f"{value!r} is no 32-bit float")
