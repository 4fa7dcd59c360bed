"""Planted attacks: each ends in a sentence, opens nothing else, and shows nothing of other files."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aicompiler.metamodels.diagnostics import AicError
from aicompiler.transformations.importers import load_system

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "models" / "smart_intersection" / "smart_intersection.uml"
FINE = ROOT / "tests" / "errors" / "models" / "fine.uml"
CAPELLA = ROOT / "models" / "capella_junction" / "level_crossing.capella"
NATIVE = ROOT / "models" / "capella_junction" / "level_crossing.system.xmi"
AMALTHEA = '<am:Amalthea xmlns:am="http://app4mc.eclipse.org/amalthea/0.9.7">{}</am:Amalthea>'
SECRET = "the-secret-of-another-folder"
SEEDS = [FINE, CAPELLA, NATIVE]

_seen: list[str] = []
_watching: list[Path] = []


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watching:
        return
    if event.startswith(("socket.", "urllib.")):
        _seen.append(event)
    elif event == "open" and isinstance(arguments[0], str) and "outside" in Path(arguments[0]).parts:
        _seen.append(arguments[0])


sys.addaudithook(_watch)


class TooLong(BaseException):
    """No error that a reader of files might take for its own."""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The folder of a model, beside one that nothing may be read from; no network; a minute."""

    def too_long(*_: Any) -> None:
        raise TooLong("more than a minute")

    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "secret.txt").write_text(SECRET)
    (outside / "types.uml").write_bytes(FINE.read_bytes())
    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(60)
    _seen.clear()
    _watching.append(inside)
    yield inside
    _watching.pop()
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
    assert not _seen


