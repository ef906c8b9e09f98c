# SPDX-License-Identifier: Apache-2.0
"""The custody strip: who had a note, when, how long each step took, what is late, what is not known.

Built from signed acts alone. A rung that nobody has reported is never guessed: it is *not reported*
when a later one is known, *not told* when the mandate does not let it travel (also then), else *awaited*.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from goodoffices.core.act import CHANNEL_LANE, Act, ActType
from goodoffices.core.beside import BESIDE
from goodoffices.core.ladder import Rung, Step, Word, climb, has_part, whose_word
from goodoffices.core.mandate import Agreement, Forwarding
from goodoffices.core.note import OpenNote
from goodoffices.core.office import Office
from goodoffices.core.statement import Signed, read_signed
from goodoffices.desk.desk import Desk
from goodoffices.desk.ledger.ledger import ActRow, NoteRow

STOPS = {Rung.REFUSED, Rung.RETURNED, Rung.WITHDRAWN, Rung.EXPIRED, Rung.ALTERED}
REMARK = "covering remark"
TRANSLATION, REWORDING = "translation", "rewording"
BESIDE_RUNGS = frozenset({TRANSLATION, REWORDING})
NO_RUNGS = BESIDE_RUNGS | {REMARK}
"""Objects of their own, told where they stand in time: none of them moves the note."""
READERS_OWN = (str(Rung.OPENED), str(Rung.WITH_PRINCIPAL), str(Rung.ACKNOWLEDGED))
PASSED_ON = frozenset({str(Rung.FORWARDED), str(Rung.HANDED_OVER)})
CLOCKS_AGREE = 2_000
"""Milliseconds by which two rungs may stand in the wrong order before their clocks are said to differ: a
relay's answer and the reader's desk are quicker than each other by turns."""


@dataclass(frozen=True)
class CustodyStep:
    """One rung of the strip, reached or not."""

    rung: str
    state: str
    """done | awaited | later | not reported | not told | stopped | expired"""
    office: bytes
    office_name: str
    at: int | None = None
    case_at: int | None = None
    took: int | None = None
    """Milliseconds since the step before; None when unknown, or when this step bears an earlier time."""
    before: int | None = None
    """By how many milliseconds its time is earlier than that of a step before it: two desks, two clocks."""
    due: int | None = None
    late: bool = False
    late_by: int | None = None
    by_desk: bool = False
    signer: str = ""
    word: str = ""
    detail: str | None = None
    code: int | None = None
    act: bytes | None = None
    marked_clock: bool = False
    left: str = ""
    """Who signed it and had left by a roster known here, where nothing of his office stands by it (ADR 0096)."""


@dataclass(frozen=True)
class Remark:
    """The intermediary's own words beside a note."""

    office: bytes
    office_name: str
    at: int
    case_at: int | None
    signer: str
    words: str
    officers: int
    act: bytes


def signer_of(signed: Signed, office: Office, version: int) -> tuple[str, bool]:
    """(pseudonym of the first signer, whether it was the desk)."""
    roster = office.roster_at(version)
    if roster is None or not signed.signers:
        return "", False
    signer = signed.signers[0]
    return (roster.pseudonym(signer) or "", signer == roster.desk)


@lru_cache(maxsize=4096)
def _read_act(raw: bytes) -> tuple[Signed, Act]:
    """A signed act of the record as it was decoded once: pages look at the same ones again and again."""
    signed = read_signed(raw)
    return signed, signed.statement.read(Act)


def signed_at(row: ActRow) -> int:
    """When something was done, as its signer says. A row's own time is that at which it came to this desk: through a
    relay that was down, hours later."""
    return _read_act(row.signed)[1].time[0]


def acts_of(desk: Desk, agreement: Agreement, note: NoteRow) -> list[tuple[bytes, Act, str, bool]]:
    """(ID, act, signer's pseudonym, signed by the desk) of every act about a note that is its author's to do."""
    found = []
    for row in desk.ledger.acts_about(note.id):
        signed, act = _read_act(row.signed)
        if not has_part(act, note.author, note.recipient):
            continue  # kept in the record; it says nothing of this note
        office = agreement.offices.get(act.author)
        name, by_desk = signer_of(signed, office, act.roster) if office else ("", False)
        found.append((row.id, act, name, by_desk))
    return found


def signers_of(signed: Signed, office: Office | None, version: int) -> str:
    """The pseudonyms of everybody who signed, with commas between them."""
    roster = office.roster_at(version) if office is not None else None
    return ", ".join(roster.pseudonym(each) or "?" for each in signed.signers) if roster is not None else ""


