"""Loops and conditions: SSA values that are carried become variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Block, Operation, SSAValue

from ._analysis import Effect, terminator
from ._expressions import Expr
from ._lanes import independent, lanes_of, statements
from ._operations import joined, printer_of, width
from ._types import I32, I64, CType, of_mlir
from ._values import constant, fits

if TYPE_CHECKING:
    from ._statements import Statements

Assignment = tuple[str, CType, Expr]


def control(out: Statements, op: scf.ForOp | scf.IfOp | scf.WhileOp) -> None:
    """Print a loop or a condition."""
    match op:
        case scf.ForOp():
            _for(out, op)
        case scf.IfOp():
            _if(out, op)
        case scf.WhileOp():
            _while(out, op)


# --- variables --------------------------------------------------------------------------------------------


def _dead_after(value: SSAValue, op: Operation) -> bool:
    """Whether nothing needs ``value`` once ``op`` starts to assign its results (loops: once it has begun)."""
    home = value.owner if isinstance(value.owner, Block) else value.owner.parent_block()
    chain: dict[Block, Operation] = {}
    place: Operation | None = op
    while place is not None and (block := place.parent_block()) is not None:
        chain[block] = place
        if block is home:
            break
        place = place.parent_op()
        if not isinstance(place, scf.IfOp):
            return False
    return all(_before(use.operation, op, chain) for use in value.uses)


def _before(user: Operation, op: Operation, chain: dict[Block, Operation]) -> bool:
    if user is op:
        return True
    while (block := user.parent_block()) not in chain:
        parent = user.parent_op()
        assert parent is not None
        user = parent
        if user is op and not isinstance(op, scf.IfOp):
            return False
    assert block is not None
    rival = chain[block]
    return user is rival or block.get_operation_index(user) < block.get_operation_index(rival)


def _take(out: Statements, value: SSAValue, op: Operation, taken: set[str], type_: CType) -> str | None:
    """The variable that holds ``value``, if ``op`` may go on using it."""
    name = out.held.get(value)
    if name is None or name in taken or out.env[value].type != type_:
        return None
    return name if _dead_after(value, op) else None


def assign(out: Statements, assignments: list[Assignment]) -> None:
    """Assign all at once: an order, or a temporary, so that no value is overwritten before it is read."""
    waiting = [(n, t, out.spelling.converted(e, t)) for n, t, e in assignments if e.text != n]
    while waiting:
        for entry in waiting:
            others = [e for other in waiting if other is not entry for e in other[2].variables]
            if entry[0] not in others:
                break
        else:
            name, type_, expr = waiting[0]
            waiting[0] = (name, type_, out.constant(expr, "old"))
            continue
        waiting.remove(entry)
        out.settle({entry[0]})
        out.line(f"{entry[0]} = {entry[2].text};")


def _declare(out: Statements, type_: CType, hint: str | None, start: Expr | None) -> str:
    name = out.fresh(hint)
    value = "" if start is None else f" = {out.spelling.converted(start, type_).text}"
    out.line(f"{out.spelling.name(type_)} {name}{value};")
    out.variables.add(name)
    return name


# --- for --------------------------------------------------------------------------------------------------


def _for(out: Statements, op: scf.ForOp) -> None:
    if out.module.target.vectors and (lanes := lanes_of(op)) is not None:
        statements(out, op, lanes)
        return
    bounds = loop_bounds(out, op)
    body = op.body.block
    carried = [i for i, r in enumerate(op.results) if r in out.live.values]
    names: dict[int, str] = {}
    for i in carried:
        type_ = out.type_of(body.args[i + 1])
        kept = _take(out, op.iter_args[i], op, set(names.values()), type_)
        start = out.get(op.iter_args[i])
        names[i] = kept or _declare(out, type_, out.hint(body.args[i + 1]) or out.hint(op.results[i]), start)
    out.settle(set(names.values()) | out.written(op))
    with out.nested():
        out.depth -= 1
        type_, low, high, step = bounds
        name = out.fresh(loop_hint(out, op))
        advance = f"++{name}" if step.value == 1 else f"{name} += {step.text}"
        head = f"for ({out.spelling.name(type_)} {name} = {low.text}; {name} < {high.text}; {advance}) {{"
        if independent(op) and out.module.target.independent:
            out.line(out.module.target.independent)
        out.line(out.module.label(op) + head, op)
        for pragma in out.module.loop_pragmas(op):
            out.line(pragma)
        out.depth += 1
        out.bind(body.args[0], Expr(name, type_))
        for i in carried:
            out.variable(body.args[i + 1], names[i], out.type_of(body.args[i + 1]))
        out.block(body)
        last = terminator(body)
        types = {i: out.type_of(body.args[i + 1]) for i in carried}
        assign(out, [(names[i], types[i], out.get(last.operands[i])) for i in carried])
    out.line("}")
    for i in carried:
        out.variable(op.results[i], names[i], out.type_of(body.args[i + 1]))


def loop_bounds(out: Statements, op: scf.ForOp) -> tuple[CType, Expr, Expr, Expr]:
    """Type of the counter, first value, bound and step; what the head repeats is a name or a literal."""
    low, high, step = (out.get(v) for v in (op.lb, op.ub, op.step))
    type_ = of_mlir(op.body.block.args[0].type)
    room = constant(op.step) or 1 << 31
    narrow = fits(out.intervals.of(op.lb), I32) and fits((0, out.intervals.of(op.ub)[1] + room), I32)
    fit = [e.value is not None or I32.holds(e.type) for e in (low, high, step)]
    if type_ == I64 and narrow and all(fit) and _only_32(op):
        type_ = I32
    low, high, step = (out.spelling.converted(e, type_) for e in (low, high, step))
    if high.volatile or not high.atom:
        high = out.constant(high, "end")
    return type_, low, high, step if step.value is not None and not step.volatile else out.atom(step)


def _only_32(op: scf.ForOp) -> bool:
    """Whether the counter is only read as 32 bits or as a subscript, so that 64 bits would be noise."""
    return all(
        not isinstance(u.operation, arith.IndexCastOp) or of_mlir(u.operation.results[0].type) in (I32, I64)
        for u in op.body.block.args[0].uses
    )


def loop_hint(out: Statements, op: scf.ForOp) -> str:
    """A name for the counter: that of the variable in the model, if it tells."""
    counter = op.body.block.args[0]
    for use in counter.uses:
        if isinstance(use.operation, arith.IndexCastOp) and (hint := out.hint(use.operation.result)):
            return hint
    label = op.attributes.get("aic.loop")
    number = label.data[1:] if isinstance(label, StringAttr) else ""
    return out.hint(counter) or f"i{number}"


# --- if ---------------------------------------------------------------------------------------------------


def _if(out: Statements, op: scf.IfOp) -> None:
    live = [i for i, r in enumerate(op.results) if r in out.live.values]
    condition = out.get(op.cond)
    if len(live) == 1 and (choice := _ternary(out, op, live[0], condition)) is not None:
        out.define(op.results[live[0]], choice)
        return
    names: dict[int, str] = {}
    arms = [r.block for r in op.regions if r.blocks]
    types = {i: _joined_type(out, op, i) for i in live}
    for i in live:
        for arm in arms:
            if kept := _take(out, terminator(arm).operands[i], op, set(names.values()), types[i]):
                names[i] = kept
                break
    out.settle(out.variables | out.written(op))
    given = set()
    for i in sorted(set(live) - set(names)):
        start = _default(out, terminator(arms[1]).operands[i])
        names[i] = _declare(out, types[i], out.hint(op.results[i]), start)
        given |= {i} if start else set()
    last = [given if arm is arms[-1] else set() for arm in arms]
    bodies = [
        _arm(out, arm, [(i, names[i], types[i]) for i in live if i not in done])
        for arm, done in zip(arms, last, strict=True)
    ]
    _write_if(out, op, condition, bodies)
    for i in live:
        out.variable(op.results[i], names[i], types[i])


def _default(out: Statements, value: SSAValue) -> Expr | None:
    """What the else branch gives, if it is known before the condition: the variable can start with it."""
    if isinstance(value.owner, arith.ConstantOp):
        printer = printer_of(value.owner)
        assert printer is not None
        return printer(value.owner, out)
    return out.get(value) if value in out.env and out.env[value].atom else None


def _joined_type(out: Statements, op: scf.IfOp, i: int) -> CType:
    for region in op.regions:
        value = terminator(region.block).operands[i]
        if value in out.held:
            return out.env[value].type
    return out.type_of(op.results[i])


def _arm(out: Statements, block: Block, results: list[tuple[int, str, CType]]) -> list[str]:
    """The lines of one branch, with its results assigned."""
    lines, out.lines = out.lines, []
    with out.nested():
        out.block(block)
        last = terminator(block)
        assign(out, [(name, type_, out.get(last.operands[i])) for i, name, type_ in results])
    lines, out.lines = out.lines, lines
    return lines


def _write_if(out: Statements, op: scf.IfOp, condition: Expr, bodies: list[list[str]]) -> None:
    then, other = [*bodies, [], []][:2]
    if not then and other:
        condition, then, other = out.spelling.negation(condition), other, []
    if not then:
        return
    out.line(f"if ({condition.text}) {{", op)
    out.lines += then
    inside = "    " * (out.depth + 1)
    rest = [line for line in other[1:] if line.startswith(inside) and line[len(inside)] not in " }"]
    if other and other[0].startswith(f"{inside}if (") and not rest:
        out.line("} else " + other[0].strip())
        out.lines += [line.removeprefix("    ") for line in other[1:]]
        return
    if other:
        out.line("} else {")
        out.lines += other
    out.line("}")


def _ternary(out: Statements, op: scf.IfOp, i: int, condition: Expr) -> Expr | None:
    """``condition ? a : b`` if neither branch needs a statement and the result is short."""
    if Effect.WRITE in out.effects.of(op) or any(isinstance(o, scf.ForOp | scf.WhileOp) for o in op.walk()):
        return None
    state = out.snapshot()
    values = []
    for region in op.regions:
        lines, out.lines = out.lines, []
        with out.nested():
            out.block(region.block)
        written, out.lines = out.lines, lines
        if written:
            out.restore(state)
            return None
        values.append(out.get(terminator(region.block).operands[i]))
    type_ = joined(width(op.results[i].type), *values)
    choice = out.spelling.choice(condition, values[0], values[1], type_)
    if len(choice.text) > 80:
        out.restore(state)
        return None
    return choice


# --- while ------------------------------------------------------------------------------------------------


Variables = dict[int, tuple[str, CType]]


def _while(out: Statements, op: scf.WhileOp) -> None:
    before, after = op.before_region.block, op.after_region.block
    carried = _carried(out, op)
    out.settle({name for name, _ in carried.values()} | out.written(op))
    for i, (name, type_) in carried.items():
        out.variable(before.args[i], name, type_)
    passed = [j for j in range(len(op.results)) if out.live.forwards(op, j)]
    condition = terminator(before)
    outer, out.lines = out.lines, []
    with out.nested():
        out.block(before)
        test = out.get(condition.operands[0])
        values = {j: out.get(condition.operands[j + 1]) for j in passed}
        head, out.lines = out.lines, outer
        same = {j: out.held.get(condition.operands[j + 1]) for j in passed}
        if not head and all(same.values()) and len(set(same.values())) == len(same):
            results = {j: (values[j].text, values[j].type) for j in passed}
            _open(out, op, f"while ({test.text}) {{")
        else:
            results = _tested_inside(out, op, head, test, values, carried)
        for j, (name, type_) in results.items():
            out.variable(after.args[j], name, type_)
        out.block(after)
        ends = terminator(after).operands
        assign(out, [(name, type_, out.get(ends[i])) for i, (name, type_) in carried.items()])
    out.line("}")
    for j, (name, type_) in results.items():
        out.names.add(name)
        out.variable(op.results[j], name, type_)


def _carried(out: Statements, op: scf.WhileOp) -> Variables:
    """A variable for each value that is needed from one iteration to the next."""
    carried: Variables = {}
    for i, (argument, start) in enumerate(zip(op.before_region.block.args, op.arguments, strict=True)):
        if argument in out.live.values:
            type_ = out.type_of(argument)
            kept = _take(out, start, op, {name for name, _ in carried.values()}, type_)
            first = out.get(start)
            carried[i] = (kept or _declare(out, type_, out.hint(argument) or out.hint(start), first), type_)
    return carried


def _open(out: Statements, op: scf.WhileOp, head: str) -> None:
    out.depth -= 1
    out.line(out.module.label(op) + head, op)
    out.depth += 1


def _tested_inside(
    out: Statements, op: scf.WhileOp, head: list[str], test: Expr, values: dict[int, Expr], carried: Variables
) -> Variables:
    """``for (;;) { head; if (!test) break; …``: what is passed on gets variables of its own.

    A loop that tests at its end passes on all that it carries: there the carried variables serve.
    """
    after = op.after_region.block
    at_end = list(terminator(after).operands) == list(after.args)
    passed: Variables = {}
    out.depth -= 1
    for j in values:
        type_ = out.type_of(after.args[j])
        own = carried.get(j) if at_end else None
        passed[j] = own or (_declare(out, type_, out.hint(op.results[j]), None), type_)
    out.depth += 1
    _open(out, op, "for (;;) {")
    out.lines += head
    if test.variables & {name for name, _ in passed.values()}:
        test = out.constant(test, "more")
    assign(out, [(*passed[j], value) for j, value in values.items()])
    out.line(f"if ({out.spelling.negation(test).text}) {{")
    out.line("    break;")
    out.line("}")
    return passed
