"""A known table as the solver's starting point."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import TypeVar

from ortools.sat.python import cp_model

from .cpsat import Instant, Model
from .problem import At, On, Seat, keys_of
from .timetable import Table

_K = TypeVar("_K", bound=Hashable)


def hint(model: Model, table: Table) -> None:
    """Hint every variable from a table."""
    values: list[tuple[cp_model.IntVar, int]] = []
    keys = frozenset(keys_of(model.problem, table.choice))
    for (component, unit, core, point), lit in model.places.items():
        values.append((lit, Seat(component, unit, core) in keys and At(component, unit, point) in keys))
    for (unit, point), lit in model.points.items():
        values.append((lit, table.choice.points[unit] == point))
    values += [(lit, On(unit) in keys) for unit, lit in model.on.items()]
    values += [(lit, key in keys) for group in (model.busy, model.via) for key, lit in group.items()]
    values += _instants(model, model.starts, table.starts)
    values += _instants(model, model.sends, table.transfers)
    for variable, value in values:
        model.cp.add_hint(variable, int(value))


def _instants(
    model: Model, variables: Mapping[_K, Instant], known: Mapping[_K, int]
) -> Iterator[tuple[cp_model.IntVar, int]]:
    for key, instant in variables.items():
        at = known.get(key, instant.at.proto.domain[0])
        rounds, phase = divmod(at, model.problem.hyperperiod)
        yield from ((instant.at, at), (instant.phase, phase), (instant.round, rounds))
