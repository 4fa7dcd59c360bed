"""Alf arrives as the body of an opaque behaviour, or as a comment that represents an operation."""

from __future__ import annotations

from pathlib import Path

from aicompiler.transformations.importers import examine
from aicompiler.transformations.kernels import parse, signature_of
from aicompiler.transformations.kernels.interpreter import interpret

MODEL = """<?xml version="1.0" encoding="UTF-8"?>
<xmi:XMI xmi:version="20131001" xmlns:xmi="http://www.omg.org/spec/XMI/20131001"
    xmlns:uml="http://www.eclipse.org/uml2/5.0.0/UML" xmlns:GCM="http://www.eclipse.org/papyrus/GCM/1"
    xmlns:ActionLanguage="http://www.omg.org/spec/ALF/20120827/ActionLanguage-Profile">
<uml:Model xmi:id="_m" name="m">
<packagedElement xmi:type="uml:PrimitiveType" xmi:id="_t" name="int32_t"/>
<packagedElement xmi:type="uml:Class" xmi:id="_c" name="Adder">
<ownedAttribute xmi:type="uml:Port" xmi:id="_p" name="total" type="_t"/>
<ownedAttribute xmi:type="uml:Property" xmi:id="_a" name="count" type="_t"/>
{inside}
</packagedElement>
<packagedElement xmi:type="uml:Class" xmi:id="_top" name="Top">
<ownedAttribute xmi:type="uml:Property" xmi:id="_part" name="adder" type="_c" aggregation="composite"/>
</packagedElement>
</uml:Model>
<GCM:FlowPort xmi:id="_f" direction="out" base_Port="_p"/>
{outside}
</xmi:XMI>
"""
BODY = "count += 2;\ntotal = count;"


def result(path: Path, inside: str, outside: str = "") -> int:
    path.write_text(MODEL.format(inside=inside, outside=outside), encoding="utf-8")
    (component,) = examine(path).system.components
    (entry,) = component.entries
    (behaviour,) = entry.behaviours
    assert behaviour.language.lower() == "alf"
    assert behaviour.source is not None
    assert path.read_text(encoding="utf-8").splitlines()[behaviour.source.line - 1].endswith("count += 2;")
    kernel = parse(behaviour, signature_of(component, entry))
    return int(interpret(kernel, {"count": 5})["total"])


def test_opaque_behaviour_in_alf(tmp_path: Path) -> None:
    """The language may be written in capitals."""
    inside = (
        '<ownedBehavior xmi:type="uml:OpaqueBehavior" xmi:id="_b" name="add" specification="_o">'
        f"<language>ALF</language>\n<body>{BODY}</body></ownedBehavior>"
        '<ownedOperation xmi:type="uml:Operation" xmi:id="_o" name="add" method="_b"/>'
    )
    assert result(tmp_path / "m.uml", inside) == 7


def test_textual_representation_of_an_operation(tmp_path: Path) -> None:
    """The comment annotates the operation, or is owned by it."""
    stereotype = '<ActionLanguage:TextualRepresentation xmi:id="_s" base_Comment="_k" language="Alf"/>'
    comment = f'<ownedComment xmi:type="uml:Comment" xmi:id="_k"{{}}>\n<body>{BODY}</body></ownedComment>'
    operation = '<ownedOperation xmi:type="uml:Operation" xmi:id="_o" name="add">{}</ownedOperation>'
    beside = comment.format(' annotatedElement="_o"') + operation.format("")
    within = operation.format(comment.format(""))
    assert result(tmp_path / "beside.uml", beside, stereotype) == 7
    assert result(tmp_path / "within.uml", within, stereotype) == 7
