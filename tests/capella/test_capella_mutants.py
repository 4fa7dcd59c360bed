"""Damaged Capella projects: a system with exact accounts, or a located refusal, never a traceback."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from aicompiler.metamodels.diagnostics import UnreadableInput
from aicompiler.transformations.importers import ImportOptions
from aicompiler.transformations.importers.capella import Capella

PROJECT = Path(__file__).resolve().parents[2] / "models" / "capella_junction" / "level_crossing.capella"
TEXTS = ["", "-1", "#", "1e999", "NaN", "&#10;", "x" * 300, "#a b#c", "../other.capella#1"]


def damaged(text: str, dice: random.Random) -> str:
    """One change: cut or repeated, misdirected or renamed, dropped, retyped or rewritten."""
    start, change = dice.randrange(len(text)), dice.randrange(7)
    leaves = list(re.finditer(r"<\w+[^<>]*/>", text))
    if change == 0:
        return text[:start] + text[start + dice.randint(1, 40) :]
    if change == 1:
        start = dice.choice(leaves).start()
        return text[:start] + dice.choice(leaves)[0] + text[start:]
    ids, types = re.findall(r'id="([^"]+)"', text), re.findall(r'xsi:type="([^"]*)"', text)
    attribute = dice.choice(re.findall(r' \w+="[^"]*"', text))
    old, new = {
        2: (f"#{dice.choice(ids)}", f"#{dice.choice(ids)}"),
        3: (dice.choice(ids), dice.choice(ids)),
        4: (dice.choice(types), dice.choice(types)),
        5: (attribute, ""),
        6: (attribute, f'{attribute.partition("=")[0]}="{dice.choice(TEXTS)}"'),
    }[change]
    return text.replace(old, new, 1)


@pytest.mark.parametrize("count", [60, pytest.param(2000, marks=pytest.mark.long)])
def test_damage_is_refused_or_accounted_for(count: int, tmp_path: Path) -> None:
    """Each mutant of the level crossing has exact accounts and located diagnostics, or is no project."""
    dice, path, whole = random.Random(count), tmp_path / PROJECT.name, PROJECT.read_text(encoding="utf-8")
    read = 0
    for _ in range(count):
        text = whole
        for _ in range(dice.randint(1, 3)):
            text = damaged(text, dice)
        path.write_text(text, encoding="utf-8")
        try:
            imported = Capella().load(path, ImportOptions())
        except UnreadableInput as refused:
            assert all(d.source is not None and d.source.line for d in refused.diagnostics)
            continue
        read += 1
        assert imported.accounting.exact
        assert all(d.source is not None and d.source.line for d in imported.diagnostics)
    assert read > count / 4
