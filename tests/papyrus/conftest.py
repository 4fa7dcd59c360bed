"""Small UML files as engineers' tools write them, planted for one promise each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Plant = Callable[..., Path]

UML = "http://www.eclipse.org/uml2/5.0.0/UML"
XMI = "http://www.omg.org/spec/XMI/20131001"
XSI = "http://www.w3.org/2001/XMLSchema-instance"


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """Write a model of given packaged elements and stereotype applications; ``spaces``: prefix to URI."""

    def write(
        elements: str = "", applications: str = "", name: str = "m.uml", location: str = "", **spaces: str
    ) -> Path:
        declared = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in spaces.items())
        text = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<xmi:XMI xmi:version="20131001" xmlns:xmi="{XMI}"'
            f' xmlns:xsi="{XSI}" xmlns:uml="{UML}"{declared}{location}>\n'
            f'  <uml:Model xmi:id="_m" name="m">\n{elements}\n  </uml:Model>\n{applications}\n</xmi:XMI>\n'
        )
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write
