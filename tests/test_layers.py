"""Imports only point up the list of layers, and packages are entered through their public face."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# A layer may import itself and what is listed for it.
LAYERS = {
    "metamodels": set[str](),
    "models": {"metamodels"},
    "transformations": {"metamodels"},
    "codegen": {"metamodels", "transformations", "models"},
    "tool": {"metamodels", "transformations", "codegen", "models"},
}
FORBIDDEN = {
    # who checks shares nothing with who decides
    "aicompiler.transformations.analysis": "aicompiler.transformations.partition",
    "aicompiler.transformations.partition": "aicompiler.transformations.analysis",
}
HEAVY = ("ortools", "xdsl", "islpy", "torch", "transformers", "capellambse", "pyopencl", "onnxruntime")


Module = tuple[str, Path]
"""The full name of a module and its file."""


def modules() -> list[Module]:
    return [m for layer in LAYERS for m in modules_of(layer)]


def modules_of(layer: str) -> list[Module]:
    folder = ROOT / "tool" / "aicompiler" if layer == "tool" else ROOT / layer
    above = ("aicompiler",) if layer == "tool" else ("aicompiler", layer)
    return [
        (".".join((*above, *path.relative_to(folder).with_suffix("").parts)), path)
        for path in sorted(folder.rglob("*.py"))
        if layer != "tool" or path.relative_to(folder).parts[0] not in LAYERS  # links to the other layers
    ]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(module: Module) -> Iterator[tuple[int, str]]:
    """The line and the full name of all that a module imports: modules, and names that may be modules."""
    own, path = module
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = own.split(".")[: -node.level] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{source}.{alias.name}") for alias in node.names)


def inside(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def layer_of(name: str) -> str | None:
    parts = name.split(".")
    if parts[0] != "aicompiler" or len(parts) < 2:
        return None
    return parts[1] if parts[1] in LAYERS else "tool"


def pointing_down(modules: Iterable[Module]) -> list[str]:
    """Imports of a layer that is not listed for the module's own."""
    return [
        f"{module[0]}:{line} imports {name}"
        for module in modules
        for line, name in imports(module)
        if (layer := layer_of(module[0])) != (target := layer_of(name))
        and target is not None
        and target not in LAYERS[layer or "tool"]
    ]


def short_named(modules: Iterable[Module]) -> list[str]:
    """Imports of a development folder as if it were a package of its own."""
    return [
        f"{module[0]}:{line} imports {name}"
        for module in modules
        for line, name in imports(module)
        if name.split(".")[0] in set(LAYERS) - {"tool"}
    ]


def forbidden(modules: Iterable[Module]) -> list[str]:
    """Imports between packages that must share nothing."""
    return [
        f"{module[0]}:{line} imports {name}"
        for module in modules
        for package, banned in FORBIDDEN.items()
        if inside(module[0], package)
        for line, name in imports(module)
        if inside(name, banned)
    ]


def intruding(modules: Iterable[Module]) -> list[str]:
    """Imports of what is private (``_name``) in a package that the module is not in."""
    wrong = []
    for module in modules:
        for line, name in imports(module):
            parts = name.split(".")
            private = next((i for i, p in enumerate(parts) if p.startswith("_") and p != "__version__"), None)
            if parts[0] != "aicompiler" or private is None:
                continue
            if not inside(module[0], ".".join(parts[:private])):
                wrong.append(f"{module[0]}:{line} imports {name}")
    return wrong


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_point_up(layer: str) -> None:
    """No module imports a layer below its own."""
    assert modules_of(layer)
    assert pointing_down(modules_of(layer)) == []


def test_folders_are_imported_by_their_full_name() -> None:
    """Nobody imports ``codegen.x``: the development folders are not packages of their own."""
    assert short_named(modules()) == []


def test_checker_and_solver_share_nothing() -> None:
    """``analysis`` never imports ``partition``, nor the other way round."""
    assert all(any(inside(name, package) for name, _ in modules()) for package in FORBIDDEN)
    assert forbidden(modules()) == []


def test_packages_are_entered_by_their_public_face() -> None:
    """Private modules and names (``_name``) are imported only from inside their own package."""
    assert intruding(modules()) == []


