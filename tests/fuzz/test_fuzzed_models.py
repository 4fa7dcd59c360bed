"""Whatever happens to a model file: a system or diagnostics, nothing read outside of its folder, no network.

Mutants are made from a seed number alone, so that a failure names the one to look at.
"""

from __future__ import annotations

import random
import re
import signal
import sys
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aicompiler.metamodels.diagnostics import AicError
from aicompiler.transformations.importers import load_system

ROOT = Path(__file__).resolve().parents[2]
MODELS = (".uml", ".xmi", ".capella", ".amxmi")
SMALL = 150_000  # bytes of a seed of the short run
SECONDS = 60  # a mutant may take, on a loaded machine
GARBLED = [
    *(
        "",
        "-1",
        "$x",
        "{}",
        "(",
        "1e30",
        "0",
        "nan",
        "_nope",
        "a#b",
        "../x#y",
        "&quot;",
        "#//@a.9",
        "//@a/@b.0",
    ),
    *("9" * 400, "1e999", "-0", "0x10", "\u0663", "(value=1e400,unit=ms)", "[0..*]", "true", "a" * 5000),
    *("http://localhost:1/x.uml#_a", "file:///etc/passwd#x", "/etc/passwd", "pathmap://X/y#z"),
]
ATTRIBUTE = re.compile(r' (?!xmlns)([\w:.]+)="([^"]*)"')
ELEMENT = re.compile(r"<([A-Za-z][\w:.]*)\b[^<>]*?(/>|>[^<]*</\1>)")
NUMBER = re.compile(r"\d+(\.\d+)?")
NAMESPACE = re.compile(r'xmlns:\w[\w.]*="([^"]*)"')
IDENTIFIER = re.compile(r' (?:xmi:)?id="([^"]*)"')


# --- mutations: a text and a source of chance give another text ---------------------------------------------


def pick(pattern: re.Pattern[str], text: str, chance: random.Random) -> re.Match[str] | None:
    found = list(pattern.finditer(text))
    return chance.choice(found) if found else None


def spliced(text: str, match: re.Match[str] | None, new: str, group: int = 0) -> str:
    return text if match is None else text[: match.start(group)] + new + text[match.end(group) :]


def drop_attribute(text: str, chance: random.Random) -> str:
    return spliced(text, pick(ATTRIBUTE, text, chance), "")


def double_attribute(text: str, chance: random.Random) -> str:
    match = pick(ATTRIBUTE, text, chance)
    return spliced(text, match, match[0] + match[0].replace("=", "_2=", 1)) if match else text


def swap_values(text: str, chance: random.Random) -> str:
    other = pick(ATTRIBUTE, text, chance)
    return spliced(text, pick(ATTRIBUTE, text, chance), other[2], 2) if other else text


def garble_value(text: str, chance: random.Random) -> str:
    return spliced(text, pick(ATTRIBUTE, text, chance), chance.choice(GARBLED), 2)


def drop_element(text: str, chance: random.Random) -> str:
    return spliced(text, pick(ELEMENT, text, chance), "")


def double_element(text: str, chance: random.Random) -> str:
    match = pick(ELEMENT, text, chance)
    return spliced(text, match, match[0] * chance.randint(2, 4)) if match else text


def move_element(text: str, chance: random.Random) -> str:
    match = pick(ELEMENT, text, chance)
    target = pick(ELEMENT, text, chance)
    return spliced(text, target, target[0] + match[0]) if match and target else text


def swap_identifiers(text: str, chance: random.Random) -> str:
    first, second = pick(IDENTIFIER, text, chance), pick(IDENTIFIER, text, chance)
    if not first or not second or not first[1] or not second[1]:
        return text
    return text.replace(first[1], "\0").replace(second[1], first[1]).replace("\0", second[1])


def same_identifier(text: str, chance: random.Random) -> str:
    other = pick(IDENTIFIER, text, chance)
    return spliced(text, pick(IDENTIFIER, text, chance), other[1], 1) if other else text


def swap_namespace(text: str, chance: random.Random) -> str:
    other = pick(NAMESPACE, text, chance)
    new = chance.choice([other[1] if other else "", "urn:nothing", "http://www.omg.org/spec/UML/20110701"])
    return spliced(text, pick(NAMESPACE, text, chance), new, 1)


def change_number(text: str, chance: random.Random) -> str:
    new = chance.choice(["0", "-1", "1e18", "99999999999999999999", "0.0000001", "7", ".5", "1E-400"])
    return spliced(text, pick(NUMBER, text, chance), new)


def nest_deeply(text: str, chance: random.Random) -> str:
    match, depth = pick(ELEMENT, text, chance), chance.choice([30, 200, 400])
    if match is None:
        return text
    opening = re.sub(r"/?>.*", ">", match[0], count=1, flags=re.DOTALL)
    return spliced(text, match, opening * depth + f"</{match[1]}>" * depth)


def exchange_lines(text: str, chance: random.Random) -> str:
    lines = text.split("\n")
    first, second = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]
    return "\n".join(lines)


