"""Small functions that generated files define when they need them: operations C has no operator for."""

from __future__ import annotations

from ._types import CType

# {T}: the type, {U}: its unsigned counterpart, {N}: its bits, {q}: function qualifiers, {name}: full name.
# Every body is defined for all arguments for which the MLIR operation is.
HELPERS = {
    "floordiv": """
{q}{T} {name}({T} a, {T} b)
{{
    const {T} quotient = a / b;
    return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}}
""",
    "ceildiv": """
{q}{T} {name}({T} a, {T} b)
{{
    const {T} quotient = a / b;
    return a % b != 0 && (a < 0) == (b < 0) ? quotient + 1 : quotient;
}}
""",
    "ceildivu": """
{q}{T} {name}({T} a, {T} b)
{{
    return a / b + (a % b != 0 ? 1 : 0);
}}
""",
    "abs": """
{q}{T} {name}({T} a)
{{
    return a < 0 ? ({T})(0 - ({U})a) : a;
}}
""",
    "minimum": """
{q}{T} {name}({T} a, {T} b)
{{
    if (a != a || b != b) {{
        return a + b;
    }}
    if (a == b) {{
        return signbit(a) ? a : b;
    }}
    return a < b ? a : b;
}}
""",
    "maximum": """
{q}{T} {name}({T} a, {T} b)
{{
    if (a != a || b != b) {{
        return a + b;
    }}
    if (a == b) {{
        return signbit(a) ? b : a;
    }}
    return a > b ? a : b;
}}
""",
    "popcount": """
{q}{T} {name}({T} a)
{{
    {T} count = 0;
    for (; a != 0; a = ({T})(a & (a - 1))) {{
        ++count;
    }}
    return count;
}}
""",
    "clz": """
{q}{T} {name}({T} a)
{{
    {T} count = {N};
    for (; a != 0; a = ({T})(a >> 1)) {{
        --count;
    }}
    return count;
}}
""",
    "ctz": """
{q}{T} {name}({T} a)
{{
    {T} count = 0;
    for (; count < {N} && (a >> count & 1) == 0;) {{
        ++count;
    }}
    return count;
}}
""",
}

BITS_BY_COPY = {
    "float_of_bits": """
{q}{T} {name}({B} bits)
{{
    {T} value;
    memcpy(&value, &bits, sizeof value);
    return value;
}}
""",
    "bits_of_float": """
{q}{T} {name}({B} value)
{{
    {T} bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}}
""",
}


def counterpart(type_: CType) -> CType:
    """The integer type of a float's bits, and the reverse."""
    return CType("int" if type_.kind == "float" else "float", type_.bits, type_.kind == "int")