def remarks_of(desk: Desk, agreement: Agreement, note: NoteRow) -> tuple[Remark, ...]:
    """The covering remarks, each an object of its own, with everybody who signed it."""
    found = []
    for row in desk.ledger.acts_about(note.id):
        signed, act = _read_act(row.signed)
        office = agreement.offices.get(act.author)
        if act.type != ActType.REMARK or office is None or not has_part(act, note.author, note.recipient):
            continue
        found.append(
            Remark(
                act.author,
                office.name,
                act.time[0],
                act.case_at,
                signers_of(signed, office, act.roster),
                act.words or "",
                len(signed.signers),
                row.id,
            )
        )
    return tuple(found)


def _slots(agreement: Agreement, note: NoteRow) -> list[tuple[str, bytes]]:
    mandate = agreement.mandate
    slots: list[tuple[str, bytes]] = [(Rung.RELEASED, note.author), (Rung.ON_RELAY, note.author)]
    if note.lane == CHANNEL_LANE:
        here, path = note.author, []
        while (here := mandate.next_hop(here, note.recipient)) != note.recipient:
            path.append(here)
        for post in path:
            slots.append((Rung.AT_DESK, post))
            if mandate.forwarding == Forwarding.BY_HAND:
                slots.append((Rung.SEEN, post))
            by_hand = (
                mandate.on_paper(note.recipient) and mandate.next_hop(post, note.recipient) == note.recipient
            )
            slots.append((Rung.HANDED_OVER if by_hand else Rung.FORWARDED, post))
        if mandate.on_paper(note.recipient):
            return slots
    arrival = Rung.AT_FAR_DESK if mandate.is_party(note.recipient) else Rung.AT_DESK
    slots += [(arrival, note.recipient), (Rung.OPENED, note.recipient)]
    return [*slots, (Rung.WITH_PRINCIPAL, note.recipient), (Rung.ACKNOWLEDGED, note.recipient)]


def _done(agreement: Agreement, step: Step) -> CustodyStep:
    return CustodyStep(
        rung=str(step.rung),
        state="done",
        office=step.office,
        office_name=agreement.name_of(step.office),
        at=step.at,
        case_at=step.case_at,
        by_desk=step.by_desk,
        signer=step.signer,
        word=str(step.word),
        detail=step.words,
        code=step.code,
        act=step.act,
    )


def _remark_step(remark: Remark) -> CustodyStep:
    return CustodyStep(
        rung=REMARK,
        state="done",
        office=remark.office,
        office_name=remark.office_name,
        at=remark.at,
        case_at=remark.case_at,
        signer=remark.signer,
        word=str(Word.INTERMEDIARY),
        detail=remark.words,
        code=remark.officers,
        act=remark.act,
    )


def _beside_steps(desk: Desk, agreement: Agreement, note: NoteRow) -> list[CustodyStep]:
    """Translations and rewordings: when which office added one. What they say stands beside the note."""
    found = []
    for row in desk.ledger.acts_about(note.id):
        if row.type in BESIDE:
            signed = read_signed(row.signed)
            act = signed.statement.read(Act)
            office = agreement.offices.get(act.author)
            found.append(
                CustodyStep(
                    rung=REWORDING if act.type == ActType.REWORDING else TRANSLATION,
                    state="done",
                    office=act.author,
                    office_name=agreement.name_of(act.author),
                    at=act.time[0],
                    case_at=act.case_at,
                    signer=signer_of(signed, office, act.roster)[0] if office is not None else "",
                    word=str(whose_word(act, note.author, note.recipient)),
                    code=act.code,
                    act=row.id,
                )
            )
    return found


def _released(desk: Desk, agreement: Agreement, note: NoteRow, opened: OpenNote | None) -> list[CustodyStep]:
    if opened is None:
        return []
    office = agreement.offices[note.author]
    names = desk.context.opened.released(note.id, opened, office)
    return [
        CustodyStep(
            rung=str(Rung.RELEASED),
            state="done",
            office=note.author,
            office_name=office.name,
            at=opened.note.time[0],
            case_at=opened.note.case_at,
            signer=", ".join(names),
            word=str(Word.AUTHOR),
            act=note.id,
        )
    ]


def travels(agreement: Agreement, note: NoteRow, rung: str) -> bool:
    """Whether the mandate lets a reader's rung go back to the note's author."""
    kinds = {
        str(Rung.OPENED): ActType.OPENED,
        str(Rung.WITH_PRINCIPAL): ActType.WITH_PRINCIPAL,
        str(Rung.ACKNOWLEDGED): ActType.ACKNOWLEDGED,
    }
    kind = kinds.get(rung)
    return kind is None or note.lane != CHANNEL_LANE or kind in agreement.mandate.acknowledgements


