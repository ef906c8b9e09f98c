# SPDX-License-Identifier: Apache-2.0
"""What a field of a signed object may hold, and how a frozen dataclass becomes a CBOR map.

A class lists its fields with ``key(number, form)``. Numbers below 128 must be understood by the
reader: one that it does not know makes the whole object "newer version". From 128 on a reader may
ignore a number; the bytes are kept either way, so signatures and IDs hold.

Evolution rule: a number is never reused and its form never changes; a new optional field below 128
is for what must not be misread by an old reader, from 128 on for what may be missed.
"""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from goodoffices.core.errors import Malformed, NewerVersion, YourError

Form = Callable[[Any], Any]
"""Checks a decoded value and returns it; raises ValueError with the reason."""

MUST_UNDERSTAND_BELOW = 128
MAX_TIME = 253402300799999
"""Milliseconds UTC of 9999-12-31T23:59:59.999, the last instant that RFC 3339 can write."""


def uint(maximum: int = 2**53 - 1) -> Form:
    """An unsigned integer of at most ``maximum`` (by default what every JSON reader can hold)."""

    def form(value: Any) -> int:
        if type(value) is int and 0 <= value <= maximum:
            return value
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= maximum:
            raise ValueError(f"not an integer from 0 to {maximum}")
        return value

    return form


