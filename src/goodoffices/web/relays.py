# SPDX-License-Identifier: Apache-2.0
"""The relays of a line: where each side collects, what waits there, its beat, and changing it while notes flow."""

from __future__ import annotations

from goodoffices.core.office import Right
from goodoffices.desk.routes.trying import why_not
from goodoffices.desk.views.relays import relays_page
from goodoffices.web.forms import Form
from goodoffices.web.pages import Ask, Done, Page, Route
from goodoffices.web.rights import ANYBODY


async def relays(ask: Ask) -> Page:
    """Each mailbox of the line, with what waits at its relay."""
    here = ask.views.here(ask.who.officer, ask.now)
    service = ask.service
    page = relays_page(ask.desk, ask.who.officer, ask.id("line"), tuple(service.relays()), service.looks())
    return Page("relays.html", here, page)


async def change(ask: Ask) -> Done:
    """From now on this office collects at the relays that the form lists, one a line.

    Where one does not answer, nothing is signed unless the officer says so, of this very list (ADR 0097).
    """
    line, officer = ask.id("line"), ask.who.officer
    wanted = ask.form.text("relays").split()
    drawn = ask.desk.boxes_at(officer, line, wanted)
    against = why_not(await ask.service.tried(drawn))
    if against is not None and ask.form.text("anyway").split() != wanted:
        ask.form = Form({**ask.form.fields, "doubtful": " ".join(wanted), "anyway": ""})
        raise against
    ask.service.act(lambda desk, now: desk.collect_at(officer, line, wanted, now, drawn))
    return Done(f"/lines/{line.hex()}/relays", line)


async def allow(ask: Ask) -> Done:
    """A relay that the other office named may lie inside this office's own network."""
    line, officer, host = ask.id("line"), ask.who.officer, ask.form.text("host")
    ask.service.act(lambda desk, now: desk.acts.allow_relay_inside(officer, host, now))
    return Done(f"/lines/{line.hex()}/relays", line)


async def beat(ask: Ask) -> Done:
    """Every how many seconds an envelope leaves on this line, full or empty."""
    line, officer = ask.id("line"), ask.who.officer
    seconds = ask.form.number("seconds", 0) or 0
    ask.service.act(lambda desk, now: desk.change_beat(officer, line, 1000 * seconds, now))
    return Done(f"/lines/{line.hex()}/relays#beat", line)


async def thin(ask: Ask) -> Done:
    """This office wants the line thin, or no more."""
    line, officer, wanted = ask.id("line"), ask.who.officer, ask.form.flag("wanted")
    ask.service.act(lambda desk, now: desk.acts.thin_line(officer, line, wanted, now))
    return Done(f"/lines/{line.hex()}/relays", line)


ROUTES = (
    Route("/lines/{line}/relays", relays, needs=ANYBODY),
    Route("/lines/{line}/relays", change, "POST", back=relays, needs=Right.KEYS),
    Route("/lines/{line}/relays/beat", beat, "POST", back=relays, needs=Right.KEYS),
    Route("/lines/{line}/relays/thin", thin, "POST", back=relays, needs=Right.KEYS),
    Route("/lines/{line}/relays/allow", allow, "POST", back=relays, needs=Right.KEYS),
)
