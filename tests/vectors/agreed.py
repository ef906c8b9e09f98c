# SPDX-License-Identifier: Apache-2.0
"""Vectors of forms, code books and the notes that are written by them (ADR 0060, ADR 0061)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from goodoffices.core import cbor, merkle
from goodoffices.core.agreed import with_text
from goodoffices.core.codebook import CodeBook
from goodoffices.core.extract import ALWAYS, GRADE, REST, SOURCE, Extract, leaves_of, write_extract
from goodoffices.core.fields import to_map
from goodoffices.core.forms import NoteForm
from goodoffices.core.incident import Report
from goodoffices.core.mandate import Mandate
from goodoffices.core.note import Words
from goodoffices.core.statement import LIVE, Statement, sign, state
from tests.core import making
from tests.core.making import NOW, bern, released, seed, tehran, washington
from tests.core.test_forms import (
    AT,
    WRONG_FORMS,
    WRONG_VALUES,
    assurance,
    book,
    by_form,
    clarification,
    coded,
    terms,
)

Vector = tuple[str, str, str, dict[str, Any], str]
OK = "accepted"


def vectors() -> Iterator[Vector]:
    """Forms, books, mandates that list them, and notes."""
    yield from _forms()
    yield from _mandates()
    yield from _notes()
    yield from _extracts()


def _forms() -> Iterator[Vector]:
    def given(found: NoteForm | CodeBook | bytes) -> dict[str, Any]:
        return {"bytes": (found if isinstance(found, bytes) else found.raw).hex()}

    yield "form", "A clarification in two languages.", "form", given(clarification()), OK
    yield (
        "form-assurance",
        "What is promised, on which conditions, until when.",
        "form",
        given(assurance()),
        OK,
    )
    for why, wrong in WRONG_FORMS:
        yield f"form-{why.replace(' ', '-')}", f"Refused: {why}.", "form", given(wrong), "Malformed"
    later = cbor.encode(["GO1 form", to_map(clarification()) | {7: 1}])
    yield "form-field-below-128", "Made by a newer version.", "form", given(later), "NewerVersion"
    yield "codes", "Two full texts.", "code book", given(book()), OK
    wrong_books = (
        ("codes-number-0", "Numbers begin at 1.", replace(book(), texts=((0, ("a", "b")),))),
        (
            "codes-numbers-out-of-order",
            "They ascend.",
            replace(book(), texts=((3, ("a", "b")), (1, ("c", "d")))),
        ),
        ("codes-text-in-one-language", "Each has every language.", replace(book(), texts=((1, ("a",)),))),
        ("codes-word-in-small-letters", "Capitals only.", replace(book(), word="harbour")),
    )
    for name, shows, wrong_book in wrong_books:
        yield name, shows, "code book", given(wrong_book), "Malformed"


def _mandates() -> Iterator[Vector]:
    offices = [each.office.raw.hex() for each in (washington(), bern(), tehran())]

    def given(mandate: Mandate) -> dict[str, Any]:
        # Written by hand: what does not fit is signed nowhere else.
        raw = cbor.encode(["GO1", 1, 4, LIVE, to_map(mandate)])
        signers = washington().officer(), bern().officer(), tehran().officer()
        return {"signed": sign(Statement(raw), *signers).raw.hex(), "credentials": offices, "papers": []}

    one, again = clarification().raw, replace(clarification(), title=("Another", "دیگر")).raw
    wide = tuple((n, ("x" * 1000, "y" * 1000)) for n in range(1, 31))
    books = tuple(replace(book(), word=word, texts=wide).raw for word in ("ALPHA", "BRAVO"))
    yield "mandate-forms", "Two forms and a code book.", "mandate", given(terms()), OK
    wrong = (
        ("mandate-forms-two-of-one-code", "Which is meant?", {"forms": (one, again)}),
        (
            "mandate-forms-without-a-language",
            "One is not worded in French.",
            {"forms": (one,), "languages": ("fr",)},
        ),
        ("mandate-forms-not-one", "What is listed is none.", {"forms": (b"\x80",)}),
        (
            "mandate-codes-two-of-one-word",
            "Which is meant?",
            {"codes": (book().raw, replace(book(), title=("A", "B")).raw)},
        ),
        ("mandate-codes-too-long", "More than 98,304 bytes.", {"codes": books}),
    )
    for name, shows, fields in wrong:
        yield name, shows, "mandate", given(making.mandate(**fields)), "Malformed"


def _notes() -> Iterator[Vector]:
    listed, none = terms(), making.mandate()

    def given(words: Words, kind: int, mandate: Mandate = listed) -> dict[str, Any]:
        return {
            "mandate": cbor.encode(["GO1", 1, 4, LIVE, to_map(mandate)]).hex(),
            "inside": released(words, kind=kind).inside.hex(),
            "credential": washington().office.raw.hex(),
        }

    promised = Words(
        text="", language="fa", form=assurance().id, values=((1, "پایان، فعلاً."), (2, ("بی‌پاسخ",)), (3, AT))
    )
    plain = Words(text="HARBOUR 3", language="en")
    open_end = by_form(((1, "x"), (3, (AT,)), (4, 2)))
    yield "agreed-clarification", "By a form that the mandate lists.", "agreed", given(by_form(), 2), OK
    yield (
        "agreed-clarification-in-persian",
        "The same in the other language.",
        "agreed",
        given(by_form(tongue="fa"), 2),
        OK,
    )
    yield "agreed-open-end", "A span without end.", "agreed", given(open_end, 2), OK
    yield (
        "agreed-assurance",
        "With conditions and an end.",
        "agreed",
        given(with_text(promised, listed), 5),
        OK,
    )
    yield "agreed-coded", "A word and a number.", "agreed", given(coded(), 8), OK
    yield (
        "agreed-plain",
        "It reads as a code and is none.",
        "agreed",
        given(plain, 1),
        OK,
    )
    for why, values in WRONG_VALUES:
        if any(value == () for _, value in values):
            continue  # no leaf can carry it
        words = replace(by_form(), values=tuple(values))
        yield f"agreed-{why.replace(' ', '-')}", f"Refused: {why}.", "agreed", given(words, 2), "Malformed"
    changed = replace(by_form(), text=by_form().text.replace("not meant", "meant"))
    other = replace(by_form(), form=seed("another form"))
    tongue = replace(by_form(), language="ar")
    wrong = (
        ("agreed-text-says-something-else", "Its values say another.", given(changed, 2), "Malformed"),
        ("agreed-in-a-language-without-wording", "Arabic.", given(tongue, 2), "Malformed"),
        ("agreed-as-another-kind", "A clarification as an assurance.", given(by_form(), 5), "Malformed"),
        ("agreed-as-a-plain-note", "A form in a plain note.", given(by_form(), 1), "NewerVersion"),
        ("agreed-form-of-another-mandate", "It is not listed.", given(other, 2), "Foreign"),
        ("agreed-mandate-without-forms", "It lists none.", given(by_form(), 2, none), "Foreign"),
        ("agreed-fields-without-form", "Fields of what?", given(replace(by_form(), form=None), 1), "Malformed"),
        ("agreed-coded-unknown-number", "2 stands for nothing.", given(coded(2, "HARBOUR 2"), 8), "Malformed"),
        ("agreed-coded-text-of-another-number", "3, written as 1.", given(coded(3, "HARBOUR 1"), 8), "Malformed"),
        ("agreed-coded-of-another-book", "It is not listed.", given(coded(), 8, none), "Foreign"),
        ("agreed-coded-without-code", "Plain words as a code.", given(plain, 8), "NewerVersion"),
    )  # fmt: skip
    for name, shows, vector, verdict in wrong:
        yield name, shows, "agreed", vector, verdict


def extract_of(*signers: bytes, wanted: frozenset[int] = ALWAYS | REST, **changes: Any) -> bytes:
    """An extract of a report of Washington's."""
    fields: dict[str, Any] = {
        "office": washington().id, "roster": 1, "time": (NOW, 2), "incident": seed("file"), "claim": 1,
        "what": "The flight is still on the ground.", "known": NOW - 1000, "source": "an informant", "grade": (2, 3),
        "mark": 2, "question": "Has the flight left?", "answer": "no",
    }  # fmt: skip
    report = Report(**(fields | changes))
    leaves = leaves_of(report, seed("report"))
    body = merkle.body_root(seed("extract"), leaves)
    mark = min(report.mark, 3)
    extract = Extract(
        office=washington().id, roster=1, time=(NOW, 2), body=body, leaves=len(leaves), mark=mark
    )
    signed = sign(state(extract, LIVE), *(signers or (washington().officer(),)))
    return write_extract(signed, seed("extract"), leaves, wanted)


