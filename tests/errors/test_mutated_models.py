"""Whatever is deleted, exchanged or garbled in a model: a system or diagnostics, never a traceback."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from aicompiler.metamodels.diagnostics import AicError
from aicompiler.transformations.importers import load_system

GARBLED = ["", "-1", "$x", "{}", "(", "1e30", "0", "nan", "_nope", "a#b", "#_cpu0", "../x#y", '&quot;";']
ATTRIBUTE = re.compile(r' (?!xmlns)([\w:]+)="([^"]*)"')


def _mutated(text: str, source: random.Random) -> str:
    """Delete an attribute, give it the value of another, garble it, or exchange two lines."""
    match = source.choice(list(ATTRIBUTE.finditer(text)))
    choice = source.random()
    if choice < 0.35:
        return text[: match.start()] + text[match.end() :]
    if choice < 0.75:
        other = source.choice(list(ATTRIBUTE.finditer(text)))
        return text[: match.start(2)] + other[2] + text[match.end(2) :]
    if choice < 0.9:
        return text[: match.start(2)] + source.choice(GARBLED) + text[match.end(2) :]
    lines = text.split("\n")
    first, second = source.randrange(len(lines)), source.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]
    return "\n".join(lines)


def _survive(seeds: range, example: Path, folder: Path) -> tuple[int, int]:
    """How many mutants were accepted and refused."""
    text, path = example.read_text(encoding="utf-8"), folder / "mutant.uml"
    accepted = refused = 0
    for seed in seeds:
        source, mutant = random.Random(seed), text
        for _ in range(source.randint(1, 4)):
            mutant = _mutated(mutant, source)
        path.write_text(mutant, encoding="utf-8")
        try:
            load_system(path)
            accepted += 1
        except AicError as error:
            assert error.diagnostics and all(d.message for d in error.diagnostics)
            refused += 1
    return accepted, refused


def test_mutants_of_the_example_end_in_words(example: Path, tmp_path: Path) -> None:
    """Twenty mutants, some accepted and some refused."""
    accepted, refused = _survive(range(20), example, tmp_path)
    assert accepted > 0 and refused > 0


@pytest.mark.long
def test_many_mutants_of_the_example_end_in_words(example: Path, tmp_path: Path) -> None:
    """Two thousand mutants."""
    accepted, refused = _survive(range(1000, 3000), example, tmp_path)
    assert accepted > 0 and refused > 0
