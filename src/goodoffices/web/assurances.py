# SPDX-License-Identifier: Apache-2.0
"""Assurances through the pages: written down from a note, changed by what comes later, listed for the principal."""

from __future__ import annotations

from goodoffices.core.assurance import Became
from goodoffices.core.errors import YourError
from goodoffices.desk.assurances.assurances import Assurances
from goodoffices.desk.assurances.page import assurances_page
from goodoffices.web.forms import Form, identifier, once
from goodoffices.web.pages import Ask, Done, Page, Route
from goodoffices.web.rights import JUDGE, READ
from goodoffices.web.showing import asked_number


async def assurances(ask: Ask) -> Page:
    """Every assurance. With ``note``, the form to write one down from that note; with ``change``, of one."""
    asked = Form(dict(ask.request.query_params))
    note, officer = asked.word("note") or ask.form.word("note"), ask.who.officer
    behind = identifier(note, "note") if note is not None else None
    changing = ask.id("assurance") if "assurance" in ask.request.path_params else asked.identifier("change")
    first = asked_number(ask, "from") or 0
    page = assurances_page(ask.desk.context, officer, behind, ask.now, first, changing)
    here = ask.views.here(officer, ask.now)
    return Page("assurances.html", here, page, {"once": ask.desk.context.rng(8).hex()})


async def write(ask: Ask) -> Done:
    """Write one down."""
    officer, note, sent = ask.who.officer, ask.form.identifier("note"), once(ask.form, ask.who.officer)
    if note is None:
        raise YourError("Which note promised it is not said.", "Begin on the note's page.")
    what = ask.form.long_text("what")
    until = ask.form.time("until", "Until (Zulu; empty: for now, no end was given)")
    conditions = tuple(line.strip() for line in ask.form.text("conditions").splitlines() if line.strip())
    made = ask.service.act(
        lambda desk, now: Assurances(desk.context).write(
            officer, note, what, conditions, until, now, once=sent
        )
    )
    return Done("/assurances", made)


async def change(ask: Ask) -> Done:
    """State what became of one."""
    officer, assurance = ask.who.officer, ask.id("assurance")
    try:
        became = Became(ask.form.number("became", 0) or 0)
    except ValueError:
        raise YourError("What became of it is not said.", "Choose one of the list.") from None
    why, note = ask.form.text("why"), ask.form.identifier("note_said")
    until = ask.form.time("until", "If in force: until (empty: no end)")
    ask.service.act(
        lambda desk, now: Assurances(desk.context).change(
            officer, assurance, became, why, now, note=note, until=until
        )
    )
    return Done("/assurances")


ROUTES = (
    Route("/assurances", assurances, needs=READ),
    Route("/assurances", write, "POST", back=assurances, needs=JUDGE),
    Route("/assurances/{assurance}", change, "POST", back=assurances, needs=JUDGE),
)
