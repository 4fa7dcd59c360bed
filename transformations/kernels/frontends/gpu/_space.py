"""The index space: how many work-items there are, and how large their groups are.

It stands in a comment or pragma (``// aic: global_size = 64,48; local_size = 8,8``), of which OpenCL's
``reqd_work_group_size`` can give the second part; else the guards at the top of the kernel give it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from aicompiler.metamodels.system import Behaviour
from aicompiler.transformations.kernels._errors import body_error, unsupported
from aicompiler.transformations.kernels.frontends._trees import evaluate, items_of
from aicompiler.transformations.kernels.frontends.c import parse_definitions
from pycparser import c_ast

from ._ids import Mark, marked
from ._source import Source

MOST_WORK_ITEMS = 1 << 31
_ITEM = r"\w+(?:[ \t]*[-+*/][ \t]*\w+)*"
_SETTING = re.compile(
    rf"\b(global_size|local_size|grid_size|block_size)\s*[=(]\s*({_ITEM}(?:[ \t]*,[ \t]*{_ITEM})*)"
)
_PLACE = re.compile(r"(?://|/\*)\s*aic:([^\n]*)|^[ \t]*#[ \t]*pragma[ \t]+aic\b([^\n]*)", re.MULTILINE)


@dataclass(frozen=True)
class Space:
    """Work-items per dimension, dimension 0 first; ``group`` of as many where groups matter, else ()."""

    size: tuple[int, ...]
    group: tuple[int, ...] = ()

    @property
    def groups(self) -> tuple[int, ...]:
        """Work-groups per dimension."""
        return tuple(n // g for n, g in zip(self.size, self.group, strict=True))


def find_space(
    behaviour: Behaviour,
    source: Source,
    marks: set[Mark],
    constants: Mapping[str, int],
    grouped: bool,
) -> Space:
    """The index space of a marked kernel; ``grouped``: it needs the size of a group."""
    settings = _settings(behaviour, constants)
    group = settings.get("local_size", settings.get("block_size", ()))
    if not group and source.group_size:
        group = tuple(
            _size(behaviour, source.kernel.coord.line, text, constants) for text in source.group_size
        )
    size = settings.get("global_size", ())
    if not size and "grid_size" in settings and group:
        size = tuple(n * g for n, g in zip(_padded(settings["grid_size"], 3), _padded(group, 3), strict=True))
    used = [dimension + 1 for _, dimension in marks]
    rank = max([1, *used, *(d + 1 for d, n in enumerate(size or group) if n != 1)])
    if grouped and not group:
        advice = f"write // aic: local_size = {','.join(['16', '8', '4'][:rank])} above the kernel"
        raise unsupported(behaviour, source.kernel.coord.line, "a work-group of unknown size", advice)
    size = size or _from_guards(behaviour, source, rank, constants, _padded(group, rank) if group else ())
    size, group = _padded(size, rank), _padded(group, rank) if group else ()
    _check(behaviour, source, size, group)
    return Space(size, group if grouped else ())


def _padded(size: tuple[int, ...], rank: int) -> tuple[int, ...]:
    """``size`` with ones up to ``rank`` dimensions; ones behind those go."""
    least = max([rank, *(d + 1 for d, n in enumerate(size) if n != 1)])
    return (*size, *(1,) * rank)[:least]


def _settings(behaviour: Behaviour, constants: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    for place in _PLACE.finditer(behaviour.body):
        line = behaviour.body.count("\n", 0, place.start()) + 1
        text = place[1] or place[2] or ""
        settings = _SETTING.findall(text)
        if not settings:
            advice = "write // aic: global_size = 64,48; local_size = 8,8"
            raise body_error(behaviour, line, f"the comment {text.strip()!r} gives no size", advice)
        for name, listed in settings:
            sizes = [_size(behaviour, line, item, constants) for item in listed.split(",")]
            if len(sizes) > 3:
                raise body_error(behaviour, line, f"{name} has {len(sizes)} dimensions", "give at most 3")
            found[name] = tuple(sizes)
    return found


def _size(behaviour: Behaviour, line: int, text: str, constants: Mapping[str, int]) -> int:
    (declaration,) = parse_definitions(behaviour, f"int size = {text};")
    value = evaluate(declaration.init, constants)
    if value is None or value < 1:
        known = ", ".join(sorted(constants)) or "none"
        message = f"the size {text.strip()!r} is no positive constant"
        raise body_error(behaviour, line, message, f"use numbers and constants of the component ({known})")
    return value


def _check(behaviour: Behaviour, source: Source, size: tuple[int, ...], group: tuple[int, ...]) -> None:
    line, total = source.kernel.coord.line, 1
    for extent in size:
        total *= extent
    if total >= MOST_WORK_ITEMS:
        raise body_error(behaviour, line, f"the index space has {total} work-items", "use less than 2^31")
    for extent, items in zip(size, group, strict=False):
        if extent % items:
            message = f"{extent} work-items are no whole number of groups of {items}"
            advice = f"round global_size up to {-(-extent // items) * items} and guard the accesses"
            raise body_error(behaviour, line, message, advice)


# --- guards -----------------------------------------------------------------------------------------------


def _from_guards(
    behaviour: Behaviour, source: Source, rank: int, constants: Mapping[str, int], group: tuple[int, ...]
) -> tuple[int, ...]:
    """Extents that leading guards give: ``if (x >= W || y >= H) return;`` or an ``if`` around all else."""
    limits, unknown = _limits(source, constants)
    found = [limits.get(dimension) for dimension in range(rank)]
    if None in found:
        missing = found.index(None)
        names = ",".join("XYZ"[:rank])
        advice = f"write // aic: global_size = {names} above the kernel, with constants"
        line = source.kernel.coord.line
        if unknown is not None:
            advice += f", or let the guard in line {unknown.coord.line} compare with a constant"
        else:
            advice += ", or begin the kernel with a guard: if (x >= W) return;"
        construct = f"an index space of unknown size in dimension {missing}"
        raise unsupported(behaviour, line, construct, advice)
    sizes = tuple(n for n in found if n is not None)
    if not group:
        return sizes
    return tuple(-(-n // g) * g for n, g in zip(sizes, group, strict=True))


def _limits(source: Source, constants: Mapping[str, int]) -> tuple[dict[int, int], c_ast.Node | None]:
    """(dimension -> extent, a comparison whose bound is no constant)."""
    variables: dict[str, int] = {}
    limits: dict[int, int] = {}
    unknown: c_ast.Node | None = None
    items = items_of(source.kernel.body)
    for item in items:
        if isinstance(item, c_ast.Decl):
            dimension = _dimension(item.init, variables)
            if dimension is not None:
                variables[item.name] = dimension
            continue
        if not isinstance(item, c_ast.If) or item.iffalse is not None:
            break
        leaves = _only_returns(item.iftrue)
        if not leaves and item is not items[-1]:
            break
        for atom in _atoms(item.cond, "||" if leaves else "&&"):
            bound = _bound(atom, variables, ">=" if leaves else "<")
            if bound is None:
                continue
            value = evaluate(bound[1], constants)
            if value is None:
                unknown = atom
            else:
                limits.setdefault(bound[0], value + bound[2])
    return {d: n for d, n in limits.items() if n > 0}, unknown


def _only_returns(node: c_ast.Node) -> bool:
    items = items_of(node)
    return len(items) == 1 and isinstance(items[0], c_ast.Return)


def _atoms(condition: c_ast.Node, connective: str) -> list[c_ast.Node]:
    if isinstance(condition, c_ast.BinaryOp) and condition.op == connective:
        return [*_atoms(condition.left, connective), *_atoms(condition.right, connective)]
    return [condition]


def _bound(
    atom: c_ast.Node, variables: Mapping[str, int], operator: str
) -> tuple[int, c_ast.Node, int] | None:
    """(dimension, bound, 1 if it is included) of ``x >= bound`` (``operator`` ">=") or ``x < bound``."""
    if not isinstance(atom, c_ast.BinaryOp):
        return None
    mirrored = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
    inclusive = {">=": ">", "<": "<="}[operator]
    for left, op, right in ((atom.left, atom.op, atom.right), (atom.right, mirrored.get(atom.op), atom.left)):
        if (dimension := _dimension(left, variables)) is not None and op in (operator, inclusive):
            return dimension, right, int(op == inclusive)
    return None


def _dimension(node: c_ast.Node | None, variables: Mapping[str, int]) -> int | None:
    """The dimension whose global id an expression is."""
    while isinstance(node, c_ast.Cast):
        node = node.expr
    mark = marked(node)
    if mark is not None:
        return mark[1] if mark[0] == "global" else None
    return variables.get(node.name) if isinstance(node, c_ast.ID) else None
