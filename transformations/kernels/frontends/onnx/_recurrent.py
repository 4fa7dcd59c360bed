"""RNN, GRU and LSTM with their default activations, forwards, backwards or both; one sequence at a time.

The equations are those of the ONNX operators; gates are in the order i, o, f, c (LSTM) and z, r, h (GRU).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from xdsl.ir import SSAValue

from ._builder import Body, Index, View
from ._graph import Node
from ._program import Program
from ._scalars import Scalar
from ._types import TensorType

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
_WAYS = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}
_DEFAULTS = {"RNN": ("Tanh",), "GRU": ("Sigmoid", "Tanh"), "LSTM": ("Sigmoid", "Tanh", "Tanh")}


@dataclass(frozen=True)
class _Cell:
    """What one direction of a layer is."""

    op: str
    direction: int
    backwards: bool
    hidden: int
    after: bool  # GRU: the reset gate acts on the product with the recurrence weights
    every: bool  # whether the results of all steps are wanted


def recurrent(program: Program, node: Node) -> None:
    """One layer: a function for each direction, which writes its part of the results."""
    _refuse(program, node)
    backwards = _WAYS[node.attributes.get("direction", "forward")]
    x, w, r = (program.view(n) for n in node.inputs[:3])
    hidden = r.shape[2]
    bias = _or_zeros(program, node, 3, (len(backwards), 2 * GATES[node.op] * hidden), x)
    start = [_or_zeros(program, node, 5, (len(backwards), 1, hidden), x)]
    if node.op == "LSTM":
        start.append(_or_zeros(program, node, 6, (len(backwards), 1, hidden), x))
    results = _results(program, node, x, len(backwards), hidden)
    for direction, back in enumerate(backwards):
        after = bool(node.attributes.get("linear_before_reset", 0))
        cell = _Cell(node.op, direction, back, hidden, after, bool(node.outputs[0]))
        known = {"direction": direction, "backwards": back, "after": after, "every": cell.every}
        outer = [x, w, r, bias, *start, *results[:-1]]

        def write(b: Body, given: list[View], last: View, cell: _Cell = cell) -> None:
            _write(b, cell, [*given, last])

        program.call(node.op.lower(), outer, results[-1], write, known)


def _refuse(program: Program, node: Node) -> None:
    """Refuse what is not written: other activations, clipping, peepholes, lengths, several sequences."""
    a, no = node.attributes, program.no
    if a.get("direction", "forward") not in _WAYS:
        raise no.unsupported(
            f"{node.title} in the direction {a['direction'][:40]!r}", f"use one of {[*_WAYS]}"
        )
    activations = tuple(a.get("activations", ()))
    repeated = _DEFAULTS[node.op] * (2 if a.get("direction") == "bidirectional" else 1)
    if activations and tuple(n.lower() for n in activations) != tuple(n.lower() for n in repeated):
        raise no.unsupported(f"{node.title} with the activations {list(activations)}", "use the default ones")
    for name, what in (("clip", "clipping"), ("layout", "the layout 1"), ("input_forget", "coupled gates")):
        if a.get(name, 0):
            raise no.unsupported(f"{node.title} with {what}", f"export it without the attribute {name}")
    if node.has(4) or node.has(7):
        what = "sequence lengths" if node.has(4) else "peepholes"
        raise no.unsupported(f"{node.title} with {what}", "leave that input out")
    if program.view(node.inputs[0]).shape[1] != 1:
        raise no.unsupported(f"{node.title} on several sequences", "export the network with a batch of 1")


def _or_zeros(program: Program, node: Node, place: int, shape: tuple[int, ...], like: View) -> View:
    if node.has(place):
        return program.view(node.inputs[place])
    import numpy as np
    from aicompiler.transformations.kernels._binding import numpy_type

    return program.constant(node.name, np.zeros(shape, numpy_type(like.dtype)))


def _results(program: Program, node: Node, x: View, directions: int, hidden: int) -> list[View]:
    """Y if it is named, Y_h and for LSTM Y_c, which hold the state also where they are not named."""
    shapes = [(x.shape[0], directions, 1, hidden), (directions, 1, hidden), (directions, 1, hidden)]
    views = []
    for place, shape in enumerate(shapes[: 3 if node.op == "LSTM" else 2]):
        named = place < len(node.outputs) and node.outputs[place]
        type_ = TensorType(x.dtype, shape)
        if named or place:
            views.append(program.output(node, place) if named else program.temporary(type_, "last"))
    return views


def _write(b: Body, cell: _Cell, views: list[View]) -> None:
    """All steps of one direction; Y_h and Y_c hold the state while it runs."""
    lstm = cell.op == "LSTM"
    x, w, r, bias, *rest = views
    count = 2 if lstm else 1
    start, y, state = rest[:count], rest[count:-count], rest[-count:]
    steps, size, d = x.shape[0], cell.hidden, cell.direction
    for first, held in zip(start, state, strict=True):
        b.nest([size], lambda k, f=first, h=held: b.store(h, [d, 0, *k], b.load(f, [d, 0, *k])))  # type: ignore[misc]
    gates = b.local("gates", TensorType(x.dtype, (GATES[cell.op] * size,)))
    candidates = b.local("candidates", TensorType(x.dtype, (size,)))
    step = _Step(b, cell, x, w, r, bias, state, gates, candidates)

    def at(place: list[Index]) -> None:
        t = place[0]
        if cell.backwards and not isinstance(t, int):
            t = b.plus(b.times(t, -1), steps - 1)
        {"RNN": step.rnn, "GRU": step.gru, "LSTM": step.lstm}[cell.op](t)
        for every in y:
            b.nest([size], lambda k, y=every: b.store(y, [t, d, 0, *k], b.load(state[0], [d, 0, *k])))  # type: ignore[misc]

    b.nest([steps], at)


class _Step:
    """The equations of one step."""

    def __init__(self, b: Body, cell: _Cell, x: View, w: View, r: View, bias: View, *memory: Any) -> None:
        self.b, self.cell, self.x, self.w, self.r, self.bias = b, cell, x, w, r, bias
        self.state, self.gates, self.candidates = memory
        self.s = Scalar(b, x.dtype)
        self.size, self.d = cell.hidden, cell.direction

    def old(self, k: Index, which: int = 0) -> SSAValue:
        """An element of the state."""
        return self.b.load(self.state[which], [self.d, 0, k])

    def _bias(self, row: Index, recurrence: bool) -> SSAValue:
        offset = GATES[self.cell.op] * self.size if recurrence else 0
        return self.b.load(self.bias, [self.d, self.b.plus(row, offset)])

    def from_input(self, start: SSAValue, row: Index, t: Index) -> SSAValue:
        """``start`` plus a row of W times the input."""
        b, s = self.b, self.s

        def term(i: list[Index], total: list[SSAValue]) -> list[SSAValue]:
            return [s.add(total[0], s.mul(b.load(self.w, [self.d, row, *i]), b.load(self.x, [t, 0, *i])))]

        return b.reduce([self.x.shape[2]], [start], term)[0]

    def from_state(self, start: SSAValue, row: Index) -> SSAValue:
        """``start`` plus a row of R times the state."""
        b, s = self.b, self.s

        def term(k: list[Index], total: list[SSAValue]) -> list[SSAValue]:
            return [s.add(total[0], s.mul(b.load(self.r, [self.d, row, *k]), self.old(k[0])))]

        return b.reduce([self.size], [start], term)[0]

    def both(self, rows: int, t: Index) -> None:
        """The sums of the first ``rows`` gates."""
        b, s = self.b, self.s

        def row(at: list[Index]) -> None:
            start = s.add(self._bias(at[0], False), self._bias(at[0], True))
            b.store(self.gates, at, self.from_state(self.from_input(start, at[0], t), at[0]))

        b.nest([rows * self.size], row)

    def gate(self, number: int, k: Index) -> SSAValue:
        """The sum of a gate."""
        return self.b.load(self.gates, [self.b.plus(k, number * self.size)])

    def rnn(self, t: Index) -> None:
        """``h = tanh(W x + R h + b)``."""
        b, s = self.b, self.s
        self.both(1, t)
        b.nest([self.size], lambda k: b.store(self.state[0], [self.d, 0, *k], s.tanh(self.gate(0, k[0]))))

    def lstm(self, t: Index) -> None:
        """``c = f c + i g``, ``h = o tanh(c)``."""
        b, s = self.b, self.s
        self.both(4, t)

        def unit(at: list[Index]) -> None:
            k = at[0]
            i, o, f = (s.sigmoid(self.gate(n, k)) for n in range(3))
            cell = s.add(s.mul(f, self.old(k, 1)), s.mul(i, s.tanh(self.gate(3, k))))
            b.store(self.state[1], [self.d, 0, k], cell)
            b.store(self.state[0], [self.d, 0, k], s.mul(o, s.tanh(cell)))

        b.nest([self.size], unit)

    def gru(self, t: Index) -> None:
        """``h = (1 - z) n + z h`` with ``n`` from the input and the state that ``r`` lets pass."""
        b, s = self.b, self.s
        self.both(2, t)

        def candidate(at: list[Index]) -> None:
            k = at[0]
            row = b.plus(k, 2 * self.size)
            if self.cell.after:
                passed = s.mul(s.sigmoid(self.gate(1, k)), self.from_state(self._bias(row, True), row))
                total = s.add(self.from_input(self._bias(row, False), row, t), passed)
            else:
                start = s.add(self._bias(row, False), self._bias(row, True))
                total = self._from_passed(self.from_input(start, row, t), row)
            b.store(self.candidates, at, s.tanh(total))

        def unit(at: list[Index]) -> None:
            z = s.sigmoid(self.gate(0, at[0]))
            fresh = s.mul(s.sub(s.constant(1), z), b.load(self.candidates, at))
            b.store(self.state[0], [self.d, 0, *at], s.add(fresh, s.mul(z, self.old(at[0]))))

        b.nest([self.size], candidate)
        b.nest([self.size], unit)

    def _from_passed(self, start: SSAValue, row: Index) -> SSAValue:
        b, s = self.b, self.s

        def term(k: list[Index], total: list[SSAValue]) -> list[SSAValue]:
            passed = s.mul(s.sigmoid(self.gate(1, k[0])), self.old(k[0]))
            return [s.add(total[0], s.mul(b.load(self.r, [self.d, row, *k]), passed))]

        return b.reduce([self.size], [start], term)[0]
