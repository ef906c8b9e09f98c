# SPDX-License-Identifier: Apache-2.0
"""Forms and codes: worded beforehand in every language, checked, printed the same by everybody (ADR 0060, 0061)."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodoffices.core.agreed import check_agreed, check_shown, with_text
from goodoffices.core.codebook import CodeBook, read_book, reads_as_code
from goodoffices.core.errors import Foreign, GoodOfficesError, Malformed, NewerVersion
from goodoffices.core.fields import to_map
from goodoffices.core.filled import check_values, out_of_tense, printed, printed_time
from goodoffices.core.forms import FormKind, Means, NoteForm, Sort, Tense, read_form
from goodoffices.core.mandate import MAX_AGREED, Mandate, check
from goodoffices.core.note import NoteKind, OpenNote, Words, verify_release, words_of
from tests.core.making import NOW, mandate, note, released, seed, washington

MINUTE = 60_000
AT = NOW - NOW % MINUTE


def row(name: str, sort: Sort, label: str, fa: str, **more: Any) -> tuple[Any, ...]:
    """A field in English and Persian."""
    usual = {Sort.LINE: 200, Sort.TEXT: 2000, Sort.LIST: 8, Sort.NUMBER: 10}.get(sort, 0)
    bounds = more.get("least", 0), more.get("most", usual)
    choices = more.get("choices", ())
    meant, needed = more.get("means", 0), more.get("needed", False)
    return name, int(sort), int(meant), needed, (label, fa), None, *bounds, choices


def form(*rows: tuple[Any, ...], **fields: Any) -> NoteForm:
    """A form in English and Persian."""
    values: dict[str, Any] = {
        "kind": int(FormKind.OTHER),
        "code": "T-1",
        "languages": ("en", "fa"),
        "title": ("A form", "یک فرم"),
        "rows": rows or (row("what", Sort.TEXT, "What", "چه", needed=True),),
    }
    return NoteForm(**(values | fields))


@cache
def clarification() -> NoteForm:
    """What happened, when, whether it was meant, and what was done."""
    meant = (("It was not meant.", "عمدی نبود."), ("It was not ours.", "کار ما نبود."))
    return form(
        row("what", Sort.TEXT, "What happened", "آنچه رخ داد", needed=True),
        row("place", Sort.LINE, "Where", "کجا"),
        row("time", Sort.SPAN, "When", "کِی", needed=True, least=int(Tense.PAST), most=1),
        row("meant", Sort.CHOICE, "Was it meant?", "آیا عمدی بود؟", needed=True, choices=meant),
        row("done", Sort.LIST, "Done since", "کارهای انجام‌شده"),
        row("hurt", Sort.NUMBER, "People hurt", "آسیب‌دیدگان", most=1000),
        kind=int(FormKind.CLARIFICATION),
        code="CL-1",
        title=("Clarification of an incident", "توضیح دربارهٔ یک رویداد"),
    )


@cache
def assurance() -> NoteForm:
    """What is promised, on which conditions, until when."""
    return form(
        row("what", Sort.TEXT, "We assure", "اطمینان می‌دهیم", needed=True, means=Means.PROMISED),
        row("conditions", Sort.LIST, "If", "اگر", means=Means.CONDITIONS),
        row("until", Sort.TIME, "Until", "تا", least=int(Tense.FUTURE), means=Means.END),
        kind=int(FormKind.ASSURANCE),
        code="AS-1",
    )


@cache
def book() -> CodeBook:
    """Two full texts."""
    texts = (1, ("It was an accident.", "حادثه بود.")), (3, ("It is over.", "پایان یافت."))
    return CodeBook(
        word="HARBOUR", languages=("en", "fa"), title=("Short messages", "پیام‌های کوتاه"), texts=texts
    )


VALUES = (
    (1, "Three rockets fell\n\nnear the bridge."),
    (2, "Kirkuk"),
    (3, (AT - 30 * MINUTE, AT)),
    (4, 1),
    (5, ("The battery was stood down.", "Its officer is relieved.")),
    (6, 4),
)


@cache
def terms(**fields: Any) -> Mandate:
    """A mandate that lists the two forms and the book."""
    return mandate(forms=(clarification().raw, assurance().raw), codes=(book().raw,), **fields)


def by_form(values: Any = VALUES, tongue: str = "en") -> Words:
    """Words by the clarification, with the text that they make."""
    return with_text(Words(text="", language=tongue, form=clarification().id, values=values), terms())


def sent(words: Words, kind: int) -> OpenNote:
    """A note of these words, released."""
    return released(words, kind=int(kind))


def test_the_print_of_a_form_is_the_same_for_everybody() -> None:
    """P1: the text that is signed follows from form and values, letter for letter."""
    assert printed(clarification(), VALUES, "en") == (
        "Clarification of an incident (CL-1)\n\n"
        "What happened:\n  Three rockets fell\n  \n  near the bridge.\n\n"
        "Where: Kirkuk\n\n"
        f"When: {printed_time(AT - 30 * MINUTE)} – {printed_time(AT)}\n\n"
        "Was it meant?: It was not meant.\n\n"
        "Done since:\n– The battery was stood down.\n– Its officer is relieved.\n\n"
        "People hurt: 4"
    )
    assert printed_time(1_578_451_827_000) == "080250Z JAN 2020"


def test_what_a_form_says_needs_no_translator() -> None:
    """The same values in the other language: labels and choices are its own, what was filled in stands."""
    said = printed(clarification(), VALUES, "fa")
    assert "عمدی نبود." in said
    assert "آنچه رخ داد:" in said
    assert "Kirkuk" in said
    assert "It was not meant." not in said


def test_an_end_that_is_open_says_so() -> None:
    values = ((1, "x"), (3, (AT,)), (4, 2))
    check_values(clarification(), values)
    assert f"When: {printed_time(AT)} – …" in printed(clarification(), values, "en")


@given(
    st.text(
        st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Zl", "Zp")), min_size=1, max_size=80
    )
)
def test_no_value_can_look_like_another_field(words: str) -> None:
    """Lines of a text stand indented, so every line that begins at the margin is the form's own."""
    forged = words + "\n\nWas it meant?: It was not ours."
    said = printed(clarification(), ((1, forged), (3, (AT,)), (4, 1)), "en")
    margin = [line for line in said.split("\n") if line and not line.startswith("  ")]
    assert [line.split(":")[0] for line in margin[1:]] == ["What happened", "When", "Was it meant?"]


