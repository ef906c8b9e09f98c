# SPDX-License-Identifier: Apache-2.0
"""A note as pages show it: whose words, on whose authority, whether altered, crossed, late, and what
can be done with it now. The text is in only where this office has opened or seen it.
"""

from __future__ import annotations

from dataclasses import dataclass

from goodoffices.core.act import CHANNEL_LANE, ActType
from goodoffices.core.mandate import Agreement, Reading
from goodoffices.core.note import MAX_LISTED, OpenNote, note_digits
from goodoffices.core.office import Right
from goodoffices.desk.channels.budget import overspent
from goodoffices.desk.context import Officer
from goodoffices.desk.desk import Desk
from goodoffices.desk.ledger.ledger import LeftRow, NoteRow
from goodoffices.desk.officers.acts import DECIDED, ON_PAPER
from goodoffices.desk.views.agreed import AgreedView, ReportView, agreed_view, looks_coded, reports_of
from goodoffices.desk.views.clocks import LocalTime, local_times
from goodoffices.desk.views.custody import (
    READERS_OWN,
    CustodyStep,
    Remark,
    acts_of,
    custody,
    remarks_of,
    status_of,
    travels,
)
from goodoffices.desk.views.inside import Inside, shown
from goodoffices.desk.views.transcripts import OpenWordsCard, Transcript, open_words_of, transcripts_of
from goodoffices.desk.views.waiting import label_of

NEARBY = 60
"""How many notes before and after are looked at for crossings: a long record costs a page nothing."""


@dataclass(frozen=True)
class NoteRef:
    """A pointer to another note: 'Tehran 2'."""

    id: bytes
    here: bool
    author_name: str
    number: int | None


@dataclass(frozen=True)
class NoteCard:
    """A note in a list."""

    kind: str
    id: bytes
    mandate: bytes
    number: int
    author: bytes
    author_name: str
    recipient: bytes
    recipient_name: str
    caucus: bool
    mine: bool
    precedence: int
    label: str
    here_since: int
    released_at: int | None
    case_at: int | None
    valid_until: int | None
    expired: bool
    state: str
    finding: str | None
    status: str
    status_office: str
    status_at: int | None
    status_case_at: int | None
    late: bool
    text: str | None
    language: str | None
    by: int
    """Its kind: 1 plain, 8 coded, others by a form; 0 where it is not known here."""
    digits: str
    withdrawn: bool
    replaced_by: NoteRef | None
    crossed: tuple[NoteRef, ...]
    vouched_alone: bool
    left: LeftRow | None
    """Its signer had left by a roster that was known here when it came, and nothing of its author stands by it."""
    to_do: str | None


@dataclass(frozen=True)
class Action:
    """Something an officer could do with a note, and why not where it is not possible."""

    name: str
    allowed: bool
    why_not: str | None = None


@dataclass(frozen=True)
class CopyView:
    """One sealed form in which the note came: evidence."""

    digest: bytes
    entry: bytes | None
    state: str


@dataclass(frozen=True)
class NotePage:
    """Everything about one note."""

    card: NoteCard
    clocks: tuple[LocalTime, ...]
    """When it was released, by the clocks of the channel's offices."""
    channel: str
    path: tuple[str, ...]
    reading: int
    readers: tuple[str, ...]
    through: tuple[str, ...]
    signed_by: tuple[str, ...]
    releasers_needed: int
    authority: int | None
    reply_by: int | None
    reason: str | None
    flash_spent: tuple[int, int, int] | None
    """FLASH notes that its author had released, within how many minutes, and how many the mandate gives: where
    that is more than it gives."""
    confidential: bool
    agreed: AgreedView | None
    """What it says in every agreed language, where it is by a form or coded, and before this office."""
    reports: tuple[ReportView, ...]
    """What it brings of its author's incident files."""
    looks_coded: str | None
    """The code that its plain text reads as, and is not."""
    in_reply_to: NoteRef | None
    replaces: NoteRef | None
    withdraws: NoteRef | None
    had_read: tuple[NoteRef, ...]
    had_held: tuple[NoteRef, ...]
    knowledge_known: bool
    hidden: str | None
    """Why the text is not shown: open | take | sealed | altered | newer | unreadable | unopened"""
    remarks: tuple[Remark, ...]
    open_words: tuple[OpenWordsCard, ...]
    transcripts: tuple[Transcript, ...]
    on_paper: bool
    carried_by: str | None
    copies: tuple[CopyView, ...]
    steps: tuple[CustodyStep, ...]
    actions: tuple[Action, ...]
    can_reply: bool
    kept_here: tuple[str, ...]
    """What its reader does with it, of which by the mandate its author is not told."""
    words_take: int


