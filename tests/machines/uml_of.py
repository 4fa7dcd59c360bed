"""A drawing as the UML file that an editor would write."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from machine_drawings import MODULUS, Arrow, Node

UML = "http://www.eclipse.org/uml2/5.0.0/UML"
HEAD = f"""<?xml version="1.0" encoding="UTF-8"?>
<xmi:XMI xmi:version="20131001" xmlns:xmi="http://www.omg.org/spec/XMI/20131001" xmlns:uml="{UML}"
    xmlns:GCM="http://www.eclipse.org/papyrus/GCM/1" xmlns:HLAM="http://www.eclipse.org/papyrus/HLAM/1">
<uml:Model xmi:id="_m" name="m">
"""


class Writer:
    """Writes one drawing; ``languages`` are taken in turn for its code."""

    def __init__(self, root: Node, languages: tuple[str, ...] = ("C", "Alf")) -> None:
        self.root = root
        self.languages = languages
        self.lines: list[str] = []
        self.events: list[str] = []
        self.ids = {n: f"_v{i}" for i, n in enumerate(root.below())}
        self.numbers = count()

    def text(self) -> str:
        """The whole file."""
        self._region(self.root)
        machine = "\n".join(self.lines)
        ports = "".join(
            f'<ownedAttribute xmi:type="uml:Port" xmi:id="_p_{n}" name="{n}" type="_t_{t}"/>\n'
            for n, t in (("go", "bool"), ("stop", "bool"), ("level", "int"), ("seen", "int"))
        )
        flows = "".join(
            f'<GCM:FlowPort xmi:id="_f_{n}" direction="{d}" base_Port="_p_{n}"/>\n'
            for n, d in (("go", "in"), ("stop", "in"), ("level", "in"), ("seen", "out"))
        )
        return (
            HEAD
            + '<packagedElement xmi:type="uml:PrimitiveType" xmi:id="_t_bool" name="bool"/>\n'
            + '<packagedElement xmi:type="uml:PrimitiveType" xmi:id="_t_int" name="int32_t"/>\n'
            + "\n".join(self.events)
            + '\n<packagedElement xmi:type="uml:Class" xmi:id="_c" name="Device"'
            + ' classifierBehavior="_mach">\n'
            + ports
            + '<ownedAttribute xmi:type="uml:Property" xmi:id="_a" name="trace" type="_t_int"/>\n'
            + '<ownedBehavior xmi:type="uml:StateMachine" xmi:id="_mach" name="life">\n'
            + machine
            + "\n</ownedBehavior>\n</packagedElement>\n"
            + '<packagedElement xmi:type="uml:Class" xmi:id="_top" name="Top">'
            + '<ownedAttribute xmi:type="uml:Property" xmi:id="_part" name="device" type="_c"'
            + ' aggregation="composite"/></packagedElement>\n</uml:Model>\n'
            + flows
            + '<HLAM:RtSpecification xmi:id="_rs" occKind="periodic(period=(value=10,unit=ms))"'
            + ' context="_mach"/>\n'
            + '<HLAM:RtFeature xmi:id="_rf" specification="_rs" base_Behavior="_mach"/>\n</xmi:XMI>\n'
        )

    def _code(self, tag: str, kind: str, code: str) -> Iterator[str]:
        language = self.languages[next(self.numbers) % len(self.languages)]
        yield f'<{tag} xmi:type="uml:{kind}" xmi:id="_x{next(self.numbers)}"><language>{language}</language>'
        yield f"<body>{code.replace('<', '&lt;')}</body></{tag}>"

    def _action(self, tag: str, number: int) -> Iterator[str]:
        if number:
            lines = f"trace = (trace * 31\n  + {number}) % {MODULUS};\nseen = trace;"
            yield from self._code(tag, "OpaqueBehavior", lines)

    def _region(self, owner: Node) -> None:
        self.lines.append(f'<region xmi:type="uml:Region" xmi:id="_r{self.ids[owner]}">')
        self.lines.append(f'<subvertex xmi:type="uml:Pseudostate" xmi:id="_i{self.ids[owner]}"/>')
        for child in owner.children:
            self._vertex(child)
        assert owner.initial is not None
        self._arrow(f"_i{self.ids[owner]}", owner.initial)
        for child in owner.children:
            for arrow in child.arrows:
                self._arrow(self.ids[child], arrow)
        self.lines.append("</region>")

    def _vertex(self, node: Node) -> None:
        kinds = {"state": "State", "final": "FinalState"}
        metaclass = kinds.get(node.kind, "Pseudostate")
        kind = "" if node.kind in kinds else f' kind="{node.kind}"'
        self.lines.append(
            f'<subvertex xmi:type="uml:{metaclass}" xmi:id="{self.ids[node]}" name="{node.name}"{kind}>'
        )
        self.lines += self._action("entry", node.entry)
        self.lines += self._action("exit", node.exit)
        if node.children:
            self._region(node)
        self.lines.append("</subvertex>")

    def _arrow(self, source: str, arrow: Arrow) -> None:
        id_ = f"_t{next(self.numbers)}"
        guard = f' guard="{id_}_g"' if arrow.limit is not None else ""
        self.lines.append(
            f'<transition xmi:type="uml:Transition" xmi:id="{id_}" source="{source}"'
            f' target="{self.ids[arrow.target]}" kind="{arrow.kind}"{guard}>'
        )
        if arrow.limit is not None:
            test = "else" if arrow.limit == "else" else f"level > {arrow.limit}"
            self.lines.append(f'<ownedRule xmi:type="uml:Constraint" xmi:id="{id_}_g">')
            self.lines += self._code("specification", "OpaqueExpression", test)
            self.lines.append("</ownedRule>")
        self.lines += self._action("effect", arrow.effect)
        for i, (kind, number) in enumerate(arrow.events):
            self.lines.append(f'<trigger xmi:type="uml:Trigger" xmi:id="{id_}_{i}" event="{id_}_{i}_e"/>')
            self.events += self._event(f"{id_}_{i}_e", kind, number)
        self.lines.append("</transition>")

    def _event(self, id_: str, kind: str, number: int) -> Iterator[str]:
        event = f'<packagedElement xmi:id="{id_}" xmi:type="uml:'
        if kind == "after":
            when = f'<expr xmi:type="uml:LiteralString" xmi:id="{id_}l" value="{number * 10} ms"/>'
            yield f'{event}TimeEvent" isRelative="true"><when xmi:type="uml:TimeExpression" xmi:id="{id_}w">'
            yield f"{when}</when></packagedElement>"
        elif kind == "change":
            yield f'{event}ChangeEvent">'
            yield from self._code("changeExpression", "OpaqueExpression", f"level > {number}")
            yield "</packagedElement>"
        else:
            yield f'<packagedElement xmi:type="uml:Signal" xmi:id="{id_}s" name="{kind}"/>'
            yield f'{event}SignalEvent" signal="{id_}s"/>'
