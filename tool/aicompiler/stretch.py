"""How much slower than the model a host is: the factor by which ``run`` stretches model time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Event = Mapping[str, Any]
Job = tuple[str, int]  # entry, number

MARGIN = 1.25
"""Times vary from run to run: each entry gets this much more than the longest time seen."""

PRECISION = 0.01
LARGEST = 2.0**40


@dataclass(frozen=True)
class _Queue:
    writer: str
    reader: str
    consume: int
    capacity: int


def stretch_factor(events: Sequence[Event], processors: int) -> float:
    """The smallest factor, at least 1, at which this host would keep the table's promises.

    ``events`` is the log of a free run.  With the longest time seen of each entry, every job that starts at
    its stretched slot, or when its lane and its values let it, must end by its stretched deadline and before
    a queue overflows; and all jobs together must fit the ``processors``.
    """
    jobs = sorted((e for e in events if e["event"] == "job"), key=lambda e: (e["slot_start_ns"], e["job"]))
    queues = _queues(events)
    longest: dict[str, float] = {}
    for job in jobs:
        longest[job["entry"]] = max(longest.get(job["entry"], 0.0), MARGIN * job["busy_ns"])
    model: int = next(e["hyperperiod_ns"] * e["periods"] for e in events if e["event"] == "run")
    low = max(1.0, sum(longest[job["entry"]] for job in jobs) / model / processors)
    if _keeps_up(jobs, queues, longest, low):
        return low
    high = 2 * low
    while not _keeps_up(jobs, queues, longest, high) and high < LARGEST:
        high *= 2
    while high - low > PRECISION * low:
        middle = (low + high) / 2
        low, high = (low, middle) if _keeps_up(jobs, queues, longest, middle) else (middle, high)
    return high


def _queues(events: Iterable[Event]) -> tuple[_Queue, ...]:
    writers = {e["channel"]: e["entry"] for e in events if e["event"] == "writes"}
    return tuple(
        _Queue(writers[e["channel"]], e["entry"], e["consume"], e["capacity"])
        for e in events
        if e["event"] == "reads"
    )


def _keeps_up(
    jobs: Sequence[Event], queues: Sequence[_Queue], longest: Mapping[str, float], factor: float
) -> bool:
    """Whether all jobs end in time, played through in the order of their slots."""
    feeding: defaultdict[str, list[_Queue]] = defaultdict(list)
    for queue in queues:
        feeding[queue.reader].append(queue)
    ends: dict[Job, float] = {}
    free: dict[tuple[str, int], float] = {}
    for job in jobs:
        entry, lane = job["entry"], (job["unit"], job["lane"])
        arrivals = (ends.get((q.writer, (job["job"] + 1) * q.consume - 1), 0.0) for q in feeding[entry])
        start = max(factor * job["slot_start_ns"], free.get(lane, 0.0), *arrivals)
        end = start + longest[entry]
        if end > factor * job["deadline_ns"]:
            return False
        ends[entry, job["job"]] = free[lane] = end
    return not any(_overflows(ends, queue) for queue in queues)


def _overflows(ends: Mapping[Job, float], queue: _Queue) -> bool:
    """Whether some value comes when ``capacity`` older ones are still there."""
    return any(
        end < ends.get((queue.reader, (number - queue.capacity) // queue.consume), 0.0)
        for (entry, number), end in ends.items()
        if entry == queue.writer and number >= queue.capacity
    )
