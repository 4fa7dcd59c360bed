"""The stretch factor, from made-up logs."""

from __future__ import annotations

from typing import Any

import pytest
from aicompiler.stretch import MARGIN, PRECISION, stretch_factor

US = 1000


def log(periods: int = 4, *, busy_a: float, busy_b: float, capacity: int = 2) -> list[dict[str, Any]]:
    """``a`` feeds ``b`` through a queue; slots [0, 10) and [20, 30) of 100 µs, deadlines 50 and 90."""
    events: list[dict[str, Any]] = [
        {"event": "run", "periods": periods, "hyperperiod_ns": 100 * US},
        {"event": "writes", "entry": "a", "channel": "q", "consume": 1, "capacity": capacity},
        {"event": "reads", "entry": "b", "channel": "q", "consume": 1, "capacity": capacity},
    ]
    for entry, slot, deadline, busy in (("a", 0, 50, busy_a), ("b", 20, 90, busy_b)):
        events += [
            {
                "event": "job",
                "entry": entry,
                "unit": entry,
                "lane": 0,
                "job": k,
                "slot_start_ns": (slot + 100 * k) * US,
                "deadline_ns": (deadline + 100 * k) * US,
                "busy_ns": busy * US / MARGIN,
            }
            for k in range(periods)
        ]
    return events


@pytest.mark.parametrize(
    ("busy", "processors", "factor"),
    [
        ((1, 1), 2, 1.0),  # faster than the model: in real time
        ((10, 10), 2, 1.0),  # as fast
        ((40, 45), 2, 1.0),  # longer than the slots, but all deadlines hold
        ((100, 1), 2, 2.0),  # a ends at 100, is due at 50
        ((1, 140), 2, 2.0),  # b starts at 20 f and has 70 f
        ((50, 130), 2, 2.0),  # b has to wait for a: 180 until 90 f
        ((40, 45), 1, 1.0),
        ((80, 80), 1, 1.78),  # 160 until 90 f; one processor could do it at 1.6
        ((49, 40), 0.5, 1.78),  # 89 of every 50
    ],
)
def test_smallest_factor_that_keeps_every_deadline(
    busy: tuple[float, float], processors: float, factor: float
) -> None:
    """Longer slots alone need no stretching; late values, busy lanes and too few processors do."""
    found = stretch_factor(log(busy_a=busy[0], busy_b=busy[1]), processors)  # type: ignore[arg-type]
    assert factor * 0.999 <= found <= factor * (1 + 2 * PRECISION)


def test_queues_do_not_overflow_at_the_factor() -> None:
    """A reader that is in time for its deadline may still be too late for the writer."""
    events = log(busy_a=1, busy_b=1, capacity=1)
    for event in events:
        if event.get("entry") == "b" and event["event"] == "job":
            event["deadline_ns"] += 1000 * US
            event["busy_ns"] = 90 * US / MARGIN
    assert stretch_factor(events, 2) > 1.1


def test_the_longest_time_counts() -> None:
    """One slow job of an entry sets the pace for all of them."""
    events = log(busy_a=1, busy_b=1)
    events[4]["busy_ns"] = 200 * US / MARGIN
    assert stretch_factor(events, 2) == pytest.approx(4.0, rel=2 * PRECISION)
