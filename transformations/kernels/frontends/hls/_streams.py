"""``hls::stream``: reads and writes in canonical order are accesses to successive elements of an array.

Canonical: all reads (writes) of a stream stand in one nest of counted loops, and each happens in every
iteration.  The running index is then a function of the loop variables, so nothing is carried from iteration
to iteration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from aicompiler.metamodels.system import Behaviour
from aicompiler.transformations.kernels._errors import UnsupportedConstruct, body_error, unsupported
from aicompiler.transformations.kernels.frontends._flat import Shapes, split
from aicompiler.transformations.kernels.frontends._ranges import Knowledge
from aicompiler.transformations.kernels.frontends._trees import (
    arguments,
    assigned_name,
    binary,
    element,
    evaluate,
    fields,
    number,
    walk,
)
from pycparser import c_ast

_CONDITIONAL = (c_ast.If, c_ast.While, c_ast.DoWhile, c_ast.TernaryOp)


@dataclass(frozen=True)
class _Site:
    stream: str
    method: str
    call: c_ast.Node
    loops: tuple[c_ast.For, ...]
    conditional: bool


class Streams:
    """The streams of one function, as arrays of ``shapes``."""

    def __init__(self, behaviour: Behaviour, shapes: Shapes, constants: Mapping[str, int]) -> None:
        self.behaviour = behaviour
        self.shapes = shapes
        self.constants = constants

    def to_arrays(self, function: c_ast.FuncDef, helpers: Mapping[str, c_ast.FuncDef]) -> None:
        """Put array accesses in the places of reads and writes; raises located errors."""
        for helper in helpers.values():
            for node in walk(helper):
                if _method(node) is not None:
                    advice = "read and write streams in the top function"
                    raise unsupported(self.behaviour, node.coord.line, "a stream in a function", advice)
        sites: list[_Site] = []
        self._find(function.body, (), False, sites)
        places: dict[int, c_ast.Node] = {}
        for stream in dict.fromkeys(site.stream for site in sites):
            mine = [site for site in sites if site.stream == stream]
            places |= self._places(stream, mine)
        _replace(function.body, places)

    def _find(
        self, node: c_ast.Node, loops: tuple[c_ast.For, ...], conditional: bool, sites: list[_Site]
    ) -> None:
        if (found := _method(node)) is not None and found[0] in self.shapes:
            sites.append(_Site(*found, node, loops, conditional))
        short = isinstance(node, c_ast.BinaryOp) and node.op in ("&&", "||")
        conditional = conditional or short or isinstance(node, _CONDITIONAL)
        if isinstance(node, c_ast.For):
            loops = (*loops, node)
        for child in node:
            self._find(child, loops, conditional, sites)

    def _places(self, stream: str, sites: list[_Site]) -> dict[int, c_ast.Node]:
        for site in sites:
            if site.method not in ("read", "write"):
                advice = "read() and write() every value, in every iteration"
                raise self._refused(site, f"{stream}.{site.method}()", advice)
            if site.method != sites[0].method:
                raise self._refused(site, f"reading and writing the stream {stream!r}", "use two streams")
            if site.conditional:
                construct = f"{stream}.{site.method}() under a condition"
                raise self._refused(
                    site, construct, "do it in every iteration, and put the condition after it"
                )
            if site.loops != sites[0].loops:
                construct = f"{stream}.{site.method}() in a second place"
                raise self._refused(site, construct, "access a stream in one loop nest")
        trips = [self._trips(sites[0], loop) for loop in sites[0].loops]
        shape = self.shapes[stream]
        total = prod(n for _, _, n in trips) * len(sites)
        if total != prod(shape):
            message = f"{total} values of the stream {stream!r} are accessed, and there are {prod(shape)}"
            raise body_error(self.behaviour, sites[0].call.coord.line, message, "access each of them once")
        known = Knowledge(self.constants, {name: (low, low + n - 1) for name, low, n in trips})
        return {id(s.call): self._access(s, k, len(sites), trips, known) for k, s in enumerate(sites)}

    def _access(
        self, site: _Site, place: int, sites: int, trips: list[tuple[str, int, int]], known: Knowledge
    ) -> c_ast.Node:
        coord = site.call.coord
        index: c_ast.Node = number(0, coord)
        for name, low, count in trips:
            own = binary("-", c_ast.ID(name, coord), number(low, coord))
            index = binary("+", binary("*", index, number(count, coord)), own)
        index = binary("+", binary("*", index, number(sites, coord)), number(place, coord))
        target = element(site.stream, split(index, self.shapes[site.stream], known), coord)
        if site.method == "read":
            return target
        given = arguments(site.call)
        if len(given) != 1:
            raise body_error(
                self.behaviour, coord.line, f"write takes 1 argument, not {len(given)}", "fix it"
            )
        return c_ast.Assignment("=", target, given[0], coord)

    def _trips(self, site: _Site, loop: c_ast.For) -> tuple[str, int, int]:
        """(variable, first value, iterations) of ``for (int v = a; v < b; v++)``."""
        match loop:
            case c_ast.For(
                init=c_ast.DeclList(decls=[c_ast.Decl(name=name, init=first)]),
                cond=c_ast.BinaryOp(op="<" | "<=" as op, left=c_ast.ID(name=tested), right=bound),
                next=c_ast.UnaryOp(op="++" | "p++", expr=c_ast.ID(name=stepped)),
            ) if name == tested == stepped:
                low, high = evaluate(first, self.constants), evaluate(bound, self.constants)
                changed = any(assigned_name(node) == name for node in walk(loop.stmt))
                if low is not None and high is not None and not changed:
                    return name, low, max(0, high + (op == "<=") - low)
        construct = f"{site.stream}.{site.method}() in the loop of line {loop.coord.line}"
        raise self._refused(site, construct, "let the loop count by one between constants")

    def _refused(self, site: _Site, construct: str, advice: str) -> UnsupportedConstruct:
        return unsupported(self.behaviour, site.call.coord.line, construct, advice)


def _method(node: c_ast.Node) -> tuple[str, str] | None:
    """(object, method) of ``object.method(...)``."""
    match node:
        case c_ast.FuncCall(name=c_ast.StructRef(name=c_ast.ID(name=name), field=c_ast.ID(name=method))):
            return str(name), str(method)
    return None


def _replace(node: c_ast.Node, places: Mapping[int, c_ast.Node]) -> None:
    """Put other nodes in the places of those with the given identities, innermost first."""
    for name in fields(node):
        child = getattr(node, name)
        if isinstance(child, c_ast.Node):
            _replace(child, places)
            setattr(node, name, places.get(id(child), child))
        elif isinstance(child, list):
            for part in child:
                if isinstance(part, c_ast.Node):
                    _replace(part, places)
            setattr(node, name, [places.get(id(part), part) for part in child])
