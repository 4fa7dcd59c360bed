"""What users name instead of the model: led to it, or told what it is and what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from aicompiler.metamodels.diagnostics import UnreadableInput
from aicompiler.transformations.importers import IMPORTERS, ImportOptions
from aicompiler.transformations.importers.papyrus import Papyrus

Plant = Callable[..., Path]


@pytest.mark.parametrize("suffix", [".di", ".notation", ".aird"])
def test_diagrams_lead_to_the_model_beside_them(plant: Plant, suffix: str) -> None:
    """A .di, .notation or .aird with a .uml of the same name is read as that model, with a note."""
    model = plant('<packagedElement xmi:type="uml:Class" xmi:id="_c" name="C"/>')
    named = model.with_suffix(suffix)
    named.write_text("<anything/>")
    assert [n for n in IMPORTERS if IMPORTERS.load(n)().handles(named)] == ["papyrus"]
    result = Papyrus().load(named, ImportOptions())
    assert result.diagnostics[0].rule == "model-beside"
    assert result.system.source is not None
    assert result.system.source.file == "m.uml"


def _refused(path: Path, content: str) -> UnreadableInput:
    path.write_text(content, encoding="utf-8")
    assert Papyrus().handles(path)
    with pytest.raises(UnreadableInput) as caught:
        Papyrus().load(path, ImportOptions())
    assert caught.value.diagnostics[0].next_step
    assert caught.value.diagnostics[0].source is not None
    return caught.value


def test_diagrams_without_a_model_are_refused(tmp_path: Path) -> None:
    """The file that is missing is named."""
    assert "there is no m.uml beside it" in str(_refused(tmp_path / "m.di", "<x/>"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("m.sysml", "package P { part def Q; }"),
        ("m.kerml", "package P;"),
        ("m.sysmlx", "<x/>"),
        ("m.json", '[{"@type": "PartDefinition", "@id": "1"}]'),
        ("m.xmi", '<sysml:Namespace xmlns:sysml="https://www.omg.org/spec/SysML/20240201"/>'),
        ("m.xml", '<k:P xmlns:k="https://www.omg.org/spec/KerML/20230201"/>'),
    ],
)
def test_sysml_v2_is_refused_clearly(tmp_path: Path, name: str, content: str) -> None:
    """Text, XMI and JSON of SysML v2: said to be that, with the way out."""
    refused = _refused(tmp_path / name, content)
    assert refused.diagnostics[0].rule == "sysml-v2"
    assert "SysML 1" in refused.diagnostics[0].next_step


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('<e:EPackage xmlns:e="http://www.eclipse.org/emf/2002/Ecore"/>', "an Ecore metamodel"),
        ('<n:Diagram xmlns:n="http://www.eclipse.org/gmf/runtime/1.0.2/notation"/>', "a diagram"),
        ('<XPD:ATTR xmlns:XPD="http:///XPD.ecore"/>', "its root is ATTR of http:///XPD.ecore"),
        ("<catalog/>", "its root is catalog"),
        ('<x:XMI xmlns:x="http://www.omg.org/XMI"/>', "it is empty"),
        ('<x:XMI xmlns:x="http://www.omg.org/XMI"><a/></x:XMI>', "its root is a"),
    ],
)
def test_other_files_are_called_what_they_are(tmp_path: Path, content: str, said: str) -> None:
    """A .uml that holds no UML is refused by its root, not by its extension."""
    assert said in str(_refused(tmp_path / "m.uml", content))


@pytest.mark.parametrize("name", ["m.mdzip", "m.mdxml"])
def test_projects_of_magicdraw_are_refused_with_the_way_to_export(tmp_path: Path, name: str) -> None:
    """MagicDraw's own format is named, with the menu that gives a readable file."""
    assert "Eclipse UML2 XMI" in str(_refused(tmp_path / name, "PK"))


def test_a_model_is_known_by_its_content(plant: Plant, tmp_path: Path) -> None:
    """UML under another extension is read; what is neither is somebody else's."""
    model = plant('<packagedElement xmi:type="uml:Class" xmi:id="_c" name="C"/>', name="m.model")
    assert Papyrus().handles(model)
    assert Papyrus().load(model, ImportOptions()).system.name == "m"
    other = tmp_path / "notes.txt"
    other.write_text("nothing")
    assert not Papyrus().handles(other)
    assert not Papyrus().handles(tmp_path / "absent")
    assert not Papyrus().handles(tmp_path)
