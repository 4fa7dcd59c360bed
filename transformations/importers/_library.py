"""The platforms that ship in ``models/platforms``: native systems that have a platform only."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

from aicompiler.metamodels import xmi
from aicompiler.metamodels.system import Platform, System

from ._matching import Names, suggestion

_SUFFIX = ".system.xmi"


def _folder() -> Path:
    return Path(str(resources.files("aicompiler.models") / "platforms"))


def library_names() -> list[str]:
    """The names that ``[platform] use`` may have, sorted."""
    return sorted(p.name.removesuffix(_SUFFIX) for p in _folder().glob(f"*{_SUFFIX}"))


def library_platform(name: str) -> tuple[Platform | None, tuple[str, str]]:
    """The platform called ``name``; where there is none, what is wrong and the next step."""
    names = library_names()
    if not re.fullmatch(r"\w+", name) or name not in names:
        step = suggestion(name, [Names((n,)) for n in names])
        return None, (f"the library has no platform '{name}'", step)
    system = xmi.load(_folder() / f"{name}{_SUFFIX}")
    assert isinstance(system, System)
    return system.platform, ("", "")