def _extracts() -> Iterator[Vector]:
    def given(raw: bytes) -> dict[str, Any]:
        return {"bytes": raw.hex(), "credential": washington().office.raw.hex()}

    whole = ALWAYS | REST | SOURCE | GRADE
    changed = extract_of().replace(b"still on the ground", b"already in the air.")
    nobodys = extract_of(claim=2, claimant="x", wanted=ALWAYS)
    vectors = (
        ("extract", "Source and grade withheld.", extract_of(), OK),
        ("extract-whole", "Nothing withheld that may be shown.", extract_of(wanted=whole), OK),
        ("extract-of-an-intent", "With whose claim it is.", extract_of(claim=2, claimant="officials"), OK),
        ("extract-of-an-intent-without-claimant", "Withheld.", nobodys, "Malformed"),
        ("extract-word-changed", "After it was signed.", changed, "Altered"),
        ("extract-without-its-words", "They are never withheld.", extract_of(wanted=whole - {6}), "Malformed"),
        ("extract-that-shows-its-file", "Never shown.", extract_of(wanted=whole | {4}), "Malformed"),
        ("extract-that-shows-its-report", "Never shown.", extract_of(wanted=whole | {0}), "Malformed"),
        ("extract-of-a-report-marked-red", "It stays at its office.", extract_of(mark=5), "Malformed"),
        ("extract-by-the-desk", "An officer signs.", extract_of(washington().desk_seed), "WrongSigner"),
    )  # fmt: skip
    for name, shows, raw, verdict in vectors:
        yield name, shows, "extract", given(raw), verdict
