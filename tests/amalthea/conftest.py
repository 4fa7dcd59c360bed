"""Small AMALTHEA models of the tests' own, written as APP4MC writes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[..., Path]

HARDWARE = """
<definitions xsi:type="am:ProcessingUnitDefinition" name="Fast" puType="CPU" features="Instructions/IPC_2?type=HwFeature"/>
<featureCategories name="Instructions" featureType="performance"><features name="IPC_2" value="2.0"/></featureCategories>
<structures name="Board" structureType="ECU">
  <modules xsi:type="am:ProcessingUnit" name="Core" definition="Fast?type=ProcessingUnitDefinition" frequencyDomain="Clock?type=FrequencyDomain"/>
</structures>
<domains xsi:type="am:FrequencyDomain" name="Clock"><defaultValue value="100" unit="MHz"/></domains>
"""  # noqa: E501

STIMULI = """
<stimuli xsi:type="am:PeriodicStimulus" name="Every10"><recurrence value="10" unit="ms"/></stimuli>
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a model of the sections given and give its path; hardware and a stimulus are there by default."""

    def make(
        software: str = "",
        hardware: str = HARDWARE,
        stimuli: str = STIMULI,
        rest: str = "",
        namespace: str = "http://app4mc.eclipse.org/amalthea/0.9.7",
    ) -> Path:
        head = (
            f'<am:Amalthea xmi:version="2.0" xmlns:xmi="http://www.omg.org/XMI" xmlns:am="{namespace}" '
            'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        )
        parts = (("swModel", software), ("hwModel", hardware), ("stimuliModel", stimuli))
        body = "\n".join(f"<{tag}>{text}</{tag}>" for tag, text in parts if text)
        path = tmp_path / "small.amxmi"
        path.write_text(f"{head}\n{body}\n{rest}\n</am:Amalthea>\n", encoding="utf-8")
        return path

    return make
