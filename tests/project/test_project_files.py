"""The generated files: the same bytes for the same input, readable, traced, safe whatever names say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aicompiler.codegen import GeneratedProject, write_project
from aicompiler.metamodels.diagnostics import ModelError, OutputFailed, UnreadableInput
from aicompiler.metamodels.system import System

Case = Any  # tests/project/conftest.py: a system with a decision, and generate()
Golden = Callable[[str, str], None]


@pytest.fixture(scope="module")
def project(spread: Case) -> GeneratedProject:
    """The small system over three units."""
    return spread.generate()  # type: ignore[no-any-return]


def text(project: GeneratedProject, path: str) -> str:
    return next(f.content for f in project.files if f.path == path).decode()


@pytest.mark.parametrize(
    "path",
    [
        "CMakeLists.txt",
        "README.md",
        "src/channels.c",
        "src/nodes/board.c",
        "src/components/pair.c",
        "src/components/slow.c",
        "tests/reduced_sink_step.c",
    ],
)
def test_generated_text(project: GeneratedProject, golden: Golden, path: str) -> None:
    """What a reviewer reads."""
    golden(f"project/{path}", text(project, path))


def test_same_input_same_bytes(spread: Case, project: GeneratedProject) -> None:
    """Generating twice gives the same files, in path order, each path once."""
    assert spread.generate() == project
    paths = [f.path for f in project.files]
    assert paths == sorted(set(paths))


def test_every_text_says_who_made_it(project: GeneratedProject) -> None:
    """Each generated text names the tool near its top; binary vectors, data and objects cannot."""
    for file in project.files:
        if not file.path.endswith((".bin", ".o")):
            head = "\n".join(file.content.decode().splitlines()[:4]).lower()
            assert "ai-compiler" in head or "aicompiler" in head, file.path


def test_trace_points_at_the_lines(project: GeneratedProject) -> None:
    """Components, entries, attributes, channels, units and nodes lead to the lines that come from them."""
    lines: dict[str, set[str]] = {}
    for file in project.files:
        for link in file.trace:
            line = file.content.decode().splitlines()[link.line - 1]
            lines.setdefault(link.element, set()).add(f"{file.path}: {line.strip()}")
    assert "src/components/slow.c: const aic_entry aic_entry_slow_step = {" in lines["slow.step"]
    assert "src/components/slow.c: static int32_t aic_state_calls[1] = {0};" in lines["slow.calls"]
    assert "src/channels.c: { /* 1 */" in lines["source.x->pair.xs"]
    assert any(line.startswith("kernels/c/pair_step.c: void pair_step(") for line in lines["pair.step"])
    assert any(line.startswith('kernels/hls/pair_step.cpp: extern "C" void') for line in lines["pair.step"])
    assert any(line.startswith("src/nodes/board.c: {") for line in lines["gpu"])
    assert any(line.endswith("add_executable(node_board") for line in lines["board"])


def test_a_template_of_the_user_replaces_ours(spread: Case, tmp_path: Path) -> None:
    """A file of the same name in the folder wins; the others stay."""
    (tmp_path / "README.md.j2").write_text("{{ title }} by the lab\n")
    project = spread.generate(templates=tmp_path, vectors=())
    assert text(project, "README.md") == "small by the lab\n"
    assert "aic_node_main" in text(project, "src/nodes/board.c")


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ titel }}", "template README.md.j2: 'titel' is undefined"),
        ("{% for %}", "template README.md.j2: "),
        ("{{ title", "template README.md.j2: "),
    ],
)
def test_a_broken_template_is_said(spread: Case, tmp_path: Path, template: str, message: str) -> None:
    """An unknown name or a syntax error names the template and ends with exit code 2."""
    (tmp_path / "README.md.j2").write_text(template)
    with pytest.raises(UnreadableInput, match=message):
        spread.generate(templates=tmp_path, vectors=())
    with pytest.raises(UnreadableInput, match="is no folder of templates"):
        spread.generate(templates=tmp_path / "absent", vectors=())


def test_ids_and_names_cannot_break_out(spread: Case) -> None:
    """Quotes, comment ends, dollars and newlines in names stay inside strings, or are left out."""
    evil = 'a"; system("x"); /* */ #{}\n$ENV{HOME}\\'
    system = replace(spread.system, name=evil)
    first, *others = system.application.channels
    channels = (replace(first, id=evil), *others)
    system = replace(system, application=replace(system.application, channels=channels))
    project = replace(spread, system=system).generate(vectors=())
    escaped = 'a\\"; system(\\"x\\"); /* */ #{}\\012$ENV{HOME}\\134'.replace('\\"', "\\042")
    assert f'.id = "{escaped}",' in text(project, "src/channels.c")
    assert text(project, "README.md").startswith("# a?; system(?x?); ?? ?? ?????ENV?HOME??\n")
    assert "ENV{" not in text(project, "CMakeLists.txt")


def test_two_components_of_one_name_are_refused(spread: Case) -> None:
    """They would share files and functions."""
    first, second, *others = spread.system.application.components
    components = (first, replace(second, name=first.name), *others)
    system = replace(spread.system, application=replace(spread.system.application, components=components))
    with pytest.raises(ModelError, match="two components are called 'source': 'source' and 'slow'; rename"):
        replace(spread, system=system).generate(vectors=())


def test_a_deployment_of_another_model_is_refused(spread: Case, all_cpu: Case) -> None:
    """A table with a missing slot or another hyperperiod is no table of this model."""
    short = replace(spread.deployment, jobs=spread.deployment.jobs[1:])
    with pytest.raises(ModelError, match="does not have"):
        replace(spread, deployment=short).generate(vectors=())
    with pytest.raises(ModelError, match="its hyperperiod is 7 ns, that of the model 40000000 ns"):
        replace(spread, deployment=replace(spread.deployment, hyperperiod_ns=7)).generate(vectors=())


# --- writing ------------------------------------------------------------------------------------------------


def stub_case(spread: Case, **port: Any) -> Case:
    """``source`` without a behaviour, its port changed by ``port``."""
    system: System = spread.system
    source = system.application.components[0]
    entry = replace(source.entries[0], behaviours=())
    changed = replace(source, entries=(entry,), ports=(replace(source.ports[0], **port),))
    components = (changed, *system.application.components[1:])
    system = replace(system, application=replace(system.application, components=components))
    kernels = {k: v for k, v in spread.kernels.items() if k != entry.id}
    return replace(spread, system=system, kernels=kernels)


def test_hand_written_code_is_never_overwritten(spread: Case, tmp_path: Path) -> None:
    """A stub is created once; a changed signature gives a warning and a .new file until it fits again."""
    out = tmp_path / "out"
    case = stub_case(spread)
    assert write_project(case.generate(vectors=()), out) == ()
    stub, notes = out / "user" / "source_step.c", out / "user" / "notes.txt"
    assert "void source_step(int32_t *x /* [4] */, int32_t *n);" in stub.read_text()
    mine = stub.read_text() + "/* mine */\n"
    stub.write_text(mine)
    notes.write_text("keep me")
    renamed = stub_case(spread, name="frame")
    (warning,) = write_project(renamed.generate(vectors=()), out)
    assert str(warning) == (
        "user/source_step.c: warning: the model now asks for"
        " void source_step(int32_t *frame /* [4] */, int32_t *n);"
        " adapt it; user/source_step.c.new shows the new signature [user-code]"
    )
    assert stub.read_text() == mine
    assert notes.read_text() == "keep me"
    assert "int32_t *frame" in (out / "user" / "source_step.c.new").read_text()
    assert write_project(case.generate(vectors=()), out) == ()
    assert not (out / "user" / "source_step.c.new").exists()


def test_another_shape_is_another_signature(spread: Case, tmp_path: Path) -> None:
    """Code for other extents would read and write beyond the arrays, so it is warned of like another name."""
    out = tmp_path / "out"
    write_project(stub_case(spread).generate(vectors=()), out)
    stub = out / "user" / "source_step.c"
    stub.write_text("void helper(int a);\n" + stub.read_text())  # another prototype before it
    assert write_project(stub_case(spread).generate(vectors=()), out) == ()
    before = stub.read_text()
    for shape, written in (((2, 2), "[2][2]"), ((5,), "[5]")):
        (warning,) = write_project(stub_case(spread, shape=shape).generate(vectors=()), out)
        assert f"void source_step(int32_t *x /* {written} */, int32_t *n);" in str(warning)
        assert stub.read_text() == before


def test_writing_replaces_what_was_generated_before(project: GeneratedProject, tmp_path: Path) -> None:
    """Files of an older build are gone, and nothing is left beside the folder."""
    out = tmp_path / "out"
    write_project(project, out)
    (out / "src" / "stale.c").write_text("old")
    write_project(project, out)
    written = sorted(str(p.relative_to(out)) for p in out.rglob("*") if p.is_file())
    assert written == sorted([".aicompiler", *(f.path for f in project.files)])
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_failed_write_leaves_the_old_result(project: GeneratedProject, tmp_path: Path) -> None:
    """If writing breaks off, the folder is as it was and no temporary folder stays."""
    out = tmp_path / "out"
    write_project(project, out)
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    clash = replace(project.files[0], path="src/channels.c/below")
    with pytest.raises(OutputFailed, match="File exists"):
        write_project(GeneratedProject((*project.files, clash)), out)
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == before
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_a_folder_of_somebody_else_is_not_replaced(
    project: GeneratedProject, tmp_path: Path, kind: str
) -> None:
    """Only an empty folder or an earlier project may be written over."""
    out = tmp_path / "precious"
    if kind == "file":
        out.write_text("thesis")
    elif kind == "folder":
        out.mkdir()
        (out / "thesis.tex").write_text("thesis")
    else:
        (tmp_path / "real").mkdir()
        out.symlink_to(tmp_path / "real")
    with pytest.raises(
        UnreadableInput, match="is no project that AI-COMPILER generated; name another folder"
    ):
        write_project(project, out)
    assert out.exists()


@pytest.mark.parametrize("path", ["../escape.c", "/tmp/escape.c", "src/../../escape.c"])
def test_no_file_lands_outside(project: GeneratedProject, tmp_path: Path, path: str) -> None:
    """A path that leaves the folder is a defect, not a file."""
    with pytest.raises(AssertionError, match="has the path"):
        write_project(GeneratedProject((replace(project.files[0], path=path),)), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
