"""``break``, ``continue`` and returns from loops, written with flags: after this, only structure is left.

A jump becomes an assignment to a flag; what it skips becomes the other side of its ``if``, or is guarded by
the flag; loops test the flags that end them.  The flags have names that no identifier can have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pycparser import c_ast

from ._emitter import Emitter

_JUMPS = (c_ast.Break, c_ast.Continue)
_LOOPS = (c_ast.For, c_ast.While, c_ast.DoWhile)
DONE, RESULT = "done.", "result."


@dataclass
class _Frame:
    """A loop or switch around a statement: the flags of its jumps, and the assignments to each."""

    stop: str = ""
    skip: str = ""
    outer: _Frame | None = None
    made: dict[str, list[c_ast.Compound]] = field(default_factory=dict)


def structured(
    ctx: Emitter, items: Sequence[c_ast.Node], result: c_ast.Node | None, regular: bool
) -> list[c_ast.Node]:
    """The statements of a function without jumps; returns stay as they are if they are ``regular``.

    ``result`` is the type of the function's result, ``None`` without one.
    """
    if not any(_jumps(item, not regular) for item in items):
        return list(items)
    work = _Jumps(ctx, returns=not regular, has_result=result is not None)
    body, _ = work.sequence(items, None)
    if regular:
        return body
    before: list[c_ast.Node] = [_flag(DONE)]
    after: list[c_ast.Node] = []
    if result is not None:
        before.append(_declared(RESULT, result, c_ast.InitList([c_ast.Constant("int", "0")])))
        after.append(c_ast.Return(c_ast.ID(RESULT)))
    return [*before, c_ast.Compound(body), *after]


class _Jumps:
    def __init__(self, ctx: Emitter, returns: bool, has_result: bool) -> None:
        self.ctx = ctx
        self.returns = returns
        self.has_result = has_result
        self.count = 0
        self.read: set[str] = set()

    # --- lists of statements ---

    def sequence(
        self, items: Sequence[c_ast.Node], frame: _Frame | None
    ) -> tuple[list[c_ast.Node], set[str]]:
        """Statements without jumps, and the flags that they may have set at their end."""
        done: list[c_ast.Node] = []
        for i, node in enumerate(items):
            rest = list(items[i + 1 :])
            if isinstance(node, c_ast.If) and rest and self._leaves(node):
                branch, flags = self._branch(node, rest, frame)
                return [*done, branch], flags
            new, flags = self.statement(node, frame)
            done.append(new)
            if flags and rest:
                following, more = self.sequence(rest, frame)
                self.read |= flags
                guard = c_ast.If(_none_of(flags), c_ast.Compound(following), None, node.coord)
                return [*done, guard], flags | more
            if flags:
                return done, flags
        return done, set()

    def _leaves(self, node: c_ast.If) -> bool:
        """Whether a side of an ``if`` always jumps, so that what follows belongs to the other one."""
        return self._always(items_of(node.iftrue)) or self._always(items_of(node.iffalse))

    def _branch(
        self, node: c_ast.If, rest: list[c_ast.Node], frame: _Frame | None
    ) -> tuple[c_ast.Node, set[str]]:
        sides: list[c_ast.Compound] = []
        flags: set[str] = set()
        for arm in (node.iftrue, node.iffalse):
            items = items_of(arm)
            if not self._always(items):
                items = [*([c_ast.Compound(items, node.coord)] if items else []), *rest]
            body, more = self.sequence(items, frame)
            sides.append(c_ast.Compound(body, node.coord))
            flags |= more
        return c_ast.If(node.cond, sides[0], sides[1], node.coord), flags

    def _always(self, items: Sequence[c_ast.Node]) -> bool:
        if not items:
            return False
        last = items[-1]
        if isinstance(last, _JUMPS) or (self.returns and isinstance(last, c_ast.Return)):
            return True
        if isinstance(last, c_ast.Compound):
            return self._always(last.block_items or ())
        if isinstance(last, c_ast.If):
            return self._always(items_of(last.iftrue)) and self._always(items_of(last.iffalse))
        return False

    # --- statements ---

    def statement(self, node: c_ast.Node, frame: _Frame | None) -> tuple[c_ast.Node, set[str]]:
        """A statement without jumps, and the flags that it may set."""
        if not _jumps(node, self.returns):
            return node, set()
        match node:
            case c_ast.Break() | c_ast.Continue():
                return self._jump(node, frame)
            case c_ast.Return():
                return self._return(node)
            case c_ast.For() | c_ast.While() | c_ast.DoWhile():
                return self._loop(node, frame)
            case c_ast.Switch():
                return self._switch(node, frame)
        return self._block(node, frame)

    def _block(self, node: c_ast.Node, frame: _Frame | None) -> tuple[c_ast.Node, set[str]]:
        if isinstance(node, c_ast.Compound):
            body, flags = self.sequence(node.block_items or (), frame)
            return c_ast.Compound(body, node.coord), flags
        if not isinstance(node, c_ast.If):
            return node, set()  # refused where it is lowered
        sides = [self.sequence(items_of(arm), frame) for arm in (node.iftrue, node.iffalse)]
        arms = [c_ast.Compound(body, node.coord) for body, _ in sides]
        other = arms[1] if node.iffalse is not None else None
        return c_ast.If(node.cond, arms[0], other, node.coord), sides[0][1] | sides[1][1]

    def _jump(self, node: c_ast.Node, frame: _Frame | None) -> tuple[c_ast.Node, set[str]]:
        stops = isinstance(node, c_ast.Break)
        while frame is not None and not (frame.stop if stops else frame.skip):
            frame = frame.outer
        if frame is None:
            name = "break" if stops else "continue"
            self.ctx.at(node)
            raise self.ctx.wrong(f"{name} stands outside a loop", "remove it, or put it into a loop")
        name = frame.stop if stops else frame.skip
        made = c_ast.Compound([_set(name, node)], node.coord)
        frame.made.setdefault(name, []).append(made)
        return made, {name}

    def _return(self, node: c_ast.Return) -> tuple[c_ast.Node, set[str]]:
        if (node.expr is not None) != self.has_result:
            return node, set()  # refused where it is lowered
        parts: list[c_ast.Node] = [_set(DONE, node)]
        if node.expr is not None:
            parts.insert(0, c_ast.Assignment("=", c_ast.ID(RESULT, node.coord), node.expr, node.coord))
        return c_ast.Compound(parts, node.coord), {DONE}

    def _new(self, what: str) -> str:
        self.count += 1
        return f"{what}.{self.count}"

    # --- loops ---

    def _loop(self, node: c_ast.Node, outer: _Frame | None) -> tuple[c_ast.Node, set[str]]:
        frame = _Frame(self._new("stop"), self._new("skip"), outer)
        body, flags = self.sequence(items_of(node.stmt), frame)
        if frame.skip in flags and frame.skip in self.read:
            body.insert(0, _flag(frame.skip))
        else:
            _drop(frame.made.get(frame.skip, ()))
        ending = flags - {frame.skip}
        stmt = c_ast.Compound(body, node.coord)
        loop = self._ended(node, stmt, sorted(ending))
        if frame.stop in ending:
            loop = c_ast.Compound([_flag(frame.stop), loop], node.coord)
        return loop, ending - {frame.stop}

    def _ended(self, node: c_ast.Node, stmt: c_ast.Compound, flags: list[str]) -> c_ast.Node:
        """The loop with another body, which ends when one of the flags is set."""
        condition = node.cond
        if flags:
            self.read |= set(flags)
            condition = _none_of(flags)
            if node.cond is not None and not _is_true(node.cond):
                condition = c_ast.BinaryOp("&&", condition, node.cond, node.cond.coord)
        if isinstance(node, c_ast.While):
            return c_ast.While(condition, stmt, node.coord)
        if isinstance(node, c_ast.DoWhile):
            return c_ast.DoWhile(condition, stmt, node.coord)
        step = node.next
        if flags and step is not None and not _harmless_step(node):
            stmt = c_ast.Compound([stmt, c_ast.If(_none_of(flags), step, None, node.coord)], node.coord)
            step = None
        return c_ast.For(node.init, condition, step, stmt, node.coord)

    # --- switch ---

    def _switch(self, node: c_ast.Switch, outer: _Frame | None) -> tuple[c_ast.Node, set[str]]:
        frame = _Frame(stop=self._new("stop"), outer=outer)
        flags: set[str] = set()
        cases: list[c_ast.Node] = []
        groups = list(self._groups(node))
        for number, case in enumerate(groups):
            items = list(case.stmts or ())
            while len(items) == 1 and isinstance(items[0], c_ast.Compound):
                items = list(items[0].block_items or ())
            falls = items and not self._ends(items)
            if falls and number + 1 < len(groups):
                advice = "end the case with break, or repeat the statements"
                self.ctx.at(groups[number + 1])
                raise self.ctx.unsupported("falling through into the next case", advice)
            if items and isinstance(items[-1], c_ast.Break):
                items.pop()
            body, more = self.sequence(items, frame)
            flags |= more
            # An empty list of statements means that the next case's are run: a block stands for no statement.
            stmts: list[c_ast.Node] = [c_ast.Compound(body, case.coord)] if case.stmts else []
            cases.append(
                c_ast.Default(stmts, case.coord)
                if isinstance(case, c_ast.Default)
                else c_ast.Case(case.expr, stmts, case.coord)
            )
        new = c_ast.Switch(node.cond, c_ast.Compound(cases, node.coord), node.coord)
        flags.discard(frame.stop)
        if frame.stop not in self.read:
            _drop(frame.made.get(frame.stop, ()))
            return new, flags
        return c_ast.Compound([_flag(frame.stop), new], node.coord), flags

    def _ends(self, items: Sequence[c_ast.Node]) -> bool:
        """Whether statements never fall through: they end with a jump or a return."""
        always, self.returns = self.returns, True
        try:
            return self._always(items)
        finally:
            self.returns = always

    def _groups(self, node: c_ast.Switch) -> Iterator[c_ast.Node]:
        body = node.stmt
        for case in items_of(body):
            if not isinstance(case, c_ast.Case | c_ast.Default):
                self.ctx.at(case)
                advice = "put it before the switch, or behind a case"
                raise self.ctx.unsupported("a statement of a switch before its first case", advice)
            yield case


def _drop(made: Sequence[c_ast.Compound]) -> None:
    """Forget assignments to a flag that nothing reads."""
    for block in made:
        block.block_items = []


# --- tests ------------------------------------------------------------------------------------------------


def _jumps(node: c_ast.Node, returns: bool) -> bool:
    """Whether there is a jump in a statement (or a switch, whose ``break`` are jumps)."""
    kinds = (*_JUMPS, c_ast.Switch, c_ast.Return) if returns else (*_JUMPS, c_ast.Switch)
    return isinstance(node, kinds) or any(_jumps(child, returns) for child in node)


def items_of(node: c_ast.Node | None) -> list[c_ast.Node]:
    """The statements of a block, or of a single statement in the place of one."""
    if node is None:
        return []
    return list(node.block_items or ()) if isinstance(node, c_ast.Compound) else [node]


def _is_true(node: c_ast.Node) -> bool:
    return (isinstance(node, c_ast.Constant) and node.value == "1") or (
        isinstance(node, c_ast.ID) and node.name == "true"
    )


def _harmless_step(node: c_ast.For) -> bool:
    """Whether the step may run once more after the end: ``for (int i = 0; i < 9; i++)``, where it can be seen
    by nobody and not overflow."""
    if not isinstance(node.init, c_ast.DeclList) or not isinstance(node.next, c_ast.UnaryOp):
        return False
    names = {d.name for d in node.init.decls}
    variable, test = node.next.expr, node.cond
    return (
        isinstance(variable, c_ast.ID)
        and variable.name in names
        and isinstance(test, c_ast.BinaryOp)
        and test.op == ("<" if node.next.op in ("++", "p++") else ">")
        and isinstance(test.left, c_ast.ID)
        and test.left.name == variable.name
        and isinstance(test.right, c_ast.ID | c_ast.Constant)
    )


# --- building ---------------------------------------------------------------------------------------------


def _declared(name: str, kind: c_ast.Node, value: c_ast.Node) -> c_ast.Decl:
    return c_ast.Decl(name, [], [], [], [], kind, value, None)


def _flag(name: str) -> c_ast.Decl:
    kind = c_ast.TypeDecl(name, [], None, c_ast.IdentifierType(["_Bool"]))
    return _declared(name, kind, c_ast.Constant("int", "0"))


def _set(name: str, node: c_ast.Node) -> c_ast.Assignment:
    return c_ast.Assignment("=", c_ast.ID(name, node.coord), c_ast.Constant("int", "1"), node.coord)


def _none_of(flags: Sequence[str] | set[str]) -> c_ast.Node:
    first, *others = sorted(flags)
    condition: c_ast.Node = c_ast.UnaryOp("!", c_ast.ID(first))
    for flag in others:
        condition = c_ast.BinaryOp("&&", condition, c_ast.UnaryOp("!", c_ast.ID(flag)))
    return condition