def test_a_form_reads_back_as_it_was_written() -> None:
    for each in (clarification(), assurance()):
        again = read_form(each.raw)
        assert (again, again.id) == (each, each.id)
    assert read_book(book().raw) == book()


WRONG_FORMS: list[tuple[str, NoteForm]] = [
    ("two languages of one name", form(languages=("en", "en"))),
    ("a title in one of two languages", form(title=("A form",))),
    ("a label in one of two languages", form(("what", 1, 0, True, ("What",), None, 0, 200, ()))),
    ("one name twice", form(row("a", Sort.LINE, "A", "A"), row("a", Sort.LINE, "B", "B"))),
    ("a name with a capital", form(row("What", Sort.LINE, "A", "A"))),
    ("a code in small letters", form(code="t-1")),
    ("a choice of one", form(row("a", Sort.CHOICE, "A", "A", choices=(("x", "x"),)))),
    ("a choice without choices", form(row("a", Sort.CHOICE, "A", "A"))),
    ("choices for a line", form(row("a", Sort.LINE, "A", "A", choices=(("x", "x"), ("y", "y"))))),
    ("a line without room", form(row("a", Sort.LINE, "A", "A", most=0))),
    ("a text without end", form(row("a", Sort.TEXT, "A", "A", most=4001))),
    ("a number from 5 to 4", form(row("a", Sort.NUMBER, "A", "A", least=5, most=4))),
    ("a tense that there is not", form(row("a", Sort.TIME, "A", "A", least=3))),
    ("an assurance of nothing", form(kind=int(FormKind.ASSURANCE))),
    ("a promise in a form that is none", form(row("a", Sort.LINE, "A", "A", needed=True, means=1))),
    ("a promise that may be left out", form(row("a", Sort.LINE, "A", "A", means=1), kind=5)),
    ("a promise without end", form(row("a", Sort.TEXT, "A", "A", needed=True, means=1, most=2001), kind=5)),
    ("an end that is a line", form(
        row("a", Sort.LINE, "A", "A", needed=True, means=1), row("b", Sort.LINE, "B", "B", means=3), kind=5)),
]  # fmt: skip


