# SPDX-License-Identifier: Apache-2.0
"""A channel on which nearly everything has happened that a record can hold: for both verifiers to agree on."""

from __future__ import annotations

from goodoffices.core.agreed import with_text
from goodoffices.core.beside import Grade
from goodoffices.core.briefing import Sharing
from goodoffices.core.codebook import CodeBook
from goodoffices.core.consent import Question
from goodoffices.core.crypto import ed25519_public
from goodoffices.core.forms import NoteForm
from goodoffices.core.mandate import Precedence, RecordUse
from goodoffices.core.note import NoteKind, Words
from goodoffices.core.office import Right
from goodoffices.core.roster_request import sign_request
from goodoffices.desk.consent import answer, ask
from goodoffices.desk.forms.library import shipped
from goodoffices.desk.incidents.files import IncidentFiles, NewReport
from goodoffices.desk.incidents.sharing import Extracts
from goodoffices.desk.officers.acts import Draft
from goodoffices.desk.officers.beside import BesideDraft
from tests.verify.channel import Channel, Node

_AGREED = [each.agreed for each in shipped()]
CLARIFICATION = next(each for each in _AGREED if isinstance(each, NoteForm))
BOOK = next(each for each in _AGREED if isinstance(each, CodeBook))


def everything() -> Channel:
    """A week, and then each of the rarer things once."""
    channel = Channel(record_use=RecordUse.WITH_CONSENT_OF_ALL, wordings=(CLARIFICATION.id, BOOK.id))
    channel.week()
    west, middle, east = channel.nodes
    first = channel.release(west, east)
    _forward(channel, first)
    east.desk.acts.open(east.officer, first, channel.tick())
    _beside(channel, first)
    for kind, words in _worded(channel):
        _forward(channel, _release(channel, kind, words))
    line = channel.lines[0]
    west.desk.service_traffic.say(west.officer, line, "Relay two is back.", channel.tick())
    nonce = west.desk.service_traffic.call_now(west.officer, line, channel.tick(), person=True)
    channel.pump()
    middle.desk.service_traffic.answer(middle.officer, line, nonce, channel.tick())
    for node in (west, middle):
        node.desk.acts.thin_line(node.officer, line, True, channel.tick())
    channel.pump()
    channel.restart(middle)
    channel.pump()
    _new_roster(channel, middle)
    _consent(channel, first)
    for node in channel.nodes:
        node.desk.checkpoints.now(channel.tick())
        channel.pump()
    west.desk.acts.withdraw(west.officer, channel.release(west, east, "In vain."), channel.tick())
    channel.pump()
    return channel


def _forward(channel: Channel, note: bytes) -> None:
    middle = channel.middle
    middle.desk.acts.forward(middle.officer, note, channel.tick())
    channel.pump()


def _release(channel: Channel, kind: int, words: Words) -> bytes:
    west = channel.west
    to, routine = channel.east.me, Precedence.ROUTINE
    draft = Draft(mandate=channel.mandate, recipient=to, words=words, precedence=routine, kind=kind)
    note = west.desk.acts.release(west.officer, draft, channel.tick())
    channel.pump()
    return note


def _worded(channel: Channel) -> list[tuple[int, Words]]:
    """A note by a form, a coded one, and one with a report."""
    west = channel.west
    mandate = west.desk.ledger.agreement(channel.mandate).mandate
    minute = channel.now - channel.now % 60_000
    values = []
    for place, field in enumerate(CLARIFICATION.fields, 1):
        value = {
            1: "x",
            2: "A text.\n\nMore.",
            3: ("One.", "Two."),
            4: minute,
            5: (minute, minute),
            6: 1,
            7: 1,
        }
        values.append((place, value.get(int(field.sort))))
    by_form = Words(text="", language="fa", form=CLARIFICATION.id, values=tuple(values))
    coded = Words(text="", language="en", coded=(BOOK.id, BOOK.numbers[0]))
    files, officer, now = IncidentFiles(west.desk.context), west.officer, channel.tick()
    incident = files.open(officer, "Rockets", "Kirkuk", now)
    new = NewReport("Three fell.", "an informant", now, grade=(2, 3), mark=2, happened=(minute, minute))
    report = files.add(officer, incident, new, now)
    extracts = Extracts(west.desk.context)
    (made,) = extracts.make(officer, incident, (report,), now)
    shown = Words(text="See it.", language="en", reports=(extracts.one(made).raw,))
    return [
        (int(CLARIFICATION.kind), with_text(by_form, mandate)),
        (int(NoteKind.CODED), with_text(coded, mandate)),
        (int(NoteKind.PLAIN), shown),
    ]


def _beside(channel: Channel, note: bytes) -> None:
    middle = channel.middle
    for language, grade in (("fa", int(Grade.ROUGH)), ("en", None)):
        draft = BesideDraft(language=language, text="ما خواهان جنگ نیستیم.\n", grade=grade)
        middle.desk.acts.put_beside(middle.officer, note, draft, channel.tick())
        channel.pump()


def _new_roster(channel: Channel, node: Node) -> None:
    public = ed25519_public(bytes(range(32)))
    request = node.desk.rosters.add(node.officer, public, "officer 2", Right.AUDIT, channel.tick())
    node.desk.rosters.install(sign_request(request, node.founding.root_seed), channel.now)
    channel.pump()


def _consent(channel: Channel, note: bytes) -> None:
    row = channel.east.desk.ledger.note(note)
    assert row is not None
    question = Question("The Tribunal", Sharing.AMBER, (note,))
    east = channel.east
    asks = ask(east.desk, east.officer, channel.mandate, row.lane, question, channel.tick())
    channel.pump()
    for node, yes in ((channel.middle, True), (channel.west, False)):
        answer(node.desk, node.officer, asks, yes, None if yes else "Not now.", channel.tick())
        channel.pump()
