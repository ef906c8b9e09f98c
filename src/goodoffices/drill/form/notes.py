# SPDX-License-Identifier: Apache-2.0
"""Reading one [[note]]: what is written, and what the offices do with it and when."""

from __future__ import annotations

from collections.abc import Mapping

from goodoffices.datafile.tables import quoted
from goodoffices.drill.form.clocks import MINUTE, SECOND
from goodoffices.drill.form.forms import AUTHORITIES, PRECEDENCES, Channel, Note
from goodoffices.drill.form.reading import ASPECTS, LANGUAGE, Table, read_id, read_made_up, zone_of

LONGEST_TEXT = 60_000
SEEN_AFTER, FORWARD_AFTER = 20 * SECOND, MINUTE
OPEN_AFTER, PRINCIPAL_AFTER, ACKNOWLEDGE_AFTER = 30 * SECOND, 45 * SECOND, MINUTE
ACKNOWLEDGE = "received, considering"
_PASSING = ("seen_after", "forward_after", "refuse", "refuse_by", "refuse_after", "remark", "remark_by")


def way(path: tuple[str, ...], sender: str, reader: str) -> tuple[str, ...]:
    """The offices between two offices of a path, in the order of the way."""
    if sender not in path or reader not in path:
        return ()
    a, b = path.index(sender), path.index(reader)
    return path[a + 1 : b] if a < b else path[b + 1 : a][::-1]


def read_note(table: Table, channel: Channel, zones: Mapping[str, str]) -> Note:
    sender = table.text("from", required=True, limit=40)
    reader = table.text("to", required=True, limit=40)
    via = way(channel.path, sender, reader)
    zone = zone_of(table, zones, zones.get(sender, "UTC"))
    refuse = table.optional_text("refuse", limit=1_000, lines=True)
    by_hand = channel.forwarding == "by hand"
    forward = table.spans("forward_after", len(via), FORWARD_AFTER if by_hand else 0)
    seen = table.spans("seen_after", len(via), None)
    if not table.has("seen_after") and by_hand:
        seen = tuple(SEEN_AFTER if after is None else min(SEEN_AFTER, after) for after in forward)
    refuse_after = table.span("refuse_after", FORWARD_AFTER, never=False)
    note = Note(
        id=read_id(table),
        title=table.text("title", limit=120),
        sender=sender,
        reader=reader,
        via=via,
        at=table.moment("at", zone, required=True) or 0,
        text=table.text("text", required=True, limit=LONGEST_TEXT, lines=True),
        precedence=table.choice("precedence", PRECEDENCES, "ROUTINE"),
        authority=table.choice("authority", AUTHORITIES, AUTHORITIES[0]),
        language=table.text("language", channel.languages[0] if channel.languages else "en", limit=40),
        valid_until=table.moment("valid_until", zone),
        reply_by=table.moment("reply_by", zone),
        in_reply_to=table.optional_text("in_reply_to", limit=60),
        replaces=table.optional_text("replaces", limit=60),
        withdraws=table.optional_text("withdraws", limit=60),
        seen_after=seen,
        forward_after=forward,
        refuse=refuse,
        refuse_by=table.optional_text("refuse_by", limit=40) or (via[0] if refuse and via else None),
        refuse_after=FORWARD_AFTER if refuse_after is None else refuse_after,
        remark=table.optional_text("remark", limit=4_000, lines=True),
        remark_by=table.optional_text("remark_by", limit=40) or (via[0] if via else None),
        open_after=table.span("open_after", OPEN_AFTER),
        principal_after=table.span("principal_after", None),
        acknowledge_after=table.span("acknowledge_after", None),
        acknowledge=table.text("acknowledge", ACKNOWLEDGE, limit=400),
        made_up=read_made_up(table, ASPECTS),
        marks=table.texts("mark", limit=80),
        source=table.text("source", limit=300),
    )
    table.refuse_unknown()
    note = _with_defaults(table, note)
    _check_alone(table, note, channel)
    return note


def _with_defaults(table: Table, note: Note) -> Note:
    """Steps that are not named follow the opening, which itself may never come."""
    if note.open_after is None:
        return note
    principal, acknowledge = note.principal_after, note.acknowledge_after
    if not table.has("principal_after"):
        principal = max(PRINCIPAL_AFTER, note.open_after)
        if acknowledge is not None:
            principal = max(note.open_after, min(principal, acknowledge))
    if not table.has("acknowledge_after"):
        acknowledge = max(ACKNOWLEDGE_AFTER, note.open_after, principal or 0)
    values = {name: getattr(note, name) for name in Note.__dataclass_fields__}
    return Note(**{**values, "principal_after": principal, "acknowledge_after": acknowledge})


def _check_alone(table: Table, note: Note, channel: Channel) -> None:
    if note.sender and note.sender == note.reader:
        table.fault("to", f"{quoted(note.reader)} is also the sender")
    if not LANGUAGE.fullmatch(note.language):
        table.fault("language", f"{quoted(note.language)} is not a language tag such as 'en' or 'fa'")
    elif channel.languages and note.language not in channel.languages:
        table.fault(
            "language",
            f"{quoted(note.language)} is not among the channel's languages: {', '.join(channel.languages)}",
        )
    _check_passing(table, note, channel)
    _check_order(table, note)
    for key, moment in (("valid_until", note.valid_until), ("reply_by", note.reply_by)):
        if moment is not None and moment <= note.at:
            table.fault(key, "lies before the note's own time")


def _check_order(table: Table, note: Note) -> None:
    last_key, last = "open_after", note.open_after
    for key in ("principal_after", "acknowledge_after"):
        after = getattr(note, key)
        if after is None:
            continue
        if note.open_after is None:
            table.fault(key, "follows an opening that never comes (open_after is 'never')")
        elif last is not None and after < last:
            table.fault(
                key,
                f"comes before {last_key}; all three are counted from the arrival at {note.reader}'s desk",
            )
        last_key, last = key, after


def _check_passing(table: Table, note: Note, channel: Channel) -> None:
    """What the intermediaries are to do with the note."""
    on_path = note.sender in channel.path and note.reader in channel.path
    if on_path and not note.via:
        what = f"nobody stands between {note.sender} and {note.reader}, so this note is never forwarded"
        for key in filter(table.has, _PASSING):
            table.fault(key, what)
    automatic = channel.forwarding == "automatic"
    if note.refuse is not None and automatic:
        table.fault("refuse", "nobody refuses on a channel whose forwarding is automatic")
    if automatic and table.has("forward_after"):
        table.fault(
            "forward_after",
            "the desk forwards by itself on this channel (forwarding is automatic); leave the field out",
        )
    for key, value, needs in (
        ("refuse_by", note.refuse_by, "refuse"),
        ("remark_by", note.remark_by, "remark"),
    ):
        if table.has(key) and not table.has(needs):
            table.fault(key, f"names an office but there is no '{needs}'")
        elif table.has(key) and note.via and value not in note.via:
            do = "does" if len(note.via) == 1 else "do"
            table.fault(key, f"{quoted(value)} does not stand on this note's way; {', '.join(note.via)} {do}")
    if table.has("refuse_after") and not table.has("refuse"):
        table.fault("refuse_after", "says when, but there is no 'refuse' that says why")
    for seen, forward in zip(note.seen_after, note.forward_after, strict=True):
        if not automatic and seen is not None and forward is not None and seen > forward:
            what = "comes after forward_after; nobody forwards by hand what nobody has seen"
            table.fault("seen_after", what)
