"""Hostile UML: every file ends in a system or in located words, soon, and nothing else is touched."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aicompiler.metamodels.diagnostics import Severity, UnreadableInput
from aicompiler.transformations.importers import Account, Imported, ImportOptions
from aicompiler.transformations.importers.papyrus import Papyrus

Plant = Callable[..., Path]

CLASS = '<packagedElement xmi:type="uml:Class" xmi:id="_c" name="C"/>'


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Any use of a socket fails the test."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the importer used the network")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    yield


def imported(path: Path) -> Imported:
    """What the importer makes of a file."""
    return Papyrus().load(path, ImportOptions())


def refused(path: Path) -> tuple[str, int]:
    """Rule and line of a refusal."""
    with pytest.raises(UnreadableInput) as caught:
        imported(path)
    (said,) = caught.value.diagnostics
    assert said.source is not None
    assert said.next_step
    return said.rule, said.source.line


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;">]>'
EXTERNAL = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
REMOTE = '<!DOCTYPE x SYSTEM "http://example.org/x.dtd">'


@pytest.mark.parametrize("doctype", [BOMB, EXTERNAL, REMOTE])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_document_types_are_refused_in_every_encoding(plant: Plant, doctype: str, encoding: str) -> None:
    """Entities are neither expanded nor fetched, however the file is encoded."""
    path = plant(CLASS)
    text = path.read_text(encoding="utf-8").replace('encoding="UTF-8"', f'encoding="{encoding}"')
    path.write_bytes(text.replace("?>\n", f"?>\n{doctype}\n", 1).encode(encoding))
    rule, line = refused(path)
    assert rule in ("document-type", "not-xml")
    assert line == 1 or rule == "not-xml"


def test_an_entity_that_nobody_declared_is_refused(plant: Plant) -> None:
    """A reference to an unknown entity is no well-formed XML."""
    path = plant('<ownedComment xmi:id="_k"><body>&secret;</body></ownedComment>')
    assert refused(path) == ("not-xml", 4)


def test_locations_of_schemas_are_never_opened(plant: Plant) -> None:
    """``xsi:schemaLocation`` to http is read as a text (the socket guard would say otherwise)."""
    path = plant(CLASS, location=' xsi:schemaLocation="http://x.org/1 http://x.org/schema.ecore"')
    assert imported(path).accounting.exact


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "latin-1", "cp1252"])
def test_encodings_that_are_declared_are_read(plant: Plant, encoding: str) -> None:
    """A byte order mark, UTF-16 and declared 8-bit encodings give the same names."""
    path = plant('<packagedElement xmi:type="uml:Class" xmi:id="_c" name="Größe"/>')
    declared = {"utf-8-sig": "UTF-8", "utf-16-le": "UTF-16LE", "latin-1": "ISO-8859-1"}.get(
        encoding, encoding
    )
    text = path.read_text(encoding="utf-8").replace('encoding="UTF-8"', f'encoding="{declared}"')
    path.write_bytes(text.encode(encoding))
    assert imported(path).accounting.tallies[Account.ELEMENTS].total == 2


def test_a_wrong_encoding_is_refused_where_it_shows(plant: Plant) -> None:
    """Bytes that are not in the declared encoding have a line."""
    path = plant('<packagedElement xmi:type="uml:Class" xmi:id="_c" name="Größe"/>')
    path.write_bytes(path.read_text(encoding="utf-8").encode("latin-1"))
    assert refused(path) == ("not-xml", 4)


def test_an_unknown_encoding_is_refused(plant: Plant) -> None:
    """An encoding that does not exist ends in words."""
    path = plant(CLASS)
    path.write_bytes(path.read_bytes().replace(b"UTF-8", b"KLINGON"))
    assert refused(path) == ("unknown-encoding", 1)


def test_every_truncation_is_refused(plant: Plant) -> None:
    """A file that ends too early is refused, wherever it ends."""
    path = plant(CLASS)
    content = path.read_bytes().rstrip()
    for end in range(0, len(content) - 1, 7):
        path.write_bytes(content[:end])
        assert refused(path)[0] in ("not-xml", "empty-file", "no-model")


def test_duplicate_ids_are_errors_at_the_second(plant: Plant) -> None:
    """Both places are named, and the accounts still balance."""
    result = imported(plant(f'{CLASS}\n<packagedElement xmi:type="uml:Class" xmi:id="_c" name="D"/>'))
    (said,) = (d for d in result.diagnostics if d.rule == "duplicate-id")
    assert said.severity is Severity.ERROR
    assert said.source is not None
    assert said.source.line == 5
    assert "line 4" in said.message
    assert result.accounting.exact


def _nested(depth: int) -> str:
    opening = "".join(
        f'<packagedElement xmi:type="uml:Package" xmi:id="_p{n}" name="p{n}">' for n in range(depth)
    )
    return opening + "</packagedElement>" * depth


def test_packages_200_deep_are_read(plant: Plant) -> None:
    """Nesting as deep as no editor shows is read without recursion."""
    result = imported(plant(_nested(200)))
    assert result.accounting.tallies[Account.ELEMENTS].total == 201
    assert result.accounting.exact


def test_bottomless_nesting_is_refused(plant: Plant) -> None:
    """Deeper than any model is refused by the parser, with a line."""
    assert refused(plant(_nested(5000)))[0] == "not-xml"


def _block(name: str, attributes: str) -> str:
    opening = f'<packagedElement xmi:type="uml:Class" xmi:id="{name}" name="{name}">'
    return f"{opening}{attributes}</packagedElement>\n"


def _part(name: str, type_: str) -> str:
    return f'<ownedAttribute xmi:id="{name}" name="{name}" type="{type_}" aggregation="composite"/>'


@pytest.mark.parametrize("types", [("a",), ("b", "a"), ("b", "c", "a")])
def test_blocks_that_contain_themselves_are_errors(plant: Plant, types: tuple[str, ...]) -> None:
    """Containment in a ring, direct or through others, is an error where it closes; it ends."""
    order = ("a", *types[:-1])
    blocks = "".join(_block(n, _part(f"p{n}", t)) for n, t in zip(order, types, strict=True))
    result = imported(plant(_block("top", _part("pt", "a")) + blocks))
    assert "cyclic-containment" in [d.rule for d in result.diagnostics]
    assert result.accounting.exact


def test_generalizations_in_a_ring_end(plant: Plant) -> None:
    """A class that specialises itself through another is no endless loop."""
    ring = '<generalization xmi:id="_g{0}" general="{1}"/>'
    classes = _block("a", ring.format(1, "b")) + _block("b", ring.format(2, "a"))
    assert imported(plant(_block("top", _part("p", "a")) + classes)).accounting.exact


def test_chains_without_end_are_errors(plant: Plant) -> None:
    """A thousand blocks each in the next, or three hundred generalizations: said where it is too much."""
    blocks = "".join(_block(f"c{n}", _part(f"p{n}", f"c{n + 1}")) for n in range(1000)) + _block("c1000", "")
    assert "too-deep" in [d.rule for d in imported(plant(blocks)).diagnostics]
    more = "".join(_block(f"c{n}", f'<generalization xmi:id="g{n}" general="c{n + 1}"/>') for n in range(300))
    result = imported(plant(_block("top", _part("p", "c0")) + more + _block("c300", "")))
    assert "too-many-generals" in [d.rule for d in result.diagnostics]
    assert result.accounting.exact


def test_types_of_every_wrong_kind_end_in_words(plant: Plant) -> None:
    """References to elements of the wrong metaclass, and values of the wrong type, are survived."""
    path = plant(
        '<packagedElement xmi:type="uml:Class" xmi:id="_c" name="C" classifierBehavior="_c">'
        '<ownedAttribute xmi:id="_p" name="p" type="_p" aggregation="everything" isReadOnly="perhaps"/>'
        '<ownedOperation xmi:type="uml:Package" xmi:id="_o" method="_c _c" name="o"/>'
        '<ownedConnector xmi:id="_k"><end xmi:id="_e" role="_c" partWithPort="_o"/></ownedConnector>'
        "</packagedElement>",
        '<G:GaStep xmi:id="_s" base_Operation="_s"/><G:GaWorkloadEvent xmi:id="_w" base_NamedElement="_c"'
        ' effect="_k"/>',
        G="http://www.eclipse.org/papyrus/GQAM/1",
    )
    assert imported(path).accounting.exact


def test_a_comment_that_executes_steps_ends_in_words(plant: Plant) -> None:
    """What has no name cannot be called, but it is no reason to fall over it."""
    path = plant(
        '<ownedComment xmi:id="_c"/><packagedElement xmi:type="uml:Activity" xmi:id="_act" name="act">'
        '<node xmi:type="uml:OpaqueAction" xmi:id="_n" name="n"/></packagedElement>',
        '<GQAM:GaStep xmi:id="_s" base_NamedElement="_n" concurRes="_r"><execTime>(1,ms)</execTime>'
        "</GQAM:GaStep>"
        '<GRM:SchedulableResource xmi:id="_r" base_NamedElement="_c"/>',
        GQAM="http://www.eclipse.org/papyrus/GQAM/1",
        GRM="http://www.eclipse.org/papyrus/GRM/1",
    )
    assert [c.name for c in imported(path).system.components] == ["_c"]


def _many(classes: int) -> str:
    features = "".join(
        f'<ownedAttribute xmi:id="_{{0}}a{n}" name="a{n}" type="_{{0}}"/>'
        f'<ownedOperation xmi:id="_{{0}}o{n}"/>'
        for n in range(5)
    )
    one = (
        f'<packagedElement xmi:type="uml:Class" xmi:id="_{{0}}" name="C{{0}}">{features}</packagedElement>\n'
    )
    return "".join(one.format(n) for n in range(classes))


def _seconds(path: Path) -> float:
    started = time.process_time()
    assert imported(path).accounting.exact
    return time.process_time() - started


@pytest.mark.long
def test_twice_the_model_takes_twice_the_time(plant: Plant) -> None:
    """Import is linear in the size of the file (a half is allowed for noise)."""
    _seconds(plant(CLASS))  # the metamodels are loaded once
    small, large = plant(_many(300), name="small.uml"), plant(_many(600), name="large.uml")
    ratio = min(_seconds(large) for _ in range(2)) / min(_seconds(small) for _ in range(2))
    assert ratio <= 3


@pytest.mark.long
def test_a_hundred_thousand_elements_are_read(plant: Plant) -> None:
    """A model as large as any is read whole, with line numbers beyond 65,535 and exact accounts."""
    path = plant("\n" * 70_000 + _many(9_100) + '<packagedElement xmi:type="uml:Odd" xmi:id="_z"/>')
    result = imported(path)
    tally = result.accounting.tallies[Account.ELEMENTS]
    assert tally.total > 100_000
    assert tally.exact
    assert tally.reported[0].source.line > 70_000


def test_the_largest_real_model_is_imported_soon(shared: Path) -> None:
    """Cameo's 1.3 MB in less than 2 seconds of processor time."""
    path = shared / "models" / "papyrus-sysml" / "cameo_CameoToCapella.uml"
    imported(path)
    assert _seconds(path) < 2
