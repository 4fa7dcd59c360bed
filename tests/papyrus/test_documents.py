"""Other files: those in the model's folder are read, all else is left alone and said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from aicompiler.metamodels.diagnostics import Diagnostic, Severity
from aicompiler.transformations.importers import Account, Imported, ImportOptions
from aicompiler.transformations.importers.papyrus import Papyrus, _documents
from aicompiler.transformations.importers.papyrus._opening import open_model

Plant = Callable[..., Path]

PORT = (
    '<packagedElement xmi:type="uml:Class" xmi:id="_c" name="C">'
    '<ownedAttribute xmi:type="uml:Property" xmi:id="_p" name="p"><type href="{}"/></ownedAttribute>'
    "</packagedElement>"
)


def imported(path: Path) -> Imported:
    """What the importer makes of a file."""
    return Papyrus().load(path, ImportOptions())


def of_documents(result: Imported) -> list[Diagnostic]:
    """What is said about other documents."""
    return [d for d in result.diagnostics if "document" in d.rule]


def test_types_of_a_file_in_the_folder_are_read(plant: Plant) -> None:
    """A type in another file is the element itself, with its name, its place and its stereotypes."""
    gqam = "http://www.eclipse.org/papyrus/GQAM/1"
    plant(
        '<packagedElement xmi:type="uml:DataType" xmi:id="_t" name="Frame"/>',
        '<GQAM:GaExecHost xmi:id="_s" base_Classifier="_t"/>',
        name="lib/types.uml",
        GQAM=gqam,
    )
    path = plant(PORT.format("lib/types.uml#_t"))
    opened = open_model(path)
    type_ = opened.resource.by_id["_p"].type
    assert (type_.eClass.name, type_.name) == ("DataType", "Frame")
    assert opened.resource.files[type_] == "lib/types.uml"
    assert opened.resource.stereotypes[0].base is type_
    result = imported(path)
    (said,) = of_documents(result)
    assert (said.severity, said.rule) == (Severity.NOTE, "other-document")
    assert result.accounting.tallies[Account.ELEMENTS].total == 5
    assert result.accounting.exact


def test_files_that_include_each_other_end(plant: Plant) -> None:
    """Two files that refer to each other are each read once, and both references resolve."""
    plant(PORT.format("m.uml#_c"), name="n.uml")
    resource = open_model(plant(PORT.format("n.uml#_c"))).resource
    assert len(resource.documents) == 2
    assert resource.by_id["_p"].type is resource.documents[1].by_id["_c"]
    assert resource.documents[1].by_id["_p"].type is resource.by_id["_c"]


def test_a_file_may_refer_to_itself_by_name(plant: Plant) -> None:
    """A reference with the model's own file name stays inside."""
    resource = open_model(plant(PORT.format("m.uml#_c"))).resource
    assert len(resource.documents) == 1
    assert resource.by_id["_p"].type is resource.by_id["_c"]


@pytest.mark.parametrize(
    ("address", "severity", "rule"),
    [
        ("../secret.uml", Severity.WARNING, "outside-document"),
        ("/etc/passwd", Severity.NOTE, "foreign-document"),
        ("http://example.org/x.uml", Severity.NOTE, "foreign-document"),
        ("file:///etc/passwd", Severity.NOTE, "foreign-document"),
        ("pathmap://NOBODY_KNOWS/x.uml", Severity.NOTE, "foreign-document"),
        ("gone.uml", Severity.WARNING, "missing-document"),
        ("leads%20out.uml", Severity.WARNING, "outside-document"),
        ("no.uml", Severity.WARNING, "unreadable-document"),
        ("ecore.uml", Severity.WARNING, "unreadable-document"),
        ("x" * 5000, Severity.WARNING, "missing-document"),
        (".", Severity.WARNING, "missing-document"),
    ],
)
def test_what_is_not_read_is_said_at_the_reference(
    plant: Plant, address: str, severity: Severity, rule: str
) -> None:
    """Nothing outside the folder, no network, nothing that is no UML; the reference is the place."""
    inside = plant(PORT.format(f"{address}#_t"), name="model/m.uml")
    secret = plant(name="secret.uml")
    (inside.parent / "leads out.uml").symlink_to(secret)
    (inside.parent / "no.uml").write_text("<?xml version='1.0'?><!DOCTYPE a><a/>")
    (inside.parent / "ecore.uml").write_text('<e:EPackage xmlns:e="http://www.eclipse.org/emf/2002/Ecore"/>')
    result = imported(inside)
    (said,) = of_documents(result)
    assert (said.severity, said.rule) == (severity, rule)
    assert said.source is not None
    assert (said.source.xml_id, said.source.line) == ("_p", 4)
    assert result.accounting.tallies[Account.REFERENCES].reported[0].source.line == 4
    assert result.accounting.exact


def test_standard_libraries_are_understood_without_being_read(plant: Plant) -> None:
    """The primitive types of UML are known by their names; nobody needs to be told."""
    result = imported(plant(PORT.format("pathmap://UML_LIBRARIES/UMLPrimitiveTypes.library.uml#Integer")))
    assert of_documents(result) == []
    assert result.accounting.tallies[Account.REFERENCES].bound == 1


def test_there_is_an_end_to_how_much_is_read(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chain of files is followed as far as the limits go; then it is said."""
    monkeypatch.setattr(_documents, "MAX_DOCUMENTS", 3)
    for number in range(1, 9):
        plant(PORT.format(f"f{number + 1}.uml#_c"), name=f"f{number}.uml")
    path = plant(PORT.format("f1.uml#_c"))
    assert len(open_model(path).resource.documents) == 3
    assert [d.rule for d in of_documents(imported(path))][-1] == "too-many-documents"


def test_the_missing_library_of_a_real_model_is_said(shared: Path) -> None:
    """The smart city refers 95 times to a model beside its folder, which nobody delivered."""
    result = imported(shared / "models" / "papyrus-sysml" / "arrowhead_smartcity.uml")
    (said,) = (d for d in of_documents(result) if d.rule == "outside-document")
    assert "95 references to ../EclipseArrowhead-5.0/Arrowhead-5.0.uml" in said.message
    assert "Arrowhead-5.0.uml" in said.next_step
