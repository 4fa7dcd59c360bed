"""Loops: counted ones become ``scf.for``, all others ``scf.while``; locals that change are carried along."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pycparser import c_ast
from xdsl.dialects import arith, scf
from xdsl.ir import Block, Region, SSAValue

from ._counting import Counted, counted_loop
from ._effects import effects_of
from ._emitter import INDEX, Value, mlir_type
from ._scope import Alias, Local, locals_in
from ._structs import Structs


@dataclass(frozen=True)
class _Test:
    """The condition of a general loop and what runs between body and condition."""

    condition: c_ast.Node | None
    step: c_ast.Node | None = None


class Loops(Structs):
    """Lowers loops."""

    def statement(self, node: c_ast.Node | None) -> None:
        """Lower one statement."""
        raise NotImplementedError

    def _carried(self, *nodes: c_ast.Node | None) -> list[Local]:
        """Locals from outside that ``nodes`` assign, in order of appearance."""
        effects = effects_of(*nodes)
        behind = (n for n in effects.passed if isinstance(self.scope.find(n.partition(".")[0]), Alias))
        found = (self.symbol_at(path) for path in (*effects.assigned, *behind))
        return list(dict.fromkeys(local for symbol in found for local in locals_in(symbol)))

    # --- counted loops ---

    def for_loop(self, node: c_ast.For) -> None:
        """Lower a ``for``; the names of its initialisation are in the current scope."""
        self.statement(node.init) if isinstance(node.init, c_ast.DeclList) else self._effects(node.init)
        self.at(node)
        counted = counted_loop(self, node)
        if counted is None:
            self._general(_Test(node.cond, node.next), node.stmt, node)
        else:
            self._counted(counted, node)

    def _effects(self, node: c_ast.Node | None) -> None:
        if node is not None:
            self.effect(node)

    def _counted(self, loop: Counted, node: c_ast.For) -> None:
        line = self.line
        first, low, high = self._bounds(loop)
        step = self.index_constant(loop.step)
        carried = [v for v in self._carried(node.stmt) if v in self.state]
        initial = [self.ssa(self.state[v]) for v in carried]
        private = loop.variable.name in self.scope.symbols  # declared in the loop's own initialisation
        after = None if private else self._final(loop, first, low, high)
        body = Block(arg_types=[INDEX, *(v.type for v in initial)])
        outer = dict(self.state)
        with self.into(body), self.deeper(loops=1):
            self._enter(carried, body.args[1:])
            index: SSAValue = body.args[0]
            if not loop.up:
                index = self.add(arith.SubiOp(first, index)).result
            variable = self.from_index(index, loop.variable.dtype)
            self.name(variable, loop.variable.name)
            self.state[loop.variable] = variable
            self.statement(node.stmt)
            self.line = line
            self.add(scf.YieldOp(*(self.ssa(self.state[v]) for v in carried)))
        op = self.add(scf.ForOp(low, high, step, initial, Region([body])), located=True)
        self._leave(outer, carried, op.results)
        if after is None:
            self.state.pop(loop.variable, None)
        else:
            self.state[loop.variable] = after

    def _bounds(self, loop: Counted) -> tuple[SSAValue, SSAValue, SSAValue]:
        """First value of the variable, and bounds; the loop counts from 0 if the variable goes down."""
        constant = loop.first.const is not None and loop.bound.const is not None
        extra = int(loop.inclusive)
        if constant:
            first, bound = int(loop.first.const or 0), int(loop.bound.const or 0)
            start = self.index_constant(first)
            if loop.up:
                return start, start, self.index_constant(bound + extra)
            return start, self.index_constant(0), self.index_constant(first - bound + extra)
        start, bound_index = self.to_index(loop.first), self.to_index(loop.bound)
        low_index, high_index = (start, bound_index) if loop.up else (self.index_constant(0), bound_index)
        if not loop.up:
            high_index = self.add(arith.SubiOp(start, bound_index)).result
        if extra:
            high_index = self.add(arith.AddiOp(high_index, self.index_constant(1))).result
        return start, low_index, high_index

    def _final(self, loop: Counted, first: SSAValue, low: SSAValue, high: SSAValue) -> Value:
        """The variable's value after the loop."""
        dtype = loop.variable.dtype
        if loop.first.const is not None and loop.bound.const is not None:
            return Value(dtype, const=loop.final(int(loop.first.const), int(loop.bound.const)))
        step, zero = self.index_constant(loop.step), self.index_constant(0)
        span = self.add(arith.MaxSIOp(self.add(arith.SubiOp(high, low)).result, zero)).result
        if loop.step > 1:  # up to a whole number of steps
            span = self.add(arith.AddiOp(span, self.index_constant(loop.step - 1))).result
            span = self.add(
                arith.MuliOp(self.add(arith.DivSIOp(span, step), located=True).result, step)
            ).result
        last = self.add((arith.AddiOp if loop.up else arith.SubiOp)(first, span)).result
        return self.from_index(last, dtype)

    # --- general loops ---

    def while_loop(self, node: c_ast.While) -> None:
        """Lower a ``while``."""
        self._general(_Test(node.cond), node.stmt, node)

    def _general(self, test: _Test, stmt: c_ast.Node, node: c_ast.Node) -> None:
        assigned = self._carried(test.condition, stmt, test.step)

        def before() -> Value:
            return self._condition(test.condition, node)

        def after() -> None:
            self.statement(stmt)
            if test.step is not None:
                self.effect(test.step)

        self._while(assigned, before, after)

    def do_loop(self, node: c_ast.DoWhile) -> None:
        """Lower a ``do``: all of it runs before the test."""

        def before() -> Value:
            self.statement(node.stmt)
            return self._condition(node.cond, node)

        self._while(self._carried(node.stmt, node.cond), before, lambda: None)

    def _condition(self, condition: c_ast.Node | None, node: c_ast.Node) -> Value:
        value = None if condition is None else self.truth(self.value(condition))
        self.at(node)
        if value is None or value.const == 1:
            raise self.unsupported("a loop without end", "give the loop a condition that becomes false")
        return value

    def _while(self, assigned: list[Local], before: Callable[[], Value], after: Callable[[], None]) -> None:
        line = self.line
        carried = [v for v in assigned if v in self.state]
        initial = [self.ssa(self.state[v]) for v in carried]
        outer = dict(self.state)
        test = Block(arg_types=[v.type for v in initial])
        with self.into(test), self.deeper(loops=1):
            self._enter(carried, test.args)
            condition = self.ssa(before())
            passed = [v for v in assigned if v in self.state]  # the condition may have initialised more
            self.add(scf.ConditionOp(condition, *(self.ssa(self.state[v]) for v in passed)))
        body = Block(arg_types=[mlir_type(v.dtype) for v in passed])
        with self.into(body), self.deeper(loops=1):
            self._enter(passed, body.args)
            after()
            self.line = line
            self.add(scf.YieldOp(*(self.ssa(self.state[v]) for v in carried)))
        types = [mlir_type(v.dtype) for v in passed]
        op = self.add(scf.WhileOp(initial, types, Region([test]), Region([body])), located=True)
        self._leave(outer, passed, op.results)

    # --- state ---

    def _enter(self, carried: list[Local], arguments: tuple[SSAValue, ...]) -> None:
        for local, argument in zip(carried, arguments, strict=True):
            argument.name_hint = local.name.replace(".", "_")
            self.state[local] = Value(local.dtype, argument)

    def _leave(self, outer: dict[Local, Value], carried: list[Local], results: tuple[SSAValue, ...]) -> None:
        """After a loop: what was known before it, with the carried locals at their final values."""
        self.state = outer
        for local, result in zip(carried, results, strict=True):
            result.name_hint = local.name.replace(".", "_")
            self.state[local] = Value(local.dtype, result)
