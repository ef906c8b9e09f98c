# SPDX-License-Identifier: Apache-2.0
"""Words beside a note as pages show them: which translation one holds, whose it is, what it corrects.

They are given only where the note's own text is: nothing here can stand in its place (ADR 0035).
"""

from __future__ import annotations

from dataclasses import dataclass

from goodoffices.core.act import CHANNEL_LANE, HOME_LANE, Act, ActType
from goodoffices.core.beside import BESIDE, Beside, Grade
from goodoffices.core.ladder import whose_word
from goodoffices.core.mandate import Agreement, Reading
from goodoffices.core.note import Words
from goodoffices.core.office import Office
from goodoffices.core.statement import Signed, read_signed
from goodoffices.desk.channels.beside import BesideRow
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.ledger.ledger import NoteRow
from goodoffices.desk.views.inside import Inside, shown
from goodoffices.desk.views.note import NoteRef, ref


@dataclass(frozen=True)
class BesideCard:
    """A translation or rewording."""

    act: bytes
    kind: str
    """translation | rewording"""
    grade: int | None
    office: bytes
    office_name: str
    word: str
    signers: tuple[str, ...]
    at: int
    case_at: int | None
    state: str
    """verified | unopened | sealed | unreadable | altered"""
    finding: str | None
    home: bool
    language: str | None
    made_with: str | None
    text: str | None
    corrects: bytes | None
    """The earlier one that it takes over from, by the same office and beside the same note."""
    earlier: BesideEarlier | None
    corrected_by: bytes | None


@dataclass(frozen=True)
class BesideEarlier:
    """What was corrected: enough to say which it was and what changed."""

    act: bytes
    grade: int | None
    at: int
    text: str


@dataclass(frozen=True)
class OpenBesideCard:
    """Words of this office that wait for more officers."""

    act: bytes
    kind: str
    grade: int | None
    language: str
    made_with: str | None
    text: str
    at: int
    signers: tuple[str, ...]
    signed_by_me: bool
    take: int
    corrects: bytes | None
    """The act of this office that it would take the place of."""


@dataclass(frozen=True)
class BesideView:
    """Everything beside one note."""

    cards: tuple[BesideCard, ...]
    """What holds now first, the best grade before the others; then what was corrected."""
    waiting: tuple[OpenBesideCard, ...]
    role: str
    """between | author | reader"""
    why_not: str | None
    """What stands against adding some; None if nothing does."""
    rewords: NoteRef | None
    """The note, withheld, whose matter this one puts into its author's own words."""
    rewordable: tuple[tuple[bytes, str], ...]
    """(ID, name) of the offices to which this note's matter could be reworded."""


@dataclass(frozen=True)
class BesidePage:
    """The page on which words beside a note are written."""

    note: bytes
    author_name: str
    number: int
    text: str
    language: str
    languages: tuple[str, ...]
    readers: tuple[str, ...]
    take: int
    """How many officers sign."""
    view: BesideView
    max_bytes: int


def _names(office: Office | None, signed: Signed, version: int) -> tuple[str, ...]:
    roster = office.roster_at(version) if office is not None else None
    return tuple(roster.pseudonym(each) or "?" for each in signed.signers) if roster is not None else ()


def _kind(act: Act) -> str:
    return "rewording" if act.type == ActType.REWORDING else "translation"


def _cards(desk: Desk, agreement: Agreement, note: NoteRow, *, visible: bool) -> list[BesideCard]:
    rows: dict[bytes, BesideRow] = {row.id: row for row in desk.channels.beside.of_note(note.id)}
    found: dict[bytes, tuple[Act, Signed, Beside | None]] = {}
    for each in desk.ledger.acts_about(note.id):
        if each.type in BESIDE and each.id in rows:
            signed = read_signed(each.signed)
            words = desk.channels.beside.words(rows[each.id]) if visible else None
            found[each.id] = (signed.statement.read(Act), signed, words)

    def same(act: Act, other: bytes | None) -> bool:
        if other is None or other not in found:
            return False
        earlier = found[other][0]
        return (earlier.author, earlier.type) == (act.author, act.type)

    corrected = {
        words.corrects: act_id
        for act_id, (act, _, words) in found.items()
        if words is not None and words.corrects is not None and same(act, words.corrects)
    }
    cards = []
    for act_id, (act, signed, words) in found.items():
        row = rows[act_id]
        corrects = words.corrects if words is not None and same(act, words.corrects) else None
        cards.append(
            BesideCard(
                act=act_id,
                kind=_kind(act),
                grade=act.code,
                office=act.author,
                office_name=agreement.name_of(act.author),
                word=str(whose_word(act, note.author, note.recipient)),
                signers=_names(agreement.offices.get(act.author), signed, act.roster),
                at=act.time[0],
                case_at=act.case_at,
                state=row.state,
                finding=row.finding,
                home=act.lane == HOME_LANE,
                language=words.language if words is not None else None,
                made_with=words.made_with if words is not None else None,
                text=words.text if words is not None else None,
                corrects=corrects,
                earlier=_earlier(words, found.get(corrects) if corrects else None, corrects),
                corrected_by=corrected.get(act_id),
            )
        )
    return cards