def add_node(text: str, chance: random.Random) -> str:
    match = pick(ELEMENT, text, chance)
    new = chance.choice(["<!-- x -->", "<?x y?>", "<![CDATA[<a>]]>", "stray text", "&#0;", "&x;"])
    return spliced(text, match, match[0] + new) if match else text


TEXTUAL: tuple[Callable[[str, random.Random], str], ...] = (
    *(
        drop_attribute,
        double_attribute,
        swap_values,
        garble_value,
        drop_element,
        double_element,
        move_element,
    ),
    *(
        swap_identifiers,
        same_identifier,
        swap_namespace,
        change_number,
        nest_deeply,
        exchange_lines,
        add_node,
    ),
)


def flipped(content: bytes, chance: random.Random) -> bytes:
    """A few bytes changed, or the end cut off."""
    if chance.random() < 0.3:
        return content[: chance.randrange(len(content))]
    changed = bytearray(content)
    for _ in range(chance.randint(1, 5)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def mutated(content: bytes, chance: random.Random) -> bytes:
    """One to four mutations of the text, in one of eight cases of the bytes."""
    if chance.random() < 0.125:
        return flipped(content, chance)
    text = content.decode("utf-8", "replace")
    for _ in range(chance.randint(1, 4)):
        text = chance.choice(TEXTUAL)(text, chance)
    return text.encode("utf-8", "replace")


# --- guards -------------------------------------------------------------------------------------------------

OWN = tuple(
    str(Path(p).resolve())
    for p in {sys.prefix, sys.base_prefix, *sysconfig.get_paths().values(), *sys.path, str(ROOT / "tool")}
    if p and Path(p).resolve() not in (ROOT, Path("/"))
) + tuple(str(ROOT / name) for name in ("metamodels", "models", "transformations", "codegen"))
NETWORK = ("socket.", "urllib.", "ftplib.", "http.", "smtplib.")
_watched: list[tuple[Path, list[str]]] = []


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watched:
        return
    folder, seen = _watched[-1]
    if event.startswith(NETWORK):
        seen.append(f"{event} {arguments}")
    elif event == "open" and isinstance(arguments[0], str | bytes | Path):
        path = Path(arguments[0].decode() if isinstance(arguments[0], bytes) else arguments[0])
        real = str(path if path.is_absolute() else Path.cwd() / path)
        if not real.startswith((str(folder), *OWN, "/dev/", "/proc/self")):
            seen.append(f"open {real}")


sys.addaudithook(_watch)  # hooks stay for the life of the process: this one looks only while it is asked to


class TooLong(BaseException):
    """No error that a reader of files might take for its own."""


@contextmanager
def guarded(folder: Path) -> Iterator[None]:
    """Fail on any network access, on any read outside of ``folder`` and Python's own, and after a while."""

    def too_long(*_: Any) -> None:
        raise TooLong(f"more than {SECONDS} s")

    seen: list[str] = []
    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(SECONDS)
    _watched.append((folder, seen))
    try:
        yield
    finally:
        _watched.pop()
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    assert not seen


def outcome(path: Path) -> str:
    """'accepted' or 'refused'; every refusal has an exit code and a sentence."""
    try:
        with guarded(path.parent):
            load_system(path)
    except AicError as error:
        assert error.exit_code in (2, 3)
        assert error.diagnostics and all(d.message for d in error.diagnostics)
        return "refused"
    return "accepted"


# --- the runs -----------------------------------------------------------------------------------------------


def seeds(limit: int | None) -> list[Path]:
    """Our models, those of other tests, and the outside ones where there are any."""
    folders = [ROOT / "models", ROOT / "tests" / "errors" / "models", ROOT.parent / "shared" / "models"]
    found = (p for f in folders if f.is_dir() for p in f.rglob("*") if p.suffix in MODELS)
    sizes = sorted((p.stat().st_size, str(p)) for p in found)
    return [Path(name) for size, name in sizes if size and (limit is None or size <= limit)]


def survive(numbers: range, limit: int | None, folder: Path) -> dict[str, int]:
    """Load the mutants with these numbers."""
    known = seeds(limit)
    counts = {"accepted": 0, "refused": 0}
    for number in numbers:
        chance = random.Random(number)
        seed = chance.choice(known)
        home = folder / str(number)
        home.mkdir()
        path = home / seed.name
        path.write_bytes(mutated(seed.read_bytes(), chance))
        try:
            counts[outcome(path)] += 1
        except (Exception, TooLong) as error:
            error.add_note(f"mutant {number} of {seed.name}, kept as {path}")
            raise
        path.unlink()
    return counts


@pytest.mark.parametrize("part", range(3))
def test_mutants_end_in_words(part: int, tmp_path: Path) -> None:
    """150 mutants of small models of all kinds, some accepted and some refused."""
    counts = survive(range(part * 50, part * 50 + 50), SMALL, tmp_path)
    assert all(counts.values())


@pytest.mark.long
@pytest.mark.parametrize("part", range(20))
def test_many_mutants_end_in_words(part: int, tmp_path: Path) -> None:
    """5,000 mutants, of the large models too."""
    counts = survive(range(1000 + part * 250, 1250 + part * 250), None, tmp_path)
    assert all(counts.values())
