"""Reads XMI of our metamodels into EObjects, in one pass over the bytes.

The result is what stock pyecore makes of the same bytes: the same classes, values, containers, identifiers
and inverse references.  What it leaves out is work that has no effect while a tree is new: notifications that
nobody listens to, type checks of values that the reader made, and looks at containers that cannot be there.
It relies on three properties of our metamodels, which a test holds: no feature is derived, no reference has
an opposite, containments are sets.

The reader is an expat handler: no tree is built beside the model, a document type is refused when it is met,
and nesting is bounded by the metamodel, not by the stack.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

from pyecore.ecore import EClass, EEnum, EObject, EProxy, EStructuralFeature
from pyecore.resources.xmi import XMI_URL, XSI_URL, XMIResource
from pyecore.valuecontainer import ECollection, EValue

XSI_TYPE, XMI_TYPE, XSI_NIL = f"{XSI_URL} type", f"{XMI_URL} type", f"{XSI_URL} nil"
XMI_ID, XMI_ROOT = f"{XMI_URL} id", f"{XMI_URL} XMI"


class Malformed(ValueError):
    """The bytes are no well-formed XML, or declare a document type; ``line`` says where."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class _Attribute(EValue):  # type: ignore[misc]  # pyecore has no types
    """The value of a single attribute that was read: as ``EValue``, in a third of the memory."""

    __slots__ = ("_value", "feature", "owner")
    is_ref = False
    is_cont = False
    generic_type = None

    def __init__(self, owner: Any, feature: Any, value: Any) -> None:
        self.owner = owner
        self.feature = feature
        self._value = value


class _Reference(_Attribute):
    """The target of a single reference that was read."""

    __slots__ = ()
    is_ref = True


class _Contained(_Reference):
    """The child of a single containment that was read."""

    __slots__ = ()
    is_cont = True


@dataclass(frozen=True, slots=True)
class _FeaturePlan:
    """What the reader has to know of one feature, looked up once."""

    feature: Any
    name: str
    many: bool
    reference: bool
    containment: bool
    identifier: bool
    decode: Callable[[str], Any]
    eclass: Any

    @staticmethod
    def of(feature: EStructuralFeature) -> _FeaturePlan:
        etype = feature._eType.force_resolve()
        reference = bool(feature.is_reference)
        return _FeaturePlan(
            feature=feature,
            name=feature._name,
            many=bool(feature.many),
            reference=reference,
            containment=reference and bool(feature.containment),
            identifier=not reference and bool(feature.iD),
            decode={x.name: x for x in etype.eLiterals}.get if isinstance(etype, EEnum) else _decoder(etype),
            eclass=etype if isinstance(etype, EClass) else None,
        )


def _decoder(etype: Any) -> Callable[[str], Any]:
    return sys.intern if etype.name == "EString" else getattr(etype, "from_string", str)


class _ClassPlan:
    """An EClass with its features by name."""

    __slots__ = ("attributes", "eclass", "features", "python_class")

    def __init__(self, eclass: Any) -> None:
        self.eclass = eclass
        self.python_class = eclass.python_class
        self.features = {f._name: _FeaturePlan.of(f) for f in eclass.eAllStructuralFeatures()}
        self.attributes = {
            name: (plan.feature, plan.decode, plan.identifier)
            for name, plan in self.features.items()
            if not plan.reference and not plan.many
        }


_plans: dict[Any, _ClassPlan] = {}


def _plan_of(eclass: Any) -> _ClassPlan:
    plan = _plans.get(eclass)
    if plan is None:
        if eclass.abstract:
            raise TypeError(f"{eclass.name} is abstract: name the concrete class in xsi:type")
        plan = _plans[eclass] = _ClassPlan(eclass)
    return plan


class DirectResource(XMIResource):  # type: ignore[misc]  # pyecore has no types
    """An XMI resource of our metamodels that makes its EObjects directly and opens nothing else.

    References into other documents stay proxies.  ``load`` raises ``Malformed``, or the errors that stock
    pyecore raises where a document does not fit its metamodel; ``line`` is where an element did not.
    """

    line = 0

    def load(self, options: Any = None) -> None:
        """Read the whole document: objects first, references after."""
        self.options = options or {}
        content = self.uri.create_instream().read()
        handler = _Handler(self)
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.ordered_attributes = True
        parser.StartElementHandler = handler.start
        parser.EndElementHandler = handler.end
        parser.CharacterDataHandler = handler.text
        parser.StartNamespaceDeclHandler = handler.declare
        parser.EndNamespaceDeclHandler = handler.undeclare
        parser.StartDoctypeDeclHandler = _refuse_document_type
        with _collector_paused():
            try:
                parser.Parse(content, True)
            except expat.ExpatError as error:
                reason = expat.ErrorString(error.code) or "not well-formed"
                raise Malformed(f"is not well-formed XML: {reason}", error.lineno) from error
            except Malformed as error:
                raise Malformed(str(error), parser.CurrentLineNumber) from error
            finally:
                self.line = parser.CurrentLineNumber
            self.line = 0
            handler.link()

    def _try_resource_autoload(self, uri: str, original_uri: str) -> Any:  # noqa: ARG002
        raise ValueError(f"{original_uri} is another document")


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Without the cyclic collector, which would walk the growing tree again and again and find nothing."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _refuse_document_type(*_: Any) -> None:
    raise Malformed("declares a document type, which models do not need", 0)


