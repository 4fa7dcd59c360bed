"""The one mangler: every name of a model that reaches generated code passes through here."""

from __future__ import annotations

import re
from hashlib import sha256

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_RESERVED_PREFIX = re.compile(r"(?i:aic_)|__|_[A-Z]", re.ASCII)
_LONGEST = 48

# Keywords of C, C++, OpenCL C and the names that generated code takes from standard headers.
_KEYWORDS = """
    alignas alignof and and_eq asm atomic_cancel auto bitand bitor bool break case catch char class
    compl concept const const_cast consteval constexpr constinit continue co_await co_return
    co_yield decltype default delete do double dynamic_cast else enum explicit export extern false
    float for friend goto half if inline int long main mutable namespace new noexcept not not_eq
    nullptr operator or or_eq private protected public register reinterpret_cast requires restrict
    return short signed sizeof static static_assert static_cast struct switch template this
    thread_local throw true try typedef typeid typename typeof union unsigned using virtual void
    volatile wchar_t while xor xor_eq kernel global local constant generic pipe read_only write_only
    read_write image1d_t image2d_t image3d_t sampler_t event_t size_t ptrdiff_t intptr_t uintptr_t
    uchar ushort uint ulong int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t stdin
    stdout stderr errno NULL EOF
"""
KEYWORDS = frozenset(_KEYWORDS.split())


def is_c_identifier(text: str) -> bool:
    """Whether generated code may use ``text`` as it is: an ASCII identifier, not a keyword, not reserved."""
    return bool(_IDENTIFIER.fullmatch(text)) and text not in KEYWORDS and not _RESERVED_PREFIX.match(text)


def c_identifier(text: str) -> str:
    """A C identifier for any text: the text itself where possible, else its letters and a hash of all of it.

    The same text always gives the same name, and two texts never give the same one (up to a collision of 40
    bits of SHA-256): a plain identifier that looks like a hashed name is hashed too.
    """
    if is_c_identifier(text) and len(text) <= _LONGEST and not re.search(r"_x[0-9a-f]{10}\Z", text):
        return text
    kept = re.sub(r"[^A-Za-z0-9]+", "_", text, flags=re.ASCII).strip("_")[:_LONGEST]
    stem = kept if kept[:1].isalpha() else f"n_{kept}".rstrip("_")
    stem = f"n_{stem}" if _RESERVED_PREFIX.match(stem) else stem
    name = f"{stem}_x{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:10]}"
    assert _IDENTIFIER.fullmatch(name), name
    return name


def kernel_name(component: str, entry: str) -> str:
    """The C identifier of an entry's kernel, with a hash where ``component_entry`` has two readings."""
    return c_identifier(f"{component}_{entry}" if "_" not in entry else f"{component}::{entry}")
