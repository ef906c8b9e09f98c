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
    ask.service.act(lambda desk, now: desk.acts.remark(officer, note, words, now))
    return _to_note(ask)


async def sign(ask: Ask) -> Done:
    """The second officer signs what he read."""
    note, officer, read = ask.id("note"), ask.who.officer, ask.form.identifier("read")
    found = ask.desk.acts.open_remark(note)
    if found is None or read is None:
        raise NotFound("No remark waits for a second officer here.", "Look at the note again.")
    first = ask.site.sessions.officer_of(found.officer)
    ask.service.act(lambda desk, now: desk.acts.sign_remark(officer, first, note, read, now))
    return _to_note(ask)


async def drop(ask: Ask) -> Done:
    """The remark is not added."""
    note, officer = ask.id("note"), ask.who.officer
    ask.service.act(lambda desk, now: desk.acts.drop_remark(officer, note, now))
    return _to_note(ask)


ROUTES = (
    Route("/notes/{note}/remark", remark, "POST", back=showing.note, needs=Right.DUTY),
    Route("/notes/{note}/remark/sign", sign, "POST", back=showing.note, needs=Right.DUTY),
    Route("/notes/{note}/remark/drop", drop, "POST", back=showing.note, needs=Right.DUTY),
)
