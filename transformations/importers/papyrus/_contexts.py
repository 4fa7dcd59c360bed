"""Analysis contexts: which one timing is taken from, and what its variables stand for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from aicompiler.transformations.importers._contract import ImportOptions
from aicompiler.transformations.importers._sayings import shown
from aicompiler.transformations.importers._vsl import (
    Expression,
    VslError,
    parse,
    parse_declarations,
    parse_variables,
)

from ._resource import EObject
from ._scenarios import Scenario, several
from ._view import UmlModel, is_a


class Contexts:
    """The analysis contexts of a model (GaAnalysisContext, SaAnalysisContext) and the one that counts."""

    def __init__(self, model: UmlModel, options: ImportOptions) -> None:
        self.model = model
        self.all = list(model.applications("GaAnalysisContext"))
        self.chosen = self._choose(options.context)
        model.variables.update(self._variables(options))

    def _choose(self, wanted: str) -> EObject | None:
        if not wanted:
            return self.all[0] if len(self.all) == 1 else None
        found = [c for c in self.all if wanted in names(self.model, c.base, c)]
        if len(found) == 1:
            return found[0]
        message = f"{len(found) or 'none'} of the analysis contexts is called '{shown(wanted)}'"
        self._refuse("several-contexts" if found else "no-such-context", message, found or self.all)
        return None

    def _refuse(self, rule: str, message: str, candidates: Sequence[EObject]) -> None:
        step = f"say --context with one of {listed(self.model, [c.base for c in candidates])}"
        first = candidates[0].base if candidates else self.model.resource.models[0]
        self.model.error(rule, message, step if candidates else "leave --context out", first)

    # --- scenarios ----------------------------------------------------------------------------------------

    def scope(self, found: Iterable[Scenario]) -> list[Scenario]:
        """The scenarios of the chosen context; all where no context claims any.

        Several contexts of which none is chosen are an error: their scenarios are alternatives.
        """
        everything = list(found)
        claims = {c: [s for s in everything if self._claims(c, s)] for c in self.all}
        claims = {c: claimed for c, claimed in claims.items() if claimed}
        if self.chosen is not None:
            return claims.get(self.chosen, everything if not claims else [])
        if len(claims) > 1:
            message = f"{len(claims)} analysis contexts give times, and none of them is chosen"
            self._refuse("several-contexts", message, list(claims))
            return []
        return next(iter(claims.values()), everything)

    def claimed(self, scenario: Scenario) -> bool:
        """Whether an analysis context holds a scenario."""
        return any(self._claims(context, scenario) for context in self.all)

    def _claims(self, context: EObject, scenario: Scenario) -> bool:
        """Whether a context's workload names a scenario, or the context contains it or is applied to it."""
        if (workloads := several(context, "workload")) and (
            behaviours := {getattr(b, "base", b) for w in workloads for b in several(w, "behavior")}
        ):
            return not behaviours.isdisjoint(scenario.bearers)
        holder = scenario.behaviour
        while holder is not None and holder is not context.base:
            holder = holder.eContainer()
        return holder is not None

    # --- variables ----------------------------------------------------------------------------------------

    def _variables(self, options: ImportOptions) -> dict[str, Expression]:
        """``in$x=5`` of the chosen context, else of all; what the user says counts more."""
        counted = [self.chosen] if self.chosen is not None else self.all
        found: dict[str, Expression] = {}
        for context in counted:
            for tag in ("contextParams", "context"):
                for text in self.model.texts(context, tag):
                    if "$" in text:
                        found |= self._declared(context, tag, text)
        for name, text in options.variables.items():
            try:
                found[name] = parse(text)
            except VslError as error:
                message = f"the variable ${shown(name)} is '{shown(text[:80])}': {error}"
                root = self.model.resource.models[0]
                self.model.error("bad-variable", message, 'write a value such as "4 ms"', root)
        return found

    def _declared(self, context: EObject, tag: str, text: str) -> dict[str, Expression]:
        try:
            self.model.outputs.update(d.name for d in parse_declarations(text) if d.direction == "out")
            return parse_variables(text)
        except VslError as error:
            self.model.bad_value(context, tag, text, str(error))
            return {}


# --- how elements are called ------------------------------------------------------------------------------


def names(model: UmlModel, *elements: EObject) -> Iterator[str]:
    """What a user may call an element: its XML id, qualified name or name."""
    for element in elements:
        yield model.id(element)
        yield model.qualified_name(element)
        yield getattr(element, "name", None) or ""


def listed(model: UmlModel, elements: Iterable[EObject]) -> str:
    """Elements with name, XML id and line; each id can be given on the command line."""
    return ", ".join(
        f"{model.id(e)} ('{shown(getattr(e, 'name', ''))}', line {model.source(e).line})" for e in elements
    )


def is_error(model: UmlModel) -> bool:
    """Whether something that was said so far is an error."""
    return model.said.failed


def is_environment(element: EObject) -> bool:
    """Whether an element stands for people and things outside the system."""
    return is_a(element, "Actor")
