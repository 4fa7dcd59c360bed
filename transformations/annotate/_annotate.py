"""Write allocations and results into the source of a model, touching no other byte."""

from __future__ import annotations

from dataclasses import dataclass

from aicompiler.metamodels.deployment import CostTable, Deployment, Evidence
from aicompiler.metamodels.diagnostics import Diagnostic, ModelError, Severity
from aicompiler.metamodels.system import Source, System

from . import _capella, _native, _uml
from ._document import Document, NotEditable
from ._orders import Orders
from ._results import placed, results_of


@dataclass(frozen=True)
class Annotated:
    """The source with its annotations, and what could not be written into it."""

    content: bytes
    diagnostics: tuple[Diagnostic, ...] = ()


def annotate(
    source: bytes, system: System, costs: CostTable, deployment: Deployment, evidence: Evidence
) -> Annotated:
    """``source``, from which ``system`` was imported, with what was decided and proved for it.

    Earlier annotations of ours are replaced, so that a second run changes nothing.  Raises ``ModelError``
    where the file's format, encoding or applied profiles have no place for annotations.
    """
    place = Source(file=system.source.file) if system.source is not None else None
    try:
        kind = next((k for k in (_uml, _capella, _native) if k.handles(Document(source))), None)
        if kind is None:
            raise NotEditable("it is a format that has no place for results: use UML, Capella or native XMI")
        bare = kind.bare(Document(source))
        orders = Orders(
            system, tuple(placed(system, deployment)), results_of(system, costs, deployment, evidence)
        )
        content, diagnostics = kind.written(Document(bare), orders)
    except NotEditable as error:
        raise ModelError(
            Diagnostic(
                severity=Severity.ERROR,
                rule="annotation-refused",
                message=f"the model cannot be annotated: {error}",
                next_step="build without --annotate; the results are in the report and in system.xmi",
                source=place,
            )
        ) from error
    return Annotated(content, tuple(diagnostics))
