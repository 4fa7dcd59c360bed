"""Helper functions in several files: found in the model's folder only, and part of what a kernel is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from aicompiler.metamodels.system import Behaviour, ElementType, Source
from aicompiler.transformations.kernels import (
    BodyError,
    Direction,
    InterpretationError,
    Parameter,
    Signature,
    interpret,
    parse,
)
from aicompiler.transformations.kernels.frontends import behaviour_key

SIGNATURE = Signature(
    "kernel",
    (
        Parameter("a", ElementType.I32, (), Direction.IN),
        Parameter("r", ElementType.I32, (), Direction.OUT),
    ),
)
POINT = """#ifndef POINT_H
#define POINT_H
#include <stdint.h>
#define SCALE 3
typedef struct { int32_t x, y; } point_t;
static const int32_t weights[2] = {10, 1};
int32_t weighted(const point_t *p);
#endif
"""
WEIGHTED = """// beside its header
#include "point.h"
int32_t weighted(const point_t *p) {
  return p->x * weights[0] + p->y * weights[1] / (SCALE - 3 + p->x);
}
"""
BODY = '#include "math/weighted.c"\n#include "math/point.h"\npoint_t p = {a, SCALE};\nr = weighted(&p);\n'


class Memory:
    """A store that keeps everything."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], bytes] = {}

    def get(self, stage: str, key: str) -> bytes | None:
        """What was put there."""
        return self.kept.get((stage, key))

    def put(self, stage: str, key: str, content: bytes) -> None:
        """Keep it."""
        self.kept[stage, key] = content


def behaviour(body: str) -> Behaviour:
    place = Source(file="model.uml", qualified_name="M::step", line=50)
    return Behaviour(id="b", name="step", language="C", body=body, source=place)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model's folder with a header, and a source that includes it, in a folder of it."""
    model = tmp_path / "model"
    (model / "math").mkdir(parents=True)
    (model / "math" / "point.h").write_text(POINT)
    (model / "math" / "weighted.c").write_text(WEIGHTED)
    (tmp_path / "outside.h").write_text("static int secret(void) { return 42; }\n")
    return model


def error(body: str, folder: Path | None) -> str:
    with pytest.raises(BodyError) as caught:
        parse(behaviour(body), SIGNATURE, folder=folder)
    return str(caught.value)


def test_functions_tables_types_and_macros_come_from_files(folder: Path) -> None:
    """A header with a guard and a prototype, a source that includes it: all one program."""
    kernel = parse(behaviour(BODY), SIGNATURE, folder=folder)
    assert interpret(kernel, {"a": np.int32(4)})["r"] == 40 + 3 // 4
    with pytest.raises(InterpretationError) as caught:
        interpret(kernel, {"a": np.int32(0)})
    assert caught.value.line == 1, "an error at run time names the line of the body that includes the file"


def test_a_changed_file_is_another_kernel(folder: Path) -> None:
    """The key of a behaviour, and what a store remembers, follow the content of every included file."""
    store, body = Memory(), behaviour(BODY)
    before = behaviour_key(body, folder)
    first = parse(body, SIGNATURE, store, folder)
    (folder / "math" / "point.h").write_text(POINT.replace("{10, 1}", "{20, 1}"))
    assert behaviour_key(body, folder) != before
    second = parse(body, SIGNATURE, store, folder)
    inputs = {"a": np.int32(9)}
    assert [interpret(k, inputs)["r"] for k in (first, second)] == [90, 180]


def test_files_that_include_each_other_end(folder: Path) -> None:
    """Each file is taken once."""
    (folder / "a.h").write_text('#pragma once\n#include "b.h"\nstatic int one(void) { return 1; }\n')
    (folder / "b.h").write_text('#include "a.h"\nstatic int two(void) { return one() + one(); }\n')
    kernel = parse(behaviour('#include "a.h"\nr = one() + two();\n'), SIGNATURE, folder=folder)
    assert interpret(kernel, {"a": np.int32(0)})["r"] == 3


@pytest.mark.parametrize(
    "name", ["../outside.h", "/etc/passwd", "math/../../outside.h", "link.h", "loop.h", "math", "none.h"]
)
def test_nothing_outside_the_folder_is_read(name: str, folder: Path) -> None:
    """Neither by dots, nor by an absolute path, nor through a link; a folder or a missing file is no file."""
    (folder / "link.h").symlink_to(folder.parent / "outside.h")
    (folder / "loop.h").symlink_to(folder / "loop.h")
    assert "to include is not there" in error(f'#include "{name}"\nr = secret();\n', folder)


def test_errors_name_the_included_file(folder: Path) -> None:
    """Syntax errors, wrong types and unsupported constructs are at the line of their own file."""
    (folder / "bad.h").write_text("\nstatic int f(int x) { return x + ; }\n")
    assert "bad.h:2" in error('#include "bad.h"\nr = f(a);\n', folder)
    (folder / "bad.h").write_text("static int f(int x) {\n  static int calls;\n  return x;\n}\n")
    assert "bad.h:2" in error('#include "bad.h"\nr = f(a);\n', folder)
    (folder / "bad.h").write_text("#if 1\n#endif\n")
    assert "bad.h:1" in error('\n#include "bad.h"\nr = a;\n', folder)
    assert "model.uml:52" in error('#include "math/point.h"\nr = a;\nr = missing;\n', folder)


def test_bounds_on_files(folder: Path) -> None:
    """Too many, too long, not text: refused with words; without a folder nothing can be included."""
    for i in range(70):
        (folder / f"f{i}.h").write_text("\n")
    many = "".join(f'#include "f{i}.h"\n' for i in range(70))
    assert "more than 64 files" in error(many + "r = a;\n", folder)
    (folder / "long.h").write_text("/*" + "x" * 1_000_001 + "*/")
    assert "longer than 1000000 bytes" in error('#include "long.h"\nr = a;\n', folder)
    (folder / "binary.h").write_bytes(b"\xff\xfe\x00")
    assert "cannot be read: UnicodeDecodeError" in error('#include "binary.h"\nr = a;\n', folder)
    assert "no folder of the model" in error('#include "math/point.h"\nr = a;\n', None)
