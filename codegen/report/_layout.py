"""Layered layout of a directed graph in horizontal bands: columns follow the data flow, bands are given.

Four steps after Sugiyama, Tagawa and Toda (1981): turn the edges that close a cycle, make the length of the
longest path to a node its column, put a track into every column that an edge passes, and order each
column by the mean position of the neighbours.  Integer coordinates, no randomness.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import networkx as nx

BOX_WIDTH = 128
GAP = 104
MARGIN = 16
HEADER = 26
_BOX_HEIGHT = 44
_PORT_PITCH = 15
_TRACK = 10
_SPACE = 14
_TURN = 30
_SWEEPS = 4


@dataclass(frozen=True)
class Node:
    """A node and the band it belongs to."""

    id: str
    band: int


@dataclass
class _Cell:
    """A box, or the track of one edge, in one column of one band."""

    band: int
    column: int
    height: int
    edge: int = -1  # -1: a box
    before: list[_Cell] = field(default_factory=list)
    after: list[_Cell] = field(default_factory=list)
    y: int = 0

    @property
    def middle(self) -> int:
        return self.y + self.height // 2


@dataclass(frozen=True)
class Box:
    """Where a node is drawn."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Layout:
    """Boxes by node id, one path and one arrow tip for each edge, top and height of each band."""

    boxes: dict[str, Box]
    paths: tuple[str, ...]
    tips: tuple[tuple[int, int], ...]
    bands: tuple[tuple[int, int], ...]
    width: int
    height: int


def layered(nodes: Sequence[Node], edges: Sequence[tuple[str, str]], bands: int) -> Layout:
    """Lay out ``nodes`` and ``edges`` (pairs of node ids) in ``bands`` horizontal bands."""
    columns = _columns(nodes, edges)
    outputs, inputs = Counter(s for s, _ in edges), Counter(t for _, t in edges)
    boxes = {}
    for node in nodes:
        ports = max(inputs[node.id], outputs[node.id])
        boxes[node.id] = _Cell(node.band, columns[node.id], max(_BOX_HEIGHT, _PORT_PITCH * (ports + 1)))
    chains = [_chain(boxes[s], boxes[t], n) for n, (s, t) in enumerate(edges)]
    cells = [*boxes.values(), *(c for chain in chains for c in chain[1:-1])]
    spans = _place(cells, bands)
    width = _left(max(columns.values(), default=0)) + BOX_WIDTH + _TURN + 2 * MARGIN
    paths, tips = _routes(chains)
    drawn = {i: Box(_left(c.column), c.y, BOX_WIDTH, c.height) for i, c in boxes.items()}
    height = spans[-1][0] + spans[-1][1] + MARGIN if spans else 2 * MARGIN
    return Layout(drawn, paths, tips, spans, width, height)


def _columns(nodes: Sequence[Node], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    entered = {t for s, t in edges if s != t}
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(n.id for n in sorted(nodes, key=lambda n: n.id in entered))
    graph.add_edges_from(edges)
    order = {n: i for i, n in enumerate(reversed(list(nx.dfs_postorder_nodes(graph))))}
    # In reverse postorder exactly the edges that close a cycle point backwards.
    graph.remove_edges_from([(s, t) for s, t in graph.edges if order[t] <= order[s]])
    return {n: column for column, group in enumerate(nx.topological_generations(graph)) for n in group}


def _chain(source: _Cell, target: _Cell, edge: int) -> list[_Cell]:
    forward = source.column < target.column
    between = (
        range(source.column + 1, target.column)
        if forward
        else range(source.column, target.column - 1, -1)  # turns round in its own column and runs back
    )
    chain = [source, *(_Cell(source.band, c, _TRACK, edge) for c in between), target]
    if forward:
        for a, b in pairwise(chain):
            a.after.append(b)
            b.before.append(a)
    return chain


def _place(cells: Sequence[_Cell], bands: int) -> tuple[tuple[int, int], ...]:
    """Order the cells of each column and band, set their ``y``; top and height of the bands."""
    stacks: dict[tuple[int, int], list[_Cell]] = defaultdict(list)
    for cell in cells:
        stacks[cell.column, cell.band].append(cell)
    spans = _stack(stacks, bands)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for key in sorted(stacks, reverse=not down):
            stacks[key].sort(key=lambda c: (_pull(c, down), c.edge))
        spans = _stack(stacks, bands)
    return spans


def _pull(cell: _Cell, down: bool) -> int:
    neighbours = (cell.before if down else cell.after) or [cell]
    return sum(n.middle for n in neighbours) // len(neighbours)


def _stack(stacks: dict[tuple[int, int], list[_Cell]], bands: int) -> tuple[tuple[int, int], ...]:
    heights = {key: sum(c.height for c in s) + _SPACE * (len(s) - 1) for key, s in stacks.items()}
    tallest = [max((h for (_, band), h in heights.items() if band == b), default=0) for b in range(bands)]
    spans, top = [], MARGIN
    for band in range(bands):
        inner = tallest[band] + 2 * _SPACE if tallest[band] else 0
        spans.append((top, HEADER + inner))
        top += HEADER + inner + 10
    for (_, band), stack in stacks.items():
        y = spans[band][0] + HEADER + _SPACE + (tallest[band] - heights[_, band]) // 2
        for cell in stack:
            cell.y = y
            y += cell.height + _SPACE
    return tuple(spans)


def _left(column: int) -> int:
    return 2 * MARGIN + _TURN + column * (BOX_WIDTH + GAP)


def _routes(chains: Sequence[list[_Cell]]) -> tuple[tuple[str, ...], tuple[tuple[int, int], ...]]:
    leaves = _spread([(chain[0], chain[1].middle) for chain in chains])
    enters = _spread([(chain[-1], chain[-2].middle) for chain in chains])
    paths, tips = [], []
    for chain, start, end in zip(chains, leaves, enters, strict=True):
        tips.append((_left(chain[-1].column), end))
        paths.append(_path(chain, start, end))
    return tuple(paths), tuple(tips)


def _spread(ends: Sequence[tuple[_Cell, int]]) -> list[int]:
    """Heights at which edges touch their boxes: evenly spread, in the order of their other ends."""
    touching: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for n, (cell, other) in enumerate(ends):
        touching[id(cell)].append((other, n))
    heights = [0] * len(ends)
    for group in touching.values():
        for place, (_, n) in enumerate(sorted(group), start=1):
            cell = ends[n][0]
            heights[n] = cell.y + cell.height * place // (len(group) + 1)
    return heights


def _path(chain: Sequence[_Cell], start: int, end: int) -> str:
    x, y = _left(chain[0].column) + BOX_WIDTH, start
    parts = [f"M{x} {y}"]
    for cell in chain[1:-1]:
        left, right = _left(cell.column), _left(cell.column) + BOX_WIDTH
        near, far = (left, right) if x < left else (right, left)
        parts.append(_curve(x, y, near, cell.middle))
        parts.append(f"L{far} {cell.middle}")
        x, y = far, cell.middle
    parts.append(_curve(x, y, _left(chain[-1].column), end))
    return "".join(parts)


def _curve(x1: int, y1: int, x2: int, y2: int) -> str:
    """A cubic with horizontal ends; between two points of one side of a column it makes a turn."""
    if x1 == x2:
        bend = _TURN if (x1 - _left(0)) % (BOX_WIDTH + GAP) else -_TURN
        return f"C{x1 + bend} {y1} {x2 + bend} {y2} {x2} {y2}"
    middle = (x1 + x2) // 2
    return f"C{middle} {y1} {middle} {y2} {x2} {y2}"