@pytest.mark.parametrize(("why", "wrong"), WRONG_FORMS, ids=[why for why, _ in WRONG_FORMS])
def test_a_form_that_does_not_fit_itself_is_refused(why: str, wrong: NoteForm) -> None:
    """P12: bounded and checked before anything is made of it."""
    with pytest.raises(Malformed):
        read_form(wrong.raw)


def test_a_sort_of_field_to_come_is_a_newer_versions() -> None:
    with pytest.raises(NewerVersion):
        read_form(form(("a", 8, 0, False, ("A", "A"), None, 0, 0, ())).raw)


WRONG_VALUES: list[tuple[str, Any]] = [
    ("nothing", ()),
    ("what it needs is missing", VALUES[1:]),
    ("a field that there is not", (*VALUES, (7, "x"))),
    ("fields out of order", (VALUES[1], VALUES[0], *VALUES[2:])),
    ("one field twice", (VALUES[0], VALUES[0], *VALUES[1:])),
    ("a choice that there is not", (*VALUES[:3], (4, 3))),
    ("a choice of 0", (*VALUES[:3], (4, 0))),
    ("an end before its beginning", (*VALUES[:2], (3, (AT, AT - MINUTE)), *VALUES[3:])),
    ("seconds", (*VALUES[:2], (3, (AT + 1,)), *VALUES[3:])),
    ("a text that is blank", ((1, "  \n "), *VALUES[1:])),
    ("a text with a control character", ((1, "a\tb"), *VALUES[1:])),
    ("a line with a line end", (VALUES[0], (2, "a\nb"), *VALUES[2:])),
    ("a line that is too long", (VALUES[0], (2, "x" * 201), *VALUES[2:])),
    ("an empty list", (*VALUES[:4], (5, ()))),
    ("a number above its most", (*VALUES[:4], (6, 1001))),
    ("a text where a number belongs", (*VALUES[:4], (6, "4"))),
]  # fmt: skip


@pytest.mark.parametrize(("why", "values"), WRONG_VALUES, ids=[why for why, _ in WRONG_VALUES])
def test_values_that_do_not_fit_their_form_are_refused(why: str, values: Any) -> None:
    """P12."""
    with pytest.raises(Malformed):
        check_values(clarification(), values)


def test_what_has_been_cannot_lie_ahead_and_what_is_to_come_not_behind() -> None:
    assert not list(out_of_tense(clarification(), VALUES, AT))
    assert [each.name for each, _ in out_of_tense(clarification(), VALUES, AT - 1)] == ["time"]
    ahead = ((1, "x"), (3, AT))
    assert not list(out_of_tense(assurance(), ahead, AT - 1))
    assert [tense for _, tense in out_of_tense(assurance(), ahead, AT)] == [Tense.FUTURE]


def test_a_note_by_a_form_is_what_the_mandate_agreed_on() -> None:
    """P8: whoever holds the mandate can tell that form, values and text belong together."""
    opened = sent(by_form(), NoteKind.CLARIFICATION)
    assert verify_release(opened, washington().office)
    check_agreed(opened.note, opened.words, terms())
    assert words_of(opened.leaves).values == VALUES


def test_a_text_that_its_form_does_not_say_is_refused() -> None:
    """P1: nobody shows one text and carries other values."""
    words = replace(by_form(), text=by_form().text.replace("not meant", "meant"))
    with pytest.raises(Malformed, match="text"):
        check_agreed(note(words, kind=2), words, terms())


