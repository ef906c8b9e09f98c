# SPDX-License-Identifier: Apache-2.0
"""Notes written by a form, or as a code: from what the write page's fields say to a note's words, and back."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from goodoffices.core.agreed import book_of, form_of
from goodoffices.core.codebook import CodeBook
from goodoffices.core.errors import OtherOfficeError, YourError
from goodoffices.core.filled import MINUTE, check_values, printed
from goodoffices.core.forms import Field, NoteForm, Sort, Values
from goodoffices.core.mandate import Mandate
from goodoffices.core.note import Words
from goodoffices.desk.forms.filling import require_values
from goodoffices.web.forms import Form

FIELD = "f_"
"""How the names of a form's fields begin on the write page."""
KEPT = ("form", "codes", "code_number", "reports")


@dataclass(frozen=True)
class By:
    """What a note is written by; neither: a plain text."""

    form: NoteForm | None = None
    book: CodeBook | None = None

    def tongue_at(self, code: str) -> int:
        """The place, among its languages, of the page's language, or of the first."""
        by = self.form or self.book
        tongues = by.languages if by is not None else ()
        return tongues.index(code) if code in tongues else 0


def by_of(form: Form, mandate: Mandate) -> By:
    """What the write page's fields say the note is written by; raises YourError."""
    named, codes = form.identifier("form"), form.identifier("codes")
    if named is not None and named not in mandate.agreed_forms:
        raise YourError("The mandate lists no such form.", "Choose one of the channel's forms.")
    if codes is not None and codes not in mandate.agreed_books:
        raise YourError("The mandate lists no such code book.", "Choose one of the channel's code books.")
    return By(
        mandate.agreed_forms.get(named) if named is not None else None,
        mandate.agreed_books.get(codes) if codes is not None and named is None else None,
    )


def kept_names(form: Form) -> tuple[str, ...]:
    """The names of the fields that belong to a form or a code, as they are in a request."""
    return (*KEPT, *(name for name in form.fields if name.startswith(FIELD)))


def written(form: Form, mandate: Mandate, tongue: str, now: int) -> dict[str, Any] | None:
    """What a form or code gives to a note's words, its text with it; None for a plain text. Raises YourError."""
    by = by_of(form, mandate)
    if by.form is not None:
        if tongue not in by.form.languages:
            known = ", ".join(each for each in mandate.languages if each in by.form.languages)
            raise YourError(
                f"Form {by.form.code} has no wording in the note's language.",
                f"Choose one of these: {known}.",
            )
        _refuse_unknown(form, by.form)
        values = values_of(form, by.form)
        require_values(by.form, values, tongue, now)
        try:
            check_values(by.form, values)
        except OtherOfficeError as error:
            raise YourError(error.what) from None
        return {"form": by.form.id, "values": values, "text": printed(by.form, values, tongue)}
    if by.book is not None:
        number = form.number("code_number")
        if number is None or number not in by.book.numbers:
            raise YourError(
                "That number stands for nothing in the code book.",
                "Choose one of the list, or write a plain note.",
            )
        return {"coded": (by.book.id, number), "text": by.book.code(number)}
    return None


def _refuse_unknown(form: Form, by: NoteForm) -> None:
    known = [each.name for each in by.fields]
    spans = [f"{each.name}_until" for each in by.fields if each.sort == Sort.SPAN]
    for given in form.fields:
        name = given.removeprefix(FIELD)
        if given.startswith(FIELD) and name not in known + spans and form.word(given) is not None:
            like = get_close_matches(name, known + spans, n=1, cutoff=0.55)
            step = f"Did you mean '{like[0]}'?" if like else "Write it from the form's own page."
            raise YourError(f"Form {by.code} has no field '{name[:60]}'.", step)


def values_of(form: Form, by: NoteForm) -> Values:
    """The values of a form's fields, as they were typed; empty fields are left out. Raises YourError."""
    found = []
    for place, field in enumerate(by.fields, 1):
        value = _value(form, field)
        if value is not None:
            found.append((place, value))
    return tuple(found)


def _value(form: Form, field: Field) -> Any:
    name = FIELD + field.name
    match field.sort:
        case Sort.LINE:
            return form.word(name)
        case Sort.TEXT:
            return _lines_of(form, name).strip() or None
        case Sort.LIST:
            return tuple(line.strip() for line in _lines_of(form, name).split("\n") if line.strip()) or None
        case Sort.TIME:
            return _minute(form.time(name, field.label[0]))
        case Sort.SPAN:
            return _span(form, field, name)
        case _:
            return form.number(name, field_label=field.label[0])


def _lines_of(form: Form, name: str) -> str:
    return form.text(name).replace("\r\n", "\n").replace("\r", "\n")


def _minute(at: int | None) -> int | None:
    return None if at is None else at - at % MINUTE


def _span(form: Form, field: Field, name: str) -> tuple[int, ...] | None:
    label = field.label[0]
    began, ended = _minute(form.time(name, label)), _minute(form.time(f"{name}_until", label))
    if began is None:
        if ended is not None:
            raise YourError(f"'{label}' has an end and no beginning.", "Fill in when it begins.")
        return None
    return (began,) if ended is None else (began, ended)


def fields_of_words(words: Words, mandate: Mandate, time: Any) -> dict[str, str]:
    """The write page's fields of a note by a form, or a coded one; ``time`` writes a time for an input."""
    form, coded = form_of(words, mandate), book_of(words, mandate)
    if coded is not None:
        return {"codes": coded[0].id.hex(), "code_number": str(coded[1])}
    if form is None:
        return {}
    found = {"form": form.id.hex()}
    for place, value in words.values:
        field = form.fields[place - 1]
        name = FIELD + field.name
        if field.sort == Sort.LIST:
            found[name] = "\n".join(value)
        elif field.sort == Sort.SPAN:
            found[name] = time(value[0])
            found[f"{name}_until"] = time(value[1]) if len(value) == 2 else ""
        else:
            found[name] = time(value) if field.sort == Sort.TIME else str(value)
    return found