def one_of(*codes: int) -> Form:
    """One of the listed codes. Another number is not wrong but a newer version's: NewerVersion."""

    def form(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise ValueError(f"none of the codes {', '.join(map(str, codes))}")
        if value not in codes:
            raise NewerVersion(f"A code {value} that this version does not know.")
        return value

    return form


def data(size: int, maximum: int | None = None) -> Form:
    """A byte string of exactly ``size`` bytes, or of ``size`` to ``maximum``."""
    most = size if maximum is None else maximum

    def form(value: Any) -> bytes:
        if not isinstance(value, bytes) or not size <= len(value) <= most:
            raise ValueError("not a byte string of the right size")
        return value

    return form


def text(maximum: int, *, minimum: int = 0) -> Form:
    """Text of ``minimum`` to ``maximum`` UTF-8 bytes."""

    def form(value: Any) -> str:
        if not isinstance(value, str) or not minimum <= len(value.encode("utf-8")) <= maximum:
            raise ValueError(f"not text of {minimum} to {maximum} bytes")
        return value

    return form


_NOT_IN_NAMES = frozenset(
    chr(code)
    for first, last in (
        (0x00, 0x1F),  # controls, line breaks among them
        (0x7F, 0x9F),
        (0x200B, 0x200B),  # zero width space
        (0x2028, 0x202E),  # separators, embeddings and overrides of direction
        (0x2060, 0x2069),  # word joiner, invisible operators, isolates
        (0xFEFF, 0xFEFF),
    )
    for code in range(first, last + 1)
)
# Listed by number, not by Unicode category: every verifier comes to the same verdict, whatever tables it has.


def one_line(maximum: int) -> Form:
    """One visible line of 1 to ``maximum`` UTF-8 bytes, with nothing in it that reorders or hides letters.

    A name stands beside other people's words on screen; it must not be able to change how they read.
    """
    inner = text(maximum, minimum=1)

    def form(value: Any) -> str:
        found = str(inner(value))
        if not _NOT_IN_NAMES.isdisjoint(found) or not found.strip():
            raise ValueError("not a visible line: empty, or with control characters")
        return found

    return form


def unseen(text: str) -> tuple[str, ...]:
    """The characters of a name that cannot be seen, or that change how others read, each as U+XXXX.

    More than ``one_line`` refuses: marks and joiners that some scripts need inside words, and blanks that
    look like nothing. A received name with them stays valid, and is shown with them named.
    """
    return tuple(
        f"U+{ord(char):04X}"
        for char in text
        if char in _NOT_IN_NAMES
        or unicodedata.category(char) in ("Cf", "Cc", "Cs", "Co", "Cn", "Zl", "Zp")
        or char in _BLANKS
    )


_BLANKS = frozenset("\u00ad\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Drawn as nothing, though Unicode calls them letters, marks or symbols."""


def hidden_in(name: str) -> tuple[str, ...]:
    """What ``unseen`` finds in a name, but for the joiners inside words that need them."""
    return unseen(_JOINED.sub("", name))


def shown_name(name: str) -> str:
    """A received name as text, each character that cannot be seen written out as [U+XXXX]."""
    joined = {found.start() for found in _JOINED.finditer(name)}
    return "".join(
        char if at in joined or not (hidden := unseen(char)) else f"[{hidden[0]}]"
        for at, char in enumerate(name)
    )


def plain_name(name: str) -> str:
    """A name to be signed here; raises YourError if part of it cannot be seen.

    Only the zero-width non-joiner may stand between two letters of which it changes the shape: Persian
    names need it.
    """
    hidden = hidden_in(name)
    if hidden:
        raise YourError(
            f"The name holds characters that cannot be seen: {', '.join(dict.fromkeys(hidden))}.",
            "Type it again by hand instead of pasting it.",
        )
    if not name.strip():
        raise YourError("The name is empty.", "Give one.")
    return name


_JOINED = re.compile("(?<=[\u0600-\u06ff])\u200c(?=[\u0600-\u06ff])")


def language(value: Any) -> str:
    """A language tag (RFC 5646) of 2 to 35 letters, digits and hyphens; not looked up in any registry."""
    found = str(text(35, minimum=2)(value))
    if not found.isascii() or not found.replace("-", "").isalnum():
        raise ValueError("not a language tag")
    return found


def flag(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError("neither true nor false")
    return value


_MAY_BE_ABSENT: set[Form] = set()


def optional(inner: Form) -> Form:
    """Null, or what ``inner`` allows."""

    def form(value: Any) -> Any:
        return None if value is None else inner(value)

    _MAY_BE_ABSENT.add(form)
    return form


def listing(inner: Form, maximum: int, *, minimum: int = 0) -> Form:
    """An array of ``minimum`` to ``maximum`` items."""

    def form(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, tuple) or not minimum <= len(value) <= maximum:
            raise ValueError(f"not a list of {minimum} to {maximum} items")
        return tuple([inner(item) for item in value])

    return form


def row(*inner: Form) -> Form:
    """An array with one form per place."""

    def form(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, tuple) or len(value) != len(inner):
            raise ValueError(f"not a row of {len(inner)} places")
        return tuple([each(item) for each, item in zip(inner, value, strict=True)])

    return form


ID = data(32)
REALM_SIZE = 16
INCARNATION = data(16)
TIME = row(uint(MAX_TIME), one_of(0, 1, 2))
"""[milliseconds UTC, quality of the clock: 0 unknown, 1 set by hand, 2 set from a network]."""


def key(number: int, form: Form, **kwargs: Any) -> Any:
    """Declare one field of a signed object."""
    return dataclasses.field(metadata={"key": number, "form": form}, **kwargs)


T = TypeVar("T")


_KEYS: dict[Any, tuple[tuple[str, int, Form, bool], ...]] = {}


def _keys(cls: Any) -> tuple[tuple[str, int, Form, bool], ...]:
    """(name, number, form, whether it may be absent) of each field; remembered, for every note is read often."""
    if cls not in _KEYS:
        found = []
        for field in dataclasses.fields(cls):
            form = field.metadata["form"]
            found.append((field.name, field.metadata["key"], form, form in _MAY_BE_ABSENT))
        _KEYS[cls] = tuple(found)
    return _KEYS[cls]


def to_map(obj: Any) -> dict[int, Any]:
    """The CBOR map of a dataclass whose fields are declared with ``key``. Nulls are left out."""
    content: dict[int, Any] = {}
    for name, number, _, _ in _keys(type(obj)):
        value = getattr(obj, name)
        if value is not None:
            content[number] = value
    return content


def checked_map(obj: T) -> tuple[dict[int, Any], T]:
    """The CBOR map of a dataclass, and what is read from it; raises Malformed, as ``from_map`` of it would."""
    content: dict[int, Any] = {}
    values: dict[str, Any] = {}
    for field, number, form, may_be_absent in _keys(type(obj)):
        value = getattr(obj, field)
        if value is not None:
            content[number] = value
        elif may_be_absent:
            values[field] = None
            continue
        try:
            values[field] = form(value)
        except ValueError as reason:
            raise Malformed(f"Field '{field}' of a {type(obj).__name__} is {reason}.") from None
    return content, _made(type(obj), values)


def _made(cls: type[T], values: dict[str, Any]) -> T:
    # As its constructor would, which sets one field after the other: no class of signed objects does more.
    made = object.__new__(cls)
    vars(made).update(values)
    return made


def from_map(cls: type[T], content: Any) -> T:
    """The dataclass of a decoded map; raises Malformed or NewerVersion, naming the field."""
    if type(content) is not dict and not isinstance(content, Mapping):
        raise Malformed("The content of a signed object is not a map.")
    values: dict[str, Any] = {}
    understood = 0
    for field, number, form, may_be_absent in _keys(cls):
        value = content.get(number)
        if value is not None:
            understood += 1
        elif number in content:
            # One encoding per object: an absent field is absent, never a null.
            raise Malformed(f"Field '{field}' is written as null instead of being left out.")
        elif may_be_absent:
            values[field] = None
            continue
        try:
            values[field] = form(value)
        except ValueError as reason:
            raise Malformed(f"Field '{field}' of a {cls.__name__} is {reason}.") from None
    if understood < len(content):
        known = {number for _, number, _, _ in _keys(cls)}
        unknown = [
            number
            for number in content
            if number not in known and (not isinstance(number, int) or number < MUST_UNDERSTAND_BELOW)
        ]
        _refuse_unknown(cls, unknown)
    return _made(cls, values)


def _refuse_unknown(cls: type[Any], unknown: list[Any]) -> None:
    if unknown:
        named = ", ".join(str(each)[:20] for each in unknown[:4] if isinstance(each, int)) or "named by text"
        raise NewerVersion(f"A {cls.__name__} has fields that this version does not know: {named}.")
