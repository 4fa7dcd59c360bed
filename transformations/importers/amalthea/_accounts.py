"""What became of every element, reference and value of an AMALTHEA file."""

from __future__ import annotations

from aicompiler.transformations.importers._accounting import Account, Accounting, Fate, Ledger
from aicompiler.transformations.importers._sayings import shown

from ._values import NotUnderstood, Values, check, is_value
from ._view import AmaltheaModel, Xml, kind, tag

# Features of the metamodel (0.9 to 3.x) that are understood wherever they stand, needed or not.
_KNOWN_TEXT = """
    accessElements accessLatency accessPath accessPrecedenceSpec activations activityGraph
    affinityConstraints aliases allocationConstraints Amalthea arguments average burstLength cacheMisses
    caches callArguments callGraph calls chainedPrototypes channels chunkSize clocks commonElements
    componentInstances components componentsModel condition configModel connections connectors
    constraintsModel coreClassification coreClassifiers counter customEntities customProperties dataAge
    dataAgeConstraints dataCoherencyGroups dataRate dataStabilityGroups dataType default defaultEntry
    defaultValue definitions dependsOn description deviation distribution domains elementType entries
    eventChain eventChains eventMask eventModel events eventsToTrace executionCondition extended
    featureCategories features graphEntries groundedPorts group groups hwModel initialValue interfaces
    internalConnections interruptControllers isrAllocation isrs items jitter labels limit limitValue
    lineSize literals localLabels lower lowerBound lowerTimeBorder mappingConstraints mappingModel max
    maxBudget maximum mean measurementModel measurements memoryClassification memoryClassifiers
    memoryMapping min minBudget minDistance minimum mode modeLabels modes modules namespaces needs
    nextOccurrence occurrence occurrenceMinDistance occurrencesPerStep occurrenceTimes offset
    operatingSystems orderPrecedenceSpec osDataConsistency osEvents osModel overhead packages
    parameterExtensions parameters parentAssociation period physicalSectionConstraints
    physicalSectionMapping ports processChains processPrototypes propertyConstraintsModel readLatency
    recurrence replenishment requirements runnableAllocation runnableCalls runnableGroups runnableItems
    runnables runnableSequencingConstraints runtimeDeviation runtimes scenario schedulerAllocation
    schedulerAssociations schedulerDefinitions schedulingAlgorithm schedulingParameterDefinitions
    schedulingParameters scope sd sections segments semaphores setModeValueList size sourcePort
    statistic statistics step stimuli stimuliModel stimulusDeviation strands structures swModel systems
    tags target targetPort taskAllocation tasks taskSchedulers threshold timingConstraints tolerance
    transmissionPolicy typeDefinitions upper upperBound upperTimeBorder value values writeLatency
"""
_KNOWN = frozenset(_KNOWN_TEXT.split())


def account(model: AmaltheaModel, values: Values) -> Accounting:
    """The accounts; totals are counted in the file, apart from the fates."""
    ledger = Ledger()
    used = _with_ancestors(model)
    for element in model.elements:
        _element(model, ledger, element, used)
        _references(model, ledger, element)
        if is_value(element):
            _value(model, values, ledger, element)
    return ledger.close(
        {
            Account.ELEMENTS: int(model.root.xpath("count(descendant-or-self::*)")),
            Account.APPLICATIONS: 0,
            Account.REFERENCES: sum(1 for e in model.root.iter("*") for _ in model.tokens(e)),
            Account.NFP_VALUES: sum(map(is_value, model.root.iter("*"))),
        }
    )


def _with_ancestors(model: AmaltheaModel) -> set[Xml]:
    """What is used, and what contains it."""
    used: set[Xml] = set()
    for element in model.used:
        at = element
        while at is not None and at not in used:
            used.add(at)
            at = at.getparent()
    return used


def _element(model: AmaltheaModel, ledger: Ledger, element: Xml, used: set[Xml]) -> None:
    if element in used:
        ledger.enter(Account.ELEMENTS, Fate.USED)
    elif element in model.left:
        ledger.report(Account.ELEMENTS, _what(element), model.left[element], model.source(element))
    elif tag(element) in _KNOWN:
        ledger.enter(Account.ELEMENTS, Fate.BOUND)
    else:
        reason = "no version of AMALTHEA that is known has this feature"
        ledger.report(Account.ELEMENTS, _what(element), reason, model.source(element))


def _references(model: AmaltheaModel, ledger: Ledger, element: Xml) -> None:
    for feature, token in model.tokens(element):
        if model.resolve(token) is None:
            what = f"{feature} of {_what(element)}: {shown(token[:80])}"
            reason = "the file does not contain what it refers to"
            ledger.report(Account.REFERENCES, what, reason, model.source(element))
            model.warn("dangling-reference", f"{what}: {reason}", "correct the reference", element)
        else:
            followed = (element, feature) in model.followed
            ledger.enter(Account.REFERENCES, Fate.USED if followed else Fate.BOUND)


def _value(model: AmaltheaModel, values: Values, ledger: Ledger, element: Xml) -> None:
    if element in values.read:
        ledger.enter(Account.NFP_VALUES, Fate.USED)
        return
    try:
        check(element)
    except NotUnderstood as error:
        ledger.report(Account.NFP_VALUES, _what(element), str(error), model.source(element))
        return
    if element in model.left:
        ledger.report(Account.NFP_VALUES, _what(element), model.left[element], model.source(element))
    else:
        ledger.enter(Account.NFP_VALUES, Fate.BOUND)


def _what(element: Xml) -> str:
    name = shown(element.get("name", "")[:80])
    return " ".join(t for t in (kind(element) or tag(element), name and f"'{name}'") if t)
