"""Interchange and tiling of perfect nests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aicompiler.transformations.kernels._kernel import Kernel
from aicompiler.transformations.kernels.passes import Access, loop_name
from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Block, SSAValue

from ._draft import (
    Draft,
    available,
    binary,
    body_ops,
    clone_all,
    end,
    index_constant,
    is_pure,
    nested_loop,
    new_loop,
    replace_by,
)
from ._legality import Level, Path, Position, block_start, check


@dataclass(frozen=True)
class Interchange:
    """Run the loops of a perfect nest, ``loops`` in their present order, in the order ``order``.

    ``reassociate`` licenses another order of the terms of float reductions.
    """

    loops: tuple[str, ...]
    order: tuple[str, ...]
    reassociate: bool = False

    def apply(self, kernel: Kernel) -> Kernel:
        """The kernel with the nest reordered."""
        draft = Draft(kernel, self)
        if sorted(self.loops) != sorted(self.order) or len(set(self.loops)) != len(self.loops):
            draft.refuse(f"the order {self.order} is no permutation of the loops {self.loops}")
        band = _Band(draft, self.loops)
        levels = [(self.loops.index(name), 0) for name in self.order]
        return band.rebuild(levels, self.reassociate)


@dataclass(frozen=True)
class Tile:
    """Cut the loops of a perfect nest into blocks of ``sizes`` iterations (0: not cut).

    The loops over blocks, named ``NAME_tile``, are outermost; inside, the loops keep their order.
    ``reassociate`` licenses another order of the terms of float reductions.
    """

    loops: tuple[str, ...]
    sizes: tuple[int, ...]
    reassociate: bool = False

    def apply(self, kernel: Kernel) -> Kernel:
        """The kernel with the nest tiled."""
        draft = Draft(kernel, self)
        if len(self.loops) != len(self.sizes) or any(s < 0 for s in self.sizes):
            draft.refuse(f"sizes {self.sizes} do not fit the loops {self.loops}: one number from 0 a loop")
        band = _Band(draft, self.loops)
        tiles = [(k, size) for k, size in enumerate(self.sizes) if size]
        return band.rebuild([*tiles, *((k, 0) for k in range(len(self.loops)))], self.reassociate)


class _Band:
    """The loops of a perfect nest, outermost first."""

    def __init__(self, draft: Draft, names: Sequence[str]) -> None:
        self.draft = draft
        if not names:
            draft.refuse("no loops are given")
        self.loops = [draft.loop(names[0])]
        for name in names[1:]:
            inner = nested_loop(self.loops[-1])
            if inner is None or loop_name(inner) != name:
                draft.refuse(
                    f"{name} and {loop_name(self.loops[-1])} are not nested perfectly",
                    self.loops[-1],
                    "distribute the outer loop first",
                )
            self.loops.append(inner)
        for loop in self.loops:
            draft.without_values(loop)
        self.steps = [draft.step(loop) for loop in self.loops]

    def rebuild(self, levels: list[tuple[int, int]], reassociate: bool) -> Kernel:
        """New loops: for each level the loop it stands for and the size of its blocks (0: single steps)."""
        check(self.draft, [self.loops[0]], lambda a, p: self._retime(a, p, levels), reassociate)
        scratch = Block()
        self._level(levels, 0, scratch, {}, {})
        replace_by(self.loops[0], scratch)
        return self.draft.finish()

    def _retime(self, access: Access, path: Path, levels: list[tuple[int, int]]) -> list[Level]:
        rest = path[2 * len(self.loops) :]
        order: list[Level] = [
            block_start(self.draft, access, self.loops[k], size * self.steps[k]) if size else self.loops[k]
            for k, size in levels
        ]
        return [path[0], *order, *rest]

    def _level(
        self,
        levels: list[tuple[int, int]],
        depth: int,
        into: Block,
        given: dict[SSAValue, SSAValue],
        tiles: dict[int, SSAValue],
    ) -> None:
        if depth == len(levels):
            self._body(into, given)
            return
        k, size = levels[depth]
        loop = self.loops[k]
        low, high = (self._bound(v, loop, given, into) for v in (loop.lb, loop.ub))
        name = self.draft.fresh(f"{loop_name(loop)}_tile") if size else StringAttr(loop_name(loop))
        step = self.steps[k]
        if k in tiles:
            tile_size = next(s for j, s in levels if j == k and s) * step
            last = binary(into, arith.AddiOp, tiles[k], index_constant(into, tile_size))
            low, high = tiles[k], binary(into, arith.MinSIOp, last, high)
        made = new_loop((low, high, index_constant(into, step * max(size, 1))), name, loop)
        into.add_op(made)
        counter = made.body.block.args[0]
        if size:
            self._level(levels, depth + 1, made.body.block, given, {**tiles, k: counter})
        else:
            inside = {**given, loop.body.block.args[0]: counter}
            self._level(levels, depth + 1, made.body.block, inside, tiles)
        end(made)

    def _bound(
        self, value: SSAValue, loop: scf.ForOp, given: dict[SSAValue, SSAValue], into: Block
    ) -> SSAValue:
        try:
            return available(value, self.loops[0], given, into)
        except KeyError:
            self.draft.refuse(
                f"the bounds of {loop_name(loop)} depend on a loop that would be inside of it", loop
            )

    def _body(self, into: Block, given: dict[SSAValue, SSAValue]) -> None:
        mapping = dict(given)
        for loop in self.loops[:-1]:
            clone_all([op for op in body_ops(loop) if is_pure(op)], into, mapping)
        clone_all(body_ops(self.loops[-1]), into, mapping)


def leaf_position(path: Path) -> int:
    """Where a path first stands at something that is no loop: what is there is moved as a whole."""
    for number, level in enumerate(path):
        if isinstance(level, Position) and not isinstance(level.op, scf.ForOp):
            return number
    raise AssertionError("a path ends at a load or store")
