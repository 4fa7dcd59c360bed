"""The least initiation interval of a pipelined loop, from the emitted statements alone.

- Recurrences: an edge source -> carried variable has distance 1; a store that a source reaches gives an edge
  to each load that may read it d iterations later.  Any cycle needs II · Σ distance >= Σ delay.
- Ports: distinct accesses of one iteration to one bank, over its ports.  Block RAM has two ports, m_axi one
  for reading and one for writing, registers have no limit.  Branches that exclude each other share ports.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from ._iteration import Access, Iteration, Memory, Source, linear_sum, scaled, store_cycles
from ._tree import Loop

PORTS = 2
Edge = tuple[Source, Source, int, int]


def recurrence_interval(iteration: Iteration, trip: int, limit: int) -> int:
    """The least II, up to ``limit``, at which no cycle needs more time than II · distance."""
    edges = list(_edges(iteration, trip))
    interval = 1
    while interval < limit and _positive_cycle(edges, interval):
        interval += 1
    return interval


def _edges(iteration: Iteration, trip: int) -> Iterator[Edge]:
    for name in sorted(iteration.carried):
        if name in iteration.variables:
            for source, delay in iteration.variables[name].delays.items():
                yield source, ("variable", name), delay, 1
    loads = [a for a in iteration.accesses if not a.is_store]
    stores = [a for a in iteration.accesses if a.is_store]
    for store, load in product(stores, loads):
        if store.memory == load.memory and (distance := carried_distance(iteration.loop, store, load, trip)):
            for source, delay in store.delays.items():
                yield source, ("load", load.number), delay + store_cycles(store.memory), distance


def _positive_cycle(edges: list[Edge], interval: int) -> bool:
    nodes = {n for a, b, _, _ in edges for n in (a, b)}
    time = dict.fromkeys(nodes, 0)
    for _ in range(len(nodes) + 1):
        changed = False
        for start, end, delay, distance in edges:
            later = time[start] + delay - interval * distance
            if later > time[end]:
                time[end], changed = later, True
        if not changed:
            return False
    return True


def carried_distance(loop: Loop, store: Access, load: Access, trip: int) -> int | None:
    """After how many iterations ``load`` may first read what ``store`` wrote; ``None``: never."""
    step, counter = loop.step, loop.counter
    needed: int | None = None
    for left, right in zip(store.subscripts, load.subscripts, strict=True):
        if left is None or right is None:
            return 1
        difference = dict(linear_sum(left, scaled(right, -1)) or ())
        offset = difference.pop("", 0)
        slope = dict(left).get(counter, 0)
        if difference or any("#" in s or "@" in s for s, _ in (*left, *right)):
            return 1  # values that differ from iteration to iteration: nothing is known
        if slope == 0:
            if offset:
                return None
            continue
        distance, rest = divmod(offset, slope * step)
        if rest or distance < 1 or needed not in (None, distance):
            return None
        needed = distance
    return None if needed is not None and needed >= trip else needed or 1


def port_intervals(iteration: Iteration) -> dict[str, int]:
    """Per array, the least II that its ports allow."""
    result: dict[str, int] = {}
    by_name: dict[str, list[Access]] = {}
    for access in iteration.accesses:
        if access.memory.dims or access.memory.outside:
            by_name.setdefault(access.memory.name, []).append(access)
    for name, accesses in by_name.items():
        memory = accesses[0].memory
        if memory.registers:
            continue
        if memory.outside:
            kinds = [[a for a in accesses if a.is_store is kind] for kind in (False, True)]
            result[name] = max(1, *(_busiest(k, memory) for k in kinds))
        else:
            result[name] = max(1, -(-_busiest(accesses, memory) // PORTS))
    return result


def _busiest(accesses: list[Access], memory: Memory) -> int:
    """Accesses that certainly meet in one bank: distinct places, and of excluding branches the larger."""
    banks = 1
    for dimension, factor in (*memory.cyclic, *((d, memory.dims[d]) for d in sorted(memory.complete))):
        del dimension
        banks *= factor
    shares = -(-_distinct(accesses) // banks)
    groups: dict[object, list[Access]] = {}
    split = {**dict(memory.cyclic), **{d: memory.dims[d] for d in memory.complete}}
    for access in accesses:
        if None not in access.subscripts:
            groups.setdefault(_bank(access, split), []).append(access)
    return max([shares, *(_distinct(group) for group in groups.values())])


def _bank(access: Access, split: dict[int, int]) -> tuple[object, ...]:
    key: list[object] = []
    for dimension, factor in sorted(split.items()):
        form = dict(access.subscripts[dimension] or ())
        offset = form.pop("", 0)
        key += [tuple(sorted(form.items())), offset % factor]
    return tuple(key)


def _distinct(accesses: list[Access]) -> int:
    """Different places, counting of branches that exclude each other the one with more."""
    arms = {a.arms for a in accesses}
    fewest = 0
    for chosen in _choices(arms):
        seen = {
            (a.is_store, a.version, a.subscripts if None not in a.subscripts else a.number)
            for a in accesses
            if all(chosen.get(n, arm) == arm for n, arm in a.arms)
        }
        fewest = max(fewest, len(seen))
    return fewest


def _choices(arms: set[tuple[tuple[int, int], ...]]) -> Iterator[dict[int, int]]:
    numbers = sorted({n for path in arms for n, _ in path})
    if len(numbers) > 8:  # too many to try: all taken as the first arm is still one possible run
        numbers = numbers[:8]
    for taken in product((0, 1), repeat=len(numbers)):
        yield dict(zip(numbers, taken, strict=True))
