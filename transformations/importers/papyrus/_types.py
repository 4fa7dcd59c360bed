"""Data types, shapes and default values of ports, attributes and constants."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from aicompiler.metamodels.system import ElementType
from aicompiler.transformations.importers._sayings import shown
from aicompiler.transformations.importers._vsl import Collection, Expression, Name, Number

from ._resource import EObject
from ._view import UmlModel, is_a

MAX_ELEMENTS = 2**28

_T = ElementType
_NAMES: Mapping[str, ElementType] = {
    **{f"int{n}_t": _T(f"i{n}") for n in (8, 16, 32, 64)},
    **{f"uint{n}_t": _T(f"u{n}") for n in (8, 16, 32, 64)},
    **{f"{s}{n}": _T(f"{s}{n}") for s in "iu" for n in (8, 16, 32, 64)},
    **{f"int{n}": _T(f"i{n}") for n in (8, 16, 32, 64)},
    **{f"uint{n}": _T(f"u{n}") for n in (8, 16, 32, 64)},
    **{"f32": _T.F32, "float32": _T.F32, "float": _T.F32, "efloat": _T.F32, "single": _T.F32},
    **{
        "f64": _T.F64,
        "float64": _T.F64,
        "double": _T.F64,
        "edouble": _T.F64,
        "real": _T.F64,
        "nfp_real": _T.F64,
    },
    **{"bool": _T.BOOL, "boolean": _T.BOOL, "eboolean": _T.BOOL, "nfp_boolean": _T.BOOL},
    **{"int": _T.I32, "integer": _T.I32, "eint": _T.I32, "nfp_integer": _T.I32, "signed int": _T.I32},
    **{"short": _T.I16, "eshort": _T.I16, "long": _T.I64, "elong": _T.I64, "long long": _T.I64},
    **{"unsigned int": _T.U32, "unsigned": _T.U32, "nfp_natural": _T.U32, "unlimitednatural": _T.U32},
    **{
        "unsigned short": _T.U16,
        "unsigned long": _T.U64,
        "unsigned char": _T.U8,
        "byte": _T.U8,
        "ebyte": _T.I8,
    },
    **{"char": _T.I8, "signed char": _T.I8},
}
_LITERAL = re.compile(
    r"[+-]?(0[xX][0-9a-fA-F]+|\d+)[uUlL]{0,3}|[+-]?(\d+\.\d*|\.\d+|\d+(?=[eE]))([eE][+-]?\d+)?[fF]?|true|false"
)
_EMF_DEFAULTS = {
    "LiteralInteger": "0",
    "LiteralUnlimitedNatural": "0",
    "LiteralReal": "0.0",
    "LiteralBoolean": "false",
}


@dataclass(frozen=True)
class Shape:
    """Extents and, per dimension, the constant that gives it ('' for a literal)."""

    extents: tuple[int, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def elements(self) -> int:
        """Number of values."""
        return prod(self.extents)


def type_name(typed: EObject) -> str:
    """The name of the type of a port or property; '' if it has none."""
    type_ = getattr(typed, "type", None)  # a message carries what its signature says, and has no type
    if type_ is None:
        return ""
    if is_a(type_, "External"):
        if not type_.href.startswith("pathmap://"):  # in an unknown document a name may mean anything
            return ""
        return str(type_.href).rpartition("#")[2].rpartition(".")[2].rpartition("/")[2]
    return getattr(type_, "name", None) or ""


def element_type(typed: EObject) -> ElementType | None:
    """The element type a data type stands for, by its name or that of what it specialises."""
    return _by_name(type_name(typed)) or _inherited(typed.type, set())


def _by_name(name: str) -> ElementType | None:
    return _NAMES.get(name.lower())


def _inherited(type_: EObject, seen: set[EObject]) -> ElementType | None:
    if not is_a(type_, "DataType") or type_ in seen:
        return None
    seen.add(type_)
    for generalization in type_.generalization:
        general = generalization.general
        if general is not None and (found := _by_name(general.name or "") or _inherited(general, seen)):
            return found
    return None


def shape_of(model: UmlModel, element: EObject, constants: Mapping[str, str]) -> Shape | None:
    """The shape of a port or attribute, from ``Shaped.shape`` or its multiplicity; None after an error."""
    shaped = model.applied(element, "Shaped")
    if model.text(shaped, "shape") is None:
        return _multiplicity(model, element)
    expression = model.expression(shaped, "shape")
    if expression is None:
        return None
    values = expression.values if isinstance(expression, Collection) else (expression,)
    extents = [_extent(value, constants) for value in values]
    if not all(size > 0 for size, _ in extents) or prod(size for size, _ in extents) > MAX_ELEMENTS:
        known = ", ".join(constants) or "none"
        text = shown(model.text(shaped, "shape"))
        message = f"the shape '{text}' of {model.label(element)} is no list of positive extents"
        model.error("bad-shape", message, f"use numbers or constants of the block (it has: {known})", element)
        return None
    return Shape(tuple(size for size, _ in extents), tuple(name for _, name in extents))


def _extent(value: Expression, constants: Mapping[str, str]) -> tuple[int, str]:
    if isinstance(value, Number) and value.value.denominator == 1:
        return int(value.value), ""
    if isinstance(value, Name) and re.fullmatch(r"\d+", constants.get(value.text, "")):
        return int(constants[value.text]), value.text
    return 0, ""


def _multiplicity(model: UmlModel, element: EObject) -> Shape | None:
    upper = element.upperValue
    if upper is None:
        return Shape()
    high, low = _bound(upper), _bound(element.lowerValue) if element.lowerValue is not None else "1"
    if high == low == "1":
        return Shape()
    if high == low and high.isdigit() and 0 < int(high) <= MAX_ELEMENTS:
        return Shape((int(high),), ("",))
    message = (
        f"{model.label(element)} has the multiplicity {shown(low)}..{shown(high)}, which is no fixed size"
    )
    model.error("bad-shape", message, "give a fixed multiplicity or Shaped.shape", element)
    return None


def _bound(value: EObject) -> str:
    return str(value.value).strip() if value.value is not None else _EMF_DEFAULTS.get(value.eClass.name, "")


def default_of(model: UmlModel, element: EObject, constants: Mapping[str, str]) -> tuple[str, ...] | None:
    """The default as C literals, () for none; None after an error."""
    value = element.defaultValue
    if value is None:
        return ()
    text = "".join(value.body) if is_a(value, "OpaqueExpression") else value.value
    text = _EMF_DEFAULTS.get(value.eClass.name, "") if text is None else text.strip()
    if not text:
        return ()
    parts = [p.strip() for p in re.sub(r"[{}]", " ", text).strip().rstrip(",").split(",")]
    literals = tuple(constants.get(p, p) for p in parts)
    bad = next((p for p in literals if not _LITERAL.fullmatch(p)), None)
    if bad is None:
        return literals
    message = (
        f"the default of {model.label(element)} has '{shown(bad[:40])}', which is no literal or constant"
    )
    model.error("bad-default", message, "write numbers, or {a, b, ...} for an array", element)
    return None


def padded(literals: tuple[str, ...], shape: Shape) -> tuple[str, ...]:
    """Defaults for every element: as in C, what is not given is zero."""
    return literals + ("0",) * (shape.elements - len(literals)) if literals else ()
