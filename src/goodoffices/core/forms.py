# SPDX-License-Identifier: Apache-2.0
"""Forms: notes whose wording is agreed beforehand, in every language of the mandate (docs/format.md §5.10, ADR 0060).

    form     CBOR ["GO1 form", {1 kind, 2 code, 3 languages, 4 title, 5 about, 6 fields}]
    ID       SHA-256(form)
    print    what a form and its values say in one language: title, then each field with its label

A mandate holds the forms themselves, so their wording is signed by every office. A note names its form's ID and
carries its values one by one (``core.filled``); its text is the print in its own language. What the form says
needs no translator: any reader makes the print in his language from the same values.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property, lru_cache
from typing import Any

from goodoffices.core import cbor, crypto
from goodoffices.core.errors import Malformed
from goodoffices.core.fields import (
    flag,
    from_map,
    key,
    language,
    listing,
    one_line,
    one_of,
    optional,
    row,
    text,
    to_map,
    uint,
)

MARK = "GO1 form"
MAX_FORM = 32_000
"""Bytes of one form."""
MAX_LANGUAGES = 8
MAX_FIELDS = 24
MAX_LINE = 500
MAX_LINES = 4000
MAX_ITEMS = 16
MAX_NUMBER = 10**12
MAX_PROMISED = 2000
"""Bytes of what an assurance promises: what an office writes down of it (core.assurance)."""

Values = tuple[tuple[int, Any], ...]
"""A field's place in its form, from 1, with its value; places ascend."""


class FormKind(IntEnum):
    """What a form is for; the kind of the notes that are written by it."""

    CLARIFICATION = 2
    """Of an incident: it was not meant."""
    ADVANCE_NOTICE = 3
    """Of an action of one's own."""
    REQUEST = 4
    """For clarification."""
    ASSURANCE = 5
    CEASE = 6
    """Of an action."""
    OTHER = 7


class Sort(IntEnum):
    """What a field takes."""

    LINE = 1
    TEXT = 2
    LIST = 3
    """Lines, one under the other."""
    TIME = 4
    SPAN = 5
    """From, and until; the end may be left open where the form says so."""
    CHOICE = 6
    NUMBER = 7


class Tense(IntEnum):
    """How a time must lie to the moment of release. It is asked of the writer, and never decides validity."""

    ANY = 0
    PAST = 1
    FUTURE = 2


class Means(IntEnum):
    """What a desk can do with a field."""

    NOTHING = 0
    PROMISED = 1
    """What an assurance promises."""
    CONDITIONS = 2
    END = 3


@dataclass(frozen=True)
class Field:
    """One field. ``label``, ``hint`` and each choice: one text per language of the form."""

    name: str
    sort: int
    means: int
    needed: bool
    label: tuple[str, ...]
    hint: tuple[str, ...] | None
    least: int
    """Of a number: the smallest. Of a time or span: its tense."""
    most: int
    """Bytes of a line or text, items of a list, the largest number; of a span: 1 where its end may be open."""
    choices: tuple[tuple[str, ...], ...]


_NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")
_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{0,11}")


def _name(value: Any) -> str:
    found = str(text(30, minimum=1)(value))
    if not _NAME.fullmatch(found):
        raise ValueError("not a name of small letters, digits and underscores")
    return found


def _code(value: Any) -> str:
    found = str(text(12, minimum=1)(value))
    if not _CODE.fullmatch(found):
        raise ValueError("not a code of capital letters, digits and hyphens")
    return found


_words = listing(one_line(160), MAX_LANGUAGES, minimum=1)
_long_words = listing(text(1000, minimum=1), MAX_LANGUAGES, minimum=1)
_field = row(
    _name,
    one_of(*(int(each) for each in Sort)),
    one_of(*(int(each) for each in Means)),
    flag,
    _words,
    optional(_words),
    uint(MAX_NUMBER),
    uint(MAX_NUMBER),
    listing(_words, 20),
)