def test_a_form_that_the_mandate_does_not_list_is_refused() -> None:
    words = replace(by_form(), form=seed("another form"))
    with pytest.raises(Foreign):
        check_agreed(note(words, kind=2), words, terms())
    with pytest.raises(Foreign):
        check_agreed(note(by_form(), kind=2), by_form(), mandate())


def test_a_clarification_cannot_pass_as_an_assurance() -> None:
    with pytest.raises(Malformed):
        check_agreed(note(by_form(), kind=5), by_form(), terms())


@pytest.mark.parametrize("kind", [1, 8])
def test_a_kind_without_what_makes_it_one_is_not_understood(kind: int) -> None:
    with pytest.raises(NewerVersion):
        verify_release(sent(by_form(), kind), washington().office)


def test_fields_without_a_form_are_malformed() -> None:
    with pytest.raises(Malformed):
        verify_release(sent(replace(by_form(), form=None), 1), washington().office)


def coded(number: int = 3, text: str = "HARBOUR 3") -> Words:
    return Words(text=text, language="en", coded=(book().id, number))


def test_a_coded_note_is_the_word_and_the_number() -> None:
    opened = sent(coded(), NoteKind.CODED)
    assert verify_release(opened, washington().office)
    check_agreed(opened.note, opened.words, terms())
    assert with_text(coded(text=""), terms()).text == "HARBOUR 3"


@pytest.mark.parametrize(
    "words",
    [
        coded(2, "HARBOUR 2"),
        coded(3, "HARBOUR 1"),
        coded(3, "It is over."),
        replace(coded(), coded=(seed("another book"), 3)),
    ],
)
def test_a_code_that_stands_for_nothing_agreed_is_refused(words: Words) -> None:
    with pytest.raises((Malformed, Foreign)):
        check_agreed(note(words, kind=8), words, terms())


def test_a_text_is_never_a_code_by_its_look() -> None:
    """A plain note whose text reads as a code stays plain; desks can tell that it reads so."""
    plain = Words(text="HARBOUR 3", language="en")
    check_agreed(note(plain), plain, terms())
    assert [reads_as_code(each, book()) for each in ("HARBOUR 3", " harbour-3.", "Harbour: 3", "HARBOUR 2", "3")] == [
        3, 3, 3, None, None,
    ]  # fmt: skip


def test_a_briefing_may_withhold_fields_of_a_form() -> None:
    leaves = by_form().leaves()
    check_shown(note(by_form(), kind=2), leaves, terms())
    check_shown(note(by_form(), kind=2), [leaf for leaf in leaves if leaf[0] != 12][:4], terms())
    check_shown(note(by_form(), kind=2), [leaf for leaf in leaves if leaf[0] == 12], terms())
    with pytest.raises(Malformed):
        check_shown(note(by_form(), kind=2), [(11, clarification().id), (12, (4, 9))], terms())


def test_a_mandate_holds_its_forms_whole() -> None:
    """P1: the wording in both languages is what was signed."""
    check(terms())
    assert list(terms().agreed_forms) == [clarification().id, assurance().id]
    assert to_map(mandate()).keys().isdisjoint({19, 20})


@pytest.mark.parametrize(
    "fields",
    [
        {"forms": (clarification().raw, replace(clarification(), title=("Another", "دیگر")).raw)},
        {"codes": (book().raw, replace(book(), title=("Another", "دیگر")).raw)},
        {"forms": (b"\x00",)},
        {"forms": (clarification().raw,), "languages": ("en", "fr")},
        {"codes": (book().raw,), "languages": ("ar",)},
    ],
)
def test_a_mandate_whose_wording_does_not_fit_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(GoodOfficesError):
        check(mandate(**fields))


def test_a_mandate_does_not_grow_without_end() -> None:
    """P12: it has to travel with its offices' credentials."""
    wide = tuple((n, ("x" * 1000, "y" * 1000)) for n in range(1, 31))
    books = tuple(replace(book(), word=word, texts=wide).raw for word in ("ALPHA", "BRAVO"))
    check(mandate(codes=books[:1]))
    assert sum(map(len, books)) > MAX_AGREED
    with pytest.raises(Malformed):
        check(mandate(codes=books))
