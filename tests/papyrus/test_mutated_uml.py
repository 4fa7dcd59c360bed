"""Mutants of models that tools wrote: a system or words, and accounts that balance, for every one of them."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from aicompiler.metamodels.diagnostics import UnreadableInput
from aicompiler.transformations.importers import ImportOptions
from aicompiler.transformations.importers.papyrus import Papyrus

OUTSIDE = (
    *("papyrus-marte/chess_grides_modelSchedulability.uml", "papyrus-marte/dice_dpim_sequence.uml"),
    *("papyrus-marte/dice_dtsm_storm.uml", "papyrus-marte/designer_ClientServerTimer.uml"),
    "papyrus-sysml/sysml4modelica_two_tanks.uml",
)
ATTRIBUTE = re.compile(r' [\w:]+="[^"]*"')
VALUE = re.compile(r'="[^"]*"')
TYPE = re.compile(r'xmi:type="uml:\w+"')
IDS = re.compile(r'="_[^"]*"')
LEAF = re.compile(r"<[^/?!][^<>]*/>")
TAG = re.compile(r"<(\w+) ")


def _without(text: str, found: re.Match[str]) -> str:
    return text[: found.start()] + text[found.end() :]


def _exchanged(text: str, pattern: re.Pattern[str], chance: random.Random) -> str:
    """One match in the place of another."""
    matches = list(pattern.finditer(text))
    there, taken = chance.choice(matches), chance.choice(matches)
    return text[: there.start()] + taken[0] + text[there.end() :]


def mutant(text: str, seed: int) -> str:
    """A model with up to a dozen changes that keep it well-formed more often than not."""
    chance = random.Random(seed)
    for _ in range(chance.randint(1, 12)):
        kind = chance.randrange(7)
        if kind < 2:
            pattern = (ATTRIBUTE, LEAF)[kind]
            text = _without(text, chance.choice(list(pattern.finditer(text))))
        elif kind < 5:
            text = _exchanged(text, (VALUE, TYPE, IDS)[kind - 2], chance)
        elif kind == 5:
            lines = text.split("\n")
            lines.insert(chance.randrange(1, len(lines)), chance.choice(lines))
            text = "\n".join(lines)
        else:
            old, new = (m[1] for m in chance.choices(list(TAG.finditer(text)), k=2))
            text = re.sub(rf"(</?){old}\b", rf"\g<1>{new}", text)
    return text


def survive(model: Path, seeds: range, folder: Path) -> None:
    """Import mutants of a model: only ``UnreadableInput`` may be raised, and every account balances."""
    text = model.read_text(encoding="utf-8")
    path = folder / model.name
    for seed in seeds:
        path.write_text(mutant(text, seed), encoding="utf-8")
        try:
            accounting = Papyrus().load(path, ImportOptions()).accounting
        except UnreadableInput as refusal:
            assert all(d.source is not None for d in refusal.diagnostics), seed
            continue
        assert accounting.exact, seed


def test_mutants_of_the_example(example: Path, tmp_path: Path) -> None:
    """The shipped example, changed at random."""
    survive(example, range(25), tmp_path)


@pytest.mark.parametrize("name", OUTSIDE)
def test_mutants_of_real_models(name: str, shared: Path, tmp_path: Path) -> None:
    """Models of five tools and profiles, changed at random."""
    survive(shared / "models" / name, range(4), tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("name", OUTSIDE)
def test_many_mutants_of_real_models(name: str, shared: Path, tmp_path: Path) -> None:
    """The same, often."""
    survive(shared / "models" / name, range(1000, 1400), tmp_path)
