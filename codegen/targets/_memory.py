"""Arrays and scalars in memory: how an element is named in C."""

from __future__ import annotations

from dataclasses import dataclass

from ._expressions import MUL, POSTFIX, PRIMARY, UNARY, Expr, Spelling, compose, paren
from ._types import BOOL, I32, I64, CType


@dataclass(frozen=True)
class Array:
    """Something a memref stands for.

    ``flat`` arrays are row-major pointers, others are declared with their dimensions.  ``token`` is what
    expressions that read it depend on: arrays with different tokens never overlap.
    """

    name: str
    element: CType
    shape: tuple[int, ...]
    flat: bool
    space: str
    token: str
    readonly: bool = False
    truth: bool = False  # elements are i1 in MLIR and bytes in memory

    def declaration(self, spelling: Spelling) -> str:
        """``T name[d0][d1]``."""
        return f"{spelling.name(self.element)} {self.name}{''.join(f'[{d}]' for d in self.shape)}"

    def at(self, subscripts: list[Expr], spelling: Spelling) -> Expr:
        """The element at ``subscripts``, as an expression that can also be assigned to."""
        if not self.shape:
            text, level = (f"*{self.name}", UNARY) if self.flat else (self.name, PRIMARY)
        elif self.flat:
            text, level = f"{self.name}[{_linear(subscripts, self.shape, spelling).text}]", POSTFIX
        else:
            text, level = self.name + "".join(f"[{s.text}]" for s in subscripts), POSTFIX
        element = compose(text, self.element, level, *subscripts)
        return Expr(
            text,
            self.element,
            level,
            element.variables if self.readonly else element.variables | {self.token},
        )

    def load(self, subscripts: list[Expr], spelling: Spelling) -> Expr:
        """The value of an element."""
        element = self.at(subscripts, spelling)
        if not self.truth:
            return element
        return compose(f"{paren(element, UNARY)} != 0", BOOL, PRIMARY - 7, element)

    def first(self) -> str:
        """A pointer to the first element, for passing the array on."""
        return self.name if self.flat or len(self.shape) == 1 else f"&{self.name}{'[0]' * len(self.shape)}"


def _linear(subscripts: list[Expr], shape: tuple[int, ...], spelling: Spelling) -> Expr:
    """The row-major offset; valid subscripts keep it below the number of elements, so 32 bits often do."""
    wide = any(s.value is None and not I32.holds(s.type) for s in subscripts)
    size = 1
    for extent in shape:
        size *= extent
    type_ = I64 if wide or size > I32.limits[1] else I32
    result = subscripts[0]
    for subscript, extent in zip(subscripts[1:], shape[1:], strict=True):
        result = _plus(_times(result, extent, spelling, type_), subscript, spelling, type_)
    return result


def _times(left: Expr, extent: int, spelling: Spelling, type_: CType) -> Expr:
    if left.value is not None:
        return spelling.literal(left.value * extent, type_, typed=False)
    return (
        left if extent == 1 else spelling.binary("*", left, spelling.literal(extent, I32, typed=False), type_)
    )


def _plus(left: Expr, right: Expr, spelling: Spelling, type_: CType) -> Expr:
    if left.value is not None and right.value is not None:
        return spelling.literal(left.value + right.value, type_, typed=False)
    if left.value == 0 or right.value == 0:
        return right if left.value == 0 else left
    if right.level == MUL or right.level >= UNARY:
        return spelling.binary("+", left, right, type_)
    return spelling.binary("+", left, right, type_)
