# SPDX-License-Identifier: Apache-2.0
"""Words of the intermediary's own beside a note: written by one officer, signed by a second where two are asked."""

from __future__ import annotations

from goodoffices.core.errors import NotFound
from goodoffices.core.office import Right
from goodoffices.web import showing
from goodoffices.web.pages import Ask, Done, Route


def _to_note(ask: Ask) -> Done:
    return Done(f"/notes/{ask.id('note').hex()}")


async def remark(ask: Ask) -> Done:
    """Add a remark, or put it up for a second officer."""
    note, officer, words = ask.id("note"), ask.who.officer, ask.form.long_text("remark").strip()
    instead = ask.form.identifier("instead")
    ask.service.act(lambda desk, now: desk.acts.remark(officer, note, words, now, instead=instead))
    return _to_note(ask)


def _read(ask: Ask) -> bytes:
    read = ask.form.identifier("read")
    if read is None:
        raise NotFound("Which words are meant is not said.", "Look at the note again.")
    return read


async def sign(ask: Ask) -> Done:
    """The second officer signs what he read."""
    note, officer, read = ask.id("note"), ask.who.officer, _read(ask)
    waiting = [each for each in ask.desk.acts.open_words(note) if each.digest == read]
    first = ask.site.sessions.officer_of(waiting[0].officer) if waiting else None
    ask.service.act(lambda desk, now: desk.acts.sign_words(officer, first, note, read, now))
    return _to_note(ask)


async def drop(ask: Ask) -> Done:
    """The words are not added."""
    note, officer, read = ask.id("note"), ask.who.officer, _read(ask)
    ask.service.act(lambda desk, now: desk.acts.drop_words(officer, note, read, now))
    return _to_note(ask)


ROUTES = (
    Route("/notes/{note}/remark", remark, "POST", back=showing.note, needs=Right.DUTY),
    Route("/notes/{note}/words/sign", sign, "POST", back=showing.note, needs=Right.DUTY),
    Route("/notes/{note}/words/drop", drop, "POST", back=showing.note, needs=Right.DUTY),
)
