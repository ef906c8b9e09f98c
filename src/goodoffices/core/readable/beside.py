# SPDX-License-Identifier: Apache-2.0
"""The readable texts about words beside a note: beside-….txt, and their lines in note.txt (see ``readable``)."""

from __future__ import annotations

from collections.abc import Iterator

from goodoffices.core.act import HOME_LANE, Act, ActType
from goodoffices.core.beside import BESIDE, Beside, Grade
from goodoffices.core.ladder import whose_word
from goodoffices.core.record.account import Account, KeptAct, KeptNote
from goodoffices.core.record.layout import beside, plain, zulu

QUALITY = ("clock not known to be right", "clock set by hand", "clock set from a network")
"""What the second half of a time says of the clock it came from."""


def grade_name(code: int | None) -> str:
    """A grade by its name."""
    if code is None:
        return "of no grade"
    known = {int(each) for each in Grade}
    return Grade(code).name.lower() if code in known else f"grade {code} of a newer version"


def beside_name(act: Act) -> str:
    """What stands beside a note: "translation (rough)" or "rewording"."""
    kind = "rewording" if act.type == ActType.REWORDING else f"translation ({grade_name(act.code)})"
    return f"{kind}, kept at home" if act.lane == HOME_LANE else kind


def beside_acts(account: Account, note: KeptNote) -> list[KeptAct]:
    """Translations and rewordings of a note, oldest first."""
    found = {kept.id: kept for kept in account.about.get(note.id, []) if kept.act.type in BESIDE}
    return sorted(found.values(), key=lambda kept: (kept.act.time[0], kept.id))


def beside_rows(account: Account, note: KeptNote) -> Iterator[str]:
    """The lines of note.txt about what stands beside it; none where nothing does."""
    acts = beside_acts(account, note)
    if acts:
        yield from ("", f"BESIDE IT (not part of the note, which is {plain(_author(account, note))}'s alone)")
    for kept in acts:
        act = kept.act
        word = whose_word(act, note.header.author, note.header.recipient)
        case = f", case time {zulu(act.case_at)}" if act.case_at is not None else ""
        office = plain(account.name(act.author))
        clock = QUALITY[act.time[1]]
        yield f"  {zulu(act.time[0])}  {beside_name(act)}: {office}, {plain(kept.signer)} ({word}; {clock}{case})"
        yield f"      {kept.where}"


def _author(account: Account, note: KeptNote) -> str:
    return account.name(note.header.author)


def beside_text(account: Account, note: KeptNote, kept: KeptAct, found: Beside) -> str:
    """beside-….txt: whose words they are, then the words, byte for byte."""
    act, header = kept.act, note.header
    word = whose_word(act, header.author, header.recipient)
    rows = [
        f"{beside_name(act).upper()} of note {header.number} from {plain(_author(account, note))}",
        "These are not the note's words. The note stands in text.txt beside this file, and it alone counts.",
        f"by         {plain(account.name(act.author))}, {plain(kept.signer)} ({word})",
        f"made       {zulu(act.time[0])} ({QUALITY[act.time[1]]})",
        f"language   {plain(found.language)}",
    ]
    if found.made_with is not None:
        rows.append(f"made with  {plain(found.made_with)}")
    if found.corrects is not None:
        rows.append(f"corrects   {beside('', found.corrects)[1:]}.txt")
    rows += [f"note       {note.id.hex()}", f"act        {kept.id.hex()}", f"           {kept.where}"]
    return "\n".join([*rows, "", "All that follows are these words.", "", found.text])