def _earlier(
    words: Beside | None, before: tuple[Act, Signed, Beside | None] | None, act_id: bytes | None
) -> BesideEarlier | None:
    if words is None or before is None or act_id is None or before[2] is None:
        return None
    if before[2].language != words.language:
        return None  # from one language to another every word changes
    return BesideEarlier(act_id, before[0].code, before[0].time[0], before[2].text)


def _order(card: BesideCard) -> tuple[bool, int, int]:
    grade = card.grade if card.grade is not None and card.grade in {int(each) for each in Grade} else 0
    return card.corrected_by is not None, -grade, -card.at


def newest_own(
    cards: tuple[BesideCard, ...], office: bytes, language: str, grade: int | None
) -> bytes | None:
    """The act that a new one of this office would take over from: its newest in that language, of no higher grade.

    ``grade`` None: a rewording.
    """
    kind = "rewording" if grade is None else "translation"
    held = [
        each
        for each in cards
        if each.office == office and each.kind == kind and each.language == language
        if each.corrected_by is None and each.text is not None and (each.grade or 0) <= (grade or 0)
    ]
    return max(held, key=lambda each: each.at).act if held else None


def _waiting(desk: Desk, officer: Officer, note: NoteRow, agreement: Agreement) -> list[OpenBesideCard]:
    office = desk.context.my_office()
    return [
        OpenBesideCard(
            act=each.signed.id,
            kind=_kind(each.act),
            grade=each.act.code,
            language=each.words.language,
            made_with=each.words.made_with,
            text=each.words.text,
            at=each.at,
            signers=_names(office, each.signed, each.act.roster),
            signed_by_me=officer.public in each.signed.signers,
            take=desk.acts.besides_take(note, agreement),
            corrects=each.words.corrects,
        )
        for each in desk.acts.open_besides(note.id)
    ]


def beside_view(desk: Desk, officer: Officer, agreement: Agreement, note: NoteRow) -> BesideView:
    """What stands beside a note, and whether this officer can add to it."""
    visible = note.state == "verified" and shown(desk, note)
    cards = _cards(desk, agreement, note, visible=visible)
    words = Inside(desk).words(note) if visible else None
    rewords = words.rewords if words is not None else None
    return BesideView(
        cards=tuple(sorted(cards, key=_order)),
        waiting=tuple(_waiting(desk, officer, note, agreement)) if visible else (),
        role=desk.acts.beside_role(note, agreement),
        why_not=desk.acts.why_not_beside(officer, note, agreement)
        or (None if visible else "Its text is not before us."),
        rewords=ref(desk, agreement, rewords) if rewords is not None else None,
        rewordable=_rewordable(desk, agreement, note, words),
    )


def _rewordable(
    desk: Desk, agreement: Agreement, note: NoteRow, words: Words | None
) -> tuple[tuple[bytes, str], ...]:
    """The parties at this office's side that were not told: a caucus note is never passed on as it is."""
    mandate = agreement.mandate
    if note.lane == CHANNEL_LANE or mandate.is_party(desk.me) or note.recipient != desk.me or words is None:
        return ()
    if words.confidential:
        return ()
    others = [each for each in mandate.neighbours(desk.me) if mandate.is_party(each) and each != note.author]
    return tuple((each, agreement.name_of(each)) for each in others if not mandate.on_paper(each))


def beside_page(desk: Desk, officer: Officer, agreement: Agreement, note: NoteRow) -> BesidePage | None:
    """The page to write on; None where the note's text is not before this office."""
    words = Inside(desk).words(note) if shown(desk, note) else None
    if words is None:
        return None
    mandate = agreement.mandate
    role = desk.acts.beside_role(note, agreement)
    open_reading = mandate.reading == Reading.OPEN and note.lane == CHANNEL_LANE
    readers = [each for each in mandate.path if each in (note.author, note.recipient) or open_reading]
    return BesidePage(
        note=note.id,
        author_name=agreement.name_of(note.author),
        number=note.number,
        text=words.text,
        language=words.language,
        languages=mandate.languages,
        readers=(desk.context.my_office().name,)
        if role == "reader"
        else tuple(agreement.name_of(each) for each in readers),
        take=desk.acts.besides_take(note, agreement),
        view=beside_view(desk, officer, agreement, note),
        max_bytes=60_000,
    )
