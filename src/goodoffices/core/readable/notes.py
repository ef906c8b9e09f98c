# SPDX-License-Identifier: Apache-2.0
"""The readable texts about notes and about what happened: note.txt and record.txt (see ``readable``)."""

from __future__ import annotations

from collections.abc import Iterator

from goodoffices.core import digits
from goodoffices.core.act import CHANNEL_LANE, Acknowledgement, ActType
from goodoffices.core.consent import Consent
from goodoffices.core.extract import read_extract
from goodoffices.core.ladder import climb
from goodoffices.core.line import EntryKind
from goodoffices.core.mandate import Precedence
from goodoffices.core.note import Authority, OpenNote, note_digits
from goodoffices.core.readable.agreed import agreed_rows
from goodoffices.core.readable.beside import QUALITY, beside_rows, grade_name
from goodoffices.core.readable.reports import report_rows
from goodoffices.core.record.account import Account, KeptAct, KeptNote
from goodoffices.core.record.layout import plain, zulu
from goodoffices.core.record.manifest import ALWAYS_NAMED

_DONE: dict[int, str] = {
    ActType.AT_DESK: "has it at its desk",
    ActType.SEEN: "has seen what there is to see of it",
    ActType.FORWARDED: "forwarded it, verbatim",
    ActType.REFUSED: "refused to forward it",
    ActType.RETURNED: "returned it",
    ActType.REMARK: "added a covering remark of its own",
    ActType.OPENED: "opened it",
    ActType.WITH_PRINCIPAL: "laid it before the principal",
    ActType.ACKNOWLEDGED: "acknowledged it",
    ActType.WITHDRAWN: "withdrew it",
    ActType.COMPARED: "compared the mandate's check digits with the other party",
    ActType.ALTERED: "found that it is not what its author signed",
    ActType.ON_RELAY: "states that a relay has it",
    ActType.EXPIRED: "found it expired before it was forwarded",
    ActType.BRIEFED: "showed parts of the record to a third party",
    ActType.HANDED_OVER: "handed it over on paper",
    ActType.TRANSCRIPT: "wrote down a reply that its party has not signed",
    ActType.TRANSLATION: "added a translation beside it",
    ActType.REWORDING: "added a rewording of its own beside it",
    ActType.CONSENT: "said something of consent to a briefing",
}
_CONSENT: dict[int, str] = {
    Consent.ASKED: "asked for consent to a briefing",
    Consent.GIVEN: "consented to a briefing",
    Consent.REFUSED: "refused consent to a briefing",
}
_KINDS: dict[int, str] = {
    EntryKind.LINE_TEST: "a line test",
    EntryKind.SERVICE_CHAT: "service chat",
    EntryKind.SYSTEM: "a message between the two desks",
}


_URGENCIES: dict[int, str] = {each: each.name for each in Precedence}
_ACTS: dict[int, str] = {each: each.name.lower().replace("_", " ") for each in ActType}
_ACKNOWLEDGED: dict[int | None, str] = {
    each: f" ({each.name.lower().replace('_', ' ')}; no kind of it means consent)" for each in Acknowledgement
}


def urgency(number: int) -> str:
    """A precedence by its name."""
    return _URGENCIES.get(number) or str(number)


def act_name(code: int) -> str:
    """A type of act by its name."""
    return _ACTS.get(code) or f"act type {code} of a newer version"


def note_text(account: Account, note: KeptNote, opened: OpenNote | None) -> str:
    """note.txt: header, check digits, custody. The words stand in text.txt."""
    header = note.header
    _, agreement = account.agreements[header.mandate]
    alone = " (to it alone: never forwarded)" if header.lane != CHANNEL_LANE else ""
    rows = [
        f"NOTE {header.number}   from {plain(account.name(header.author))}",
        f"to         {plain(account.name(header.recipient))}{alone}",
        f"channel    {plain(agreement.mandate.name)}",
        f"precedence {urgency(header.precedence)}",
        f"valid until {zulu(header.valid_until) if header.valid_until is not None else 'no end stated'}",
        f"id         {note.id.hex()}",
        f"digits     {digits.grouped(note_digits(note.id))}",
    ]
    if opened is None:
        rows.append("The words are not in this export: sealed to others, or no officer was signed in.")
    else:
        rows += _opened(note, opened, account.name(header.author))
        rows += agreed_rows(opened.words, agreement.mandate)
        rows += report_rows(map(read_extract, opened.words.reports))
    rows += ["", "PASSED ON (sealed, byte for byte)"]
    for each in note.passed:
        anew = " (sealed anew)" if each.resealed else ""
        way = f"{plain(account.name(each.writer))} to {plain(account.name(each.reader))}"
        rows.append(f"  {zulu(each.time[0])}  {way}{anew}  sha256 {each.digest.hex()}")
        rows.append(f"      {each.where}")
    acts = {kept.id: kept for kept in account.about.get(note.id, [])}
    rows += ["", "CUSTODY (by each signer's clock)"]
    steps = climb(
        agreement.mandate,
        header.author,
        header.recipient,
        ((kept.id, kept.act, kept.signer, kept.by_desk) for kept in acts.values()),
    )
    for step in steps:
        case = f", case time {zulu(step.case_at)}" if step.case_at is not None else ""
        signer = "its desk" if step.by_desk else plain(step.signer)
        rows.append(
            f"  {zulu(step.at)}  {step.rung}{_code(step.rung, step.code)}:"
            f" {plain(account.name(step.office))}, {signer} ({step.word}; {QUALITY[step.quality]}{case})"
        )
        rows += [f'      "{plain(step.words)}"'] if step.words else []
        rows.append(f"      {acts[step.act].where}")
    rows += beside_rows(account, note)
    return "\n".join(rows) + "\n"


