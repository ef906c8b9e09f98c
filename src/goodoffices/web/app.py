# SPDX-License-Identifier: Apache-2.0
"""The desk's web application: the table of its routes, and nothing outside the table answers.

Every route needs a session unless it is marked open; every POST needs the session's token and must come
from a page of this desk. A test walks the table.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Mount
from starlette.routing import Route as Door
from starlette.staticfiles import StaticFiles

from goodoffices.core.errors import YourError
from goodoffices.core.office import Right
from goodoffices.desk.asking import SESSION, AuditKind
from goodoffices.web import (
    assurances,
    backups,
    briefing,
    checkpoints,
    chronicle,
    courier,
    doing,
    drafting,
    entering,
    glossary,
    incidents,
    keeping,
    leave,
    mandates,
    note_check,
    passkeys,
    people,
    readiness,
    relays,
    showing,
    status,
    translating,
    watch,
    wordings,
)
from goodoffices.web.ceremonies import Ceremonies
from goodoffices.web.door import Service
from goodoffices.web.language import asked_for, load
from goodoffices.web.pages import Ask, Page, Route, Site, guarded, html_of
from goodoffices.web.refusals import as_json, told
from goodoffices.web.render import environment
from goodoffices.web.retold import retold
from goodoffices.web.rights import ANYBODY, JUDGE, READ, TAKE_ALONG, WRITE
from goodoffices.web.security import Guard, Limits, Session, Sessions, Throttle, add_headers

STATIC = Path(__file__).parent / "static"

ROUTES = (
    Route("/", showing.home, needs=ANYBODY),
    Route("/sign-in", showing.sign_in_page, open=True),
    Route("/channels/{mandate}", showing.channel, needs=READ),
    Route("/channels/{mandate}/write", showing.write, needs=WRITE),
    Route("/notes/{note}", showing.note, needs=READ),
    Route("/mandates/new", showing.new_mandate, needs=Right.KEYS),
    Route("/mandates/{mandate}", showing.mandate, needs=ANYBODY),
    Route("/lines", showing.lines, needs=ANYBODY),
    Route("/findings", showing.findings, needs=ANYBODY),
    Route("/sign-in", entering.sign_in, "POST", open=True, back=showing.sign_in_page),
    Route("/sign-out", entering.sign_out, "POST", needs=ANYBODY),
    Route("/channels/{mandate}/write", doing.write_again, "POST", needs=WRITE),
    Route("/channels/{mandate}/confirm", doing.confirm, "POST", back=showing.write, needs=Right.RELEASE),
    Route("/channels/{mandate}/release", doing.release, "POST", back=showing.write, needs=Right.RELEASE),
    Route("/sign-in/passkey/begin", passkeys.begin_sign_in, "POST", open=True),
    Route("/sign-in/passkey", passkeys.sign_in, "POST", open=True),
    Route("/passkeys", passkeys.mine, needs=ANYBODY),
    Route("/passkeys/begin", passkeys.begin_making, "POST", needs=ANYBODY),
    Route("/passkeys/make", passkeys.make, "POST", needs=ANYBODY),
    Route("/passkeys/open", passkeys.let_open, "POST", needs=ANYBODY),
    Route("/sign-out/others", passkeys.sign_out_others, "POST", back=passkeys.mine, needs=ANYBODY),
    Route("/passkeys/remove", passkeys.remove, "POST", back=passkeys.mine, needs=ANYBODY),
    Route("/audit", showing.audit, needs=Right.AUDIT),
    Route("/drafts", drafting.drafts, needs=READ),
    Route("/drafts/{draft}", drafting.draft, needs=READ),
    Route("/drafts/{draft}/release", drafting.put_up_page, needs=Right.RELEASE),
    Route("/channels/{mandate}/draft", drafting.save, "POST", back=showing.write, needs=WRITE),
    Route("/channels/{mandate}/keep", drafting.keep, "POST", back=showing.write, needs=WRITE),
    Route("/channels/{mandate}/throw-away", drafting.throw_away, "POST", back=showing.write, needs=WRITE),
    Route("/drafts/{draft}/judge", drafting.judge, "POST", back=drafting.draft, needs=JUDGE),
    Route("/drafts/{draft}/set-aside", drafting.set_aside, "POST", back=drafting.draft, needs=WRITE),
    Route("/drafts/{draft}/release", drafting.put_up, "POST", back=drafting.put_up_page, needs=Right.RELEASE),
    Route("/drafts/{draft}/sign", drafting.sign, "POST", back=drafting.draft, needs=Right.RELEASE),
    Route("/drafts/{draft}/call-back", drafting.call_back, "POST", back=drafting.draft, needs=WRITE),
    Route("/notes/{note}/take", doing.take, "POST", back=showing.note, needs=Right.DUTY),
    Route("/notes/{note}/forward", doing.forward, "POST", back=showing.note, needs=Right.DUTY),
    Route("/notes/{note}/refuse", doing.refuse, "POST", back=showing.note, needs=Right.DUTY),
    Route("/notes/{note}/return", doing.hand_back, "POST", back=showing.note, needs=Right.DUTY),
    Route("/notes/{note}/open", doing.open_note, "POST", back=showing.note, needs=Right.DUTY),
    Route("/notes/{note}/with-principal", doing.with_principal, "POST", back=showing.note, needs=Right.DUTY),
    Route("/notes/{note}/acknowledge", doing.acknowledge, "POST", back=showing.note, needs=Right.DUTY),
    Route("/notes/{note}/withdraw", doing.withdraw, "POST", back=showing.note, needs=Right.RELEASE),
    Route("/mandates", mandates.propose, "POST", back=showing.new_mandate, needs=Right.KEYS),
    Route("/mandates/{mandate}/sign", mandates.sign_mandate, "POST", back=showing.mandate, needs=Right.KEYS),
    Route(
        "/mandates/{mandate}/set-aside", mandates.set_aside, "POST", back=showing.mandate, needs=Right.KEYS
    ),
    Route("/mandates/{mandate}/take-up", mandates.take_up, "POST", back=showing.mandate, needs=Right.KEYS),
    Route("/mandates/{mandate}/compare", mandates.compare, "POST", back=showing.mandate, needs=Right.KEYS),
    Route("/lines/{line}/confirm", doing.confirm_line, "POST", back=showing.lines, needs=Right.KEYS),
    Route("/lines/{line}/roster", doing.confirm_roster, "POST", back=showing.lines, needs=Right.KEYS),
    Route("/lines/zone", doing.set_zone, "POST", back=showing.lines, needs=Right.KEYS),
    Route("/lines/{line}/introduce", doing.introduce, "POST", back=showing.lines, needs=Right.KEYS),
    Route("/record", keeping.record, "POST", back=showing.home, needs=TAKE_ALONG),
    *people.ROUTES,
    *status.ROUTES,
    *glossary.ROUTES,
    *incidents.ROUTES,
    *translating.ROUTES,
    *assurances.ROUTES,
    *chronicle.ROUTES,
    *watch.ROUTES,
    *wordings.ROUTES,
    *courier.ROUTES,
    *relays.ROUTES,
    *checkpoints.ROUTES,
    *briefing.ROUTES,
    *leave.ROUTES,
    *readiness.ROUTES,
    *backups.ROUTES,
    *note_check.ROUTES,
    Route("/drill/clock", doing.case_clock, "POST", back=showing.home, needs=ANYBODY),
)


def create_app(
    service: Service,
    *,
    secure: bool,
    hosts: tuple[str, ...] = (),
    clock: Callable[[], float] = time.monotonic,
) -> Starlette:
    """The pages of a running desk. ``secure``: served over TLS; ``hosts``: names besides loopback's."""
    languages = load()

    def ended(session: Session, why: str) -> None:
        service.sign_out(session.officer)
        mark = SESSION.set(session.mark)
        try:
            name = session.officer.name
            service.act(lambda desk, now: desk.note_down(name, why, AuditKind.SIGN_OUT, now))
        finally:
            SESSION.reset(mark)

    site = Site(
        service=service,
        sessions=Sessions(service.desk.context.rng, clock, ended, service.still_in),
        throttle=Throttle(clock),
        ceremonies=Ceremonies(service.desk.context.rng, clock),
        languages=languages,
        farewell=leave.farewell,
        environments={code: environment(each) for code, each in languages.items()},
        secure=secure,
        pages={each.handler: each.path for each in ROUTES if each.method == "GET"},
    )

    async def health(_: Request) -> Response:
        return showing.health_of(site)

    async def events(request: Request) -> Response:
        return showing.events_of(site, request)

    def failed(request: Request, _: Exception) -> Response:
        language = asked_for(request, languages)
        response = PlainTextResponse(retold(leave.FAILED, language) or leave.FAILED, 500)
        add_headers(MutableHeaders(raw=response.raw_headers), secure=secure)
        return response

    def not_here(request: Request, fault: YourError, status: int) -> Response:
        # With the ways on that every page has: a stale link at night is no dead end.
        session = site.sessions.find(request.cookies.get(site.cookie), use=False)
        ask = Ask(request, site, session, asked_for(request, languages), service.now())
        here = ask.views.here(session.officer, ask.now) if session is not None else None
        return HTMLResponse(html_of(ask, Page("error.html", here, None), fault), status)

    def missing(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        what = {404: "There is no such page at this desk.", 405: "That is not done at this address."}
        if status == 413:
            what[413] = "That is larger than a desk takes."
        text, language = what.get(status, "The request could not be read."), asked_for(request, languages)
        fault, accepts = YourError(text, "Use the desk's own pages."), request.headers.get("accept", "")
        if "application/json" in accepts:
            return as_json(told(fault, language), status)
        if "text/html" in accepts and service.leaving.left is None:
            return not_here(request, fault, status)
        return PlainTextResponse(retold(text, language) or text, status)

    return Starlette(
        routes=[
            *(Door(each.path, guarded(site, each), methods=[each.method]) for each in ROUTES),
            Door("/health", health, methods=["GET"]),
            Door("/events", events, methods=["GET"]),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[
            Middleware(Guard, hosts=hosts, secure=secure),
            Middleware(Limits),
        ],
        exception_handlers={HTTPException: missing, 500: failed},
    )
