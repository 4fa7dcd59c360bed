"""Typed terms, and the types of what operators make of them."""

from __future__ import annotations

from dataclasses import dataclass

from aicompiler.metamodels.system import ElementType
from aicompiler.transformations.kernels.frontends.c import TYPE_NAMES, common, promoted
from pycparser import c_ast
from pycparser.c_parser import Coord

E = ElementType

# Types that local names may have: those of Alf, and those of ports by their names in C.
ALF_TYPES = {
    "Boolean": E.BOOL,
    "Integer": E.I32,
    "Natural": E.U32,
    "UnlimitedNatural": E.U32,
    "BitString": E.U32,
    "Real": E.F64,
}
TYPES = {**ALF_TYPES, **TYPE_NAMES, "float": E.F32, "double": E.F64}
C_NAMES = {
    E.BOOL: "_Bool",
    E.F32: "float",
    E.F64: "double",
    **{t: f"{'' if t.is_signed else 'u'}int{8 * t.bytes}_t" for t in list(E)[1:9]},
}


@dataclass(frozen=True)
class Term:
    """An expression of C with its type; a ``literal`` takes the type of what it is combined with."""

    node: c_ast.Node
    dtype: ElementType
    literal: bool = False

    @property
    def is_integer(self) -> bool:
        """Whether it is a whole number."""
        return not self.dtype.is_float and self.dtype is not E.BOOL


def word(dtype: ElementType) -> str:
    """How messages call a type."""
    if dtype is E.BOOL:
        return "Boolean"
    return "Real" if dtype.is_float else "Integer"


def place(line: int) -> Coord:
    """The place of a node."""
    return Coord("body", line)


def type_name(dtype: ElementType, name: str | None = None, const: bool = False) -> c_ast.TypeDecl:
    """The declarator of a scalar."""
    return c_ast.TypeDecl(name, ["const"] * const, None, c_ast.IdentifierType([C_NAMES[dtype]]))


def cast(term: Term, to: ElementType) -> Term:
    """The term converted as C converts."""
    if term.dtype is to:
        return term
    type_ = c_ast.Typename(None, [], None, type_name(to))
    return Term(c_ast.Cast(type_, term.node, term.node.coord), to)


def number(value: int | str, line: int, dtype: ElementType = E.I32) -> Term:
    """A literal."""
    kind, suffix = {E.F64: ("double", ""), E.F32: ("float", "f")}.get(dtype, ("int", ""))
    return Term(c_ast.Constant(kind, f"{value}{suffix}", place(line)), dtype, literal=True)


def binary(operator: str, left: Term, right: Term, dtype: ElementType, line: int) -> Term:
    """An operation of C."""
    return Term(c_ast.BinaryOp(operator, left.node, right.node, place(line)), dtype)


def single(term: Term) -> Term:
    """A literal Real as f32; all others as they are."""
    if not term.literal or term.dtype is not E.F64:
        return term
    node = term.node
    if isinstance(node, c_ast.UnaryOp):
        inner = single(Term(node.expr, E.F64, literal=True))
        return Term(c_ast.UnaryOp(node.op, inner.node, node.coord), E.F32, literal=True)
    return Term(c_ast.Constant("float", f"{node.value}f", node.coord), E.F32, literal=True)


def matched(left: Term, right: Term) -> tuple[Term, Term, ElementType]:
    """Two numbers in types whose C operation is Alf's, and the type of its result.

    Unsigned 32-bit numbers are widened, so that differences may be negative; literals follow an f32.
    """
    if left.dtype is E.F32:
        right = single(right)
    elif right.dtype is E.F32:
        left = single(left)
    if not (left.dtype.is_float or right.dtype.is_float):
        left, right = widened(left), widened(right)
    return left, right, common(left.dtype, right.dtype)


def widened(term: Term) -> Term:
    """An unsigned 32-bit number as 64 bits with a sign."""
    return cast(term, E.I64) if term.dtype is E.U32 else term


def shift_type(term: Term) -> ElementType:
    """The type that a shift is done in."""
    return promoted(term.dtype)
