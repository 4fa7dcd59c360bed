"""From the text of a kernel to syntax trees of C: the kernel, its helper functions, and tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from aicompiler.metamodels.system import Behaviour
from aicompiler.transformations.kernels._errors import body_error, unsupported
from aicompiler.transformations.kernels.frontends._parameters import parameters_of
from aicompiler.transformations.kernels.frontends._rewriting import parse_rewritten, rewrite, without_bodies
from aicompiler.transformations.kernels.frontends._trees import called, walk
from aicompiler.transformations.kernels.frontends.c import LONGEST_BODY, preprocess
from pycparser import c_ast

from ._dialects import KERNEL, SHARED, Dialect

_DIRECTIVE = re.compile(
    r"^[ \t]*#[ \t]*(?:pragma\b(?P<pragma>[^\n]*)|include[ \t]*<(?P<header>[\w./]+)>[^\n]*)", re.M
)
_PRAGMAS = ("OPENCL", "unroll", "aic", "once", "nv_")
_GROUP_SIZE = re.compile(r"reqd_work_group_size\s*\(\s*(\w+)\s*,\s*(\w+)\s*,\s*(\w+)\s*\)")


@dataclass(frozen=True)
class Source:
    """A parsed kernel.  ``group_size`` is what the attribute of OpenCL says, as text."""

    kernel: c_ast.FuncDef
    functions: dict[str, c_ast.FuncDef]
    declarations: tuple[c_ast.Node, ...]
    group_size: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The kernel's name."""
        return str(self.kernel.decl.name)

    @property
    def parameters(self) -> list[c_ast.Decl]:
        """The kernel's parameters."""
        return parameters_of(self.kernel)


def read_source(behaviour: Behaviour, dialect: Dialect, name: str = "", heads_only: bool = False) -> Source:
    """Parse a text with one kernel, or with one called ``name``; ``heads_only``: functions without bodies."""
    body = behaviour.body
    if len(body) > LONGEST_BODY:
        message = f"the body has {len(body)} characters"
        raise body_error(behaviour, 1, message, f"keep it under {LONGEST_BODY}")
    text = _DIRECTIVE.sub(lambda m: _directive(m, dialect), body.replace("\r\n", "\n").replace("\r", "\n"))
    text = preprocess(behaviour, text)
    sizes = _GROUP_SIZE.search(text)
    plain = rewrite(behaviour, _linkage(text), dialect.spelling)
    plain = without_bodies(plain) if heads_only else plain
    advice = (
        f"the text is one whole kernel: {dialect.kernel_word} void name(...) {{ }}, its functions before it"
    )
    nodes = parse_rewritten(behaviour, plain, dialect.types, advice)
    source = _sorted(behaviour, dialect, nodes, name)
    _refuse_calls(behaviour, dialect, source)
    return Source(source.kernel, source.functions, source.declarations, sizes.groups() if sizes else ())


def _directive(match: re.Match[str], dialect: Dialect) -> str:
    if match["header"] is not None:
        return "" if match["header"] in dialect.headers else match.group()
    return "" if match["pragma"].strip().startswith(_PRAGMAS) else match.group()


def _linkage(text: str) -> str:
    return re.sub(r'\bextern(\s+)"C"', r"\1", text)


def _sorted(behaviour: Behaviour, dialect: Dialect, nodes: Sequence[c_ast.Node], name: str) -> Source:
    kernels: list[c_ast.FuncDef] = []
    functions: dict[str, c_ast.FuncDef] = {}
    declarations: list[c_ast.Node] = []
    for node in nodes:
        if not isinstance(node, c_ast.FuncDef):
            if not (isinstance(node, c_ast.Decl) and isinstance(node.type, c_ast.FuncDecl)):
                declarations.append(node)  # a prototype says nothing that the definition does not
        elif KERNEL in node.decl.funcspec:
            kernels.append(node)
        elif node.decl.name in functions:
            line = node.coord.line
            raise body_error(behaviour, line, f"the function {node.decl.name!r} is defined twice", "keep one")
        else:
            functions[node.decl.name] = node
    return Source(_only(behaviour, dialect, kernels, name), functions, tuple(declarations))


def _only(behaviour: Behaviour, dialect: Dialect, kernels: list[c_ast.FuncDef], name: str) -> c_ast.FuncDef:
    names = [k.decl.name for k in kernels]
    if not kernels:
        advice = (
            f"a behaviour in {dialect.name} is a whole kernel: {dialect.kernel_word} void name(...) {{ }}"
        )
        raise body_error(behaviour, 1, f"there is no {dialect.kernel_word} function", advice)
    if name in names:
        return kernels[names.index(name)]
    if len(kernels) > 1:
        advice = "keep one a behaviour; several components, or one after the other, make a sequence"
        raise unsupported(behaviour, kernels[1].coord.line, f"the second kernel {names[1]!r}", advice)
    return kernels[0]


def _refuse_calls(behaviour: Behaviour, dialect: Dialect, source: Source) -> None:
    known = set(source.functions) | dialect.barriers
    for function in (source.kernel, *source.functions.values()):
        for node in walk(function.body):
            if (name := called(node)) is None or name in known:
                continue
            if name in dialect.advice:
                raise unsupported(behaviour, node.coord.line, *dialect.advice[name])
            for prefix, construct, advice in dialect.advice_by_prefix:
                if name.startswith(prefix):
                    raise unsupported(behaviour, node.coord.line, f"{construct} {name}", advice)


def is_shared(node: c_ast.Node) -> bool:
    """Whether a declaration is of memory that a work-group shares."""
    return isinstance(node, c_ast.Decl) and SHARED in node.storage
