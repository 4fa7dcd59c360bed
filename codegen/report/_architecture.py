"""The architecture drawing: components in the bands of their units, channels between them, links aside."""

from __future__ import annotations

from dataclasses import dataclass

from aicompiler.metamodels.system import Channel, ChannelProtocol, Component, Link, Port

from ._format import quantity, shorten
from ._index import Index, Ref
from ._layout import MARGIN, Layout, Node, layered

_LINK_PITCH = 28


@dataclass(frozen=True)
class DrawnComponent:
    """A component's box with its two lines of text."""

    ref: Ref
    x: int
    y: int
    width: int
    height: int
    name: str
    detail: str
    title: str


@dataclass(frozen=True)
class DrawnChannel:
    """A channel's path; the label ends where the arrow tip is."""

    path: str
    tip_x: int
    tip_y: int
    style: str
    label: str
    title: str
    crosses: bool


@dataclass(frozen=True)
class DrawnUnit:
    """A band: one unit and what is known of it in a line."""

    kind: str
    name: str
    node: str
    detail: str
    colour: str
    y: int
    height: int


@dataclass(frozen=True)
class DrawnLink:
    """A link: a vertical line with a dot at each unit it joins."""

    ref: Ref
    x: int
    y1: int
    y2: int
    dots: tuple[int, ...]
    label: str


@dataclass(frozen=True)
class Drawing:
    """All of the drawing, in pixels."""

    width: int
    height: int
    band_width: int
    units: tuple[DrawnUnit, ...]
    components: tuple[DrawnComponent, ...]
    channels: tuple[DrawnChannel, ...]
    links: tuple[DrawnLink, ...]


def drawing(index: Index) -> Drawing:
    """Lay the system out; components without a place are in a band of their own, the last."""
    bands = {unit: n for n, unit in enumerate(index.units)}
    homeless = len(bands)
    nodes = [Node(c.id, bands.get(_unit_of(index, c), homeless)) for c in index.system.components]
    known = {n.id for n in nodes}
    channels = [
        (channel, ends)
        for channel in index.system.application.channels
        if (ends := _ends(index, channel))[0] in known and ends[1] in known
    ]
    unplaced = any(n.band == homeless for n in nodes)
    layout = layered(nodes, [ends for _, ends in channels], homeless + unplaced)
    links = _links(index, layout, bands)
    return Drawing(
        width=layout.width + _LINK_PITCH * len(links) + (MARGIN if links else 0),
        height=layout.height,
        band_width=layout.width - 2 * MARGIN,
        units=_units(index, layout),
        components=tuple(_component(index, layout, c) for c in index.system.components),
        channels=tuple(
            _channel(index, channel, ends, path, tip)
            for (channel, ends), path, tip in zip(channels, layout.paths, layout.tips, strict=True)
        ),
        links=links,
    )


def _unit_of(index: Index, component: Component) -> str:
    placement = index.placements.get(component.id)
    return placement.unit if placement else ""


def _ends(index: Index, channel: Channel) -> tuple[str, str]:
    source, target = index.component_id(channel.source_port), index.component_id(channel.target_port)
    return source or "", target or ""


def _component(index: Index, layout: Layout, component: Component) -> DrawnComponent:
    box = layout.boxes[component.id]
    ref = index.ref(component.id)
    period = index.period(component.id)
    placement = index.placements.get(component.id)
    detail = f"every {quantity(period, 'ns')}" if period else "no known period"
    place = index.where(placement) if placement else "not placed"
    unit = index.units.get(placement.unit) if placement else None
    if placement and unit and unit.cores > 1:
        detail = f"core {placement.core}, {detail}"
    title = f"{ref.label}: {place}"
    return DrawnComponent(ref, box.x, box.y, box.width, box.height, shorten(ref.label, 16), detail, title)


def _channel(
    index: Index, channel: Channel, ends: tuple[str, str], path: str, tip: tuple[int, int]
) -> DrawnChannel:
    crosses = len({index.placements[e].unit for e in ends if e in index.placements}) > 1
    rate = channel_rate(index, channel)
    label = channel.protocol.value + (f", {rate}" if rate else "")
    ways = f"{index.label(channel.source_port)} to {index.label(channel.target_port)}"
    title = f"{ways}: {protocol_name(channel)}, {rate or 'no known rate'}, {channel_bytes(index, channel)}"
    if crosses and (links := route_names(index, channel)):
        title += f", over {links}"
    return DrawnChannel(path, *tip, channel.protocol.value, label, title, crosses)


def protocol_name(channel: Channel) -> str:
    """The protocol, with the capacity of a queue."""
    if channel.protocol is ChannelProtocol.QUEUE:
        return f"queue({channel.capacity})"
    return str(channel.protocol.value)


def channel_rate(index: Index, channel: Channel) -> str:
    """How often the producer puts a value on the channel; '' if it is not known."""
    period = index.period(index.component_id(channel.source_port) or "")
    return quantity(period, "ns") if period else ""


def channel_bytes(index: Index, channel: Channel) -> str:
    """Size of one value."""
    port = index.elements.get(channel.source_port)
    return quantity(port.bytes, "bytes") if isinstance(port, Port) else "unknown size"


def route_names(index: Index, channel: Channel) -> str:
    """The links that the channel's values cross, in order."""
    deployment = index.record.deployment
    routes = deployment.routes if deployment else ()
    found = next((r for r in routes if r.channel == channel.id), None)
    return ", ".join(index.label(link) for link in found.links) if found else ""


def _units(index: Index, layout: Layout) -> tuple[DrawnUnit, ...]:
    drawn = []
    for (unit_id, unit), (y, height) in zip(index.units.items(), layout.bands, strict=False):
        node = shorten(index.label(index.system.node_of(unit_id).id), 24)
        point = index.point(unit)
        used = any(p.unit == unit_id for p in index.placements.values())
        parts = [f"{unit.cores} cores" if unit.cores > 1 else ""]
        parts.append(quantity(point.frequency_hz, "hz") if point and used else "")
        parts.append("" if used else ("switched off" if is_off(index, unit_id) else "nothing placed here"))
        name, detail = shorten(index.label(unit_id), 32), ", ".join(p for p in parts if p)
        colour = index.colour(unit_id)
        drawn.append(DrawnUnit(unit.kind.value, name, node, detail, colour, y, height))
    if len(layout.bands) > len(drawn):
        y, height = layout.bands[-1]
        drawn.append(DrawnUnit("", "Not placed", "", "", "none", y, height))
    return tuple(drawn)


def is_off(index: Index, unit: str) -> bool:
    """Whether the deployment switches the unit off."""
    deployment = index.record.deployment
    return any(s.unit == unit and s.off for s in deployment.settings) if deployment else False


def _links(index: Index, layout: Layout, bands: dict[str, int]) -> tuple[DrawnLink, ...]:
    drawn = []
    for n, link in enumerate(index.system.platform.links):
        dots = sorted(
            y + min(height, 40) // 2
            for u in link.ends
            if u in bands
            for y, height in [layout.bands[bands[u]]]
        )
        if dots:
            x = layout.width + n * _LINK_PITCH + 4
            drawn.append(
                DrawnLink(index.ref(link.id), x, dots[0], dots[-1], tuple(dots), link_label(index, link))
            )
    return tuple(drawn)


def link_label(index: Index, link: Link) -> str:
    """Name and bandwidth of a link."""
    return f"{shorten(index.label(link.id), 24)}, {quantity(link.bandwidth_bytes_per_s, 'bytes_per_s')}"
