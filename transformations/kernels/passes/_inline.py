"""Inlining of private functions: later passes see one function whose loops have distinct names."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from aicompiler.metamodels.diagnostics import Diagnostic, ModelError, Severity
from aicompiler.transformations.kernels._kernel import Kernel, Signature
from xdsl.dialects import func, scf
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import SSAValue

from ._structure import LOOP, entry_function, local_functions, loop_name, loops_in


def inline(kernel: Kernel) -> Kernel:
    """The kernel with its local functions put where they are called and loops named L0, L1, … in pre-order.

    Loop values that nobody reads are dropped.  Operations of a function keep their own line numbers.  The
    input is not changed and, where there is nothing to do, returned as it is.  Recursion: ``ModelError``.
    """
    module = _numbered(kernel.module, kernel.name)
    return kernel if module is kernel.module else replace(kernel, module=module)


@lru_cache(maxsize=64)
def _numbered(module: ModuleOp, name: str) -> ModuleOp:
    """Kept for the kernels of a build: whatever analyses one inlined kernel then speaks of one module."""
    kernel = Kernel(Signature(name, ()), module)
    result = inlined(kernel)
    if result is not kernel:
        for number, loop in enumerate(loops_in(entry_function(result))):
            loop.attributes[LOOP] = StringAttr(f"L{number}")
    return result.module


def inlined(kernel: Kernel) -> Kernel:
    """As ``inline``, but loops keep their names and those from functions are named ``function.loop``."""
    entry = entry_function(kernel)
    calls = any(isinstance(op, func.CallOp) for op in entry.walk())
    if not calls and not any(_dead_positions(loop) for loop in loops_in(entry)):
        return kernel
    module = kernel.module.clone()
    assert isinstance(module, ModuleOp)
    result = replace(kernel, module=module)
    _inline_calls(result)
    _drop_dead_loop_values(result)
    module.verify()
    return result


def _inline_calls(kernel: Kernel) -> None:
    functions = local_functions(kernel.module)
    entry = entry_function(kernel)
    chains: dict[func.CallOp, tuple[str, ...]] = {}
    while calls := [op for op in entry.walk() if isinstance(op, func.CallOp)]:
        call = calls[0]
        callee, chain = call.callee.root_reference.data, chains.pop(call, ())
        if callee in chain or callee == kernel.name:
            raise ModelError(_recursion(kernel, (*chain, callee)))
        for inner in _replace_call(call, functions[callee]):
            chains[inner] = (*chain, callee)
    for name, function in functions.items():
        if name != kernel.name:
            kernel.module.body.block.erase_op(function)


def _replace_call(call: func.CallOp, callee: func.FuncOp) -> list[func.CallOp]:
    """Put a copy of the callee's body in the place of ``call``; gives the calls within that copy."""
    mapping: dict[SSAValue, SSAValue] = dict(zip(callee.body.block.args, call.arguments, strict=True))
    block = call.parent_block()
    assert block is not None
    copies: list[func.CallOp] = []
    for op in callee.body.block.ops:
        if isinstance(op, func.ReturnOp):
            results = [mapping.get(value, value) for value in op.arguments]
            for old, new in zip(call.results, results, strict=True):
                old.replace_all_uses_with(new)
            break
        copy = op.clone(mapping)
        for loop in loops_in(copy):
            loop.attributes[LOOP] = StringAttr(f"{callee.sym_name.data}.{loop_name(loop)}")
        block.insert_op_before(copy, call)
        copies.extend(inner for inner in copy.walk() if isinstance(inner, func.CallOp))
    block.erase_op(call)
    return copies


def _recursion(kernel: Kernel, chain: tuple[str, ...]) -> Diagnostic:
    return Diagnostic(
        severity=Severity.ERROR,
        rule="recursive-function",
        message=f"kernel {kernel.name!r} calls itself: {' -> '.join(chain)}",
        next_step="write the function with a loop; kernels have no stack to recurse on",
    )


def _dead_positions(loop: scf.ForOp) -> list[int]:
    """Loop values that nobody reads: neither the next iteration nor what follows the loop."""
    pairs = zip(loop.body.block.args[1:], loop.res, strict=True)
    return [k for k, (arg, result) in enumerate(pairs) if not arg.uses and not result.uses]


def _drop_dead_loop_values(kernel: Kernel) -> None:
    while True:
        found = next(
            ((loop, dead) for loop in loops_in(entry_function(kernel)) if (dead := _dead_positions(loop))),
            None,
        )
        if found is None:
            return
        _without_values(*found)


def _without_values(loop: scf.ForOp, dead: list[int]) -> None:
    block = loop.body.block
    terminator = block.last_op
    assert isinstance(terminator, scf.YieldOp)
    kept = [k for k in range(len(loop.res)) if k not in dead]
    block.insert_op_before(scf.YieldOp(*(terminator.operands[k] for k in kept)), terminator)
    block.erase_op(terminator)
    for k in reversed(dead):
        block.erase_arg(block.args[1 + k])
    body = loop.detach_region(loop.body)
    new = scf.ForOp(loop.lb, loop.ub, loop.step, [loop.iter_args[k] for k in kept], body)
    new.attributes.update(loop.attributes)
    parent = loop.parent_block()
    assert parent is not None
    parent.insert_op_before(new, loop)
    for result, k in zip(new.res, kept, strict=True):
        loop.res[k].replace_all_uses_with(result)
    parent.erase_op(loop)
