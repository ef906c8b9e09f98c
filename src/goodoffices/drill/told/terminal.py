# SPDX-License-Identifier: Apache-2.0
"""The chronicle as plain text for a terminal: no colour, no cursor movements, any width from 40 on."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from goodoffices.core.record.layout import counted
from goodoffices.drill.form.clocks import duration
from goodoffices.drill.form.forms import ITEM_GRADES, SOURCE_GRADES, Report
from goodoffices.drill.form.reading import ASPECTS
from goodoffices.drill.told.chronicle import Chronicle, Custody, Row, until

NARROWEST = 40


def plain(text: str) -> str:
    """Text that cannot steer a terminal: control and direction-override characters become visible."""
    return "".join(
        c if c == "\n" or not _steers(c) else f"\\u{ord(c):04x}"
        for c in text.replace("\r\n", "\n").replace("\t", "    ")
    )


def _steers(char: str) -> bool:
    # the zero-width (non-)joiner is part of written Persian and Hindi and moves nothing
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") and char not in "\u200c\u200d"


def width_of(text: str) -> int:
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return (
        len(text)
        + wide
        - sum(unicodedata.combining(c) > 0 or unicodedata.category(c) in ("Mn", "Cf") for c in text)
    )


def wrap(text: str, width: int, indent: str = "") -> list[str]:
    """Lines of at most ``width`` columns; a word that is longer is broken."""
    room = max(width - len(indent), 10)
    out: list[str] = []
    for paragraph in plain(text).rstrip("\n").split("\n"):
        line = ""
        for word in _words(paragraph, room):
            if line and width_of(line) + 1 + width_of(word) > room:
                out.append(indent + line)
                line = word
            else:
                line = f"{line} {word}" if line else word
        out.append((indent + line).rstrip())
    return out


def _words(paragraph: str, room: int) -> Iterator[str]:
    for word in paragraph.split():
        while width_of(word) > room:
            cut = room // 2 if width_of(word) > len(word) else room
            yield word[:cut]
            word = word[cut:]
        yield word


def render(chronicle: Chronicle, width: int = 80) -> str:
    width = max(width, NARROWEST)
    out = [*_heading(chronicle, width), *_line_of_time(chronicle, width), *_reports(chronicle, width)]
    out += [*_notes(chronicle, width), *_assurances(chronicle, width), *_record(chronicle, width)]
    return "\n".join(out) + "\n"


def _title(text: str, width: int) -> list[str]:
    return ["", f"== {text} " + "=" * max(0, width - len(text) - 4), ""]


def _heading(chronicle: Chronicle, width: int) -> list[str]:
    case = chronicle.case
    out = wrap(case.title.upper(), width) + wrap(
        "A drill. Nothing here is live. Times are the case's own; Z is UTC.", width
    )
    if case.about.strip():
        out += ["", *wrap(case.about.strip(), width)]
    out += [
        "",
        *(line for mark, meaning in case.legend.items() for line in wrap(f"[{mark}] {meaning}", width)),
    ]
    return [*out, *wrap("[made up] invented for the drill; what is invented is named", width)]


def _labels(marks: tuple[str, ...], made_up: frozenset[str]) -> str:
    parts = [f"[{mark}]" for mark in marks]
    if made_up:
        what = "all of it" if made_up == frozenset(ASPECTS) else ", ".join(sorted(made_up))
        parts.append(f"[made up: {what}]")
    return " ".join(parts)


def _line_of_time(chronicle: Chronicle, width: int) -> list[str]:
    out = _title("The line of time", width)
    last = ""
    for row in chronicle.rows:
        words = row.when.words()
        if words != last:
            clocks = " · ".join(f"{label} {time}" for label, time in row.clocks)
            out += wrap(f"{words}   {clocks}" if clocks else words, width)
            last = words
        out += wrap(_row(row), width, "    ")
    return out


def _row(row: Row) -> str:
    labels = _labels(row.marks, row.made_up)
    if row.kind == "event":
        return f"{row.place}: {row.head} {labels}"
    if row.kind == "report":
        return f"Report. {row.head} – {row.body} {labels}"
    if row.kind == "assurance":
        return f"{row.head[:1].upper()}{row.head[1:]}: “{row.body.strip()}” {labels}"
    stage = row.stage
    if stage is None:
        return row.head
    step = stage.step
    parts = [f"{row.note}: {step.rung}, {step.office}"]
    if stage.took is not None:
        parts.append(f"+{duration(stage.took)}")
    if stage.late_by and stage.allowed is not None:
        parts.append(f"LATE by {duration(stage.late_by)} ({duration(stage.allowed)} allowed)")
    if step.signer:
        parts.append(f"signed: {step.signer}")
    if step.word_of and step.word_of != step.office:
        parts.append(f"by the word of {step.word_of} alone")
    return " · ".join(parts) + (f" – “{step.detail.strip()}”" if step.detail.strip() else "") + f" {labels}"


def grade(report: Report) -> str:
    source, item = SOURCE_GRADES[report.grade_source], ITEM_GRADES[report.grade_item]
    return f"{report.grade_source}{report.grade_item}: source {source}, item {item}"


def _report_lines(report: Report, width: int) -> list[str]:
    told = [f"“{report.claim.strip()}”", f"Source: {report.source}", f"Grade {grade(report)}"]
    told += [f"Happened: {report.happened.words()}", f"Known: {report.known.words()}"]
    told += [f"Contradicts {other}" for other in report.contradicts] + [
        f"Supersedes {other}" for other in report.supersedes
    ]
    labels = _labels(report.marks, report.made_up)
    return [line for text in [*told, labels] if text for line in wrap(text, width)]


def _reports(chronicle: Chronicle, width: int) -> list[str]:
    if not chronicle.questions:
        return []
    out = _title("Reports, side by side", width)
    for question, reports in chronicle.questions:
        out += wrap(question, width)
        columns = min(len(reports), max(1, (width + 3) // 35))
        column = (width - 3 * (columns - 1)) // columns
        for at in range(0, len(reports), columns):
            blocks = [_report_lines(report, column) for report in reports[at : at + columns]]
            for n in range(max(len(block) for block in blocks)):
                cells = [block[n] if n < len(block) else "" for block in blocks]
                out.append(
                    " | ".join(cell + " " * max(0, column - width_of(cell)) for cell in cells).rstrip()
                )
            out.append("")
    return out[:-1]


def _notes(chronicle: Chronicle, width: int) -> list[str]:
    out = _title("The notes", width)
    for held in chronicle.custodies:
        out += [*_note(held, width), ""]
    return out[:-1]


def _note(held: Custody, width: int) -> list[str]:
    note, seen = held.note, held.seen
    number = f", number {seen.number}" if seen and seen.number is not None else ""
    out = wrap(
        f"{note.id}: {note.sender} to {note.reader}{number}, {note.precedence}, authority: {note.authority}",
        width,
    )
    if note.direct:
        out += wrap("Between these two offices alone; never forwarded.", width, "  ")
    out += wrap(_labels(note.marks, note.made_up), width, "  ") if note.marks or note.made_up else []
    out += wrap(note.text, width, "  | ")
    if seen is None:
        return [*out, "  Not played."]
    facts = ["read verbatim" if seen.verbatim else "NOT shown to be verbatim"]
    facts = facts if held.reached else [f"did not reach {note.reader}"]
    facts += [f"check digits {seen.digits}"] if seen.digits else []
    facts += [f"crossed with {', '.join(seen.crossed)}"] if seen.crossed else []
    facts += [held.outcome] if held.outcome else []
    return out + wrap("; ".join(facts), width, "  ")


def _assurances(chronicle: Chronicle, width: int) -> list[str]:
    if not chronicle.case.assurances:
        return []
    out = _title("Assurances", width)
    for given in chronicle.case.assurances:
        state = f"{until(given)}; {given.state}"
        if given.note in chronicle.unplayed:
            state = "not given: its note was not played"
        out += wrap(f"“{given.text.strip()}” {state}; in note {given.note}", width)
        out += [
            line for condition in given.conditions for line in wrap(f"Condition: {condition}", width, "  ")
        ]
        out += wrap(_labels(given.marks, given.made_up), width, "  ")
    return out


def _record(chronicle: Chronicle, width: int) -> list[str]:
    observed = chronicle.observed
    out = _title("The record", width)
    for line in observed.lines:
        state = "verified" if line.verified else "NOT VERIFIED"
        out += wrap(f"{line.name}: {counted(line.entries, 'entry', 'entries')}, {state}", width)
        out += [text for finding in line.findings for text in wrap(f"finding: {finding}", width, "  ")]
    if not observed.lines:
        out += wrap("No line was verified.", width)
    if observed.cut:
        out += wrap("This drill was ended before the case was played to its end.", width)
    out += wrap(
        f"Notes lost: {observed.lost}. Shown twice: {observed.doubled}. Forwarded late: {chronicle.late}.",
        width,
    )
    return out + [text for remark in observed.remarks for text in wrap(remark, width)]
