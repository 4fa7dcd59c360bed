"""The default schedule of a kernel on a CPU: rules that know loops, strides and the sizes of a core.

The rules are described in docs/reference/schedules.md.  Each proposal is proved like any other
transformation; what is refused is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aicompiler.metamodels.system import Unit, UnitKind
from aicompiler.transformations.kernels._kernel import Kernel
from aicompiler.transformations.kernels.passes import (
    LANES,
    array_name,
    constant_trips,
    element_bits,
    entry_function,
    inline,
    loop_name,
    loops_in,
    surrounding_loops,
)
from xdsl.dialects import scf

from ._cleanup import Cse
from ._draft import body_ops, is_pure, nested_loop
from ._errors import IllegalTransformation, InapplicableTransformation
from ._fusion import Distribute, Fuse
from ._packing import Pack
from ._registers import ScalarReplace
from ._reorder import Interchange, Tile
from ._script import Transformation
from ._shapes import (
    Use,
    accumulates,
    band_of,
    bytes_of,
    in_place,
    inner_of,
    is_sweep,
    neighbours,
    reuses,
    straight,
    uses_in,
)
from ._splitting import IndexSetSplit, Skew
from ._unroll import Unroll, UnrollAndJam
from ._vectorize import Parallelize, Vectorize


@dataclass(frozen=True)
class Core:
    """What the rules want to know of a core; sizes in bytes.  The defaults suit AVX2 and newer."""

    vector_bytes: int = 32
    registers: int = 16
    l2_bytes: int = 512 * 1024


SMALL_TRIPS, SMALL_COPIES = 8, 32
"""Innermost loops with at most so many iterations, and nests with so many, are unrolled away."""
DEPTH_OF_PANEL = 256
"""Iterations of a reduction between two visits of the elements that it adds to."""
ROWS_OF_STREAM = 4
"""Rows of a matrix that is read once are read side by side, as many."""
ROWS_OF_TRIANGLE = 4
"""Rows side by side where their lengths differ: each has a head and a tail of its own."""
LEAST_TRIPS = 24
"""Loops with fewer iterations are not worth a schedule."""


def cpu_schedule(
    kernel: Kernel, unit: Unit | None = None, core: Core | None = None
) -> tuple[Transformation, ...]:
    """The default schedule of ``kernel`` for a core of ``unit``; empty where no rule pays.

    The result never depends on a licence to reassociate.  ``core`` says more of the unit than the model can.
    """
    if unit is not None and unit.kind is not UnitKind.CPU:
        return ()
    planner = _Planner(kernel, core or Core())
    planner.plan()
    return tuple(planner.steps)


class _Planner:
    def __init__(self, kernel: Kernel, core: Core) -> None:
        self.kernel = inline(kernel)
        self.core = core
        self.steps: list[Transformation] = []
        self._left: dict[str, list[str]] = {}  # of a jammed loop, the loops of what is left over

    # --- the kernel as it is now ---

    def loops(self) -> list[scf.ForOp]:
        return list(loops_in(entry_function(self.kernel)))

    def loop(self, name: str) -> scf.ForOp | None:
        return next((loop for loop in self.loops() if loop_name(loop) == name), None)

    def attempt(self, step: Transformation) -> bool:
        """Take a step if it is legal."""
        try:
            self.kernel = step.apply(self.kernel)
        except (IllegalTransformation, InapplicableTransformation):
            return False
        self.steps.append(step)
        return True

    def fresh_loops(self, step: Transformation) -> list[str]:
        """Take a step; the names of the loops that it made."""
        before = {loop_name(loop) for loop in self.loops()}
        if not self.attempt(step):
            return []
        return [name for loop in self.loops() if (name := loop_name(loop)) not in before]

    # --- rules ---

    def plan(self) -> None:
        """All rules, in order."""
        self._unroll_small()
        self._fuse_sweeps()
        self._distribute()
        for name in [loop_name(loop) for loop in self.loops() if not surrounding_loops(loop)]:
            self._nest(name)
        self._registers()
        self._skew_sweeps()
        self._free_inner_loops()

    def _unroll_small(self) -> None:
        """Short innermost loops go, so that the loop around them is the innermost."""
        found = True
        while found:
            found = False
            for loop in self.loops():
                trips = constant_trips(loop)
                inner = not any(isinstance(op, scf.ForOp | scf.WhileOp) for op in body_ops(loop))
                around = surrounding_loops(loop)
                if not inner or trips is None or trips > SMALL_TRIPS or not around:
                    continue
                if len([op for op in loop.walk() if not is_pure(op)]) * trips > 8 * SMALL_COPIES:
                    continue
                if self.attempt(Unroll(loop_name(loop))):
                    found = True
                    break

    def _fuse_sweeps(self) -> None:
        """Sweeps over the same arrays that follow each other touch each row once instead of once a sweep."""
        again = True
        while again:
            again = False
            for first, second in neighbours(self.loops()):
                if not self._worth_fusing(first, second):
                    continue
                names = loop_name(first), loop_name(second)
                if any(self.attempt(Fuse(*names, shift)) for shift in range(3)):
                    again = True
                    break

    def _worth_fusing(self, first: scf.ForOp, second: scf.ForOp) -> bool:
        uses = [list(uses_in(loop)) for loop in (first, second)]
        shared = {u.array for u in uses[0]} & {u.array for u in uses[1]}
        size = sum(bytes_of(array) for array in {u.array for group in uses for u in group})
        sweeps = all(is_sweep(loop) for loop in (first, second))
        long = all((constant_trips(loop) or 0) >= LEAST_TRIPS for loop in (first, second))
        return bool(shared) and sweeps and long and size > self.core.l2_bytes

    def _distribute(self) -> None:
        """Nests that reuse what they read get loops of their own."""
        done: set[str] = set()
        while True:
            todo = [loop for loop in self.loops() if loop_name(loop) not in done and reuses(loop)]
            if not todo:
                return
            name = loop_name(todo[-1])  # inner loops first: what they become can then be moved out
            done.add(name)
            done.update(self.fresh_loops(Distribute(name)))

    def _nest(self, name: str) -> None:
        """The rules for one nest, from outside in."""
        loop = self.loop(name)
        if loop is None:
            return
        band = band_of(loop)
        if not straight(band[-1]) and len(band) > 1:
            for inner in inner_of(band[-1]):
                self._nest(loop_name(inner))
            return
        if straight(band[-1]) and self._reduction(band):
            return
        children = inner_of(loop)
        if children and all(straight(child) for child in children) and self._dots(loop, children):
            return
        for child in children:
            self._nest(loop_name(child))

    # --- reductions over a dimension that the result does not have ---

    def _reduction(self, band: list[scf.ForOp]) -> bool:
        """Order, blocks, lanes and registers for ``c[i][j] += a[…] * b[…]`` and its relatives."""
        uses = list(uses_in(band[-1]))
        stores = [u for u in uses if u.is_write]
        counters = [loop.body.block.args[0] for loop in band]
        if (
            len(stores) != 1
            or len(band) < 2
            or any((constant_trips(b) or 99) < LEAST_TRIPS for b in band[-2:])
        ):
            return False
        sums = [b for b, c in zip(band, counters, strict=True) if stores[0].stride(c) == "none"]
        lanes = [b for b, c in zip(band, counters, strict=True) if stores[0].stride(c) == "unit"]
        if len(sums) != 1 or len(lanes) != 1 or (lanes[0] is band[0] and len(band) > 3):
            return False
        size = sum(bytes_of(array) for array in {u.array for u in uses})
        if len(band) == 2 and size > self.core.l2_bytes:
            return self._stream(band, lanes[0], sums[0], uses)
        self._pack(band, lanes[0], uses)
        return self._panels([loop_name(b) for b in band], loop_name(lanes[0]), loop_name(sums[0]))

    def _pack(self, band: list[scf.ForOp], lanes: scf.ForOp, uses: Sequence[Use]) -> None:
        """Transpose matrices whose rows the lanes would cross."""
        counter = lanes.body.block.args[0]
        outermost = loop_name(band[0])
        for use in uses:
            if use.stride(counter) == "far" and len(use.sums) == 2 and use.sums[0].factor(counter) == 1:
                rest = [u for u in uses if u.array is use.array and u is not use]
                if all(u.stride(counter) == "none" for u in rest):
                    self.attempt(Pack(outermost, array_name(self.kernel, use.array), (1, 0)))

    def _panels(self, names: list[str], lanes: str, total: str) -> bool:
        others = [n for n in names if n not in (lanes, total)]
        orders = [[lanes, *others, total], [*others, lanes, total]]
        order = next((o for o in orders if self._ordered(names, o)), None)
        if order is None:
            return False
        trips = constant_trips(self._known(total)) or DEPTH_OF_PANEL + 1
        if trips > DEPTH_OF_PANEL and len(order) > 2:
            self.attempt(Tile(tuple(order), tuple(DEPTH_OF_PANEL if n == total else 0 for n in order)))
        width = self._lanes_of(total)
        if order[0] == lanes:
            for strip in self._strips(lanes, width):
                self._rows(strip, len(order) > 2)
        else:
            row = order[-3]
            self._jam(row, min(ROWS_OF_TRIANGLE, self._row_count(row)))
            for strip in self._strips(lanes, width):
                self._jam(strip, 2)
        return True

    def _known(self, name: str) -> scf.ForOp:
        loop = self.loop(name)
        assert loop is not None
        return loop

    def _ordered(self, names: list[str], order: list[str]) -> bool:
        return names == order or self.attempt(Interchange(tuple(names), tuple(order)))

    def _lanes_of(self, name: str) -> int:
        loop = self._known(name)
        bits = max((element_bits(u.array) for u in uses_in(loop) if u.is_write), default=64)
        return max(2, self.core.vector_bytes * 8 // bits)

    def _strips(self, name: str, width: int) -> list[str]:
        """The loop in lanes; what is left over in fewer lanes.  The names of the loops over lanes."""
        found = []
        for _ in range(2):
            made = self.fresh_loops(Vectorize(name, width))
            if made:
                found.append(name)
                left = [n for n in made if n == f"{name}_rest"]
                if not left:
                    return found
                name = left[0]
            if width < 4 or constant_trips(self._known(name)) is None:
                return found
            width //= 2
        return found

    def _row_count(self, name: str, columns: int = 2) -> int:
        """Rows for which accumulators fit in the registers, and few rows are left over."""
        most = max(2, (self.core.registers - columns - 2) // columns)
        trips = constant_trips(self._known(name))
        if trips is None:
            return min(most, 8)
        return max(range(most // 2, most + 1), key=lambda rows: (-(trips % rows), rows))

    def _rows(self, strip: str, deep: bool) -> None:
        """Registers for a strip of columns: two vectors wide, several rows high."""
        self._jam(strip, 2 if deep else 4)
        if not deep:
            return
        for column in [n for n in self._names() if n == strip or n in self._left.get(strip, ())]:
            inner = nested_loop(self._known(column))
            if inner is not None and LANES not in inner.attributes:
                self._jam(loop_name(inner), self._row_count(loop_name(inner)))

    def _names(self) -> list[str]:
        return [loop_name(loop) for loop in self.loops()]

    def _jam(self, name: str, rows: int) -> bool:
        """Several iterations side by side, unless there are not as many."""
        trips = constant_trips(self._known(name))
        if rows < 2 or (trips is not None and trips < rows):
            return False
        before = len(self.steps)
        made = self.fresh_loops(UnrollAndJam(name, rows))
        self._left[name] = [n for n in made if n.startswith(f"{name}_rest")]
        return len(self.steps) > before and self.attempt(Cse())

    def _registers(self) -> None:
        """Accumulators of innermost loops."""
        for loop in self.loops():
            if LANES in loop.attributes or not accumulates(loop):
                continue
            self.attempt(ScalarReplace(loop_name(loop)))

    # --- matrices that are read once ---

    def _stream(self, band: list[scf.ForOp], lanes: scf.ForOp, total: scf.ForOp, uses: Sequence[Use]) -> bool:
        """Rows in their order in memory, several at a time."""
        counter = lanes.body.block.args[0]
        names = [loop_name(b) for b in band]
        if all(u.stride(counter) != "far" for u in uses):
            order = [loop_name(total), loop_name(lanes)]
            return self._ordered(names, order) and self._jam(order[0], ROWS_OF_STREAM)
        return self._jam(names[0], ROWS_OF_STREAM)

    def _dots(self, loop: scf.ForOp, inner: Sequence[scf.ForOp]) -> bool:
        """A loop around sums: several sums at a time, each in a register of its own."""
        if not any(accumulates(child) for child in inner) or (constant_trips(loop) or 99) < LEAST_TRIPS:
            return False
        return self._jam(loop_name(loop), ROWS_OF_STREAM)

    # --- sweeps in place ---

    def _skew_sweeps(self) -> None:
        """Rows of a sweep whose points wait for each other run side by side, each some points behind."""
        for loop in self.loops():
            inner = nested_loop(loop)
            if inner is None or not straight(inner) or not is_sweep(loop) or accumulates(inner):
                continue
            names = loop_name(loop), loop_name(inner)
            if not in_place(inner) or self._legal(Parallelize(names[1])):
                continue
            for factor in (1, 2, 3):
                if self._legal_after(Skew(*names, factor), UnrollAndJam(names[0], ROWS_OF_STREAM)):
                    self.attempt(Skew(*names, factor))
                    self.attempt(UnrollAndJam(names[0], ROWS_OF_STREAM))
                    break

    def _legal(self, step: Transformation) -> bool:
        return self._legal_after(step)

    def _legal_after(self, *steps: Transformation) -> bool:
        kernel = self.kernel
        try:
            for step in steps:
                kernel = step.apply(kernel)
        except (IllegalTransformation, InapplicableTransformation):
            return False
        return True

    def _free_inner_loops(self) -> None:
        """Innermost loops that write an array which they also read elsewhere: say that it is no matter."""
        for name in [
            loop_name(b) for b in self.loops() if not inner_of(b) and in_place(b) and not b.iter_args
        ]:
            loop = self._known(name)
            if LANES in loop.attributes or accumulates(loop) or self.attempt(Parallelize(name)):
                continue
            for outer in surrounding_loops(loop)[:-1]:
                split = IndexSetSplit(name, loop_name(outer), 0, True)
                if self._legal_after(split, Parallelize(name), Parallelize(f"{name}_from")):
                    for step in (split, Parallelize(name), Parallelize(f"{name}_from")):
                        self.attempt(step)
                    break
