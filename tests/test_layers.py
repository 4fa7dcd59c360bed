"""Imports only point up the list of layers, and packages are entered through their public face."""

from __future__ import annotations

import ast
from collections.abc import Iterator
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


def modules() -> list[Path]:
    return [p for layer in LAYERS for p in sorted(_folder(layer).rglob("*.py"))]


def _folder(layer: str) -> Path:
    return ROOT / ("tool/aicompiler" if layer == "tool" else layer)


def imports(path: Path, top_level_only: bool = False) -> Iterator[tuple[int, str]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_level_only else list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.lineno, node.module


def _module_name(path: Path) -> str:
    relative = path.relative_to(ROOT).with_suffix("")
    parts = relative.parts[2:] if relative.parts[0] == "tool" else relative.parts
    return ".".join(("aicompiler", *parts))


def _layer_of(name: str) -> str | None:
    parts = name.split(".")
    if parts[0] != "aicompiler" or len(parts) < 2:
        return None
    return parts[1] if parts[1] in LAYERS else "tool"


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_point_up(layer: str) -> None:
    """No module imports a layer below its own."""
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in sorted(_folder(layer).rglob("*.py"))
        if layer == "tool" or "tool" not in path.parts
        for line, name in imports(path)
        if (target := _layer_of(name)) not in (None, layer) and target not in LAYERS[layer]
    ]
    assert not wrong, "\n".join(wrong)


def test_folders_are_imported_by_their_full_name() -> None:
    """Nobody imports ``codegen.x``: the development folders are not packages of their own."""
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in modules()
        for line, name in imports(path)
        if name.split(".")[0] in set(LAYERS) - {"tool"}
    ]
    assert not wrong, "\n".join(wrong)


def test_checker_and_solver_share_nothing() -> None:
    """``analysis`` never imports ``partition``, nor the other way round."""
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in modules()
        for prefix, banned in FORBIDDEN.items()
        if _module_name(path).startswith(prefix)
        for line, name in imports(path)
        if name.startswith(banned)
    ]
    assert not wrong, "\n".join(wrong)


def test_packages_are_entered_by_their_public_face() -> None:
    """Private modules (``_name``) are imported only from inside their own package."""
    wrong = []
    for path in modules():
        own = _module_name(path)
        for line, name in imports(path):
            parts = name.split(".")
            private = next((i for i, part in enumerate(parts) if part.startswith("_")), None)
            if parts[0] != "aicompiler" or private is None:
                continue
            if not own.startswith(".".join(parts[:private])):
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_the_command_line_starts_light() -> None:
    """Heavy packages are imported where they are used: ``--help`` loads none of them."""
    import subprocess
    import sys

    code = "import sys, aicompiler.cli; print(sorted(m for m in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not [m for m in HEAVY if f"'{m}'" in loaded]
