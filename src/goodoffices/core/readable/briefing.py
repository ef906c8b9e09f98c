# SPDX-License-Identifier: Apache-2.0
"""The readable text of a briefing, as a pure function of what it shows (see ``readable``)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from goodoffices.core.briefing import Sharing, Shown
from goodoffices.core.consent import Consent
from goodoffices.core.extract import read_extract
from goodoffices.core.note import Authority, Leaf
from goodoffices.core.readable.beside import QUALITY
from goodoffices.core.readable.notes import act_line, urgency
from goodoffices.core.readable.reports import report_rows
from goodoffices.core.readable.texts import terms
from goodoffices.core.record.briefing import Examined, ProvedNote
from goodoffices.core.record.layout import plain, zulu
from goodoffices.core.statement import LIVE

TEXT = "briefing.txt"
_TIMES = {int(Leaf.REPLY_BY)}
_NAMES = {int(each): each.name.lower().replace("_", " ") for each in Leaf}


def briefing_lines(examined: Examined) -> Iterator[str]:
    """briefing.txt, line by line."""
    briefing, account = examined.briefing, examined.account
    name = plain(account.name(briefing.office))
    yield f"{Sharing(briefing.mark).label}\n"
    yield f"BRIEFING by {name} for {plain(briefing.recipient)}\n"
    if account.realm != LIVE:
        yield "THIS IS A DRILL. Nothing in it was meant.\n"
    yield f"made       {zulu(briefing.time[0])} ({QUALITY[briefing.time[1]]})\n"
    yield f"signed by  {plain(examined.signed_by)} of {name}, fingerprint {briefing.office.hex()}\n"
    yield f"purpose    {plain(briefing.purpose or 'not stated')}\n"
    yield from _mandate(examined)
    yield "\nIt shows parts of a record, chosen by its office. What is left out is left out by choice.\n"
    yield "Proved is who signed each part, that it stood at this place, and no later than its checkpoint.\n"
    yield from _entries(examined)
    for note in examined.notes:
        yield from _note(examined, note)
    yield from _reports(examined)
    yield "\nACTS that these entries carry\n"
    for kept in sorted(account.acts.values(), key=lambda each: (each.act.time[0], each.id)):
        yield f"  {zulu(kept.act.time[0])}  {act_line(account, kept)}\n      {kept.where}\n"
    hidden = sorted(
        (note.header.number, account.name(note.header.author), note.passed[0].where)
        for note in account.notes.values()
        if note.id not in {each.kept.id for each in examined.notes}
    )
    yield from (
        f"  note {number} of {plain(who)}: sealed, its words are WITHHELD ({at})\n"
        for number, who, at in hidden
    )


def _mandate(examined: Examined) -> Iterator[str]:
    agreement, consent = examined.agreement, examined.briefing.consent
    if agreement is None:
        return
    signed = ", ".join(sorted(plain(agreement.name_of(each)) for each in agreement.signed_by()))
    yield f"mandate    '{plain(agreement.mandate.name)}', signed by {signed}, id {agreement.id.hex()}\n"
    yield f"consent    {plain(consent) if consent else 'none is stated'} (the officer's words)\n"
    for kept in examined.consents:
        did = "asked    " if kept.act.code == Consent.ASKED else "consented"
        who = f"{plain(examined.account.name(kept.act.author))}, {plain(kept.signer)}"
        yield f"{did}  {zulu(kept.act.time[0])} by {who}, act {kept.id.hex()}\n"
    yield from (f"{row}\n" for row in terms(agreement.mandate))


def _entries(examined: Examined) -> Iterator[str]:
    account = examined.account
    shown = Counter((each.checkpoint.tree, each.checkpoint.size) for each in examined.entries)
    yield "\nENTRIES\n"
    for each in examined.entries:
        writer = plain(account.name(each.writer))
        ends = " – ".join(plain(account.name(end)) for end in each.line.pairing.offices)
        size = each.checkpoint.size
        yield f"  {each.where}: {writer}'s entry {each.number} on the line {ends}\n"
        yield f"      under {writer}'s checkpoint over {size} entries, root {each.checkpoint.root.hex()}\n"
        for office, at in each.cosigned:
            yield f"      cosigned by {plain(account.name(office))}, {zulu(at)}: it was there by then\n"
        if not each.cosigned:
            yield "      cosigned by nobody: that it is not younger is its writer's word alone\n"
        count = shown[each.checkpoint.tree, size]
        yield f"      of these {size} entries, shown here: {count}; WITHHELD: {size - count}\n"


def _note(examined: Examined, note: ProvedNote) -> Iterator[str]:
    account, header = examined.account, note.kept.header
    author, recipient = plain(account.name(header.author)), plain(account.name(header.recipient))
    yield f"\nNOTE {header.number} from {author} to {recipient}\n"
    yield f"  id         {note.kept.id.hex()}\n"
    yield f"  released   {zulu(note.note.time[0])} by {plain(', '.join(note.released_by))}\n"
    yield f"  precedence {urgency(header.precedence)}\n"
    total, reports = len(note.shown.leaves), 0
    for at, leaf in enumerate(note.shown.leaves, 1):
        if not isinstance(leaf, Shown):
            yield f"  part {at} of {total}: WITHHELD\n"
        elif leaf.label == Leaf.PARAGRAPH and isinstance(leaf.value, str):
            yield f"  part {at} of {total}: paragraph\n"
            yield from (f"    | {plain(row)}\n" for row in leaf.value.split("\n"))
        elif leaf.label == Leaf.REPORT and isinstance(leaf.value, bytes):
            reports += 1
            yield f"  part {at} of {total}: report of its author's\n"
            yield from (f"    {row}\n" for row in report_rows([read_extract(leaf.value)], reports))
        else:
            name = _NAMES.get(leaf.label, f"field {leaf.label} of a newer version")
            yield f"  part {at} of {total}: {name}: {_value(leaf)}\n"


def _reports(examined: Examined) -> Iterator[str]:
    if not examined.reports:
        return
    name = plain(examined.account.name(examined.briefing.office))
    yield f"\nREPORTS from incident files of {name}, as far as it shows them\n"
    yield "They stand in no entry: that they are not younger is their office's word alone.\n"
    for at, each in enumerate(examined.reports, 1):
        yield from (f"  {row}\n" for row in report_rows([each.shown], at))
        signed = zulu(each.shown.extract.time[0])
        yield f"               let out    {signed} by {plain(each.signed_by)}\n"


def _value(leaf: Shown) -> str:
    value = leaf.value
    if leaf.label in _TIMES and type(value) is int and 0 <= value <= 253402300799999:
        return zulu(value)
    if leaf.label == Leaf.AUTHORITY and value in {int(each) for each in Authority} and value is not True:
        return f"{Authority(value).name.lower().replace('_', ' ')} (as its author states it)"
    return ", ".join(map(_simple, value)) or "none" if isinstance(value, tuple) else _simple(value)


def _simple(value: object) -> str:
    # What no reader knows how to read is not written in the manner of one programming language.
    if isinstance(value, bytes):
        return value.hex()
    known = isinstance(value, (str, int)) and not isinstance(value, bool)
    return plain(str(value)) if known else "a value that is not shown"
