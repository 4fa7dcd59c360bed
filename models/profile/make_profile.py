"""Write the profile from ``profile.toml``: run ``python models/profile/make_profile.py``.

A test makes the files again and compares them, byte by byte, with what is committed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from aicompiler.models.profile._capella import capella_files
from aicompiler.models.profile._uml import ecore_file, uml_file

HERE = Path(__file__).resolve().parent
TABLE = HERE / "profile.toml"


def table() -> dict[str, Any]:
    """The table: ``namespace``, ``stereotype`` by name, ``group`` by name."""
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


def profile_files() -> dict[str, bytes]:
    """Every file that is made from the table, by name."""
    facts = table()
    return {
        "aic.profile.uml": uml_file(facts),
        "aic.profile.ecore": ecore_file(facts),
        **capella_files(facts),
    }


def reference() -> str:
    """The tables of docs/reference/platform.md, in Markdown."""
    facts = table()
    return "\n".join((*_stereotypes(facts["stereotype"]), "", *_groups(facts["group"]))) + "\n"


def _stereotypes(stereotypes: Mapping[str, Any]) -> Iterator[str]:
    yield from ("| stereotype (on) | tag | says | example |", "|---|---|---|---|")
    for name, facts in stereotypes.items():
        yield f"| **{name}** ({', '.join(facts['of'])}) | | {facts['doc']} | |"
        for tag, said in facts.get("tag", {}).items():
            shown = f"`{tag}` *" if said.get("many") else f"`{tag}`"
            yield f"| | {shown} | {said['doc']} | `{said['example']}` |"


def _groups(groups: Mapping[str, Any]) -> Iterator[str]:
    yield from ("| group (on) | value | type | unit | says |", "|---|---|---|---|---|")
    for name, facts in groups.items():
        yield f"| **AIC.{name}** ({facts['on'].rpartition('/')[2]}) | | | | {facts['doc']} |"
        for value, said in facts["value"].items():
            kind = ", ".join(said["literals"]) if "literals" in said else said["type"]
            yield f"| | `{value}` | {kind} | {said.get('unit', '')} | {said['doc']} |"


if __name__ == "__main__":
    for file, content in profile_files().items():
        (HERE / file).write_bytes(content)
    print(reference(), end="")
