"""The signal controller and the button: what traffic engineers insist on."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

GREEN, AMBER, RED = 4, 2, 1


def drive(controller: Any, jobs: int, *, traffic: int = 0, request: Any = 0, speed: float = 0.0) -> Any:
    """Commands and lamps of so many jobs; ``request`` may be a function of the job's number."""
    statistics = np.zeros(16, np.int32)
    statistics[0] = traffic
    tracks = np.zeros((2, 4), np.float32)
    tracks[0] = (50, speed, 0.1, 10)
    found = []
    for k in range(jobs):
        pressed = request(k) if callable(request) else request
        result = controller(statistics=statistics, tracks=tracks, request=pressed)
        found.append((result["command"].tolist(), result["lights"].tolist()))
    return found


def phases(found: Any) -> list[int]:
    """The phases in their order, each once."""
    numbers = [command[0] for command, _ in found]
    return [p for i, p in enumerate(numbers) if i == 0 or p != numbers[i - 1]]


def test_two_roads_never_have_green_together(instance: Any) -> None:
    """In 1,500 jobs with traffic and requests: one green at most, amber between green and red."""
    found = drive(instance("controller"), 1500, traffic=900, request=lambda k: k // 70, speed=-0.3)
    lamps = [lights for _, lights in found]
    assert all(sum(lamp == GREEN for lamp in lights) <= 1 for lights in lamps)
    for before, after in pairwise(lamps):
        for road in (0, 1):
            assert not (before[road] == GREEN and after[road] == RED)
            assert not (before[road] == RED and after[road] == AMBER)
    assert {lamp for lights in lamps for lamp in lights} == {GREEN, AMBER, RED}


def test_phases_follow_each_other(instance: Any) -> None:
    """Without requests pedestrians stay at red, and the two roads take turns for the times given."""
    found = drive(instance("controller"), 460)
    assert phases(found)[:8] == [1, 2, 3, 4, 5, 0, 1, 2]
    assert all(lights[2] == RED for _, lights in found)
    durations = [sum(command[0] == p for command, _ in found[:206]) for p in (1, 2, 3, 4, 5)]
    assert durations == [61, 31, 21, 41, 31]


def test_a_request_is_served_once(instance: Any) -> None:
    """One press gives one walk, after the side road; the next cycle has none."""
    found = drive(instance("controller"), 700, request=lambda k: int(k > 10))
    assert phases(found)[:9] == [1, 2, 3, 4, 5, 6, 0, 1, 2]
    assert phases(found).count(6) == 1
    waiting = [command[4] for command, _ in found]
    assert waiting[10] == 0 and waiting[11] == 1 and waiting[-1] == 0


def test_traffic_prolongs_the_main_green_within_limits(instance: Any) -> None:
    """A crowd, or a vehicle that approaches, prolongs the green; never beyond twice its length."""
    quiet, crowd, radar = (
        [c[0] for c, _ in drive(instance("controller"), 200, traffic=t, speed=v)].count(1)
        for t, v in ((0, 0.0), (2000, 0.0), (0, -0.5))
    )
    assert quiet == 61
    assert quiet < crowd <= 2 * 61
    assert quiet < radar <= 2 * 61


def test_the_button_counts(instance: Any) -> None:
    """Each job is a press; the number wraps as unsigned numbers do."""
    button = instance("button")
    assert [int(button()["request"]) for _ in range(3)] == [1, 2, 3]
    button.state["presses"] = np.uint32(2**32 - 1)
    assert button()["request"] == 0
