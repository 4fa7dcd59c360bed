"""Wrong side-cars end in messages with file and line, what was expected and a name that is close."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from aicompiler.metamodels.diagnostics import AicError, Severity
from aicompiler.transformations.importers import load_system, parse_sidecar

HERE = Path(__file__).parent
Golden = Callable[[str, str], None]


@pytest.mark.parametrize("name", ["not_toml", "unknown_keys", "no_match", "bad_values"])
def test_a_wrong_sidecar_is_located(name: str, golden: Golden) -> None:
    """Each mistake stands at its line of the side-car; the exit code tells unreadable from wrong."""
    with pytest.raises(AicError) as caught:
        load_system(HERE / "models" / "fine.uml", HERE / "sidecars" / f"{name}.aic.toml")
    errors = [d for d in caught.value.diagnostics if d.severity is Severity.ERROR]
    assert all(d.source is not None and d.source.line > 0 and d.next_step for d in errors)
    text = "\n".join(str(d) for d in errors)
    golden(f"errors/sidecar_{name}.txt", f"exit {caught.value.exit_code}\n{text}\n")


def test_a_missing_sidecar_is_unreadable_input(tmp_path: Path) -> None:
    """A side-car that is named must be there."""
    with pytest.raises(AicError, match="cannot be read") as caught:
        load_system(HERE / "models" / "fine.uml", tmp_path / "none.toml")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "text",
    ["[a]" * 300, "x = 1", "[[component]]\n", '[component."*"]\nwcet = 3\n', "component = 3", "[" * 5000],
)
def test_odd_documents_end_in_words(text: str) -> None:
    """Whatever the text is, there are diagnostics or an error to act on."""
    try:
        _, diagnostics = parse_sidecar(text, Path("odd.aic.toml"))
    except AicError as error:
        diagnostics = list(error.diagnostics)
    assert diagnostics