class _Handler:
    """Makes an EObject for each element; remembers what it refers to for ``link``."""

    def __init__(self, resource: DirectResource) -> None:
        self._resource = resource
        self._ids: dict[str, EObject] = resource.uuid_dict
        self._prefixes: dict[str, list[str]] = {}
        self._later: list[tuple[EObject, _FeaturePlan, str]] = []
        self._stack: list[tuple[EObject, _ClassPlan, dict[Any, Any]]] = []
        self._couples: dict[str, tuple[EObject, Any]] = {}  # of the innermost object: shared by its children
        self._ignored = 0  # how deep we are below an element that has no object
        self._text: list[str] | None = None
        self._wrapped = False

    # --- handlers of expat ----------------------------------------------------------------------------------

    def declare(self, prefix: str | None, uri: str | None) -> None:
        self._prefixes.setdefault(prefix or "", []).append(uri or "")

    def undeclare(self, prefix: str | None) -> None:
        self._prefixes[prefix or ""].pop()

    def text(self, data: str) -> None:
        if self._text is not None and self._ignored == 1:
            self._text.append(data)

    def start(self, tag: str, attributes: list[str]) -> None:
        if self._ignored:
            self._ignored += 1
            return
        if not self._stack:
            self._root(tag, attributes)
            return
        parent, plan, couples = self._stack[-1]
        feature = plan.features.get(tag) or plan.features.get(tag.rpartition(" ")[2])
        if feature is None:
            raise ValueError(f"{plan.eclass.name} has no {tag.rpartition(' ')[2]}")
        if len(attributes) and self._special(parent, feature, attributes):
            return
        if feature.eclass is None:
            self._ignored = 1
            self._text = []
            self._text_owner = (parent, feature)
            return
        child_plan = self._child_plan(feature, attributes)
        child = EObject.__new__(child_plan.python_class)
        self._fill(child, child_plan, attributes)
        self._attach(parent, feature, child, couples)
        self._stack.append((child, child_plan, {}))

    def end(self, tag: str) -> None:  # noqa: ARG002
        if not self._ignored:
            if self._stack:
                self._stack.pop()
            return
        self._ignored -= 1
        if self._ignored == 0 and self._text is not None:
            owner, plan = self._text_owner
            value = "".join(self._text)
            self._text = None
            if plan.reference:
                raise ValueError(f"{plan.name} is a reference, not an element")
            self._values(owner, plan, (value,) if plan.many else value)

    # --- objects --------------------------------------------------------------------------------------------

    def _root(self, tag: str, attributes: list[str]) -> None:
        if tag == XMI_ROOT and not self._wrapped:
            self._wrapped = True
            return
        uri, _, name = tag.rpartition(" ")
        eclass = self._resource.get_metamodel(uri).getEClassifier(name)
        if not isinstance(eclass, EClass):
            raise TypeError(f"{name!r} is no class of {uri}")
        plan = _plan_of(eclass)
        root = EObject.__new__(plan.python_class)
        root._eresource = self._resource
        known = plan.features
        pairs = zip(attributes[::2], attributes[1::2], strict=True)
        kept = [x for key, value in pairs if key in known or key == XMI_ID for x in (key, value)]
        self._resource.use_uuid = XMI_ID in kept[::2]
        self._fill(root, plan, kept)
        self._resource.contents.append(root)
        self._stack.append((root, plan, {}))

    def _special(self, parent: EObject, feature: _FeaturePlan, attributes: list[str]) -> bool:
        """Whether the element is no object of its own: nothing (``xsi:nil``) or a link (``href``)."""
        if XSI_NIL in attributes[::2]:
            self._ignored = 1
            self._values(parent, feature, (None,) if feature.many else None)
            return True
        if "href" in attributes[::2] and feature.reference:
            self._ignored = 1
            path = attributes[attributes.index("href") + 1]
            self._values(parent, feature, EProxy(path=path, resource=self._resource))
            return True
        return False

    def _child_plan(self, feature: _FeaturePlan, attributes: list[str]) -> _ClassPlan:
        names = attributes[::2]
        key = XSI_TYPE if XSI_TYPE in names else XMI_TYPE
        if key not in names:
            if not feature.containment:
                raise ValueError(f"{feature.name} is a reference: give an href or an attribute")
            return _plans.get(feature.eclass) or _plan_of(feature.eclass)
        prefix, colon, name = attributes[2 * names.index(key) + 1].rpartition(":")
        uris = self._prefixes.get(prefix)
        if not colon or not uris:
            raise ValueError(f"prefix {prefix!r} of xsi:type is not declared")
        eclass = self._resource.get_metamodel(uris[-1]).getEClassifier(name)
        if not isinstance(eclass, EClass):
            raise TypeError(f"type {name!r} is no class of {uris[-1]}")
        if eclass is not feature.eclass and feature.eclass not in eclass.eAllSuperTypes():
            raise ValueError(f"{name} is no {feature.eclass.name}, as {feature.name} must be")
        if not feature.containment:
            raise ValueError(f"{feature.name} is a reference: give an href or an attribute")
        return _plan_of(eclass)

    def _fill(self, eobject: EObject, plan: _ClassPlan, attributes: list[str]) -> None:
        values = eobject.__dict__
        isset = eobject._isset
        simple = plan.attributes
        keys = iter(attributes)
        for key in keys:
            text = next(keys)
            known = simple.get(key)
            if known is not None:
                feature, decode, identifier = known
                values[key] = _Attribute(eobject, feature, decode(text))
                isset[feature] = None
                if identifier:
                    self._ids[text] = eobject
            else:
                self._unusual(eobject, plan, key, text)

    def _unusual(self, eobject: EObject, plan: _ClassPlan, key: str, text: str) -> None:
        """An attribute with many values, a reference, or one of XMI itself."""
        if key == XMI_ID:
            eobject._internal_id = text
            self._ids[text] = eobject
            return
        if " " in key:
            return  # of another namespace: nothing of ours
        feature = plan.features.get(key)
        if feature is None:
            raise ValueError(f"{plan.eclass.name} has no {key}")
        if feature.reference:
            self._later.append((eobject, feature, text))
        else:
            self._values(eobject, feature, [feature.decode(word) for word in text.split()], decoded=True)

    def _values(self, eobject: EObject, plan: _FeaturePlan, value: Any, decoded: bool = False) -> None:
        """Set or extend by pyecore's own means: for what is rare."""
        if not (plan.reference or decoded):
            value = [_decoded(plan, v) for v in value] if plan.many else _decoded(plan, value)
        if not plan.many:
            setattr(eobject, plan.name, value)
        elif isinstance(value, list | tuple):
            getattr(eobject, plan.name).extend(value)
        else:
            getattr(eobject, plan.name).append(value)

    @staticmethod
    def _attach(parent: EObject, plan: _FeaturePlan, child: EObject, couples: dict[Any, Any]) -> None:
        feature, name = plan.feature, plan.name
        values = parent.__dict__
        couple = couples.get(name)
        if couple is None:
            couple = couples[name] = (parent, feature)
            parent._isset[feature] = None
            if plan.many and name not in values:
                values[name] = ECollection.create(parent, feature)
        elif not plan.many:
            raise ValueError(f"{parent.eClass.name} has {name} twice")
        if plan.many:
            held = values[name]
            held.map[child] = len(held.items)
            held.items.append(child)
        else:
            values[name] = _Contained(parent, feature, child)
        child._container = parent
        child._containment_feature = feature
        child._inverse_rels.add(couple)

    # --- references -----------------------------------------------------------------------------------------

    def link(self) -> None:
        """Resolve every reference, in the order of the document."""
        for eobject, plan, text in self._later:
            targets = [self._target(word) for word in (text.split() if plan.many else (text,)) if word]
            for target in targets:
                if plan.eclass is not None and not isinstance(target, EProxy):
                    _require(target, plan)
            if plan.many:
                getattr(eobject, plan.name).extend(targets)
            elif targets:
                eobject.__dict__[plan.name] = _Reference(eobject, plan.feature, targets[0])
                eobject._isset[plan.feature] = None
                targets[0]._inverse_rels.add((eobject, plan.feature))

    def _target(self, text: str) -> EObject:
        found = self._ids.get(text)
        if found is None or text[0] in "/#":
            found = self._resource._resolve_nonhref(text)
        if found is None:
            raise ValueError(f"nothing is {text!r}")
        return found


def _require(target: Any, plan: _FeaturePlan) -> None:
    if not isinstance(target, plan.eclass.python_class):
        raise TypeError(f"{plan.name} refers to a {target.eClass.name}, not to a {plan.eclass.name}")


def _decoded(plan: _FeaturePlan, value: Any) -> Any:
    return value if value is None else plan.decode(value)
