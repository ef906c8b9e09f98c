# SPDX-License-Identifier: Apache-2.0
"""A note held against what its mandate agreed on: its form and the values in it, or its code (ADR 0060, ADR 0061).

The text of such a note is made, not written: the print of the form in the note's language, or the code. Who reads
the text reads what the values say; who makes the print in another language reads the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from goodoffices.core.codebook import CodeBook
from goodoffices.core.errors import Foreign, Malformed
from goodoffices.core.filled import check_values, printed
from goodoffices.core.forms import NoteForm
from goodoffices.core.mandate import Mandate
from goodoffices.core.note import Leaf, Note, NoteKind, Words, words_of


def form_of(words: Words, mandate: Mandate) -> NoteForm | None:
    """The form that a note names; None for one without. Raises Foreign for a form that is not the mandate's."""
    if words.form is None:
        return None
    form = mandate.agreed_forms.get(words.form)
    if form is None:
        raise Foreign("A note by a form that its mandate does not list.")
    return form


def book_of(words: Words, mandate: Mandate) -> tuple[CodeBook, int] | None:
    """The code book that a note names and the number in it; raises Foreign, Malformed."""
    if words.coded is None:
        return None
    book = mandate.agreed_books.get(words.coded[0])
    if book is None:
        raise Foreign("A coded note by a book that its mandate does not list.")
    if words.coded[1] not in book.numbers:
        raise Malformed(f"A coded note whose number {words.coded[1]} stands for nothing in its book.")
    return book, words.coded[1]


def kind_of(words: Words, mandate: Mandate) -> int:
    """The kind that a note of these words is of; raises Foreign."""
    if words.coded is not None:
        return NoteKind.CODED
    form = form_of(words, mandate)
    return NoteKind.PLAIN if form is None else form.kind


def text_of(words: Words, mandate: Mandate) -> str | None:
    """The text that a note by a form, or a coded one, must have; None for a plain one. Raises as above."""
    form, coded = form_of(words, mandate), book_of(words, mandate)
    if form is None:
        return None if coded is None else coded[0].code(coded[1])
    check_values(form, words.values)
    if words.language not in form.languages:
        raise Malformed(f"Form {form.code} has no wording in the note's language.")
    return printed(form, words.values, words.language)


def with_text(words: Words, mandate: Mandate) -> Words:
    """The same words with the text that form and values, or the code, make; a plain note's as they are."""
    text = text_of(words, mandate)
    return words if text is None else replace(words, text=text)


def check_agreed(note: Note, words: Words, mandate: Mandate) -> None:
    """Raise Foreign or Malformed unless a note of a form, or a coded one, is what its mandate agreed on."""
    if note.kind != kind_of(words, mandate):
        raise Malformed("A note whose kind is not that of its form.")
    text = text_of(words, mandate)
    if text is not None and words.text != text:
        raise Malformed("A note whose text is not what its form and values, or its code, say.")


def check_shown(note: Note, shown: Iterable[tuple[int, Any]], mandate: Mandate) -> None:
    """As ``check_agreed``, of the leaves of a note that a briefing shows: what is withheld is not asked for.

    Raises Foreign or Malformed.
    """
    leaves = [each for each in shown if each[0] in (Leaf.FORM, Leaf.FIELD, Leaf.CODED)]
    words = words_of(((Leaf.AUTHORITY, 1), (Leaf.LANGUAGE, "en"), *leaves))
    form, coded = form_of(words, mandate), book_of(words, mandate)
    if (form is not None and form.kind != note.kind) or (coded is not None and note.kind != NoteKind.CODED):
        raise Malformed("A note whose kind is not that of its form.")
    if form is not None:
        check_values(form, words.values, whole=False)