def ref(desk: Desk, agreement: Agreement, note_id: bytes) -> NoteRef:
    """A pointer to a note, known here or not."""
    row = desk.ledger.note(note_id)
    if row is None:
        return NoteRef(note_id, here=False, author_name="", number=None)
    return NoteRef(note_id, here=True, author_name=agreement.name_of(row.author), number=row.number)


def crossings(
    inside: Inside, agreement: Agreement, row: NoteRow, others: list[NoteRow]
) -> tuple[NoteRef, ...]:
    """Notes of the other side such that neither author had read the other's when he released (P9)."""
    read = inside.read(row)
    if read is None or inside.stopped_short(row.id):
        return ()
    full = len(read) >= MAX_LISTED
    found = []
    for other in others:
        if other.author == row.author or other.id in read or other.lane != row.lane:
            continue
        if full and other.at < row.at:
            continue  # a full list names the newest only: an older note is not called crossed
        theirs = inside.read(other)
        if theirs is None or row.id in theirs or inside.stopped_short(other.id):
            continue
        if len(theirs) >= MAX_LISTED and row.at < other.at:
            continue
        found.append(ref(inside.desk, agreement, other.id))
    return tuple(found)


def _replaced_by(inside: Inside, agreement: Agreement, row: NoteRow, others: list[NoteRow]) -> NoteRef | None:
    for other in others:
        if other.author == row.author and other.lane == row.lane and other.number > row.number:
            words = inside.words(other)
            if words is not None and words.replaces == row.id:
                return ref(inside.desk, agreement, other.id)
    return None


def _to_do(desk: Desk, agreement: Agreement, row: NoteRow, now: int) -> str | None:
    if row.recipient == desk.me:
        return None if row.state == "altered" or desk.acts.has_act(row.id, ActType.OPENED) else "open"
    if row.author == desk.me or agreement.mandate.is_party(desk.me):
        return None
    if any(desk.acts.has_act(row.id, kind) for kind in (ActType.RETURNED, ActType.REFUSED)):
        return None
    return "forward" if desk.channels.why_not_forward(row, agreement, now) is None else None


def note_card(
    inside: Inside, agreement: Agreement, row: NoteRow, others: list[NoteRow], now: int
) -> tuple[NoteCard, OpenNote | None, tuple[CustodyStep, ...]]:
    """A note for a list; with it the opened note and its custody strip."""
    desk, opened = inside.desk, inside.note(row)
    acts = acts_of(desk, agreement, row)
    strip = custody(desk, agreement, row, opened, acts, now)
    status = status_of(strip)
    visible = opened is not None and shown(desk, row)
    words = inside.words(row)
    forwarded = any(act.type == ActType.FORWARDED for _, act, _, _ in acts)
    card = NoteCard(
        kind="note",
        id=row.id,
        mandate=row.mandate,
        number=row.number,
        author=row.author,
        author_name=agreement.name_of(row.author),
        recipient=row.recipient,
        recipient_name=agreement.name_of(row.recipient),
        caucus=row.lane != CHANNEL_LANE,
        mine=row.author == desk.me,
        precedence=row.precedence,
        label=label_of(agreement, row.precedence),
        here_since=row.at,
        released_at=opened.note.time[0] if opened is not None else None,
        case_at=opened.note.case_at if opened is not None else None,
        valid_until=row.valid_until,
        expired=row.valid_until is not None
        and now >= row.valid_until
        and not (forwarded and row.author != desk.me),
        state=row.state,
        finding=row.finding,
        status=status.rung if status else ("at the desk" if row.author != desk.me else "released"),
        status_office=status.office_name if status else "",
        status_at=status.at if status else row.at,
        status_case_at=status.case_at if status else None,
        late=any(each.late for each in strip),
        text=words.text if words is not None and visible else None,
        language=words.language if words is not None else None,
        by=opened.note.kind if opened is not None else 0,
        digits=note_digits(row.id),
        withdrawn=any(act.type == ActType.WITHDRAWN for _, act, _, _ in acts),
        replaced_by=_replaced_by(inside, agreement, row, others),
        crossed=crossings(inside, agreement, row, others),
        vouched_alone=row.lane == CHANNEL_LANE and inside.vouched_alone(agreement),
        left=desk.ledger.left(row.id, row.author),
        to_do=_to_do(desk, agreement, row, now),
    )
    return card, opened, strip


