# SPDX-License-Identifier: Apache-2.0
"""The chronicle as files for other programs: CSV (RFC 4180), and JSON that TimelineJS reads.

Both hold words that strangers wrote. A spreadsheet takes a cell for a formula by its first letter, TimelineJS
takes headline and text for HTML: neither may happen here.
"""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from goodoffices.core.record.layout import plain
from goodoffices.desk.views.chronicle import ItemCard

MARKS = ("none given", "TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED")
COLUMNS = (
    "at", "known", "kind", "step", "office", "note", "lane", "text", "said or entered by", "where", "source",
    "grade", "mark", "time doubtful", "corrects", "corrected by", "check digits", "id", "entry", "line", "entry number",
)  # fmt: skip
DRILL = "(DRILL: nothing here is meant)"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def rfc3339(ms: int) -> str:
    """2026-01-08T01:32:07.000Z."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def on_the_wall(ms: int, zone: str) -> str:
    """2026-01-08T05:02:07+03:30: the date of that place too, which is often another one."""
    return datetime.fromtimestamp(ms / 1000, ZoneInfo(zone)).isoformat(timespec="seconds")


def cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula: one that could be begins with an apostrophe."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def as_csv(items: Sequence[ItemCard], mark: int, *, drill: bool) -> bytes:
    """One row an item, oldest first, in UTF-8 with the mark by which spreadsheets know it.

    The first column is the sharing mark of the whole, and says of a drill that it is one; local times are columns
    named by their zone.
    """
    out = io.StringIO(newline="")
    out.write("\ufeff")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    zones = [each.office_name for each in items[0].times] if items else []
    writer.writerow(["sharing", *COLUMNS, *zones])
    for each in items:
        row = [
            rfc3339(each.at),
            "" if each.known is None else rfc3339(each.known),
            each.kind,
            each.step,
            each.office_name,
            each.name,
            f"caucus {each.lane_name}" if each.lane == "caucus" else each.lane or "own",
            "(not before this office)" if each.text is None else each.text,
            each.by,
            each.where,
            each.source,
            each.grade,
            MARKS[each.mark] if each.mark < len(MARKS) else str(each.mark),
            "yes" if each.doubtful else "",
            each.corrects.hex() if each.corrects else "",
            each.corrected_by.hex() if each.corrected_by else "",
            each.digits,
            each.id.hex(),
            each.entry.hex() if each.entry else "",
            each.line,
            "" if each.number is None else str(each.number),
        ]
        local = [on_the_wall(each.at, zone) for zone in zones]
        writer.writerow([_marked(mark, drill), *(cell(text) for text in row), *local])
    return out.getvalue().encode()


def as_timeline(name: str, office: str, items: Sequence[ItemCard], mark: int, *, drill: bool) -> bytes:
    """What TimelineJS 3 reads: title, and one event an item, oldest first. Nothing in it is a link."""
    title = {
        "text": {"headline": _safe(name), "text": _safe(f"{_marked(mark, drill)} · {office}")},
        "autolink": False,
    }
    events = [_event(each) for each in items]
    return json.dumps(
        {"scale": "human", "title": title, "events": events}, ensure_ascii=False, indent=1
    ).encode()


def _marked(mark: int, drill: bool) -> str:
    return f"{MARKS[mark]} {DRILL}" if drill else MARKS[mark]


def _safe(text: str) -> str:
    return html.escape(text).replace("\n", "<br>")


def _event(item: ItemCard) -> dict[str, Any]:
    at = datetime.fromtimestamp(item.at / 1000, UTC)
    local = "; ".join(
        f"{on_the_wall(item.at, each.office_name)[:10] + ' ' if each.days else ''}"
        f"{each.time} {each.offset} {each.office_name}"
        for each in item.times
    )
    proof = (
        f"entry {item.number} of {item.line}, {item.entry.hex()}"
        if item.entry
        else "no signed entry of a line"
    )
    facts = {
        "Source": item.source,
        "Grade": item.grade,
        "Mark": MARKS[item.mark] if 0 < item.mark < len(MARKS) else "",
        "Known": "" if item.known is None else rfc3339(item.known),
        "Where": item.where,
        "Corrects": item.corrects.hex() if item.corrects else "",
        "Corrected later by": item.corrected_by.hex() if item.corrected_by else "",
        "Signed by": item.by,
        "Check digits": item.digits,
        "ID": item.id.hex(),
        "Stands in": proof,
    }
    told = "<br>".join(f"<small>{_safe(head)}: {_safe(text)}</small>" for head, text in facts.items() if text)
    words = "(not before this office)" if item.text is None else item.text
    return {
        "start_date": {
            "year": at.year,
            "month": at.month,
            "day": at.day,
            "hour": at.hour,
            "minute": at.minute,
            "second": at.second,
            "millisecond": at.microsecond // 1000,
            "display_date": _safe(f"{at:%Y-%m-%d %H:%M:%S}Z" + (f" ({local})" if local else "")),
        },
        "text": {
            "headline": _safe(heading(item)),
            "text": f"{f'<p>{_safe(words)}</p>' if words else ''}{told}",
        },
        "group": _safe(item.office_name),
        "unique_id": f"i{item.id.hex()}",
        "autolink": False,
    }


def not_proved(office: str, recipient: str, items: Sequence[ItemCard], mark: int, *, drill: bool) -> bytes:
    """What goes beside a briefing without proof: a plain text that says so before anything else."""
    lines = [
        _marked(mark, drill),
        f"NOT PROVED. Reports and public statements as {office} wrote them down, for {recipient}.",
        "No other office has signed any of it. The briefing beside this file proves nothing of what stands here.",
    ]
    for each in items:
        lines += ["", f"{rfc3339(each.at)}  {plain(heading(each))}"]
        facts = {
            "known": "" if each.known is None else rfc3339(each.known),
            "where": each.where,
            "source": each.source,
            "grade": each.grade,
            "mark": MARKS[each.mark] if each.mark < len(MARKS) else str(each.mark),
            "entered by": each.by,
            "corrects": each.corrects.hex() if each.corrects else "",
            "corrected later by": each.corrected_by.hex() if each.corrected_by else "",
            "id": each.id.hex(),
        }
        lines += [f"  {name}: {plain(text)}" for name, text in facts.items() if text]
        lines += [f"  | {plain(line)}" for line in (each.text or "").splitlines()]
    return "\n".join([*lines, "", _marked(mark, drill), ""]).encode()


def heading(item: ItemCard) -> str:
    """What an item is, in a few words of English."""
    if item.kind == "step":
        return f"{item.office_name}: {item.step} {item.name}".strip()
    if item.kind == "note":
        return f"Note {item.name}"
    return {
        "report": f"Report: {item.source}",
        "assurance": f"Assurance on {item.name}",
        "statement": f"Public statement: {item.office_name}",
    }[item.kind]
