# SPDX-License-Identifier: Apache-2.0
"""A form filled in: what its values may be, and what they say in each of its languages (docs/format.md §5.10).

Pure. A value that does not fit is malformed; a time that lies in the wrong tense is the writer's to mend before he
releases, and never decides validity afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from goodoffices.core.errors import Malformed
from goodoffices.core.fields import MAX_TIME, Form, listing, one_line, text, uint
from goodoffices.core.forms import MAX_LINE, Field, NoteForm, Sort, Tense, Values

MINUTE = 60_000
"""A form's times are whole minutes (ms UTC)."""

_minute = uint(MAX_TIME)


def _time(value: Any) -> int:
    found = int(_minute(value))
    if found % MINUTE:
        raise ValueError("not a time in whole minutes")
    return found


def _lines(most: int) -> Form:
    whole, each = text(most, minimum=1), one_line(most)

    def form(value: Any) -> str:
        found = str(whole(value))
        filled = [line for line in found.split("\n") if line.strip(" ")]
        if not filled:
            raise ValueError("empty")
        for line in filled:
            each(line)
        return found

    return form


def _span(*, open_end: bool) -> Form:
    def form(value: Any) -> tuple[int, ...]:
        if not isinstance(value, tuple) or not (1 if open_end else 2) <= len(value) <= 2:
            raise ValueError("not a time from and a time until")
        found = tuple(map(_time, value))
        if list(found) != sorted(found):
            raise ValueError("an end before its beginning")
        return found

    return form


def _number(least: int, most: int) -> Form:
    inner = uint(most)

    def form(value: Any) -> int:
        if inner(value) < least:
            raise ValueError(f"not a number from {least} to {most}")
        return int(value)

    return form


def value_form(field: Field) -> Form:
    """What a value of this field may be; the form raises ValueError with the reason."""
    match field.sort:
        case Sort.LINE:
            return one_line(field.most)
        case Sort.TEXT:
            return _lines(field.most)
        case Sort.LIST:
            return listing(one_line(MAX_LINE), field.most, minimum=1)
        case Sort.TIME:
            return _time
        case Sort.SPAN:
            return _span(open_end=field.most == 1)
        case Sort.CHOICE:
            return _number(1, len(field.choices))
        case _:
            return _number(field.least, field.most)


def check_values(form: NoteForm, values: Values, *, whole: bool = True) -> None:
    """Raise Malformed unless the values fit the form. ``whole``: none that it needs is missing."""
    places = [place for place, _ in values]
    if places != sorted(set(places)) or any(not 1 <= each <= len(form.fields) for each in places):
        raise Malformed("The fields of a note are not those of its form, in their order.")
    for place, value in values:
        field = form.fields[place - 1]
        try:
            value_form(field)(value)
        except ValueError as reason:
            raise Malformed(f"The field '{field.name}' of form {form.code} is {reason}.") from None
    missing = [each.name for at, each in enumerate(form.fields, 1) if each.needed and at not in places]
    if whole and missing:
        raise Malformed(f"The field '{missing[0]}' of form {form.code} is missing.")


def out_of_tense(form: NoteForm, values: Values, at: int) -> Iterable[tuple[Field, Tense]]:
    """Fields whose time does not lie as the form asks, seen from ``at`` (ms UTC)."""
    for place, value in values:
        field = form.fields[place - 1]
        if field.sort not in (Sort.TIME, Sort.SPAN):
            continue
        first, last = (value[0], value[-1]) if isinstance(value, tuple) else (value, value)
        if field.least == Tense.PAST and last > at:
            yield field, Tense.PAST
        elif field.least == Tense.FUTURE and first <= at:
            yield field, Tense.FUTURE


# --- the print ----------------------------------------------------------------------------------------

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def printed_time(at: int) -> str:
    """A date-time group with a whole year: 081030Z JAN 2020."""
    moment = datetime.fromtimestamp(at // 1000, UTC)
    return f"{moment:%d%H%M}Z {_MONTHS[moment.month - 1]} {moment.year:04d}"


@dataclass(frozen=True)
class Printed:
    """One field of a print, in one language."""

    name: str
    sort: int
    label: str
    value: Any
    """As it is carried, but for a choice: its words in this language."""


def printed_fields(form: NoteForm, values: Values, tongue: str) -> tuple[Printed, ...]:
    """What a form's fields say in one of its languages; the values fit the form (``check_values``)."""
    at, found = form.languages.index(tongue), []
    for place, value in values:
        field = form.fields[place - 1]
        said = field.choices[value - 1][at] if field.sort == Sort.CHOICE else value
        found.append(Printed(field.name, field.sort, field.label[at], said))
    return tuple(found)


def printed(form: NoteForm, values: Values, tongue: str) -> str:
    """The print in one of the form's languages, as it is signed: fields apart by an empty line."""
    title = f"{form.title[form.languages.index(tongue)]} ({form.code})"
    return "\n\n".join([title, *map(_printed, printed_fields(form, values, tongue))])


def _printed(field: Printed) -> str:
    value = field.value
    match field.sort:
        case Sort.TEXT:
            # Indented, so that no line of it can pass for another field.
            return "\n".join([f"{field.label}:", *(f"  {line}" for line in value.split("\n"))])
        case Sort.LIST:
            return "\n".join([f"{field.label}:", *(f"– {item}" for item in value)])
        case Sort.TIME:
            return f"{field.label}: {printed_time(value)}"
        case Sort.SPAN:
            ends = [printed_time(each) for each in value]
            return f"{field.label}: {' – '.join(ends) if len(ends) == 2 else ends[0] + ' – …'}"
        case _:
            return f"{field.label}: {value}"