def said(path: Path, content: bytes | str) -> str:
    """What is said of a model with this content: '' where it is accepted without a remark."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    try:
        system, diagnostics = load_system(path)
    except AicError as error:
        assert error.exit_code in (2, 3)
        assert SECRET not in str(error)
        return str(error)
    assert SECRET not in repr(system)
    return "\n".join(map(str, diagnostics))


def with_head(path: Path, head: str, body: str = "") -> str:
    """The text of a seed with ``head`` behind its XML declaration and ``body`` before its last end tag."""
    text = path.read_text(encoding="utf-8")
    declaration, _, rest = text.partition("?>")
    before, _, end = rest.rpartition("</")
    return f"{declaration}?>{head}{before}{body}</{end}"


BOMB = (
    "<!DOCTYPE a ["
    + "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "lol"}">' for n in range(10))
    + "]>"
)
ENTITIES = {
    "expansion": BOMB,
    "external": '<!DOCTYPE a [<!ENTITY e9 SYSTEM "../outside/secret.txt">]>',
    "remote": '<!DOCTYPE a [<!ENTITY e9 SYSTEM "http://localhost:1/x">]>',
    "parameter": '<!DOCTYPE a [<!ENTITY % p SYSTEM "../outside/secret.txt">%p;<!ENTITY e9 "x">]>',
    "external subset": '<!DOCTYPE a SYSTEM "../outside/secret.txt">',
}


@pytest.mark.parametrize("kind", ENTITIES)
@pytest.mark.parametrize("seed", [*SEEDS, "amalthea"], ids=lambda s: getattr(s, "suffix", s))
def test_document_types_are_refused(seed: Path | str, kind: str, folder: Path) -> None:
    """No entity is expanded, no external one is fetched, whatever kind of model declares it."""
    if isinstance(seed, Path):
        name, text = seed.name, with_head(seed, ENTITIES[kind], "&e9;")
    else:
        name, text = "x.amxmi", ENTITIES[kind] + AMALTHEA.format("&e9;")
    assert "document type" in said(folder / name, text)


@pytest.mark.parametrize(
    "href", ["http://localhost:1/x.uml#_a", "../outside/types.uml#_a", "file:///etc/passwd#a"]
)
def test_references_out_of_the_folder_are_not_followed(href: str, folder: Path) -> None:
    """Remote, out-of-tree and absolute hrefs, in each dialect: nothing is opened."""
    uml = FINE.read_text().replace(
        "</uml:Model>", f'<packageImport><importedPackage href="{href}"/></packageImport></uml:Model>'
    )
    assert uml != FINE.read_text()
    said(folder / "x.uml", uml)
    said(
        folder / "x.capella", with_head(CAPELLA, "", f'<ownedReferences xsi:type="x:y" library="a {href}"/>')
    )
    assert said(folder / "x.system.xmi", with_head(NATIVE, "", f'<constraints href="{href}"/>'))
    assert said(folder / "x.amxmi", AMALTHEA.format(f'<swModel><tasks href="{href}"/></swModel>'))


@pytest.mark.parametrize("seed", SEEDS, ids=lambda s: s.suffix)
def test_schema_locations_are_not_opened(seed: Path, folder: Path) -> None:
    """A schemaLocation that leads to the network or to another folder is no reason to open anything."""
    places = "http://x http://localhost:1/x.ecore http://aicompiler/system/1 ../outside/secret.txt"
    text = re.sub(r' xsi:schemaLocation="[^"]*"', "", seed.read_text(encoding="utf-8"), count=1)
    end = text.index(">", text.index("xmlns"))
    assert "xmlns:xsi=" in text[:end]
    said(folder / seed.name, f'{text[:end]} xsi:schemaLocation="{places}"{text[end:]}')


def test_cyclic_containment_ends(folder: Path) -> None:
    """Types that contain each other, and themselves, are refused with the circle named or leave it out."""
    text = FINE.read_text()
    circle = (
        '<packagedElement xmi:type="uml:Class" xmi:id="_ca"><ownedAttribute xmi:id="_cab" type="_cb" '
        'aggregation="composite"/></packagedElement><packagedElement xmi:type="uml:Class" xmi:id="_cb">'
        '<ownedAttribute xmi:id="_cba" type="_ca" aggregation="composite"/><generalization general="_cb"/>'
        "</packagedElement>"
    )
    said(folder / "circle.uml", text.replace("</uml:Model>", f"{circle}</uml:Model>"))


@pytest.mark.parametrize("depth", [200, 5000])
@pytest.mark.parametrize("seed", [*SEEDS, "amalthea"], ids=lambda s: getattr(s, "suffix", s))
def test_deep_nesting_ends(seed: Path | str, depth: int, folder: Path) -> None:
    """Elements nested deeper than any model needs: a system or a sentence, never the end of the stack."""
    tag, kind = ("packagedElement", 'xmi:type="uml:Package"')
    if not isinstance(seed, Path):
        said(folder / "x.amxmi", AMALTHEA.format("<swModel>" * depth + "</swModel>" * depth))
        return
    if seed is CAPELLA:
        tag, kind = (
            "ownedModelRoots",
            'xsi:type="org.polarsys.capella.core.data.capellamodeller:SystemEngineering"',
        )
    text = with_head(seed, "", f"<{tag} {kind}>" * depth + f"</{tag}>" * depth)
    if seed is FINE:
        text = FINE.read_text().replace(
            "</uml:Model>", f"{f'<{tag} {kind}>' * depth}{f'</{tag}>' * depth}</uml:Model>"
        )
    said(folder / seed.name, text)


@pytest.mark.parametrize("seed", SEEDS, ids=lambda s: s.suffix)
def test_truncated_files_are_refused(seed: Path, folder: Path) -> None:
    """A file that ends too early is no model, wherever it ends."""
    content = seed.read_bytes()
    for part in range(1, 12):
        assert "well-formed" in said(folder / seed.name, content[: len(content) * part // 12])


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1", "utf-8-sig", "utf-32"])
@pytest.mark.parametrize("seed", SEEDS, ids=lambda s: s.suffix)
def test_wrong_encodings_end_in_words(seed: Path, encoding: str, folder: Path) -> None:
    """A file that is not in the encoding that it declares, and one that declares one nobody knows."""
    text = seed.read_text(encoding="utf-8").replace("name=", 'was="\u00e4" name=', 1)
    said(folder / seed.name, text.encode(encoding))
    for declared in ("klingon", "utf-16", "shift_jis", "big5"):
        said(folder / seed.name, text.replace("UTF-8", declared, 1).encode("utf-8"))


@pytest.mark.parametrize("seed", SEEDS, ids=lambda s: s.suffix)
def test_duplicate_identifiers_are_named(seed: Path, folder: Path) -> None:
    """Two elements with one id: refused or said, never one of them silently taken."""
    text = seed.read_text(encoding="utf-8")
    ids = re.findall(r' (?:xmi:)?id="([^"]+)"', text)
    doubled = text.replace(f'id="{ids[-1]}"', f'id="{ids[-2]}"')
    assert re.search(
        rf"twice|same|more than once|duplicate|two|{re.escape(ids[-2])}", said(folder / seed.name, doubled)
    )


def test_files_that_include_each_other_end(folder: Path) -> None:
    """Two fragments that contain each other by href."""
    uml = FINE.read_text()
    for name, other in (("a.uml", "b.uml"), ("b.uml", "a.uml")):
        link = f'<packagedElement href="{other}#_model"/>'
        (folder / name).write_text(uml.replace("</uml:Model>", f"{link}</uml:Model>"))
    said(folder / "a.uml", (folder / "a.uml").read_bytes())
    for name, other in (("a.capella", "b.capella"), ("b.capella", "a.capella")):
        (folder / name).write_text(with_head(CAPELLA, "", f'<ownedModelRoots href="{other}#x"/>'))
    said(folder / "a.capella", (folder / "a.capella").read_bytes())


def test_special_files_are_refused(folder: Path) -> None:
    """A folder, a missing file, an empty one, and a link to another folder are no models."""
    (folder / "folder.uml").mkdir()
    for name in ("folder.uml", "missing.system.xmi", "missing.capella", "missing.amxmi"):
        with pytest.raises(AicError) as caught:
            load_system(folder / name)
        assert caught.value.exit_code == 2
    for suffix in ("uml", "system.xmi", "capella", "amxmi"):
        assert said(folder / f"empty.{suffix}", b"")
    for suffix in ("uml", "system.xmi", "capella", "amxmi"):
        pipe = folder / f"pipe.{suffix}"
        os.mkfifo(pipe)
        with pytest.raises(AicError, match="no file"):
            load_system(pipe)
