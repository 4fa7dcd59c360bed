"""Memory ports: how many accesses of one iteration meet in one bank, and which banks help.

Banks are cyclic: element (e0, e1, …) lies in bank (e0 mod f0, e1 mod f1, …).  Accesses whose indices in the
split dimensions have the same linear forms but for constants meet exactly where the constants are congruent
in every split dimension; accesses of different forms, or of none, may always meet.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import product
from math import prod

from xdsl.dialects import arith, memref, scf
from xdsl.ir import BlockArgument, Operation, SSAValue
from xdsl.traits import is_side_effect_free

from ._accesses import Access
from ._nests import lies_in
from ._storage import PORTS, Storage
from ._structure import array_shape, constant, constant_trips, defined_in

BANK_FACTORS = (1, 2, 4, 8)
"""Banks of one dimension."""
MAX_BANKS = 64

Form = frozenset[tuple[SSAValue | None, int]]


@dataclass(frozen=True)
class _Place:
    """One copy of an access: per dimension the form of its index (``None``: unknown) and its constant."""

    forms: tuple[Form | None, ...]
    offsets: tuple[int, ...]


class ArrayPorts:
    """The accesses of one iteration of ``loop``, its inner loops unrolled, to one array."""

    def __init__(self, name: str, loop: scf.ForOp, known: tuple[Access, ...]) -> None:
        self.name = name
        mine = _distinct([access for access in known if access.name == name and loop in access.loops])
        self.places = [place for access in mine for place in _places(access, loop)]

    def interval(self, storage: Storage) -> int:
        """Cycles that the busiest bank needs for one iteration, at least 1."""
        if self.name in storage.registers or not self.places:
            return 1
        if self.name not in storage.on_chip:
            return len(self.places)
        return max(1, -(-self.busiest(storage.factors(self.name)) // PORTS))

    def busiest(self, factors: tuple[int, ...]) -> int:
        """The most accesses that may meet in one bank."""
        split = [d for d, factor in enumerate(factors) if factor > 1]
        anywhere = 0
        groups: dict[tuple[Form | None, ...], Counter[tuple[int, ...]]] = {}
        for place in self.places:
            forms = tuple(place.forms[d] for d in split)
            if None in forms:
                anywhere += 1
            else:
                bank = tuple(place.offsets[d] % factors[d] for d in split)
                groups.setdefault(forms, Counter())[bank] += 1
        return anywhere + sum(max(banks.values()) for banks in groups.values())


def bank_options(name: str, storage: Storage, budget: int | None) -> list[tuple[int, ...]]:
    """Ways to split an on-chip array that fit ``budget`` block RAMs for all arrays, the cheapest first.

    Not splitting it is always one of them.
    """
    shape = storage.arrays[name].shape
    plain = (1,) * len(shape)
    if name not in storage.on_chip or name in storage.registers:
        return [plain]
    others = sum(storage.block_rams(other) for other in storage.arrays if other != name)
    found = []
    for factors in product(*([f for f in BANK_FACTORS if f == 1 or f <= extent] for extent in shape)):
        blocks = storage.split(name, factors).block_rams(name)
        if factors == plain or (prod(factors) <= MAX_BANKS and (budget is None or others + blocks <= budget)):
            found.append((prod(factors) > 1 and blocks, prod(factors), tuple(reversed(factors)), factors))
    return [factors for *_, factors in sorted(found)]


def _distinct(mine: list[Access]) -> list[Access]:
    """Loads of the same element by the same expression are one, unless the loop writes the array."""
    if any(access.is_write for access in mine):
        return mine
    numbers = _Numbers()
    keys = [(access.loops, *(numbers.of(v) for v in access.operation.operands)) for access in mine]
    return list(dict(zip(keys, mine, strict=True)).values())


class _Numbers:
    """Value numbering: equal pure computations of equal values have one number."""

    def __init__(self) -> None:
        self._numbers: dict[object, int] = {}
        self._known: dict[SSAValue, int] = {}

    def of(self, value: SSAValue) -> int:
        if value not in self._known:
            self._known[value] = self._numbers.setdefault(self._key(value), len(self._numbers))
        return self._known[value]

    def _key(self, value: SSAValue) -> object:
        op = value.owner
        if not isinstance(op, Operation) or op.regions or not is_side_effect_free(op):
            return value
        properties = tuple(sorted((name, str(given)) for name, given in op.properties.items()))
        return op.name, str(value.type), properties, tuple(self.of(operand) for operand in op.operands)


def _places(access: Access, loop: scf.ForOp) -> list[_Place]:
    """The copies of an access in the unrolled inner loops."""
    op = access.operation
    inner = [other for other in access.loops if lies_in(other, loop)]
    if not isinstance(op, memref.LoadOp | memref.StoreOp):
        rank = len(array_shape(access.array))
        unknown = _Place((None,) * rank, (0,) * rank)
        return [unknown] * prod(constant_trips(other) or 1 for other in inner)
    linear = [_linear(index, loop) for index in op.indices]
    own = [[(form or {}).pop(other.body.block.args[0], 0) for other in inner] for form in linear]
    start = [(form or {}).pop(None, 0) for form in linear]
    forms = tuple(None if form is None else frozenset(form.items()) for form in linear)
    return [
        _Place(
            forms,
            tuple(
                first + sum(c * i for c, i in zip(steps, place, strict=True))
                for first, steps in zip(start, own, strict=True)
            ),
        )
        for place in product(*(_iterations(other) for other in inner))
    ]


def _iterations(loop: scf.ForOp) -> range:
    lower, step = constant(loop.lb), constant(loop.step)
    trips = constant_trips(loop)
    assert lower is not None and step is not None and trips is not None
    return range(lower, lower + trips * step, step)


def _linear(value: SSAValue, loop: scf.ForOp) -> dict[SSAValue | None, int] | None:
    """``value`` as Σ coefficient · symbol + constant (key ``None``).

    Symbols are induction variables and what does not change within an iteration of ``loop``.
    """
    if (number := constant(value)) is not None:
        return {None: number}
    op = value.owner
    if (
        isinstance(value, BlockArgument)
        and isinstance(value.owner.parent_op(), scf.ForOp)
        and value.index == 0
    ):
        return {value: 1}
    if isinstance(op, arith.IndexCastOp | arith.ExtSIOp):
        return _linear(op.operands[0], loop)
    if isinstance(op, arith.AddiOp | arith.SubiOp) and not _wraps(op):
        return _sum(_linear(op.lhs, loop), _linear(op.rhs, loop), -1 if isinstance(op, arith.SubiOp) else 1)
    if isinstance(op, arith.MuliOp) and not _wraps(op):
        for factor, other in ((constant(op.rhs), op.lhs), (constant(op.lhs), op.rhs)):
            if factor is not None:
                return _sum({}, _linear(other, loop), factor)
    return None if defined_in(value, loop) else {value: 1}


def _wraps(op: arith.AddiOp | arith.SubiOp | arith.MuliOp) -> bool:
    """Unsigned arithmetic may wrap, after which the value is no linear form any more."""
    return "nsw" not in str(op.properties.get("overflowFlags", "")) and str(op.result.type) != "index"


def _sum(
    left: dict[SSAValue | None, int] | None, right: dict[SSAValue | None, int] | None, factor: int
) -> dict[SSAValue | None, int] | None:
    if left is None or right is None:
        return None
    result = dict(left)
    for symbol, coefficient in right.items():
        result[symbol] = result.get(symbol, 0) + factor * coefficient
    return {symbol: c for symbol, c in result.items() if c or symbol is None}
