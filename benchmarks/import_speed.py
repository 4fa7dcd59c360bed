"""How fast models are read: the native format against stock pyecore and lxml, Papyrus, Capella.

``python benchmarks/import_speed.py [--quick] [--json]``.  Every ratio compares runs taken in turns in one
invocation; figures are medians with the least and the greatest beside them.  The keys of the JSON object:

- ``pyecore_ratio``: time from the file of 100,000 objects to its EObjects, references resolved, over that of
  stock pyecore (``ResourceSet.get_resource`` with our .ecore registered) on the same file;
- ``lxml_ratio``: the same time over that of ``lxml.etree.parse``, which makes no model;
- ``bytes_per_element``: resident memory that the load added to a fresh process, over the number of objects;
- ``dataclass_seconds``: from those EObjects to the frozen dataclasses, a step that stock pyecore has not;
- ``growth``: seconds for a quarter, a half and the whole of the file;
- ``papyrus_seconds``: the 1.3 MB Cameo model of the outside models;
- ``capella_ratio``: our import of a Capella model over ``capellambse``'s own load of it.

The last two are null where the outside models are absent.  Times are processor time, which other programs on
the machine disturb less.  What a round made is freed, and cycles collected, outside of its time.  Our reader
pauses the collector of cycles while it loads, which is a part of its speed; stock pyecore does not.
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from aicompiler.metamodels import xmi
from aicompiler.metamodels._mapper import metamodel_path, to_dataclass
from aicompiler.metamodels.system import (
    Application,
    Behaviour,
    Channel,
    ChannelProtocol,
    Component,
    ElementType,
    Entry,
    ExecutionTime,
    Flow,
    Node,
    OperatingPoint,
    Periodic,
    Platform,
    Port,
    PortDirection,
    Source,
    System,
    Unit,
    UnitKind,
)
from lxml import etree
from pyecore.resources import URI, ResourceSet

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "models"
ELEMENTS = 100_000
BLOCK = 24  # components that are written once and copied: saving through pyecore takes a minute
MEMORY = """
import gc, sys
from pathlib import Path
from aicompiler.metamodels import xmi
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
xmi.load_eobject(Path(sys.argv[2]))
gc.collect()
before = resident()
root = xmi.load_eobject(Path(sys.argv[1]))
print(resident() - before, 1 + sum(1 for _ in root.eAllContents()))
"""


def component(number: int) -> Component:
    """A component as engineers write it: two ports, a periodic entry with a body and a time, sources."""
    name = f"C{number:06d}"

    def source(part: str) -> Source:
        return Source(
            file="plant.uml", xml_id=f"_{name}{part}", qualified_name=f"plant::{name}::{part}", line=number
        )

    def port(direction: PortDirection) -> Port:
        return Port(
            id=f"{name}.{direction.value}",
            name=direction.value,
            source=source(direction.value),
            direction=direction,
            element_type=ElementType.F32,
            shape=(16,),
            extents=("N",),
        )

    entry = Entry(
        id=f"{name}.step",
        name="step",
        source=source("step"),
        activation=Periodic(period_ns=10_000_000, offset_ns=1_000 * number),
        deadline_ns=9_000_000,
        behaviours=(
            Behaviour(
                id=f"{name}.body",
                name="step",
                language="C",
                body="for (int i = 0; i < N; i++) out[i] = in[i];",
            ),
        ),
        times=(
            ExecutionTime(
                id=f"{name}.time", unit_kind=UnitKind.CPU, bcet_ns=1_000, acet_ns=2_000, wcet_ns=4_000
            ),
        ),
    )
    ports = tuple(port(direction) for direction in PortDirection)
    return Component(id=name, name=name, source=source(""), entries=(entry,), ports=ports, memory_bytes=4096)


def block(first: int) -> System:
    """A chain of components with its channels and one flow along all of them."""
    components = tuple(component(first + offset) for offset in range(BLOCK))
    channels = tuple(
        Channel(
            id=f"{a.id}-{b.id}",
            name=f"{a.name} to {b.name}",
            source=Source(file="plant.uml", xml_id=f"_{a.id}-{b.id}", line=first),
            source_port=f"{a.id}.out",
            target_port=f"{b.id}.in",
            protocol=ChannelProtocol.QUEUE,
        )
        for a, b in pairwise(components)
    )
    flow = Flow(id=f"flow{first:06d}", entries=tuple(c.entries[0].id for c in components), deadline_ns=10**9)
    unit = Unit(
        id="cpu",
        name="cpu",
        kind=UnitKind.CPU,
        operating_points=(OperatingPoint(id="p", frequency_hz=10**9),),
    )
    return System(
        id="plant",
        application=Application(id="application", components=components, channels=channels, flows=(flow,)),
        platform=Platform(id="platform", nodes=(Node(id="board", units=(unit,)),)),
    )


@cache
def first_block() -> bytes:
    """The block with the lowest numbers, saved."""
    return xmi.save({"plant.system.xmi": block(0)})["plant.system.xmi"]


def document(elements: int) -> bytes:
    """A native document of about ``elements`` objects: blocks that differ in their numbers."""
    root = etree.fromstring(first_block())
    application = root.find("application")
    parts = {tag: application.findall(tag) for tag in ("components", "channels", "flows")}
    one = sum(1 for part in parts.values() for child in part for _ in child.iter())
    texts = {tag: b"".join(map(etree.tostring, part)).decode() for tag, part in parts.items()}
    for child in list(application):
        application.remove(child)
    application.text = "@"
    copies = max(1, round(elements / one))
    filling = "\n".join(_renumbered(text, copy * BLOCK) for text in texts.values() for copy in range(copies))
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8").replace(b"@", filling.encode()))


def _renumbered(text: str, shift: int) -> str:
    for number in reversed(range(BLOCK)):
        text = text.replace(f"C{number:06d}", f"C{number + shift:06d}")
    return text.replace("flow000000", f"flow{shift:06d}")


def seconds(what: Callable[[], Any]) -> float:
    """Seconds of one call; what it made is freed, and cycles collected, outside of the time."""
    gc.collect()
    start = time.process_time()
    made = what()
    taken = time.process_time() - start
    del made
    gc.collect()
    return taken


def stock(path: Path) -> Any:
    """The root as stock pyecore loads it."""
    resources = ResourceSet()
    package = resources.get_resource(URI(str(metamodel_path("system")))).contents[0]
    resources.metamodel_registry[package.nsURI] = package
    return resources.get_resource(URI(str(path))).contents[0]


def native(rounds: int, folder: Path) -> dict[str, Any]:
    """The native format: times in turns, memory in processes of their own, growth."""
    path = folder / "plant.system.xmi"
    path.write_bytes(document(ELEMENTS))
    small = folder / "small.system.xmi"
    small.write_bytes(document(1))
    xmi.load_eobject(small)
    times: dict[str, list[float]] = {"ours": [], "pyecore": [], "lxml": []}
    for _ in range(rounds):
        times["ours"].append(seconds(lambda: xmi.load_eobject(path)))
        times["pyecore"].append(seconds(lambda: stock(path)))
        times["lxml"].append(seconds(lambda: etree.parse(str(path))))
    root = xmi.load_eobject(path)
    classes = [seconds(lambda: to_dataclass(root)) for _ in range(max(1, rounds - 2))]
    memory, elements = resident(path, small)
    for name, values in times.items():
        print(f"{name:24}{spread(values)}, {elements} objects, {path.stat().st_size / 1e6:.1f} MB")
    print(f"{'EObjects to dataclasses':24}{spread(classes)}")
    ratios = [a / b for a, b in zip(times["ours"], times["pyecore"], strict=True)]
    print(f"ours over pyecore       {median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})")
    print(f"memory of an object     {memory / elements:.0f} bytes")
    return {
        "pyecore_ratio": round(median(times["ours"]) / median(times["pyecore"]), 4),
        "lxml_ratio": round(median(times["ours"]) / median(times["lxml"]), 3),
        "bytes_per_element": round(memory / elements),
        "elements": elements,
        "dataclass_seconds": round(median(classes), 3),
        "growth": growth(max(1, rounds - 2), folder),
    }


def resident(path: Path, small: Path) -> tuple[int, int]:
    """Bytes that loading ``path`` adds to a fresh process that has loaded ``small``, and its objects."""
    command = [sys.executable, "-c", MEMORY, str(path), str(small)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    added, elements = map(int, done.stdout.split())
    return added, elements


def growth(rounds: int, folder: Path) -> list[float]:
    """Median seconds for a quarter, a half and all of the objects."""
    times = []
    for part in (4, 2, 1):
        path = folder / f"part{part}.system.xmi"
        path.write_bytes(document(ELEMENTS // part))
        times.append(round(median(seconds(lambda: xmi.load_eobject(path)) for _ in range(rounds)), 3))  # noqa: B023
    print(f"{'n/4, n/2, n':24}{', '.join(f'{t:.3f} s' for t in times)}")
    return times


def papyrus(rounds: int) -> float | None:
    """Seconds to import the Cameo model; ``None`` where the outside models are absent."""
    from aicompiler.transformations.importers import ImportOptions
    from aicompiler.transformations.importers.papyrus import Papyrus

    path = SHARED / "papyrus-sysml" / "cameo_CameoToCapella.uml"
    if not path.is_file():
        return None
    times = [seconds(lambda: Papyrus().load(path, ImportOptions())) for _ in range(rounds)]
    print(f"{path.name}: {spread(times)}, {path.stat().st_size / 1e6:.2f} MB")
    return round(median(times), 3)


def capella(rounds: int) -> float | None:
    """Our Capella import over capellambse's own load; ``None`` where the outside models are absent."""
    from aicompiler.transformations.importers import ImportOptions
    from aicompiler.transformations.importers.capella import Capella
    from capellambse import MelodyModel

    path = SHARED / "capella" / "pcm_test7_0" / "Model Test 7.0.aird"
    if not path.is_file():
        return None
    ours, theirs = [], []
    for _ in range(rounds):
        theirs.append(seconds(lambda: MelodyModel(str(path))))
        ours.append(seconds(lambda: Capella().load(path, ImportOptions())))
    print(f"{path.name}: capellambse {spread(theirs)}, our import {spread(ours)}")
    return round(median(ours) / median(theirs), 3)


def spread(values: list[float]) -> str:
    """Median with the least and the greatest value."""
    return f"{median(values):.3f} s ({min(values):.3f} to {max(values):.3f})"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    chosen = parser.parse_args()
    rounds = 3 if chosen.quick else 5
    with tempfile.TemporaryDirectory() as name:
        figures = native(rounds, Path(name))
    figures["papyrus_seconds"] = papyrus(rounds)
    figures["capella_ratio"] = capella(rounds)
    if chosen.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
