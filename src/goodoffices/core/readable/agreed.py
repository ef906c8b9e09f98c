# SPDX-License-Identifier: Apache-2.0
"""The readable lines about forms and codes: in mandate.txt, and in note.txt in every agreed language (``readable``)."""

from __future__ import annotations

from collections.abc import Iterator

from goodoffices.core.agreed import book_of, form_of
from goodoffices.core.filled import printed
from goodoffices.core.mandate import Mandate
from goodoffices.core.note import Words
from goodoffices.core.record.layout import plain


def wording_rows(mandate: Mandate) -> Iterator[str]:
    """The lines of mandate.txt about what is worded beforehand."""
    for form in mandate.agreed_forms.values():
        yield f"  form         {form.code} {plain(form.title[0])}, {form.id.hex()}"
    for book in mandate.agreed_books.values():
        yield f"  code book    {book.word} {plain(book.title[0])}, {book.id.hex()}"


def agreed_rows(words: Words, mandate: Mandate) -> Iterator[str]:
    """The lines of note.txt about its form or code; none of a plain note. The note holds (``core.agreed``)."""
    form, coded = form_of(words, mandate), book_of(words, mandate)
    if form is not None:
        yield f"form       {form.code}, {form.id.hex()}"
        for tongue in (each for each in mandate.languages if each != words.language):
            yield f"           in {tongue}, from the same form and values:"
            yield from (
                f"             | {plain(row)}" for row in printed(form, words.values, tongue).split("\n")
            )
    if coded is not None:
        book, number = coded
        yield f"code       {book.code(number)}, {book.id.hex()}; by the mandate it stands for:"
        yield from (
            f"           {each}: {plain(book.text_of(number, each) or '')}" for each in mandate.languages
        )