@dataclass(frozen=True, kw_only=True)
class NoteForm:
    """A form as the mandate holds it."""

    kind: int = key(1, one_of(*(int(each) for each in FormKind)))
    code: str = key(2, _code)
    """Its short name, the same in every language."""
    languages: tuple[str, ...] = key(3, listing(language, MAX_LANGUAGES, minimum=1))
    title: tuple[str, ...] = key(4, _words)
    about: tuple[str, ...] | None = key(5, optional(_long_words), default=None)
    """What it is for, told to who fills it in."""
    rows: tuple[tuple[Any, ...], ...] = key(6, listing(_field, MAX_FIELDS, minimum=1))

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """Its fields in their order."""
        return tuple(Field(*each) for each in self.rows)

    @cached_property
    def raw(self) -> bytes:
        """The bytes that a mandate holds."""
        return cbor.encode([MARK, to_map(self)])

    @cached_property
    def id(self) -> bytes:
        """SHA-256 of the bytes."""
        return crypto.sha256(self.raw)

    def place(self, means: Means) -> int | None:
        """The place (from 1) of the field that means this; None where no field does."""
        return next((at for at, each in enumerate(self.fields, 1) if each.means == means), None)


@lru_cache(maxsize=64)
def read_form(raw: bytes) -> NoteForm:
    """Decode and check a form; raises Malformed, Oversized or NewerVersion."""
    value = cbor.decode(raw, max_size=MAX_FORM)
    if not isinstance(value, tuple) or len(value) != 2 or value[0] != MARK:
        raise Malformed("Not a form.")
    form = from_map(NoteForm, value[1])
    check_form(form)
    return form


def check_form(form: NoteForm) -> None:
    """Raise Malformed where the parts of a form do not fit each other."""
    count = len(form.languages)
    if len(set(form.languages)) != count:
        raise Malformed("A form that names one language twice.")
    if len(form.title) != count or (form.about is not None and len(form.about) != count):
        raise Malformed("A form whose title is not there once in each of its languages.")
    names = [each.name for each in form.fields]
    if len(set(names)) != len(names):
        raise Malformed("A form with two fields of one name.")
    for each in form.fields:
        _check_field(each, count)
    meant = [each.means for each in form.fields if each.means]
    if len(set(meant)) != len(meant):
        raise Malformed("A form in which two fields mean the same.")
    if (form.kind == FormKind.ASSURANCE) != (Means.PROMISED in meant) or (
        meant and form.kind != FormKind.ASSURANCE
    ):
        raise Malformed("An assurance has a field for what is promised, and no other form has one.")


_MEANS = {
    Means.PROMISED: (Sort.LINE, Sort.TEXT),
    Means.CONDITIONS: (Sort.LIST,),
    Means.END: (Sort.TIME,),
}
_MOST = {Sort.LINE: MAX_LINE, Sort.TEXT: MAX_LINES, Sort.LIST: MAX_ITEMS, Sort.SPAN: 1, Sort.TIME: 0}


def _check_field(field: Field, languages: int) -> None:
    said = [field.label, *field.choices, *([field.hint] if field.hint is not None else [])]
    if any(len(each) != languages for each in said):
        raise Malformed(f"The field '{field.name}' is not worded once in each of its form's languages.")
    if bool(field.choices) != (field.sort == Sort.CHOICE) or len(field.choices) == 1:
        raise Malformed(f"The field '{field.name}' offers no choice, or offers one where none is made.")
    if field.means and field.sort not in _MEANS[Means(field.means)]:
        raise Malformed(f"The field '{field.name}' is of a sort that cannot mean that.")
    if field.means == Means.PROMISED and not (field.needed and field.most <= MAX_PROMISED):
        raise Malformed("What an assurance promises is never left out, and has at most 2,000 bytes.")
    bounded = field.sort in (Sort.LINE, Sort.TEXT, Sort.LIST)
    fits = {
        Sort.CHOICE: field.least == 0 == field.most,
        Sort.NUMBER: field.least <= field.most,
        Sort.TIME: field.least <= Tense.FUTURE,
        Sort.SPAN: field.least <= Tense.FUTURE,
    }.get(Sort(field.sort), field.least == 0)
    most = _MOST.get(Sort(field.sort))
    if not fits or (most is not None and field.most > most) or (bounded and field.most == 0):
        raise Malformed(f"The field '{field.name}' has bounds that its sort does not take.")
