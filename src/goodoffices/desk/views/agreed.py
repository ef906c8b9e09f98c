# SPDX-License-Identifier: Apache-2.0
"""What a mandate agreed on beforehand, as pages show it: forms and code books, and notes that are written by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from goodoffices.core.agreed import book_of, form_of
from goodoffices.core.codebook import CodeBook, reads_as_code
from goodoffices.core.extract import Shown, read_extract
from goodoffices.core.filled import Printed, printed_fields
from goodoffices.core.forms import NoteForm
from goodoffices.core.mandate import Mandate
from goodoffices.core.note import NoteKind, Words
from goodoffices.core.office import Right
from goodoffices.desk.context import Context, Officer
from goodoffices.desk.forms.library import Library, Wording
from goodoffices.desk.incidents.page import grade_of
from goodoffices.desk.incidents.sharing import Extracts


@dataclass(frozen=True)
class FormCard:
    """A form or code book in a list. ``titles`` by language; ``kind`` is that of its notes."""

    id: bytes
    kind: int
    called: str
    titles: Mapping[str, str]
    about: Mapping[str, str]
    languages: tuple[str, ...]
    numbers: tuple[int, ...]
    """Of a code book."""


@dataclass(frozen=True)
class AgreedView:
    """A note by a form, or a coded one, in every language that is agreed on."""

    kind: int
    called: str
    """The form's code, or the code book's word and the number."""
    id: bytes
    titles: Mapping[str, str]
    fields: Mapping[str, tuple[Printed, ...]]
    """By language; none of a coded note."""
    texts: Mapping[str, str]
    """By language, the full text of a coded note; none of a form's."""
    languages: tuple[str, ...]
    """Those of the mandate; the wording may be there in more."""


@dataclass(frozen=True)
class KnownWording:
    """A form or code book that this office has, with the channels whose mandates list it."""

    card: FormCard
    shipped: bool
    channels: tuple[str, ...]


@dataclass(frozen=True)
class FormsPage:
    """Every form and code book of this office."""

    wordings: tuple[KnownWording, ...]
    may_change: bool


@dataclass(frozen=True)
class FormPage:
    """One of them, with its wording and its file."""

    card: FormCard
    shipped: bool
    form: NoteForm | None
    book: CodeBook | None
    source: str
    may_change: bool


def card_of(agreed: NoteForm | CodeBook) -> FormCard:
    """A form or code book for a list."""
    tongues = agreed.languages
    titles = dict(zip(tongues, agreed.title, strict=True))
    if isinstance(agreed, CodeBook):
        return FormCard(agreed.id, int(NoteKind.CODED), agreed.word, titles, {}, tongues, agreed.numbers)
    about = dict(zip(tongues, agreed.about or (), strict=False))
    return FormCard(agreed.id, agreed.kind, agreed.code, titles, about, tongues, ())


def cards_of(mandate: Mandate) -> tuple[FormCard, ...]:
    """What a mandate lists, forms first."""
    forms, books = mandate.agreed_forms.values(), mandate.agreed_books.values()
    return (*map(card_of, forms), *map(card_of, books))


def agreed_view(words: Words, mandate: Mandate) -> AgreedView | None:
    """A note's form or code in every agreed language; None for a plain note. Raises as ``core.agreed``."""
    form, coded = form_of(words, mandate), book_of(words, mandate)
    if form is not None:
        return AgreedView(
            form.kind,
            form.code,
            form.id,
            dict(zip(form.languages, form.title, strict=True)),
            {each: printed_fields(form, words.values, each) for each in form.languages},
            {},
            mandate.languages,
        )
    if coded is not None:
        book, number = coded
        texts = {each: book.text_of(number, each) or "" for each in book.languages}
        titles = dict(zip(book.languages, book.title, strict=True))
        return AgreedView(
            int(NoteKind.CODED), book.code(number), book.id, titles, {}, texts, mandate.languages
        )
    return None


@dataclass(frozen=True)
class ReportView:
    """A report as far as an extract shows it. Times are ms UTC; what is withheld is empty."""

    id: bytes
    claim: int
    what: str
    where: str
    happened: tuple[int, int] | None
    known: int
    source: str | None
    grade: str | None
    mark: int
    question: str
    answer: str
    claimant: str
    evidence: tuple[tuple[bytes, str], ...]
    withheld: int


def report_view(shown: Shown) -> ReportView:
    """An extract for a page."""
    report = shown.report
    return ReportView(
        id=shown.signed.id,
        claim=report.claim,
        what=report.what,
        where=report.where,
        happened=report.happened,
        known=report.known,
        source=report.source if shown.shows("source") else None,
        grade=grade_of(report.grade) if shown.shows("grade") else None,
        mark=report.mark,
        question=report.question,
        answer=report.answer,
        claimant=report.claimant,
        evidence=report.evidence,
        withheld=shown.withheld,
    )


def reports_of(words: Words) -> tuple[ReportView, ...]:
    """The reports that a verified note brings."""
    return tuple(report_view(read_extract(each)) for each in words.reports)


def extracts_here(context: Context) -> tuple[ReportView, ...]:
    """The extracts that were made here lately; none while the desk is locked."""
    if context.locked:
        return ()
    return tuple(report_view(each.shown) for each in Extracts(context).lately())


def let_out(context: Context, papers: Sequence[bytes]) -> dict[bytes, bytes]:
    """Of these papers, the reports that were let out of their file: each with its newest extract."""
    found = {each: Extracts(context).of(each) for each in papers}
    return {report: extract for report, extract in found.items() if extract is not None}


def looks_coded(words: Words, mandate: Mandate) -> str | None:
    """The code that a plain note's whole text looks like, and is not."""
    if words.form is not None or words.coded is not None:
        return None
    for book in mandate.agreed_books.values():
        number = reads_as_code(words.text, book)
        if number is not None:
            return book.code(number)
    return None


def forms_page(context: Context, officer: Officer) -> FormsPage:
    """Every form and code book of this office, and where it is in use."""
    used: dict[bytes, list[str]] = {}
    for each in context.ledger.mandates():
        mandate = context.ledger.agreement(each).mandate
        for wording in (*mandate.agreed_forms, *mandate.agreed_books):
            used.setdefault(wording, []).append(mandate.name)
    known = tuple(
        KnownWording(card_of(each.agreed), each.shipped, tuple(dict.fromkeys(used.get(each.id, ()))))
        for each in Library(context).every()
    )
    return FormsPage(known, _may_change(context, officer))


def form_page(context: Context, officer: Officer, wording: bytes) -> FormPage:
    """One form or code book, worded in all its languages; raises NotFound."""
    found: Wording = Library(context).one(wording)
    agreed = found.agreed
    return FormPage(
        card_of(agreed),
        found.shipped,
        agreed if isinstance(agreed, NoteForm) else None,
        agreed if isinstance(agreed, CodeBook) else None,
        found.source,
        not found.shipped and _may_change(context, officer),
    )


def _may_change(context: Context, officer: Officer) -> bool:
    return bool(context.my_office().roster.rights(officer.public) & Right.KEYS)
