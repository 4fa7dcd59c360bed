"""Response times under fixed priorities with preemption, exactly, and priorities that meet deadlines.

M. Joseph, P. Pandya, The Computer Journal 29(5), 1986, with release jitter after N. Audsley et al., Software
Engineering Journal 8(5), 1993, and several jobs of one task in a busy window after J. Lehoczky, RTSS 1990.
Offsets are not looked at: times hold for every phasing.  All times are integers of one unit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

MOST_JOBS = 10_000  # of one task in a busy window: what is busy for longer is given up as overloaded


@dataclass(frozen=True)
class Arrivals:
    """Jobs every ``period``, each up to ``jitter`` late, no two closer than ``distance``."""

    period: int
    jitter: int = 0
    distance: int = 0

    def most(self, window: int) -> int:
        """How many jobs may arrive in a half-open window of this length."""
        if window <= 0:
            return 0
        most = -(-(window + self.jitter) // self.period)
        return min(most, -(-window // self.distance)) if self.distance else most

    def least_span(self, jobs: int) -> int:
        """The shortest time from the first to the last of so many arrivals."""
        steps = jobs - 1
        return max(steps * self.period - self.jitter, steps * self.distance, 0)

    def passed_on(self, response: int, quickest: int) -> Arrivals:
        """Arrivals of what the end of each job activates, where a job takes ``quickest`` to ``response``."""
        return Arrivals(self.period, self.jitter + response - quickest, quickest)


@dataclass(frozen=True)
class Task:
    """A task on one core; the least number is the highest ``priority``."""

    name: str
    wcet: int
    priority: int
    arrivals: Arrivals


def response_time(task: Task, higher: Sequence[Task]) -> int | None:
    """The longest time from an arrival to the end of its job, ``None`` where the core is overloaded.

    ``higher`` are the tasks that take precedence over it.
    """
    if sum(Fraction(t.wcet, t.arrivals.period) for t in (task, *higher)) > 1:
        return None
    worst = end = 0
    for jobs in range(1, MOST_JOBS + 1):
        end = _busy(task, jobs, higher, max(end, 1))
        worst = max(worst, end - task.arrivals.least_span(jobs))
        if task.arrivals.least_span(jobs + 1) >= end:
            return worst
    return None


def _busy(task: Task, jobs: int, higher: Sequence[Task], start: int) -> int:
    """When so many jobs of the task, begun together with all else, have ended."""
    now = start
    while (then := jobs * task.wcet + sum(t.arrivals.most(now) * t.wcet for t in higher)) > now:
        now = then
    return then


def response_times(tasks: Sequence[Task]) -> Mapping[str, int | None]:
    """The response time of each task of one core, by name; equal priorities delay each other."""
    return {
        t.name: response_time(t, [o for o in tasks if o is not t and o.priority <= t.priority]) for t in tasks
    }


def assigned(tasks: Sequence[Task], deadlines: Mapping[str, int]) -> tuple[Task, ...] | None:
    """The tasks with priorities under which all meet their deadlines, ``None`` if there are none.

    Deadline monotonic where that does, else by N. Audsley, Information Processing Letters 79(1), 2001: the
    lowest priority to any task that bears it, then the next.  Deadlines count from an arrival.
    """
    monotonic = _ranked(sorted(tasks, key=lambda t: deadlines[t.name]))
    times = response_times(monotonic)
    if all((time := times[t.name]) is not None and time <= deadlines[t.name] for t in monotonic):
        return monotonic
    left, order = list(tasks), list[Task]()
    while left:
        for task in left:
            time = response_time(task, [t for t in left if t is not task])
            if time is not None and time <= deadlines[task.name]:
                order.insert(0, task)
                left.remove(task)
                break
        else:
            return None
    return _ranked(order)


def _ranked(order: Sequence[Task]) -> tuple[Task, ...]:
    return tuple(Task(t.name, t.wcet, rank, t.arrivals) for rank, t in enumerate(order, start=1))