def _hidden(desk: Desk, row: NoteRow, opened: OpenNote | None, agreement: Agreement) -> str | None:
    if row.state in ("altered", "newer", "unreadable"):
        return row.state
    if opened is None:
        sealed = agreement.mandate.reading == Reading.SEALED and row.lane == CHANNEL_LANE
        return "sealed" if sealed and row.recipient != desk.me else "unopened"
    if shown(desk, row):
        return None
    return "open" if row.recipient == desk.me else "take"


def note_page(desk: Desk, officer: Officer, agreement: Agreement, row: NoteRow, now: int) -> NotePage:
    """A note's page."""
    inside = Inside(desk)
    here, among = desk.ledger.place_of(row.id), (agreement.id, [row.lane], agreement.mandate.path)
    others = desk.ledger.notes_at(
        desk.ledger.places_before(*among, here, NEARBY) + desk.ledger.places_after(*among, here, NEARBY)
    )
    card, opened, strip = note_card(inside, agreement, row, others, now)
    words = inside.words(row)
    author = agreement.offices[row.author]
    mandate = agreement.mandate
    open_reading = mandate.reading == Reading.OPEN and row.lane == CHANNEL_LANE
    readers = [each for each in mandate.path if each in (row.author, row.recipient) or open_reading]
    between = [each for each in mandate.path if each not in (row.author, row.recipient)]
    return NotePage(
        card=card,
        clocks=local_times(desk, agreement, card.released_at) if card.released_at is not None else (),
        channel=mandate.name,
        path=tuple(agreement.name_of(each) for each in mandate.path),
        reading=mandate.reading,
        readers=tuple(agreement.name_of(each) for each in readers),
        through=tuple(agreement.name_of(each) for each in between) if row.lane == CHANNEL_LANE else (),
        signed_by=desk.context.opened.released(row.id, opened, author) if opened is not None else (),
        releasers_needed=author.roster.releasers_needed,
        authority=words.authority if words else None,
        reply_by=words.reply_by if words else None,
        reason=words.reason if words else None,
        flash_spent=_flash_spent(inside, agreement, row),
        confidential=bool(words and words.confidential),
        agreed=agreed_view(words, mandate) if words is not None and card.text is not None else None,
        reports=reports_of(words) if words is not None and card.text is not None else (),
        looks_coded=looks_coded(words, mandate) if words is not None and card.text is not None else None,
        in_reply_to=ref(desk, agreement, words.in_reply_to) if words and words.in_reply_to else None,
        replaces=ref(desk, agreement, words.replaces) if words and words.replaces else None,
        withdraws=ref(desk, agreement, words.withdraws) if words and words.withdraws else None,
        had_read=tuple(ref(desk, agreement, each) for each in (words.read if words else ())),
        had_held=tuple(ref(desk, agreement, each) for each in (words.held if words else ())),
        knowledge_known=words is not None,
        hidden=_hidden(desk, row, opened, agreement),
        remarks=remarks_of(desk, agreement, row),
        open_words=open_words_of(desk, officer, row),
        transcripts=transcripts_of(desk, agreement, row),
        on_paper=mandate.on_paper(row.recipient),
        carried_by=agreement.name_of(row.carried_by) if row.carried_by else None,
        copies=tuple(
            CopyView(digest, entry, state) for digest, _, entry, state in desk.ledger.copies(row.id)
        ),
        steps=strip,
        actions=actions(desk, officer, agreement, row, now),
        can_reply=row.recipient == desk.me and shown(desk, row),
        kept_here=tuple(each for each in READERS_OWN if not travels(agreement, row, each)),
        words_take=mandate.officers_to_add_words,
    )


