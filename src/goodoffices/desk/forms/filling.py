# SPDX-License-Identifier: Apache-2.0
"""What stands against releasing a note by a form, or a coded one: said to who writes it, with what would do."""

from __future__ import annotations

from typing import Any, NoReturn

from goodoffices.core.agreed import book_of, form_of, text_of
from goodoffices.core.codebook import reads_as_code
from goodoffices.core.errors import OtherOfficeError, YourError
from goodoffices.core.filled import out_of_tense, value_form
from goodoffices.core.forms import MAX_LINE, Field, NoteForm, Sort, Tense, Values
from goodoffices.core.mandate import Mandate
from goodoffices.core.note import Words

AGAIN = "Correct the field, then go on; what you typed is kept."


def require_values(form: NoteForm, values: Values, tongue: str, now: int) -> None:
    """Raise YourError, naming the field by its label, for what is missing, does not fit or cannot be so."""
    at = form.languages.index(tongue) if tongue in form.languages else 0
    given = dict(values)
    for place, field in enumerate(form.fields, 1):
        if place not in given:
            if field.needed:
                raise YourError(f"'{field.label[at]}' is not filled in.", "The form needs it.")
            continue
        try:
            value_form(field)(given[place])
        except ValueError:
            _refuse(field, field.label[at], given[place])
    for field, tense in out_of_tense(form, values, now):
        label = field.label[at]
        if tense == Tense.FUTURE:
            raise YourError(f"'{label}' lies in the past, and speaks of what is to come.", AGAIN)
        raise YourError(f"'{label}' lies in the future, and speaks of what has been.", AGAIN)


def _refuse(field: Field, label: str, value: Any) -> NoReturn:
    """Say what the field takes."""
    most = field.most
    match field.sort:
        case Sort.LINE:
            raise YourError(
                f"'{label}' takes one line of at most {most} bytes, without hidden characters.", AGAIN
            )
        case Sort.TEXT:
            raise YourError(
                f"'{label}' takes at most {most} bytes of text, without hidden characters.", AGAIN
            )
        case Sort.LIST:
            raise YourError(f"'{label}' takes at most {most} lines of at most {MAX_LINE} bytes each.", AGAIN)
        case Sort.SPAN if len(value) == 2 and value[1] < value[0]:
            raise YourError(f"'{label}' ends before it begins.", AGAIN)
        case Sort.SPAN:
            raise YourError(f"'{label}' takes a time from and a time until.", AGAIN)
        case Sort.TIME:
            raise YourError(f"'{label}' takes a time in whole minutes.", AGAIN)
        case Sort.CHOICE:
            raise YourError(f"'{label}' takes one of its choices.", AGAIN)
        case _:
            least = field.least
            raise YourError(f"'{label}' takes a whole number from {least} to {most}.", AGAIN)


def require_filled(words: Words, mandate: Mandate, now: int) -> None:
    """Raise YourError unless a note of these words is one that the mandate's forms and code books allow.

    ``now``: ms UTC, for the tense of its times. A plain text that reads as a code is refused too: what is coded is
    never told by how a text looks.
    """
    try:
        form = form_of(words, mandate)
        book_of(words, mandate)
    except OtherOfficeError as error:
        raise YourError(error.what, "Choose a form or a code that the mandate lists.") from None
    if form is not None:
        require_values(form, words.values, words.language, now)
    if form is None and words.coded is None:
        for book in mandate.agreed_books.values():
            number = reads_as_code(words.text, book)
            if number is not None:
                raise YourError(
                    f"This text reads as the code {book.code(number)}, and a plain note is never a code.",
                    "Send it as a coded note, or write out what you mean.",
                )
        return
    try:
        text = text_of(words, mandate)
    except OtherOfficeError as error:
        raise YourError(error.what, AGAIN) from None
    if words.text != text:
        raise YourError(
            "The text is not what the form and its fields say.", "Write it from the form's own page."
        )
