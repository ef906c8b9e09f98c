# SPDX-License-Identifier: Apache-2.0
"""Incident files through the pages: opened, added to, and asked what was known at an hour."""

from __future__ import annotations

from goodoffices.core.errors import YourError
from goodoffices.core.incident import Claim
from goodoffices.core.office import Right
from goodoffices.desk.incidents.files import IncidentFiles, NewReport
from goodoffices.desk.incidents.page import incident_page, incidents_page
from goodoffices.desk.incidents.sharing import Extracts
from goodoffices.web.forms import Form, identifier, once
from goodoffices.web.pages import Ask, Done, Page, Route
from goodoffices.web.rights import JUDGE, READ
from goodoffices.web.showing import asked_number

MAX_EVIDENCE = 4
"""Files whose hash a form names at once."""


async def incidents(ask: Ask) -> Page:
    """Every file of this office."""
    officer = ask.who.officer
    page = incidents_page(ask.desk.context, officer, asked_number(ask, "from") or 0)
    return Page("incidents.html", ask.views.here(officer, ask.now), page)


async def incident(ask: Ask) -> Page:
    """One file: as it stands, or as it stood at the hour asked for (``at``); of any time, or of one (``so``)."""
    officer = ask.who.officer
    asked = Form(dict(ask.request.query_params))
    before = asked_number(ask, "before")
    page = incident_page(
        ask.desk.context, officer, ask.id("incident"), asked.time("at"), before, asked.time("so")
    )
    sharing = "share" in ask.request.query_params or bool(ask.form.fields.get("reports"))
    return Page(
        "incident.html",
        ask.views.here(officer, ask.now),
        page,
        {
            "once": ask.desk.context.rng(8).hex(),
            "shared": "shared" in ask.request.query_params,
            "sharing": sharing,
            "before": before,
        },
    )


async def open_file(ask: Ask) -> Done:
    """Open a file."""
    officer, title, place = ask.who.officer, ask.form.text("title"), ask.form.text("place")
    made = ask.service.act(lambda desk, now: IncidentFiles(desk.context).open(officer, title, place, now))
    return Done(f"/incidents/{made.hex()}", made)


async def add(ask: Ask) -> Done:
    """Enter a report, or the correction of one."""
    officer, file = ask.who.officer, ask.id("incident")
    new, sent = _report(ask.form, ask.now), once(ask.form, officer)
    made = ask.service.act(
        lambda desk, now: IncidentFiles(desk.context).add(officer, file, new, now, once=sent)
    )
    return Done(f"/incidents/{file.hex()}", made)


async def share(ask: Ask) -> Done:
    """Let chosen reports out of the file: they wait as extracts for a note or a briefing."""
    officer, file, form = ask.who.officer, ask.id("incident"), ask.form
    chosen = tuple(identifier(word, "reports") for word in form.text("reports").replace(",", " ").split())
    source, grade = form.flag("source"), form.flag("grade")
    ask.service.act(
        lambda desk, now: Extracts(desk.context).make(officer, file, chosen, now, source=source, grade=grade)
    )
    return Done(f"/incidents/{file.hex()}?shared={len(chosen)}")


def _report(form: Form, now: int) -> NewReport:
    began, ended = form.time("from"), form.time("until", "until (empty: that moment)")
    known = form.time("known", "Known here since (empty: now)")
    if began is None and ended is not None:
        raise YourError(
            "When it ended is said, and not when it began.", "Fill in 'It was so from (Zulu)' as well."
        )
    happened = None if began is None else (began, began if ended is None else ended)
    contradicts = tuple(
        identifier(word, "contradicts") for word in form.text("contradicts").replace(",", " ").split()
    )
    return NewReport(
        what=form.long_text("what"),
        source=form.text("source"),
        known=now if known is None else known,
        claim=_claim(form),
        where=form.text("where"),
        happened=happened,
        grade=(within(form, "grade_source", 6), within(form, "grade_item", 6)),
        mark=within(form, "mark", 5),
        question=form.text("question"),
        answer=form.text("answer"),
        claimant=form.text("claimant"),
        corrects=form.identifier("corrects"),
        contradicts=contradicts,
        evidence=evidence_of(form),
    )


def _claim(form: Form) -> Claim:
    number = form.number("claim", int(Claim.FACT))
    if number not in {int(each) for each in Claim}:
        raise YourError(
            "It is not said what the report speaks of.", "Choose what happened, or what was meant."
        )
    return Claim(number)


def within(form: Form, name: str, most: int) -> int:
    """A number of a list; raises YourError for one that is not in it."""
    number = form.number(name, 0) or 0
    if not 0 <= number <= most:
        raise YourError(f"The field '{name}' takes 0 to {most}.", "Choose one of the list.")
    return number


def evidence_of(form: Form) -> dict[bytes, str]:
    """Hashes of files that lie elsewhere, and what they are."""
    found: dict[bytes, str] = {}
    for at in range(MAX_EVIDENCE):
        digest = form.identifier(f"evidence{at}")
        if digest is not None:
            found[digest] = form.text(f"evidence{at}_what").strip() or "?"
    return found


ROUTES = (
    Route("/incidents", incidents, needs=READ),
    Route("/incidents", open_file, "POST", back=incidents, needs=JUDGE),
    Route("/incidents/{incident}", incident, needs=READ),
    Route("/incidents/{incident}/share", share, "POST", back=incident, needs=Right.RELEASE),
    Route("/incidents/{incident}/report", add, "POST", back=incident, needs=JUDGE),
)