def _flash_spent(inside: Inside, agreement: Agreement, row: NoteRow) -> tuple[int, int, int] | None:
    given = agreement.mandate.flash_budget
    spent = overspent(inside.desk.ledger, agreement, row, inside.note)
    return (spent, given[1] // 60_000, given[0]) if given is not None and spent is not None else None


def actions(desk: Desk, officer: Officer, agreement: Agreement, row: NoteRow, now: int) -> tuple[Action, ...]:
    """What this office could do with the note now, with the reason where it cannot."""
    rights = desk.context.my_office().roster.rights(officer.public)
    if row.recipient == desk.me:
        return _reader(desk, row, duty=bool(rights & Right.DUTY))
    if row.author == desk.me:
        return _author(desk, row, release=bool(rights & Right.RELEASE))
    return _passing(desk, agreement, row, now, duty=bool(rights & Right.DUTY))


_NO_DUTY = "You do not hold the right 'duty' here."
_NO_RELEASE = "You do not hold the right 'release' here."


def _passing(desk: Desk, agreement: Agreement, row: NoteRow, now: int, *, duty: bool) -> tuple[Action, ...]:
    no_right = None if duty else _NO_DUTY
    against = desk.channels.why_not_forward(row, agreement, now)
    returned = desk.acts.has_act(row.id, ActType.RETURNED)
    taken = desk.acts.has_act(row.id, ActType.SEEN)
    expired = against == "It has expired."
    final = against in DECIDED
    paper = agreement.mandate.on_paper(agreement.mandate.next_hop(desk.me, row.recipient))
    no_return = "It was returned already." if returned and against is None else None
    return (
        _action("take", no_right or ("It was taken." if taken else None)),
        _action("forward", no_right or against or (ON_PAPER if paper else None)),
        _action("remark", no_right),
        _action("hand over", no_right or desk.acts.why_not_hand_over(row, agreement, now)),
        _action("transcribe", no_right or (None if paper else "A party with a desk answers for itself.")),
        _action(
            "forward although expired", no_right or (None if expired else against or "It has not expired.")
        ),
        _action("refuse", no_right or (against if final else None)),
        _action("return", no_right or (against if final else no_return)),
    )


def _reader(desk: Desk, row: NoteRow, *, duty: bool) -> tuple[Action, ...]:
    no_right = None if duty else _NO_DUTY
    if row.state == "altered":
        no_right = "This is not what its author signed; it is not shown as his."
    elif row.state != "verified":
        no_right = no_right or row.finding or "The note cannot be opened here yet."
    opened = desk.acts.has_act(row.id, ActType.OPENED)
    unopened = None if opened else "The note has not been opened yet."
    with_principal = desk.acts.has_act(row.id, ActType.WITH_PRINCIPAL)
    return (
        _action("open", no_right or ("It was opened." if opened else None)),
        _action(
            "with principal",
            no_right or unopened or ("It is with the principal." if with_principal else None),
        ),
        _action("acknowledge", no_right or unopened),
    )


def _author(desk: Desk, row: NoteRow, *, release: bool) -> tuple[Action, ...]:
    no_right = None if release else _NO_RELEASE
    gone = "It was withdrawn." if desk.acts.has_act(row.id, ActType.WITHDRAWN) else None
    return _action("withdraw", no_right or gone), _action("replace", no_right or gone)


def _action(name: str, why_not: str | None) -> Action:
    return Action(name, why_not is None, why_not)