def custody(
    desk: Desk,
    agreement: Agreement,
    note: NoteRow,
    opened: OpenNote | None,
    acts: list[tuple[bytes, Act, str, bool]],
    now: int,
) -> tuple[CustodyStep, ...]:
    """The strip of one note, rung by rung in the order of the path."""
    steps = [_done(agreement, each) for each in climb(agreement.mandate, note.author, note.recipient, acts)]
    steps = _released(desk, agreement, note, opened) + steps
    steps += [_remark_step(each) for each in remarks_of(desk, agreement, note)]
    steps += _beside_steps(desk, agreement, note)
    steps = [_left(desk, each) for each in steps]
    slots = _slots(agreement, note)
    extras = [each for each in steps if (each.rung, each.office) not in {(str(r), o) for r, o in slots}]
    strip: list[CustodyStep] = []
    for rung, office in slots:
        reached = [each for each in steps if each.rung == str(rung) and each.office == office]
        if reached:
            strip += sorted(reached, key=lambda each: each.at or 0)
        else:
            strip.append(
                CustodyStep(
                    rung=str(rung), state="later", office=office, office_name=agreement.name_of(office)
                )
            )
    for extra in sorted(extras, key=lambda each: each.at or 0):
        strip.insert(_place_of(strip, extra), extra)
    stopped = any(each.rung in {str(stop) for stop in STOPS} for each in extras)
    known = _not_known(desk, agreement, note, strip, now, stopped=stopped)
    return tuple(_timed(agreement, note, known, now))


def _left(desk: Desk, step: CustodyStep) -> CustodyStep:
    row = desk.ledger.left(step.act, step.office) if step.act is not None else None
    return replace(step, left=row.who) if row is not None else step


def _place_of(strip: list[CustodyStep], extra: CustodyStep) -> int:
    if extra.rung == REMARK:
        for at, each in enumerate(strip):
            if each.rung == str(Rung.FORWARDED) and each.office == extra.office:
                return at
    last = 0
    for at, each in enumerate(strip):
        if each.at is not None and extra.at is not None and each.at <= extra.at:
            last = at + 1
    return last


def _not_known(
    desk: Desk, agreement: Agreement, note: NoteRow, strip: list[CustodyStep], now: int, *, stopped: bool
) -> list[CustodyStep]:
    last = max(
        (at for at, each in enumerate(strip) if each.state == "done" and each.rung not in NO_RUNGS),
        default=-1,
    )
    awaited = False
    expired = note.valid_until is not None and now >= note.valid_until
    result = []
    for at, each in enumerate(strip):
        if each.state == "done":
            result.append(each)
        elif desk.me != note.recipient and not travels(agreement, note, each.rung):
            # Whatever comes after it: a reader who may not tell is not one who did not (P6).
            result.append(replace(each, state="not told"))
        elif at < last:
            result.append(replace(each, state="not reported"))
        elif stopped:
            result.append(replace(each, state="stopped"))
        elif expired and each.rung in PASSED_ON:
            # Nothing forwards it by itself any more: what comes after will not happen, unless an officer acts.
            result.append(replace(each, state="expired"))
            stopped = True
        else:
            result.append(replace(each, state="later" if awaited else "awaited"))
            awaited = True
    return result


def _moment(step: CustodyStep) -> int:
    """When a rung was reached: in a drill by the time of the case, which durations there go by."""
    if step.case_at is not None:
        return step.case_at
    return step.at or 0


def _timed(agreement: Agreement, note: NoteRow, strip: list[CustodyStep], now: int) -> list[CustodyStep]:
    """How long each step took, and what is late against the mandate's clock."""
    before: int | None = None
    arrived: dict[bytes, CustodyStep] = {}
    result = []
    for each in strip:
        if each.at is not None and each.rung not in BESIDE_RUNGS:
            took = None if before is None else _moment(each) - before
            if took is not None and took < 0:
                each = replace(each, before=-took, marked_clock=took < -CLOCKS_AGREE)
            else:
                each = replace(each, took=took)
            before = max(_moment(each), before or 0)
            if each.rung == str(Rung.AT_DESK):
                arrived[each.office] = each
        if each.rung in PASSED_ON and each.office in arrived and each.state != "stopped":
            here, limit = arrived[each.office], agreement.mandate.clock(note.precedence)
            end = now if note.valid_until is None else min(now, note.valid_until)
            spent = _moment(each) - _moment(here) if each.at is not None else end - (here.at or 0)
            over = spent - limit
            each = replace(
                each, due=(here.at or 0) + limit, late=over > 0, late_by=over if over > 0 else None
            )
        result.append(each)
    return result


def status_of(strip: tuple[CustodyStep, ...]) -> CustodyStep | None:
    """The rung that stands for the note in a list: what stopped it, else the furthest one reached."""
    done = [each for each in strip if each.state == "done" and each.rung not in NO_RUNGS]
    stops = [each for each in done if each.rung in {str(stop) for stop in STOPS}]
    return stops[-1] if stops else (done[-1] if done else None)