Plant = Callable[[str, str], list[Module]]


@pytest.fixture
def planted(tmp_path: Path) -> Plant:
    """A module of one statement, as if it were in the tree under the name given."""

    def plant(name: str, statement: str) -> list[Module]:
        path = tmp_path / f"planted{len(list(tmp_path.iterdir()))}.py"
        path.write_text(f'"""Planted."""\n{statement}\n', encoding="utf-8")
        return [(name, path)]

    return plant


ANALYSIS = "aicompiler.transformations.analysis"


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        (f"{ANALYSIS}._x", "import aicompiler.transformations.partition"),
        (f"{ANALYSIS}._x", "import aicompiler.transformations.partition.jobs as j"),
        (f"{ANALYSIS}._x", "from aicompiler.transformations import partition"),
        (f"{ANALYSIS}._x", "from aicompiler.transformations import costs, partition as p"),
        (f"{ANALYSIS}._x", "from aicompiler.transformations.partition import jobs"),
        (f"{ANALYSIS}._x", "from .. import partition"),
        (f"{ANALYSIS}._x", "from ..partition import jobs"),
        (f"{ANALYSIS}._x", "def f():\n    from ..partition.jobs import job"),
        (f"{ANALYSIS}.__init__", "from ..partition import partition"),
        (f"{ANALYSIS}.deep._x", "from ...partition import partition"),
        ("aicompiler.transformations.partition._x", "from aicompiler.transformations import analysis"),
    ],
)
def test_a_planted_link_between_checker_and_solver_is_found(
    planted: Plant, name: str, statement: str
) -> None:
    """However it is written: by the package, by name, relative, inside a function."""
    assert len(forbidden(planted(name, statement))) == 1


def test_only_the_named_package_is_forbidden(planted: Plant) -> None:
    """A package whose name merely begins like it is another one."""
    assert forbidden(planted(f"{ANALYSIS}._x", "import aicompiler.transformations.partitioning")) == []
    assert forbidden(planted(f"{ANALYSIS}x", "import aicompiler.transformations.partition")) == []


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("aicompiler.metamodels._x", "import aicompiler.transformations.costs"),
        ("aicompiler.metamodels._x", "from aicompiler import codegen"),
        ("aicompiler.metamodels._x", "from .. import transformations"),
        ("aicompiler.transformations._x", "from aicompiler.codegen import write_project"),
        ("aicompiler.codegen._x", "from aicompiler import pipeline"),
        ("aicompiler.codegen._x", "from ..run import run_project"),
    ],
)
def test_a_planted_import_of_a_lower_layer_is_found(planted: Plant, name: str, statement: str) -> None:
    """By its name, from the top package, or relative."""
    assert len(pointing_down(planted(name, statement))) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "import aicompiler.codegen._files",
        "from aicompiler.codegen import _files",
        "from aicompiler.codegen._files import GeneratedFile",
        "from .codegen._files import GeneratedFile",
        "from aicompiler.metamodels.system import _hidden",
    ],
)
def test_a_planted_entry_by_the_back_door_is_found(planted: Plant, statement: str) -> None:
    """A private module or name of another package, however it is imported."""
    assert len(intruding(planted("aicompiler.pipeline", statement))) == 1
    own = "from ._files import GeneratedFile\nfrom . import _write\nfrom .targets import c"
    assert intruding(planted("aicompiler.codegen._x", own)) == []


def test_a_package_with_a_longer_name_has_no_key(planted: Plant) -> None:
    """``codegenx`` is not inside ``codegen``."""
    assert len(intruding(planted("aicompiler.codegenx", "from aicompiler.codegen import _files"))) == 1


@pytest.mark.parametrize("statement", ["import codegen.run", "from metamodels import system"])
def test_a_planted_short_name_is_found(planted: Plant, statement: str) -> None:
    """The folder of development in the place of the package."""
    assert len(short_named(planted("aicompiler.pipeline", statement))) == 1


def test_the_command_line_starts_light() -> None:
    """Heavy packages are imported where they are used: ``--help`` loads none of them."""
    import subprocess
    import sys

    code = "import sys, aicompiler.cli; print(sorted(m for m in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not [m for m in HEAVY if f"'{m}'" in loaded]