def _code(what: str, code: int | None) -> str:
    return _ACKNOWLEDGED.get(code, "") if what == "acknowledged" else ""


def _opened(note: KeptNote, opened: OpenNote, author: str) -> list[str]:
    words, content = opened.words, opened.note
    rows = [
        f"released   {zulu(content.time[0])} ({QUALITY[content.time[1]]})",
        f"by         {plain(', '.join(note.released_by))}",
        f"authority  {Authority(words.authority).name.lower().replace('_', ' ')} (as its author states it)",
        f"language   {plain(words.language)}",
        f"chain      number {content.sequence} of its author's acts and notes, roster {content.roster}",
    ]
    if content.case_at is not None:
        rows.append(f"case time  {zulu(content.case_at)}")
    if words.reply_by is not None:
        rows.append(f"reply by   {zulu(words.reply_by)}")
    for label, other in (
        ("in reply to", words.in_reply_to),
        ("replaces", words.replaces),
        ("withdraws", words.withdraws),
    ):
        if other is not None:
            rows.append(f"{label:<10} {other.hex()}")
    if words.reason is not None:
        rows.append(f"why so urgent: {plain(words.reason)}")
    if words.rewords is not None:
        rows.append(f"rewords    {words.rewords.hex()}")
        rows.append(
            f"           withheld: these are {plain(author)}'s words, not those of that note's author"
        )
    if words.confidential:
        rows.append("confidential: not to be told on, even in substance")
    rows += [f"its author had read   {each.hex()}" for each in words.read]
    rows += [f"unopened at its desk  {each.hex()}" for each in words.held]
    return rows


def record_lines(account: Account) -> Iterator[str]:
    """record.txt, line by line: everything by the signers' clocks."""
    manifest = account.manifest
    yield f"RECORD OF {plain(account.name(manifest.office))}, exported {zulu(manifest.time[0])}\n"
    yield "Each time: by the signer's clock, in UTC; who, what, and below it where the signed bytes lie.\n\n"
    events = [*_line_events(account), *_act_events(account)]
    for at, _, text, where in sorted(events):
        yield f"{zulu(at)}  {text}\n    {where}\n"


_Event = tuple[int, int, str, str]


def _case(case_at: int | None) -> str:
    return f" (case time {zulu(case_at)})" if case_at is not None else ""


def _line_events(account: Account) -> Iterator[_Event]:
    for line in account.lines.values():
        for office, (confirmed, signer) in line.confirmed.items():
            other = plain(account.name(line.other(office)))
            text = f"{plain(account.name(office))}, {plain(signer)}: confirmed the line with {other}"
            yield confirmed.time[0], 0, text, f"{line.folder}/line.txt"
    for entry in account.entries:
        reader = plain(account.name(account.lines[entry.line].other(entry.writer)))
        carries = entry.carries
        if entry.kind != EntryKind.ACTS:
            carries = _KINDS.get(entry.kind, "something of a newer version")
        text = f"{plain(account.name(entry.writer))}'s desk: entry {entry.number} to {reader}, with {carries}"
        yield entry.time[0], 3, text + _case(entry.case_at), entry.where
    for receipt in account.receipts:
        what = "an entry" if receipt.entries == 1 else f"{receipt.entries} entries"
        text = f"{plain(account.name(receipt.reader))}'s desk: receipt, has {what} verified and on disk"
        yield receipt.time[0], 4, text, receipt.where


def _act_events(account: Account) -> Iterator[_Event]:
    for folder, agreement in account.agreements.values():
        names = ", ".join(plain(agreement.name_of(each)) for each in sorted(agreement.signed_by()))
        text = f"mandate '{plain(agreement.mandate.name)}', signed by {names or 'nobody'}"
        yield agreement.mandate.made, 0, text, f"{folder}/mandate.txt"
    for note in account.notes.values():
        header = note.header
        who = f"{plain(account.name(header.author))}"
        to = plain(account.name(header.recipient))
        if note.note is not None:
            text = f"{who}, {plain(', '.join(note.released_by))}: released note {header.number} to {to}"
            yield note.note.time[0], 1, text + _case(note.note.case_at), f"{note.folder}/note.txt"
        else:
            text = (
                f"{who}: note {header.number} to {to} is passed on sealed (its time of release lies inside)"
            )
            yield note.passed[0].time[0], 2, text, f"{note.folder}/note.txt"
    for kept in account.acts.values():
        yield kept.act.time[0], 2, act_line(account, kept), kept.where


def act_line(account: Account, kept: KeptAct) -> str:
    """What somebody did, in one line."""
    act = kept.act
    named = act.type <= ALWAYS_NAMED or act.type in (account.manifest.acts or ())
    if not named:
        done = f"did act type {act.type} of a newer version"
    elif act.type == ActType.CONSENT and act.code in _CONSENT:
        done = _CONSENT[act.code]
    else:
        done = _DONE.get(act.type) or f"did {act_name(act.type)}"
    signer = "its desk" if kept.by_desk else plain(kept.signer)
    about = ""
    if act.subject is not None:
        note = account.notes.get(act.subject)
        what = (
            f"note {note.header.number} of {plain(account.name(note.header.author))}"
            if note
            else "a note not here"
        )
        about = f"{what}: "
    words = f' "{plain(act.words)}"' if act.words else ""
    code = _code("acknowledged" if act.type == ActType.ACKNOWLEDGED else "", act.code)
    if act.type == ActType.TRANSLATION:
        code = f" ({grade_name(act.code)})"
    return f"{about}{plain(account.name(act.author))}, {signer}, {done}{code}{words}{_case(act.case_at)}"
