"""Wrong input ends in a located message and the right exit code, never in a traceback or on the network."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from aicompiler.metamodels.diagnostics import AicError, Diagnostic, ModelError, UnreadableInput
from aicompiler.transformations.importers import load_system

MODELS = Path(__file__).parent / "models"
Golden = Callable[[str, str], None]

UNREADABLE = ["not_xml", "truncated", "empty", "no_model", "entity_bomb", "external_entity"]
WRONG = [
    "missing_href",
    "deadline_without_time",
    "remote_schema",
    "outside_tree",
    "duplicate_id",
    "never_activated",
    "shape_mismatch",
    "unknown_extent",
    "zero_period",
    "queue_cycle",
    "contains_itself",
]


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise AssertionError("the importer opened a socket")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def _refused(name: str) -> AicError:
    with pytest.raises(AicError) as caught:
        load_system(MODELS / f"{name}.uml")
    return caught.value


def _text(error: AicError) -> str:
    return f"exit {error.exit_code}\n{error}\n"


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_is_no_model_exits_with_2(name: str, golden: Golden) -> None:
    """Files that hold no model, or try to reach others, are unreadable input; the message says why."""
    error = _refused(name)
    assert isinstance(error, UnreadableInput)
    golden(f"errors/{name}.txt", _text(error))


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_model_exits_with_3(name: str, golden: Golden) -> None:
    """Each mistake is located, with what was expected and what to do next."""
    error = _refused(name)
    assert isinstance(error, ModelError)
    assert all(d.source is not None and d.source.line for d in error.diagnostics)
    golden(f"errors/{name}.txt", _text(error))


def test_the_model_that_the_wrong_ones_are_made_from_is_right() -> None:
    """Without its mistake, each of the small models is accepted: the goldens show the mistake alone."""
    system, diagnostics = load_system(MODELS / "fine.uml")
    assert [c.name for c in system.components] == ["source", "sink"]
    assert diagnostics == []


def test_a_name_with_quotes_is_a_name(golden: Golden) -> None:
    """Names are data: quotes, line ends and paths in them are kept, and shown escaped."""
    system, diagnostics = load_system(MODELS / "quoted_name.uml")
    component = system.components[0]
    assert component.name == 'a"; system("reboot"); //\n../../x'
    assert diagnostics == []
    assert "\n" not in component.place
    golden("errors/quoted_name.txt", f"{component.place}\n{system.entries[0].place}\n")


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("nowhere.uml", None, "unreadable-file"),
        ("notes.txt", "text", "not-xml"),
        ("page.html", "<a/>", "unknown-kind"),
    ],
)
def test_files_of_no_known_kind(tmp_path: Path, name: str, content: str | None, rule: str) -> None:
    """A missing file, a text and a foreign XML file are told apart."""
    path = tmp_path / name
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(UnreadableInput) as caught:
        load_system(path)
    (diagnostic,) = caught.value.diagnostics
    assert isinstance(diagnostic, Diagnostic)
    assert diagnostic.rule == rule
    assert diagnostic.next_step


def test_a_folder_is_no_model(tmp_path: Path) -> None:
    """A folder with the name of a model is refused: what is given has to be a file."""
    folder = tmp_path / "model.uml"
    folder.mkdir()
    with pytest.raises(UnreadableInput, match="it is no file"):
        load_system(folder)


def test_deeply_nested_xml_is_refused(tmp_path: Path) -> None:
    """Nesting that would exhaust the stack ends in a message."""
    path = tmp_path / "deep.uml"
    path.write_text("<a>" * 100_000 + "</a>" * 100_000, encoding="utf-8")
    with pytest.raises(UnreadableInput):
        load_system(path)
