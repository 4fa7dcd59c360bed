"""A cached build is the build: same files, same words, and only while nothing that it read has changed."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from aicompiler.cache import Cache
from aicompiler.codegen import GeneratedFile, GeneratedProject
from aicompiler.commands import Order, build_model
from aicompiler.inputs import relative, unchanged
from aicompiler.metamodels.journal import ABSENT
from aicompiler.product import Product, build_key, pack, unpack
from hypothesis import given
from hypothesis import strategies as st

SMALL = Path(__file__).resolve().parent.parent / "errors" / "models" / "fine.uml"
FILES = st.builds(
    GeneratedFile, st.text(min_size=1, max_size=9), st.binary(max_size=30), executable=st.booleans()
)


@given(st.lists(FILES, max_size=5), st.lists(st.text(max_size=12), max_size=3))
def test_packing_loses_nothing(files: list[GeneratedFile], said: list[str]) -> None:
    """Any files and messages come back as they were."""
    product = Product(GeneratedProject(tuple(files)), {"verdict": "ready"}, tuple(said))
    assert unpack(pack(product)) == product


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return Path(shutil.copy(SMALL, tmp_path / "model.uml"))


def files(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in folder.rglob("*")
        if p.is_file()
    }


def test_a_warm_build_is_the_cold_one(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second build writes the same bytes, says the same words and returns the same verdict."""
    cache = Cache(tmp_path / "cache")
    said: list[str] = []
    results, words, trees = [], [], []
    for name in ("cold", "warm"):
        results.append(build_model(Order(model, tmp_path / name, cache=cache), said.append) | {"out": ""})
        words.append(capsys.readouterr().err.replace(str(tmp_path / name), "OUT"))
        trees.append(files(tmp_path / name))
    assert said[-1] == "nothing has changed: taking the build from the cache"
    assert results[0] == results[1]
    assert words[0] == words[1]
    assert trees[0] == trees[1]


def test_a_damaged_cache_only_costs_time(model: Path, tmp_path: Path) -> None:
    """An entry that does not verify is built again, with the same result."""
    cache = Cache(tmp_path / "cache")
    first = build_model(Order(model, tmp_path / "out", cache=cache), lambda _: None)
    for path in (tmp_path / "cache" / "build").iterdir():
        path.write_bytes(path.read_bytes()[:-7])
    said: list[str] = []
    assert build_model(Order(model, tmp_path / "out", cache=cache), said.append) == first
    assert "generating code" in said


EDITS: dict[str, Callable[[Path, Path, Path], None]] = {
    "model": lambda model, _side, _templates: model.write_bytes(model.read_bytes() + b"\n"),
    "side-car": lambda _model, side, _templates: side.write_text("# a comment\n"),
    "template": lambda _model, _side, templates: (templates / "README.md.j2").write_text("other"),
    "new template": lambda _model, _side, templates: (templates / "node.c.j2").write_text("x"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_every_input_is_in_the_key(edit: str, model: Path, tmp_path: Path) -> None:
    """Changing the model, the side-car or a template by one byte gives another key."""
    side, templates = tmp_path / "model.aic.toml", tmp_path / "templates"
    side.write_text("")
    templates.mkdir()
    (templates / "README.md.j2").write_text("mine")
    before = build_key(model, side, templates)
    EDITS[edit](model, side, templates)
    after = build_key(model, side, templates)
    assert before is not None
    assert after is not None
    assert before != after


def _included(model: Path) -> None:
    """Let the body of the first behaviour include a file."""
    text = model.read_text(encoding="utf-8")
    assert "<body>" in text
    model.write_text(text.replace("<body>", '<body>#include "helper.h"&#10;', 1), encoding="utf-8")


def test_files_that_a_model_names_are_inputs(model: Path, tmp_path: Path) -> None:
    """A build is taken again only while the files that its bodies include hold the same."""
    _included(model)
    helper = tmp_path / "helper.h"
    helper.write_text("static int twice(int x) { return 2 * x; }\n")
    order, said = Order(model, tmp_path / "out", cache=Cache(tmp_path / "cache")), list[str]()
    for text in (None, "static int twice(int x) { return x + x; }\n", None):
        if text is not None:
            helper.write_text(text)
        build_model(order, said.append)
        said.append("built")
    taken = "nothing has changed: taking the build from the cache"
    ends = [said[i - 1] for i, text in enumerate(said) if text == "built"]
    assert [end == taken for end in ends] == [False, False, True]
    names = [f["path"] for f in json.loads((tmp_path / "out" / "verdict.json").read_text())["inputs"]]
    assert names == ["model.uml", "helper.h"]


def test_a_file_that_appears_is_a_change(tmp_path: Path) -> None:
    """What was absent when a model was built belongs to its inputs."""
    absent = relative({tmp_path / "types.uml": ABSENT}, tmp_path)
    assert unchanged(absent, tmp_path)
    (tmp_path / "types.uml").write_text("<a/>")
    assert not unchanged(absent, tmp_path)


def test_the_verdict_is_data(model: Path, tmp_path: Path) -> None:
    """What ``build --json`` prints is the document of ``verdict.json`` with where it lies."""
    result = build_model(Order(model, tmp_path / "out"), lambda _: None)
    written = json.loads((tmp_path / "out" / "verdict.json").read_text())
    assert result == written | {"ok": True, "out": str(tmp_path / "out")}
