"""VSL in files of the field: nearly all values are read, and the rest is known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from aicompiler.transformations.importers._patterns import pattern_of
from aicompiler.transformations.importers._quantities import (
    COUNT,
    ENERGY,
    FREQUENCY,
    POWER,
    RATE,
    SHARE,
    SIZE,
    TIME,
    measure,
)
from aicompiler.transformations.importers._vsl import (
    NoValue,
    VslError,
    parse,
    parse_declarations,
    parse_variables,
)
from lxml import etree

DIMENSIONS = {
    "NFP_Duration": TIME,
    "NFP_DataTxRate": RATE,
    "NFP_DataSize": SIZE,
    "NFP_Power": POWER,
    "NFP_Energy": ENERGY,
    "NFP_Integer": COUNT,
    "NFP_Natural": COUNT,
    "NFP_Real": SHARE,
    "NFP_Frequency": FREQUENCY,
    "NFP_FrequencyInterval": FREQUENCY,
}
PATTERN = "ArrivalPattern"
DERIVED = {  # tags of profiles that specialise MARTE (CHESS, DICE)
    **dict.fromkeys(("WCET", "localWCET", "rlDl", "occurrence"), "NFP_Duration"),
    **dict.fromkeys(("parallelism", "numTuples", "relativePriority"), "NFP_Integer"),
}
Types = dict[str, set[str]]
Value = tuple[set[str], str, str]
"""The types that a tag has in the MARTE metamodel, the tag, and a text it has."""


def tag_types(reference: Path) -> Types:
    """The NFP types of each tag of MARTE; stereotypes give some tags different ones."""
    found: Types = {tag: {type_} for tag, type_ in DERIVED.items()}
    for feature in etree.parse(reference).getroot().iter("eStructuralFeatures"):
        type_ = feature.find("eType")
        name = (feature.get("eType") or (type_.get("href") if type_ is not None else "")).rpartition("/")[2]
        if name in DIMENSIONS or (name == PATTERN and feature.get("name") != "type"):
            found.setdefault(feature.get("name"), set()).add(name)
    return found


def values(model: Path, types: Types) -> Iterator[Value]:
    """All values of NFP tags of all stereotype applications: those of MARTE and those derived from it."""
    for application in etree.parse(model).getroot():
        if not isinstance(application.tag, str) or "/uml2/" in etree.QName(application).namespace:
            continue
        children = [(etree.QName(c).localname, c.text or "") for c in application if isinstance(c.tag, str)]
        for tag, text in [*application.attrib.items(), *children]:
            if tag in types and text.strip() not in ("", "null"):
                yield types[tag], tag, text


@pytest.fixture(scope="module")
def found(shared: Path) -> list[Value]:
    types = tag_types(shared / "reference" / "MARTE.ecore")
    models = sorted((shared / "models" / "papyrus-marte").glob("*.uml"))
    return [value for model in models for value in values(model, types)]


def test_nearly_all_values_of_models_are_read(found: list[Value]) -> None:
    """At least 98 % of all NFP values give a tree that is printed and read again."""
    assert len(found) > 200
    wrong = []
    for _, tag, text in found:
        try:
            assert parse(str(parse(text))) == parse(text)
        except VslError as error:
            wrong.append(f"{tag}={text}: {error}")
    assert len(wrong) <= 0.02 * len(found), wrong


def complaint(type_: str, text: str) -> str:
    """'' where a value is a quantity of its type or a pattern, else why not."""
    try:
        if type_ == PATTERN:
            pattern_of(parse(text))
        else:
            measure(text, DIMENSIONS[type_])
    except NoValue:
        return ""  # a variable, or a part left empty
    except VslError as error:
        return str(error)
    return ""


def test_every_value_has_the_dimension_of_its_tag(found: list[Value]) -> None:
    """A value is a quantity or a pattern of the type that MARTE gives the tag, or states no number."""
    wrong = [(tag, text) for types, tag, text in found if all(complaint(type_, text) for type_ in types)]
    assert wrong == []


def test_variables_of_contexts_are_declared(shared: Path) -> None:
    """GaAnalysisContext.context holds one declaration a value; none of these models gives one a number."""
    model = etree.parse(shared / "models" / "papyrus-marte" / "dice_dpim_sequence.uml")
    texts = [t.text for t in model.getroot().iter("context") if t.text and "$" in t.text]
    declared = [d for text in texts for d in parse_declarations(text)]
    assert [(d.direction, d.name) for d in declared[:3]] == [
        ("in", "arrRateP"),
        ("in", "parser"),
        ("in", "adapt"),
    ]
    assert {d.direction for d in declared} == {"in", "out"}
    assert all(parse_variables(text) == {} for text in texts)
